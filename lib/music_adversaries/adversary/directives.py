"""What the adversary wants: a label for each excerpt.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..networks import System
from .attack import attack
from .budget import DEFAULT, Budget
from .model import Model
from .result import AdversaryResult

Labelled = System | Model


def random_targets(system: Labelled, count: int, *, seed: int) -> list[str]:
    """One label for each excerpt, drawn uniformly from all labels, the right one included.

    A system that obeys is correct with probability 1 / number of labels: the paper's p = 0.1.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return [system.labels[i] for i in np.random.default_rng(seed).integers(len(system.labels), size=count)]


def right_with_probability(system: Labelled, truth: Sequence[str], p: float, *, seed: int) -> list[str]:
    """The right label with probability ``p``, else one of the others, drawn uniformly.

    With ``p`` = 1 / number of labels it is the paper's directive, `random_targets`.

    Raises
    ------
    InputError
        When ``p`` is not a probability, a label is unknown, or there is no other label.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    if not 0 <= p <= 1:
        raise InputError(f"p is {p}; give a probability from 0 to 1, such as 0.1.")
    if p < 1 and len(system.labels) < 2:
        raise InputError("The system has one label only, so it cannot be made wrong; choose a system with two or more.")
    rng, labels = np.random.default_rng(seed), system.labels
    right = [system.label_index(label) for label in truth]
    others = rng.integers(max(1, len(labels) - 1), size=len(right))
    obey = rng.random(len(right)) < p
    return [labels[r] if o else labels[(r + 1 + w) % len(labels)] for r, o, w in zip(right, obey, others, strict=True)]


def always_right(system: Labelled, truth: Sequence[str]) -> list[str]:
    """The true label of each excerpt: an adversary that makes the system perfect.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return right_with_probability(system, truth, 1.0, seed=0)


def always_wrong(system: Labelled, truth: Sequence[str], *, seed: int) -> list[str]:
    """For each excerpt a label other than its own, drawn uniformly.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return right_with_probability(system, truth, 0.0, seed=seed)


def always(system: Labelled, label: str, count: int) -> list[str]:
    """The same label for every excerpt.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return [system.labels[system.label_index(label)]] * count


def every_label(
    system: Labelled, waveform: np.ndarray, budget: Budget = DEFAULT, **settings: Any
) -> list[AdversaryResult]:
    """An ensemble of adversaries: the same waveform attacked once for every label of the system.

    ``budget`` and ``settings`` are those of `attack`.

    Paper: Section 4
    Notebook: book/06_ensembles.ipynb
    """
    labels = Model.of(system).labels
    return attack(system, [waveform] * len(labels), labels, budget, **settings)
