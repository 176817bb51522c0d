"""The two gradients on several trainings: how much of the `gradient` study was owed to one network?

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from ...evaluation import paired_difference, share
from ..datasets import Dataset
from ..harness.attacking import attack_within, choose
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.grid import train_all
from ..harness.parts import Part, in_turn, seconds_of
from ..harness.systems import trained_system
from .gradient import CASES, CONFIDENCE, DIFFERENCES, MAX_ITERATIONS, WEIGHTS

N_SEEDS = {"quick": 3, "full": 3}
N_EXCERPTS = {"quick": 20, "full": 10}


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """The differences of `gradient` at the configuration's budget, for networks trained with several seeds.

    A seed draws the partition, the initial weights, the order of training, the excerpts that are attacked, and their
    targets. Table ``by_seed`` has each difference with Newcombe's interval for pairs, which speaks of one training's
    excerpts; ``over_trainings`` has the mean, the least and the most: what another training changes. Trainings share
    recordings, so that these speak of one dataset.

    A case of a seed that was finished is kept: a run that was stopped goes on there.
    """
    seeds = config.repeats(N_SEEDS[config.profile])
    names = sorted({name for name, _ in CASES.values()})
    train_all([config.but(seed=seed, system=name) for seed in seeds for name in names], progress=progress)
    within = {"confidence": CONFIDENCE, "max_iterations": MAX_ITERATIONS, "progress": progress}
    parts = []
    for seed in seeds:
        here = config.but(seed=seed)
        systems = {name: trained_system(here.but(system=name), dataset, progress=False) for name in names}
        chosen = choose(list(systems.values()), dataset, N_EXCERPTS[config.profile], seed=seed)
        parts += [
            Part(
                f"{case}, seed {seed}", here.but(system=name),
                (name, method, chosen.excerpts, chosen.targets, config.snr, CONFIDENCE, MAX_ITERATIONS),
                partial(
                    attack_within, (config.snr,), systems[name], method, chosen,
                    description=f"{case}, seed {seed}", **within,
                ),
                WEIGHTS[case],
            )
            for case, (name, method) in CASES.items()
        ]  # fmt: skip
    kept = in_turn("gradient_trainings", parts, dataset, progress=progress)
    cases = [{"seed": seed, "case": case} for seed in seeds for case in CASES]
    table = pd.DataFrame([case | row for case, one in zip(cases, kept, strict=True) for row in one["found"]])

    reached = {key: list(part["reached"]) for key, part in table.groupby(["seed", "case"], sort=False)}
    by_seed = [
        {"seed": seed, "difference": name} | paired_difference(reached[seed, a], reached[seed, b]).as_record()
        for name, (a, b) in DIFFERENCES.items()
        for seed in seeds
    ]
    results = {
        f"seed {seed}, {case}: success at {config.snr:g} dB": share(reached[seed, case]) for seed, case in reached
    }
    over_trainings = [
        {"difference": name, "mean": part["estimate"].mean(), "least": part["estimate"].min(),
         "most": part["estimate"].max(), "n_trainings": len(part)}
        for name, part in pd.DataFrame(by_seed).groupby("difference", sort=False)
    ]  # fmt: skip
    return results, {
        "over_trainings": over_trainings,
        "by_seed": by_seed,
        "by_excerpt": table.to_dict("records"),
        "parts": seconds_of(parts, kept),
    }


EXPERIMENT = Experiment(measure, recorded=True)
