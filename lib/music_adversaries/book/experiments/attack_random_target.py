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
from ..measurements import measurement
from ..partitions.names import to_resample


def with_noise(result: adversary.AdversaryResult, rng: np.random.Generator) -> np.ndarray:
    """The original plus white noise of the perturbation's energy, rounded to 16 bits ``[n_samples]``."""
    noise = rng.standard_normal(len(result.original))
    noise *= np.linalg.norm(result.perturbation) / np.linalg.norm(noise)
    return audio.quantise((result.original + noise).astype(np.float32))


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Accuracy before and under attack, success, and SNR; all on waveforms rounded to 16 bits.

    The null is how often white noise with the energy of each perturbation gives the target label.
    The attack on the waveform is `adversary.PGD` at the same budget. ``iterate_confident`` counts the iterates of
    Algorithm 1 that have the target with enough confidence before re-synthesis.

    Intervals of shares are Wilson's over test excerpts; that of the mean SNR is Student's over
    successes. Excerpts that had their target label from the start (infinite SNR) count as
    successes and are left out of the mean. ``confirmed`` is the share of successes that independent code
    confirms from the written file.
    """
    system = trained_system(config, dataset, progress=progress)
    waveforms, truth = test_set(system, dataset)
    targets = adversary.random_targets(system, len(truth), seed=config.seed)
    artists = to_resample(dataset.manifest, waveforms)
    measurements, tables = [], {}
    for attack, table, method in (
        ("Algorithm 1", "by_excerpt", adversary.Algorithm1(step=config.step)),
        ("waveform", "by_excerpt_waveform", adversary.PGD()),
    ):
        attacked = adversary.attack(
            system,
            list(waveforms.values()),
            targets,
            adversary.Budget(config.snr, config.confidence, config.max_iterations),
            names=list(waveforms),
            method=method,
            progress=progress,
        )
        rows = [
            {"excerpt": excerpt, "truth": label, "artist": artist, **result.report()}
            for excerpt, label, artist, result in zip(waveforms, truth, artists, attacked, strict=True)
        ]
        tables[table] = rows
        found = {
            "accuracy": share(r.label == t for r, t in zip(attacked, truth, strict=True)),
            "success": share(r.success for r in attacked),
            "confident": share(r.confident for r in attacked),
            "confirmed": share(confirmed(r, system) for r in attacked if r.success),
        }
        snrs = [r.snr_magnitude for r in attacked if r.success and np.isfinite(r.snr_magnitude)]
        if len(snrs) > 1:
            found["snr"] = mean_interval(snrs, unit="dB")
        if table == "by_excerpt":
            rng = np.random.default_rng(config.seed)
            for row, result in zip(rows, attacked, strict=True):
                row["label_with_noise"] = system.classify(with_noise(result, rng)).label
            found["iterate_confident"] = share(r.iterate_confidence > config.confidence for r in attacked)
            clean = share(r.original_label == t for r, t in zip(attacked, truth, strict=True))
            noise = share(row["label_with_noise"] == row["target"] for row in rows)
            measurements += [
                measurement("accuracy", clean, attack="none"),
                measurement("success", noise, attack="white noise"),
            ]
        measurements += [measurement(quantity, estimate, attack=attack) for quantity, estimate in found.items()]
    chance = 1 / len(system.labels)
    same = share(target == t for target, t in zip(targets, truth, strict=True))
    measurements += [
        measurement("target_is_truth", same),
        measurement("chance", Estimate(chance, chance, chance, len(truth))),
    ]
    return measurements, tables


EXPERIMENT = Experiment(measure, seconds=29.0)
