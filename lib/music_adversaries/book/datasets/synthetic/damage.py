"""What happens to finished recordings: lossy copies and damage.

Everything here takes and returns float32 ``[n_samples]`` within ±`production.PEAK` whose values are
multiples of 1/32768. Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import io

import numpy as np
import soundfile

from .production import PEAK, SAMPLE_RATE

DISTORTIONS = ("clipping", "dropouts", "static")

CLIPPED = 0.15  # share of the samples that clipping cuts off
DROPOUTS_PER_S, DROPOUT_S = 1.2, (0.06, 0.3)
STATIC_DB = 0.0  # level of the static relative to the music
CRACKLES_PER_S = 40

_BLOCK = 4096  # with longer writes of OGG, libsndfile overflows its stack


def copied(waveform: np.ndarray, gain_db: float, lossy: bool) -> np.ndarray:
    """A copy at another level (dB) and, if ``lossy``, through the lossy codec Vorbis."""
    copy = waveform.astype(np.float64)
    if lossy:
        copy = _through_vorbis(waveform)
    return _quantised(copy * 10 ** (gain_db / 20))


def distorted(waveform: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """A damaged recording.

    Parameters
    ----------
    kind
        - ``"clipping"``: the loudest 15 % of the samples are cut off at full level, all at the same value.
        - ``"dropouts"``: about 1.2 gaps a second, each 60 to 300 ms of digital silence with hard edges.
        - ``"static"``: noise as loud as the music and crackle at full level, from some time in the first two
          fifths to the end.
    """
    broken = waveform.astype(np.float64)
    n = len(broken)
    if kind == "clipping":
        ceiling = np.quantile(np.abs(broken), 1 - CLIPPED)
        broken = np.clip(broken / ceiling, -1, 1) * PEAK
    elif kind == "dropouts":
        for start in _spread(n, round(DROPOUTS_PER_S * n / SAMPLE_RATE), rng):
            broken[start : start + round(rng.uniform(*DROPOUT_S) * SAMPLE_RATE)] = 0
    elif kind == "static":
        start = round(rng.uniform(0, 0.4) * n)
        noise = rng.standard_normal(n - start) * np.sqrt(np.mean(broken**2)) * 10 ** (STATIC_DB / 20)
        crackles = rng.choice(n - start, round(CRACKLES_PER_S * (n - start) / SAMPLE_RATE), replace=False)
        noise[crackles] = rng.choice((-2.0, 2.0), len(crackles))
        broken[start:] = np.clip(broken[start:] + noise, -PEAK, PEAK)
    else:
        raise ValueError(f"{kind!r} is none of {', '.join(DISTORTIONS)}")
    return _quantised(broken)


def _spread(n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Starts of ``count`` gaps, one in each of ``count`` equal parts of ``n`` samples, so that they are spread out."""
    stretch = n / count
    latest = max(stretch - DROPOUT_S[1] * SAMPLE_RATE, 1)
    return (np.arange(count) * stretch + rng.uniform(0, latest, count)).astype(int)


def _through_vorbis(waveform: np.ndarray) -> np.ndarray:
    """Encode to OGG Vorbis at libsndfile's usual quality, and decode."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, format="OGG", subtype="VORBIS") as file:
        for start in range(0, len(waveform), _BLOCK):
            file.write(waveform[start : start + _BLOCK])
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float64")
    return np.pad(decoded, (0, max(0, len(waveform) - len(decoded))))[: len(waveform)]


def _quantised(waveform: np.ndarray) -> np.ndarray:
    # A codec may overshoot. The whole is scaled then, since clipping is another fault.
    waveform = waveform * min(1.0, PEAK / max(np.abs(waveform).max(), 1e-9))
    return (np.round(waveform * 32768) / 32768).astype(np.float32)
