"""The figure of merit, as the paper draws it.

Paper: Section 2.4
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from ...evaluation import FigureOfMerit
from .base import INK, BookFigure, new_figure, percent, styled


@styled
def figure_of_merit(fom: FigureOfMerit, title: str = "") -> BookFigure:
    """The figure of merit as the paper draws it.

    A column for each true label and a row for each label given, in per cent of the column; recall on the
    diagonal, precision in the column Pr, F-score in the row F, mean recall in their corner.

    Parameters
    ----------
    fom : FigureOfMerit
    title : str

    Paper: Section 2.4
    Notebook: book/03_training.ipynb
    """
    table = fom.table()
    cells = table.to_numpy(dtype=float)
    k = len(fom.labels)
    figure = new_figure(0.36 * (k + 1) + 1.75)
    axes = figure.add_subplot()
    blues = mpl.colormaps["Blues"]
    # Precision, F-score and their corner are drawn apart: they are not confusions.
    place = [*range(k), k + 0.25]
    colours = []
    patches = []
    for i, row in enumerate(cells):
        for j, value in enumerate(row):
            confusion = i < k and j < k
            shade = blues(0.85 * value / 100) if confusion and np.isfinite(value) else "#f1f2f4"
            patches.append(Rectangle((place[j] - 0.5, place[i] - 0.5), 1, 1))
            colours.append(shade)
            if confusion and value == 0:
                continue
            light = sum(to_rgb(shade)) < 1.5
            axes.text(
                place[j],
                place[i],
                f"{value:.0f}" if np.isfinite(value) else "–",
                ha="center",
                va="center",
                fontsize=9.5,
                color="white" if light else INK,
                fontweight="bold" if i == j else "normal",
            )
    axes.add_collection(PatchCollection(patches, facecolors=colours, edgecolors="white", linewidths=0.8))
    axes.set_xlim(-0.5, k + 0.75)
    axes.set_ylim(k + 0.75, -0.5)
    axes.set_xticks(place, [*fom.labels, "Pr"], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(place, [*fom.labels, "F"])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("true label")
    axes.set_ylabel("label given")
    low, high = fom.interval.low, fom.interval.high
    summary = (
        f"accuracy {percent(fom.accuracy, 1)} [{100 * low:.1f}, {100 * high:.1f}], "
        f"mean recall {percent(fom.normalised_accuracy, 1)}, n = {fom.n}"
    )
    axes.set_title(f"{title}\n" if title else "", pad=8)
    axes.text(0, 1.015, summary, transform=axes.transAxes, fontsize=9.5)
    figure.alt_text = _merit_words(fom, title, summary)
    return figure


def _merit_words(fom: FigureOfMerit, title: str, summary: str) -> str:
    recall = {label: r for label, r in zip(fom.labels, fom.recall, strict=True) if np.isfinite(r)}
    best, worst = max(recall, key=recall.__getitem__), min(recall, key=recall.__getitem__)
    said = (
        f"Confusion matrix of {len(fom.labels)} labels{f', {title}' if title else ''}: {summary}. "
        f"Highest recall: {best}, {percent(recall[best])}; lowest: {worst}, {percent(recall[worst])}."
    )
    errors = fom.counts - np.diag(np.diag(fom.counts))
    if errors.any():
        given, true = np.unravel_index(errors.argmax(), errors.shape)
        said += (
            f" The most frequent confusion: {fom.labels[true]} labelled {fom.labels[given]}, "
            f"{percent(float(fom.percentages[given, true]) / 100)} of {fom.labels[true]}."
        )
    return said
