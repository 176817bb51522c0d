"""The paper's directives, against the network and against the random forest on its activations.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import numpy as np

from ... import adversary
from ...adversary import PGD, Algorithm1
from ...evaluation import Estimate, mean_interval, paired_difference, share
from ..datasets import Dataset
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.forests import decider, forest_on
from ..harness.systems import test_set, trained_system

ALWAYS = "jazz"  # the paper's label, where the dataset has it
AWARE_ITERATIONS, AWARE_CONFIDENCE = 50, 0.5  # of the votes


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy before and under each directive, and how often it is obeyed, over all test excerpts.

    The forest is the paper's: 500 trees on all layers, attacked *unaware*, through its network. ``aware`` attacks it
    through soft splits (`AwareForest`) on the waveform, at most 50 iterations, until more than half of the real
    forest's votes are for the target; random targets only. Intervals are Wilson's over test excerpts; settings else
    are the paper's (15 dB, confidence 0.9, step 0.1, 100 iterations). ``least_obeyed`` is the share of the directive,
    of the three that are not random, that the network obeys least.

    ``aware_minus_unaware``: how much more often the forest gives the random label when it is known, paired by
    excerpt, with Newcombe's interval.
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
    settings = {"names": names, "progress": progress}
    clean = [system.classify(w).label for w in audio]
    clean_forest = [str(label) for label in forest.predict(audio)]
    results = {
        "network, clean: accuracy": share(c == t for c, t in zip(clean, truth, strict=True)),
        "forest, clean: accuracy": share(c == t for c, t in zip(clean_forest, truth, strict=True)),
    }
    rows, unaware = [], {}
    for directive, targets in directives.items():
        attacked = adversary.attack(
            system,
            audio,
            targets,
            adversary.Budget(config.snr, config.confidence, config.max_iterations),
            method=Algorithm1(step=config.step),
            **settings,
        )
        heard = [str(label) for label in forest.predict([r.waveform for r in attacked])]
        said = {"network": [r.label for r in attacked], "forest": heard}
        unaware[directive] = [h == t for h, t in zip(heard, targets, strict=True)]
        for who, labels in said.items():
            results[f"{who}, {directive}: accuracy"] = share(a == t for a, t in zip(labels, truth, strict=True))
            results[f"{who}, {directive}: obeyed"] = share(a == t for a, t in zip(labels, targets, strict=True))
        results[f"network, {directive}: confident"] = share(r.confident for r in attacked)
        snrs = [r.snr_magnitude for r in attacked if r.success and np.isfinite(r.snr_magnitude)]
        if len(snrs) > 1:
            results[f"network, {directive}: snr"] = mean_interval(snrs, unit="dB").as_record()
        rows += [
            {"directive": directive, "excerpt": e, "truth": t, "target": r.target, "network": r.label, "forest": h,
             "snr": _number(r.snr_magnitude), "snr_time": _number(r.snr_time), "confidence": round(r.confidence, 4)}
            for e, t, r, h in zip(names, truth, attacked, heard, strict=True)
        ]  # fmt: skip

    attacked = adversary.attack(
        aware, audio, directives["random"], adversary.Budget(config.snr, AWARE_CONFIDENCE, AWARE_ITERATIONS),
        method=PGD(), judge=decider(forest, system.labels), batch_size=4, **settings,
    )  # fmt: skip
    results["forest aware, random: accuracy"] = share(r.label == t for r, t in zip(attacked, truth, strict=True))
    results["forest aware, random: obeyed"] = share(r.success for r in attacked)
    results["aware_minus_unaware"] = paired_difference([r.success for r in attacked], unaware["random"]).as_record()
    for what in ("accuracy", "obeyed"):
        results[f"network, always one label: {what}"] = results[f"network, always {always}: {what}"]
    obeyed = [results[f"network, {directive}: obeyed"] for directive in directives if directive != "random"]
    results["least_obeyed"] = min(obeyed, key=lambda one: one["estimate"])
    results["chance"] = Estimate(*[1 / len(system.labels)] * 3, len(truth), "fraction").as_record()
    return results, {"by_excerpt": rows}


def _number(snr: float) -> float | str:
    return round(snr, 2) if np.isfinite(snr) else "inf"


EXPERIMENT = Experiment(measure, recorded=True)
