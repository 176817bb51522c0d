"""Audio files to waveforms and back, with nothing converted silently.

Goal
    Everything downstream works on mono ``float32`` waveforms at 22,050 Hz, full scale 1.
    :func:`read` turns an audio file into such a waveform and says what it changed, or refuses the
    file by name. :func:`write_wav` writes a waveform to a file. :func:`quantise` gives, without a
    file, exactly what will be read back from it: an adversary is judged by what its file holds.

Paper: Section 2.3
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ..cache import atomic_path
from ..errors import InputError, is_number
from .levels import FULL_SCALE as FULL_SCALE
from .levels import Waveform as Waveform
from .levels import refuse_not_finite, samples_of, silent, to_mono
from .sources import RATES, Source

__all__ = [
    "N_FFT",
    "SAMPLE_RATE",
    "Audio",
    "check_waveform",
    "duration",
    "quantise",
    "read",
    "resample",
    "to_flac_bytes",
    "to_wav_bytes",
    "write_wav",
]

SAMPLE_RATE = 22_050  # Hz
N_FFT = 1_024  # samples in a frame, 46 ms: the shortest recording there is
LONGEST_S = 3_600  # of a recording that is read as a whole without being told how much of it
_NO_LIMIT_S = 1e9  # more than any file has


@dataclass(frozen=True, eq=False)
class Audio:
    """A waveform, and what was done to the file's sound to get it; as two values, ``waveform, notes = read(...)``."""

    waveform: Waveform
    """``float32 [n_samples]``, mono, full scale 1."""
    notes: tuple[str, ...]
    """One phrase for each conversion, such as ``"stereo mixed to mono"``; empty where there was none."""
    sample_rate: int = SAMPLE_RATE
    """Hz."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.waveform, self.notes))

    def __getitem__(self, index: int) -> Any:
        return (self.waveform, self.notes)[index]


def read(
    path: Path | str,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    max_seconds: float | None = None,
    sample_rate: int = SAMPLE_RATE,
) -> Audio:
    """Read an audio file as a mono waveform, at 22,050 Hz unless another rate is wanted.

    Channels are averaged; other rates are resampled by soxr (HQ). Each conversion leaves a note. So does each repair:
    channels that are silent or cancel out are not mixed, a constant of more than 3 % of the power is removed, whole
    numbers in a float file are brought to full scale 1, bytes that nothing was read of are counted.

    Parameters
    ----------
    path : WAV, FLAC, OGG, MP3, AU, or whatever else libsndfile decodes
    start_s, duration_s : the cut wanted, in seconds of the file (to its end when no duration is given);
        a file that ends before the cut does leaves a note
    max_seconds : at most so much is read; leaving something out makes a note
    sample_rate : Hz of the result

    Returns
    -------
    Audio: ``waveform`` ``float32 [n_samples]``, ``notes``, ``sample_rate``

    Raises
    ------
    InputError
        When the file is missing, no regular file, empty, not audio, silent, far beyond full scale, at an absurd rate,
        shorter than one frame of 1,024 samples, longer than an hour without a length asked for, or has NaN or
        infinite samples. The message names the file.

    Notebook: book/05_adversaries.ipynb
    """
    for argument, value in (("duration_s", duration_s), ("max_seconds", max_seconds)):
        if value is not None and not (is_number(value) and 0 < value < _NO_LIMIT_S):
            raise InputError(f"{argument} is {value!r}; give a number of seconds above 0.")
    if not (is_number(start_s) and 0 <= start_s < _NO_LIMIT_S):
        raise InputError(f"start_s is {start_s!r}; give a number of seconds, 0 or more.")
    _refuse_rate(sample_rate, "sample_rate")
    notes: list[str] = []
    with Source(path) as source:
        name, rate = source.name, source.rate
        start = round(start_s * rate)
        wanted = None if duration_s is None else round(duration_s * rate)
        limit = None if max_seconds is None else round(max_seconds * rate)
        if limit is not None and wanted is not None and wanted <= limit:
            limit = None
        take = wanted if limit is None else limit
        most = LONGEST_S * rate

        def blocks() -> Iterator[Waveform]:
            done = 0
            # One more than may be, to see whether there is one.
            for block in source.blocks(start, start + (most + 1 if take is None else take)):
                done += len(block)
                if take is None and done > most:
                    raise InputError(f"{name} is longer than an hour; give duration_s or max_seconds.")
                yield block

        mono, mixing = to_mono(blocks, source.channels, rate, name, source.layout.bits)
        length = source.length
        if length is None:
            length = source.count() if source.frames is None else source.frames
        if source.layout.cut_short or (source.frames is not None and length < source.frames):
            notes.append("cut short: its header promises more audio than it holds")
        if len(source.layout.parts) > 1:
            notes.append(f"{len(source.layout.parts)} streams, one after the other, joined")
        if source.layout.left_over or source.unread:
            count = f"{source.layout.left_over:,}" if source.layout.left_over else f"at least {source.unread:,}"
            notes.append(f"{count} bytes after its sound not read")
    if not length:
        raise InputError(f"{name} holds no samples; give a recording with sound in it.")
    if start >= length:
        end = f"{length / rate:.2f} s"
        raise InputError(
            f"{name} ends after {end}, before the excerpt's start at {start_s:g} s; give an earlier start."
        )
    if limit is not None and length - start > limit:
        notes.append(f"{max_seconds:g} s of {(length - start) / rate:.0f} s used")
    elif wanted is not None and len(mono) < wanted:
        notes.append(f"ends after {len(mono) / rate:.2f} s of the {duration_s:g} s asked for")
    if rate != sample_rate:
        mono = resample(mono, rate, sample_rate)
        mixing.append(f"{rate:,} Hz resampled to {sample_rate:,} Hz")
    _refuse_short(len(mono), name, N_FFT, sample_rate)
    return Audio(mono, (*notes, *mixing), sample_rate)


def duration(path: Path | str) -> float:
    """Length of an audio file in seconds: of what `read` would decode, not of what a header promises.

    Raises
    ------
    InputError
        When the file cannot be opened as audio, or decoded where its header does not tell.
    """
    with Source(path) as source:
        return source.count() / source.rate


def resample(waveform: npt.ArrayLike, rate: int, to: int) -> Waveform:
    """A waveform at another sample rate, by soxr (HQ).

    Parameters
    ----------
    waveform : array ``[n_samples]``, full scale 1
    rate, to : Hz, before and after

    Returns
    -------
    ``float32 [n_samples * to / rate]``

    Raises
    ------
    InputError
        When it is not one-dimensional and finite floating point, or a rate is not from 1,000 to 768,000 Hz.

    >>> import numpy as np
    >>> len(resample(np.zeros(44_100), 44_100, 16_000))
    16000
    """
    _refuse_rate(rate, "rate")
    _refuse_rate(to, "to")
    array = as_float32(waveform)
    if not len(array):
        return array
    return soxr.resample(array, rate, to, quality="HQ").astype(np.float32, copy=False)


def check_waveform(waveform: npt.ArrayLike, name: str = "the waveform", *, min_samples: int = N_FFT) -> Waveform:
    """Return ``waveform`` as contiguous ``float32 [n_samples]``, or refuse it.

    Parameters
    ----------
    waveform : real floating-point array ``[n_samples]``, full scale 1
    name : what the message calls it, such as a file name or an excerpt
    min_samples : shortest length accepted; 1,024 samples are one frame

    Raises
    ------
    InputError
        When it is not one-dimensional or not floating point, has NaN or infinite samples, is silent
        (all zero once written with 16 bits) or is too short.
    """
    array = as_float32(waveform, name)
    _refuse_short(len(array), name, min_samples)
    # Up to half a step is silence too: it rounds to nothing in a 16-bit file.
    if not np.any(np.abs(array) > 0.5 / FULL_SCALE):
        raise silent(name)
    return array


def quantise(waveform: npt.ArrayLike) -> Waveform:
    """The waveform exactly as its 16-bit file reads back.

    Rounded to the nearest multiple of 1 / 32,768 (ties to even) and saturated at -1 and 32,767 / 32,768.

    Parameters
    ----------
    waveform : array ``[n_samples]``, full scale 1

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        When it is not one-dimensional floating point or has NaN or infinite samples.

    >>> import numpy as np
    >>> quantise(np.array([0.00001, 0.5, 2.0])).tolist()
    [0.0, 0.5, 0.999969482421875]

    Notebook: book/05_adversaries.ipynb
    """
    steps, _ = _to_int16(waveform)
    return steps.astype(np.float32) / np.float32(FULL_SCALE)


def count_clipped(waveform: npt.ArrayLike) -> int:
    """Number of samples that 16 bits cannot hold, and that :func:`quantise` and :func:`write_wav` saturate.

    >>> import numpy as np
    >>> count_clipped(np.array([0.5, -1.0, 1.2]))
    1
    """
    return _to_int16(waveform)[1]


def write_wav(path: Path | str, waveform: npt.ArrayLike, sample_rate: int = SAMPLE_RATE) -> int:
    """Write a mono 16-bit PCM WAV file; it appears whole or not at all.

    Parameters
    ----------
    path : where the file goes; folders are made
    waveform : array ``[n_samples]``, full scale 1
    sample_rate : Hz

    Returns
    -------
    How many samples lay beyond full scale and were clipped.

    Raises
    ------
    InputError
        When the waveform is not one-dimensional floating point or has NaN or infinite samples, the
        disk is full or the folder cannot be written.

    Notebook: book/05_adversaries.ipynb
    """
    steps, n_clipped = _to_int16(waveform)
    # Encoded in memory first: libsndfile does not tell a full disk from other faults, Python does.
    content = _encode(steps, "WAV", sample_rate)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return n_clipped


def to_wav_bytes(waveform: npt.ArrayLike, sample_rate: int = SAMPLE_RATE) -> bytes:
    """The bytes :func:`write_wav` would write."""
    return _encode(_to_int16(waveform)[0], "WAV", sample_rate)


def to_flac_bytes(waveform: npt.ArrayLike, sample_rate: int = SAMPLE_RATE) -> bytes:
    """A mono 16-bit FLAC file, in memory; decodes to :func:`quantise` of the waveform."""
    return _encode(_to_int16(waveform)[0], "FLAC", sample_rate)


def _refuse_rate(rate: int, name: str) -> None:
    lowest, highest = RATES
    if not (isinstance(rate, int | np.integer) and lowest <= rate <= highest):
        raise InputError(f"{name} is {rate!r}; give a whole number of Hz from {lowest:,} to {highest:,}.")


def as_float32(waveform: npt.ArrayLike, name: str = "the waveform") -> Waveform:
    """As contiguous ``float32 [n_samples]``; `InputError` where it is not finite floating point of one dimension."""
    array = samples_of(waveform, name)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {list(array.shape)}; give one channel, an array [n_samples].")
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{name} is of type {array.dtype}; give floating-point samples with full scale 1.")
    array = np.ascontiguousarray(array, dtype=np.float32)
    refuse_not_finite(array, name)
    return array


def _refuse_short(n_samples: int, name: str, min_samples: int, rate: int = SAMPLE_RATE) -> None:
    if n_samples < min_samples:
        raise InputError(
            f"{name} is too short: {n_samples:,} samples at {rate:,} Hz, where at least {min_samples:,} "
            f"({1000 * min_samples / rate:.0f} ms) are needed; give a longer recording."
        )


def _to_int16(waveform: npt.ArrayLike) -> tuple[npt.NDArray[np.int16], int]:
    array = as_float32(waveform)
    # In float64: a loud float32 sample may overflow when scaled.
    steps = np.rint(array.astype(np.float64) * FULL_SCALE)
    inside = np.clip(steps, -FULL_SCALE, FULL_SCALE - 1)
    return inside.astype(np.int16), int(np.count_nonzero(steps != inside))


def _encode(steps: npt.NDArray[np.int16], container: str, sample_rate: int) -> bytes:
    _refuse_rate(sample_rate, "sample_rate")
    buffer = io.BytesIO()
    soundfile.write(buffer, steps, sample_rate, format=container, subtype="PCM_16")
    return buffer.getvalue()
