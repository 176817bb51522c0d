"""Where in frequency the perturbation lies, for networks that read linear magnitudes, logarithms and mel bands.

Paper: Section 5, Fig. 2
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import numpy as np

from ... import adversary, spectra
from ...adversary import Algorithm1
from ...evaluation import mean_interval, share
from ..datasets import Dataset
from ..harness.attacking import choose
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.systems import trained_system
from ..measurements import measurement

SYSTEMS = ("dnn50", "dnn50-log", "dnn50-mel")
N_EXCERPTS = {"quick": 40, "full": 26}
HIGH = 5_512.5  # Hz, half of the band
EDGES = np.geomspace(50.0, spectra.SAMPLE_RATE / 2, 29)  # Hz, roughly third octaves


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """Share of energy above 5.5 kHz, of perturbations and of originals, and both by third octaves.

    ``high_share``: the share of the perturbation's energy in the upper half of the band, averaged over the successful
    adversaries of a ``system`` (15 dB, confidence 0.9), with Student's interval over excerpts. ``median_frequency``:
    the frequency in Hz below which half of the perturbation's energy lies. The condition ``sound`` is "perturbation" or
    "music". The table holds mean levels by band.
    """
    systems = {name: trained_system(config.but(system=name), dataset, progress=progress) for name in SYSTEMS}
    chosen = choose(list(systems.values()), dataset, N_EXCERPTS[config.profile], seed=config.seed)
    originals = [_powers(w) for w in chosen.waveforms]
    share_of_music = mean_interval([_high(p) for p in originals], unit="fraction")
    measurements, rows = [measurement("high_share", share_of_music, sound="music")], _levels("music", originals)
    for name, system in systems.items():
        attacked = adversary.attack(
            system,
            list(chosen.waveforms),
            list(chosen.targets),
            adversary.Budget(config.snr, config.confidence, config.max_iterations),
            method=Algorithm1(step_unit="budget"),
            names=list(chosen.excerpts),
            progress=progress,
        )
        measurements.append(measurement("success", share(r.success for r in attacked), system=name))
        powers = [_powers(r.perturbation) for r in attacked if r.success and r.perturbation.any()]
        if len(powers) > 1:
            of = {"system": name, "sound": "perturbation"}
            measurements += [
                measurement("high_share", mean_interval([_high(p) for p in powers], unit="fraction"), **of),
                measurement("median_frequency", mean_interval([_median(p) for p in powers], unit="Hz"), **of),
            ]
            rows += _levels(name, powers)
    return measurements, {"by_band": rows}


def _frequencies() -> np.ndarray:
    return np.arange(spectra.N_BINS) * spectra.SAMPLE_RATE / spectra.N_FFT


def _powers(waveform: np.ndarray) -> np.ndarray:
    """Mean power by bin ``[n_bins]``, frame by frame with the analysis of the book."""
    starts = range(0, len(waveform) - spectra.N_FFT + 1, spectra.HOP_LENGTH)
    frames = np.stack([waveform[s : s + spectra.N_FFT] for s in starts]) * np.hanning(spectra.N_FFT)
    return (np.abs(np.fft.rfft(frames)) ** 2).mean(0)


def _high(powers: np.ndarray) -> float:
    return float(powers[_frequencies() > HIGH].sum() / powers.sum())


def _median(powers: np.ndarray) -> float:
    cumulated = np.cumsum(powers)
    return float(_frequencies()[np.searchsorted(cumulated, cumulated[-1] / 2)])


def _levels(name: str, powers: list[np.ndarray]) -> list[dict[str, object]]:
    """Mean share of the energy in each band, in dB."""
    band = np.digitize(_frequencies(), EDGES)
    shares = np.stack([p / p.sum() for p in powers])
    rows = []
    for i in range(1, len(EDGES)):
        inside = shares[:, band == i].sum(1)
        if (band == i).any():
            level = 10 * np.log10(max(float(inside.mean()), 1e-12))
            rows.append(
                {
                    "of": name,
                    "low": round(float(EDGES[i - 1]), 1),
                    "high": round(float(EDGES[i]), 1),
                    "level": round(level, 2),
                }
            )
    return rows


EXPERIMENT = Experiment(measure, recorded=True)
