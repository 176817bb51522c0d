"""The planted confound, dose by dose: how much the partition matters as the marks of artists grow weaker.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping

from ...evaluation import Estimate, ratio_interval
from ..datasets import Dataset, synthetic_dataset, variants
from ..harness.accuracies import Tested, accuracies, below_random, by_partition
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured
from ..measurements import measurement

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)

# The series of the record; every condition names the knobs of `synthetic` that it sets.
CONDITIONS: list[dict[str, object]] = [
    {"series": "as shipped"},
    {"series": "no marks", "production_strength": 0.0, "habit_strength": 0.0},
    *({"series": "production", "production_strength": dose, "faults": False} for dose in DOSES),
    {"series": "habits only removed", "habit_strength": 0.0, "faults": False},
    {"series": "no marks, no faults", "production_strength": 0.0, "habit_strength": 0.0, "faults": False},
    *({"series": "correlation", "production_genre_correlation": dose, "faults": False} for dose in DOSES),
]


# The default of each knob.
SHIPPED = {"production_strength": 1.0, "habit_strength": 1.0, "production_genre_correlation": 0.0, "faults": True}


def variant(condition: Mapping[str, object]) -> str:
    """The name of the dataset that a condition asks for, as ``"synthetic:faults=no,production_strength=0.5"``.

    A knob at its default is not named, so that one dataset has one name and is trained on once.
    """
    knobs = {name: value for name, value in condition.items() if name in SHIPPED and value != SHIPPED[name]}
    said = (f"{name}={'no' if value is False else f'{value:g}'}" for name, value in sorted(knobs.items()))
    return ":".join(filter(None, ("synthetic", ",".join(said))))


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy on random and artist-filtered partitions over seeds, for every condition.

    Every measurement states its series and all knobs. ``share_explained_by_production`` is 1 minus the ratio of the
    difference without production marks to the difference with them, with Fieller's interval over the paired seeds.
    """
    # All doses together: what a dose does not change is rendered only once.
    turned = {name: variants.split(name)[1] for name in map(variant, CONDITIONS)}
    synthetic_dataset.load_doses(config.profile, [knobs for knobs in turned.values() if knobs], progress)
    runs: dict[str, list[Tested]] = {}
    found = []
    for condition in CONDITIONS:
        name = variant(condition)
        grid = [
            config.but(dataset=name, partition=partition, seed=seed)
            for seed in config.repeats()
            for partition in PARTITIONS
        ]
        if name not in runs:
            runs[name] = accuracies(grid, progress)
        found += by_partition(runs[name], dataset=name, **SHIPPED | condition)

    without, with_productions = (
        below_random(runs[variant({"production_strength": strength, "faults": False})], "artist_filtered")
        for strength in (0.0, 1.0)
    )
    ratio = ratio_interval(without, with_productions)
    explained = Estimate(1 - ratio.estimate, 1 - ratio.high, 1 - ratio.low, ratio.n, "fraction")
    return [*found, measurement("share_explained_by_production", explained)], {
        "by_seed": [{"dataset": name, **row} for name, rows in runs.items() for row in rows]
    }


EXPERIMENT = Experiment(measure, recorded=True, needs="synthetic", partitions=lambda *_: PARTITIONS, least_seeds=2)
