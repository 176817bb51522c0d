"""The same recordings, every label: does the adversary get all of them?

Paper: Section 4
Notebook: book/06_ensembles.ipynb
"""

from __future__ import annotations

import numpy as np

from .. import adversary
from ..datasets import Dataset
from ..evaluation import Estimate, mean_interval, wilson
from ..networks import System
from .config import Config
from .systems import test_set, trained_system

LOWER_CONFIDENCE = 0.5  # beside the configuration's own; the paper's pair is lost in our copy
N_EXCERPTS = 10  # as in the paper


def chosen_excerpts(system: System, dataset: Dataset, count: int = N_EXCERPTS) -> list[str]:
    """Test excerpts to start from: the first that the system labels correctly, of as many classes as there are.

    Notebook: book/06_ensembles.ipynb
    """
    waveforms, truth = test_set(system, dataset)
    right = [
        (excerpt, label)
        for excerpt, label, decision in zip(waveforms, truth, system.classify_all(waveforms), strict=True)
        if decision.label == label
    ]
    first_of_class = list({label: excerpt for excerpt, label in reversed(right)}.values())[::-1]
    others = [excerpt for excerpt in [e for e, _ in right] + list(waveforms) if excerpt not in first_of_class]
    return list(dict.fromkeys([*first_of_class, *others]))[:count]


def measure(config: Config, dataset: Dataset, progress: bool):
    """Labels reached at two confidences, and at which SNR.

    Shares have Wilson intervals over attempts (excerpt by target). ``snr_drop`` is the SNR at the lower
    confidence minus that at the higher, paired by attempt, where both succeeded and the target was not
    the label from the start.
    """
    system = trained_system(config, dataset, progress=progress)
    excerpts = chosen_excerpts(system, dataset)
    jobs = [(excerpt, label) for excerpt in excerpts for label in system.labels]
    waveforms = {excerpt: dataset.load(excerpt) for excerpt in excerpts}
    results, rows, snrs = {}, [], {}
    for confidence in (LOWER_CONFIDENCE, config.confidence):
        attacked = adversary.attack(
            system, [waveforms[excerpt] for excerpt, _ in jobs], [label for _, label in jobs],
            names=[excerpt for excerpt, _ in jobs], snr=config.snr, confidence=confidence, step=config.step,
            max_iterations=config.max_iterations, progress=progress,
        )  # fmt: skip
        rows += [
            {"excerpt": excerpt, "asked_confidence": confidence, **result.report()}
            for (excerpt, _), result in zip(jobs, attacked, strict=True)
        ]
        suffix = "" if confidence == config.confidence else f"_at_{confidence:g}"
        n = len(jobs)
        for name, k in (
            ("labels_reached", sum(r.success for r in attacked)),
            ("labels_confident", sum(r.confident for r in attacked)),
        ):
            results[name + suffix] = Estimate(k / n, *wilson(k, n), n, "fraction").as_record()
        snrs[confidence] = np.array([r.snr_magnitude if r.success else np.nan for r in attacked])
        finite = snrs[confidence][np.isfinite(snrs[confidence])]
        if len(finite) > 1:
            results["snr" + suffix] = mean_interval(finite, unit="dB").as_record()
    with np.errstate(invalid="ignore"):  # infinite where nothing had to change; left out below
        drop = snrs[LOWER_CONFIDENCE] - snrs[config.confidence]
    drop = drop[np.isfinite(drop)]
    if len(drop) > 1:
        results["snr_drop"] = mean_interval(drop, unit="dB").as_record()
    return results, {"by_label": rows}
