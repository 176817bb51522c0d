"""Waveforms, their short-time spectra, and which spectra some waveform really has.

Goal
    The systems of the paper read magnitude spectra; listeners hear waveforms. This module
    goes from one to the other and back, and measures how far two sequences are apart.

Conventions
    * A waveform is ``[..., n_samples]``, floating point, full scale 1.
    * A spectrum is ``[..., n_frames, n_fft // 2 + 1]``, complex. Frame ``m`` covers the samples
      ``m * hop_length`` to ``m * hop_length + n_fft - 1``. Nothing is padded at the ends;
      samples after the last whole frame belong to no frame.
    * The window is a *symmetric* Hann window, as in the published code (``numpy.hanning``);
      scipy, librosa and torch default to the periodic one.
    * Magnitudes are the moduli of a spectrum, unscaled.

Paper: Eq. (1), Eq. (2), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import overload

import torch
from torch import Tensor

from . import audio
from .errors import InputError

# Defined there, where they are known without torch.
SAMPLE_RATE, N_FFT = audio.SAMPLE_RATE, audio.N_FFT
HOP_LENGTH = N_FFT // 2  # samples between frames
N_BINS = N_FFT // 2 + 1


def hann(n_fft: int = N_FFT, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Tensor:
    """Symmetric Hann window ``[n_fft]``; its first and last samples are zero."""
    return torch.hann_window(n_fft, periodic=False, dtype=dtype, device=device)


def n_frames(n_samples: int, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> int:
    """Number of whole frames in ``n_samples`` samples (0 where there is none)."""
    return 0 if n_samples < n_fft else 1 + (n_samples - n_fft) // hop_length


def stft(waveform: Tensor, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> Tensor:
    """Short-time Fourier transform of the non-negative frequencies.

    Parameters
    ----------
    waveform : Tensor ``[..., n_samples]``, real

    Returns
    -------
    Tensor ``[..., n_frames, n_fft // 2 + 1]``, complex

    Raises
    ------
    InputError
        When there is not one whole frame.

    Paper: Eq. (1)
    Notebook: book/03_training.ipynb
    """
    if waveform.shape[-1] < n_fft:
        raise InputError(
            f"The waveform has {waveform.shape[-1]} samples, fewer than one frame of {n_fft}; give a longer one."
        )
    frames = waveform.unfold(-1, n_fft, hop_length)
    return torch.fft.rfft(frames * hann(n_fft, dtype=waveform.dtype, device=waveform.device))


def modulus(spectrum: Tensor) -> Tensor:
    """Magnitudes of a complex tensor, same shape, real.

    On a processor this is several times faster than ``Tensor.abs``, which guards against
    overflow that audio cannot cause.
    """
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square())


def magnitudes(waveform: Tensor, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> Tensor:
    """Magnitude frames ``[..., n_frames, n_fft // 2 + 1]`` of a waveform: what the systems read.

    >>> frames = magnitudes(torch.zeros(22_050))
    >>> tuple(frames.shape)
    (42, 513)

    Paper: Eq. (2)
    Notebook: book/03_training.ipynb
    """
    return modulus(stft(waveform, n_fft, hop_length))


def phasor(spectrum: Tensor, magnitude: Tensor | None = None) -> Tensor:
    """The phase of a spectrum as unit complex numbers; 1 where the spectrum is zero."""
    magnitude = modulus(spectrum) if magnitude is None else magnitude
    unit = spectrum / magnitude.clamp_min(torch.finfo(magnitude.dtype).tiny)
    return torch.where(magnitude > 0, unit, torch.ones_like(unit))


def overlap_add(frames: Tensor, hop_length: int) -> Tensor:
    """Sum of frames ``[..., n_frames, n_fft]`` at their places: ``[..., (n_frames - 1) * hop_length + n_fft]``.

    ``hop_length`` must divide ``n_fft``. The sum is then ``n_fft / hop_length`` shifted additions.
    """
    *lead, count, n_fft = frames.shape
    overlap, rest = divmod(n_fft, hop_length)
    if rest:
        raise InputError(f"hop_length {hop_length} does not divide the frame length {n_fft}; choose one that does.")
    pieces = frames.reshape(*lead, count, overlap, hop_length)
    total = frames.new_zeros(*lead, count + overlap - 1, hop_length)
    for shift in range(overlap):
        total[..., shift : shift + count, :] += pieces[..., shift, :]
    return total.reshape(*lead, -1)


@lru_cache(maxsize=8)
def least_power(n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> float:
    """Least sum of squared windows where all of them overlap: 0.5 for a Hann window hopped by half its length."""
    square = hann(n_fft, dtype=torch.float64).square()
    middle = overlap_add(square.expand(3 * -(-n_fft // hop_length), n_fft), hop_length)[n_fft:-n_fft]
    return float(middle.min())


def window_power(valid: Tensor, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> Tensor:
    """Summed squared windows of the frames that there are; it tends to zero towards the first and last sample.

    Parameters
    ----------
    valid : Tensor ``[..., n_frames]``
        1 for a frame, 0 for one that only pads an excerpt to the length of another.

    Returns
    -------
    Tensor ``[..., (n_frames - 1) * hop_length + n_fft]``
    """
    square = hann(n_fft, dtype=valid.dtype, device=valid.device).square()
    return overlap_add(valid[..., None] * square, hop_length)


def istft(
    spectrum: Tensor,
    n_samples: int,
    n_fft: int = N_FFT,
    hop_length: int = HOP_LENGTH,
    *,
    bounded: bool = True,
    power: Tensor | None = None,
) -> Tensor:
    """Waveform whose spectrum is nearest, in least squares, to the given one.

    The windowed frames are overlap-added and divided by the summed squared windows. At both ends
    of a recording that sum tends to zero, and the division blows up whatever is inconsistent in
    the spectrum: a few samples can then exceed full scale a hundredfold. With ``bounded`` the
    divisor never falls below its least value in the middle of the recording, so an end is never
    amplified more than the middle is; the waveform fades in and out over half a window there.
    Use the bounded form for *perturbations*, which should fade, and ``bounded=False`` to invert
    a consistent spectrum exactly.

    Parameters
    ----------
    spectrum : Tensor ``[..., n_frames, n_fft // 2 + 1]``, complex
    n_samples : int
        Length of the result; samples that no frame covers are zero.
    power : Tensor
        `window_power` of the frames, where some of them only pad, or to save computing it again.

    Returns
    -------
    Tensor ``[..., n_samples]``, real

    Paper: Eq. (9)
    Notebook: book/05_adversaries.ipynb
    """
    real = spectrum.real.dtype
    frames = torch.fft.irfft(spectrum, n=n_fft) * hann(n_fft, dtype=real, device=spectrum.device)
    total = overlap_add(frames, hop_length)
    if power is None:
        power = window_power(torch.ones(spectrum.shape[-2], dtype=real, device=spectrum.device), n_fft, hop_length)
    # Without the bound only the very first and last samples, where the window is zero, need a guard.
    total = total / power.clamp_min(least_power(n_fft, hop_length) if bounded else 1e-12)
    missing = n_samples - total.shape[-1]
    return torch.nn.functional.pad(total, (0, missing)) if missing > 0 else total[..., :n_samples]


def consistent_perturbation(
    target: Tensor, magnitude: Tensor, unit: Tensor, n_samples: int, power: Tensor | None = None
) -> Tensor:
    """One Griffin-Lim step: the perturbation of the waveform that brings its magnitudes nearest to ``target``.

    The frames ``target`` are given the exemplar's phase and inverted. Inversion is linear, so the
    step is done on the difference to the exemplar: what the adversary leaves alone stays
    untouched to the last bit, and the ends of the recording fade instead of blowing up
    (see `istft`).

    Parameters
    ----------
    target, magnitude : Tensor ``[..., n_frames, n_bins]``
        Wanted magnitudes, and those of the exemplar.
    unit : Tensor ``[..., n_frames, n_bins]``, complex
        Phase of the exemplar, from `phasor`.
    n_samples : int
    power : Tensor
        As for `istft`.

    Returns
    -------
    Tensor ``[..., n_samples]``
        To be added to the exemplar's waveform.

    Paper: Eq. (8), Eq. (9)
    Notebook: book/05_adversaries.ipynb
    """
    return istft((target - magnitude) * unit, n_samples, power=power)


def snr_db(reference: Tensor, estimate: Tensor, n_dims: int = 1) -> Tensor:
    """Signal-to-noise ratio of an estimate in decibels: ``20 log10(||reference|| / ||estimate - reference||)``.

    Parameters
    ----------
    reference, estimate : Tensor, same shape
        Waveforms (``n_dims=1``: SNR in the time domain) or sequences of magnitudes (``n_dims=2``:
        the paper's constraint, over the whole sequence and not frame by frame).
    n_dims : int
        How many of the last dimensions make up one signal.

    Returns
    -------
    Tensor, the leading dimensions
        Infinite where nothing differs.

    Raises
    ------
    InputError
        When a reference is silent: its SNR is not defined.

    >>> float(snr_db(torch.ones(100), 1.1 * torch.ones(100)).round(decimals=2))
    20.0

    Paper: Eq. (6)
    Notebook: book/05_adversaries.ipynb
    """
    dims = tuple(range(-n_dims, 0))
    signal = torch.linalg.vector_norm(reference.double(), dim=dims)
    noise = torch.linalg.vector_norm(estimate.double() - reference.double(), dim=dims)
    if bool((signal == 0).any()):
        raise InputError("The reference signal is silent, so its signal-to-noise ratio is undefined; leave it out.")
    return 20 * torch.log10(signal / noise)


@overload
def radius(magnitude_norm: Tensor, snr: float) -> Tensor: ...
@overload
def radius(magnitude_norm: float, snr: float) -> float: ...
def radius(magnitude_norm: Tensor | float, snr: float) -> Tensor | float:
    """Largest distance from an exemplar of that norm at which the SNR is still ``snr`` decibels.

    Paper: Eq. (6)
    Notebook: book/05_adversaries.ipynb
    """
    return magnitude_norm * math.pow(10.0, -snr / 20.0)
