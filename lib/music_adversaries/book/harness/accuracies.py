"""The systems of a grid, each tested on its partition, and the differences between partitions.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from ...evaluation import FigureOfMerit, mean_interval
from ..measurements import Measurement, measurement
from .config import Config
from .data import load_dataset
from .grid import train_all
from .systems import test_set, trained_system


class Tested(TypedDict):
    """The result of one system of a grid on the test part of its partition."""

    partition: str
    seed: int
    n_test: int
    accuracy: float
    normalised_accuracy: float


def accuracies(grid: list[Config], progress: bool) -> list[Tested]:
    """Train the systems of a grid, and test each on the test part of its partition; one row for each."""
    train_all(grid, progress=progress)
    rows: list[Tested] = []
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


def on_partition(rows: Iterable[Tested], partition: str) -> list[float]:
    """The accuracies on one partition, one for each seed."""
    return [row["accuracy"] for row in rows if row["partition"] == partition]


def below_random(rows: Iterable[Tested], partition: str) -> list[float]:
    """Accuracy on the random partition minus that on another, seed by seed."""
    return [a - b for a, b in zip(on_partition(rows, "random"), on_partition(rows, partition), strict=True)]


def by_partition(rows: list[Tested], **conditions: object) -> list[Measurement]:
    """``accuracy`` on each partition, and the ``difference`` random minus each other partition, over seeds.

    Parameters
    ----------
    rows : list of Tested
        One for every seed and partition, from `accuracies`.
    conditions
        Added to every measurement.

    Notebook: book/02_partitions.ipynb
    """
    names = list(dict.fromkeys(row["partition"] for row in rows))
    means = {name: mean_interval(on_partition(rows, name), unit="fraction") for name in names}
    found = [measurement("accuracy", mean, partition=name, **conditions) for name, mean in means.items()]
    for name in names:
        if name != "random":
            difference = mean_interval(below_random(rows, name))
            found.append(measurement("difference", difference, partition="random", minus=name, **conditions))
    return found
