"""The invented music of `synthetic`, generated on first use and kept in the cache.

Its manifest is its recipe: facts that are known because they were decided.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from pathlib import Path

from tqdm.auto import tqdm

from ..cache import cache_dir
from ..errors import InputError
from .base import CORRUPT, MISSING, CheckReport, Dataset, DatasetInfo, Problem, file_digest, read_json
from .manifest import Manifest

NAME = "synthetic"
SUMMARY = "invented music in GTZAN's shape: ten genres, ten invented artists a genre, 40 excerpts a genre"
LICENCE = "CC0-1.0"

_INDEX = "index.json"  # of `synthetic.generate`: what each finished file hashes to


def manifest(profile: str = "quick") -> Manifest:
    """The recipe as a manifest; nothing is rendered. Its checksums are of each excerpt's recipe."""
    from . import synthetic  # not at the top: the synthesiser is of no use to who reads real music

    return Manifest.of(NAME, synthetic.recipe(profile)).validate()


def info() -> DatasetInfo:
    """Its line in the list of datasets."""
    begun = [profile for profile in ("quick", "full") if (_folder(profile) / _INDEX).is_file()]
    state = f"in {_folder(begun[0]).parent} ({', '.join(begun)})" if begun else "to be generated, in a minute or two"
    return DatasetInfo(NAME, SUMMARY, LICENCE, state)


def load(profile: str, path: Path | str | None = None, progress: bool = True) -> Dataset:
    """The dataset; what of it is not whole in the cache is generated.

    Parameters
    ----------
    profile : ``"quick"``, excerpts of 6 s, or ``"full"``, of 30 s
    path : has to be None: the audio lies in the cache

    Raises
    ------
    InputError
        When a path is given, the disk is full or the cache cannot be written.
    """
    from . import synthetic

    if path is not None:
        raise InputError(
            f"{NAME} is generated and needs no path, but {path} was given; leave it out, or use the dataset 'folder'."
        )
    folder = _folder(profile)
    table = Manifest.of(NAME, synthetic.generate(folder, profile, progress=progress)).validate()
    return Dataset(NAME, profile, table, _files(table, folder))


def get(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Generate what is not there yet."""
    return CheckReport(NAME, profile, _folder(profile), len(load(profile, path, progress)))


def check(profile: str, path: Path | str | None = None, progress: bool = True) -> CheckReport:
    """Compare every file with what was recorded when it was generated; generate nothing.

    Raises
    ------
    InputError
        When nothing was generated yet.
    """
    folder = _folder(profile)
    index = read_json(folder / _INDEX)
    if not isinstance(index, dict):
        raise InputError(
            f"{NAME} ({profile}) has not been generated yet; generate it with `music-adversaries data get {NAME}`."
        )
    table = manifest(profile)
    problems = []
    for row in tqdm(list(table.rows()), desc=f"Checking {NAME}", unit="file", disable=not progress, leave=False):
        file, entry = folder / row["path"], index.get(row["path"]) or {}
        if not file.is_file():
            problems.append(Problem(row["excerpt"], file, MISSING))
        elif entry.get("recipe") != row["checksum"]:
            problems.append(Problem(row["excerpt"], file, "was generated from another recipe"))
        elif entry.get("sha256") != file_digest(file):
            problems.append(Problem(row["excerpt"], file, CORRUPT))
    return CheckReport(NAME, profile, folder, len(table), tuple(problems))


def _folder(profile: str) -> Path:
    return cache_dir() / "datasets" / f"{NAME}-{profile}"


def _files(table: Manifest, folder: Path) -> dict[str, Path]:
    return {row["excerpt"]: folder / row["path"] for row in table.rows()}
