"""How much the score depends on the partition: random against filtered, over seeds.

Paper: Section 2.4, Table 1
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from ..datasets import Dataset
from ..harness.accuracies import accuracies, by_partition
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.systems import common_labels


def compared(dataset: Dataset) -> tuple[str, ...]:
    """The partitions worth comparing on a dataset.

    Track-filtered only if tracks have several excerpts; fault-filtered only if faults are known.
    """
    manifest = dataset.manifest
    names = ["random", "artist_filtered"]
    if manifest.table["path"].duplicated().any():
        names.insert(1, "track_filtered")
    if (manifest.table["fault"] != "").any() or "fault_filtered" in manifest.partitions:
        names.append("fault_filtered")
    return tuple(names)


def grid(config: Config, dataset: Dataset) -> list[Config]:
    """The systems that the experiment needs."""
    # A class that cannot be artist-filtered is left out of all partitions.
    config = config.but(labels=common_labels(config, dataset))
    return [config.but(partition=name, seed=seed) for seed in config.repeats() for name in compared(dataset)]


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Test accuracy of one system for every seed, on each partition of the same classes.

    The interval of a difference is Student's over seeds; a seed draws the partition, the initial
    weights and the order of frames. The seeds share excerpts, so the interval holds for this dataset only.
    """
    needed = grid(config, dataset)
    labels = needed[0].labels or dataset.labels
    rows = accuracies(needed, progress)
    return by_partition(rows), {"by_seed": rows, "labels": [{"label": label} for label in labels]}


EXPERIMENT = Experiment(measure, systems=grid, partitions=lambda _, dataset: compared(dataset), least_seeds=2)
