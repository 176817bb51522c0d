"""8,000 clips of the Free Music Archive, 1,000 in each of 8 genres: the open successor of GTZAN.

A copy consists of two published archives: ``fma_small.zip`` (the clips, 7.2 GiB) and ``fma_metadata.zip``
(``tracks.csv``, 342 MiB). Only ``music-adversaries data get fma-small`` downloads them. Or ``--from PATH`` gives a
folder with both, packed or unpacked (``fma_small/`` and ``fma_metadata/``), or the folder ``fma_small/`` with the
other next to it. Unpacked files are used in place.

* The label is ``track, genre_top``, the partition ``published`` is ``set, split``.
* An artist is an id, not a name (:func:`fma_tracks.artist_names`).
* Six clips are broken as published; they are left out, with a note (:data:`BROKEN`).
* The authors publish SHA-1 sums of the archives and, in the file ``checksums`` next to the clips, of each clip.
  Both are verified. The manifest holds SHA-256 sums, computed in the same pass.

Sources: the dataset's README (github.com/mdeff/fma), its ``creation.py`` for the layout of the archives, its
issues 4, 8, 41 and 44 for the broken clips; Defferrard, Benzi, Vandergheynst and Bresson, "FMA: A Dataset For
Music Analysis", ISMIR 2017.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from ... import audio
from ...cache import atomic_path, cache_dir, expanded, read_json, write_json
from ...errors import InputError
from ..source import code_version
from . import fma_tracks, located, resumable
from .base import CORRUPT, MISSING, CheckReport, Dataset, DatasetInfo, Problem, Verified, file_digest, refuse
from .manifest import Manifest

NAME = "fma-small"
ENVIRONMENT = "MUSIC_ADVERSARIES_FMA_SMALL"
SUMMARY = "8,000 clips of the Free Music Archive, 8 genres, 1,000 a genre, 30 s each"
LICENCE = "open, mostly Creative Commons, as each artist chose (column licence); metadata CC BY 4.0"

BROKEN = {"098565", "098567", "098569", "099134", "108925", "133297"}
"""Clips with (almost) no sound: cut at a wrong place, after a wrong length in the archive's own database.

github.com/mdeff/fma, issue 8; its maintainer counts the same six in issue 44."""

_GIB = 2**30


@dataclass(frozen=True)
class Archive:
    """A published zip file.

    Attributes
    ----------
    name : of the zip file without its ending, and of the folder in it
    url : where it is
    sha1 : of the zip file
    n_bytes, n_unpacked : approximate size of the file, and of the files that are used once they are unpacked
    members : regular expression for the files in its folder that are used
    """

    name: str
    url: str
    sha1: str
    n_bytes: int
    n_unpacked: int
    members: str

    @property
    def unpacked(self) -> Path:
        """The folder in the cache to which it is unpacked."""
        return LOCATION.fetched / self.name

    @property
    def complete(self) -> Path:
        """The file that is written when everything is unpacked."""
        return LOCATION.fetched / f"{self.name}.complete"


AUDIO = Archive(
    "fma_small",
    "https://os.unil.cloud.switch.ch/fma/fma_small.zip",
    "ade154f733639d52e35e32f5593efe5be76c6d70",
    round(7.2 * _GIB),
    round(7.2 * _GIB),
    r"\d{3}/\d{6}\.mp3|checksums|README\.txt",
)
METADATA = Archive(
    "fma_metadata",
    "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip",
    "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    342 * 2**20,
    300 * 2**20,
    r"tracks\.csv|checksums|README\.txt",
)
LOCATION = located.Location(NAME, ENVIRONMENT, ("",), (".mp3",), download=True)


@dataclass(frozen=True)
class _Copy:
    """Where the two halves are; ``folder`` is what is remembered and shown."""

    folder: Path
    clips: Path
    tracks: Path


def manifest(path: Path | str | None = None) -> Manifest:
    """What ``tracks.csv`` says about the small subset, without the broken clips; checksums are blank.

    Raises
    ------
    InputError
        When no copy is known, or its ``tracks.csv`` is missing or bad.
    """
    return _manifest(_copy(path, progress=False).tracks)[0]


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    arrived = sum(resumable.Resumable(resumable.part_of(_zip(archive))).arrived for archive in (AUDIO, METADATA))
    so_far = f", of which {arrived / _GIB:.1f} GiB are here" if arrived else ""
    otherwise = (
        f"to be downloaded with `music-adversaries data get {NAME}` ({_download_gib():.1f} GiB{so_far}), "
        f"or given with {LOCATION.how}"
    )
    return DatasetInfo(NAME, SUMMARY, LICENCE, located.state(LOCATION, otherwise))


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset, verified; never downloaded from here.

    Parameters
    ----------
    profile : changes nothing here: real excerpts have their full length, 30 s, in both
    path : folder with ``fma_small`` and ``fma_metadata``, each a folder or a zip file

    Raises
    ------
    InputError
        When no copy is known, one of its two archives is missing, or clips are missing or corrupt.
    """
    return _load(profile, _copy(path, progress), None, progress)[0]


def get(
    profile: str, path: Path | str | None = None, progress: bool = True, allow_missing: bool = False
) -> CheckReport:
    """Find the user's copy or download one (7.5 GiB), verify it, and remember where it is.

    Parameters
    ----------
    allow_missing : continue without clips that are missing or corrupt
    """
    if LOCATION.find(_folder(path))[0] is None:
        _download(progress)
    copy = _copy(path, progress)
    # A path given again decides again whether clips may be missing.
    allowed = True if allow_missing else (None if path is None else False)
    dataset, problems = _load(profile, copy, allowed, progress)
    if path is not None or allow_missing:
        LOCATION.remember(copy.folder, without=[problem.excerpt for problem in problems])
    return CheckReport(NAME, profile, copy.folder, len(dataset), (), dataset.notes.get("", ()))


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Verify every clip again: by its published checksum or, if there is none, by decoding it."""
    copy = _copy(path, progress)
    table, notes = _manifest(copy.tracks)
    files = LOCATION.files(table, copy.clips)
    _, problems, note = _digests(files, _published(copy.clips), anew=True, progress=progress)
    return CheckReport(NAME, profile, copy.folder, len(table), problems, (*notes, *note))


def _load(profile: str, copy: _Copy, allow_missing: bool | None, progress: bool) -> tuple[Dataset, tuple[Problem, ...]]:
    table, notes = _manifest(copy.tracks)
    files = LOCATION.files(table, copy.clips)
    digests, problems, note = _digests(files, _published(copy.clips), progress=progress)
    notes += note
    located.refuse_edition(problems, table, copy.clips, LOCATION)
    if problems:
        agreed = LOCATION.may_lack(copy.folder) if allow_missing is None else frozenset()
        remedy = LOCATION.remedy(copy.folder)
        if not allow_missing:
            unexpected = [problem for problem in problems if problem.excerpt not in agreed]
            refuse(unexpected, NAME, f"{remedy}, or go on without them with {LOCATION.how[:-1]} --allow-missing`")
        table = located.without(table, problems)
        if len(table.labels) < 2:
            refuse(problems, NAME, remedy)
        notes += (located.left_out(problems, len(files)),)
    content = table.table.assign(checksum=[f"sha256:{digests[excerpt]}" for excerpt in table.table["excerpt"]])
    table = Manifest(NAME, content, table.where)
    kept = {excerpt: files[excerpt] for excerpt in content["excerpt"]}
    # Only files that the memory of digests has verified; nothing is saved under this name.
    verified = Verified(NAME)
    verified.forget()
    for excerpt, file in kept.items():
        verified.trust(file, f"sha256:{digests[excerpt]}")
    return Dataset(NAME, profile, table, kept, notes={"": notes} if notes else {}, verified=verified), problems


# where the copy is


def _folder(path: Path | str | None) -> Path | str | None:
    """The folder of a zip file, if the zip file was given instead of its folder."""
    if path is None:
        return None
    given = expanded(path)
    return given.parent if given.suffix.lower() == ".zip" and given.is_file() else path


def _copy(path: Path | str | None, progress: bool) -> _Copy:
    """The two halves of the copy, unpacked if they were not."""
    folder, _ = LOCATION.find(_folder(path))
    if folder is None:
        try:
            folder = LOCATION.need()
        except InputError as error:  # users should know how large the download is before they start it
            raise InputError(f"{str(error).rstrip('.')} (the download has {_download_gib():.1f} GiB).") from error
    places: tuple[Path, ...] = (folder / AUDIO.name, folder)
    clips = next((place for place in places if any(place.glob("[0-9][0-9][0-9]/"))), None)
    around = (folder, folder.parent) if clips == folder else (folder,)
    places = (*(place / METADATA.name for place in around), folder)
    metadata = next((place for place in places if (place / "tracks.csv").is_file()), None)
    # Everything is located before anything is unpacked, since unpacking takes minutes. Unpacked files in the cache may
    # complete a folder, but they do not replace a folder that holds nothing.
    found = {AUDIO: clips, METADATA: metadata}
    zips = {archive: _beside(archive, around) for archive in found}
    held = any(found.values()) or any(zips.values())
    sources: dict[Archive, Path] = {}
    for archive, place in found.items():
        unpacked = archive.unpacked if held and archive.complete.is_file() else None
        source = place or unpacked or zips[archive]
        if source is None:
            raise InputError(
                f"{folder} holds neither {archive.name}/ nor {archive.name}.zip; put one of them there "
                f"(from {archive.url}), or name another folder with {LOCATION.how}."
            )
        sources[archive] = source
    for archive, source in sources.items():
        if source.is_file():
            _verify_archive(archive, source)
            _unpack(archive, source, progress)
            sources[archive] = archive.unpacked
    here = {archive.unpacked for archive in sources} == set(sources.values())
    if here and not (LOCATION.fetched / "complete").is_file():
        _touch(LOCATION.fetched / "complete")
    return _Copy(LOCATION.fetched if here else folder, sources[AUDIO], sources[METADATA] / "tracks.csv")


def _beside(archive: Archive, folders: tuple[Path, ...]) -> Path | None:
    zips = (folder / f"{archive.name}.zip" for folder in folders)
    return next((path for path in zips if path.is_file()), None)


def _zip(archive: Archive) -> Path:
    """The path of its download."""
    return LOCATION.fetched / f"{archive.name}.zip"


def _download_gib() -> float:
    return (AUDIO.n_bytes + METADATA.n_bytes) / _GIB


def _download(progress: bool) -> None:
    """Download and unpack both archives, the small one first; finished steps are not repeated."""
    wanted = [archive for archive in (METADATA, AUDIO) if not archive.complete.is_file()]
    arrived = [
        path
        for archive in wanted
        for path in (*LOCATION.fetched.glob(f"{archive.name}.zip*"), *archive.unpacked.rglob("*"))
    ]
    here = sum(path.stat().st_size for path in arrived if path.is_file())
    _need_space(sum(archive.n_bytes + archive.n_unpacked for archive in wanted) - here, f"{NAME} cannot be downloaded")
    for archive in wanted:
        path = _zip(archive)
        otherwise = f"use a copy you have with {LOCATION.how} or {ENVIRONMENT}=PATH"
        resumable.fetch(archive.url, f"sha1:{archive.sha1}", path, otherwise=otherwise, progress=progress)
        _unpack(archive, path, progress)
        path.unlink()
    _touch(LOCATION.fetched / "complete")


def _verify_archive(archive: Archive, path: Path) -> None:
    """Refuse a zip file that is not the published one; one that was verified before is not read again."""
    memory = Verified(f"{NAME}-archives")
    if memory.verify(path, f"sha1:{archive.sha1}"):
        raise InputError(
            f"{path} is not the published {archive.name}.zip (its SHA-1 is {file_digest(path, 'sha1')}, not "
            f"{archive.sha1}); it may be cut short, so get it again from {archive.url}."
        )
    memory.save()


def _unpack(archive: Archive, path: Path, progress: bool) -> None:
    """Unpack the files that are used from a verified zip file; files that are complete already stay."""
    if archive.complete.is_file():
        return
    pattern = re.compile(rf"{re.escape(archive.name)}/(?:{archive.members})")
    try:
        with zipfile.ZipFile(path) as packed:
            members = [member for member in packed.infolist() if pattern.fullmatch(member.filename)]
            todo = [member for member in members if _size(LOCATION.fetched / member.filename) != member.file_size]
            _need_space(sum(member.file_size for member in todo), f"{path} cannot be unpacked")
            for member in tqdm(todo, desc=f"Unpacking {path.name}", unit="file", disable=not progress, leave=False):
                with atomic_path(LOCATION.fetched / member.filename) as temporary:
                    with packed.open(member) as source, open(temporary, "wb") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path} cannot be unpacked ({error}); get it again from {archive.url}.") from error
    _touch(archive.complete)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _touch(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.touch()


def _need_space(n_bytes: int, what: str) -> None:
    place = LOCATION.fetched
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if n_bytes > free:
        raise InputError(
            f"{what}: {n_bytes / _GIB:.1f} GiB are needed in {LOCATION.fetched} and {free / _GIB:.1f} GiB are free; "
            "free some space, or set MUSIC_ADVERSARIES_CACHE to another folder."
        )


# what the clips are


def _manifest(tracks: Path) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest without checksums, and notes; each ``tracks.csv`` (260 MB) is parsed once."""
    import pandas as pd

    memory = cache_dir() / "datasets" / f"{NAME}-tracks.json"
    stat = tracks.stat()
    stamp = [str(tracks), stat.st_size, stat.st_mtime_ns, code_version("book/datasets/fma_tracks")]
    known = read_json(memory)
    if isinstance(known, dict) and known.get("of") == stamp:
        table, note = pd.DataFrame(known["table"], dtype="str"), ""
    else:
        expected = _published(tracks.parent).get(tracks.name)
        if expected and file_digest(tracks, "sha1") != expected:
            raise InputError(
                f"{tracks} {CORRUPT} in {tracks.parent / 'checksums'}; unpack {METADATA.name}.zip again, "
                f"or get it from {METADATA.url}."
            )
        table = fma_tracks.read(tracks, METADATA.url)
        note = write_json(memory, {"of": stamp, "table": table.to_dict("list")})
    notes = [f"{tracks} is read anew each time, since {note}"] if note else []
    broken = table["excerpt"].isin(BROKEN)
    if broken.any():
        named = ", ".join(table.loc[broken, "excerpt"])
        notes.append(f"left out, since broken as published (github.com/mdeff/fma, issue 8): {named}")
    result = Manifest.of(NAME, table[~broken], where=str(tracks)).validate()
    parts = result.table[result.table["published"] != ""].groupby("artist")["published"].nunique()
    divided = [artist for artist in parts.index[parts > 1] if artist]
    if divided:
        notes.append(f"the published split has {len(divided)} artists in more than one part ({', '.join(divided[:3])})")
    return result, tuple(notes)


# whether the clips are intact


def _published(folder: Path) -> dict[str, str]:
    """The published SHA-1 of each file in the folder, by relative path; empty if the list is not there."""
    try:
        lines = (folder / "checksums").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = (re.fullmatch(r"([0-9a-f]{40})  (\S+)", line) for line in lines)
    return {match[2]: match[1] for match in found if match}


def _digests(
    files: dict[str, Path], published: dict[str, str], *, anew: bool = False, progress: bool = True
) -> tuple[dict[str, str], tuple[Problem, ...], tuple[str, ...]]:
    """SHA-256 of every intact clip, the clips that are not intact, and a note if nothing can be remembered.

    The result is remembered with a clip's size and time of change. A clip is intact if it has its published
    checksum. Without a published checksum, it is intact if it opens as audio; with ``anew`` it must also decode
    to its end and have the remembered content.
    """
    memory = cache_dir() / "datasets" / f"facts-{NAME}.json"
    content = read_json(memory)
    known = content if isinstance(content, dict) else {}
    facts, digests, problems = {}, {}, []
    try:
        for excerpt, file in tqdm(
            files.items(), desc=f"Verifying {NAME}", unit="file", disable=not progress, leave=False
        ):
            expected = published.get(f"{excerpt[:3]}/{excerpt}.mp3", "")
            try:
                stat = os.stat(file)
            except OSError:
                problems.append(Problem(excerpt, file, MISSING))
                continue
            stamp = [stat.st_size, stat.st_mtime_ns, expected]
            *same, digest = known.get(str(file), [None])
            remembered = digest if same == stamp else ""
            if anew or not remembered:
                digest, reason = _examine(file, expected, decode=anew)
                if not reason and remembered and digest != remembered:
                    reason = "has changed since it was first verified"
                if reason:
                    problems.append(Problem(excerpt, file, reason))
                    continue
            facts[str(file)] = [*stamp, digest]
            digests[excerpt] = digest
    finally:  # an interruption keeps what was verified
        note = write_json(memory, {**known, **facts}) if any(known.get(key) != facts[key] for key in facts) else ""
    return digests, tuple(problems), (f"clips are verified each time, since {note}",) if note else ()


def _examine(file: Path, expected: str, *, decode: bool) -> tuple[str, str]:
    """SHA-256 of a clip, and why it cannot be used or ``""``; one reading for both checksums."""
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    try:
        with open(file, "rb") as opened:
            while block := opened.read(1 << 20):
                sha1.update(block)
                sha256.update(block)
        other = expected and sha1.hexdigest() != expected
        if other or (decode and not expected):
            audio.read(file)  # a clip that cannot be played is broken, not another recording
        elif not expected:
            audio.duration(file)
        return sha256.hexdigest(), CORRUPT if other else ""
    except InputError as error:
        return "", str(error).removeprefix(f"{file} ").partition(";")[0].rstrip(".")
    except OSError as error:
        return "", f"cannot be read ({error.strerror})"
