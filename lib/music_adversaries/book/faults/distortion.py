"""Damage that can be measured without knowing how the music should sound: clipping, dropouts, static.

Each kind is recognised by what undamaged music does not do, so loud masters, drums and rests do not count as damage.

============  =================================================================================
clipping      peaks with flat tops: neighbouring samples of one value, with steps before and after
dropout       silence that begins and ends abruptly
static        noise that is white above 2 kHz and as loud as the music; or clicks, single samples far
              from their neighbours
============  =================================================================================

Lossy coding or resampling after the damage rounds flat tops off. Clipping is then not found.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from ...audio import FULL_SCALE, SAMPLE_RATE
from .fingerprint import running_maximum

KINDS = ("clipping", "dropout", "static")
LIMITS = {
    # In undamaged music, the worst of 100 excerpts of GTZAN has 0.00005, and 0.001 if played 26 dB softer.
    "clipping": 0.002,
    # Six milliseconds of six seconds: a single click or a DJ's cut is not a fault of the recording.
    "dropout": 0.001,
    # In undamaged music, the worst excerpts have 0.03 from cymbals and 0.03 from sounds that begin like clicks.
    "static": 0.08,
}
"""Shares of an excerpt from which on it counts as distorted."""

_STEP = 1 / FULL_SCALE
_FLAT_RUN = 3  # samples; two of one value happen at any peak
_FLAT_LEVEL = 0.3  # of the largest sample; below this level, equal neighbours occur in any music
# If a smooth peak stays within one step for three samples, the next samples differ by less than 9 steps.
_FLAT_JUMP = 16 * _STEP
_MUTED_S, _MUTED_DB = 0.005, -50.0
_EDGE_S = 0.0015  # a mute is abrupt if there is sound within this time before it
_FRAME = 512  # 23 ms
# White noise has the same power in each of 16 bands of equal width (flatness 0.85 to 0.95 of 1 in a frame so short).
# Cymbals are nearly as white, but they do not have a third of the power of the music.
_TREBLE_BIN, _BANDS, _WHITE, _TREBLE_SHARE = 47, 16, 0.85, 0.3  # bin 47: 2 kHz
_CLICK, _CLICK_AROUND, _CLICK_LEVEL = 8.0, 38, 0.2


class Distortion(NamedTuple):
    """One kind of damage in one excerpt."""

    kind: str
    """One of `KINDS`."""
    measure: float
    """Share of the excerpt's samples that are damaged (0 to 1)."""


def distortions(waveform: npt.NDArray[np.float32]) -> list[Distortion]:
    """The kinds of damage that pass their limits.

    Parameters
    ----------
    waveform : ``float32 [n_samples]`` at 22,050 Hz, full scale 1
    """
    shares = {"clipping": clipped_share(waveform), "dropout": muted_share(waveform), "static": static_share(waveform)}
    return [Distortion(kind, share) for kind, share in shares.items() if share >= LIMITS[kind]]


def clipped_share(waveform: npt.NDArray[np.float32]) -> float:
    """Share of samples in flat tops of three samples or more, at any level.

    It counts only a part of the samples that clipping cut off: a peak with one or two cut samples looks like any other
    peak. The part depends on the music. In the synthetic recordings it is 24 to 97 %, and lowest if all peaks are
    narrow (cymbals).
    """
    x = np.asarray(waveform, np.float32)
    loudest = float(np.abs(x).max(initial=0))
    starts, ends = _runs(np.abs(np.diff(x)) <= 1.25 * _STEP)  # samples start..end, both included
    inside = (ends - starts >= _FLAT_RUN - 1) & (starts > 0) & (ends < len(x) - 1)
    starts, ends = starts[inside], ends[inside]
    height = np.abs(x[starts])
    sign = np.sign(x[starts])
    before, after = height - sign * x[starts - 1], height - sign * x[ends + 1]
    flat = (height >= _FLAT_LEVEL * loudest) & (before > 0) & (after > 0)
    flat &= np.maximum(before, after) >= _FLAT_JUMP
    return float(np.sum((ends - starts + 1)[flat]) / max(len(x), 1))


def muted_share(waveform: npt.NDArray[np.float32]) -> float:
    """Share of samples in silences that begin and end abruptly in the middle of sound."""
    x = np.abs(waveform)
    level = float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if len(x) else 0.0
    starts, ends = _runs(x <= max(1.25 * _STEP, level * 10 ** (_MUTED_DB / 20)))
    edge = round(_EDGE_S * SAMPLE_RATE)
    long = (ends - starts >= _MUTED_S * SAMPLE_RATE) & (starts >= edge) & (ends + edge <= len(x))
    muted = 0
    for start, end in zip(starts[long], ends[long], strict=True):
        if min(x[start - edge : start].max(), x[end : end + edge].max()) >= 0.1 * level:
            muted += int(end - start)
    return muted / max(len(x), 1)


def static_share(waveform: npt.NDArray[np.float32]) -> float:
    """Share of frames of 23 ms that are full of noise or contain a click."""
    n_frames = len(waveform) // _FRAME
    if n_frames < 2:
        return 0.0
    frames = np.asarray(waveform[: n_frames * _FRAME], np.float32).reshape(n_frames, _FRAME)
    power = np.abs(fft.rfft(frames * np.hanning(_FRAME).astype(np.float32), axis=1)) ** 2
    treble = power[:, _TREBLE_BIN : _TREBLE_BIN + _BANDS * ((_FRAME // 2 - _TREBLE_BIN) // _BANDS)]
    bands = treble.reshape(n_frames, _BANDS, -1).mean(axis=2) + 1e-20
    flatness = np.exp(np.log(bands).mean(axis=1)) / bands.mean(axis=1)
    loud = treble.sum(axis=1) > _TREBLE_SHARE * power.sum(axis=1).mean()
    damaged = (flatness > _WHITE) & loud
    places = _clicks(waveform) // _FRAME
    damaged[places[places < n_frames]] = True
    return float(np.mean(damaged))


def _clicks(waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Samples that stick out while nothing else near them does: a drum continues to sound, a click does not."""
    x = np.asarray(waveform, np.float32)
    jump = np.abs(x[1:-1] - (x[2:] + x[:-2]) / 2)
    reach, gap = _CLICK_AROUND // 2, 3  # a click shows in its two neighbours too
    around = running_maximum(jump, _CLICK_AROUND)
    away = reach + gap
    padded = np.pad(around, away)
    others = np.maximum(padded[: len(jump)], padded[2 * away :])
    highest = jump == running_maximum(jump, 2 * gap - 1)
    level = np.sqrt(np.mean(np.square(x, dtype=np.float64)))
    return np.flatnonzero(highest & (jump > _CLICK * others) & (jump > _CLICK_LEVEL * level)) + 1


def _runs(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First index of each run of True, and the first index after the run."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
