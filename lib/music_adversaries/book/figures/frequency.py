"""Where in frequency energy lies, by bands: of music, and of what attacks add to it.

Paper: Section 5
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

from .base import BookFigure, in_legend, new_figure, percent, styled
from .series import checked, name_ends, styles

TICKS = {100: "100", 1_000: "1k", 10_000: "10k"}  # Hz
RANGE = 70.0  # dB drawn below the strongest band


@styled
def frequency_profile(table: pd.DataFrame, title: str = "") -> BookFigure:
    """Level by frequency band, one line for each kind of sound, over a logarithmic axis.

    Parameters
    ----------
    table : DataFrame
        Columns ``of`` (a line for each value, at most six), ``low`` and ``high`` (edges of the band in Hz) and
        ``level`` (share of all energy that lies in the band, in dB), as the experiment ``frequencies`` records.
    title : str

    Raises
    ------
    InputError
        When a column is missing, an edge is not a positive frequency, or there is too much to draw.

    Paper: Section 5
    Notebook: book/05_adversaries.ipynb
    """
    of = "levels by band"
    table = checked(table, ["of", "low", "high", "level"], of)
    checked(table[(table["low"] > 0) & (table["high"] > table["low"])], ["of"], f"{of} above 0 Hz")
    style_of = styles(table["of"], of)
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    ends, said = [], []
    for i, (name, (colour, marker, line)) in enumerate(style_of.items()):
        rows = table[table["of"] == name].sort_values("low")
        centres = np.sqrt(rows["low"] * rows["high"])
        axes.plot(
            centres,
            rows["level"],
            line,
            color=colour,
            marker=marker,
            markersize=4.5,
            markevery=(i, 4),
            label=in_legend(name),
        )
        ends.append((centres.iloc[-1], rows["level"].iloc[-1], str(name), colour, marker))
        said.append(_words(name, rows))
    axes.set_xscale("log")
    axes.set_xlim(table["low"].min(), table["high"].max())
    axes.xaxis.set_major_locator(FixedLocator(list(TICKS)))
    axes.set_xticks(list(TICKS), list(TICKS.values()))
    axes.xaxis.set_minor_locator(LogLocator(subs=range(2, 10)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    top = table["level"].max()
    axes.set_ylim(max(table["level"].min(), top - RANGE) - 3, top + 3)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("share of energy in the band (dB)")
    axes.set_title(title)
    axes.grid(axis="both")
    name_ends(axes, [(x, max(y, axes.get_ylim()[0]), *rest) for x, y, *rest in ends])
    figure.alt_text = (
        (f"{title}. " if title else "")
        + f"Share of energy by frequency band, {table['low'].min():g} to {table['high'].max():g} Hz. "
        + " ".join(said)
    )
    return figure


def _words(name: str, rows: pd.DataFrame) -> str:
    energy = 10 ** (rows["level"] / 10)
    centres = np.sqrt(rows["low"] * rows["high"])
    strongest = rows.loc[energy.idxmax()]
    below, above = (energy[part].sum() / energy.sum() for part in (centres < 1_000, centres > 5_000))
    return (
        f"{name}: strongest from {strongest['low']:.0f} to {strongest['high']:.0f} Hz at {strongest['level']:.1f} dB, "
        f"{percent(below)} of the energy below 1 kHz and {percent(above)} above 5 kHz."
    )
