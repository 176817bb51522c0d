"""The two gradients on several trainings: how much of the `gradient` study depends on one network?

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from ...evaluation import paired_difference
from ..datasets import Dataset
from ..harness.attacking import attack_within, choose
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.grid import train_all
from ..harness.parts import Part, in_turn, seconds_of
from ..harness.systems import trained_system
from ..measurements import measurement, without_interval
from .gradient import CASES, CONFIDENCE, MAX_ITERATIONS, PAIRS, WEIGHTS, success

N_SEEDS = {"quick": 3, "full": 3}
N_EXCERPTS = {"quick": 20, "full": 10}


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """The differences of `gradient` at the configuration's budget, for networks trained with several seeds.

    A seed draws the partition, the initial weights, the order of training, the excerpts that are attacked, and their
    targets. Each ``difference`` of a ``training`` has Newcombe's interval for pairs, which holds for that training's
    excerpts. ``mean_difference``, ``least_difference`` and ``most_difference`` are over trainings and show what another
    training changes. Trainings share recordings, so these numbers hold for one dataset only.

    A finished case of a seed is kept, so a stopped run continues after it.
    """
    seeds = config.repeats(N_SEEDS[config.profile])
    names = sorted({name for name, _ in CASES.values()})
    train_all([config.but(seed=seed, system=name) for seed in seeds for name in names], progress=progress)
    parts = []
    for seed in seeds:
        here = config.but(seed=seed)
        systems = {name: trained_system(here.but(system=name), dataset, progress=False) for name in names}
        chosen = choose(list(systems.values()), dataset, N_EXCERPTS[config.profile], seed=seed)
        parts += [
            Part(
                f"{case}, seed {seed}",
                here.but(system=name),
                (name, method, chosen.excerpts, chosen.targets, config.snr, CONFIDENCE, MAX_ITERATIONS),
                partial(
                    attack_within,
                    (config.snr,),
                    systems[name],
                    method,
                    chosen,
                    confidence=CONFIDENCE,
                    max_iterations=MAX_ITERATIONS,
                    description=f"{case}, seed {seed}",
                    progress=progress,
                ),
                WEIGHTS[case],
            )
            for case, (name, method) in CASES.items()
        ]
    kept = in_turn("gradient_trainings", parts, dataset, progress=progress)
    cases = [{"seed": seed, "case": case} for seed in seeds for case in CASES]
    table = pd.DataFrame([case | row for case, one in zip(cases, kept, strict=True) for row in one["found"]])

    reached = {key: list(part["reached"]) for key, part in table.groupby(["seed", "case"], sort=False)}
    measurements = [
        success(reached[seed, case], case, training=seed, budget=config.snr) for seed in seeds for case in CASES
    ]
    for pair, (a, b) in PAIRS.items():
        found = [paired_difference(reached[seed, a], reached[seed, b]) for seed in seeds]
        of = {"pair": pair, "budget": config.snr}
        measurements += [
            measurement("difference", one, training=seed, **of) for seed, one in zip(seeds, found, strict=True)
        ]
        over = pd.Series([one.estimate for one in found])
        measurements += [
            without_interval(f"{which}_difference", value, n=len(found), unit="fraction difference", **of)
            for which, value in (("mean", over.mean()), ("least", over.min()), ("most", over.max()))
        ]
    return measurements, {"by_excerpt": table.to_dict("records"), "parts": seconds_of(parts, kept)}


EXPERIMENT = Experiment(measure, recorded=True)
