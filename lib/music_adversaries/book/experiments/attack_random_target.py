"""A label drawn at random for every test excerpt, by Algorithm 1 and by an attack on the waveform.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import numpy as np

from ... import adversary, audio
from ...evaluation import Estimate, mean_interval, share
from ..datasets import Dataset
from ..harness.config import Config
from ..harness.confirmed import confirmed
from ..harness.experiment import Experiment, Measured
from ..harness.systems import test_set, trained_system
from ..partitions import clusters


def with_noise(result: adversary.AdversaryResult, rng: np.random.Generator) -> np.ndarray:
    """The original with white noise of the perturbation's energy, as 16 bits hold it ``[n_samples]``."""
    noise = rng.standard_normal(len(result.original))
    noise *= np.linalg.norm(result.perturbation) / np.linalg.norm(noise)
    return audio.quantise((result.original + noise).astype(np.float32))


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy before and under attack, success, and SNR; all on waveforms rounded to 16 bits.

    The null is white noise with the energy of each perturbation: how often it gives the target label.
    Quantities that begin with ``waveform`` are those of `adversary.PGD` at the same budget.

    Intervals of shares are Wilson's over test excerpts, that of the mean SNR is Student's over
    successes; excerpts that had their target label from the start (infinite SNR) are counted as
    successes and left out of the mean. ``confirmed`` is the share of successes that the written file
    confirms by other code.
    """
    system = trained_system(config, dataset, progress=progress)
    waveforms, truth = test_set(system, dataset)
    targets = adversary.random_targets(system, len(truth), seed=config.seed)
    artists = clusters(dataset.manifest, waveforms)
    results, tables = {}, {}
    for prefix, table, method in (
        ("", "by_excerpt", adversary.Algorithm1(step=config.step)),
        ("waveform_", "by_excerpt_waveform", adversary.PGD()),
    ):
        attacked = adversary.attack(
            system, list(waveforms.values()), targets,
            adversary.Budget(config.snr, config.confidence, config.max_iterations), names=list(waveforms),
            method=method, progress=progress,
        )  # fmt: skip
        rows = [
            {"excerpt": excerpt, "truth": label, "artist": artist, **result.report()}
            for excerpt, label, artist, result in zip(waveforms, truth, artists, attacked, strict=True)
        ]
        tables[table] = rows
        found = {
            "accuracy_under_attack": share(r.label == t for r, t in zip(attacked, truth, strict=True)),
            "success_rate": share(r.success for r in attacked),
            "confident_rate": share(r.confident for r in attacked),
            "confirmed": share(confirmed(r, system) for r in attacked if r.success),
        }
        snrs = [r.snr_magnitude for r in attacked if r.success and np.isfinite(r.snr_magnitude)]
        if len(snrs) > 1:
            found["snr"] = mean_interval(snrs, unit="dB").as_record()
        if not prefix:
            rng = np.random.default_rng(config.seed)
            for row, result in zip(rows, attacked, strict=True):
                row["label_with_noise"] = system.classify(with_noise(result, rng)).label
            found |= {
                "accuracy_clean": share(r.original_label == t for r, t in zip(attacked, truth, strict=True)),
                "target_is_truth": share(target == t for target, t in zip(targets, truth, strict=True)),
                "noise_success_rate": share(row["label_with_noise"] == row["target"] for row in rows),
                "iterate_success_rate": share(r.iterate_confidence > config.confidence for r in attacked),
            }
        results |= {prefix + name: value for name, value in found.items()}
    chance = 1 / len(system.labels)
    results["chance"] = Estimate(chance, chance, chance, len(truth), "fraction").as_record()
    return results, tables


EXPERIMENT = Experiment(measure, seconds=29.0)
