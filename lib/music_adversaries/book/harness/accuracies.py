"""The systems of a grid, each tested on its partition.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from typing import Any

from ...evaluation import FigureOfMerit
from .config import Config
from .data import load_dataset
from .grid import train_all
from .systems import test_set, trained_system


def accuracies(grid: list[Config], progress: bool) -> list[dict[str, Any]]:
    """Train the systems of a grid, and test each on the test part of its partition; a row for each."""
    train_all(grid, progress=progress)
    rows = []
    loaded = {name: load_dataset(one) for name, one in {one.dataset: one for one in grid}.items()}
    for one in grid:
        dataset = loaded[one.dataset]
        system = trained_system(one, dataset, progress=False)
        waveforms, truth = test_set(system, dataset)
        predicted = [decision.label for decision in system.classify_all(waveforms)]
        merit = FigureOfMerit(truth, predicted, system.labels)
        rows.append(
            {
                "partition": one.partition,
                "seed": one.seed,
                "n_test": len(truth),
                "accuracy": merit.accuracy,
                "normalised_accuracy": merit.normalised_accuracy,
            }
        )
    return rows
