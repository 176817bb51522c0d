"""The user's own music: a folder with a folder for each label, or a CSV manifest.

In a folder, every folder is a label, and every WAV, FLAC, OGG, MP3 or AU file below it is an excerpt. A
CSV needs the columns ``path`` and ``label``. It may also have the other columns of a manifest (see
`manifest`) and partitions. Paths are relative to the CSV's folder.

If a recording has no ``duration_s``, its first 30 s are used (from ``start_s`` on), and a note says so.
Missing checksums are computed, so that a file that is replaced later is noticed.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from ... import audio
from ...cache import cache_dir, read_json, write_json
from ...errors import InputError
from .base import CORRUPT, MISSING, CheckReport, Dataset, DatasetInfo, Problem, Verified, file_digest, matches
from .manifest import COLUMNS, PARTS, Manifest, read_table

if TYPE_CHECKING:
    import pandas as pd

NAME = "folder"
ENVIRONMENT = "MUSIC_ADVERSARIES_FOLDER"
SUMMARY = "your own music: a folder with a folder for each label, or a CSV with the columns path and label"
LICENCE = "yours to know"
MAX_SECONDS = 30.0

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".au")
# These files are music too, so leaving them out without a message would be wrong.
_UNSUPPORTED = (".aac", ".alac", ".m4a", ".mp4", ".wma")


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    told = os.environ.get(ENVIRONMENT)
    state = f"at {told} (told by {ENVIRONMENT})" if told else f"give its path, or set {ENVIRONMENT}"
    return DatasetInfo(NAME, SUMMARY, LICENCE, state)


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset; every file is opened once, so that a bad file is refused by name before anything runs.

    Parameters
    ----------
    profile : changes nothing here
    path : the folder or the CSV file; by default what ``MUSIC_ADVERSARIES_FOLDER`` says

    Raises
    ------
    InputError
        When there are fewer than two labels, the CSV is bad, or a file is missing, does not open as
        audio or does not match the checksum given for it.
    """
    source = _source(path)
    manifest, files, notes = _read(source)
    verified = Verified(_key(source))
    manifest, cut = complete(manifest, files, source, verified, progress)
    return Dataset(NAME, profile, manifest, files, notes={"": (*notes, *cut)}, verified=verified)


def get(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Check the folder as :func:`load` does; nothing is copied."""
    dataset = load(profile, path, progress)
    return CheckReport(NAME, profile, _source(path), len(dataset), notes=tuple(dataset.describe_notes()))


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Decode every file and verify the checksums given, reporting each file that fails."""
    source = _source(path)
    manifest, files, notes = _read(source)
    problems = []
    for row in tqdm(list(manifest.rows()), desc=f"Checking {source.name}", unit="file", disable=not progress):
        file = files[row["excerpt"]]
        duration_s = MAX_SECONDS if math.isnan(row["duration_s"]) else row["duration_s"]
        reason = MISSING if not file.is_file() else ""
        if not reason and row["checksum"] and not matches(file, row["checksum"]):
            reason = CORRUPT
        if not reason:
            try:
                audio.read(file, start_s=row["start_s"], max_seconds=duration_s)
            except InputError as error:
                reason = str(error).removeprefix(f"{file} ").rstrip(".")
        if reason:
            problems.append(Problem(row["excerpt"], file, reason))
    return CheckReport(NAME, profile, source, len(manifest), tuple(problems), notes)


def _source(path: Path | str | None) -> Path:
    given = path or os.environ.get(ENVIRONMENT)
    if not given:
        raise InputError(f"the dataset {NAME!r} needs a path; give a folder or a CSV file, or set {ENVIRONMENT}.")
    source = Path(given).expanduser().resolve()
    if not source.exists():
        raise InputError(f"{source} does not exist; give a folder with a folder for each label, or a CSV file.")
    if source.is_file() and source.suffix.lower() != ".csv":
        raise InputError(f"{source} is neither a folder nor a CSV file; give one of the two.")
    return source


def _key(source: Path) -> str:
    return f"{NAME}-{hashlib.sha256(str(source).encode()).hexdigest()[:16]}"


def _read(source: Path) -> tuple[Manifest, dict[str, Path], tuple[str, ...]]:
    """Manifest, the file of each excerpt, and notes on what was left out."""
    table, notes = scan(source) if source.is_dir() else _read_csv(source)
    root = source if source.is_dir() else source.parent
    manifest = Manifest.of(NAME, table, where=str(source)).validate(paths_inside=False)
    if len(manifest.labels) < 2:
        raise InputError(
            f"{source} has one label only, {manifest.labels[0]!r}; "
            "a classifier needs at least two, each in a folder of its own or in the column label."
        )
    files = {row["excerpt"]: root / row["path"] for row in manifest.rows()}
    return manifest, files, notes


def scan(folder: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    import pandas as pd

    rows, left_out = [], Counter[str]()
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if not file.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        suffix = file.suffix.lower()
        if suffix in _UNSUPPORTED:
            raise InputError(f"{file} is in a format not read here; convert it to WAV or FLAC, or remove it.")
        if suffix not in AUDIO_SUFFIXES:
            left_out[f"files that end in {suffix or 'nothing'}"] += 1
        elif len(relative.parts) == 1:
            left_out["sound files in no label's folder"] += 1
        else:
            rows.append({"path": relative.as_posix(), "label": relative.parts[0]})
    if not rows:
        raise InputError(
            f"{folder} has no sound files in folders; put WAV, FLAC, OGG, MP3 or AU files into a folder for each label."
        )
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS), fill_value="")
    table["excerpt"] = _ids(table["path"])
    return table, tuple(f"left out: {count} {what}" for what, count in sorted(left_out.items()))


def _read_csv(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    table = read_table(path)
    for column in ("path", "label"):
        if column not in table.columns:
            raise InputError(
                f"{path} lacks the column {column} (it has {', '.join(table.columns)}); "
                "it needs at least path and label."
            )
    notes = []
    for column in [column for column in table.columns if column not in COLUMNS]:
        # A column is a partition if it names any part; then all its values must be parts.
        if not set(table[column].str.strip()) & {part for part in PARTS if part}:
            notes.append(f"column {column} is not used")
            table = table.drop(columns=column)
    if "excerpt" not in table.columns:
        table["excerpt"] = _ids(table["path"])
    for column in COLUMNS:
        if column not in table.columns:
            table[column] = ""
    return table, tuple(notes)


def _ids(paths: Iterable[str]) -> list[str]:
    """Unique ids from relative paths: ``blues/a song.mp3`` is ``blues.a song``; a second equal id gets ``~2``."""
    ids: list[str] = []
    taken: set[str] = set()
    for path in paths:
        # A path without a name stays empty; the manifest refuses it.
        base = Path(path.strip()).with_suffix("").as_posix().strip("/.").replace("/", ".") if path.strip(" ./") else ""
        name, number = base, 2
        while name and name in taken:
            name, number = f"{base}~{number}", number + 1
        taken.add(name)
        ids.append(name)
    return ids


def complete(
    manifest: Manifest, files: dict[str, Path], source: Path, verified: Verified, progress: bool
) -> tuple[Manifest, tuple[str, ...]]:
    """Fill in checksums and durations; both are remembered with each file's size and time of change."""
    memory = cache_dir() / "datasets" / f"facts-{_key(source)}.json"
    content = read_json(memory)
    known = content if isinstance(content, dict) else {}
    facts: dict[str, list[Any]] = {}
    table = manifest.table.copy()
    cut = 0
    rows = tqdm(list(manifest.rows()), desc=f"Opening {source.name}", unit="file", disable=not progress, leave=False)
    for index, row in enumerate(rows):
        file = files[row["excerpt"]]
        if not file.is_file():
            raise InputError(f"{source}, row {index + 2} ({row['excerpt']}): {file} does not exist; correct its path.")
        stat = file.stat()
        stamp = [stat.st_size, stat.st_mtime_ns, row["checksum"]]
        key = f"{file}|{row['checksum']}"
        if known.get(key, [None])[0] == stamp:
            facts[key] = known[key]
        elif key not in facts:
            seconds = audio.duration(file)
            if row["checksum"] and not matches(file, row["checksum"]):
                raise InputError(f"{file} ({row['excerpt']}) {CORRUPT}; correct the manifest, or restore the file.")
            facts[key] = [stamp, seconds, f"sha256:{file_digest(file)}"]
        _, seconds, digest = facts[key]
        verified.trust(file, row["checksum"] or digest)
        rest = seconds - row["start_s"]
        if rest <= 0:
            raise InputError(
                f"{source}, row {index + 2} ({row['excerpt']}), column start_s: {file} ends after {seconds:.2f} s; "
                "give an earlier start."
            )
        if math.isnan(row["duration_s"]) and rest > MAX_SECONDS:
            table.loc[index, "duration_s"] = MAX_SECONDS
            cut += 1
        if not row["checksum"]:
            table.loc[index, "checksum"] = digest
    notes = [f"the first {MAX_SECONDS:g} s used of longer recordings ({cut} of {len(table)} excerpts)"] if cut else []
    note = write_json(memory, facts) if facts != known else ""
    if note:
        notes.append(f"every file is opened again each time, since {note}")
    return Manifest(manifest.name, table, manifest.where), tuple(notes)
