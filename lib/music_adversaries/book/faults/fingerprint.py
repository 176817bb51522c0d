"""Which excerpts may be of one recording: landmarks of spectral peaks, and an index over them.

A spectrogram's peaks survive gain, equalisers and codecs. A pair of peaks makes a landmark: the first
peak's frequency, the step to the second, and the time between them. Two excerpts of one recording share
many landmarks, all displaced by the same time (A. Wang, "An industrial-strength audio search
algorithm", ISMIR 2003). :func:`candidates` finds the pairs of excerpts that share more of them
at one displacement than expected by chance; `alignment` then decides what they are.

We know no maintained library that does this with pip alone. ``pyacoustid`` needs the Chromaprint library
or its program ``fpcalc`` installed on the system. ``audfprint2`` is a young fork that compares the number of
matches with a fixed number, adds three dependencies and keeps its own database files.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft, signal, stats
from tqdm.auto import tqdm

from ...audio import SAMPLE_RATE

N_FFT = 2048  # 93 ms: neighbouring notes are separated from 110 Hz upwards
HOP = 512  # 23 ms: a cut between two frames moves a peak by less than one frame
BINS = (10, 512)  # 108 to 5,500 Hz, which every codec keeps
_NEAR_BINS, _NEAR_FRAMES = 10, 5  # a peak is the largest value within this distance
_FLOOR_DB = 70.0  # this far below the loudest bin there is only noise and what codecs add
_STEP_BINS, _STEP_FRAMES = 48, 32  # how far apart the two peaks of a landmark may be
_NEXT_PEAKS = 32  # the second peak is at most this many peaks later

# A landmark that more places share than this (a drum machine's stroke) says nothing about any of them.
COMMON = 200
# Matches held at a time, about 100 bytes each. If there are more, the most common landmarks are dropped. With 1,000
# excerpts of half a minute, half of this number still finds every planted copy.
_MATCHES = 10_000_000
# The number of candidates that are expected by chance, in a whole dataset without replicas.
FALSE_ALARMS = 0.01
_AT_LEAST = 5  # shared landmarks
# Copies share a tenth of their landmarks or more, even after an MP3 codec; pieces with one drum loop rarely a 50th.
_SHARE = 0.02
_OFFSETS = 4  # offsets kept for each pair: if a loop repeats, the best one is not always the right one


class Landmarks(NamedTuple):
    """The landmarks of one excerpt."""

    keys: npt.NDArray[np.int32]
    """``[n]``: first bin, step in bins and step in frames, in one number."""
    frames: npt.NDArray[np.int32]
    """``[n]``: when the first peak sounds, in frames of `HOP` samples."""
    n_frames: int


class Candidate(NamedTuple):
    """Two excerpts that share landmarks."""

    first: int
    second: int
    offset: int
    """Frames from the first excerpt's beginning to the second's, on the recording's own clock."""
    votes: int
    """Landmarks that agree on it."""


def landmarks(waveform: npt.NDArray[np.float32]) -> Landmarks:
    """Landmarks of one excerpt; none if it is silent or shorter than one frame.

    Parameters
    ----------
    waveform : ``float32 [n_samples]`` at 22,050 Hz, of any level
    """
    bins, frames, n_frames = peaks(waveform)
    keys, starts = [], []
    for later in range(1, min(_NEXT_PEAKS, len(bins) - 1) + 1):
        step = bins[later:] - bins[:-later]
        wait = frames[later:] - frames[:-later]
        near = (np.abs(step) <= _STEP_BINS) & (wait >= 1) & (wait <= _STEP_FRAMES)
        key = (bins[:-later] * (2 * _STEP_BINS + 1) + step + _STEP_BINS) * (_STEP_FRAMES + 1) + wait
        keys.append(key[near])
        starts.append(frames[:-later][near])
    if not keys:
        return Landmarks(np.zeros(0, np.int32), np.zeros(0, np.int32), n_frames)
    return Landmarks(np.concatenate(keys).astype(np.int32), np.concatenate(starts).astype(np.int32), n_frames)


def peaks(waveform: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Bins and frames of the spectrogram's peaks, in order of time, and how many frames there are."""
    if len(waveform) < N_FFT:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), 0
    windows = np.lib.stride_tricks.sliding_window_view(waveform, N_FFT)[::HOP]
    window = signal.get_window("hann", N_FFT).astype(np.float32)
    magnitude = np.abs(fft.rfft(windows * window, axis=1)[:, slice(*BINS)])
    loudest = float(magnitude.max())
    if loudest == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), len(windows)
    around = running_maximum(running_maximum(magnitude, 2 * _NEAR_FRAMES + 1, axis=0), 2 * _NEAR_BINS + 1, axis=1)
    frames, bins = np.nonzero((magnitude == around) & (magnitude > loudest * 10 ** (-_FLOOR_DB / 20)))
    return bins, frames, len(windows)


def running_maximum(values: npt.NDArray[np.float32], size: int, axis: int = -1) -> npt.NDArray[np.float32]:
    """The largest of ``size`` values around each along an axis, fewer at the ends; an even size begins one earlier.

    As ``scipy.ndimage.maximum_filter1d``, several times as fast on long arrays.
    """
    values = np.moveaxis(values, axis, -1)
    padded = np.full((*values.shape[:-1], values.shape[-1] + size - 1), -np.inf, values.dtype)
    padded[..., size // 2 : size // 2 + values.shape[-1]] = values
    done = 1  # so many values each maximum is of: doubled until the next doubling would be too many
    while 2 * done <= size:
        padded = np.maximum(padded[..., :-done], padded[..., done:])
        done *= 2
    if done < size:
        rest = size - done
        padded = np.maximum(padded[..., :-rest], padded[..., rest:])
    return np.moveaxis(padded, -1, axis)


def candidates(excerpts: Sequence[Landmarks], *, progress: bool = False) -> list[Candidate]:
    """Pairs of excerpts that share more landmarks at one offset than expected by chance; a pair may have several.

    Landmarks that are shared by chance spread evenly over all offsets. Counted in windows of three frames,
    they are then a Poisson variable. Its tail is multiplied by the number of windows and of pairs, so that over a
    whole dataset without replicas `FALSE_ALARMS` candidates are expected. Repeated loops break that assumption,
    so `alignment` checks every candidate.

    Parameters
    ----------
    excerpts : landmarks of each excerpt; ``first`` and ``second`` are indices into it, the smaller one first
    progress : show a progress bar
    """
    n = len(excerpts)
    lengths = np.array([e.n_frames for e in excerpts], np.int64)
    span = int(lengths.max(initial=0)) + 2
    places, kept_landmarks = _matches(excerpts, span, progress)
    if not len(places):
        return []
    # One number for pair and offset, sorted: how often it occurs is how many landmarks agree.
    edges = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
    counts = np.diff(np.concatenate((edges, [len(places)])))
    places = places[edges]
    pair = places // (2 * span)
    starts = np.flatnonzero(np.concatenate(([True], pair[1:] != pair[:-1])))
    shared = np.repeat(np.add.reduceat(counts, starts), np.diff(np.concatenate((starts, [len(pair)]))))
    votes = counts.copy()
    for ahead in (1, 2):  # offsets are rarely whole frames, and a copy may run a little fast
        reached = np.searchsorted(places, places + ahead)
        there = (reached < len(places)) & (places[np.minimum(reached, len(places) - 1)] == places + ahead)
        votes[there] += counts[reached[there]]
    enough = np.flatnonzero(votes >= _AT_LEAST)  # few of them
    windows = (lengths[pair[enough] // n] + lengths[pair[enough] % n]) / 3
    surprise = stats.poisson.logsf(votes[enough] - 1, shared[enough] / windows)
    surprise += np.log(3 * windows) + np.log(n * (n - 1) / 2)
    found = enough[surprise < np.log(FALSE_ALARMS)]
    if not len(found):
        return []
    first, second, offset = pair[found] // n, pair[found] % n, places[found] % (2 * span) - span + 1
    overlap = np.minimum(lengths[first], offset + lengths[second]) - np.maximum(0, offset)
    # The number of landmarks that two excerpts of these lengths could share at this offset if they were one recording.
    density = kept_landmarks / np.maximum(lengths, 1)
    share = votes[found] / np.maximum(np.minimum(density[first], density[second]) * overlap, 1.0)
    # For each pair, the offsets with the most votes; in a tie the smallest first, so that the result is determined.
    order = [i for i in np.lexsort((offset, -votes[found], pair[found])) if share[i] >= _SHARE]
    kept: list[Candidate] = []
    for i in order:
        one = Candidate(int(first[i]), int(second[i]), int(offset[i]), int(votes[found[i]]))
        same = [other for other in kept[-_OFFSETS:] if other[:2] == one[:2]]
        if len(same) < _OFFSETS and all(abs(other.offset - one.offset) > 2 for other in same):
            kept.append(one)
    return kept


def _matches(
    excerpts: Sequence[Landmarks], span: int, progress: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every two equal landmarks in different excerpts, and how many landmarks of each excerpt were looked at.

    A match is ``(first * n + second) * 2 * span + offset + span``; they come sorted.
    """
    n = len(excerpts)
    keys = np.concatenate([np.zeros(0, np.int32), *(e.keys for e in excerpts)])
    owners = np.repeat(np.arange(n, dtype=np.int32), [len(e.keys) for e in excerpts])
    frames = np.concatenate([np.zeros(0, np.int32), *(e.frames for e in excerpts)])
    sizes = np.bincount(keys)
    limit = _common(sizes)
    kept = sizes[keys] <= limit
    keys, owners, frames = keys[kept], owners[kept], frames[kept]
    looked_at = np.bincount(owners, minlength=n)
    order = np.lexsort((frames, owners, keys))
    keys, owners, frames = keys[order], owners[order], frames[order]
    places = [np.zeros(0, np.int64)]
    same = np.arange(len(keys))
    for ahead in tqdm(range(1, limit), desc="Matching landmarks", disable=not progress):
        # Each place with the one `ahead` places later among those of the same landmark: fewer with each step.
        same = same[same < len(keys) - ahead]
        same = same[keys[same] == keys[same + ahead]]
        here = same[owners[same] != owners[same + ahead]]
        pair = owners[here].astype(np.int64) * n + owners[here + ahead]
        places.append(pair * (2 * span) + frames[here] - frames[here + ahead] + span)
    matches = np.concatenate(places)
    matches.sort()
    return matches, looked_at


def _common(sizes: npt.NDArray[np.int64], budget: int = _MATCHES) -> int:
    """How many places a landmark may have: `COMMON`, or fewer if the matches would not fit in memory."""
    by_size = np.bincount(np.minimum(sizes, COMMON + 1), minlength=2)[: COMMON + 1]
    sizes_up = np.arange(len(by_size))
    matches = np.cumsum(by_size * sizes_up * (sizes_up - 1) // 2)
    return max(2, int(np.searchsorted(matches, budget, side="right")) - 1)


def seconds(frames: int) -> float:
    """Frames as seconds."""
    return frames * HOP / SAMPLE_RATE
