"""What the first layer of a network reacts to.

Paper: Fig. 1
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from ... import spectra
from ...errors import InputError
from ...networks import CDNN, DNN
from .base import INK, LIGHT_BLUE, ORANGE, RULE, BookFigure, listing, new_figure, styled

N_SHOWN = {DNN: 3, CDNN: 4}
MOST_SHOWN = 6
SMOOTH = 15  # bins of the running mean, 320 Hz
N_BANDS = 64
_COLOURS = "RdBu_r"  # lightness changes from the middle outwards; colour-blind readers can distinguish both sides


@styled
def first_layer(
    network: nn.Module, units: Sequence[int] | None = None, labels: Sequence[str] | None = None, title: str = ""
) -> BookFigure:
    """The weights of the first layer: a few units, and for a DNN all of them, sorted by where their weight lies.

    The weights are applied to *standardised* magnitudes: deviations from the training mean, in training
    standard deviations. So bins that are loud in all music look like quiet ones. Training starts from random
    weights, and much of this noise remains. For a DNN, a running mean over 15 bins is therefore drawn over the
    weights, and the picture of all units shows the root mean square of their weights in 64 bands.

    Parameters
    ----------
    network : DNN or CDNN
    units : sequence of int
        At most 6 units or filters to show separately; None: those with the largest root of the sum of their
        squared weights (3 of a DNN, 4 of a CDNN as in the paper).
    labels : sequence of str
        Names of these, one for each; their numbers by default.
    title : str

    Raises
    ------
    InputError
        For another kind of network, a unit that does not exist, more than 6 units or none, or another number of labels.

    Paper: Fig. 1, Section 2.3
    Notebook: book/03_training.ipynb
    """
    if isinstance(network, DNN):
        first = network.linear[0].weight
    elif isinstance(network, CDNN):
        first = network.weight1[:, 0]
    else:
        raise InputError(f"A network of type {type(network).__name__} cannot be drawn; give a DNN or a CDNN.")
    weights = first.detach().cpu().double().numpy()
    norms = np.sqrt((weights**2).reshape(len(weights), -1).sum(1))
    if units is None:
        units = np.argsort(-norms, kind="stable")[: N_SHOWN[type(network)]].tolist()
    if not 1 <= len(units) <= MOST_SHOWN or not all(0 <= unit < len(weights) for unit in units):
        raise InputError(f"units is {list(units)}; choose 1 to {MOST_SHOWN} from 0 to {len(weights) - 1}.")
    kind = "unit" if isinstance(network, DNN) else "filter"
    labels = [f"{kind} {unit}" for unit in units] if labels is None else list(labels)
    if len(labels) != len(units):
        raise InputError(f"There are {len(units)} units but {len(labels)} labels; give one of each.")
    draw = _of_frames if isinstance(network, DNN) else _of_slices
    figure = draw(weights, list(units), labels)
    if title:
        figure.suptitle(title, fontsize=10.5, fontweight="bold", x=0.01, ha="left")
        figure.alt_text = f"{title}. {figure.alt_text}"
    return figure


def _of_frames(weights: np.ndarray, units: list[int], labels: list[str]) -> BookFigure:
    n_units, n_bins = weights.shape
    kilohertz = np.linspace(0, spectra.SAMPLE_RATE / 2000, n_bins)
    centres = _centres(weights, kilohertz)
    order = np.argsort(centres, kind="stable")

    figure = new_figure(5.0)
    grid = figure.add_gridspec(2, len(units), height_ratios=[1, 1.45])
    top = [figure.add_subplot(grid[0, i]) for i in range(len(units))]
    reach = 1.08 * np.abs(weights[units]).max() or 1.0
    for axes, unit, label in zip(top, units, labels, strict=True):
        axes.axhline(0, color=RULE, linewidth=0.8)
        axes.plot(kilohertz, weights[unit], color=LIGHT_BLUE, linewidth=0.5)
        axes.plot(kilohertz, _smooth(weights[unit]), color=INK, linewidth=1.4)
        axes.set(xlim=(0, kilohertz[-1]), ylim=(-reach, reach), title=label)
        axes.set_xlabel("frequency (kHz)")
        if axes is not top[0]:
            axes.set_yticklabels([])
    top[0].set_ylabel("weight on the\nstandardised bin")
    top[-1].text(
        0.98,
        0.03,
        f"dark: mean over {SMOOTH} bins",
        transform=top[-1].transAxes,
        ha="right",
        fontsize=8.5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )

    below = figure.add_subplot(grid[1, :])
    bands = min(N_BANDS, n_bins)
    size = np.stack([np.sqrt((part**2).mean(1)) for part in np.array_split(weights[order], bands, axis=1)], axis=1)
    low, high = np.quantile(size, (0.01, 0.99))
    image = below.imshow(
        size,
        aspect="auto",
        cmap="Blues",
        vmin=low,
        vmax=high if high > low else low + 1,
        interpolation="nearest",
        extent=(0, kilohertz[-1], n_units, 0),
    )
    below.plot(centres[order], np.arange(n_units) + 0.5, color=ORANGE, linewidth=1.8)
    below.set(xlabel="frequency (kHz)", ylabel="units, sorted", title=f"all {n_units} units; line: centre of gravity")
    figure.colorbar(image, ax=below, label="weight, root mean square", pad=0.01, aspect=18, extend="both")
    share = (weights[:, kilohertz < 2] ** 2).sum() / ((weights**2).sum() or 1.0)
    figure.alt_text = (
        f"First-layer weights of {n_units} units on {n_bins} standardised bins. "
        + "".join(_unit_words(weights[unit], label, kilohertz) for unit, label in zip(units, labels, strict=True))
        + f"Below, all units sorted by the centre of gravity of their squared weights, from {centres.min():.1f} to "
        f"{centres.max():.1f} kHz; {100 * share:.0f} % of the squared weight lies below 2 kHz, where "
        f"{100 * np.mean(kilohertz < 2):.0f} % of the bins are."
    )
    return figure


def _of_slices(weights: np.ndarray, units: list[int], labels: list[str]) -> BookFigure:
    n_filters, n_frames, n_bins = weights.shape
    top = n_bins * spectra.SAMPLE_RATE / spectra.N_FFT / 1000
    figure = new_figure(3.4)
    panels = figure.subplots(1, len(units), sharey=True, squeeze=False)[0]
    limit = float(np.quantile(np.abs(weights[units]), 0.995)) or 1.0
    for axes, unit, label in zip(panels, units, labels, strict=True):
        image = axes.imshow(
            weights[unit].T,
            origin="lower",
            aspect="auto",
            cmap=_COLOURS,
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
            extent=(0.5, n_frames + 0.5, 0, top),
        )
        axes.set_title(label)
        axes.set_xlabel("frame")
        axes.set_xticks(range(1, n_frames + 1))
        axes.tick_params(length=0)
    panels[0].set_ylabel("above the lowest bin (kHz)")
    figure.colorbar(image, ax=panels, label="weight on the standardised bin", pad=0.01, aspect=22, extend="both")
    norms = np.sqrt((weights[units] ** 2).sum(axis=(1, 2)))
    named = listing([f"{label} (norm {norm:.2g})" for label, norm in zip(labels, norms, strict=True)])
    figure.alt_text = (
        f"{len(units)} of {n_filters} filters of the first layer, each {n_frames} frames x {n_bins} bins "
        f"({top:.1f} kHz): {named}. "
        f"Weights on standardised bins reach from {weights[units].min():.2g} to {weights[units].max():.2g}."
    )
    return figure


def _centres(weights: np.ndarray, kilohertz: np.ndarray) -> np.ndarray:
    """Centre of gravity of the squared weights of each unit, in kHz; the middle for a unit whose weights are zero."""
    power = weights**2
    total = power.sum(1)
    return np.where(total > 0, power @ kilohertz / np.where(total > 0, total, 1), kilohertz[-1] / 2)


def _smooth(weights: np.ndarray) -> np.ndarray:
    """Running mean over `SMOOTH` bins, over fewer at the ends."""
    window = np.ones(min(SMOOTH, len(weights)))
    return np.convolve(weights, window, "same") / np.convolve(np.ones(len(weights)), window, "same")


def _unit_words(weights: np.ndarray, label: str, kilohertz: np.ndarray) -> str:
    high, low = int(weights.argmax()), int(weights.argmin())
    return (
        f"{label}: largest weight {weights[high]:.2f} at {kilohertz[high]:.1f} kHz, "
        f"smallest {weights[low]:.2f} at {kilohertz[low]:.1f} kHz. "
    )
