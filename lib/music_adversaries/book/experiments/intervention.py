"""Is it the genre or the producer? The same performances, produced by somebody else.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import InputError
from ...evaluation import mean_interval
from ..datasets import Dataset
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured
from ..harness.systems import test_set, trained_system
from ..measurements import Measurement, measurement

PRODUCERS = 4  # for each excerpt


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Labels of test excerpts before and after other artists have produced them.

    The producers of an excerpt are drawn among the artists of other genres whom the system was trained
    on. What is played stays the same to the note, so a change of label is owed to the production alone.
    Shares are taken over an excerpt's producers, and intervals are Student's over excerpts. ``drop`` is the accuracy
    with the excerpt's own production minus that with another; ``pull`` is how much more often another production gets
    its producer's label.

    Raises
    ------
    InputError
        When the dataset is not ``synthetic``: only there can a performance be produced again.
    """
    from ..datasets import synthetic

    if config.dataset != "synthetic":
        raise InputError(f"intervention renders music again, which {config.dataset} cannot; run it on synthetic.")
    table = dataset.manifest.table.set_index("excerpt")
    systems, asked = {}, {}
    for partition in PARTITIONS:
        system = systems[partition] = trained_system(config.but(partition=partition), dataset, progress=False)
        rng = np.random.default_rng(config.seed)
        waveforms, _ = test_set(system, dataset)
        # Of a faulty excerpt it is not said what another production of it would be.
        chosen = [excerpt for excerpt in waveforms if table["fault"][excerpt] == ""]
        learnt = table.loc[system.metadata["parts"]["train"]]
        learnt = learnt[learnt["fault"] == ""].drop_duplicates("artist")
        before = system.classify_all({excerpt: waveforms[excerpt] for excerpt in chosen})
        for excerpt, decision in zip(chosen, before, strict=True):
            producers = learnt[learnt["label"] != table["label"][excerpt]]
            producers = producers.iloc[rng.choice(len(producers), PRODUCERS, replace=False)]
            asked[partition, excerpt] = producers.set_index("artist")["label"], decision.label

    again = {}
    # Excerpt by excerpt: one that both partitions test is played once.
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
    # What another's production does, whatever the system was trained on.
    found += [row for row in _measurements(frame, "both") if row["quantity"] in ("drop", "pull")]
    return found, {"excerpts": rows}


def _measurements(rows: pd.DataFrame, partition: str) -> list[Measurement]:
    """Accuracy, changed labels, and labels of the producer's genre, each over excerpts."""
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
