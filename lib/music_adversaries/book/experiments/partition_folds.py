"""The effect of the partition, over folds: every excerpt is tested, so that few artists suffice.

If a class has only a handful of artists, the result of one split is a matter of luck. Here every excerpt is
tested once in each repeat. Excerpts, whole tracks or whole artists are kept in one fold.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import pandas as pd

from ...evaluation import mean_interval
from .. import partitions
from ..datasets import Dataset
from ..harness.accuracies import by_partition
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.grid import train_all
from ..harness.systems import trained_system
from ..measurements import measurement

N_FOLDS = 4


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy over all excerpts for every repeat, by what is kept in one fold.

    The interval of an accuracy is Student's over repeats; a repeat draws the folds, the initial weights
    and the order of frames. The repeats share all excerpts, so the interval holds for this dataset only.
    ``difference_over_artists`` asks whether the difference would hold for other artists: its interval is
    Student's over artists, each counted once.
    """
    groups = {"random": "excerpt", "track_filtered": "track", "artist_filtered": "artist"}
    if not dataset.manifest.table["path"].duplicated().any():
        del groups["track_filtered"]
    labels = partitions.folds(dataset.manifest, seed=0, n_folds=N_FOLDS, by="artist")[0].labels
    config = config.but(labels=None if labels == dataset.labels else labels)
    grid = {
        (name, seed, fold): config.but(partition=f"{by}_fold_{fold + 1}_of_{N_FOLDS}", seed=seed)
        for name, by in groups.items()
        for seed in config.repeats()
        for fold in range(N_FOLDS)
    }
    train_all(grid.values(), progress=progress)

    rows = []
    label_of = dict(zip(dataset.manifest.table["excerpt"], dataset.manifest.table["label"], strict=True))
    waveforms = dataset.load_all(progress)  # once: each is tested many times
    for (name, seed, fold), one in grid.items():
        system = trained_system(one, dataset, progress=False)
        tested = system.metadata["parts"]["test"]
        decisions = system.classify_all({excerpt: waveforms[excerpt] for excerpt in tested})
        rows += [
            {
                "partition": name,
                "seed": seed,
                "fold": fold,
                "excerpt": excerpt,
                "correct": decision.label == label_of[excerpt],
            }
            for excerpt, decision in zip(tested, decisions, strict=True)
        ]
    frame = pd.DataFrame(rows)
    frame["artist"] = partitions.clusters(dataset.manifest, frame["excerpt"])
    counted = frame.groupby(["partition", "seed"], sort=False)["correct"].agg(accuracy="mean", n_test="size")
    by_seed = counted.reset_index().to_dict("records")
    by_artist = frame.pivot_table(index="artist", columns="partition", values="correct", aggfunc="mean")
    drop = by_artist["random"] - by_artist["artist_filtered"]
    over_artists = measurement(
        "difference_over_artists", mean_interval(drop.tolist()), partition="random", minus="artist_filtered"
    )
    return [*by_partition(by_seed), over_artists], {
        "by_seed": by_seed,
        "by_artist": by_artist.reset_index().to_dict("records"),
        "labels": [{"label": label} for label in labels],
    }


EXPERIMENT = Experiment(measure, recorded=True, partitions=lambda *_: (f"artist_fold_1_of_{N_FOLDS}",), least_seeds=2)
