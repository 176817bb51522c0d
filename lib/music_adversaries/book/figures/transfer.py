"""Adversaries made for one system and judged by another.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from ...errors import InputError
from .base import ORANGE, BookFigure, listing, new_figure, percent, styled
from .series import checked, counted

SAYS = {"success": "get the target from the listener", "changed": "get another label from the listener than before"}


@styled
def transfer_matrix(table: pd.DataFrame, title: str = "") -> BookFigure:
    """Share of adversaries that do to a listener what they do to the system they are made for, in per cent.

    Sources are rows, listeners are columns. Cells in which both are the same system are outlined.

    Parameters
    ----------
    table : DataFrame
        Columns ``quantity``, ``source``, ``listener``, ``value`` (a fraction) and ``n``, one row for each pair, as
        the experiment ``transfer`` records. Missing pairs are left out. All rows have the same ``quantity``:

        - ``"success"``: the listener gives the target.
        - ``"changed"``: the listener gives another label than for the original.
    title : str

    Raises
    ------
    InputError
        When a column is missing, a share is not a fraction, or the quantity is neither of the two.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    table = checked(table, ["quantity", "source", "listener", "value", "n"], "transfer", ["value"])
    quantities = list(dict.fromkeys(table["quantity"]))
    if len(quantities) > 1 or quantities[0] not in SAYS:
        raise InputError(f"The table of transfer has the quantity {', '.join(quantities)}; choose {' or '.join(SAYS)}.")
    says = SAYS[quantities[0]]
    if table.duplicated(["source", "listener"]).any():
        raise InputError("The table of transfer has several rows for one source and listener; choose among them.")
    sources, listeners = (list(dict.fromkeys(table[column])) for column in ("source", "listener"))
    shares = table.set_index(["source", "listener"])["value"]
    figure = new_figure(0.42 * len(sources) + 2.4)
    axes = figure.add_subplot()
    patches, colours = [], []
    for row, source in enumerate(sources):
        for column, listener in enumerate(listeners):
            share = shares.get((source, listener), np.nan)
            known = np.isfinite(share)
            shade = mpl.colormaps["Blues"](0.9 * share) if known else "#f1f2f4"
            patches.append(Rectangle((column - 0.5, row - 0.5), 1, 1))
            colours.append(shade)
            axes.text(
                column,
                row,
                f"{100 * share:.0f}" if known else "–",
                ha="center",
                va="center",
                fontsize=10,
                color=_readable(shade),
                fontweight="bold" if source == listener else None,
            )
    axes.add_collection(PatchCollection(patches, facecolors=colours, edgecolors="white", linewidths=1))
    for row, source in enumerate(sources):
        if source in listeners:
            corner = listeners.index(source) - 0.5, row - 0.5
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=ORANGE, linewidth=2.5, gid="white box"))
    axes.set_xlim(-0.55, len(listeners) - 0.45)
    axes.set_ylim(len(sources) - 0.45, -0.55)
    # One line each: with ten listeners side by side, names of two lines would touch.
    axes.set_xticks(range(len(listeners)), listeners, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(sources)), [textwrap.fill(str(name), 18, break_on_hyphens=False) for name in sources])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("listener")
    axes.set_ylabel("made for")
    counts = counted(table["n"])
    axes.set_title(f"{title}\n" if title else "", pad=8)
    axes.text(
        0,
        1.02,
        f"% that {says}; {counts} a cell; outlined: made for this listener",
        transform=axes.transAxes,
        fontsize=9.5,
    )
    figure.alt_text = (
        (f"{title}. " if title else "")
        + f"Share of adversaries that {says}, {counts} a pair. "
        + " ".join(_words(source, shares[source]) for source in sources)
    )
    return figure


def _readable(ground: str | tuple[float, float, float, float]) -> str:
    """Black or white, whichever has more contrast: at least 4.5, by the relative luminance of sRGB."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(ground)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"


def _words(source: str, shares: pd.Series) -> str:
    others = shares.drop(source, errors="ignore").sort_values(ascending=False, kind="stable")
    said = [f"{percent(shares[source])} on itself"] if source in shares.index else []
    if len(others):
        said.append(listing([f"{name} {percent(share)}" for name, share in others.items()]))
    return f"Made for {source}: {'; '.join(said)}."
