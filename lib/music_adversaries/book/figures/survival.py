"""The share of adversaries that still work after processing.

Paper: Section 3.1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import PercentFormatter

from ...errors import InputError
from .base import RULE, BookFigure, in_legend, listing, new_figure, percent, styled
from .series import checked, counted, legend_columns, styles


@styled
def survival(table: pd.DataFrame, title: str = "") -> BookFigure:
    """Shares after each process, with their intervals: one row for each process, in the order of the table.

    Parameters
    ----------
    table : DataFrame
        Columns ``process``, ``what`` (two or three kinds of share, at most six), ``value``, ``low`` and ``high``
        (fractions) and ``n``; one row for each process and kind.
    title : str

    Raises
    ------
    InputError
        When a column is missing, shares are not fractions, two rows are for one point, or there is too much to draw.

    Paper: Section 3.1
    Notebook: book/05_adversaries.ipynb
    """
    of = "survival"
    table = checked(table, ["process", "what", "value", "low", "high", "n"], of, ["value", "low", "high"])
    if table.duplicated(["process", "what"]).any():
        raise InputError("The table of survival has several rows for one process and what; choose among them.")
    style_of = styles(table["what"], of)
    processes = list(dict.fromkeys(table["process"]))
    n_columns = legend_columns([str(what) for what in style_of])
    legend_rows = -(-len(style_of) // n_columns)
    figure = new_figure((0.1 * len(style_of) + 0.1) * len(processes) + 0.9 + 0.2 * legend_rows)
    axes = figure.add_subplot()
    for place in range(1, len(processes)):
        axes.axhline(place - 0.5, color=RULE, linewidth=0.8)
    for i, (what, (colour, marker, _)) in enumerate(style_of.items()):
        rows = table[table["what"] == what]
        heights = [processes.index(p) + 0.72 * ((i + 0.5) / len(style_of) - 0.5) for p in rows["process"]]
        axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=1.2)
        axes.plot(rows["value"], heights, marker, color=colour, markersize=5, label=in_legend(what), zorder=3)
    axes.set_yticks(range(len(processes)), processes)
    axes.set_ylim(len(processes) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.grid(axis="x")
    axes.set_title(title)
    counts = counted(table["n"])
    axes.set_xlabel(f"share of {counts} excerpts, with 95 % interval")
    figure.legend(loc="outside upper left", ncols=n_columns, handletextpad=0.3)
    figure.alt_text = (
        (f"{title}. " if title else "")
        + f"Shares of {counts} excerpts after processing, with 95 % intervals. "
        + " ".join(f"{process}: {_words(table[table['process'] == process])}." for process in processes)
    )
    return figure


def _words(rows: pd.DataFrame) -> str:
    return listing(
        [f"{row.what} {percent(row.value)} [{100 * row.low:.0f}, {100 * row.high:.0f}]" for row in rows.itertuples()]
    )
