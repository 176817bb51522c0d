"""Algorithm 1 with a label drawn at random for every test excerpt.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import numpy as np

from .. import adversary, audio
from ..datasets import Dataset
from ..evaluation import Estimate, mean_interval, wilson
from ..partitions import clusters
from .config import Config
from .systems import test_set, trained_system


def with_noise(result: adversary.AdversaryResult, rng: np.random.Generator) -> np.ndarray:
    """The original with white noise of the perturbation's energy, as 16 bits hold it ``[n_samples]``."""
    noise = rng.standard_normal(len(result.original))
    noise *= np.linalg.norm(result.perturbation) / np.linalg.norm(noise)
    return audio.quantise((result.original + noise).astype(np.float32))


def measure(config: Config, dataset: Dataset, progress: bool):
    """Accuracy before and under attack, success, and SNR; all on waveforms rounded to 16 bits.

    The null is white noise with the energy of each perturbation: how often it gives the target label.

    Intervals of shares are Wilson's over test excerpts, that of the mean SNR is Student's over
    successes; excerpts that had their target label from the start (infinite SNR) are counted as
    successes and left out of the mean.
    """
    system = trained_system(config, dataset, progress=progress)
    waveforms, truth = test_set(system, dataset)
    targets = adversary.random_targets(system, len(truth), seed=config.seed)
    attacked = adversary.attack(
        system, list(waveforms.values()), targets, names=list(waveforms), snr=config.snr,
        confidence=config.confidence, step=config.step, max_iterations=config.max_iterations, progress=progress,
    )  # fmt: skip
    rows = [
        {"excerpt": excerpt, "truth": label, "artist": artist, **result.report()}
        for excerpt, label, artist, result in zip(
            waveforms, truth, clusters(dataset.manifest, waveforms), attacked, strict=True
        )
    ]
    n = len(rows)
    rng = np.random.default_rng(config.seed)
    for row, result in zip(rows, attacked, strict=True):
        row["label_with_noise"] = system.classify(with_noise(result, rng)).label

    def share(flags) -> dict:
        k = int(sum(flags))
        return Estimate(k / n, *wilson(k, n), n, "fraction").as_record()

    chance = 1 / len(system.labels)
    snrs = [r.snr_magnitude for r in attacked if r.success and np.isfinite(r.snr_magnitude)]
    results = {
        "accuracy_clean": share(r.original_label == t for r, t in zip(attacked, truth, strict=True)),
        "accuracy_under_attack": share(r.label == t for r, t in zip(attacked, truth, strict=True)),
        "target_is_truth": share(target == t for target, t in zip(targets, truth, strict=True)),
        "success_rate": share(r.success for r in attacked),
        "noise_success_rate": share(row["label_with_noise"] == row["target"] for row in rows),
        "confident_rate": share(r.confident for r in attacked),
        "iterate_success_rate": share(r.iterate_confidence > config.confidence for r in attacked),
        "chance": Estimate(chance, chance, chance, n, "fraction").as_record(),
    }
    if len(snrs) > 1:
        results["snr"] = mean_interval(snrs, unit="dB").as_record()
    return results, {"by_excerpt": rows}
