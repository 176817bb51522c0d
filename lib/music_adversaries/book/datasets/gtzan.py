"""GTZAN, the user's own copy: 1,000 excerpts of half a minute, ten genres, and the paper's two partitions.

The recordings belong to others; no place offers them to everybody any more. A copy is found at a path
given, where ``MUSIC_ADVERSARIES_GTZAN`` points, or where ``music-adversaries data get gtzan --from PATH``
found it before. It may be

* the original archive ``genres.tar.gz``, unpacked: ``genres/blues/blues.00000.au``;
* what mirdata or torchaudio unpack: ``gtzan_genre/genres/blues/blues.00000.wav``;
* the copy on Kaggle: ``Data/genres_original/blues/blues.00000.wav``;
* a folder for each genre, or all files in one folder;

with files in .wav, .au or .flac. The path may be any of the folders above the genres'.

The manifest's checksums are mirdata's, of 16-bit WAV files. A .au or .flac file, or a WAV file with
another header, is verified by what it decodes to, so every copy with the original samples passes. What is
missing or broken is named (``jazz.00054`` of the copy on Kaggle cannot be decoded), and left out only with
``--allow-missing``, with a note. A copy most of whose files sound but are others, such as one converted
from MP3, is refused: `located` says why.

Artists, titles and partitions are known without any audio: :func:`manifest`.

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
    profile : changes nothing here: real excerpts are whole, 30 s, in both
    path : the folder of the copy

    Raises
    ------
    InputError
        When no copy is known, the folder holds none or another edition, two files are one excerpt, or
        excerpts are missing or corrupt that were not allowed to be.

    Notebook: book/02_partitions.ipynb
    """
    return located.load(LOCATION, manifest(), LOCATION.need(path), profile, progress=progress)[0]


def get(
    profile: str, path: Path | str | None = None, progress: bool = True, allow_missing: bool = False
) -> CheckReport:
    """Find the copy, verify it, and remember where it is.

    Parameters
    ----------
    allow_missing : go on without the excerpts that are missing or corrupt now, from here on

    Raises
    ------
    InputError
        As :func:`load`.
    """
    return located.get(LOCATION, manifest(), profile, path, allow_missing=allow_missing, progress=progress)


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Verify every checksum anew."""
    return located.check(LOCATION, manifest(), profile, path, progress)
