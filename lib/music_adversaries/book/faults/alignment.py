"""Whether two excerpts that share landmarks are one recording: they are compared sample by sample.

Landmarks alone cannot distinguish one recording from two that use the same drum loop: both pairs share many. The
sound can. If one excerpt is a copy of the other, every moment of one correlates with the other at the same
displacement. Two pieces with one loop correlate only while nothing else sounds. Then the change of the sound is
measured too. A gain and a codec keep the balance of the bands. Another production (a remaster, or another artist's
version with the same timing) does not keep it.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr
from scipy import fft, ndimage, stats

from ...audio import SAMPLE_RATE

BLOCK = 8192  # samples, 0.37 s
LEAST_BLOCKS = 3  # about one second of overlap that sounds
SEARCH = 2048  # samples in either direction around the offset, which landmarks give to within two frames
BAND_HZ = (110.0, 4000.0)  # below, a hum correlates with everything; above, codecs leave holes
# r squared is the share of a block's energy that the other block explains: two thirds. With codecs, r is 0.94 or more;
# independent music reaches 0.2 to 0.4 at the best of the displacements searched.
CORRELATED = 0.8
# A recording may be damaged in places; two pieces with one loop agree in fewer blocks.
AGREED = 0.75

_QUIET_DB = 40.0  # blocks this far below the loudest are ignored
_GLIMPSE = 8  # blocks looked at first: most candidates are not replicas, and should cost little time
# A copy that runs fast drifts within a block; short blocks of low notes still correlate and show by how much.
_DRIFT_BLOCK, _DRIFT_BLOCKS, _DRIFT_HZ, _FASTEST = 4096, 32, (110.0, 700.0), 0.012

Waveform = npt.NDArray[np.float32]
Blocks = npt.NDArray[np.float64]


class Alignment(NamedTuple):
    """How well two excerpts agree when they are aligned."""

    offset_s: float
    """Seconds from the first excerpt's beginning to the second's, on the recording's own clock."""
    overlap_s: float
    """Seconds that are in both."""
    agreement: float
    """Share of the overlap's sounding blocks in which the two correlate (0 to 1)."""
    correlation: float
    """Median correlation of the blocks (0 to 1)."""
    unevenness_db: float
    """How much the gain between the two differs from band to band (interquartile range)."""
    speed: float = 1.0
    """How fast the second runs, compared with the first."""


class _Laid(NamedTuple):
    """Blocks of the first excerpt, and the part of the second around each block."""

    ours: Blocks
    theirs: Blocks
    starts: npt.NDArray[np.int64]
    correlation: npt.NDArray[np.float64]
    shift: npt.NDArray[np.int64]
    overlap: int

    @property
    def agreement(self) -> float:
        return float(np.mean(self.correlation >= CORRELATED))


def align(first: Waveform, second: Waveform, offset: int) -> Alignment | None:
    """Align the second excerpt with the first; if it runs a little fast or slow, its speed is corrected first.

    Parameters
    ----------
    first, second : ``float32 [n_samples]`` at 22,050 Hz
    offset : samples from the first excerpt's beginning to the second's, correct to within `SEARCH` samples

    Returns
    -------
    Alignment, or None if less than about a second of sound is in both.
    """
    laid = _lay(first, second, offset, at_most=_GLIMPSE)
    if laid is None:
        return None
    speed = 1.0
    if laid.agreement < AGREED:
        drift = _drift(first, second, offset)
        if drift is not None:
            slowed = soxr.resample(second, SAMPLE_RATE * drift[0], SAMPLE_RATE).astype(np.float32)
            again = _lay(first, slowed, drift[1], at_most=_GLIMPSE)
            if again is not None and again.agreement > laid.agreement:
                laid, second, offset, speed = again, slowed, drift[1], 1 / drift[0]
    if laid.agreement > 0:
        laid = _lay(first, second, offset) or laid
    good = laid.correlation >= CORRELATED
    shift = np.median(laid.shift[good if good.any() else slice(None)])
    return Alignment(
        offset_s=(offset - int(shift)) / SAMPLE_RATE,
        overlap_s=laid.overlap / SAMPLE_RATE,
        agreement=laid.agreement,
        correlation=float(np.median(laid.correlation)),
        unevenness_db=_unevenness(laid),
        speed=speed,
    )


def _lay(
    first: Waveform,
    second: Waveform,
    offset: int,
    *,
    at_most: int = 0,
    block: int = BLOCK,
    band_hz: tuple[float, float] = BAND_HZ,
) -> _Laid | None:
    """Correlate blocks of the overlap (``at_most`` of them, evenly spread); silent ones are left out."""
    begin, end = max(0, offset), min(len(first), offset + len(second))
    n_blocks = (end - begin) // block
    if n_blocks < LEAST_BLOCKS:
        return None
    chosen = np.arange(n_blocks)
    if 0 < at_most < n_blocks:
        chosen = np.unique(np.linspace(0, n_blocks - 1, at_most).round().astype(int))
    starts = begin + chosen * block
    ours = np.stack([first[s : s + block] for s in starts]).astype(np.float64)
    power = np.mean(ours**2, axis=1)
    sounding = power > max(power.max() * 10 ** (-_QUIET_DB / 10), 1e-12)
    if np.count_nonzero(sounding) < LEAST_BLOCKS:
        return None
    ours, starts = ours[sounding], starts[sounding]
    padded = np.pad(second, SEARCH + block).astype(np.float64)
    theirs = np.stack([padded[s - offset + block :][: block + 2 * SEARCH] for s in starts])

    n_fft = fft.next_fast_len(block + 2 * SEARCH, real=True)
    hertz = fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    spectrum = fft.rfft(ours, n_fft)
    smooth = ndimage.uniform_filter1d(np.mean(np.abs(spectrum) ** 2, axis=0), 32, mode="nearest")
    # The spectrum is flattened half-way, so that neither the bass alone nor noise in the treble decides.
    weight = ((hertz >= band_hz[0]) & (hertz <= band_hz[1])) / np.maximum(smooth, 1e-6 * smooth.max()) ** 0.25
    ours = fft.irfft(spectrum * weight, n_fft)[:, :block]
    theirs = fft.irfft(fft.rfft(theirs, n_fft) * weight, n_fft)[:, : block + 2 * SEARCH]
    correlation, shift = _correlate(ours, theirs, n_fft)
    return _Laid(ours, theirs, starts, correlation, shift, end - begin)


def _correlate(ours: Blocks, theirs: Blocks, n_fft: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Best normalised correlation of each block, and its displacement (samples)."""
    block = ours.shape[1]
    cross = fft.irfft(fft.rfft(theirs, n_fft) * np.conj(fft.rfft(ours, n_fft)), n_fft)[:, : 2 * SEARCH + 1]
    running = np.cumsum(np.pad(theirs**2, ((0, 0), (1, 0))), axis=1)
    energy = np.maximum(running[:, block:] - running[:, : 2 * SEARCH + 1], 0)
    scale = np.sqrt(np.sum(ours**2, axis=1, keepdims=True) * energy)
    # The absolute value: a copy with inverted polarity sounds the same.
    r = np.abs(cross) / np.maximum(scale, max(1e-3 * scale.max(), 1e-12))
    best = np.argmax(r, axis=1)
    return np.minimum(r[np.arange(len(r)), best], 1.0), best - SEARCH


def _drift(first: Waveform, second: Waveform, offset: int) -> tuple[float, int] | None:
    """Samples of the second per sample of the first, and the offset after resampling; None if no drift is clear."""
    laid = _lay(first, second, offset, at_most=_DRIFT_BLOCKS, block=_DRIFT_BLOCK, band_hz=_DRIFT_HZ)
    if laid is None:
        return None
    good = laid.correlation >= CORRELATED
    if np.count_nonzero(good) < 2 * LEAST_BLOCKS:
        return None
    starts, places = laid.starts[good], (laid.starts - offset + laid.shift)[good]
    slope, at_zero, *_ = stats.theilslopes(places, starts)
    on_the_line = np.abs(places - at_zero - slope * starts) < 16
    if abs(slope - 1) > _FASTEST or np.mean(on_the_line) < 0.6:
        return None
    return float(slope), round(-at_zero / slope)


def _unevenness(laid: _Laid) -> float:
    """Interquartile range, over third-octave bands, of the gain from one to the other, in dB.

    Only the middle half counts, since a band limit removes a few bands completely.
    """
    block = laid.ours.shape[1]
    aligned = np.stack([row[SEARCH + s :][:block] for row, s in zip(laid.theirs, laid.shift, strict=True)])
    window = np.hanning(block)
    n_bands = int(3 * np.log2(BAND_HZ[1] / BAND_HZ[0]))
    edges = BAND_HZ[0] * 2 ** (np.arange(n_bands + 1) / 3)
    band = np.digitize(fft.rfftfreq(block, 1 / SAMPLE_RATE), edges)
    powers = []
    for blocks in (laid.ours, aligned):
        power = np.sum(np.abs(fft.rfft(blocks * window)) ** 2, axis=0)
        powers.append(np.bincount(band, power, minlength=n_bands + 2)[1 : n_bands + 1])
    ours, theirs = powers
    heard = (ours > ours.max() * 1e-4) & (theirs > theirs.max() * 1e-4)  # above the noise
    if np.count_nonzero(heard) < 3:
        return 0.0
    lower, upper = np.percentile(10 * np.log10(ours[heard] / theirs[heard]), (25, 75))
    return float(upper - lower)
