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
from ..harness.beforehand import possible
from ..harness.config import PARTITIONS, Config
from ..harness.decisions import LAYERS, Job, decide_all
from ..harness.experiment import Experiment, Measured
from ..harness.recipes import BASELINE, networks
from ..harness.systems import common_labels
from ..measurements import Measurement, measurement
from ..partitions.names import to_resample

N_SEEDS = {"quick": 3, "full": 1}
FILTERED = PARTITIONS[1]
FORESTS = tuple(f"forest {layers}" for layers in LAYERS)


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy of every cell, and statistics over all cells.

    Accuracy is plain, as the paper's: the share of test excerpts, here pooled over seeds. Intervals resample
    artists, the same ones for all cells and both partitions, so a difference has the interval of a paired
    comparison. ``drop`` is accuracy on the random partition minus that on the filtered one, and ``forests`` says which
    of the sixteen: the smallest is the least of them, and resampling makes it smaller still, so its interval lies low
    rather than high.

    A dataset that cannot be artist-filtered, such as folders of music of which no artist is known, has the random half
    of the table only, and neither drops nor differences.
    """
    filtered_too = isinstance(possible(FILTERED, config, dataset), partitions.Partition)
    if filtered_too:
        config = config.but(labels=common_labels(config, dataset))
    seeds = config.repeats(N_SEEDS[config.profile])
    jobs = [
        job
        for seed in seeds
        for partition in (PARTITIONS if filtered_too else ("random",))
        for here in [config.but(partition=partition, seed=seed)]
        for job in [
            *(Job(here.but(system=name), forests=LAYERS) for name in networks(config.profile)),
            Job(here, baselines=True),
        ]
    ]
    found = decide_all(jobs, dataset, progress=progress)

    counted = accuracies_of(pooled(found, dataset))
    tables = _tables(found)
    chance = max(row["chance"] for row in tables["tests"])
    n_tests = sum(row["n_test"] for row in tables["tests"] if row["partition"] == FILTERED or not filtered_too)
    return [
        *(
            measurement("accuracy", counted.accuracy(cell), system=cell[0], classifier=cell[1], partition=cell[2])
            for cell in counted.names
        ),
        *(_of_both(counted, config.profile) if filtered_too else ()),
        measurement("chance", Estimate(chance, chance, chance, n_tests, "fraction")),
    ], tables


def _of_both(counted: Accuracies[tuple[str, str, str]], profile: str) -> list[Measurement]:
    """What the two partitions differ by, and what is said of the filtered one."""
    cells = [(name, forest) for name in networks(profile) for forest in FORESTS]

    def drop(accuracies: np.ndarray) -> np.ndarray:
        """Accuracy on the random partition minus that on the filtered one, for each cell."""
        at = {p: counted.places([(*cell, p) for cell in cells]) for p in PARTITIONS}
        return accuracies[..., at["random"]] - accuracies[..., at[FILTERED]]

    figure = {"system": networks(profile)[-1], "classifier": FORESTS[-1]}
    filtered = counted.places([(*cell, FILTERED) for cell in cells])
    of_figure = counted.places([(figure["system"], figure["classifier"], FILTERED)])[0]
    baseline = counted.places([(BASELINE, "shared", FILTERED)])[0]
    against = {"partition": FILTERED, "minus": BASELINE}
    statistics: list[tuple[str, dict[str, str], Callable[[np.ndarray], np.ndarray]]] = [
        ("drop", {"forests": "smallest"}, lambda a: drop(a).min(-1)),
        ("drop", {"forests": "mean"}, lambda a: drop(a).mean(-1)),
        ("drop", {"forests": "largest"}, lambda a: drop(a).max(-1)),
        ("difference", {"forests": "mean", **against}, lambda a: a[..., filtered].mean(-1) - a[..., baseline]),
        ("difference", {"forests": "best", **against}, lambda a: a[..., filtered].max(-1) - a[..., baseline]),
        ("difference", {**figure, **against}, lambda a: a[..., of_figure] - a[..., baseline]),
    ]
    least = counted.statistic(lambda a: a[..., filtered].min(-1), unit="fraction")
    return [
        *(measurement(quantity, counted.statistic(function), **of) for quantity, of, function in statistics),
        measurement("accuracy", least, forests="least", partition=FILTERED),
    ]


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
    frame["artist"] = to_resample(dataset.manifest, frame["excerpt"])
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


EXPERIMENT = Experiment(
    measure,
    recorded=True,
    computed_elsewhere=True,
    own_processes=True,
    partitions=lambda *_: ("random",),
    if_possible=(FILTERED,),
)
