"""Every system of the paper on every excerpt, by folds that keep each artist in one part.

A small dataset has too few test excerpts in one partition. So each excerpt is tested once: artists are divided
into folds, and each fold is the test part of systems that are trained on the others.

Paper: Section 2.3, Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ...evaluation import Estimate, mcnemar, paired_permutation
from .. import partitions
from ..datasets import Dataset
from ..harness.config import Config
from ..harness.decisions import Job, decide_all
from ..harness.experiment import Experiment, Measured
from ..harness.recipes import BASELINE, networks
from ..harness.systems import labels_of, trained_system
from ..measurements import measurement
from .partition_folds import N_FOLDS
from .table1 import accuracies_of, pooled

FORESTS: tuple[int | str, ...] = ("all",)


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy of every system over all excerpts, each tested once a seed, with intervals over artists.

    Classes with fewer artists than folds are left out. ``chance`` is 1 / number of classes or the share of the
    largest class, whichever is larger. Table ``pairs`` compares every two systems: by McNemar's test, which takes
    excerpts as independent, and by a permutation test, which takes artists as independent.
    """
    labels = partitions.folds(dataset.manifest, seed=0, n_folds=N_FOLDS, by="artist")[0].labels
    config = config.but(labels=None if labels == dataset.labels else labels)
    jobs = []
    for seed in config.repeats(1):
        for fold in range(N_FOLDS):
            here = config.but(partition=f"artist_fold_{fold + 1}_of_{N_FOLDS}", seed=seed)
            jobs += [Job(here.but(system=name), forests=FORESTS) for name in networks(config.profile)]
            jobs += [Job(here.but(system="cdnn")), Job(here, baselines=True)]
    found = decide_all(jobs, dataset, progress=progress)

    decided = pooled(found, dataset)
    decided["partition"] = "artist_filtered"
    counted = accuracies_of(decided)
    measurements = [
        measurement("accuracy", counted.accuracy(cell), system=cell[0], classifier=cell[1]) for cell in counted.names
    ]
    tested = decided[(decided["system"] == BASELINE) & (decided["classifier"] == "shared")]
    shares = tested["excerpt"].map(labels_of(dataset)).value_counts(normalize=True)
    chance = max(1 / len(labels), float(shares.max()))
    measurements.append(measurement("chance", Estimate(chance, chance, chance, len(tested), "fraction")))

    places = {(system, classifier): place for place, (system, classifier, _) in enumerate(counted.names)}
    for system in (*networks(config.profile), "cdnn"):
        a, b = places[system, "network"], places[BASELINE, "shared"]
        difference = counted.statistic(partial(_difference, a, b))
        measurements.append(measurement("difference", difference, system=system, classifier="network", minus=BASELINE))
    return measurements, {
        "pairs": _pairs(decided),
        "decisions": _said(found),
        "labels": [{"label": label} for label in labels],
        "trainings": [
            {
                "system": one["system"],
                "fold": one["partition"],
                "seed": one["seed"],
                "epochs": one["epochs"],
                "n_train": one["n_train"],
                "seconds": one["seconds"],
            }
            for one in found
            if one["epochs"]
        ],
        "filters": _filters(next(job.config for job in jobs if job.system == "cdnn"), dataset),
    }


def _difference(a: int, b: int, accuracies: np.ndarray) -> np.ndarray:
    return accuracies[..., a] - accuracies[..., b]


def _filters(config: Config, dataset: Dataset) -> list[dict[str, object]]:
    """The four largest filters of the first layer of one convolutional network, frames by bins.

    They are recorded for a figure, since training the network takes too long for a page.
    """
    weights = trained_system(config, dataset, progress=False).network.state_dict()["weight1"][:, 0]
    largest = weights.flatten(1).norm(dim=1).argsort(descending=True, stable=True)[:4].tolist()
    return [
        {"filter": index, "weights": [[round(w, 4) for w in row] for row in weights[index].tolist()]}
        for index in largest
    ]


def _pairs(decided: pd.DataFrame) -> list[dict[str, object]]:
    """Every two systems compared, with the first seed only, so that an excerpt counts once."""
    first = decided[decided["seed"] == decided["seed"].min()].sort_values("excerpt", kind="stable")
    by = {key: rows for key, rows in first.groupby(["system", "classifier"], sort=False)}
    rows = []
    for (name_a, a), (name_b, b) in combinations(by.items(), 2):
        correct_a, correct_b = a["correct"].tolist(), b["correct"].tolist()
        by_excerpt, by_artist = mcnemar(correct_a, correct_b), paired_permutation(correct_a, correct_b, a["artist"])
        rows.append(
            {
                "a": " ".join(name_a),
                "b": " ".join(name_b),
                "only_a": by_excerpt.only_a,
                "only_b": by_excerpt.only_b,
                "p_excerpts": by_excerpt.p,
                "difference": by_artist.difference,
                "p_artists": by_artist.p,
                "n_artists": by_artist.n,
            }
        )
    return rows


def _said(found: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """The label that each classifier gave to each excerpt, as indices of labels."""
    rows = []
    for one in found:
        labels = one["labels"]
        for classifier, given in one["said"].items():
            rows.append(
                {
                    "system": one["system"],
                    "classifier": classifier,
                    "seed": one["seed"],
                    "fold": one["partition"],
                    "labels": labels,
                    "truth": [labels.index(label) for label in one["truth"]],
                    "said": [labels.index(label) for label in given],
                }
            )
    return rows


EXPERIMENT = Experiment(
    measure, recorded=True, own_processes=True, partitions=lambda *_: (f"artist_fold_1_of_{N_FOLDS}",)
)
