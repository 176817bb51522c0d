"""Recordings that the user holds: where they are, what of them is missing, and whether to go on without it.

A folder is known because it was given, because an environment variable names it, because
``music-adversaries data get NAME --from PATH`` found it before, or because it was downloaded. What was
found is remembered in the cache, together with the leave to go on without missing excerpts.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..cache import cache_dir
from ..errors import InputError
from .base import CheckReport, Dataset, Problem, Verified, read_json, refuse, verify_all, write_json
from .manifest import Manifest

SUFFIXES = (".wav", ".flac", ".au")


@dataclass(frozen=True)
class Location:
    """Where the copy of a dataset is.

    Attributes
    ----------
    name : the dataset's
    environment : the variable that may name the folder
    layouts : folders below which the files of the manifest may lie, each ending in a slash; ``""`` is
        the folder itself
    suffixes : endings that a recording may have, the preferred one first
    download : whether the library can fetch it
    """

    name: str
    environment: str
    layouts: tuple[str, ...] = ("",)
    suffixes: tuple[str, ...] = SUFFIXES
    download: bool = False

    @property
    def how(self) -> str:
        """The command that names a copy."""
        return f"`music-adversaries data get {self.name} --from PATH`"

    @property
    def fetched(self) -> Path:
        """Where a download goes; its file ``complete`` is written last."""
        return cache_dir() / "datasets" / self.name

    @property
    def memory(self) -> Path:
        """The JSON file in which a folder that was found is remembered."""
        return cache_dir() / "datasets" / f"{self.name}-location.json"

    def find(self, path: Path | str | None = None) -> tuple[Path | None, str]:
        """The folder and who told of it; None where no copy is known.

        Raises
        ------
        InputError
            When what was told is not a folder.
        """
        told = path is None and os.environ.get(self.environment)
        origin = f"told by {self.environment}" if told else "given"
        if told or path is not None:
            folder = Path(told or path).expanduser().resolve()  # type: ignore[arg-type]
            if not folder.is_dir():
                culprit = f"{folder} ({origin})" if told else str(folder)
                raise InputError(f"{culprit} is not a folder; give the folder that holds the excerpts of {self.name}.")
            return folder, origin
        remembered = self._remembered().get("path")
        if isinstance(remembered, str) and Path(remembered).is_dir():
            return Path(remembered), "remembered"
        # A download is unpacked file by file; only with the last of them is the copy a copy.
        if self.download and (self.fetched / "complete").is_file():
            return self.fetched, "downloaded"
        return None, ""

    def need(self, path: Path | str | None = None) -> Path:
        """The folder.

        Raises
        ------
        InputError
            When no copy is known.
        """
        folder, _ = self.find(path)
        if folder is None:
            get = (
                f"get it with `music-adversaries data get {self.name}` or {self.how}"
                if self.download
                else (f"name your copy with {self.how} or {self.environment}=PATH")
            )
            raise InputError(f"no copy of {self.name} is known here; {get}.")
        return folder

    def remember(self, folder: Path, *, allow_missing: bool = False) -> None:
        """Keep the folder for later, and whether it may be used although excerpts are missing.

        Raises
        ------
        InputError
            When the cache cannot be written.
        """
        note = write_json(self.memory, {"path": str(folder), "allow_missing": allow_missing})
        if note:
            raise InputError(f"{folder} holds {self.name}, but that cannot be remembered: {note}.")

    def may_lack(self, folder: Path) -> bool:
        """Whether the user said that this folder may be used although excerpts are missing."""
        memory = self._remembered()
        return bool(memory.get("allow_missing")) and memory.get("path") == str(folder)

    def files(self, manifest: Manifest, folder: Path) -> dict[str, Path]:
        """The file of each excerpt, in whichever layout and with whichever ending it has.

        Of an excerpt that is not there, the file that a message names.

        Raises
        ------
        InputError
            When two files claim to be one excerpt.
        """
        files = {}
        for row in manifest.rows():
            relative = Path(row["path"]).with_suffix("").as_posix()
            stems = dict.fromkeys((relative, Path(relative).name, row["excerpt"]))
            candidates = [
                folder / f"{layout}{stem}{suffix}"
                for suffix in self.suffixes
                for layout in self.layouts
                for stem in stems
            ]
            found = [candidate for candidate in candidates if candidate.is_file()]
            if len(found) > 1:
                raise InputError(
                    f"{found[0]} and {found[1]} are both excerpt {row['excerpt']} of {self.name}; take one away."
                )
            # Where none is there, the first candidate is what a message names.
            files[row["excerpt"]] = found[0] if found else candidates[0]
        return files

    def remedy(self, folder: Path) -> str:
        """What to do about a folder with problems."""
        if folder == self.fetched:
            return f"delete {folder} and get it again"
        return f"check the folder {folder}, or name another with {self.how}"

    def _remembered(self) -> dict:
        memory = read_json(self.memory)
        return memory if isinstance(memory, dict) else {}


def load(
    location: Location,
    manifest: Manifest,
    folder: Path,
    profile: str,
    *,
    allow_missing: bool | None = None,
    progress: bool = True,
) -> tuple[Dataset, tuple[Problem, ...]]:
    """The dataset in a folder, verified, and what of it is missing or corrupt.

    Parameters
    ----------
    allow_missing : go on without the excerpts that are missing or corrupt; by default as the user said
        when the folder was remembered

    Raises
    ------
    InputError
        When excerpts are missing or corrupt and that was not allowed, or fewer than two labels are left.
    """
    files = location.files(manifest, folder)
    verified = Verified(location.name)
    problems = verify_all(location.name, manifest, files, verified=verified, progress=progress)
    notes = [note] if (note := verified.save()) else []
    if problems:
        allowed = location.may_lack(folder) if allow_missing is None else allow_missing
        if not allowed:
            remedy = location.remedy(folder)
            refuse(
                problems, location.name, f"{remedy}, or go on without them with {location.how[:-1]} --allow-missing`"
            )
        manifest = without(manifest, problems)
        if len(manifest.labels) < 2:
            refuse(problems, location.name, location.remedy(folder))
        notes.append(left_out(problems, len(files)))
    kept = {excerpt: files[excerpt] for excerpt in manifest.table["excerpt"]}
    notes_of = {"": tuple(notes)} if notes else {}
    return Dataset(location.name, profile, manifest, kept, notes=notes_of, verified=verified), problems


def get(
    location: Location,
    manifest: Manifest,
    profile: str,
    path: Path | str | None,
    *,
    allow_missing: bool = False,
    progress: bool = True,
) -> CheckReport:
    """Find the user's copy, verify it, and remember where it is and whether it may lack excerpts."""
    folder = location.need(path)
    dataset, problems = load(
        location, manifest, folder, profile, allow_missing=allow_missing or None, progress=progress
    )
    if path is not None or allow_missing:
        location.remember(folder, allow_missing=allow_missing or location.may_lack(folder))
    return CheckReport(location.name, profile, folder, len(manifest), problems, dataset.notes.get("", ()))


def check(
    location: Location, manifest: Manifest, profile: str, path: Path | str | None, progress: bool = True
) -> CheckReport:
    """Verify every checksum anew."""
    folder = location.need(path)
    verified = Verified(location.name)
    verified.forget()
    files = location.files(manifest, folder)
    problems = verify_all(location.name, manifest, files, verified=verified, progress=progress)
    note = verified.save()
    return CheckReport(location.name, profile, folder, len(manifest), problems, (note,) if note else ())


def state(location: Location, otherwise: str) -> str:
    """Where the dataset stands, for the list of datasets."""
    try:
        folder, origin = location.find()
    except InputError as error:  # a list is no place to fail
        return str(error)
    if folder is None:
        return otherwise
    lacking = ", used although excerpts are missing" if location.may_lack(folder) else ""
    return f"at {folder} ({origin}{lacking})"


def without(manifest: Manifest, problems: Iterable[Problem]) -> Manifest:
    """The manifest without the rows of excerpts that cannot be used."""
    gone = {problem.excerpt for problem in problems}
    kept = manifest.table[~manifest.table["excerpt"].isin(gone)].reset_index(drop=True)
    return Manifest(manifest.name, kept, manifest.where)


def left_out(problems: Iterable[Problem], n_excerpts: int) -> str:
    """The note that records what a dataset lacks."""
    problems = list(problems)
    named = ", ".join(problem.excerpt for problem in problems[:10])
    more = f" and {len(problems) - 10} more" if len(problems) > 10 else ""
    return f"left out, since missing or corrupt and that was allowed: {len(problems)} of {n_excerpts} ({named}{more})"
