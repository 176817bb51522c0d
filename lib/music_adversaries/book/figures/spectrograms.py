"""Original, adversary and difference in frequency: as spectrograms, and the spectra of one frame.

Paper: Fig. 2
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ... import spectra
from ...errors import InputError
from .base import LIGHT_BLUE, ORANGE, BookFigure, in_legend, new_figure, styled


@styled
def spectrogram_triple(
    original: ArrayLike,
    adversary: ArrayLike,
    difference: ArrayLike | None = None,
    *,
    sample_rate: int = spectra.SAMPLE_RATE,
    hop: int = spectra.HOP_LENGTH,
    frame: int | None = None,
    seconds: float | None = 10.0,
    floor_db: float = -80.0,
    labels: tuple[str, str] = ("original", "adversary"),
) -> BookFigure:
    """Original, adversary and difference on one scale, and the spectra of one frame, like the paper's Figure 2.

    Parameters
    ----------
    original, adversary : array [n_samples] or [n_frames, 513]
        Waveforms, or magnitudes of their STFT.
    difference : array of the same kind
        Default: adversary minus original (for magnitudes its modulus).
    sample_rate, hop : int
        In Hz and samples.
    frame : int
        The frame drawn below; default: the loudest of the original that is shown.
    seconds : float
        How much to show from the beginning; None: all.
    floor_db : float
        The darkest level, in dB relative to the original's largest magnitude.
    labels : (str, str)
        Names of the first two, for example with the label that the system gives them.

    Raises
    ------
    InputError
        When the arrays differ in shape or are silent.

    Paper: Fig. 2
    Notebook: book/05_adversaries.ipynb
    """
    magnitudes = _three(original, adversary, difference)
    n = len(magnitudes[0])
    shown = n if seconds is None else max(1, min(n, round(seconds * sample_rate / hop)))
    frame = _frame(magnitudes[0][:shown], frame)
    levels = _levels([m[:shown] for m in magnitudes], float(magnitudes[0].max()), floor_db)
    snr = _snr(magnitudes[0], magnitudes[1])

    figure = new_figure(5.3)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.1, 1])
    first = figure.add_subplot(grid[0, 0])
    top = [first, *(figure.add_subplot(grid[0, i], sharex=first, sharey=first) for i in (1, 2))]
    extent = (0, shown * hop / sample_rate, 0, sample_rate / 2000)
    names = (*labels, "difference")
    for axes, level, name in zip(top, levels, names, strict=True):
        image = axes.imshow(
            level.T,
            origin="lower",
            aspect="auto",
            extent=extent,
            cmap="magma",
            vmin=floor_db,
            vmax=0,
            interpolation="nearest",
        )
        axes.set_title(name)
        axes.set_xlabel("time (s)")
        axes.axvline((frame + 0.5) * hop / sample_rate, color="white", linewidth=0.8, linestyle=":")
        axes.tick_params(labelleft=axes is first)
    first.set_ylabel("frequency (kHz)")
    figure.colorbar(image, ax=top, label="level (dB)", pad=0.01, aspect=18)

    below = figure.add_subplot(grid[1, :])
    time = frame * hop / sample_rate
    kilohertz = _draw_frame(below, [level[frame] for level in levels], names, sample_rate, floor_db)
    whole = f"; SNR of the whole {snr:.1f} dB" if np.isfinite(snr) else ""
    below.set_title(f"one frame, at {time:.2f} s{whole}")
    figure.alt_text = (
        f"Spectrograms of {names[0]}, {names[1]} and {names[2]} on one scale, and their spectra at {time:.2f} s. "
        f"SNR on magnitudes {_decibels(snr)}. {_bands(magnitudes, kilohertz)}"
    )
    return figure


@styled
def frame_spectra(
    original: ArrayLike,
    adversary: ArrayLike,
    frame: int | None = None,
    *,
    sample_rate: int = spectra.SAMPLE_RATE,
    hop: int = spectra.HOP_LENGTH,
    floor_db: float = -80.0,
    labels: tuple[str, str] = ("original", "adversary"),
) -> BookFigure:
    """Spectra of one frame of the original, the adversary and their difference, as at the bottom of the paper's Fig. 2.

    Parameters
    ----------
    original, adversary : array [n_samples]
        Waveforms.
    frame : int
        Which frame; default: the loudest of the original.
    sample_rate, hop : int
        In Hz and samples.
    floor_db : float
        The lowest level of interest, in dB relative to the original's largest magnitude in any frame.
    labels : (str, str)
        Names of the two.

    Raises
    ------
    InputError
        When the waveforms differ in length, are silent, or have no such frame.

    Paper: Fig. 2
    Notebook: book/05_adversaries.ipynb
    """
    magnitudes = _three(original, adversary, None)
    frame = _frame(magnitudes[0], frame)
    of_frame = [m[frame : frame + 1] for m in magnitudes]
    levels = _levels(of_frame, float(magnitudes[0].max()), floor_db)
    time, names = frame * hop / sample_rate, (*labels, "difference")
    snr, whole = _snr(*of_frame[:2]), _snr(*magnitudes[:2])

    figure = new_figure(2.9)
    axes = figure.add_subplot()
    kilohertz = _draw_frame(axes, [level[0] for level in levels], names, sample_rate, floor_db)
    said = f"SNR {_decibels(snr)}, of the whole {_decibels(whole)}"
    axes.set_title(f"one frame, at {time:.2f} s; {said}")
    figure.alt_text = (
        f"Magnitude spectra of {names[0]}, {names[1]} and {names[2]} in the frame at {time:.2f} s, 0 to "
        f"{sample_rate / 2000:g} kHz. {said}. {_bands(of_frame, kilohertz)}"
    )
    return figure


def _three(original: ArrayLike, adversary: ArrayLike, difference: ArrayLike | None) -> list[np.ndarray]:
    """Magnitudes ``[n_frames, n_bins]`` of the original, the adversary and the difference."""
    first, second = np.asarray(original, dtype=np.float32), np.asarray(adversary, dtype=np.float32)
    third = second - first if difference is None and first.shape == second.shape else difference
    if third is None or first.shape != second.shape or np.shape(third) != first.shape:
        raise InputError("Original, adversary and difference differ in length; give all three of one shape.")
    magnitudes = [_magnitudes(array) for array in (first, second, np.asarray(third, dtype=np.float32))]
    if not magnitudes[0].any():
        raise InputError("The original is silent, so there is no level to draw by; give a recording with sound.")
    return magnitudes


def _magnitudes(array: np.ndarray) -> np.ndarray:
    """Magnitudes ``[n_frames, n_bins]`` of a waveform, or the array itself if it holds magnitudes."""
    if array.ndim == 1:
        return spectra.magnitudes(torch.from_numpy(np.ascontiguousarray(array))).numpy()
    if array.ndim != 2 or not array.size:
        raise InputError(f"An array of shape {array.shape} is neither a waveform nor magnitudes [frames, bins].")
    return np.abs(array)


def _frame(original: np.ndarray, frame: int | None) -> int:
    """The frame asked for, or the loudest."""
    if frame is None:
        return int(np.argmax((original**2).sum(axis=1)))
    if not 0 <= frame < len(original):
        raise InputError(f"Frame {frame} is not among the {len(original)} shown; choose 0 to {len(original) - 1}.")
    return frame


def _levels(magnitudes: Sequence[np.ndarray], peak: float, floor_db: float) -> list[np.ndarray]:
    """Levels in dB relative to ``peak``; very low levels are limited to a value far below the floor."""
    return [20 * np.log10(np.maximum(m / peak, 10 ** ((floor_db - 40) / 20))) for m in magnitudes]


def _draw_frame(
    axes: Axes, levels: Sequence[np.ndarray], names: Sequence[str], sample_rate: int, floor_db: float
) -> np.ndarray:
    """Draw levels ``[n_bins]`` in the colours of the paper; returns the frequencies in kHz."""
    kilohertz = np.linspace(0, sample_rate / 2000, len(levels[0]))
    for level, name, colour, width in zip(levels, names, (LIGHT_BLUE, "black", ORANGE), (2.6, 0.8, 1.1), strict=True):
        axes.plot(kilohertz, level, color=colour, linewidth=width, label=in_legend(name))
    axes.set_xlim(0, kilohertz[-1])
    axes.set_ylim(floor_db - 20, 18)  # room for the legend
    axes.set_xlabel("frequency (kHz)")
    axes.set_ylabel("level (dB)")
    axes.grid(axis="y")
    axes.legend(loc="upper right", ncols=3, handlelength=1.4, borderaxespad=0.1)
    return kilohertz


def _snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """SNR on magnitudes over the whole sequence, in dB; infinite if they agree."""
    noise = float(((estimate.astype(np.float64) - reference) ** 2).sum())
    signal = float((reference.astype(np.float64) ** 2).sum())
    return (10 * math.log10(signal / noise) if signal else -math.inf) if noise else math.inf


def _decibels(snr: float) -> str:
    return f"{snr:.1f} dB" if math.isfinite(snr) else "without limit" if snr > 0 else "of no signal"


def _bands(magnitudes: Sequence[np.ndarray], kilohertz: np.ndarray) -> str:
    """The level of the difference in three bands, relative to the original, in words."""

    def below(band: np.ndarray) -> str:
        signal, noise = (float((m[:, band].astype(np.float64) ** 2).sum()) for m in (magnitudes[0], magnitudes[2]))
        if not (signal and noise):
            return "without either"
        level = 10 * math.log10(signal / noise)
        return f"{abs(level):.0f} dB {'under' if level >= 0 else 'over'} the original"

    if not magnitudes[2].any():
        return "The difference is silent."
    return (
        f"The difference lies {below(kilohertz < 2)} below 2 kHz, "
        f"{below((kilohertz >= 2) & (kilohertz < 6))} from 2 to 6 kHz and {below(kilohertz >= 6)} above 6 kHz."
    )
