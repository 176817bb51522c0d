"""What an experiment is made of, frozen and hashable."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from .. import datasets
from ..datasets.choices import LARGEST_SEED
from ..source import code_version, imported_by
from .labelling import LABELLINGS
from .recipes import Recipe, recipe

N_SEEDS = 5
PARTITIONS = ("random", "artist_filtered")


def code_of(module: str, *without: str) -> str:
    """Version of the code that a module runs: its own and what it imports, see `source.imported_by`.

    Of datasets, what reads their recordings; for what a dataset holds its fingerprint stands. Without whatever else is
    named.
    """
    return code_version(*imported_by(module, without=("book/datasets", *without)), "book/datasets/base")


@dataclass(frozen=True)
class Config:
    """Everything that determines a result; two equal configurations give the same numbers.

    >>> Config().but(partition="artist_filtered").partition
    'artist_filtered'

    Notebook: book/03_training.ipynb
    """

    dataset: str = datasets.DEFAULT
    profile: str = "quick"
    path: str | None = None  #: where the user's recordings are, for datasets that need it
    labelling: str = "true"  #: or "by_artist": labels that say who plays and nothing of what, see `labels_by_artist`
    partition: str = "random"  #: a name that `partitions.named` knows
    labels: tuple[str, ...] | None = None  #: only these classes; all where None
    system: str = "dnn50"  #: a name that `recipe` knows
    seed: int = 0  #: of the partition, the initial weights and the order of frames
    seeds: tuple[int, ...] = ()  #: for experiments that repeat themselves; as many as each thinks right where empty
    snr: float = 15.0  #: dB
    confidence: float = 0.9
    step: float = 0.1
    max_iterations: int = 100
    device: str = "cpu"  #: where networks are trained, as PyTorch names it: "cpu", "cuda"

    def __post_init__(self) -> None:
        if self.labelling not in LABELLINGS:
            raise InputError(f"labelling is {self.labelling!r}; choose one of {', '.join(LABELLINGS)}.")
        recipe(self.system)  # refuses what is none, at once
        for seed in (self.seed, *self.seeds):
            if not 0 <= seed <= LARGEST_SEED:
                raise InputError(f"seed is {seed}; choose one from 0 to {LARGEST_SEED:,}.")

    def but(self, **changes: Any) -> Config:
        """The same configuration with some fields changed."""
        return dataclasses.replace(self, **changes)

    @property
    def recipe(self) -> Recipe:
        """What the system's name stands for."""
        return recipe(self.system)

    def repeats(self, default: int = N_SEEDS) -> tuple[int, ...]:
        """The seeds to repeat an experiment with: ``seeds``, or so many from 0."""
        return self.seeds or tuple(range(default))

    def of_system(self) -> Config:
        """What of it determines a trained system; what the attack will be, and the repeats, do not."""
        return Config(
            dataset=self.dataset,
            profile=self.profile,
            labelling=self.labelling,
            partition=self.partition,
            labels=self.labels,
            system=self.system,
            seed=self.seed,
            device=self.device,
        )

    def key(self, *ingredients: str) -> str:
        """Hash of this configuration and of whatever else determines a result.

        Where the recordings lie is no part of it: what they are is, by the dataset's fingerprint. The shares of train,
        valid and test are, since the dataset decides them.
        """
        mine = dataclasses.asdict(self) | {"path": None, "shares": datasets.shares(self.dataset)}
        content = json.dumps([mine, *ingredients], sort_keys=True, default=list)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def from_environment(**changes: Any) -> Config:
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
