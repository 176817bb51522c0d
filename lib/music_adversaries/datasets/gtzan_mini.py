"""One hundred real excerpts of GTZAN, ten a genre: the public ``mini`` version that mirdata knows.

The recordings belong to others and are never part of the repository. They are found, in this order:
at a path given; where ``MUSIC_ADVERSARIES_GTZAN_MINI`` points; where ``music-adversaries data get
gtzan-mini --from PATH`` found them before; in the cache, where the download puts them.

The manifest's checksums are mirdata's, of the WAV files; a FLAC copy is verified by decoding it.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import errno
import logging
import os
import zipfile
from pathlib import Path

import pooch
from tqdm.auto import tqdm

from ..cache import atomic_path, cache_dir
from ..errors import InputError
from .base import CheckReport, Dataset, DatasetInfo, Verified, matches, read_json, refuse, verify_all, write_json
from .manifest import Manifest, manifests_folder

NAME = "gtzan-mini"
ENVIRONMENT = "MUSIC_ADVERSARIES_GTZAN_MINI"
SUMMARY = "100 real excerpts of GTZAN, 10 a genre, 30 s each"
LICENCE = "all rights with the owners of the recordings; for research"

# mirdata 0.3.8, mirdata/datasets/gtzan_genre.py, REMOTES["mini"]
URL = "https://github.com/TempoBeatDownbeat/gtzan_mini/archive/refs/heads/main.zip"
_ARCHIVE_ROOT = "gtzan_mini-main/genres/"
_SIZE = "about 130 MB"

_FROM = f"`music-adversaries data get {NAME} --from PATH`"
_LAYOUTS = ("", "genres/", "gtzan_mini-main/genres/")
_SUFFIXES = (".wav", ".flac", ".au")


def manifest() -> Manifest:
    """The committed manifest, ``data_manifests/gtzan-mini.csv``."""
    return Manifest.read(manifests_folder() / f"{NAME}.csv")


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    try:
        folder, origin = _known_folder()
        state = f"at {folder} ({origin})" if folder else f"to be downloaded ({_SIZE}), or given with {_FROM}"
    except InputError as error:  # a list is no place to fail
        state = str(error)
    return DatasetInfo(NAME, SUMMARY, LICENCE, state)


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset, verified; downloaded where no copy is known.

    Parameters
    ----------
    profile : changes nothing here: real excerpts are whole, 30 s, in both
    path : folder of .wav or .flac files, flat or in a folder for each genre

    Raises
    ------
    InputError
        When files are missing or corrupt, or the download fails.
    """
    table = manifest()
    folder, _ = _known_folder(path)
    if folder is None:
        folder = _download(table, progress)
    verified = Verified(NAME)
    files = find(table, folder)
    refuse(verify_all(NAME, table, files, verified=verified, progress=progress), NAME, _remedy(folder))
    note = verified.save()
    return Dataset(NAME, profile, table, files, notes={"": (note,)} if note else {}, verified=verified)


def get(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Bring the dataset here, verify it, and remember where it is."""
    dataset = load(profile, path, progress)
    folder, _ = _known_folder(path)
    assert folder is not None  # load found or made it
    if path is not None:
        note = write_json(_memory(), {"path": str(folder)})
        if note:
            raise InputError(f"{folder} holds {NAME}, but that cannot be remembered: {note}.")
    return CheckReport(NAME, profile, folder, len(dataset), notes=dataset.notes.get("", ()))


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Verify every checksum anew."""
    table = manifest()
    folder, _ = _known_folder(path)
    if folder is None:
        raise InputError(
            f"no copy of {NAME} is known here; get it with `music-adversaries data get {NAME}` or {_FROM}."
        )
    verified = Verified(NAME)
    verified.forget()
    problems = verify_all(NAME, table, find(table, folder), verified=verified, progress=progress)
    note = verified.save()
    return CheckReport(NAME, profile, folder, len(table), problems, (note,) if note else ())


def _fetched() -> Path:
    return cache_dir() / "datasets" / NAME


def _memory() -> Path:
    return cache_dir() / "datasets" / f"{NAME}-location.json"


def _known_folder(path: Path | str | None = None) -> tuple[Path | None, str]:
    """Folder of the audio and who told of it; None where it has to be downloaded."""
    if path is None and os.environ.get(ENVIRONMENT):
        path, origin = os.environ[ENVIRONMENT], f"told by {ENVIRONMENT}"
    else:
        origin = "given"
    if path is not None:
        folder = Path(path).expanduser().resolve()
        if not folder.is_dir():
            culprit = f"{folder} ({origin})" if origin != "given" else str(folder)
            raise InputError(f"{culprit} is not a folder; give the folder that holds the excerpts of {NAME}.")
        return folder, origin
    memory = read_json(_memory())
    remembered = memory.get("path") if isinstance(memory, dict) else None
    if isinstance(remembered, str) and Path(remembered).is_dir():
        return Path(remembered), "remembered"
    # The archive is unpacked file by file; only with the last of them is the copy a copy.
    if (_fetched() / "complete").is_file():
        return _fetched(), "downloaded"
    return None, ""


def find(table: Manifest, folder: Path) -> dict[str, Path]:
    """The file of each excerpt that is there: flat or in genre folders, WAV or FLAC (or AU)."""
    files = {}
    for row in table.rows():
        relative = Path(row["path"]).with_suffix("").as_posix()
        candidates = [
            folder / f"{layout}{stem}{suffix}"
            for suffix in _SUFFIXES
            for layout in _LAYOUTS
            for stem in (relative, row["excerpt"])
        ]
        found = next((candidate for candidate in candidates if candidate.is_file()), None)
        # Where none is, the first candidate is what a message names.
        files[row["excerpt"]] = found or candidates[0]
    return files


def _remedy(folder: Path) -> str:
    if folder == _fetched():
        return f"delete {folder} and get it again"
    return f"check the folder {folder}, or name another with {_FROM}"


def _download(table: Manifest, progress: bool) -> Path:
    """Download mirdata's mini version and unpack what the manifest lists, each file verified.

    The archive is packed anew by its host now and then, so its own checksum is no guarantee; the
    checksums of the recordings in it are.
    """
    folder = _fetched()
    archive = folder / "main.zip"
    _fetch(archive, progress)
    try:
        with zipfile.ZipFile(archive) as packed:
            rows = tqdm(list(table.rows()), desc=f"Unpacking {NAME}", unit="file", disable=not progress, leave=False)
            for row in rows:
                with atomic_path(folder / row["path"]) as temporary:
                    temporary.write_bytes(packed.read(_ARCHIVE_ROOT + row["path"]))
                    if not matches(temporary, row["checksum"]):
                        raise InputError(
                            f"{row['path']} in the archive from {URL} does not match its checksum; "
                            f"try again later, or use a copy you have with {_FROM}."
                        )
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            f"the archive from {URL} is not the {NAME} expected ({error}); "
            f"try again later, or use a copy you have with {_FROM}."
        ) from error
    finally:
        archive.unlink(missing_ok=True)
    with atomic_path(folder / "complete") as temporary:
        temporary.touch()
    return folder


def _fetch(archive: Path, progress: bool) -> None:
    """Download the archive; pooch gives it its name only when it is whole."""
    pooch.get_logger().setLevel(logging.WARNING)
    archive.unlink(missing_ok=True)
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        downloader = pooch.HTTPDownloader(progressbar=progress, timeout=(10, 60))
        pooch.retrieve(URL, known_hash=None, fname=archive.name, path=archive.parent, downloader=downloader)
    except (OSError, ValueError) as error:  # those of requests are OSErrors
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise InputError(
                f"{archive} could not be written ({error.strerror}); free some space ({_SIZE} are needed, twice), "
                "or set MUSIC_ADVERSARIES_CACHE to another folder."
            ) from error
        raise InputError(
            f"{NAME} could not be downloaded from {URL}; connect to the network, or use a copy you have with {_FROM} "
            f"(a folder of .wav or .flac files) or with {ENVIRONMENT}=PATH."
        ) from error
