"""One hundred real excerpts of GTZAN, ten for each genre: the public ``mini`` version of mirdata.

The recordings belong to others and are never part of the repository. They are found, in this order:
at a given path; where ``MUSIC_ADVERSARIES_GTZAN_MINI`` points; where ``music-adversaries data get
gtzan-mini --from PATH`` found them before; in the cache, where the download puts them; in the user's
copy of the complete GTZAN, if a copy with all of them is known.

The manifest has the rows of these excerpts from the manifest of `gtzan`, with their durations. Its
checksums are mirdata's, of the WAV files; a FLAC copy is verified by decoding it.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import errno
import logging
import zipfile
from pathlib import Path

from tqdm.auto import tqdm

from ...cache import atomic_path
from ...errors import InputError
from . import gtzan, located
from .base import CheckReport, Dataset, DatasetInfo, matches
from .manifest import Manifest, manifests_folder

NAME = "gtzan-mini"
ENVIRONMENT = "MUSIC_ADVERSARIES_GTZAN_MINI"
SUMMARY = "100 real excerpts of GTZAN, 10 a genre, 30 s each"
LICENCE = gtzan.LICENCE

# mirdata 0.3.8, mirdata/datasets/gtzan_genre.py, REMOTES["mini"]
URL = "https://github.com/TempoBeatDownbeat/gtzan_mini/archive/refs/heads/main.zip"
_ARCHIVE_ROOT = "gtzan_mini-main/genres/"
_SIZE = "about 130 MB"

LOCATION = located.Location(NAME, ENVIRONMENT, (*gtzan.LAYOUTS, _ARCHIVE_ROOT), download=True)


def manifest() -> Manifest:
    """The committed manifest, ``data_manifests/gtzan-mini.csv``."""
    return Manifest.read(manifests_folder() / f"{NAME}.csv")


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    return DatasetInfo(
        NAME, SUMMARY, LICENCE, located.state(LOCATION, f"to be downloaded ({_SIZE}), or given with {LOCATION.how}")
    )


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset, verified; downloaded if no copy is known.

    Parameters
    ----------
    profile : changes nothing here: real excerpts have their full length, 30 s, in both
    path : folder of .wav, .flac or .au files, flat or in a folder for each genre

    Raises
    ------
    InputError
        When files are missing or corrupt, or the download fails.
    """
    table = manifest()
    return located.load(LOCATION, table, _folder(table, path, progress), profile, progress=progress)[0]


def get(
    profile: str, path: Path | str | None = None, progress: bool = True, allow_missing: bool = False
) -> CheckReport:
    """Find or download the dataset, verify it, and remember where it is."""
    table = manifest()
    folder = _folder(table, path, progress)
    if path is None and LOCATION.find()[0] is None:
        path = folder  # in a copy of the complete GTZAN, which is not searched for again under this name
    return located.get(LOCATION, table, profile, path, allow_missing=allow_missing, progress=progress)


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Verify every checksum again."""
    table = manifest()
    return located.check(LOCATION, table, profile, _find(table, path), progress)


def _find(table: Manifest, path: Path | str | None) -> Path | None:
    folder, _ = LOCATION.find(path)
    return folder or _in_whole(table)


def _in_whole(table: Manifest) -> Path | None:
    """The known copy of the complete GTZAN, if it has a file for every excerpt."""
    try:
        folder, _ = gtzan.LOCATION.find()
        if folder and all(file.is_file() for file in LOCATION.files(table, folder).values()):
            return folder
    except InputError:  # problems of the other dataset do not matter, since this one can be downloaded
        pass
    return None


def _folder(table: Manifest, path: Path | str | None, progress: bool) -> Path:
    return _find(table, path) or _download(table, progress)


def _download(table: Manifest, progress: bool) -> Path:
    """Download mirdata's mini version and unpack what the manifest lists, each file verified.

    The host of the archive packs it again now and then, so the archive's own checksum may change. The
    checksums of the recordings in it do not.
    """
    folder = LOCATION.fetched
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
                            f"try again later, or use a copy you have with {LOCATION.how}."
                        )
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            f"the archive from {URL} is not the {NAME} expected ({error}); "
            f"try again later, or use a copy you have with {LOCATION.how}."
        ) from error
    finally:
        archive.unlink(missing_ok=True)
    with atomic_path(folder / "complete") as temporary:
        temporary.touch()
    return folder


def _fetch(archive: Path, progress: bool) -> None:
    """Download the archive; pooch gives it its name only when it is whole."""
    import pooch  # imported here, since most commands download nothing

    pooch.get_logger().setLevel(logging.WARNING)
    archive.unlink(missing_ok=True)
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        downloader = pooch.HTTPDownloader(progressbar=progress, timeout=(10, 60))
        pooch.retrieve(URL, known_hash=None, fname=archive.name, path=archive.parent, downloader=downloader)
    except (OSError, ValueError) as error:  # errors of requests are OSErrors
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise InputError(
                f"{archive} could not be written ({error.strerror}); free some space ({_SIZE} are needed, twice), "
                "or set MUSIC_ADVERSARIES_CACHE to another folder."
            ) from error
        raise InputError(
            f"{NAME} could not be downloaded from {URL}; connect to the network, or use a copy you have "
            f"with {LOCATION.how} (a folder of .wav or .flac files) or with {ENVIRONMENT}=PATH."
        ) from error
