"""Success against SNR: a curve instead of one point, for several systems, partitions and attacks.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ... import adversary
from ...adversary import PGD, AdversaryResult, Algorithm1, Noise
from ...adversary.methods import Method
from ...evaluation import share
from ...networks import System
from ..datasets import Dataset
from ..harness.attacking import Chosen, choose, nested
from ..harness.config import PARTITIONS, Config
from ..harness.experiment import Experiment, Measured
from ..harness.parts import Part, in_turn, seconds_of
from ..harness.recipes import networks
from ..harness.systems import common_labels, trained_system
from ..measurements import measurement

BUDGETS = (60.0, 50.0, 40.0, 30.0, 25.0, 20.0, 15.0, 10.0, 5.0, 0.0, -10.0)
METHODS: dict[str, Method] = {
    # A loss that counts frames changes nothing for networks on frames; for one on slices it is the published code's.
    "Algorithm 1": Algorithm1(step_per="frame"),
    "waveform": PGD(),
    "white noise": Noise("white"),
    "shaped noise": Noise("shaped"),
}
CONVOLUTIONAL = "cdnn"
N_EXCERPTS = {"quick": 30, "full": 20}
#: Most sound that is attacked, in seconds: of long excerpts, fewer are attacked. One iteration of the convolutional
#: network takes as long as four to ten of the others.
SECONDS, SECONDS_CONVOLUTIONAL = 300.0, 240.0
ITERATIONS_CONVOLUTIONAL = 50  # those of the published relaxed attack; the others have the configuration's 100

# At roughly how many of the eleven budgets an excerpt fails and takes all iterations.
_WEIGHTS = {"Algorithm 1": 4.0, "waveform": 5.0, "white noise": 1.0, "shaped noise": 1.0}


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Share of excerpts labelled as the target within each budget; targets are labels that the system does not give.

    The smallest and the largest network of Table 1 and the convolutional one, random and artist-filtered partitions,
    seed ``config.seed``. The convolutional network is attacked for at most 50 iterations, the others for 100. If
    excerpts are long, fewer of them are attacked; ``n`` says how many. Success counts the label of the written file;
    intervals are Wilson's over excerpts. See `nested` for why curves can only rise.

    Each system with each method is a part. A finished part is kept, so a stopped run continues after it.
    """
    config = config.but(labels=common_labels(config, dataset))
    sizes = networks(config.profile)
    cases, parts = [], []
    for partition in PARTITIONS:
        for name in (sizes[0], sizes[-1], CONVOLUTIONAL):
            here = config.but(system=name, partition=partition)
            system = trained_system(here, dataset, progress=progress)
            slow = here.recipe.convolutional
            iterations = min(config.max_iterations, ITERATIONS_CONVOLUTIONAL) if slow else config.max_iterations
            chosen = choose([system], dataset, n_excerpts(here, dataset), seed=config.seed)
            for label, method in METHODS.items():
                description = f"{name}, {partition}, {label}"
                settings = (
                    method,
                    chosen.excerpts,
                    chosen.targets,
                    BUDGETS,
                    config.confidence,
                    iterations,
                    config.seed,
                )
                find = partial(_attack, system, method, chosen, config, iterations, description, progress)
                weight = len(chosen) * iterations * _WEIGHTS[label] * (6 if slow else 1)
                parts.append(Part(description, here, settings, find, weight))
                cases.append({"system": name, "partition": partition, "attack": label})
    kept = in_turn("success_curves", parts, dataset, progress=progress)

    table = pd.DataFrame([case | row for case, one in zip(cases, kept, strict=True) for row in one["found"]])
    conditions = ["system", "partition", "attack", "budget"]
    measurements = [
        measurement("success", share(part["reached"]), **dict(zip(conditions, key, strict=True)))
        for key, part in table.groupby(conditions, sort=False)
    ]
    return measurements, {"parts": seconds_of(parts, kept)}


def n_excerpts(config: Config, dataset: Dataset) -> int:
    """How many excerpts to attack: the profile's number, or fewer if the seconds do not allow it."""
    seconds = SECONDS_CONVOLUTIONAL if config.recipe.convolutional else SECONDS
    length = float(dataset.manifest.table["duration_s"].astype(float).fillna(30.0).median())
    return max(1, min(N_EXCERPTS[config.profile], int(seconds / length + 0.5)))


def _attack(
    system: System, method: Method, chosen: Chosen, config: Config, iterations: int, description: str, progress: bool
) -> list[dict[str, Any]]:
    """One system attacked by one method at every budget: the rows of `nested`."""

    def attack(
        waveforms: list[np.ndarray], targets: list[str], excerpts: list[str], snr: float
    ) -> list[AdversaryResult]:
        return adversary.attack(
            system,
            waveforms,
            targets,
            adversary.Budget(snr, config.confidence, iterations),
            method=method,
            batch_size=8,
            names=excerpts,
            seed=config.seed,
        )

    fixed = isinstance(method, Algorithm1) and method.step_unit == "magnitude"
    return nested(attack, chosen, BUDGETS, description=description, progress=progress, fixed_step=fixed)


EXPERIMENT = Experiment(measure, recorded=True, partitions=lambda *_: PARTITIONS)
