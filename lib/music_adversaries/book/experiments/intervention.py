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

PRODUCERS = 4  # for each excerpt


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Labels of test excerpts before and after other artists have produced them.

    The producers of an excerpt are drawn among the artists of other genres whom the system was trained
    on. What is played stays the same to the note, so a change of label is owed to the production alone.
    Shares are taken over an excerpt's producers, and intervals are Student's over excerpts.

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
            "partition": partition, "excerpt": excerpt, "label": table["label"][excerpt], "producer": producer,
            "producer_label": genre, "before": before, "after": after.label,
        }
        for (partition, excerpt), (producers, before) in asked.items()
        for (producer, genre), after in zip(producers.items(), again[partition, excerpt], strict=True)
    ]  # fmt: skip
    results = {}
    for partition in PARTITIONS:
        mine = pd.DataFrame([row for row in rows if row["partition"] == partition])
        results |= {f"{name}_{partition}": value for name, value in _summary(mine).items()}
    return results, {"excerpts": rows}


def _summary(rows: pd.DataFrame) -> dict[str, dict]:
    """Accuracy, changed labels, and labels of the producer's genre, each over excerpts."""
    measured = pd.DataFrame(
        {
            "excerpt": rows["excerpt"],
            "accuracy_before": rows["before"] == rows["label"],
            "accuracy_after": rows["after"] == rows["label"],
            "changed": rows["before"] != rows["after"],
            "producer_before": rows["before"] == rows["producer_label"],
            "producer_after": rows["after"] == rows["producer_label"],
        }
    )
    of_excerpt = measured.groupby("excerpt").mean()
    found = {name: mean_interval(of_excerpt[name], unit="fraction").as_record() for name in of_excerpt}
    drop = of_excerpt["accuracy_before"] - of_excerpt["accuracy_after"]
    pull = of_excerpt["producer_after"] - of_excerpt["producer_before"]
    return found | {"drop": mean_interval(drop).as_record(), "pull": mean_interval(pull).as_record()}


EXPERIMENT = Experiment(measure, needs="synthetic", seconds=70.0)
