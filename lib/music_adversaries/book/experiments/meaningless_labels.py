"""Far above chance with labels that mean nothing: what an accuracy does not prove.

Every artist gets a label drawn without regard to genre. Nothing about music can be learned from such
labels. Yet a system can score above chance if it was trained on the artists of the test excerpts.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections import Counter

from ...evaluation import Estimate, mean_interval
from ..datasets import Dataset
from ..harness.accuracies import accuracies, on_partition
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured
from ..harness.labelling import labels_by_artist
from ..harness.systems import common_labels, labels_of, partition_of
from ..measurements import measurement

N_SEEDS = 3


def grid(config: Config, dataset: Dataset) -> list[Config]:
    """The systems that the experiment needs, for a dataset with its true labels."""
    dataset = labels_by_artist(dataset)
    config = config.but(labelling="by_artist")
    config = config.but(labels=common_labels(config, dataset))
    return [config.but(partition=name, seed=seed) for seed in config.repeats(N_SEEDS) for name in PARTITIONS]


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy of one system on meaningless labels, random and artist-filtered, over seeds.

    The labels are drawn once; a seed draws the partition, the initial weights and the order of frames. The
    intervals are Student's over seeds, which share excerpts and labels. ``chance`` is the accuracy of always giving
    the most frequent label of the test excerpts of the random partition: the mean over seeds, with the smallest and the
    largest as its ends.
    """
    needed = grid(config, dataset)
    dataset = labels_by_artist(dataset)
    rows = accuracies(needed, progress)
    means = {name: mean_interval(on_partition(rows, name), unit="fraction") for name in PARTITIONS}
    shares = [_most_frequent(one, dataset) for one in needed if one.partition == "random"]
    chance = Estimate(sum(shares) / len(shares), min(shares), max(shares), len(shares), "fraction")
    return [
        *(measurement("accuracy", mean, partition=name) for name, mean in means.items()),
        measurement("chance", chance),
    ], {"by_seed": rows}


def _most_frequent(config: Config, dataset: Dataset) -> float:
    """Share of the test excerpts with the most frequent label."""
    label_of, test = labels_of(dataset), partition_of(config, dataset).excerpts("test")
    return max(Counter(label_of[excerpt] for excerpt in test).values()) / len(test)


EXPERIMENT = Experiment(measure, systems=grid, least_seeds=2)
