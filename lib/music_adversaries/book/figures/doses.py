"""How the score on two partitions changes as a knob of the invented music is turned.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.ticker import PercentFormatter

from ...errors import InputError
from .base import BLUE, FAINT, ORANGE, BookFigure, listing, new_figure, percent, styled

_LINES = {"random": (BLUE, "o", "-"), "artist_filtered": (ORANGE, "s", "--")}


@styled
def doses(table: pd.DataFrame, knobs: Mapping[str, tuple[str, str]], chance: float | None = None) -> BookFigure:
    """Test accuracy on the random and on the artist-filtered partition, dose by dose, with 95 % intervals.

    Parameters
    ----------
    table : DataFrame
        Measurements of the record ``dose_response``: ``accuracy`` on each partition and their ``difference``, with
        ``series`` and the knobs.
    knobs : mapping of str to (str, str)
        One panel for each entry: series in the table -> (column with its doses, name of the axis).
    chance : float
        Accuracy of choosing at random, drawn as a line.

    Raises
    ------
    InputError
        When the table has no such series.

    Paper: Section 2.4
    Notebook: book/02_partitions.ipynb
    """
    figure = new_figure(3.4)
    axes_of = figure.subplots(1, len(knobs), sharey=True, squeeze=False)[0]
    said = []
    for axes, (series, (column, label)) in zip(axes_of, knobs.items(), strict=True):
        rows = table[table["series"] == series].sort_values(column)
        if not len(rows):
            known = ", ".join(table["series"].dropna().unique())
            raise InputError(f"The table has no series {series!r}; it has {known}.")
        accuracy = {name: rows[(rows["quantity"] == "accuracy") & (rows["partition"] == name)] for name in _LINES}
        difference = rows[rows["quantity"] == "difference"]
        x = difference[column].astype(float)
        for name, (colour, marker, line) in _LINES.items():
            mine = accuracy[name]
            axes.fill_between(x, mine["low"], mine["high"], color=colour, alpha=0.15, linewidth=0)
            axes.plot(x, mine["value"], line, marker=marker, color=colour, label=name.replace("_", "-"), zorder=3)
        upper, lower = (accuracy[name]["value"] for name in _LINES)
        for place, a, b, apart in zip(x, upper, lower, difference["value"], strict=True):
            axes.vlines(place, b, a, color=FAINT, linewidth=0.8, zorder=1)
            axes.text(
                place,
                (a + b) / 2,
                f" {100 * apart:.1f}",
                fontsize=8.5,
                va="center",
                ha="left",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
                zorder=4,
            )
        if chance is not None:
            axes.axhline(chance, color=FAINT, linewidth=1, linestyle=":")
            axes.text(1.0, chance, "chance", color=FAINT, fontsize=9, va="bottom", ha="right")
        axes.set_xlabel(label)
        axes.set_xlim(-0.06, 1.16)
        axes.set_xticks(list(x), [f"{value:g}" for value in x])
        axes.grid(axis="y")
        said.append(
            f"{label}: "
            + listing(
                [
                    f"at {value:g} random {percent(a, 1)}, artist-filtered {percent(b, 1)}, "
                    f"difference {100 * d.value:.1f} points [{100 * d.low:.1f}, {100 * d.high:.1f}]"
                    for value, a, b, d in zip(x, upper, lower, difference.itertuples(), strict=True)
                ]
            )
        )
    axes_of[0].set_ylim(0, 1.05)
    axes_of[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes_of[0].set_ylabel("test accuracy")
    handles, labels = axes_of[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    figure.alt_text = "Test accuracy on two partitions as a knob is turned. " + ". ".join(said) + "."
    return figure
