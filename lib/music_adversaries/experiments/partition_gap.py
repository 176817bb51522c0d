"""How much of the score is owed to the partition: random against artist-filtered, over seeds.

Paper: Section 2.4, Table 1
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from ..datasets import Dataset
from ..evaluation import FigureOfMerit, mean_interval
from .config import PARTITIONS, Config
from .grid import train_all
from .systems import common_labels, test_set, trained_system


def measure(config: Config, dataset: Dataset, progress: bool):
    """Test accuracy of one system for every seed on both partitions of the same classes.

    The interval of the difference is Student's over seeds; a seed draws the partition, the initial
    weights and the order of frames. The seeds share excerpts, so it speaks of this dataset only.
    """
    # Where a class cannot be artist-filtered, both partitions do without it.
    config = config.but(labels=common_labels(config, dataset))
    labels = config.labels or dataset.labels
    grid = [config.but(partition=partition, seed=seed) for seed in config.seeds for partition in PARTITIONS]
    train_all(grid, progress=progress)

    rows = []
    for one in grid:
        system = trained_system(one, dataset, progress=False)
        waveforms, truth = test_set(system, dataset)
        predicted = [decision.label for decision in system.classify_all(waveforms)]
        merit = FigureOfMerit(truth, predicted, labels)
        rows.append(
            {
                "partition": one.partition,
                "seed": one.seed,
                "n_test": len(truth),
                "accuracy": merit.accuracy,
                "normalised_accuracy": merit.normalised_accuracy,
            }
        )
    accuracy = {p: [row["accuracy"] for row in rows if row["partition"] == p] for p in PARTITIONS}
    difference = [a - b for a, b in zip(*(accuracy[p] for p in PARTITIONS), strict=True)]
    results = {p: mean_interval(accuracy[p], unit="fraction").as_record() for p in PARTITIONS}
    results["difference"] = mean_interval(difference).as_record()
    return results, {"by_seed": rows, "labels": [{"label": label} for label in labels]}
