"""What the adversary wants: which label for which excerpt.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..networks import System
from .algorithm1 import attack
from .result import AdversaryResult


def random_targets(system: System, count: int, *, seed: int) -> list[str]:
    """One label an excerpt, drawn uniformly, the right one included.

    A system that obeys is correct with probability 1 / number of labels: the paper's p = 0.1.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return [system.labels[i] for i in np.random.default_rng(seed).integers(len(system.labels), size=count)]


def always(system: System, label: str, count: int) -> list[str]:
    """The same label for every excerpt.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return [system.labels[system.label_index(label)]] * count


def every_label(system: System, waveform: np.ndarray, **settings: Any) -> list[AdversaryResult]:
    """An ensemble of adversaries: the same waveform, once for every label of the system.

    ``settings`` are those of `attack`.

    Paper: Section 4
    Notebook: book/06_ensembles.ipynb
    """
    waveforms: Sequence[np.ndarray] = [waveform] * len(system.labels)
    return attack(system, waveforms, list(system.labels), **settings)
