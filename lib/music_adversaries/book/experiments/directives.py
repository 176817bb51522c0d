"""The paper's directives, against the network and against the random forest on its activations.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ... import adversary
from ...adversary import PGD, Algorithm1
from ...evaluation import Estimate, mean_interval, paired_difference, share
from ..datasets import Dataset
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.forests import decider, forest_on
from ..harness.systems import test_set, trained_system
from ..measurements import measurement

ALWAYS = "jazz"  # the paper's label, where the dataset has it
AWARE_ITERATIONS, AWARE_CONFIDENCE = 50, 0.5  # of the votes


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy before and under each directive, and how often it is obeyed, over all test excerpts.

    Conditions: ``directive``; ``source``, the system that the adversaries are made for; ``listener``, the system that
    gives the labels. Source and listener are "network" or "forest".

    The forest is the paper's: 500 trees on all layers, attacked *unaware*, through its network. Where it is the
    source, it is attacked through soft splits (`AwareForest`) on the waveform, at most 50 iterations, until more than
    half of the real forest's votes are for the target; random targets only. Intervals are Wilson's over test excerpts.
    All other settings are the paper's (15 dB, confidence 0.9, step 0.1, 100 iterations). ``least_obeyed`` is the
    smallest ``obeyed`` of the network among the three directives that are not random.

    ``aware_minus_unaware``: how much more often the forest gives the random label when the attack knows the forest,
    paired by excerpt, with Newcombe's interval.
    """
    system = trained_system(config, dataset, progress=progress)
    waveforms, truth = test_set(system, dataset)
    names, audio = list(waveforms), list(waveforms.values())
    forest, aware = forest_on(system, dataset)
    always = ALWAYS if ALWAYS in system.labels else system.labels[0]
    directives = {
        "random": adversary.random_targets(system, len(truth), seed=config.seed),
        "always right": adversary.always_right(system, truth),
        "always wrong": adversary.always_wrong(system, truth, seed=config.seed),
        f"always {always}": adversary.always(system, always, len(truth)),
    }
    clean = [system.classify(w).label for w in audio]
    clean_forest = [str(label) for label in forest.predict(audio)]
    measurements = [
        measurement("accuracy", _same(labels, truth), listener=listener, directive="none")
        for listener, labels in (("network", clean), ("forest", clean_forest))
    ]
    one_label = {f"always {always}": {"directive": "always one label", "label": always}}
    rows, obeyed, unaware = [], {}, {}
    for directive, targets in directives.items():
        attacked = adversary.attack(
            system,
            audio,
            targets,
            adversary.Budget(config.snr, config.confidence, config.max_iterations),
            method=Algorithm1(step=config.step),
            names=names,
            progress=progress,
        )
        heard = [str(label) for label in forest.predict([r.waveform for r in attacked])]
        said = [r.label for r in attacked]
        unaware[directive] = [h == t for h, t in zip(heard, targets, strict=True)]
        obeyed[directive] = _same(said, targets)
        of = {"source": "network", "listener": "network"} | one_label.get(directive, {"directive": directive})
        measurements += [
            measurement("accuracy", _same(said, truth), **of),
            measurement("obeyed", obeyed[directive], **of),
            measurement("confident", share(r.confident for r in attacked), **of),
        ]
        snrs = [r.snr_magnitude for r in attacked if r.success and np.isfinite(r.snr_magnitude)]
        if len(snrs) > 1:
            measurements.append(measurement("snr", mean_interval(snrs, unit="dB"), **of))
        measurements += [
            measurement("accuracy", _same(heard, truth), **of | {"listener": "forest"}),
            measurement("obeyed", share(unaware[directive]), **of | {"listener": "forest"}),
        ]
        rows += [
            {
                "directive": directive,
                "excerpt": e,
                "truth": t,
                "target": r.target,
                "network": r.label,
                "forest": h,
                "snr": _number(r.snr_magnitude),
                "snr_time": _number(r.snr_time),
                "confidence": round(r.confidence, 4),
            }
            for e, t, r, h in zip(names, truth, attacked, heard, strict=True)
        ]

    attacked = adversary.attack(
        aware,
        audio,
        directives["random"],
        adversary.Budget(config.snr, AWARE_CONFIDENCE, AWARE_ITERATIONS),
        method=PGD(),
        judge=decider(forest, system.labels),
        batch_size=4,
        names=names,
        progress=progress,
    )
    success, chance = [r.success for r in attacked], 1 / len(system.labels)
    of = {"source": "forest", "listener": "forest", "directive": "random"}
    least = min((obeyed[directive] for directive in directives if directive != "random"), key=lambda one: one.estimate)
    measurements += [
        measurement("accuracy", _same([r.label for r in attacked], truth), **of),
        measurement("obeyed", share(success), **of),
        measurement("aware_minus_unaware", paired_difference(success, unaware["random"])),
        measurement("least_obeyed", least),
        measurement("chance", Estimate(chance, chance, chance, len(truth))),
    ]
    return measurements, {"by_excerpt": rows}


def _same(labels: Sequence[str], others: Sequence[str]) -> Estimate:
    return share(a == b for a, b in zip(labels, others, strict=True))


def _number(snr: float) -> float | str:
    return round(snr, 2) if np.isfinite(snr) else "inf"


EXPERIMENT = Experiment(measure, recorded=True)
