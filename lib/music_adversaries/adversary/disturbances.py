"""Disturbances as loud as an adversary, to compare it with: noise and coding errors.

Goal
    An adversary at 15 dB shows something only if other changes of 15 dB do not do the same. There are three:
    white noise, noise that follows the music's own short-time spectrum, and the error of a codec. All are
    brought to the SNR that constrains the adversary: that of the magnitudes of the whole sequence.

    Magnitudes do not show what a disturbance does to phases alone. At the same magnitude SNR, noise that lies
    under the music is therefore about 3 dB stronger as a waveform; noise where there is no music is not. `snrs`
    gives both ratios.

Paper: Eq. (6), Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from .. import audio, spectra
from ..audio import Waveform
from ..audio.levels import samples_of
from ..errors import InputError
from .ends import snr_from

TOLERANCE = 0.05  # dB by which the ratio may exceed the one asked for
DOMAINS = ("magnitude", "time")

_STEP = 6.0  # dB between the gains that are tried first
_FARTHEST = 120.0  # dB


class SNRs(NamedTuple):
    """Signal-to-noise ratios in dB of a changed recording."""

    magnitude: float  #: over the whole sequence of magnitudes: the paper's constraint, ends included (`snr_from`)
    time: float  #: between the waveforms


def snrs(waveform: npt.ArrayLike, changed: npt.ArrayLike) -> SNRs:
    """Both ratios of a changed waveform ``[n_samples]``; infinite where nothing differs.

    Raises
    ------
    InputError
        When the waveform is silent or shorter than a frame.

    Paper: Eq. (6)
    Notebook: book/05_adversaries.ipynb
    """
    return SNRs(*(snr_against(waveform, domain)(samples_of(changed, "The changed waveform")) for domain in DOMAINS))


def at_snr(
    waveform: npt.ArrayLike,
    disturbance: npt.ArrayLike,
    snr: float,
    *,
    domain: str = "magnitude",
    n_fft: int = spectra.N_FFT,
    hop_length: int = spectra.HOP_LENGTH,
) -> Waveform:
    """The waveform with a disturbance, turned up or down until it has the given SNR.

    The sum is rounded to 16 bits, and clipped where it must be, before the ratio is measured: the SNR of the
    file is ``snr`` or up to 0.05 dB above it.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    disturbance : array ``[n_samples]``, of any loudness
    snr : float, dB
    domain : {"magnitude", "time"}
        Which ratio; see `SNRs`.
    n_fft, hop_length : int
        Of the magnitudes.

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        For an unusable waveform; for a disturbance that is silent, not finite, or of another length; and where no
        gain gives the ratio: rounding alone is louder, clipping keeps the sum too close, or the waveform is so short
        and the ratio so high that steps of 16 bits are too coarse.

    >>> rng = np.random.default_rng(0)
    >>> wave = rng.standard_normal(4096) / 10
    >>> noisy = at_snr(wave, rng.standard_normal(4096), 15.0)
    >>> bool(15.0 <= snrs(wave, noisy).magnitude <= 15.05)
    True

    Paper: Eq. (6)
    Notebook: book/05_adversaries.ipynb
    """
    return audio.quantise(sum_at_snr(waveform, disturbance, snr, domain, n_fft, hop_length))


def sum_at_snr(
    waveform: npt.ArrayLike, disturbance: npt.ArrayLike, snr: float, domain: str, n_fft: int, hop_length: int
) -> npt.NDArray[np.float64]:
    """The sum ``[n_samples]`` in double precision, before `at_snr` rounds it to 16 bits."""
    if domain not in DOMAINS:
        raise InputError(f"domain is {domain!r}; choose one of {', '.join(DOMAINS)}.")
    if not math.isfinite(snr):
        raise InputError(f"snr is {snr}; give a finite number of decibels, such as 15.")
    original = audio.check_waveform(waveform, min_samples=n_fft)
    noise = np.asarray(disturbance, dtype=np.float64)
    if noise.shape != original.shape:
        raise InputError(
            f"The disturbance has the shape {list(noise.shape)} and the waveform {list(original.shape)}; "
            "give one of the same length."
        )
    if not np.isfinite(noise).all() or not noise.any():
        raise InputError("The disturbance is silent or not finite, so no gain brings it to an SNR; give another.")
    snr_of = snr_against(original, domain, n_fft, hop_length)
    noise = noise * (np.linalg.norm(original) / np.linalg.norm(noise))

    def changed(level: float) -> npt.NDArray[np.float64]:
        """With the disturbance at ``level`` dB below the waveform."""
        return original + 10 ** (-level / 20) * noise

    def reached(level: float) -> float:
        return snr_of(audio.quantise(changed(level)))

    def excess(level: float) -> float:
        # Bounded: a disturbance that is rounded away has an infinite ratio.
        return min(reached(level), snr + 20) - (snr + TOLERANCE / 2)

    quiet = snr + _STEP / 2
    while excess(quiet) < 0:
        quiet += _STEP
        if quiet > snr + _FARTHEST:
            raise InputError(f"Rounding to 16 bits alone is louder than an SNR of {snr:g} dB allows; ask for less.")
    loud = quiet - _STEP
    while excess(loud) >= 0 and loud > snr - _FARTHEST:
        quiet, loud = loud, loud - _STEP  # the ratio may rise first, where the disturbance cancels what is there
    if excess(loud) < 0:
        from scipy import optimize  # here, since only noise needs it

        level = optimize.brentq(excess, loud, quiet, xtol=1e-4)
        if snr <= reached(level) <= snr + TOLERANCE:
            return changed(level)
    raise InputError(
        f"No gain brings the disturbance to an SNR of {snr:g} dB in 16 bits; ask for another ratio, or give a longer "
        "waveform or one with more headroom."
    )


def white_noise(waveform: npt.ArrayLike, snr: float, rng: np.random.Generator) -> Waveform:
    """The waveform with white Gaussian noise at the given magnitude SNR; see `at_snr`.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    snr : float, dB
    rng : numpy random generator

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        See `at_snr`.

    >>> rng = np.random.default_rng(0)
    >>> white_noise(np.sin(np.arange(4096) / 9), 20.0, rng).shape
    (4096,)

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    return at_snr(waveform, white(audio.check_waveform(waveform), rng), snr)


def shaped_noise(waveform: npt.ArrayLike, snr: float, rng: np.random.Generator) -> Waveform:
    """The waveform with noise of the same short-time magnitudes, at random phases; see `at_snr`.

    The noise follows the music in time and frequency, to within a frame and a bin. Samples after the last whole frame
    are left unchanged, and at both ends the noise fades.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    snr : float, dB
    rng : numpy random generator

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        See `at_snr`.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    waveform = audio.check_waveform(waveform)
    return at_snr(waveform, shaped(waveform, rng), snr)


def coded(waveform: npt.ArrayLike, snr: float, process: Callable[[npt.ArrayLike], Waveform]) -> Waveform:
    """The waveform with the error of a process, turned up or down to the given magnitude SNR; see `at_snr`.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz
    snr : float, dB
    process : function from a waveform to one of the same length
        Such as those in `processing.PROCESSES`; the error of MP3 is the natural choice.

    Returns
    -------
    ``float32 [n_samples]``

    Raises
    ------
    InputError
        When the process changes nothing; see also `at_snr`.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    waveform = audio.check_waveform(waveform)
    return at_snr(waveform, process(waveform) - waveform, snr)


def white(
    waveform: Waveform, rng: np.random.Generator, n_fft: int = spectra.N_FFT, hop_length: int = spectra.HOP_LENGTH
) -> np.ndarray:
    """White Gaussian noise ``[n_samples]`` as long as a waveform."""
    return rng.standard_normal(len(waveform))


def shaped(
    waveform: Waveform, rng: np.random.Generator, n_fft: int = spectra.N_FFT, hop_length: int = spectra.HOP_LENGTH
) -> np.ndarray:
    """Noise ``[n_samples]`` with the short-time magnitudes of a waveform, at random phases."""
    magnitudes = spectra.magnitudes(torch.from_numpy(waveform), n_fft, hop_length)
    phases = torch.from_numpy(rng.uniform(0, 2 * np.pi, magnitudes.shape)).float()
    return spectra.istft(torch.polar(magnitudes, phases), len(waveform), n_fft, hop_length).numpy()


def snr_against(
    waveform: npt.ArrayLike, domain: str, n_fft: int = spectra.N_FFT, hop_length: int = spectra.HOP_LENGTH
) -> Callable[[np.ndarray], float]:
    """A function from a changed waveform to its SNR in that domain."""
    original = torch.from_numpy(audio.check_waveform(waveform, min_samples=n_fft))
    if domain == "time":
        return lambda changed: float(spectra.snr_db(original, torch.from_numpy(changed)))
    return snr_from(original.numpy(), n_fft, hop_length)
