"""The hand-crafted baseline and the network, on the same excerpts.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...evaluation import mean_interval
from ..baselines import MFCCBaseline, describe_all
from ..datasets import Dataset
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured
from ..harness.grid import train_all
from ..harness.recipes import BASELINE
from ..harness.systems import common_labels, test_set, trained_system
from ..measurements import measurement

# The partition on which the two are compared has more seeds. With five, the interval of their difference on `synthetic`
# ended so near zero that the verdict could depend on the processor.
N_SEEDS = {"random": 5, "artist_filtered": 10}


def grid(config: Config, dataset: Dataset) -> list[Config]:
    """The systems that the experiment needs."""
    config = config.but(labels=common_labels(config, dataset))
    return [
        config.but(partition=partition, seed=seed)
        for partition in PARTITIONS
        for seed in config.repeats(N_SEEDS[partition])
    ]


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Test accuracy of both systems on both partitions, over five seeds (random) and ten seeds (artist-filtered).

    As in the paper, the baseline learns from training and validation excerpts together, the
    network from the training excerpts alone.
    """
    needed = grid(config, dataset)
    labels = needed[0].labels or dataset.labels
    table = dataset.manifest.table
    label_of = dict(zip(table["excerpt"], table["label"], strict=True))
    wanted = [excerpt for excerpt in dataset.excerpts if label_of[excerpt] in labels]
    described = describe_all({excerpt: dataset.load(excerpt) for excerpt in wanted})
    train_all(needed, progress=progress)

    rows: list[dict[str, Any]] = []
    for one in needed:
        system = trained_system(one, dataset, progress=False)
        waveforms, truth = test_set(system, dataset)
        network = [decision.label for decision in system.classify_all(waveforms)]
        parts = system.metadata["parts"]
        learned = [*parts["train"], *parts["valid"]]
        baseline = MFCCBaseline().fit([described[e] for e in learned], [label_of[e] for e in learned])
        predicted = baseline.predict([described[e] for e in waveforms])
        rows.append(
            {
                "partition": one.partition,
                "seed": one.seed,
                "n_test": len(truth),
                "dnn": float(np.mean([a == b for a, b in zip(network, truth, strict=True)])),
                "baseline": float(np.mean([a == b for a, b in zip(predicted, truth, strict=True)])),
            }
        )
    of = {partition: [row for row in rows if row["partition"] == partition] for partition in PARTITIONS}
    found = [
        measurement(
            "accuracy", mean_interval([row[name] for row in mine], unit="fraction"), system=system, partition=partition
        )
        for partition, mine in of.items()
        for name, system in (("dnn", config.system), ("baseline", BASELINE))
    ]
    difference = mean_interval([row["dnn"] - row["baseline"] for row in of["artist_filtered"]])
    conditions = {"system": config.system, "partition": "artist_filtered", "minus": BASELINE}
    return [*found, measurement("difference", difference, **conditions)], {"by_seed": rows}


EXPERIMENT = Experiment(measure, systems=grid, partitions=lambda *_: PARTITIONS, least_seeds=2, seconds=30.0)
