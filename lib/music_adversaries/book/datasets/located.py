"""Recordings that the user has: where they are, which of them are missing, and whether to continue without those.

A folder is known because it was given, because an environment variable names it, because
``music-adversaries data get NAME --from PATH`` found it before, or because it was downloaded. It is
remembered in the cache, together with the excerpts that the user agreed to leave out.

Three things can be wrong with an excerpt: it is missing; its file is broken (does not decode, or is cut
short); or its file is intact, but not the one from which the checksum was taken. ``--allow-missing`` leaves
such excerpts out, and the dataset's notes name them. If most files are intact but different, the copy is
another edition. It is refused, since the manifest's facts may not hold for it.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ... import audio
from ...cache import cache_dir, expanded, read_json, write_json
from ...errors import InputError
from .base import CORRUPT, MISSING, CheckReport, Dataset, Problem, Verified, refuse, verify_all, without_name
from .manifest import Manifest

SUFFIXES = (".wav", ".flac", ".au")
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")

_LOOK_AT_MOST = 20_000  # files, when searching for recordings elsewhere in a folder


@dataclass(frozen=True)
class Location:
    """Where the copy of a dataset is.

    Attributes
    ----------
    name : the dataset's
    environment : the variable that may name the folder
    layouts : folders below which the files of the manifest may lie, each ending in a slash; ``""`` is
        the folder itself
    suffixes : endings that a recording may have, in lower case, the preferred one first
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
        """The folder of a download; its file ``complete`` is written last."""
        return cache_dir() / "datasets" / self.name

    @property
    def memory(self) -> Path:
        """The JSON file in which a folder that was found is remembered."""
        return cache_dir() / "datasets" / f"{self.name}-location.json"

    def find(self, path: Path | str | None = None) -> tuple[Path | None, str]:
        """The folder and what named it; None if no copy is known.

        Raises
        ------
        InputError
            When the name given is not that of a folder.
        """
        told = os.environ.get(self.environment) if path is None else None
        origin = f"told by {self.environment}" if told else "given"
        named = told or path
        if named is not None:
            folder = expanded(named).resolve()
            culprit = f"{folder} ({origin})" if told else str(folder)
            if folder.is_file() and folder.suffix.lower() in ARCHIVES:
                raise InputError(f"{culprit} is an archive; unpack it first, and give the folder that it becomes.")
            if not folder.is_dir():
                raise InputError(f"{culprit} is not a folder; give the folder that holds the excerpts of {self.name}.")
            return folder, origin
        remembered = self._remembered_path()
        if remembered and remembered.is_dir():
            return remembered, "remembered"
        # A download is unpacked file by file; it counts as a copy only when the last file is there.
        if self.download and (self.fetched / "complete").is_file():
            return self.fetched, "downloaded"
        return None, ""

    def need(self, path: Path | str | None = None) -> Path:
        """The folder.

        Raises
        ------
        InputError
            When no copy is known, or the one that is remembered is gone.
        """
        folder, _ = self.find(path)
        if folder is None:
            get = (
                f"get it with `music-adversaries data get {self.name}` or {self.how}"
                if self.download
                else f"name your copy with {self.how} or {self.environment}=PATH"
            )
            gone = self._remembered_path()
            known = f"the copy of {self.name} in {gone} is gone" if gone else f"no copy of {self.name} is known here"
            raise InputError(f"{known}; {get}.")
        return folder

    def remember(self, folder: Path, *, without: Iterable[str] = ()) -> None:
        """Remember the folder, and the excerpts that the user agreed to leave out.

        Raises
        ------
        InputError
            When the cache cannot be written.
        """
        note = write_json(self.memory, {"path": str(folder), "without": sorted(without)})
        if note:
            raise InputError(f"{folder} holds {self.name}, but that cannot be remembered: {note}.")

    def may_lack(self, folder: Path) -> frozenset[str]:
        """The excerpts of this folder that the user agreed to leave out."""
        memory = self._remembered()
        without = memory.get("without")
        if memory.get("path") != str(folder) or not isinstance(without, list):
            return frozenset()
        return frozenset(str(excerpt) for excerpt in without)

    def files(self, manifest: Manifest, folder: Path) -> dict[str, Path]:
        """The file of each excerpt, whatever its layout and ending.

        For an excerpt that is not there, the path that a message names: its place in the layout of the
        other files.

        Raises
        ------
        InputError
            When two files have the name of one excerpt.
        """
        folders: dict[Path, dict[str, list[Path]]] = {}
        files: dict[str, Path] = {}
        styles = Counter[tuple[str, int, str]]()  # layout, which of the stems, suffix
        for row in manifest.rows():
            found: list[Path] = []
            stems = _stems(row)
            for layout in self.layouts:
                for kind, stem in enumerate(stems):
                    if stem in stems[:kind]:
                        continue
                    wanted = folder / f"{layout}{stem}"
                    if wanted.parent not in folders:
                        folders[wanted.parent] = _by_stem(wanted.parent, self.suffixes)
                    for file in folders[wanted.parent].get(wanted.name.casefold(), ()):
                        # With links, two paths may lead to one file.
                        if not any(file.samefile(other) for other in found):
                            found.append(file)
                            styles[layout, kind, file.suffix] += 1
            if len(found) > 1:
                raise InputError(
                    f"{found[0]} and {found[1]} are both excerpt {row['excerpt']} of {self.name}; remove one of them."
                )
            if found:
                files[row["excerpt"]] = found[0]
        layout, kind, suffix = styles.most_common(1)[0][0] if styles else (self.layouts[0], 0, self.suffixes[0])
        for row in manifest.rows():
            files.setdefault(row["excerpt"], folder / f"{layout}{_stems(row)[kind]}{suffix}")
        return files

    def remedy(self, folder: Path) -> str:
        """What to do about a folder with problems."""
        if folder == self.fetched:
            return f"delete {folder} and get it again"
        return f"check the folder {folder}, or name another with {self.how}"

    def _remembered(self) -> dict[str, Any]:
        memory = read_json(self.memory, seal=False)  # what is remembered from before there were seals is kept
        return memory if isinstance(memory, dict) else {}

    def _remembered_path(self) -> Path | None:
        path = self._remembered().get("path")
        return Path(path) if path and isinstance(path, str) else None


def load(
    location: Location,
    manifest: Manifest,
    folder: Path,
    profile: str,
    *,
    allow_missing: bool | None = None,
    progress: bool = True,
) -> tuple[Dataset, tuple[Problem, ...]]:
    """The dataset in a folder, verified, and its excerpts that are missing or corrupt.

    Parameters
    ----------
    allow_missing : continue without the excerpts that are missing or corrupt; by default only without
        those that the user agreed to leave out when the folder was remembered

    Raises
    ------
    InputError
        When excerpts are missing or corrupt and that was not allowed, the folder holds no excerpt or
        another edition, or fewer than two labels are left.
    """
    files = location.files(manifest, folder)
    verified = Verified(location.name)
    try:
        problems = _problems(location, manifest, files, folder, verified, progress)
    finally:  # also what was verified before Ctrl-C
        note = verified.save()
    notes = [note] if note else []
    refuse_edition(problems, manifest, folder, location)
    if problems:
        agreed = location.may_lack(folder) if allow_missing is None else frozenset()
        remedy = location.remedy(folder)
        if not allow_missing:
            unexpected = [problem for problem in problems if problem.excerpt not in agreed]
            go_on = f"{location.how[:-1]} --allow-missing`"
            refuse(unexpected, location.name, f"{remedy}, or go on without them with {go_on}")
        manifest = without(manifest, problems)
        if len(manifest.labels) < 2:
            refuse(problems, location.name, remedy)
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
    """Find the user's copy, verify it, and remember where it is and what it may lack.

    A path given again decides again whether excerpts may be missing. The report counts the excerpts that
    are used; its notes name those that were left out.
    """
    folder = location.need(path)
    allowed = True if allow_missing else (None if path is None else False)
    dataset, problems = load(location, manifest, folder, profile, allow_missing=allowed, progress=progress)
    if path is not None or allow_missing:
        location.remember(folder, without=[problem.excerpt for problem in problems])
    return CheckReport(location.name, profile, folder, len(dataset), (), dataset.notes.get("", ()))


def check(
    location: Location, manifest: Manifest, profile: str, path: Path | str | None, progress: bool = True
) -> CheckReport:
    """Verify every checksum again, and report each problem, whether it was allowed before or not.

    Raises
    ------
    InputError
        When no copy is known, or the folder holds no excerpt at all.
    """
    folder = location.need(path)
    verified = Verified(location.name)
    verified.forget()
    files = location.files(manifest, folder)
    problems = _problems(location, manifest, files, folder, verified, progress)
    note = verified.save()
    return CheckReport(location.name, profile, folder, len(manifest), problems, (note,) if note else ())


def state(location: Location, otherwise: str) -> str:
    """Where the dataset is, for the list of datasets."""
    try:
        folder, origin = location.find()
    except InputError as error:  # the list of datasets must not fail
        return str(error)
    if folder is None:
        return otherwise
    lacking = len(location.may_lack(folder))
    agreed = f", used without {lacking} excerpt{'s' * (lacking > 1)} missing or corrupt" if lacking else ""
    return f"at {folder} ({origin}{agreed})"


def without(manifest: Manifest, problems: Iterable[Problem]) -> Manifest:
    """The manifest without the rows of excerpts that cannot be used."""
    gone = {problem.excerpt for problem in problems}
    kept = manifest.table[~manifest.table["excerpt"].isin(gone)].reset_index(drop=True)
    return Manifest(manifest.name, kept, manifest.where)


def left_out(problems: Iterable[Problem], n_excerpts: int) -> str:
    """The note that records which excerpts a dataset lacks."""
    problems = list(problems)
    reasons: dict[str, list[str]] = {}
    for problem in problems:
        reasons.setdefault(problem.reason, []).append(problem.excerpt)
    said = "; ".join(
        f"{', '.join(excerpts[:10])}{f' and {len(excerpts) - 10} more' if len(excerpts) > 10 else ''}: {reason}"
        for reason, excerpts in reasons.items()
    )
    return f"left out, as --allow-missing allowed: {len(problems)} of {n_excerpts} excerpts ({said})"


def refuse_edition(problems: Iterable[Problem], manifest: Manifest, folder: Path, location: Location) -> None:
    """Refuse a copy if most of its files are intact, but not the manifest's.

    If they were left out, nothing would remain. If they were accepted, the manifest's artists, faults and
    partitions might be wrong for them: nobody has compared these recordings.
    """
    problems = list(problems)
    other = [problem for problem in problems if problem.reason == CORRUPT]
    present = len(manifest) - sum(problem.reason == MISSING for problem in problems)
    if 2 * len(other) > present:
        raise InputError(
            f"{folder} seems to hold another edition of {location.name}: {len(other):,} of its {present:,} files "
            f"can be played but do not match their checksums, {other[0].path.name} for one; name a copy whose samples "
            f"were never changed with {location.how}, or use this one as the dataset 'folder'."
        )


def _problems(
    location: Location, manifest: Manifest, files: dict[str, Path], folder: Path, verified: Verified, progress: bool
) -> tuple[Problem, ...]:
    """The excerpts whose files are missing, broken or other recordings."""
    problems = verify_all(location.name, manifest, files, verified=verified, progress=progress)
    if all(problem.reason == MISSING for problem in problems) and len(problems) == len(manifest):
        raise _nothing(location, manifest, files, folder)
    return tuple(_examined(problem) for problem in problems)


def _examined(problem: Problem) -> Problem:
    """Add whether a file that does not match its checksum can be played at all."""
    if problem.reason != CORRUPT:
        return problem
    try:
        notes = audio.read(problem.path).notes
    except InputError as error:
        # The fault without the file's name (the problem has it) and without the remedy (there is a better one).
        return replace(problem, reason=without_name(error, problem.path).partition(";")[0])
    cut_short = [note for note in notes if note.startswith("cut short")]
    return replace(problem, reason=f"is {cut_short[0]}") if cut_short else problem


def _nothing(location: Location, manifest: Manifest, files: dict[str, Path], folder: Path) -> InputError:
    """The error for a folder without any excerpt; it says where the excerpts might be."""
    wanted = {Path(stem).name.casefold() for row in manifest.rows() for stem in _stems(row)}
    example = next(iter(files.values())).relative_to(folder)
    culprit = f"{folder} holds no excerpt of {location.name}"
    archive = None
    for file in islice(_walk(folder), _LOOK_AT_MOST):
        suffix = file.suffix.lower()
        if suffix in location.suffixes and file.stem.casefold() in wanted:
            return InputError(f"{culprit} where they are looked for, but {file} is one; give the folder {file.parent}.")
        if suffix in ARCHIVES and archive is None:
            archive = file
    if archive:
        return InputError(f"{culprit}, only the archive {archive.name}; unpack it first, and give what it becomes.")
    return InputError(f"{culprit}; give the folder that holds {example}, or the like.")


def _walk(folder: Path) -> Iterable[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _stems(row: dict[str, Any]) -> tuple[str, str, str]:
    """Possible names of an excerpt's file: in a folder for each label, flat, or by its id."""
    relative = Path(row["path"]).with_suffix("").as_posix()
    return relative, Path(relative).name, row["excerpt"]


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, list[Path]]:
    """The recordings in one folder, by file name without ending and whatever the case."""
    files: dict[str, list[Path]] = {}
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return files
    for name in names:
        if Path(name).suffix.lower() in suffixes:
            files.setdefault(Path(name).stem.casefold(), []).append(folder / name)
    return files
