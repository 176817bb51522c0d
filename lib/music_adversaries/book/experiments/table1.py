"""Table 1: random forests on the activations of four networks, on a random and on an artist-filtered partition.

In addition to the table's sixteen forests: the networks' own decisions and the hand-crafted baselines, on the same
excerpts.

Paper: Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...evaluation import Accuracies, Estimate, binomial_p
from .. import partitions
from ..datasets import Dataset
from ..harness.config import PARTITIONS, Config
from ..harness.decisions import LAYERS, Job, decide_all
from ..harness.experiment import Experiment, Measured
from ..harness.recipes import BASELINE, networks
from ..harness.systems import common_labels
from ..measurements import measurement

N_SEEDS = {"quick": 3, "full": 1}
FORESTS = tuple(f"forest {layers}" for layers in LAYERS)


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy of every cell, and statistics over all cells.

    Accuracy is plain, as in the paper: the share of test excerpts that are labelled correctly, here pooled over seeds.
    Intervals resample artists, the same ones for all cells and both partitions, so a difference has the interval of a
    paired comparison. ``drop`` is accuracy on the random partition minus that on the filtered one. Its condition
    ``forests`` says whether it is the smallest, the mean or the largest of the sixteen drops. The smallest of several
    resampled drops tends to be smaller than the smallest drop, so its interval is too low rather than too high.
    """
    config = config.but(labels=common_labels(config, dataset))
    seeds = config.repeats(N_SEEDS[config.profile])
    jobs = [
        job
        for seed in seeds
        for partition in PARTITIONS
        for here in [config.but(partition=partition, seed=seed)]
        for job in [
            *(Job(here.but(system=name), forests=LAYERS) for name in networks(config.profile)),
            Job(here, baselines=True),
        ]
    ]
    found = decide_all(jobs, dataset, progress=progress)

    decided = pooled(found, dataset)
    cells = [(name, forest) for name in networks(config.profile) for forest in FORESTS]
    counted = accuracies_of(decided)

    def drop(accuracies: np.ndarray) -> np.ndarray:
        """Accuracy on the random partition minus that on the filtered one, for each cell."""
        at = {p: counted.places([(*cell, p) for cell in cells]) for p in PARTITIONS}
        return accuracies[..., at["random"]] - accuracies[..., at["artist_filtered"]]

    figure = {"system": networks(config.profile)[-1], "classifier": FORESTS[-1]}
    filtered = counted.places([(*cell, "artist_filtered") for cell in cells])
    of_figure = counted.places([(figure["system"], figure["classifier"], "artist_filtered")])[0]
    baseline = counted.places([(BASELINE, "shared", "artist_filtered")])[0]
    against = {"partition": "artist_filtered", "minus": BASELINE}
    statistics: list[tuple[str, dict[str, str], Callable[[np.ndarray], np.ndarray]]] = [
        ("drop", {"forests": "smallest"}, lambda a: drop(a).min(-1)),
        ("drop", {"forests": "mean"}, lambda a: drop(a).mean(-1)),
        ("drop", {"forests": "largest"}, lambda a: drop(a).max(-1)),
        ("difference", {"forests": "mean", **against}, lambda a: a[..., filtered].mean(-1) - a[..., baseline]),
        ("difference", {"forests": "best", **against}, lambda a: a[..., filtered].max(-1) - a[..., baseline]),
        ("difference", {**figure, **against}, lambda a: a[..., of_figure] - a[..., baseline]),
    ]
    least = counted.statistic(lambda a: a[..., filtered].min(-1), unit="fraction")
    tables = _tables(found)
    n_filtered = sum(row["n_test"] for row in tables["tests"] if row["partition"] == "artist_filtered")
    chance = max(row["chance"] for row in tables["tests"])
    return [
        *(
            measurement("accuracy", counted.accuracy(cell), system=cell[0], classifier=cell[1], partition=cell[2])
            for cell in counted.names
        ),
        *(measurement(quantity, counted.statistic(function), **of) for quantity, of, function in statistics),
        measurement("accuracy", least, forests="least", partition="artist_filtered"),
        measurement("chance", Estimate(chance, chance, chance, n_filtered, "fraction")),
    ], tables


def pooled(found: Sequence[dict[str, Any]], dataset: Dataset) -> pd.DataFrame:
    """A row for every test of a classifier: system, classifier, partition, seed, excerpt, artist, correct."""
    rows = []
    for one in found:
        for classifier, said in one["said"].items():
            rows.append(
                pd.DataFrame(
                    {
                        "system": one["system"],
                        "classifier": classifier,
                        "partition": one["partition"],
                        "seed": one["seed"],
                        "excerpt": one["excerpts"],
                        "correct": [a == b for a, b in zip(said, one["truth"], strict=True)],
                    }
                )
            )
    frame = pd.concat(rows, ignore_index=True)
    frame["artist"] = partitions.clusters(dataset.manifest, frame["excerpt"])
    return frame


def accuracies_of(decided: pd.DataFrame) -> Accuracies[tuple[str, str, str]]:
    """The accuracy of every (system, classifier, partition), from the rows of `pooled`."""
    by_cell = decided.groupby(["system", "classifier", "partition"], sort=False)
    return Accuracies({cell: (rows["correct"].tolist(), rows["artist"].tolist()) for cell, rows in by_cell})


def _tables(found: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    tests, said, seen = [], [], set()
    for one in found:
        here = (one["partition"], one["seed"])
        labels, truth = one["labels"], one["truth"]
        if here not in seen:
            seen.add(here)
            chance = max(1 / len(labels), max(truth.count(label) for label in labels) / len(truth))
            tests.append(
                {
                    "partition": here[0],
                    "seed": here[1],
                    "n_test": len(truth),
                    "n_train": one["n_train"],
                    "chance": chance,
                    "labels": labels,
                    "truth": [labels.index(label) for label in truth],
                }
            )
        for classifier, given in one["said"].items():
            correct = sum(a == b for a, b in zip(given, truth, strict=True))
            said.append(
                {
                    "system": one["system"],
                    "classifier": classifier,
                    "partition": here[0],
                    "seed": here[1],
                    "correct": correct,
                    "n_test": len(truth),
                    "p": binomial_p(correct, len(truth), tests[-1]["chance"]),
                    "said": [labels.index(label) for label in given],
                }
            )
    jobs = [
        {name: one[name] for name in ("system", "partition", "seed", "n_train", "epochs", "seconds")} for one in found
    ]
    return {"tests": tests, "decisions": said, "jobs": jobs}


EXPERIMENT = Experiment(measure, recorded=True, computed_elsewhere=True, own_processes=True)
