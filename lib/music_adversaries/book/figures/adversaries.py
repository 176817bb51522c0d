"""How much had to change for each label.

Paper: Section 4
Notebook: book/06_ensembles.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import InputError
from .base import BLUE, FAINT, INK, ORANGE, RULE, BookFigure, listing, new_figure, styled


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
        The label that each adversary aims at.
    snr : sequence of float [n]
        In dB; infinite if the original had the label already and nothing was changed.
    success : sequence of bool [n]
        Whether the label was reached; default: all.
    limit : float
        The lowest SNR allowed, in dB, drawn as a line; None: no line.

    Raises
    ------
    InputError
        When the lengths differ or there is no adversary.

    Paper: Section 4
    Notebook: book/06_ensembles.ipynb
    """
    reached = [True] * len(labels) if success is None else [bool(s) for s in success]
    if not len(labels) or not len(labels) == len(snr) == len(reached):
        raise InputError("Labels, SNRs and successes are empty or differ in number; give one of each for every attack.")
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
        axes.annotate(
            f"limit: {limit:g} dB",
            (limit, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=9,
            va="bottom",
        )
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
