"""What a network learned, epoch by epoch.

Paper: Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ...errors import InputError
from ...networks import History
from .base import BLUE, FAINT, INK, LIGHT_BLUE, ORANGE, BookFigure, new_figure, percent, styled


@styled
def learning_curves(history: History, title: str = "") -> BookFigure:
    """Loss, validation error and learning rate against the epoch.

    Parameters
    ----------
    history : mapping
        Lists ``train_loss``, ``valid_loss``, ``valid_error`` (share of frames) and ``learning_rate`` [n_epochs],
        and ``best_epoch``, counted from 0; as training returns it.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """

    def span(values: list[float]) -> str:
        return f"from {values[0]:.3g} to {values[-1]:.3g}"

    n = len(history["train_loss"])
    if not n:
        raise InputError("The history holds no epoch; train for at least one.")
    epochs = np.arange(1, n + 1)
    best = int(history["best_epoch"])
    figure = new_figure(2.75)
    loss, error, rate = figure.subplots(1, 3, width_ratios=[1.15, 1, 0.75])
    if title:
        figure.suptitle(title, fontsize=10.5, fontweight="bold", x=0.01, ha="left")
    loss.plot(epochs, history["train_loss"], color=LIGHT_BLUE, linestyle="--", label="training")
    loss.plot(epochs, history["valid_loss"], color=BLUE, label="validation")
    loss.set_title("cross-entropy")
    loss.legend(loc="best")
    error.plot(epochs, history["valid_error"], color=BLUE)
    error.set_title("validation error")
    error.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    error.plot(best + 1, history["valid_error"][best], "o", color=ORANGE, markersize=6)
    low, high = error.get_ylim()
    error.set_ylim(low - 0.12 * (high - low), high)
    error.annotate(
        f"best: epoch {best + 1}",
        (best + 1, history["valid_error"][best]),
        xytext=(0, -7),
        textcoords="offset points",
        ha="right" if best + 1 > 0.6 * n else "left" if best + 1 < 0.4 * n else "center",
        va="top",
        fontsize=9,
        color=INK,
    )
    rate.plot(epochs, history["learning_rate"], color=FAINT)
    rate.set_title("learning rate")
    rate.set_ylim(0, None)
    for axes in (loss, error, rate):
        axes.set_xlabel("epoch")
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axes.margins(x=0.02)
    figure.alt_text = (
        f"Learning curves over {n} epoch{'s' if n != 1 else ''}{f', {title}' if title else ''}. "
        f"Training loss {span(history['train_loss'])}, validation loss {span(history['valid_loss'])}, "
        f"learning rate {span(history['learning_rate'])}. Validation error from "
        f"{percent(history['valid_error'][0], 1)} to {percent(history['valid_error'][-1], 1)}; "
        f"best at epoch {best + 1}, {percent(history['valid_error'][best], 1)}."
    )
    return figure
