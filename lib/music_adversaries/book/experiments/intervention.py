"""Does a system hear the genre or the producer? The same performances, produced by another artist.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...evaluation import mean_interval
from ..datasets import Dataset
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured
from ..harness.systems import test_set, trained_system
from ..measurements import Measurement, measurement

PRODUCERS = 4  # for each excerpt


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Labels of test excerpts before and after other artists have produced them.

    The producers of an excerpt are drawn from the artists of other genres in the system's training part. Every
    note that is played stays the same, so only the production can change the label.
    Shares are taken over an excerpt's producers, and intervals are Student's over excerpts. ``drop`` is the accuracy
    with the excerpt's own production minus that with another; ``pull`` is how much more often the excerpt gets the
    producer's label with that producer's production than with its own.
    """
    from ..datasets import synthetic

    table = dataset.manifest.table.set_index("excerpt")
    systems, asked = {}, {}
    for partition in PARTITIONS:
        system = systems[partition] = trained_system(config.but(partition=partition), dataset, progress=False)
        rng = np.random.default_rng(config.seed)
        waveforms, _ = test_set(system, dataset)
        # It is not defined what another production of a faulty excerpt would be.
        chosen = [excerpt for excerpt in waveforms if table["fault"][excerpt] == ""]
        learnt = table.loc[system.metadata["parts"]["train"]]
        learnt = learnt[learnt["fault"] == ""].drop_duplicates("artist")
        before = system.classify_all({excerpt: waveforms[excerpt] for excerpt in chosen})
        for excerpt, decision in zip(chosen, before, strict=True):
            producers = learnt[learnt["label"] != table["label"][excerpt]]
            producers = producers.iloc[rng.choice(len(producers), PRODUCERS, replace=False)]
            asked[partition, excerpt] = producers.set_index("artist")["label"], decision.label

    again = {}
    # Excerpt by excerpt, so that one that both partitions test is played only once.
    for partition, excerpt in sorted(asked, key=lambda job: job[1]):
        producers, _ = asked[partition, excerpt]
        made = {name: synthetic.rerender(excerpt, artist=name, profile=config.profile) for name in producers.index}
        again[partition, excerpt] = systems[partition].classify_all(made)

    rows = [
        {
            "partition": partition,
            "excerpt": excerpt,
            "label": table["label"][excerpt],
            "producer": producer,
            "producer_label": genre,
            "before": before,
            "after": after.label,
        }
        for (partition, excerpt), (producers, before) in asked.items()
        for (producer, genre), after in zip(producers.items(), again[partition, excerpt], strict=True)
    ]
    frame, found = pd.DataFrame(rows), []
    for partition in PARTITIONS:
        found += _measurements(frame[frame["partition"] == partition], partition)
    # The effect of another production on the systems of both partitions.
    found += [row for row in _measurements(frame, "both") if row["quantity"] in ("drop", "pull")]
    return found, {"excerpts": rows}


def _measurements(rows: pd.DataFrame, partition: str) -> list[Measurement]:
    """Accuracy, changed labels, and labels of the producer's genre, all averaged over excerpts."""
    flags = {
        ("accuracy", "own"): rows["before"] == rows["label"],
        ("accuracy", "another"): rows["after"] == rows["label"],
        ("changed", None): rows["before"] != rows["after"],
        ("producers_label", "own"): rows["before"] == rows["producer_label"],
        ("producers_label", "another"): rows["after"] == rows["producer_label"],
    }
    share = {key: flag.groupby(rows["excerpt"]).mean() for key, flag in flags.items()}
    differences = {
        "drop": share["accuracy", "own"] - share["accuracy", "another"],
        "pull": share["producers_label", "another"] - share["producers_label", "own"],
    }
    return [
        *(
            measurement(quantity, mean_interval(values, unit="fraction"), partition=partition, production=production)
            for (quantity, production), values in share.items()
        ),
        *(measurement(quantity, mean_interval(v), partition=partition) for quantity, v in differences.items()),
    ]


EXPERIMENT = Experiment(measure, needs="synthetic", partitions=lambda *_: PARTITIONS, seconds=70.0)
