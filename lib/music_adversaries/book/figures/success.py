"""How often an attack succeeds within a budget: a curve over budgets, not one point.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from matplotlib.transforms import offset_copy

from ...errors import InputError
from .base import BookFigure, in_legend, new_figure, percent, styled
from .series import Style, checked, counted, legend_columns, name_ends, styles

MAX_PANELS = 6


@styled
def success_curves(
    table: pd.DataFrame,
    group: str = "attack",
    title: str = "",
    *,
    panels: str | None = None,
) -> BookFigure:
    """Success against the SNR budget, from large SNR (left: little may change) to small, with intervals.

    Parameters
    ----------
    table : DataFrame
        Columns ``group`` (a curve for each value, at most six), ``budget`` (SNR in dB), ``value``, ``low``,
        ``high`` (fractions) and ``n``; one row for each curve and budget.
    group : str
        The column that tells curves apart.
    title : str
    panels : str
        A column: one panel for each of its values, at most six, with one scale; more than three are in two rows.

    Raises
    ------
    InputError
        When a column is missing, shares are not fractions, two rows are for one point, or there is too much to draw.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    keys = [group, *([panels] if panels else [])]
    of = "success"
    table = checked(table, [*keys, "budget", "value", "low", "high", "n"], of, ["value", "low", "high"])
    if table.duplicated([*keys, "budget"]).any():
        raise InputError(
            f"The table of success has several rows for one {' and '.join(keys)} and budget; choose among them, "
            "or name with panels= the column that tells them apart."
        )
    style_of = styles(table[group], of)
    names = list(dict.fromkeys(table[panels])) if panels else [None]
    if len(names) > MAX_PANELS:
        raise InputError(f"Column {panels!r} has {len(names)} values; choose at most {MAX_PANELS} panels.")

    n_columns = len(names) if len(names) <= 3 else (len(names) + 1) // 2
    n_rows = -(-len(names) // n_columns)
    figure = new_figure(3.3 if n_rows == 1 else 5.2)
    if title and panels:
        figure.suptitle(title, fontsize=10.5, fontweight="bold", x=0.01, ha="left")
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    left, right = table["budget"].max(), table["budget"].min()
    margin = 0.07 * (left - right) or 1.0
    said = []
    for spare in grid.flat[len(names) :]:
        spare.remove()
        grid[-2, -1].tick_params(labelbottom=True)  # nothing is below it now
    for axes, name in zip(grid.flat, names, strict=False):
        rows = table if name is None else table[table[panels] == name]
        drawn = _draw(axes, rows, group, style_of)
        axes.set_title(title if name is None else textwrap.fill(str(name), 72 // n_columns, break_on_hyphens=False))
        axes.grid(axis="y")
        said.append(
            ("" if name is None else f"{name}: ") + "; ".join(_words(curve, part) for curve, part in drawn.items())
        )
    # Shared by all panels, like what follows; ``axes`` is the last panel.
    axes.set_xlim(left + margin, right - margin)
    axes.set_ylim(-0.03, 1.05)
    axes.xaxis.set_major_locator(MaxNLocator(8 if n_columns < 3 else 5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    for axes in grid[:, 0]:
        axes.set_ylabel("success")
    for axes in grid.flat[len(names) - n_columns : len(names)]:  # the lowest of each column
        axes.set_xlabel("SNR budget (dB)" + (": farther right, more may change" if panels is None else ""))
    if panels is None:
        ends = [(part["budget"].iloc[-1], part["value"].iloc[-1], curve) for curve, part in drawn.items()]
        name_ends(axes, [(x, y, str(curve), *style_of[curve][:2]) for x, y, curve in ends])
    else:
        _legend(figure, style_of)
    figure.alt_text = (
        (f"{title}. " if title else "")
        + "Share of attacks that succeed within an SNR budget, "
        + f"{counted(table['n'])} excerpts each, with 95 % intervals. "
        + ". ".join(said)
        + "."
    )
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, group: str, style_of: dict[str, Style]) -> dict[str, pd.DataFrame]:
    """A curve for each group, whiskers side by side; returns the rows of each, from large to small SNR."""
    drawn = {}
    for i, (name, (colour, marker, line)) in enumerate(style_of.items()):
        part = rows[rows[group] == name].sort_values("budget", ascending=False)
        if not len(part):
            continue
        # Shifted in points, so that the data do not change.
        beside = offset_copy(
            axes.transData, axes.get_figure(root=True), x=2.2 * (i - (len(style_of) - 1) / 2), units="points"
        )
        axes.vlines(part["budget"], part["low"], part["high"], color=colour, linewidth=1, alpha=0.6, transform=beside)
        axes.plot(
            part["budget"],
            part["value"],
            line,
            marker=marker,
            color=colour,
            markersize=5,
            linewidth=1.4,
            label=in_legend(name),
            transform=beside,
            zorder=3,
        )
        drawn[name] = part
    return drawn


def _legend(figure: BookFigure, style_of: dict[str, Style]) -> None:
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle=line, markersize=5, label=in_legend(name))
        for name, (colour, marker, line) in style_of.items()
    ]
    columns = legend_columns([str(name) for name in style_of])
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=2.6)


def _words(name: str, part: pd.DataFrame) -> str:
    first, last = part.iloc[0], part.iloc[-1]
    said = f"{name} {percent(first['value'])} at {first['budget']:g} dB"
    if len(part) > 1:
        said += f" to {percent(last['value'])} at {last['budget']:g} dB"
    half = part[part["value"] >= 0.5]
    if not len(half):
        return f"{said}, half at no budget"
    row = half.iloc[0]
    interval = f"{percent(row['value'])} [{100 * row['low']:.0f}, {100 * row['high']:.0f}]"
    return f"{said}, at least half from {row['budget']:g} dB, {interval}"
