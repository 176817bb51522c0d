"""What every dataset is once it is on this machine: a checked manifest, and a file for each excerpt.

Checksums are verified once. The verified files are remembered with their size and time of change, so
that loading again is quick. This memory is only a shortcut: if it is lost, damaged or cannot be
written, everything is verified again.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import soundfile
from tqdm.auto import tqdm

from ... import audio
from ...cache import cache_dir, read_json, write_json
from ...errors import InputError, printable
from .choices import unknown

if TYPE_CHECKING:
    from .manifest import Manifest

MISSING = "missing"
CORRUPT = "does not match its checksum"


@dataclass(frozen=True)
class DatasetInfo:
    """A line of ``music-adversaries data list``."""

    name: str
    summary: str
    licence: str
    state: str
    """Where its audio is, or how it comes here; told without verifying or fetching anything."""


@dataclass(frozen=True)
class Problem:
    """An excerpt that cannot be used."""

    excerpt: str
    path: Path
    reason: str


@dataclass(frozen=True)
class CheckReport:
    """What ``music-adversaries data get`` and ``check`` found."""

    name: str
    profile: str
    folder: Path
    n_excerpts: int
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every excerpt is there and intact."""
        return not self.problems


@dataclass
class Dataset:
    """Excerpts with labels, ready to be read.

    Attributes
    ----------
    name : ``"synthetic"``, ``"gtzan-mini"``, ``"folder"``
    profile : ``"quick"`` or ``"full"``; real recordings are the same in both
    manifest : what the excerpts are
    files : the audio file of each excerpt
    notes : what was converted or left out, for each excerpt read so far; ``""`` is the key for the whole dataset

    Notebook: book/02_partitions.ipynb
    """

    name: str
    profile: str
    manifest: Manifest
    files: dict[str, Path]
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verified: Verified | None = field(default=None, repr=False)
    sample_rate: int = audio.SAMPLE_RATE

    def __post_init__(self) -> None:
        self._rows = {row["excerpt"]: row for row in self.manifest.rows()}

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in use, sorted."""
        return self.manifest.labels

    @property
    def excerpts(self) -> tuple[str, ...]:
        """Ids of the excerpts, in the manifest's order."""
        return tuple(self._rows)

    @property
    def fingerprint(self) -> str:
        """Short hash of name, profile and the manifest's content; for cache keys.

        It covers the audio too if the manifest has checksums. The manifest of every dataset here has them.
        """
        content = "\0".join((self.name, self.profile, self.manifest.sha))
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self._rows)

    def load(self, excerpt: str) -> npt.NDArray[np.float32]:
        """Waveform of one excerpt: ``float32 [n_samples]``, mono, 22,050 Hz, full scale 1.

        Raises
        ------
        InputError
            When there is no such excerpt, or its file is missing, does not match its checksum or is
            not usable audio.

        Notebook: book/02_partitions.ipynb
        """
        if excerpt not in self._rows:
            raise unknown("excerpt", excerpt, self._rows)
        row, path = self._rows[excerpt], self.files[excerpt]
        if self.verified is not None:
            reason = self.verified.verify(path, row["checksum"])
            if reason:
                raise InputError(
                    f"{printable(path)} ({excerpt}): {reason}; get {self.name} again, or restore the file."
                )
        duration_s = None if np.isnan(row["duration_s"]) else row["duration_s"]
        waveform, notes = audio.read(path, start_s=row["start_s"], duration_s=duration_s)
        if notes:
            self.notes[excerpt] = notes
        return waveform

    def load_all(self, progress: bool = True) -> dict[str, npt.NDArray[np.float32]]:
        """Waveforms of all excerpts, in the manifest's order; 2.6 MB for every 30 s.

        Raises
        ------
        InputError
            As :meth:`load`.
        """
        bar = tqdm(self._rows, desc=f"Reading {self.name}", unit="excerpt", disable=not progress)
        return {excerpt: self.load(excerpt) for excerpt in bar}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the collection takes no part, in words, for the record of whatever is computed of the rest."""
        return tuple(note for note in self.notes.get("", ()) if note.startswith("left out"))

    def describe_notes(self) -> list[str]:
        """The notes in a few lines: each conversion with the number of excerpts that it was applied to."""
        counts = Counter(note for excerpt, notes in self.notes.items() if excerpt for note in notes)
        lines = [f"{note} ({count} of {len(self)} excerpts)" for note, count in counts.most_common()]
        return [*self.notes.get("", ()), *lines]


class Verified:
    """Memory of which files were verified, in a JSON file of the cache.

    Parameters
    ----------
    name : of the JSON file; one for each dataset, so that they do not overwrite each other
    """

    def __init__(self, name: str) -> None:
        self.path = cache_dir() / "datasets" / f"verified-{name}.json"
        self._known: dict[str, list[Any]] = {}
        self._changed = False
        content = read_json(self.path)
        if isinstance(content, dict):
            self._known = content

    def verify(self, path: Path, checksum: str) -> str:
        """Why the file cannot be used, or ``""``; quick if it was verified before and has not changed."""
        if not path.is_file():
            return MISSING
        stamp = self._stamp(path, checksum)
        if not checksum or self._known.get(str(path)) == stamp:
            return ""
        if not matches(path, checksum):
            return CORRUPT
        self._known[str(path)] = stamp
        self._changed = True
        return ""

    def trust(self, path: Path, checksum: str) -> None:
        """Mark the file as verified, because the caller has just verified it."""
        self._known[str(path)] = self._stamp(path, checksum)

    def save(self) -> str:
        """Write the memory to its file; returns a note if that is not possible, else ``""``."""
        if not self._changed:
            return ""
        note = write_json(self.path, self._known)
        self._changed = bool(note)
        return f"checksums are verified each time, since {note}" if note else ""

    def forget(self) -> None:
        """Verify everything again from now on."""
        self._known = {}

    @staticmethod
    def _stamp(path: Path, checksum: str) -> list[Any]:
        stat = path.stat()
        return [stat.st_size, stat.st_mtime_ns, checksum]


def verify_all(
    name: str,
    manifest: Manifest,
    files: dict[str, Path],
    *,
    verified: Verified,
    progress: bool = True,
) -> tuple[Problem, ...]:
    """Verify the file of every excerpt, and list those that are missing or corrupt.

    Parameters
    ----------
    files : the file of each excerpt; an excerpt without one counts as missing
    verified : what is already known to be intact; it is updated, but not saved here
    """
    problems = []
    for row in tqdm(list(manifest.rows()), desc=f"Verifying {name}", unit="file", disable=not progress, leave=False):
        path = files.get(row["excerpt"], Path(row["path"]))
        reason = verified.verify(path, row["checksum"])
        if reason:
            problems.append(Problem(row["excerpt"], path, reason))
    return tuple(problems)


def matches(path: Path, checksum: str) -> bool:
    """Whether the file, or the 16-bit WAV file it decodes to, has the checksum (``sha256:...`` or ``md5:...``).

    A FLAC copy of a WAV file holds the same samples in other bytes, and so does a WAV file to which a
    program added a tag. Both are the recording from which the checksum was taken.
    """
    algorithm, _, digest = checksum.partition(":")
    if algorithm == "recipe":
        return True  # made here from that recipe; nothing is known about the bytes
    return file_digest(path, algorithm) == digest or wav_digest(path, algorithm) == digest


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def wav_digest(path: Path, algorithm: str = "sha256") -> str:
    """Digest of the plain WAV file that a lossless 16-bit file decodes to; ``""`` for any other file."""
    try:
        with open(path, "rb") as handle, soundfile.SoundFile(handle) as file:
            if file.subtype != "PCM_16":
                return ""  # rounding to 16 bits would make different recordings look the same
            samples, rate = file.read(dtype="int16"), file.samplerate
    except (soundfile.SoundFileError, TypeError):
        return ""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype="PCM_16")
    return hashlib.new(algorithm, buffer.getbuffer(), usedforsecurity=False).hexdigest()


def without_name(error: InputError, path: Path) -> str:
    """What is wrong with a file, for a place that names the file itself."""
    return str(error).removeprefix(f"{printable(path)} ").removeprefix(f"{path} ").rstrip(".")


def refuse(problems: Iterable[Problem], name: str, remedy: str) -> None:
    """Raise an InputError that names the first files with problems, if there are any."""
    problems = list(problems)
    if not problems:
        return
    shown = "; ".join(f"{printable(one.path)} ({one.excerpt}) {_is(one.reason)}" for one in problems[:3])
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    raise InputError(f"{name} cannot be used: {shown}{more}; {remedy}.")


def _is(reason: str) -> str:
    return f"is {reason}" if reason == MISSING else reason
