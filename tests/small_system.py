"""A small trained system on noise of different colours, and recordings to attack: quick, without real recordings."""

from functools import lru_cache

import numpy as np
import torch

from music_adversaries import audio, spectra
from music_adversaries.networks import DNN, Standardise, System
from music_adversaries.training import Schedule, train

LABELS = ("dark", "even", "bright")


def recording(label: str, seed: int, seconds: float = 1.5) -> np.ndarray:
    """Pulses of coloured noise ``[n_samples]`` that start and end at full level: hard on the ends of a recording."""
    rng = np.random.default_rng([LABELS.index(label), seed])
    n = round(seconds * 22_050)
    spectrum = np.fft.rfft(rng.normal(size=n))
    slope = {"dark": -0.5, "even": -0.4, "bright": -0.3}[label] + rng.normal(0, 0.01)
    spectrum *= np.maximum(np.fft.rfftfreq(n, 1 / 22_050), 50.0) ** slope
    wave = np.fft.irfft(spectrum, n)
    wave *= 0.6 + 0.4 * np.cos(2 * np.pi * 3 * np.arange(n) / 22_050) ** 2
    return audio.quantise((0.1 * wave / wave.std()).astype(np.float32))


@lru_cache(maxsize=2)
def system(seed: int = 0) -> System:
    """The system; another ``seed`` starts from other weights and shuffles otherwise, for a second one."""

    def frames(seeds):
        magnitudes, targets = [], []
        for index, label in enumerate(LABELS):
            for seed in seeds:
                m = spectra.magnitudes(torch.from_numpy(recording(label, seed)))
                magnitudes.append(m)
                targets.append(torch.full((len(m),), index))
        return torch.cat(magnitudes), torch.cat(targets)

    x, y = frames(range(8))
    v, w = frames(range(8, 11))
    network = DNN(Standardise.fit(x), len(LABELS), 16, generator=torch.Generator().manual_seed(seed))
    train(network, x, y, v, w, Schedule(batch_size=20, max_epochs=25), seed=seed)
    return System(network, LABELS)
