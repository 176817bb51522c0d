"""Is it the genre or the producer? The same performances, produced by somebody else.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import numpy as np

from ..datasets import Dataset
from ..errors import InputError
from ..evaluation import Estimate, mean_interval, wilson
from .config import PARTITIONS, Config
from .systems import test_set, trained_system


def measure(config: Config, dataset: Dataset, progress: bool):
    """Labels of test excerpts before and after another artist has produced them.

    The producer is drawn among the artists of another genre whom the system was trained on. What is
    played stays the same to the note, so a change of label is owed to the production alone.

    Raises
    ------
    InputError
        When the dataset is not ``synthetic``: only there can a performance be produced again.
    """
    from ..datasets import synthetic

    if config.dataset != "synthetic":
        raise InputError(f"intervention renders music again, which {config.dataset} cannot; run it on synthetic.")
    table = dataset.manifest.table.set_index("excerpt")
    results, rows = {}, []
    for partition in PARTITIONS:
        system = trained_system(config.but(partition=partition), dataset, progress=False)
        rng = np.random.default_rng(config.seed)
        waveforms, _ = test_set(system, dataset)
        # Of a faulty excerpt it is not said what another production of it would be.
        chosen = [excerpt for excerpt in waveforms if table["fault"][excerpt] == ""]
        learnt = table.loc[system.metadata["parts"]["train"]]
        learnt = learnt[learnt["fault"] == ""].drop_duplicates("artist")
        producers = []
        for excerpt in chosen:
            others = learnt[learnt["label"] != table["label"][excerpt]]
            producers.append(others.iloc[int(rng.integers(len(others)))])
        again = {
            excerpt: synthetic.rerender(excerpt, artist=producer["artist"], profile=config.profile)
            for excerpt, producer in zip(chosen, producers, strict=True)
        }
        before = [decision.label for decision in system.classify_all({e: waveforms[e] for e in chosen})]
        after = [decision.label for decision in system.classify_all(again)]
        mine = [
            {
                "partition": partition, "excerpt": excerpt, "label": table["label"][excerpt],
                "producer": producer["artist"], "producer_label": producer["label"], "before": a, "after": b,
            }
            for excerpt, producer, a, b in zip(chosen, producers, before, after, strict=True)
        ]  # fmt: skip
        rows += mine
        for when in ("before", "after"):
            right = sum(row[when] == row["label"] for row in mine)
            theirs = sum(row[when] == row["producer_label"] for row in mine)
            results[f"accuracy_{when}_{partition}"] = _share(right, len(mine))
            results[f"producer_{when}_{partition}"] = _share(theirs, len(mine))
        results[f"changed_{partition}"] = _share(sum(row["before"] != row["after"] for row in mine), len(mine))
        pulled = [
            float(row["after"] == row["producer_label"]) - float(row["before"] == row["producer_label"]) for row in mine
        ]
        results[f"pull_{partition}"] = mean_interval(pulled).as_record()
    return results, {"excerpts": rows}


def _share(k: int, n: int) -> dict:
    return Estimate(k / n, *wilson(k, n), n, "fraction").as_record()
