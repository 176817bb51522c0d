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
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from .cache import atomic_path
from .errors import InputError

__all__ = [
    "N_FFT",
    "SAMPLE_RATE",
    "Audio",
    "check_waveform",
    "duration",
    "quantise",
    "read",
    "to_flac_bytes",
    "to_wav_bytes",
    "write_wav",
]

Waveform = npt.NDArray[np.float32]

SAMPLE_RATE = 22_050  # Hz
N_FFT = 1_024  # samples in a frame, 46 ms: the shortest recording there is
FULL_SCALE = 32_768  # steps of a 16-bit file from 0 to full scale
_BLOCK = 1 << 20  # frames decoded at a time, so that a long stereo file is never in memory as a whole
_FORMATS = "WAV, FLAC, OGG, MP3 or AU"


class Audio(NamedTuple):
    """A waveform, and what was done to the file's sound to get it."""

    waveform: Waveform
    """``float32 [n_samples]``, mono, 22,050 Hz, full scale 1."""
    notes: tuple[str, ...]
    """One phrase for each conversion, such as ``"stereo mixed to mono"``; empty where there was none."""


def read(
    path: Path | str,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    max_seconds: float | None = None,
) -> Audio:
    """Read an audio file as a mono waveform at 22,050 Hz.

    Channels are averaged; other rates are resampled by soxr (HQ). Each conversion leaves a note.

    Parameters
    ----------
    path : WAV, FLAC, OGG, MP3, AU, or another format that libsndfile decodes
    start_s, duration_s : the part to read, in seconds of the file (to its end when no duration is given);
        a file that ends before this part does leaves a note
    max_seconds : read at most this much; leaving something out makes a note

    Returns
    -------
    Audio: ``waveform`` ``float32 [n_samples]``, ``notes``

    Raises
    ------
    InputError
        When the file is missing, a folder, empty, not audio, silent, shorter than one frame of
        1,024 samples, or has NaN or infinite samples. The message names the file.

    Notebook: book/05_adversaries.ipynb
    """
    path = Path(path)
    for argument, value in (("duration_s", duration_s), ("max_seconds", max_seconds)):
        if value is not None and not value > 0:
            raise InputError(f"{argument} is {value}; give a number of seconds above 0.")
    notes: list[str] = []
    with _Source(path) as source:
        file = source.file
        rate, channels = file.samplerate, file.channels
        start = round(start_s * rate)
        wanted = None if duration_s is None else round(duration_s * rate)
        limit = None if max_seconds is None else round(max_seconds * rate)
        if limit is not None and wanted is not None and wanted <= limit:
            limit = None
        take = wanted if limit is None else limit
        skipped = _skip(file, start)
        mono, at_end = _decode_mono(file, path, None if take is None else start + take - skipped)
        length = skipped + len(mono) if at_end else file.frames
        if _is_truncated(file) or length < file.frames:
            notes.append("cut short: its header promises more audio than it holds")
    if not length:
        raise InputError(f"{path} holds no samples; give a recording with sound in it.")
    mono = mono[start - skipped :]
    if not len(mono):
        raise InputError(
            f"{path} ends after {length / rate:.2f} s, before the excerpt's start at {start_s:g} s; "
            "give an earlier start."
        )
    if limit is not None and length - start > limit:
        notes.append(f"{max_seconds:g} s of {(length - start) / rate:.0f} s used")
    elif wanted is not None and len(mono) < wanted:
        notes.append(f"ends after {len(mono) / rate:.2f} s of the {duration_s:g} s asked for")
    if channels == 2:
        notes.append("stereo mixed to mono")
    elif channels > 2:
        notes.append(f"{channels} channels mixed to mono")
    _refuse_unusable(mono, str(path))  # before resampling, which would spread a NaN and ring around nothing
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ").astype(np.float32, copy=False)
        notes.append(f"{rate:,} Hz resampled to {SAMPLE_RATE:,} Hz")
    _refuse_short(len(mono), str(path), N_FFT)
    return Audio(mono, tuple(notes))


def duration(path: Path | str) -> float:
    """Length of an audio file in seconds, as its header gives it.

    Raises
    ------
    InputError
        When the file cannot be opened as audio.
    """
    with _Source(Path(path)) as source:
        return float(source.file.frames / source.file.samplerate)


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
    array = _as_float32(waveform, name)
    _refuse_short(len(array), name, min_samples)
    _refuse_unusable(array, name)
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


def write_wav(path: Path | str, waveform: npt.ArrayLike) -> int:
    """Write a mono 16-bit PCM WAV file at 22,050 Hz; it appears whole or not at all.

    Parameters
    ----------
    path : where the file goes; folders are made
    waveform : array ``[n_samples]``, full scale 1

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
    # Encoded in memory first: libsndfile does not distinguish a full disk from other faults, Python does.
    content = _encode(steps, "WAV")
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return n_clipped


def to_wav_bytes(waveform: npt.ArrayLike) -> bytes:
    """The bytes :func:`write_wav` would write."""
    return _encode(_to_int16(waveform)[0], "WAV")


def to_flac_bytes(waveform: npt.ArrayLike) -> bytes:
    """A mono 16-bit FLAC file at 22,050 Hz, in memory; decodes to :func:`quantise` of the waveform."""
    return _encode(_to_int16(waveform)[0], "FLAC")


class _Source:
    """An open audio file, or an InputError that says why there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> _Source:
        path = self.path
        if path.is_dir():
            raise InputError(f"{path} is a folder; give an audio file in it.")
        try:
            self._handle = open(path, "rb")
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist; check the file's name.") from error
        except OSError as error:
            raise InputError(f"{path} cannot be opened ({error.strerror}); check its permissions.") from error
        if not path.stat().st_size:
            self._handle.close()
            raise InputError(f"{path} is empty; copy or download it again.")
        try:
            # Through the handle, so that the content decides the format, not the ending of the name.
            self.file = soundfile.SoundFile(self._handle)
        except (soundfile.SoundFileError, TypeError) as error:
            self._handle.close()
            raise _undecodable(path) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self._handle.close()


def _undecodable(path: Path) -> InputError:
    return InputError(f"{path} is not audio that can be decoded; give a sound file as {_FORMATS}.")


def _is_truncated(file: soundfile.SoundFile) -> bool:
    """Whether a WAV, AU or AIFF file ends before its header says. libsndfile reports this only in its log."""
    sizes = re.findall(r"^\s*(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    # Sizes of 2 GiB and more stand for "not known yet" in files that were written to a pipe.
    return any(int(actual) < int(promised) < 2**31 - 1 for promised, actual in sizes)


def _skip(file: soundfile.SoundFile, start: int) -> int:
    """Seek to a sample without decoding what comes before it, if that is exact; returns the position reached."""
    # Seeking in an MP3 is not exact to the sample, so an MP3 is decoded from the beginning.
    if file.format == "MP3" or not 0 < start < file.frames or not file.seekable():
        return 0
    try:
        return file.seek(start)
    except soundfile.SoundFileError:
        return file.seek(0)


def _decode_mono(file: soundfile.SoundFile, path: Path, stop: int | None) -> tuple[Waveform, bool]:
    """Up to ``stop`` mono samples from the file's current position, at its own rate; whether its end was reached."""
    blocks: list[Waveform] = []
    done = 0
    while stop is None or done < stop:
        size = _BLOCK if stop is None else min(_BLOCK, stop - done)
        try:
            block = file.read(size, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise InputError(
                f"{path} is damaged: it stops decoding after {done / file.samplerate:.1f} s; copy or download it again."
            ) from error
        # A copy even for one channel: a view would keep the whole block in memory.
        blocks.append(block[:, 0].copy() if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32))
        done += len(block)
        if len(block) < size:
            return np.concatenate(blocks), True
    return (np.concatenate(blocks) if blocks else np.zeros(0, np.float32)), False


def _as_float32(waveform: npt.ArrayLike, name: str) -> Waveform:
    array = np.asarray(waveform)
    if array.ndim != 1:
        raise InputError(f"{name} has shape {list(array.shape)}; give one channel, an array [n_samples].")
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{name} is of type {array.dtype}; give floating-point samples with full scale 1.")
    return np.ascontiguousarray(array, dtype=np.float32)


def _refuse_unusable(waveform: Waveform, name: str) -> None:
    bad = np.flatnonzero(~np.isfinite(waveform))
    if len(bad):
        raise InputError(
            f"{name} has {len(bad):,} samples that are NaN or infinite, the first at sample {bad[0]:,}; "
            "export it again without them."
        )
    # Up to half a step is silence too: it rounds to nothing in a 16-bit file.
    if not np.any(np.abs(waveform) > 0.5 / FULL_SCALE):
        raise InputError(f"{name} is silent; give a recording with sound in it.")


def _refuse_short(n_samples: int, name: str, min_samples: int) -> None:
    if n_samples < min_samples:
        raise InputError(
            f"{name} is too short: {n_samples:,} samples at {SAMPLE_RATE:,} Hz, where at least {min_samples:,} "
            f"({1000 * min_samples / SAMPLE_RATE:.0f} ms) are needed; give a longer recording."
        )


def _to_int16(waveform: npt.ArrayLike) -> tuple[npt.NDArray[np.int16], int]:
    array = _as_float32(waveform, "the waveform")
    if not np.all(np.isfinite(array)):
        raise InputError("the waveform has NaN or infinite samples; it cannot be written as audio.")
    # In float64: a loud float32 sample may overflow when scaled.
    steps = np.rint(array.astype(np.float64) * FULL_SCALE)
    inside = np.clip(steps, -FULL_SCALE, FULL_SCALE - 1)
    return inside.astype(np.int16), int(np.count_nonzero(steps != inside))


def _encode(steps: npt.NDArray[np.int16], container: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, steps, SAMPLE_RATE, format=container, subtype="PCM_16")
    return buffer.getvalue()
