"""The systems by name: which network, and how it is trained.

``dnn50``, ``dnn500-dropout``: three hidden layers of that many units, plain or with dropout; any other
number works too. ``dnn50-log``, ``dnn50-mel``: the same on logarithms of magnitudes or of mel bands, which the
paper does not have. ``cdnn``: the convolutional network. All values are those of the published
configuration, in both profiles, with one exception: at profile ``quick`` a network with dropout stops as early as a
plain one (10 epochs without improvement, learning rates constant after 50), and not after 50 and 200.

Paper: Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...errors import InputError
from ...networks import CDNN, DNN, Network, Representation, Standardise
from ...networks.slices import SLICE_LENGTH
from ...training import Schedule

DROPOUT = 0.25  # the published probability of *keeping* a unit is 0.75
BASELINE = "mfcc"  #: the system without a network, on hand-crafted features; see `MFCCBaseline`
EXAMPLES = ("dnn50", "dnn50-dropout", "dnn500", "dnn500-dropout", "dnn50-mel", "cdnn")

#: Units in each layer of the networks of Table 1. The paper's larger network takes as long as everything else together,
#: so `quick` has a smaller one.
SIZES = {"quick": (50, 200), "full": (50, 500)}
SUFFIXES = ("", "-dropout")

UPDATES_AN_EPOCH = 538  # GTZAN's 500 training excerpts of 30 s have 645,500 frames: 538 batches of 1,200
SLICES_AN_EPOCH = 6_000  # and 12 slices of each excerpt
LEAST_HOP = SLICE_LENGTH // 4


def batch_size(n_frames: int) -> int:
    """Frames in a batch: the published 1,200 at GTZAN's size, fewer on smaller sets.

    With 1,200 frames, a smaller set would get fewer updates in each epoch, and training would stop before the network
    has learned anything. So an epoch has as many updates as in the paper.
    """
    return int(np.clip(round(n_frames / UPDATES_AN_EPOCH), 32, 1_200))


def training_hop(n_frames: int) -> int:
    """Frames between the starts of training slices: 100 at GTZAN's size, fewer on smaller sets.

    The reason is that of `batch_size`; a batch of 5 slices can hardly shrink, so slices overlap instead.
    The least is a quarter of a slice: closer slices add little. (An older version of the published code has 10.)
    """
    return int(np.clip(n_frames // SLICES_AN_EPOCH, LEAST_HOP, SLICE_LENGTH))


@dataclass(frozen=True)
class Recipe:
    """What a system's name stands for.

    Notebook: book/03_training.ipynb
    """

    n_units: int  #: of a hidden layer; 0 for the convolutional network
    dropout: float = 0.0
    representation: str = "linear"  #: of the magnitudes, see `Representation`

    @property
    def convolutional(self) -> bool:
        """Whether the network reads slices."""
        return not self.n_units

    def network(self, rows: Tensor, n_labels: int, generator: torch.Generator) -> Network:
        """The untrained network, which standardises its input by these training frames or slices."""
        if self.convolutional:
            return CDNN(Standardise.fit(rows), n_labels, generator=generator)
        read = rows if self.representation == "linear" else _in_pieces(Representation(self.representation), rows)
        return DNN(
            Standardise.fit(read),
            n_labels,
            self.n_units,
            dropout=self.dropout,
            representation=self.representation,
            generator=generator,
        )

    def arithmetic(self, profile: str, n_frames: int) -> float:
        """Very roughly how many multiplications and additions a training on ``n_frames`` frames takes."""
        if self.convolutional:
            return 40 * 1.5e9 * n_frames / training_hop(n_frames)
        weights = 513 * self.n_units + 2 * self.n_units**2
        epochs = 40 if not self.dropout or profile != "full" else 140
        overhead = 4e7  # of a step, as if it were arithmetic
        return epochs * (9 * weights * n_frames + UPDATES_AN_EPOCH * overhead)

    def schedule(self, profile: str, n_rows: int) -> Schedule:
        """How it is trained on ``n_rows`` frames or slices."""
        if self.convolutional:
            return Schedule(
                learning_rate=0.001, final_learning_rate=0.00001, ramp_epochs=100, batch_size=5, min_epochs=30
            )
        plain = Schedule(batch_size=batch_size(n_rows))
        if not self.dropout:
            return plain
        patient = {"patience": 50, "ramp_epochs": 200, "max_epochs": 800} if profile == "full" else {}
        return plain.but(learning_rate=0.1, final_learning_rate=0.001, **patient)


def recipe(system: str) -> Recipe:
    """The recipe that a name stands for.

    Raises
    ------
    InputError
        For an unknown name.

    >>> recipe("dnn200-dropout").n_units
    200

    Notebook: book/03_training.ipynb
    """
    if system == "cdnn":
        return Recipe(0)
    found = re.fullmatch(r"dnn([1-9]\d{0,4})(-dropout)?(-log|-mel)?", system)
    if not found:
        raise InputError(f"There is no system {system!r}; choose one like {', '.join(EXAMPLES)}.")
    return Recipe(int(found[1]), DROPOUT if found[2] else 0.0, found[3][1:] if found[3] else "linear")


def networks(profile: str) -> list[str]:
    """The four networks of Table 1.

    Paper: Table 1
    """
    return [f"dnn{size}{suffix}" for size in SIZES[profile] for suffix in SUFFIXES]


def _in_pieces(function: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """``function`` of many rows, piece by piece, so that there are never several copies of all rows."""
    return torch.cat([function(piece) for piece in rows.split(65_536)])
