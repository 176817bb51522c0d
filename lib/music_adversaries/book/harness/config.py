"""The configuration of an experiment, frozen and hashable."""

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
    """Version of the code that a module runs: its own and that of its imports, see `source.imported_by`.

    Of ``book/datasets`` only the code that reads recordings counts; the content of a dataset has its own fingerprint.
    The modules in ``without`` are left out.
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
    labelling: str = "true"  #: or "by_artist": labels that depend on the artist only, see `labels_by_artist`
    partition: str = "random"  #: a name that `partitions.named` knows
    labels: tuple[str, ...] | None = None  #: only these classes; None: all
    system: str = "dnn50"  #: a name that `recipe` knows
    seed: int = 0  #: of the partition, the initial weights and the order of frames
    seeds: tuple[int, ...] = ()  #: for experiments that repeat themselves; empty: each has its own default
    snr: float = 15.0  #: dB
    confidence: float = 0.9
    step: float = 0.1
    max_iterations: int = 100
    device: str = "cpu"  #: where networks are trained, as PyTorch names it: "cpu", "cuda"

    def __post_init__(self) -> None:
        if self.labelling not in LABELLINGS:
            raise InputError(f"labelling is {self.labelling!r}; choose one of {', '.join(LABELLINGS)}.")
        recipe(self.system)  # refuses an unknown system now
        for seed in (self.seed, *self.seeds):
            if not 0 <= seed <= LARGEST_SEED:
                raise InputError(f"seed is {seed}; choose one from 0 to {LARGEST_SEED:,}.")

    def but(self, **changes: Any) -> Config:
        """The same configuration with some fields changed."""
        return dataclasses.replace(self, **changes)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the system's name."""
        return recipe(self.system)

    def repeats(self, default: int = N_SEEDS) -> tuple[int, ...]:
        """The seeds to repeat an experiment with: ``seeds``, or ``default`` of them, from 0."""
        return self.seeds or tuple(range(default))

    def of_system(self) -> Config:
        """Only the fields that determine a trained system, without attack and repeats."""
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
        """Hash of this configuration and of the ``ingredients``: all else that determines a result.

        The folder of the recordings is left out; their content counts by the dataset's fingerprint. The shares of
        train, valid and test are included, since the dataset determines them.
        """
        mine = dataclasses.asdict(self) | {"path": None, "shares": datasets.shares(self.dataset)}
        content = json.dumps([mine, *ingredients], sort_keys=True, default=list)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def from_environment(**changes: Any) -> Config:
    """The configuration of the notebooks, from ``MUSIC_ADVERSARIES_DATASET``, ``_PROFILE`` and ``_FOLDER``.

    Notebook: book/01_introduction.ipynb
    """
    folder = os.environ.get("MUSIC_ADVERSARIES_FOLDER")
    name = os.environ.get("MUSIC_ADVERSARIES_DATASET") or datasets.DEFAULT
    return Config(
        dataset=name,
        profile=os.environ.get("MUSIC_ADVERSARIES_PROFILE") or "quick",
        path=str(Path(folder).resolve()) if folder and name == "folder" else None,
    ).but(**changes)
