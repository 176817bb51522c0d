"""One hidden unit: which frequencies drive it, and for which labels it is active.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ... import spectra
from ...errors import InputError
from .base import BLUE, FAINT, INK, LIGHT_BLUE, ORANGE, RULE, BookFigure, new_figure, percent, styled

N_BANDS = 48


@styled
def unit_reading(
    drive: ArrayLike,
    activations: ArrayLike,
    labels: Sequence[str],
    *,
    title: str = "",
    average: str = "mean",
    sample_rate: int = spectra.SAMPLE_RATE,
) -> BookFigure:
    """What pushes a unit up and down, by frequency, and its activation by true label.

    Parameters
    ----------
    drive : array ``[n_bins]``
        From `units.drive`, in units of the pre-activation; the bins are summed in bands of equal width.
    activations : array ``[n_labels]``
        Such as a column of `units.by_label`.
    labels : sequence of str
    title : str
        Such as ``"layer 1, unit 29"``.
    average : str
        How activations are averaged over the excerpts of a label, in one word, for the axis.
    sample_rate : int
        In Hz.

    Raises
    ------
    InputError
        When there is no bin, not one activation for each label, or a value is not finite.

    Notebook: book/03_training.ipynb
    """
    drive, activations = np.asarray(drive, dtype=np.float64), np.asarray(activations, dtype=np.float64)
    if drive.ndim != 1 or not len(drive):
        raise InputError(f"The drive has the shape {list(drive.shape)}; give one value a bin, as units.drive does.")
    if activations.shape != (len(labels),) or not len(labels):
        raise InputError(f"There are {activations.size} activations and {len(labels)} labels; give one of each.")
    if not (np.isfinite(drive).all() and np.isfinite(activations).all()):
        raise InputError("A drive or an activation is not finite; leave out labels without an excerpt.")
    edges = np.linspace(0, sample_rate / 2000, min(N_BANDS, len(drive)) + 1)
    kilohertz = np.linspace(0, sample_rate / 2000, len(drive))
    band = np.clip(np.searchsorted(edges, kilohertz, side="right") - 1, 0, len(edges) - 2)
    summed = np.bincount(band, weights=drive, minlength=len(edges) - 1)

    figure = new_figure(3.1)
    left, right = figure.subplots(1, 2, width_ratios=[1.55, 1])
    if title:
        figure.suptitle(title, fontsize=10.5, fontweight="bold", x=0.01, ha="left")
    colours = [BLUE if value >= 0 else ORANGE for value in summed]
    left.bar(edges[:-1], summed, np.diff(edges), align="edge", color=colours, edgecolor="white", linewidth=0.4)
    left.axhline(0, color=FAINT, linewidth=0.8)
    left.set(xlim=(0, edges[-1]), xlabel="frequency (kHz)", ylabel="drive (pre-activation)")
    left.set_title("what pushes it up and down")
    left.grid(axis="y")
    left.spines["bottom"].set_visible(False)

    order = np.argsort(-activations, kind="stable")
    places = np.arange(len(order))
    best = int(order[0])
    right.barh(places, activations[order], color=[BLUE if i == best else LIGHT_BLUE for i in order], height=0.72)
    for place, value in zip(places, activations[order], strict=True):
        right.text(value, place, f" {value:.2f}", va="center", fontsize=8.5, color=INK)
    right.set_yticks(places, [labels[i] for i in order])
    right.invert_yaxis()
    right.set_title("by true label")
    right.set_xlabel(f"{average} activation")
    right.set_xlim(0, 1.2 * max(activations.max(), 1e-9))
    right.tick_params(axis="y", length=0)
    right.spines["left"].set_color(RULE)
    figure.alt_text = _words(summed, edges, activations, labels, title, average)
    return figure


def _words(
    summed: np.ndarray, edges: np.ndarray, activations: np.ndarray, labels: Sequence[str], title: str, average: str
) -> str:
    def where(band: int) -> str:
        return f"{summed[band]:.2g} from {edges[band]:.1f} to {edges[band + 1]:.1f} kHz"

    up, down = int(summed.argmax()), int(summed.argmin())
    said = f"{f'{title}. ' if title else ''}Drive by frequency: "
    pushes = []
    if summed[up] > 0:
        pushes.append(f"pushed up most by {where(up)}")
    if summed[down] < 0:
        pushes.append(f"pushed down most by {where(down)}")
    total = np.abs(summed).sum()
    rising = f"; {percent(summed.clip(0).sum() / total)} of all drive is upwards" if total else ""
    order = np.argsort(-activations, kind="stable")
    listed = ", ".join(f"{labels[i]} {activations[i]:.2f}" for i in order)
    return f"{said}{', '.join(pushes) or 'none'}{rising}. {average.capitalize()} activation by true label: {listed}."
