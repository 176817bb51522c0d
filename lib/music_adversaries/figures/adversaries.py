"""Adversaries as pictures: spectrograms, confidence, and how much had to change.

Paper: Fig. 2
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from .. import spectra
from ..errors import InputError
from .base import BLUE, FAINT, INK, LIGHT_BLUE, ORANGE, RULE, BookFigure, listing, new_figure, styled


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
    """Original, adversary and difference on one scale, and the spectra of one frame, after the paper's Figure 2.

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
        How the first two are called, for example with the label that the system gives them.

    Raises
    ------
    InputError
        When the arrays differ in shape or are silent.

    Paper: Fig. 2
    Notebook: book/05_adversaries.ipynb
    """
    first, second = np.asarray(original, dtype=np.float32), np.asarray(adversary, dtype=np.float32)
    third = second - first if difference is None and first.shape == second.shape else difference
    if third is None or first.shape != second.shape or np.shape(third) != first.shape:
        raise InputError("Original, adversary and difference differ in length; give all three of one shape.")
    magnitudes = [_magnitudes(array) for array in (first, second, np.asarray(third, dtype=np.float32))]
    peak = float(magnitudes[0].max())
    if not peak > 0:
        raise InputError("The original is silent, so there is no level to draw by; give a recording with sound.")
    snr = _snr(magnitudes[0], magnitudes[1])
    n = len(magnitudes[0])
    shown = n if seconds is None else max(1, min(n, round(seconds * sample_rate / hop)))
    levels = [20 * np.log10(np.maximum(m[:shown] / peak, 10 ** ((floor_db - 40) / 20))) for m in magnitudes]
    if frame is None:
        frame = int(np.argmax((magnitudes[0][:shown] ** 2).sum(axis=1)))
    elif not 0 <= frame < shown:
        raise InputError(f"Frame {frame} is not among the {shown} shown; choose one from 0 to {shown - 1}.")

    figure = new_figure(5.3)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.1, 1])
    top = [figure.add_subplot(grid[0, i]) for i in range(3)]
    extent = (0, shown * hop / sample_rate, 0, sample_rate / 2000)
    names = (*labels, "difference")
    for i, (axes, level, name) in enumerate(zip(top, levels, names, strict=True)):
        image = axes.imshow(
            level.T, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=floor_db, vmax=0,
            interpolation="nearest",
        )  # fmt: skip
        axes.set_title(name)
        axes.set_xlabel("time (s)")
        axes.axvline((frame + 0.5) * hop / sample_rate, color="white", linewidth=0.8, linestyle=":")
        if i == 0:
            axes.set_ylabel("frequency (kHz)")
        else:
            axes.set_yticklabels([])
    figure.colorbar(image, ax=top, label="level (dB)", pad=0.01, aspect=18)

    below = figure.add_subplot(grid[1, :])
    kilohertz = np.linspace(0, sample_rate / 2000, levels[0].shape[1])
    for level, name, colour, width in zip(levels, names, (LIGHT_BLUE, "black", ORANGE), (2.6, 0.8, 1.1), strict=True):
        below.plot(kilohertz, level[frame], color=colour, linewidth=width, label=name)
    below.set_xlim(0, kilohertz[-1])
    below.set_ylim(floor_db - 20, 8)
    below.set_xlabel("frequency (kHz)")
    below.set_ylabel("level (dB)")
    below.grid(axis="y")
    whole = f"; SNR of the whole {snr:.1f} dB" if np.isfinite(snr) else ""
    below.set_title(f"one frame, at {frame * hop / sample_rate:.2f} s{whole}")
    below.legend(loc="upper right", ncols=3, handlelength=1.4, borderaxespad=0.1)
    figure.alt_text = _triple_words(magnitudes, names, snr, frame * hop / sample_rate, kilohertz)
    return figure


def _magnitudes(array: np.ndarray) -> np.ndarray:
    """[n_frames, n_bins] of a waveform, or as given."""
    if array.ndim == 1:
        return spectra.magnitudes(torch.from_numpy(np.ascontiguousarray(array))).numpy()
    if array.ndim != 2 or not array.size:
        raise InputError(f"An array of shape {array.shape} is neither a waveform nor magnitudes [frames, bins].")
    return np.abs(array)


def _snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """On magnitudes over the whole sequence, in dB; infinite where they agree."""
    noise = float(((estimate.astype(np.float64) - reference) ** 2).sum())
    return 10 * math.log10(float((reference.astype(np.float64) ** 2).sum()) / noise) if noise else math.inf


def _triple_words(
    magnitudes: Sequence[np.ndarray], names: Sequence[str], snr: float, time: float, kilohertz: np.ndarray
) -> str:
    def below(band: np.ndarray) -> str:
        signal, noise = (float((m[:, band].astype(np.float64) ** 2).sum()) for m in (magnitudes[0], magnitudes[2]))
        if not (signal and noise):
            return "without either"
        level = 10 * math.log10(signal / noise)
        return f"{abs(level):.0f} dB {'under' if level >= 0 else 'over'} the original"

    said = (
        f"Spectrograms of {names[0]}, {names[1]} and {names[2]} on one scale, and their spectra at {time:.2f} s. "
        f"SNR on magnitudes {'without limit' if math.isinf(snr) else f'{snr:.1f} dB'}."
    )
    if not magnitudes[2].any():
        return said + " The difference is silent."
    return (
        f"{said} The difference lies {below(kilohertz < 2)} below 2 kHz, "
        f"{below((kilohertz >= 2) & (kilohertz < 6))} from 2 to 6 kHz and {below(kilohertz >= 6)} above 6 kHz."
    )


@styled
def confidence_traces(
    traces: Mapping[str, Sequence[float]] | Sequence[Sequence[float]], threshold: float = 0.9, title: str = ""
) -> BookFigure:
    """Mean posterior of the target label against the iteration of the attack.

    Parameters
    ----------
    traces : mapping of name to values, or sequence of values
        Each [n_iterations], 0 to 1. Up to twelve named ones get a colour and a name; more are drawn alike.
    threshold : float
        Where the attack stops, drawn as a line.

    Raises
    ------
    InputError
        When there is no trace or one is empty.

    Paper: Section 3.1
    Notebook: book/05_adversaries.ipynb
    """
    named = isinstance(traces, Mapping) and len(traces) <= 12
    items = list(traces.items()) if isinstance(traces, Mapping) else [(str(i), t) for i, t in enumerate(traces)]
    if not items or any(not len(values) for _, values in items):
        raise InputError("There is no trace to draw; attack at least one excerpt for at least one iteration.")
    reached = {name: max(values) >= threshold for name, values in items}
    if named:
        items.sort(key=lambda item: (not reached[item[0]], len(item[1])))
    figure = new_figure(3.1)
    axes = figure.add_subplot()
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.88, len(items)))
    for i, (name, values) in enumerate(items):
        colour = colours[i] if named else BLUE
        iterations = np.arange(len(values))
        alpha = 1.0 if named else max(0.15, min(0.6, 12 / len(items)))
        axes.plot(
            iterations, values, color=colour, alpha=alpha, linewidth=1.5 if named else 1,
            linestyle=("-", "--", "-.")[i % 3] if named else "-", label=name,
        )  # fmt: skip
        axes.plot(iterations[-1], values[-1], "o" if reached[name] else "x", color=colour, alpha=alpha, markersize=5)
    axes.axhline(threshold, color=ORANGE, linewidth=1.2)
    longest = max(len(values) for _, values in items)
    axes.text(0.995, threshold + 0.012, f"confidence asked for: {threshold:g}", color="#b35600", fontsize=9, ha="right",
              va="bottom", transform=axes.get_yaxis_transform(), zorder=5,
              bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1})  # fmt: skip
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlim(-0.02 * max(longest - 1, 1), 1.02 * max(longest - 1, 1))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.set_xlabel("iteration")
    axes.set_ylabel("mean posterior of the target")
    axes.grid(axis="y")
    axes.set_title(title)
    if named:
        figure.legend(loc="outside right center", title="target", title_fontsize=9, handlelength=2.2)
    steps = sorted(len(values) - 1 for name, values in items if reached[name])
    figure.alt_text = (
        f"Mean posterior of the target label against the iteration, {len(items)} "
        f"attack{'s' if len(items) != 1 else ''}: {sum(reached.values())} reach the confidence of {threshold:g}"
        + (f", the fastest after {steps[0]} and the slowest after {steps[-1]} iterations." if steps else ".")
    )
    missed = [f"{name} ends at {values[-1]:.2f}" for name, values in items if not reached[name]]
    if named and missed:
        figure.alt_text += f" Not reached: {listing(missed)}."
    return figure


@styled
def snr_by_label(
    labels: Sequence[str],
    snr: Sequence[float],
    success: Sequence[bool] | None = None,
    *,
    limit: float | None = 15.0,
    title: str = "",
) -> BookFigure:
    """SNR of the adversary for each label asked for: farther right is a smaller perturbation.

    Parameters
    ----------
    labels : sequence of str [n]
        The label each adversary aims at.
    snr : sequence of float [n]
        In dB; infinite where the original had the label already and nothing was changed.
    success : sequence of bool [n]
        Whether the label was reached; default: all.
    limit : float
        The least SNR allowed, in dB, drawn as a line; None: no line.

    Raises
    ------
    InputError
        When the lengths differ or there is none.

    Paper: Section 4
    Notebook: book/06_ensembles.ipynb
    """
    reached = [True] * len(labels) if success is None else [bool(s) for s in success]
    if not len(labels) or not len(labels) == len(snr) == len(reached):
        raise InputError("Labels, SNRs and successes differ in number or are none; give one of each for every attack.")
    finite = [s for s in snr if np.isfinite(s)]
    order = sorted(range(len(labels)), key=lambda i: (-snr[i], labels[i]))
    values = [*finite, *([limit] if limit is not None else [])] or [0.0]
    left, right = min(values), max(values)
    margin = max(0.08 * (right - left), 1.0)
    edge = right + 2.2 * margin
    figure = new_figure(0.29 * len(labels) + 1.35)
    axes = figure.add_subplot()
    for place, i in enumerate(order):
        silent = not np.isfinite(snr[i])
        x = edge if silent else snr[i]
        axes.hlines(place, left - margin, x, color=RULE, linewidth=1, zorder=1)
        marker, colour = (">", FAINT) if silent else ("o", BLUE) if reached[i] else ("x", ORANGE)
        axes.plot(x, place, marker, color=colour, markersize=7, markeredgewidth=2 if marker == "x" else 1, zorder=3)
        text = "no change needed" if silent else f"{snr[i]:.1f}" + ("" if reached[i] else ", not reached")
        axes.annotate(
            text,
            (x, place),
            xytext=(-9, 0) if silent else (9, 0),
            textcoords="offset points",
            ha="right" if silent else "left",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8} if silent else None,
        )
    if limit is not None:
        axes.axvline(limit, color=INK, linewidth=1.1, linestyle=":", zorder=2)
        axes.annotate(f"limit: {limit:g} dB", (limit, 0), xycoords=("data", "axes fraction"), xytext=(4, 4),
                      textcoords="offset points", fontsize=9, va="bottom")  # fmt: skip
    axes.set_yticks(range(len(order)), [labels[i] for i in order])
    axes.set_ylim(len(order) - 0.4 + (0.6 if limit is not None else 0), -0.6)
    axes.set_xlim(left - margin, edge + 0.6 * margin)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("SNR (dB): farther right is a smaller perturbation")
    axes.set_title(title)
    said = [
        f"{labels[i]} {'needs no change' if not np.isfinite(snr[i]) else f'{snr[i]:.1f} dB'}"
        + ("" if reached[i] else " (not reached)")
        for i in order
    ]
    figure.alt_text = f"SNR by label asked for, {sum(reached)} of {len(labels)} reached: {listing(said)}." + (
        f" The limit is {limit:g} dB." if limit is not None else ""
    )
    return figure
