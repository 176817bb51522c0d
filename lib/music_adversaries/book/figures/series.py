"""Several series in one figure: how they differ, how their names are placed, and what their table must hold.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import offset_copy
from scipy.optimize import isotonic_regression

from ...errors import InputError
from .base import BLUE, FAINT, INK, LIGHT_BLUE, ORANGE

Style = tuple[str, str, Literal["-", "--", "-."]]  #: colour, mark and line
# Styles of the first, second ... series: neighbours differ in hue, lightness and mark.
SERIES: tuple[Style, ...] = (
    (BLUE, "o", "-"),
    (ORANGE, "s", "--"),
    (INK, "^", "-"),
    (LIGHT_BLUE, "D", "-."),
    ("#6a2c70", "v", "--"),
    ("#009e73", "P", "-"),
)


def checked(table: pd.DataFrame, columns: Sequence[str], of: str, shares: Sequence[str] = ()) -> pd.DataFrame:
    """The table, if it has the columns and rows and its shares are fractions; else `InputError`, which names ``of``."""
    missing = [column for column in columns if column not in table]
    if missing or not len(table):
        raise InputError(f"The table of {of} lacks {', '.join(missing) or 'rows'}; give what the experiment records.")
    for column in shares:
        if not table[column].dropna().between(0, 1).all():
            raise InputError(f"Column {column!r} of the table of {of} is not within 0 and 1; give fractions.")
    return table


def styles(names: Iterable[str], of: str) -> dict[str, Style]:
    """Colour, mark and line by name, in the order of first appearance; `InputError` when there are too many."""
    unique = list(dict.fromkeys(names))
    if len(unique) > len(SERIES):
        raise InputError(f"The table of {of} has {len(unique)} series; choose at most {len(SERIES)}.")
    return dict(zip(unique, SERIES, strict=False))


def counted(n: pd.Series) -> str:
    """The number as text, or the range from the smallest to the largest number."""
    least, most = int(n.min()), int(n.max())
    return f"{least}" if least == most else f"{least} to {most}"


def legend_columns(names: Sequence[str]) -> int:
    """How many columns of a legend fit below or above the figure."""
    return max(1, min(len(names), 100 // (max(map(len, names)) + 9)))  # about 100 letters a line


def apart(heights: Sequence[float], sizes: Sequence[float]) -> np.ndarray:
    """Positions in 0 to 1 for things of these sizes: close to the ascending heights, without overlap."""
    extents = np.asarray(sizes, dtype=float)
    steps = np.cumsum(extents) - (extents + extents[0]) / 2  # distance from the first to each, if they touched
    nearest = isotonic_regression(np.asarray(heights, dtype=float) - steps).x
    return steps + np.clip(nearest, 0, max(0, 1 - steps[-1]))


def name_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str, str]], size: float = 9.0) -> None:
    """Write names right of the axes at the heights where their lines end, without overlap; limits must be final.

    Parameters
    ----------
    ends : sequence of (x, y, name, colour, marker)
        Where lines end. Colour and marker are those of the mark before the name. At equal heights the first is on top.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes have one unless they were removed
    figure.draw_without_rendering()  # the axes have their height only after this
    fraction = axes.transData + axes.transAxes.inverted()
    ends = sorted(reversed(ends), key=lambda end: end[1])
    points = axes.get_window_extent().height * 72 / figure.dpi
    names = [textwrap.fill(name, 22, break_on_hyphens=False) for _, _, name, _, _ in ends]
    sizes = [(1.35 * name.count("\n") + 1.4) * size / points for name in names]
    heights = apart([fraction.transform(end[:2])[1] for end in ends], sizes)
    beside = offset_copy(axes.transAxes, figure, x=16, units="points")
    for (x, y, _, colour, marker), name, height in zip(ends, names, heights, strict=True):
        axes.annotate(
            "",
            (x, y),
            xytext=(1, height),
            textcoords=offset_copy(axes.transAxes, figure, x=12, units="points"),
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4},
        )
        axes.plot(1, height, marker, color=colour, markersize=5, transform=beside, clip_on=False)
        axes.annotate(
            name,
            (1, height),
            xycoords=axes.transAxes,
            xytext=(22, 0),
            textcoords="offset points",
            va="center",
            fontsize=size,
        )
