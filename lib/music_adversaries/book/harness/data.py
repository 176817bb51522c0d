"""The dataset of a configuration.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from functools import lru_cache

from .. import datasets
from ..datasets import Dataset, fingerprints
from .config import Config
from .labelling import labels_by_artist


def load_dataset(config: Config, progress: bool = False) -> Dataset:
    """The dataset of a configuration, generated or verified on first use.

    Notebook: book/02_partitions.ipynb
    """
    dataset = datasets.load(config.dataset, config.profile, config.path, progress=progress)
    fingerprints.remember(dataset)
    return labels_by_artist(dataset) if config.labelling == "by_artist" else dataset


def loaded(config: Config) -> Dataset:
    """A configuration's dataset, loaded once in each process: for workers that run several configurations."""
    return _loaded(config.dataset, config.profile, config.path, config.labelling)


@lru_cache(maxsize=2)
def _loaded(name: str, profile: str, path: str | None, labelling: str) -> Dataset:
    return load_dataset(Config(dataset=name, profile=profile, path=path, labelling=labelling))
