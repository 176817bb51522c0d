"""Attacking files: a few at a time, so that memory does not grow with their number and nothing finished is lost.

Goal
    A folder of adversaries, `report.json` with an entry for each, and pages to hear them. After every few files the
    adversaries are written and the report with them. A run that was interrupted goes on where it stopped, and files
    that were attacked with the same settings before are not attacked again.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import adversary, audio, audition
from ..adversary.memory import SAMPLES_AT_ONCE
from ..cache import atomic_path, read_json
from ..errors import InputError, printable
from ..networks import System

AT_ONCE = 16  # files that are attacked and then written; fewer where they are long
ON_A_PAGE = 16  # players, of up to a megabyte each
REPORT = "report.json"
_LONGEST_NAME = 200  # bytes, where file systems allow 255


@dataclass(frozen=True)
class Job:
    """One adversary that is wanted.

    Attributes
    ----------
    file : Path
    label : the target
    output : name of the WAV file, unique within a run
    seed : of all that is drawn for it
    """

    file: Path
    label: str
    output: str
    seed: int

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others in a report: the file as it can be printed, and the target."""
        return printable(self.file), self.label


def jobs_for(
    files: Sequence[Path], labels: Sequence[str], outputs: Mapping[tuple[str, str], str] | None = None
) -> list[Job]:
    """Each file once for each label, with names for the outputs.

    Parameters
    ----------
    files, labels : sequences
    outputs : the names that earlier runs gave, by `Job.key`; they are kept, and nothing else gets one of them
    """
    jobs: list[Job] = []
    before = outputs or {}
    taken = {name.casefold() for name in before.values()}
    for file in dict.fromkeys(files):
        for label in labels:
            name = before.get((printable(file), label)) or _output_name(file, label, taken)
            jobs.append(Job(file, label, name, len(jobs)))
    return jobs


def _output_name(file: Path, label: str, taken: set[str]) -> str:
    """A file name for an adversary, unique within this run on every file system."""
    stem = re.sub(r"[^\w.-]+", "_", f"{file.stem}.as-{label}")
    if len(stem.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(stem.encode()).hexdigest()[:8]
        stem = stem.encode()[: _LONGEST_NAME - 9].decode(errors="ignore") + f"-{digest}"
    name, count = f"{stem}.wav", 2
    while name.casefold() in taken:
        name, count = f"{stem}-{count}.wav", count + 1
    taken.add(name.casefold())
    return name


class Folder:
    """The output folder of a run, with what earlier runs left there.

    Parameters
    ----------
    path : the folder, which exists
    settings : what the adversaries depend on apart from their file, for the report
    overwrite : replace what was made with other settings

    Raises
    ------
    InputError
        When the folder holds adversaries that were made with other settings, or a report that is not one.

    Notebook: book/05_adversaries.ipynb
    """

    def __init__(self, path: Path, settings: dict[str, Any], *, overwrite: bool = False) -> None:
        self.path, self.settings = path, settings
        self.entries: dict[tuple[str, str], dict[str, Any]] = {}
        try:
            entries = _entries(path / REPORT) if (path / REPORT).exists() else []
        except InputError:
            if not overwrite:
                raise
            return
        for entry in entries:
            if entry.get("settings") == settings:
                self.entries[entry["file"], entry["target"]] = entry
            elif not overwrite:
                raise InputError(
                    f"{path} holds adversaries that were made with other settings ({entry['output']}); choose another "
                    "folder with --out, or replace them with --overwrite."
                )

    @property
    def outputs(self) -> dict[tuple[str, str], str]:
        """The names of the WAV files that earlier runs made, by `Job.key`."""
        return {key: entry["output"] for key, entry in self.entries.items()}

    def replaced(self, job: Job) -> bool:
        """Whether its adversary takes the place of one of another recording, which had the same name."""
        entry = self.entries.get(job.key)
        return entry is not None and entry["sha256"] != _digest(job.file)

    def done(self, job: Job) -> bool:
        """Whether it was made before, of the same file, and is still here."""
        entry = self.entries.get(job.key)
        return entry is not None and entry["sha256"] == _digest(job.file) and (self.path / entry["output"]).is_file()

    def refuse_taken(self, jobs: Sequence[Job], *, overwrite: bool) -> None:
        """Refuse to replace a file that no report accounts for."""
        ours = {entry["output"] for entry in self.entries.values()}
        for job in jobs:
            if not overwrite and job.output not in ours and (self.path / job.output).exists():
                raise InputError(
                    f"{self.path / job.output} exists already; choose another folder with --out, or replace it with "
                    "--overwrite."
                )

    def keep(self, made: Sequence[tuple[Job, adversary.AdversaryResult]]) -> None:
        """Write adversaries and the report; the report first, so that no file is ever without its entry."""
        for job, result in made:
            (self.path / job.output).unlink(missing_ok=True)  # what it is to replace, so that it is not taken for it
            self.entries[job.key] = {
                "file": job.key[0],
                "output": job.output,
                "sha256": _digest(job.file),
                "settings": self.settings,
                **result.report(),
            }
        self._write_report()
        try:
            for job, result in made:
                result.write(self.path / job.output)
        except BaseException:
            for job, _ in made:
                if not (self.path / job.output).exists():
                    del self.entries[job.key]
            with contextlib.suppress(InputError):  # an entry whose file is not there is made again all the same
                self._write_report()
            raise

    def _write_report(self) -> None:
        with atomic_path(self.path / REPORT) as temporary:
            temporary.write_text(json.dumps(list(self.entries.values()), indent=1) + "\n", encoding="utf-8")

    def write_pages(self, jobs: Sequence[Job]) -> list[Path]:
        """Pages to hear these adversaries next to their originals, read from the files as they are now."""
        parts = [jobs[i : i + ON_A_PAGE] for i in range(0, len(jobs), ON_A_PAGE)]
        names = ["listen.html" if i == 0 else f"listen-{i + 1}.html" for i in range(len(parts))]
        for name, part in zip(names, parts, strict=True):
            others = {f"page {i + 1}": other for i, other in enumerate(names) if len(names) > 1 and other != name}
            page = audition.listening_page(map(self._player, part), title="Adversaries", links=others)
            with atomic_path(self.path / name) as temporary:
                temporary.write_text(page, encoding="utf-8")
        return [self.path / name for name in names]

    def _player(self, job: Job) -> audition.Player:
        entry = self.entries[job.key]
        rate = entry["sample_rate"]
        return audition.compare(
            audio.read(job.file, sample_rate=rate).waveform,
            audio.read(self.path / entry["output"], sample_rate=rate).waveform,
            sample_rate=rate,
            original_label=f"{entry['original_label']}, confidence {entry['original_confidence']:.2f}",
            adversary_label=f"{entry['label']}, confidence {entry['confidence']:.2f}",
            snr_db=float(entry["snr_magnitude"]),
            title=f"{printable(job.file.name)} as {job.label}",
        )


def attack_files(
    system: System,
    jobs: Sequence[Job],
    folder: Folder,
    budget: adversary.Budget,
    *,
    method: adversary.methods.Method,
    say: Callable[[Job, adversary.AdversaryResult], None],
) -> None:
    """Attack what is not done yet, and write each adversary soon after it is made.

    Parameters
    ----------
    system : System
    jobs : sequence of Job
    folder : Folder
    budget, method : those of `adversary.attack`
    say : called with each job and its result, when it is written

    Raises
    ------
    InputError
        When a file cannot be read, or the folder cannot be written; what was written before stays.

    Notebook: book/05_adversaries.ipynb
    """
    for together, waveforms in _parts([job for job in jobs if not folder.done(job)]):
        results = adversary.attack(
            system,
            waveforms,
            [job.label for job in together],
            budget,
            method=method,
            names=[printable(job.file) for job in together],
            seed=[job.seed for job in together],
            progress=True,
        )
        made = list(zip(together, results, strict=True))
        folder.keep(made)
        for job, result in made:
            say(job, result)


def weights_of(system: System) -> str:
    """A hash of a system's weights: systems of one description differ if they were trained on other recordings."""
    digest = hashlib.sha256()
    for name, tensor in system.network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def _parts(jobs: Sequence[Job]) -> Iterator[tuple[list[Job], list[audio.Waveform]]]:
    """A few jobs at a time, and the sound of their files."""
    together: list[Job] = []
    waveforms: list[audio.Waveform] = []
    for job in jobs:
        again = together and together[-1].file == job.file
        waveforms.append(waveforms[-1] if again else audio.read(job.file).waveform)
        together.append(job)
        if len(together) == AT_ONCE or sum(map(len, waveforms)) >= SAMPLES_AT_ONCE:
            yield together, waveforms
            together, waveforms = [], []
    if together:
        yield together, waveforms


def _entries(report: Path) -> list[dict[str, Any]]:
    content = read_json(report, seal=False)
    needed = {"file", "output", "target", "sha256"}
    if not isinstance(content, list) or not all(isinstance(one, dict) and needed <= one.keys() for one in content):
        raise InputError(
            f"{report} is not a report of this version; choose another folder with --out, or replace it with "
            "--overwrite."
        )
    return content


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
