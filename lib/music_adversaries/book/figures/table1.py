"""Table 1 drawn: sixteen pairs of accuracies, from several sources.

Paper: Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from ...errors import InputError
from ..claims.table1 import KINDS, LAYERS, SIZES, Table1
from .base import BLUE, FAINT, INK, ORANGE, RULE, BookFigure, new_figure, percent, styled


@styled
def table_1(tables: Sequence[Table1], chance: Sequence[float] | None = None) -> BookFigure:
    """Accuracies on the random partition (filled marks) and on the filtered one (hollow marks), with their intervals.

    One panel for each source; one row for each forest.

    Parameters
    ----------
    tables : sequence of Table1
    chance : sequence of floats, one for each table
        Accuracy by chance, drawn as a line.

    Paper: Table 1
    Notebook: book/04_baselines.ipynb
    """
    if not tables:
        raise InputError("There is no table to draw; give at least one.")
    figure = new_figure(4.9)
    panels = np.atleast_1d(figure.subplots(1, len(tables), sharex=True, sharey=True))
    rows = [(size, kind, layer) for size in SIZES for kind in KINDS for layer in LAYERS]
    # A gap between the four networks.
    heights = [place + 0.9 * (place // len(LAYERS)) for place in range(len(rows))]
    for number, (axes, table) in enumerate(zip(panels, tables, strict=True)):
        for height, row in zip(heights, rows, strict=True):
            pair = [table.cell(*row, partition) for partition in ("random", "filtered")]
            axes.plot([cell.accuracy for cell in pair], [height] * 2, color=RULE, linewidth=3, solid_capstyle="butt")
            for cell, colour, face, shift in zip(pair, (BLUE, ORANGE), (BLUE, "white"), (-0.13, 0.13), strict=True):
                axes.plot([cell.low, cell.high], [height + shift] * 2, color=colour, linewidth=1)
                axes.plot(
                    cell.accuracy,
                    height + shift,
                    "o",
                    color=colour,
                    markerfacecolor=face,
                    markersize=4.2,
                    markeredgewidth=1.2,
                )
        if chance is not None:
            axes.axvline(chance[number], color=FAINT, linewidth=0.9, linestyle=":")
        name, _, units = table.source.partition(": ")
        axes.set_title(f"{name}\n{units}" if units else name.replace(", ", "\n"), fontsize=9.5)
        axes.set_xlabel("accuracy")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        axes.set_xlim(0, 1)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(heights, [layer if layer == "all" else f"layer {layer}" for _, _, layer in rows], fontsize=8.5)
    panels[0].set_ylim(heights[-1] + 0.8, -1.3)
    for place in range(0, len(rows), len(LAYERS)):
        size, kind, _ = rows[place]
        panels[0].annotate(
            f"{size}, {kind}",
            (0, heights[place] - 0.62),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=8,
            color=INK,
            fontweight="bold",
            va="center",
        )
    figure.alt_text = "Accuracies of sixteen random forests on a random and a filtered partition. " + " ".join(
        _words(table) for table in tables
    )
    return figure


def _words(table: Table1) -> str:
    drops = table.drops()
    ends = {part: [cell.accuracy for cell in table.cells if cell.partition == part] for part in ("random", "filtered")}
    said = ", ".join(f"{part} {percent(min(v), 1)} to {percent(max(v), 1)}" for part, v in ends.items())
    higher = int((drops > 0).sum())
    return (
        f"{table.source}: {said}; the random one is higher in {higher} of {len(drops)}, by "
        f"{100 * drops.min():.1f} to {100 * drops.max():.1f} points."
    )
