"""What an experiment is made of, frozen and hashable."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from .. import datasets
from ..errors import InputError

SEEDS = (0, 1, 2, 3, 4)
PARTITIONS = ("random", "artist_filtered")
SYSTEMS = ("dnn50", "dnn500")


@dataclass(frozen=True)
class Config:
    """Everything that determines a result; two equal configurations give the same numbers.

    Notebook: book/03_training.ipynb
    """

    dataset: str = datasets.DEFAULT
    profile: str = "quick"
    path: str | None = None  #: where the user's recordings are, for datasets that need it
    partition: str = "random"  #: a name that `partitions.named` knows
    labels: tuple[str, ...] | None = None  #: only these classes; all where None
    system: str = "dnn50"  #: three hidden layers of that many units
    seed: int = 0  #: of the partition, the initial weights and the order of frames
    seeds: tuple[int, ...] = SEEDS  #: for experiments that repeat themselves
    snr: float = 15.0  #: dB
    confidence: float = 0.9
    step: float = 0.1
    max_iterations: int = 100

    def __post_init__(self) -> None:
        if self.system not in SYSTEMS:
            raise InputError(f"There is no system {self.system!r}; choose one of {', '.join(SYSTEMS)}.")

    def but(self, **changes) -> Config:
        """The same configuration with some fields changed."""
        return dataclasses.replace(self, **changes)

    @property
    def n_units(self) -> int:
        """Units in a hidden layer."""
        return int(self.system.removeprefix("dnn"))

    def load_dataset(self, progress: bool = False) -> datasets.Dataset:
        """The dataset, generated or verified on first use."""
        return datasets.load(self.dataset, self.profile, self.path, progress=progress)

    def key(self, *ingredients: str) -> str:
        """Hash of this configuration and of whatever else determines a result."""
        content = json.dumps([dataclasses.asdict(self), *ingredients], sort_keys=True, default=list)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def from_environment(**changes) -> Config:
    """The configuration that the notebooks run: ``MUSIC_ADVERSARIES_DATASET``, ``_PROFILE`` and ``_FOLDER``.

    Notebook: book/01_introduction.ipynb
    """
    folder = os.environ.get("MUSIC_ADVERSARIES_FOLDER")
    name = os.environ.get("MUSIC_ADVERSARIES_DATASET") or datasets.DEFAULT
    return Config(
        dataset=name,
        profile=os.environ.get("MUSIC_ADVERSARIES_PROFILE") or "quick",
        path=str(Path(folder).resolve()) if folder and name == "folder" else None,
    ).but(**changes)
