"""What happens to a recording on its way to a listener: rounding, codecs, filters, resampling, gain.

Goal
    An adversary is made for one waveform. It may not work any more after an MP3 encoder or a filter. Every
    function here turns a waveform at 22,050 Hz into one of the same length, aligned with it to the sample. So the
    two can be subtracted, and compared frame by frame.

Conventions
    * Only `audio.quantise` rounds to 16 bits or clips: here, a louder copy may exceed full scale.
    * Codecs are those of libsndfile, which encodes and decodes in memory. It notes the encoder's delay in the
      stream and removes it when it reads. An MP3 of 48 kbit/s or less has no room for that note, so its delay is
      removed here.
    * The same waveform and the same libraries give the same result.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy import fft, signal

from . import audio
from .audio import SAMPLE_RATE, Waveform
from .errors import InputError

#: Constant rates of MPEG-2 layer III, in kbit/s; libsndfile does not write the lowest, 8.
MP3_RATES = (16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 160)
MP3_DELAY = 1_105  # samples: 576 of the encoder and 529 of the decoder
OPUS_SAMPLE_RATE = 48_000  # Hz; Opus does not support 22,050
OPUS_RATES = (6, 256)  # kbit/s, the lowest and the highest that libsndfile asks for, for one channel

_BLOCK = 1 << 14  # samples encoded at a time: libsndfile's Vorbis encoder keeps them on the stack
_PADDING = 1 << 14  # samples of silence around a filtered waveform, so that its end does not run into its beginning


def mp3(waveform: npt.ArrayLike, kbits: int = 128) -> Waveform:
    """Encoded as MP3 with a constant bit rate, then decoded, by LAME and mpg123 in libsndfile.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    kbits : one of `MP3_RATES`, in kbit/s
        For one channel at 22,050 Hz: at most 64 kbit/s here correspond to 128 kbit/s of a stereo file at 44,100 Hz.

    Returns
    -------
    ``float32 [n_samples]``, without the codec's delay

    Raises
    ------
    InputError
        For another rate, an unusable waveform, or a libsndfile without MP3.

    Notebook: book/05_adversaries.ipynb
    """
    if kbits not in MP3_RATES:
        raise InputError(f"kbits is {kbits}; choose one of {', '.join(map(str, MP3_RATES))} for an MP3.")
    waveform = _checked(waveform)
    # libsndfile's levels run from 160 kbit/s at 0 to 8 at 1, and it takes the nearest rate that exists.
    decoded = _coded(waveform, SAMPLE_RATE, "MP3", "MPEG_LAYER_III", (160 - kbits) / 152, "CONSTANT")
    # Short frames cannot hold the tag with the delay and the length. Then the decoder returns all samples.
    return _fitted(decoded[MP3_DELAY:] if len(decoded) > len(waveform) else decoded, len(waveform))


def vorbis(waveform: npt.ArrayLike, quality: float = 4.0) -> Waveform:
    """Encoded as Ogg Vorbis and decoded.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    quality : 0 to 10, as the encoder counts; the bit rate varies with the music

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        For another quality, an unusable waveform, or a libsndfile without Vorbis.

    Notebook: book/05_adversaries.ipynb
    """
    if not 0 <= quality <= 10:
        raise InputError(f"quality is {quality}; give a number from 0 to 10.")
    waveform = _checked(waveform)
    return _fitted(_coded(waveform, SAMPLE_RATE, "OGG", "VORBIS", 1 - quality / 10), len(waveform))


def opus(waveform: npt.ArrayLike, kbits: float = 64) -> Waveform:
    """Resampled to 48 kHz, encoded as Ogg Opus, decoded, and resampled back.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    kbits : 6 to 256 kbit/s, for the one channel

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        For another rate, an unusable waveform, or a libsndfile without Opus.

    Notebook: book/05_adversaries.ipynb
    """
    least, most = OPUS_RATES
    if not least <= kbits <= most:
        raise InputError(f"kbits is {kbits}; give a number from {least} to {most} for Opus.")
    waveform = _checked(waveform)
    level = (most - kbits) / (most - least)
    there = _resample(waveform, SAMPLE_RATE, OPUS_SAMPLE_RATE)
    back = _resample(_coded(there, OPUS_SAMPLE_RATE, "OGG", "OPUS", level), OPUS_SAMPLE_RATE, SAMPLE_RATE)
    return _fitted(back, len(waveform))


def low_pass(waveform: npt.ArrayLike, cutoff_hz: float, order: int = 4) -> Waveform:
    """Filtered by the magnitude response of a digital Butterworth low-pass, without its phase.

    The published code uses such a filter of fourth order. The response is 3 dB down at the cutoff, as there. Only
    the delay is left out: a few samples, and a different number at every frequency.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    cutoff_hz : between 0 and 11,025
    order : at least 1

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        For another cutoff or order, or an unusable waveform.

    Notebook: book/05_adversaries.ipynb
    """
    if not 0 < cutoff_hz < SAMPLE_RATE / 2:
        raise InputError(f"cutoff_hz is {cutoff_hz}; give a frequency between 0 and {SAMPLE_RATE / 2:,.0f} Hz.")
    if order < 1:
        raise InputError(f"order is {order}; give a filter of order 1 or more.")
    waveform = _checked(waveform)
    length = fft.next_fast_len(len(waveform) + _PADDING, real=True)
    sections = signal.butter(order, cutoff_hz, fs=SAMPLE_RATE, output="sos")
    _, response = signal.sosfreqz(sections, fft.rfftfreq(length, 1 / SAMPLE_RATE), fs=SAMPLE_RATE)
    filtered = fft.irfft(fft.rfft(waveform.astype(np.float64), length) * np.abs(response), length)
    return filtered[: len(waveform)].astype(np.float32)


def resampled(waveform: npt.ArrayLike, rate: int) -> Waveform:
    """Resampled to another rate and back, by soxr (VHQ).

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    rate : Hz; frequencies above half of it are lost

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        For a rate below 1,000 Hz, or an unusable waveform.

    Notebook: book/05_adversaries.ipynb
    """
    if not rate >= 1_000:
        raise InputError(f"rate is {rate}; give a sampling rate of 1,000 Hz or more.")
    waveform = _checked(waveform)
    return _fitted(_resample(_resample(waveform, SAMPLE_RATE, rate), rate, SAMPLE_RATE), len(waveform))


def gain(waveform: npt.ArrayLike, decibels: float) -> Waveform:
    """Louder or softer by ``decibels`` dB ``[n_samples]``; nothing is clipped.

    Raises
    ------
    InputError
        For an unusable waveform.

    Notebook: book/05_adversaries.ipynb
    """
    return _checked(waveform) * np.float32(10 ** (decibels / 20))


#: Processes by the names used in tables. The rates of codecs are those of one channel at 22,050 Hz.
PROCESSES: dict[str, Callable[[npt.ArrayLike], Waveform]] = {
    "as written": lambda waveform: _checked(waveform).copy(),
    "16 bit": audio.quantise,
    **{f"MP3 {kbits} kbit/s": partial(mp3, kbits=kbits) for kbits in (128, 64, 32)},
    **{f"Ogg Vorbis quality {quality}": partial(vorbis, quality=quality) for quality in (6, 2)},
    **{f"Opus {kbits} kbit/s": partial(opus, kbits=kbits) for kbits in (96, 32)},
    **{f"low-pass {cutoff // 1_000} kHz": partial(low_pass, cutoff_hz=cutoff) for cutoff in (8_000, 4_000, 2_000)},
    "resampled to 16 kHz and back": partial(resampled, rate=16_000),
    "resampled to 44.1 kHz and back": partial(resampled, rate=44_100),
    "+1 dB": partial(gain, decibels=1.0),
    "-1 dB": partial(gain, decibels=-1.0),
}


def _checked(waveform: npt.ArrayLike) -> Waveform:
    """As ``float32 [n_samples]``; unlike `audio.check_waveform`, this accepts silence and single samples."""
    array = audio.as_float32(waveform, "The waveform")
    if not len(array):
        raise InputError("The waveform has no samples; give some.")
    return array


def _coded(
    samples: Waveform, rate: int, container: str, codec: str, level: float, bitrate_mode: str | None = None
) -> Waveform:
    """Encoded and decoded at that rate; the decoder decides the length."""
    if codec not in _codecs(container):
        raise InputError(
            f"libsndfile {soundfile.__libsndfile_version__} cannot write {codec} in {container} here; "
            "install the soundfile package of version 0.13 or later from a wheel, which brings one that can."
        )
    stream = io.BytesIO()
    with soundfile.SoundFile(
        stream, "w", rate, 1, format=container, subtype=codec, compression_level=level, bitrate_mode=bitrate_mode
    ) as file:
        for start in range(0, len(samples), _BLOCK):
            file.write(samples[start : start + _BLOCK])
    stream.seek(0)
    return soundfile.read(stream, dtype="float32")[0]


def _codecs(container: str) -> dict[str, str]:
    """What libsndfile can write into a container; empty if it does not know the container."""
    return soundfile.available_subtypes(container) if container in soundfile.available_formats() else {}


def _resample(samples: Waveform, source: int, target: int) -> Waveform:
    return soxr.resample(samples, source, target, quality="VHQ").astype(np.float32, copy=False)


def _fitted(samples: Waveform, n_samples: int) -> Waveform:
    """Cut at the end, or filled with zeros there."""
    return np.pad(samples[:n_samples], (0, max(0, n_samples - len(samples))))
