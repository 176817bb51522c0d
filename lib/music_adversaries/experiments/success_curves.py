"""Success against SNR: a curve and not one point, for several systems, partitions and attacks.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import pandas as pd

from .. import adversary
from ..adversary import PGD, Algorithm1, Noise
from ..datasets import Dataset
from .attacking import choose, nested, share
from .config import PARTITIONS, Config
from .systems import common_labels, trained_system
from .table1 import networks

BUDGETS = (60.0, 50.0, 40.0, 30.0, 25.0, 20.0, 15.0, 10.0, 5.0, 0.0, -10.0)
METHODS = {
    "Algorithm 1": Algorithm1(),
    "waveform": PGD(),
    "white noise": Noise("white"),
    "shaped noise": Noise("shaped"),
}
N_EXCERPTS = {"quick": 30, "full": 20}


def measure(config: Config, dataset: Dataset, progress: bool):
    """Share of excerpts labelled as the target within each budget; targets are labels that the system does not give.

    The smallest and the largest network of Table 1, random and artist-filtered partitions, seed ``config.seed``.
    Success counts the label of the written file; intervals are Wilson's over excerpts. See `nested` for why
    curves rise only.
    """
    config = config.but(labels=common_labels(config, dataset))
    names = networks(config.profile)
    rows, results = [], {}
    for partition in PARTITIONS:
        for name in (names[0], names[-1]):
            system = trained_system(config.but(system=name, partition=partition), dataset, progress=progress)
            chosen = choose([system], dataset, N_EXCERPTS[config.profile], seed=config.seed)
            for label, method in METHODS.items():

                def attack(waveforms, targets, excerpts, snr, system=system, method=method):
                    return adversary.attack(
                        system, waveforms, targets, method=method, snr=snr, confidence=config.confidence,
                        max_iterations=config.max_iterations, names=excerpts, seed=config.seed,
                    )  # fmt: skip

                found = nested(
                    attack, chosen, BUDGETS, description=f"{name}, {partition}, {label}", progress=progress
                )  # fmt: skip
                rows += [{"system": name, "partition": partition, "method": label, **row} for row in found]
    table = pd.DataFrame(rows)
    for (name, partition, method, budget), part in table.groupby(["system", "partition", "method", "budget"]):
        if budget in (30.0, config.snr):
            results[f"{name}, {partition}, {method}: success at {budget:g} dB"] = share(part["reached"])
    curves = [
        {"system": name, "partition": partition, "method": method, "budget": budget, **share(part["reached"])}
        for (name, partition, method, budget), part in table.groupby(
            ["system", "partition", "method", "budget"], sort=False
        )
    ]
    return results, {"curves": curves}
