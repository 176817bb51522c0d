"""GTZAN, the user's own copy: 1,000 excerpts of half a minute, ten genres, and the paper's two partitions.

The recordings belong to others and are no longer available to the public. A copy is found at a given
path, where ``MUSIC_ADVERSARIES_GTZAN`` points, or where ``music-adversaries data get gtzan --from PATH``
found it before. It may be

* the original archive ``genres.tar.gz``, unpacked: ``genres/blues/blues.00000.au``;
* the files that mirdata or torchaudio unpack: ``gtzan_genre/genres/blues/blues.00000.wav``;
* the copy on Kaggle: ``Data/genres_original/blues/blues.00000.wav``;
* a folder for each genre, or all files in one folder;

with files in .wav, .au or .flac. The path may be any of the folders above the genres'.

The manifest's checksums are mirdata's, of 16-bit WAV files. A .au or .flac file, or a WAV file with
another header, is verified by its decoded samples, so every copy with the original samples passes. Missing
or broken files are named (``jazz.00054`` of the copy on Kaggle cannot be decoded). They are left out only
with ``--allow-missing``, with a note. A copy is refused if most of its files can be played but have other
samples, as after a conversion from MP3; `located` says why.

Artists, titles and partitions are known without the audio; see :func:`manifest`.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from pathlib import Path

from . import located
from .base import CheckReport, Dataset, DatasetInfo
from .manifest import Manifest, manifests_folder

NAME = "gtzan"
ENVIRONMENT = "MUSIC_ADVERSARIES_GTZAN"
SUMMARY = "1,000 real excerpts in ten genres, 30 s each, with the paper's two partitions: your own copy"
LICENCE = "all rights with the owners of the recordings; for research"

LAYOUTS = (
    "",
    "genres/",
    "genres_original/",
    "Data/genres_original/",
    "gtzan_genre/genres/",
)
LOCATION = located.Location(NAME, ENVIRONMENT, LAYOUTS)


def manifest() -> Manifest:
    """The committed manifest, ``data_manifests/gtzan.csv``."""
    return Manifest.read(manifests_folder() / f"{NAME}.csv")


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    otherwise = f"no copy known; name yours with {LOCATION.how}"
    return DatasetInfo(NAME, SUMMARY, LICENCE, located.state(LOCATION, otherwise))


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset, verified.

    Parameters
    ----------
    profile : changes nothing here: real excerpts have their full length, 30 s, in both
    path : the folder of the copy

    Raises
    ------
    InputError
        When no copy is known, the folder holds no copy or another edition, two files are one excerpt, or
        excerpts are missing or corrupt and that was not allowed.

    Notebook: book/02_partitions.ipynb
    """
    return located.load(LOCATION, manifest(), LOCATION.need(path), profile, progress=progress)[0]


def get(
    profile: str, path: Path | str | None = None, progress: bool = True, allow_missing: bool = False
) -> CheckReport:
    """Find the copy, verify it, and remember where it is.

    Parameters
    ----------
    allow_missing : from now on, continue without the excerpts that are missing or corrupt now

    Raises
    ------
    InputError
        As :func:`load`.
    """
    return located.get(LOCATION, manifest(), profile, path, allow_missing=allow_missing, progress=progress)


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Verify every checksum again."""
    return located.check(LOCATION, manifest(), profile, path, progress)
