"""Attacks, iteration by iteration: the confidence of the system, and the loss that the attack minimises.

Paper: Section 3.1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ...errors import InputError
from .base import BLUE, ORANGE, BookFigure, in_legend, listing, new_figure, styled

MOST_NAMED = 12
DECADES = 2  # if losses span more than this, their axis is logarithmic


@styled
def confidence_traces(
    traces: Mapping[str, Sequence[float]] | Sequence[Sequence[float]], threshold: float = 0.9, title: str = ""
) -> BookFigure:
    """Mean posterior of the target label against the iteration of the attack.

    Parameters
    ----------
    traces : mapping of name to values, or sequence of values
        Each [n_iterations], 0 to 1. Up to twelve named traces get a colour and a name; more are drawn alike.
    threshold : float
        Where the attack stops, drawn as a line.

    Raises
    ------
    InputError
        When there is no trace or one is empty.

    Paper: Section 3.1
    Notebook: book/05_adversaries.ipynb
    """
    named = isinstance(traces, Mapping) and len(traces) <= MOST_NAMED
    items = list(traces.items()) if isinstance(traces, Mapping) else [(str(i), t) for i, t in enumerate(traces)]
    _check(items)
    reached = [max(values) >= threshold for _, values in items]
    if named:
        order = sorted(range(len(items)), key=lambda i: (not reached[i], len(items[i][1])))
        items, reached = [items[i] for i in order], [reached[i] for i in order]
    figure = new_figure(3.1)
    axes = figure.add_subplot()
    _draw(axes, items, ["o" if r else "x" for r in reached], named)
    axes.axhline(threshold, color=ORANGE, linewidth=1.2)
    # Above 1, where there is no trace.
    axes.text(
        1,
        1.04,
        f"confidence asked for: {threshold:g}",
        color="#b35600",
        fontsize=9,
        ha="right",
        va="bottom",
        transform=axes.get_yaxis_transform(),
    )
    axes.set_ylim(-0.02, 1.13)
    axes.set_ylabel("mean posterior of the target")
    axes.set_title(title)
    if named:
        figure.legend(loc="outside right center", title="target", title_fontsize=9, handlelength=2.2)
    steps = sorted(len(values) - 1 for (_, values), r in zip(items, reached, strict=True) if r)
    figure.alt_text = (
        f"Mean posterior of the target label against the iteration, {_count(len(items), 'attack')}: "
        f"{sum(reached)} reach the confidence of {threshold:g}"
        + (f", the fastest after {steps[0]} and the slowest after {steps[-1]} iterations." if steps else ".")
    )
    missed = [f"{name} ends at {values[-1]:.2f}" for (name, values), r in zip(items, reached, strict=True) if not r]
    if named and missed:
        figure.alt_text += f" Not reached: {listing(missed)}."
    return figure


@styled
def loss_traces(traces: Mapping[str, Sequence[float]], title: str = "") -> BookFigure:
    """Mean cross-entropy with the target against the iteration, for several attacks on one excerpt.

    The axis of the loss is logarithmic when the positive losses span more than two decades.

    Parameters
    ----------
    traces : mapping of name to values
        Each [n_iterations], not negative; at most twelve.
    title : str

    Raises
    ------
    InputError
        When there is no trace, one is empty, there are too many, or a loss is negative or not finite.

    Paper: Section 3.1
    Notebook: book/05_adversaries.ipynb
    """
    items = list(traces.items())
    _check(items)
    if len(items) > MOST_NAMED:
        raise InputError(f"There are {len(items)} traces to tell apart; choose at most {MOST_NAMED}.")
    losses = np.concatenate([np.asarray(values, dtype=float) for _, values in items])
    if not (np.isfinite(losses).all() and (losses >= 0).all()):
        raise InputError("A loss is negative or not finite; cross-entropies are neither, so give those of the attack.")
    figure = new_figure(3.1)
    axes = figure.add_subplot()
    _draw(axes, items, ["o"] * len(items), named=True)
    positive = losses[losses > 0]
    logarithmic = bool(len(positive)) and positive.max() > 10**DECADES * positive.min()
    if logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(positive.min() / 1.5, positive.max() * 1.5)
        axes.yaxis.set_major_formatter("{x:g}")
    else:
        axes.set_ylim(0, 1.05 * losses.max() or 1)
    axes.set_ylabel("mean cross-entropy (nats)")
    axes.set_title(title)
    figure.legend(loc="outside right center", title="attack", title_fontsize=9, handlelength=2.2)
    said = [
        f"{name} from {values[0]:.3g} to {values[-1]:.3g} in {_count(len(values) - 1, 'iteration')}, "
        f"least {min(values):.3g}"
        for name, values in items
    ]
    figure.alt_text = (
        (f"{title}. " if title else "")
        + f"Mean cross-entropy with the target against the iteration, {_count(len(items), 'attack')}"
        + f"{', on a logarithmic axis' if logarithmic else ''}: {'; '.join(said)}."
    )
    return figure


def _check(items: Sequence[tuple[str, Sequence[float]]]) -> None:
    if not items or any(not len(values) for _, values in items):
        raise InputError("There is no trace to draw; attack at least one excerpt for at least one iteration.")


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'s' if n != 1 else ''}"


def _draw(axes: Axes, items: Sequence[tuple[str, Sequence[float]]], ends: Sequence[str], named: bool) -> None:
    """Values against iterations, and a mark where each trace ends."""
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.88, len(items)))
    alpha = 1.0 if named else max(0.15, min(0.6, 12 / len(items)))
    for i, ((name, values), end) in enumerate(zip(items, ends, strict=True)):
        colour = colours[i] if named else BLUE
        axes.plot(
            np.arange(len(values)),
            values,
            color=colour,
            alpha=alpha,
            linewidth=1.5 if named else 1,
            linestyle=("-", "--", "-.")[i % 3] if named else "-",
            label=in_legend(name),
        )
        axes.plot(len(values) - 1, values[-1], end, color=colour, alpha=alpha, markersize=5)
    longest = max(len(values) for _, values in items)
    axes.set_xlim(-0.02 * max(longest - 1, 1), 1.02 * max(longest - 1, 1))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.set_xlabel("iteration")
    axes.grid(axis="y")
