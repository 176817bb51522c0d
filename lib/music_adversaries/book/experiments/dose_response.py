"""The planted confound, dose by dose: how much the partition matters as artists leave weaker marks.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from ...errors import InputError
from ...evaluation import Estimate, mean_interval, ratio_interval
from ..datasets import Dataset, synthetic_dataset, variants
from ..harness.accuracies import accuracies
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)

# The series of the record; every condition names the knobs of `synthetic` that it turns.
CONDITIONS: list[dict] = [
    {"series": "as shipped"},
    {"series": "no marks", "production_strength": 0.0, "habit_strength": 0.0},
    *({"series": "production", "production_strength": dose, "faults": False} for dose in DOSES),
    {"series": "habits only removed", "habit_strength": 0.0, "faults": False},
    {"series": "no marks, no faults", "production_strength": 0.0, "habit_strength": 0.0, "faults": False},
    *({"series": "correlation", "production_genre_correlation": dose, "faults": False} for dose in DOSES),
]


# Where a knob stands when nobody turns it.
SHIPPED = {"production_strength": 1.0, "habit_strength": 1.0, "production_genre_correlation": 0.0, "faults": True}


def variant(condition: dict) -> str:
    """The name of the dataset that a condition asks for, as ``"synthetic:faults=no,production_strength=0.5"``.

    A knob left where it stands is not named, so that one dataset has one name and is trained on once.
    """
    knobs = {name: value for name, value in condition.items() if name in SHIPPED and value != SHIPPED[name]}
    said = (f"{name}={'no' if value is False else f'{value:g}'}" for name, value in sorted(knobs.items()))
    return ":".join(filter(None, ("synthetic", ",".join(said))))


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy on random and artist-filtered partitions over seeds, for every condition.

    Returns a table of all runs and one of the conditions with the difference of the partitions. The
    share of the difference that productions explain is 1 minus the ratio of the differences without
    and with them, with Fieller's interval over the paired seeds.

    Raises
    ------
    InputError
        When the dataset is not ``synthetic``: only there are the marks of artists known.
    """
    if config.dataset != "synthetic":
        raise InputError(f"dose_response turns the knobs of synthetic, which {config.dataset} has not; run it there.")
    # All in one go: what a dose leaves unchanged is rendered once for all of them.
    turned = {name: variants.split(name)[1] for name in map(variant, CONDITIONS)}
    synthetic_dataset.load_doses(config.profile, [knobs for knobs in turned.values() if knobs], progress)
    runs, summary, gaps, means = [], [], {}, {}
    for condition in CONDITIONS:
        name = variant(condition)
        grid = [
            config.but(dataset=name, partition=partition, seed=seed)
            for seed in config.repeats()
            for partition in PARTITIONS
        ]
        if name not in gaps:
            rows = accuracies(grid, progress)
            accuracy = {p: [row["accuracy"] for row in rows if row["partition"] == p] for p in PARTITIONS}
            gaps[name] = [a - b for a, b in zip(*(accuracy[p] for p in PARTITIONS), strict=True)]
            means[name] = {p: mean_interval(accuracy[p], unit="fraction").as_record() for p in PARTITIONS}
            runs += [{"dataset": name, **row} for row in rows]
        summary.append(
            {
                **SHIPPED, **condition, "dataset": name, **means[name],
                "difference": mean_interval(gaps[name]).as_record(),
            }
        )  # fmt: skip

    gap = {one["series"]: gaps[variant(one)] for one in CONDITIONS}
    without = gaps[variant({"production_strength": 0.0, "faults": False})]
    ratio = ratio_interval(without, gaps[variant({"production_strength": 1.0, "faults": False})])
    explained = Estimate(1 - ratio.estimate, 1 - ratio.high, 1 - ratio.low, ratio.n, "fraction")
    results = {
        "difference_as_shipped": mean_interval(gap["as shipped"]).as_record(),
        "difference_no_marks": mean_interval(gap["no marks"]).as_record(),
        "share_explained_by_production": explained.as_record(),
    }
    return results, {"by_condition": summary, "by_seed": runs}


EXPERIMENT = Experiment(measure, recorded=True, needs="synthetic")
