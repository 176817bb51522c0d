"""Is the convolutional network more robust, or was it attacked with another gradient?

The published code attacks the convolutional network with a gradient that is not the chain rule's. Here the
same network is attacked with both gradients, at equal budgets.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from ... import adversary, audio, spectra
from ...adversary import Algorithm1
from ...evaluation import paired_difference, paired_permutation, share
from ...networks import System
from ..datasets import Dataset
from ..harness.attacking import Chosen, attack_within, choose
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.parts import Part, in_turn, seconds_of
from ..harness.systems import trained_system
from ..measurements import Measurement, measurement, without_interval
from ..partitions.names import to_resample

BUDGETS = (30.0, 20.0, 15.0, 10.0, 0.0)
N_EXCERPTS = {"quick": 40, "full": 20}
CONFIDENCE, MAX_ITERATIONS = 0.5, 50  # of the published relaxed attack on the convolutional network
OURS = "CC0-1.0"  # the licence of recordings that may be part of a record
SECONDS_HEARD = 1.7
EQUAL_STEP = 0.1  # of the budget: all steps are of one length, only their directions differ

DNN, CHAIN, PUBLISHED = "dnn", "cdnn, chain rule", "cdnn, published gradient"
LOOP_CHAIN, LOOP = "cdnn, published loop with chain rule", "cdnn, published loop"
CASES: dict[str, tuple[str, Algorithm1]] = {
    DNN: ("dnn50", Algorithm1(step=EQUAL_STEP, step_unit="budget")),
    CHAIN: ("cdnn", Algorithm1(step=EQUAL_STEP, step_unit="budget")),
    PUBLISHED: ("cdnn", Algorithm1(step=EQUAL_STEP, step_unit="budget", gradient="published_code")),
    LOOP_CHAIN: ("cdnn", Algorithm1.published_code(step=0.15, gradient="chain_rule")),
    LOOP: ("cdnn", Algorithm1.published_code(step=0.15)),
}
PAIRS = {
    "chain_rule_minus_published": (CHAIN, PUBLISHED),
    "chain_rule_minus_published_in_its_loop": (LOOP_CHAIN, LOOP),
    "dnn_minus_cdnn": (DNN, CHAIN),
    "dnn_minus_cdnn_as_published": (DNN, PUBLISHED),
    "dnn_minus_cdnn_by_published_loop": (DNN, LOOP),
}
# Roughly how long each takes, from the iterations of recorded runs; an excerpt that fails takes all iterations.
WEIGHTS = {DNN: 0.1, CHAIN: 1.0, PUBLISHED: 5.0, LOOP_CHAIN: 0.2, LOOP: 0.3}


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Success against SNR of the convolutional network with two gradients, and of the network on frames.

    All cases have the same excerpts and targets, drawn with ``seed``; a target is a label that neither network gives
    yet. At most 50 iterations, confidence 0.5: the published relaxed attack. In the first three cases every step is a
    tenth of the budget long, so that only directions differ. The last two are the published code's loop
    (its steps, momentum, phases and stopping rule) with each of the two gradients.

    ``success``: share of excerpts whose written file has the target label within the ``budget``. ``difference``:
    success of the first case of a ``pair`` minus that of the second, with Newcombe's interval for pairs;
    ``p_artists``: its p-value, by permuting artists. A finished case is kept, so a stopped run continues after it.

    Table ``heard``, if a recording is free: one excerpt attacked with each gradient, as FLAC in base64.
    """
    systems = {name: trained_system(config.but(system=name), dataset, progress=progress) for name in ("dnn50", "cdnn")}
    chosen = choose(list(systems.values()), dataset, N_EXCERPTS[config.profile], seed=config.seed)
    parts = [
        Part(
            case,
            config.but(system=name),
            (name, method, chosen.excerpts, chosen.targets, BUDGETS, CONFIDENCE, MAX_ITERATIONS),
            partial(
                attack_within,
                BUDGETS,
                systems[name],
                method,
                chosen,
                confidence=CONFIDENCE,
                max_iterations=MAX_ITERATIONS,
                description=case,
                progress=progress,
            ),
            WEIGHTS[case],
        )
        for case, (name, method) in CASES.items()
    ]
    kept = in_turn("gradient", parts, dataset, progress=progress)
    rows = [{"case": case, **row} for case, one in zip(CASES, kept, strict=True) for row in one["found"]]

    reached = {key: list(part["reached"]) for key, part in pd.DataFrame(rows).groupby(["case", "budget"], sort=False)}
    measurements = [success(hits, case, budget=budget) for (case, budget), hits in reached.items()]
    artists = to_resample(dataset.manifest, chosen.excerpts)
    for name, pair in PAIRS.items():
        for budget in BUDGETS:
            a, b = (reached[case, budget] for case in pair)
            p = paired_permutation(a, b, artists).p
            measurements += [
                measurement("difference", paired_difference(a, b), pair=name, budget=budget),
                without_interval("p_artists", p, n=len(set(artists)), pair=name, budget=budget),
            ]
    tables = {"by_excerpt": rows, "parts": seconds_of(parts, kept)}
    return measurements, tables | {"heard": _heard(systems["cdnn"], chosen, rows, config, dataset)}


def success(reached: Sequence[bool], case: str, **conditions: float) -> Measurement:
    """How often a case reaches its target; the conditions include the system and the gradient of the case."""
    system, method = CASES[case]
    return measurement("success", share(reached), case=case, system=system, gradient=method.gradient, **conditions)


def _heard(
    system: System, chosen: Chosen, rows: Sequence[Mapping[str, Any]], config: Config, dataset: Dataset
) -> list[dict[str, object]]:
    """A pair to listen to, if a recording is free: the middle of one excerpt, attacked with each gradient.

    It is the first free excerpt that the chain rule attacked with success within the configuration's budget.
    """
    licence = dict(zip(dataset.manifest.table["excerpt"], dataset.manifest.table["licence"], strict=True))
    budget = [row for row in rows if row["case"] == CHAIN and row["budget"] == config.snr]
    reached = [i for i, row in enumerate(budget) if row["reached"] and licence[row["excerpt"]] == OURS]
    if not reached:
        return []
    i = reached[0]
    middle, half = len(chosen.waveforms[i]) // 2, round(SECONDS_HEARD * spectra.SAMPLE_RATE / 2)
    part = slice(max(0, middle - half), middle + half)
    heard = []
    for case in (CHAIN, PUBLISHED):
        (result,) = adversary.attack(
            system,
            [chosen.waveforms[i]],
            [chosen.targets[i]],
            adversary.Budget(config.snr, CONFIDENCE, MAX_ITERATIONS),
            method=CASES[case][1],
            names=[chosen.excerpts[i]],
        )
        heard.append(
            {
                "case": case,
                "excerpt": chosen.excerpts[i],
                "target": result.target,
                "start_s": part.start / spectra.SAMPLE_RATE,
                "original_label": result.original_label,
                "label": result.label,
                "confidence": round(result.confidence, 4),
                "snr": round(result.snr_magnitude, 3),
                "flac": base64.b64encode(audio.to_flac_bytes(result.waveform[part])).decode(),
            }
        )
    return heard


EXPERIMENT = Experiment(measure, recorded=True)
