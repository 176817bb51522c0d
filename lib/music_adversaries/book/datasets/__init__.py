"""The music: a registry of datasets, each with a manifest and a file for every excerpt.

::

    dataset = datasets.load("synthetic")        # generated on first use
    waveform = dataset.load("blues.00000")      # float32 [n_samples], 22,050 Hz

Goal
    One way to get music of four kinds: invented (``synthetic``, ``synthetic-latin``), real and open
    (``soundtracks``, ``fma-small``), real and in the user's own copy (``gtzan-mini``, ``gtzan``, ``lmd``), or
    any other music (``folder``). The facts about a recording (label, artist, faults) come from its manifest.
    Nothing here knows about systems or adversaries.

To add a dataset, write a module with ``NAME``, ``manifest``, ``info``, ``load``, ``get`` and ``check``, as in
`gtzan`, and name it in :data:`LOADERS`. A module is imported when its dataset is used.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ...errors import InputError
from ...lazily import attach
from . import variants
from .choices import DEFAULT, PROFILES, check_profile, unknown

if TYPE_CHECKING:
    from .base import CheckReport, Dataset, DatasetInfo, Problem
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
    "collection",
    "from_environment",
    "get",
    "load",
    "manifest_of",
    "outline",
    "shares",
]

attach(__name__, {"base": ("CheckReport", "Dataset", "DatasetInfo", "Problem"), "manifest": ("Manifest",)})

LOADERS: dict[str, str] = {
    "synthetic": "synthetic_dataset",
    "synthetic-latin": "synthetic_latin",
    "gtzan-mini": "gtzan_mini",
    "gtzan": "gtzan",
    "lmd": "lmd",
    "soundtracks": "soundtracks",
    "fma-small": "fma_small",
    "folder": "folder",
}
"""The module of each dataset here, by the dataset's name."""


def available() -> list[DatasetInfo]:
    """Every dataset with what it is and where it is; nothing is fetched or verified."""
    return [_module(name).info() for name in LOADERS]


def load(name: str, profile: str = "quick", path: Path | str | None = None, progress: bool = True) -> Dataset:
    """A dataset, generated or verified on first use and quick to load after that.

    Parameters
    ----------
    name : one of those that :func:`available` lists; knobs of ``synthetic`` and ``synthetic-latin`` may
        follow, as in ``"synthetic:production_strength=0,habit_strength=0,faults=no"``
    profile : ``"quick"`` or ``"full"``: the length of the excerpts of invented music (6 s or 30 s);
        real recordings are the same in both
    path : where the audio is; needed for ``folder``, possible for real recordings
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
    loader, knobs = _loader(name, profile)
    if not knobs:
        return loader.load(profile, path, progress)
    if path is not None:
        raise InputError(f"{name} is generated and needs no path, but {path} was given; leave it out.")
    dataset = loader.load_doses(profile, [knobs], progress)[0]
    dataset.name = name
    return dataset


def get(
    name: str,
    path: Path | str | None = None,
    profile: str = "quick",
    progress: bool = True,
    allow_missing: bool = False,
) -> CheckReport:
    """Generate, download or find a dataset, verify it, and remember where it is.

    Parameters
    ----------
    allow_missing : continue without excerpts that are missing or corrupt, now and whenever the dataset is
        loaded later; the dataset's notes name them
    others : as in :func:`load`

    Raises
    ------
    InputError
        As :func:`load`; also when the dataset does not support ``allow_missing``.
    """
    loader, knobs = _loader(name, profile)
    if knobs:
        from .base import CheckReport

        dataset = load(name, profile, path, progress)
        return CheckReport(name, profile, next(iter(dataset.files.values())).parents[1], len(dataset))
    if not allow_missing:
        return loader.get(profile, path, progress)
    if "allow_missing" not in inspect.signature(loader.get).parameters:
        raise InputError(f"{name} cannot be used with excerpts missing; leave --allow-missing out.")
    return loader.get(profile, path, progress, allow_missing=True)


def check(name: str, path: Path | str | None = None, profile: str = "quick", progress: bool = True) -> CheckReport:
    """Verify every file of a dataset again, and report each that is missing or corrupt.

    Raises
    ------
    InputError
        When the name or profile is unknown, or nothing of the dataset is here. Files that are missing
        or corrupt are in the report's ``problems``.
    """
    loader, knobs = _loader(name, profile)
    if knobs:
        raise InputError(f"{name} is a variant and verified whenever it is loaded; check {loader.NAME} itself.")
    return loader.check(profile, path, progress)


def manifest_of(name: str, profile: str = "quick", path: Path | str | None = None) -> Manifest:
    """What a dataset holds: its committed or computed manifest if there is one, else the manifest of the copy here.

    No audio is needed for ``synthetic``, ``synthetic-latin``, ``gtzan-mini``, ``gtzan``, ``lmd`` (its public
    part) and ``soundtracks``.

    Raises
    ------
    InputError
        As :func:`load`.

    >>> from music_adversaries.book import datasets
    >>> len(datasets.manifest_of("gtzan")), len(datasets.manifest_of("gtzan").labels)
    (1000, 10)

    Notebook: book/02_partitions.ipynb
    """
    loader, knobs = _loader(name, profile)
    if knobs:
        return loader.manifest(profile, **knobs)
    if path is not None or not hasattr(loader, "manifest"):
        dataset = load(name, profile, path)
        return dataclasses.replace(dataset.manifest, notes=dataset.notes.get("", ()))
    return loader.manifest(profile) if "profile" in inspect.signature(loader.manifest).parameters else loader.manifest()


def outline(name: str, profile: str = "quick", path: Path | str | None = None) -> Manifest | None:
    """The manifest as far as it can be known before any file is opened; None where it cannot.

    Raises
    ------
    InputError
        As :func:`load`, of the name, the profile and the path.
    """
    loader, _ = _loader(name, profile)
    if hasattr(loader, "outline"):
        found: Manifest = loader.outline(path)
        return found
    return manifest_of(name, profile) if hasattr(loader, "manifest") else None


def collection(name: str, path: Path | str | None = None) -> str:
    """Which of the user's collections a dataset is, in one short word; ``""`` where there is one only.

    Raises
    ------
    InputError
        As :func:`load`, of the path.
    """
    module = _module(variants.split(name)[0])
    return str(module.collection(path)) if hasattr(module, "collection") else ""


def shares(name: str) -> tuple[float, float, float]:
    """Shares of train, valid and test in drawn partitions of a dataset, as in the paper.

    Paper: Section 2.3
    """
    base, _ = variants.split(name)
    if base not in LOADERS:
        raise unknown("dataset", base, LOADERS)
    return getattr(_module(base), "SHARES", (0.5, 0.25, 0.25))


def from_environment(progress: bool = False) -> Dataset:
    """The dataset that the environment names; the notebooks work on it.

    ``MUSIC_ADVERSARIES_DATASET`` is its name (``synthetic`` by default), ``MUSIC_ADVERSARIES_PROFILE``
    its profile (``quick``); variables like ``MUSIC_ADVERSARIES_GTZAN_MINI`` and ``MUSIC_ADVERSARIES_FOLDER``
    say where real recordings are. Shows no progress unless asked, so that a page is the same each time.

    Raises
    ------
    InputError
        As :func:`load`.

    Notebook: book/02_partitions.ipynb
    """
    name = os.environ.get("MUSIC_ADVERSARIES_DATASET") or DEFAULT
    profile = os.environ.get("MUSIC_ADVERSARIES_PROFILE") or "quick"
    return load(name, profile, progress=progress)


def _loader(name: str, profile: str) -> tuple[ModuleType, Mapping[str, object]]:
    base, knobs = variants.split(name)
    if base not in LOADERS:
        raise unknown("dataset", base, LOADERS)
    check_profile(profile)
    loader = _module(base)
    if knobs and not hasattr(loader, "load_doses"):
        raise InputError(f"{base} has no knobs to turn; name it without {name[len(base) :]!r}.")
    return loader, knobs


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{LOADERS[name]}")
