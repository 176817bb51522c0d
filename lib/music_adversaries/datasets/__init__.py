"""The music: a registry of datasets, each with a manifest and a file for every excerpt.

>>> from music_adversaries import datasets
>>> dataset = datasets.load("synthetic")        # generated on first use
>>> waveform = dataset.load("blues.00000")      # float32 [n_samples], 22,050 Hz

Goal
    One way to get at music that is invented (``synthetic``), real (``gtzan-mini``) or the reader's
    own (``folder``). What a recording is (label, artist, faults) comes from its manifest; nothing
    here knows of systems or adversaries.

To add a dataset, write a module with ``NAME``, ``info``, ``load``, ``get`` and ``check`` as `gtzan_mini`
has them, and name it in :data:`LOADERS`.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from . import folder, gtzan_mini, synthetic_dataset
from .base import PROFILES, CheckReport, Dataset, DatasetInfo, Problem, check_profile, unknown
from .manifest import Manifest

__all__ = [
    "DEFAULT",
    "PROFILES",
    "CheckReport",
    "Dataset",
    "DatasetInfo",
    "Manifest",
    "Problem",
    "available",
    "check",
    "from_environment",
    "get",
    "load",
]

LOADERS: dict[str, ModuleType] = {module.NAME: module for module in (synthetic_dataset, gtzan_mini, folder)}
DEFAULT = synthetic_dataset.NAME


def available() -> list[DatasetInfo]:
    """Every dataset with what it is and where it stands; nothing is fetched or verified."""
    return [loader.info() for loader in LOADERS.values()]


def load(name: str, profile: str = "quick", path: Path | str | None = None, progress: bool = True) -> Dataset:
    """A dataset, generated or verified on first use and quick to load after that.

    Parameters
    ----------
    name : ``"synthetic"``, ``"gtzan-mini"`` or ``"folder"``
    profile : ``"quick"`` or ``"full"``: how long the excerpts of ``synthetic`` are (6 s or 30 s);
        real recordings are the same in both
    path : where the audio is: needed for ``folder``, possible for ``gtzan-mini``
    progress : show a progress bar while something takes long

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        When the name or profile is unknown, or the dataset is missing, incomplete or corrupt.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    return _loader(name, profile).load(profile, path, progress)


def get(name: str, path: Path | str | None = None, profile: str = "quick", progress: bool = True) -> CheckReport:
    """Generate, download or find a dataset, verify it, and remember where it is.

    Parameters, errors
        As :func:`load`.
    """
    return _loader(name, profile).get(profile, path, progress)


def check(name: str, path: Path | str | None = None, profile: str = "quick", progress: bool = True) -> CheckReport:
    """Verify every file of a dataset anew, and report each that is missing or corrupt.

    Raises
    ------
    InputError
        When the name or profile is unknown or the dataset is not here at all; files that are missing
        or corrupt are in the report's ``problems``.
    """
    return _loader(name, profile).check(profile, path, progress)


def from_environment(progress: bool = False) -> Dataset:
    """The dataset that the environment names: what the notebooks work on.

    ``MUSIC_ADVERSARIES_DATASET`` is its name (``synthetic`` by default), ``MUSIC_ADVERSARIES_PROFILE``
    its profile (``quick``); ``MUSIC_ADVERSARIES_GTZAN_MINI`` and ``MUSIC_ADVERSARIES_FOLDER`` say where
    ``gtzan-mini`` and ``folder`` are. Shows no progress unless asked, so that a page is the same each time.

    Raises
    ------
    InputError
        As :func:`load`.

    Notebook: book/02_partitions.ipynb
    """
    name = os.environ.get("MUSIC_ADVERSARIES_DATASET") or DEFAULT
    profile = os.environ.get("MUSIC_ADVERSARIES_PROFILE") or "quick"
    return load(name, profile, progress=progress)


def _loader(name: str, profile: str) -> ModuleType:
    if name not in LOADERS:
        raise unknown("dataset", name, LOADERS)
    check_profile(profile)
    return LOADERS[name]
