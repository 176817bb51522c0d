"""The networks as pictures, drawn from the networks themselves.

Paper: Fig. 1
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle
from torch import nn

from ...errors import InputError
from ...networks import CDNN, DNN
from ...networks.cdnn import POOL
from .base import BLUE, FAINT, INK, LIGHT_BLUE, ORANGE, WIDTH, BookFigure, new_figure, styled

_FROZEN = "#e3e5e8"
_PALE = "#dcecf7"
_SHEETS = 4  # number of sheets drawn for a stack of maps
_SHIFT = 0.045  # inches from one sheet to the next


@styled
def architecture(network: nn.Module, title: str = "") -> BookFigure:
    """A network from input to labels, with the sizes and the number of parameters that it has.

    Parameters
    ----------
    network : DNN or CDNN
    title : str

    Raises
    ------
    InputError
        For another kind of network.

    Paper: Fig. 1, Section 2.2
    Notebook: book/03_training.ipynb
    """
    if isinstance(network, DNN):
        return _draw_dnn(network, title)
    if isinstance(network, CDNN):
        return _draw_cdnn(network, title)
    raise InputError(f"A network of type {type(network).__name__} cannot be drawn; give a DNN or a CDNN.")


def _draw_dnn(network: DNN, title: str) -> BookFigure:
    linear = network.linear
    n_bins = linear[0].in_features
    sizes = [n_bins, n_bins, *(layer.out_features for layer in linear)]
    names = ["magnitudes", "standardised", *(f"units, layer {i + 1}" for i in range(len(network.hidden))), "labels"]
    middle, width, tallest = 1.5, 0.16, 1.75
    figure, axes = _canvas(2.7, title, "under the arrows: numbers of parameters")
    tall = [max(0.12, tallest * math.sqrt(size / max(sizes))) for size in sizes]
    places = [0.55 + i * (WIDTH - 1.1) / (len(sizes) - 1) for i in range(len(sizes))]
    colours = [LIGHT_BLUE, _FROZEN, *[BLUE] * len(network.hidden), ORANGE]
    operations = ["frozen", *["dense"] * len(network.hidden), "softmax"]
    counts = [_frozen(network), *map(_count, linear)]
    for i, (operation, count) in enumerate(zip(operations, counts, strict=True)):
        left, right = places[i] + width / 2, places[i + 1] - width / 2
        a, b = tall[i] / 2, tall[i + 1] / 2
        # Lines one to one where each magnitude is standardised by itself, all to all elsewhere.
        corners = [(left, middle - a), (left, middle + a), (right, middle + b), (right, middle - b)]
        axes.add_patch(Polygon(corners, facecolor=_FROZEN if i == 0 else _PALE, alpha=0.55, linewidth=0))
        _arrow(axes, left, right, middle, operation, f"{count:,}")
    for place, size, name, colour, h in zip(places, sizes, names, colours, tall, strict=True):
        axes.add_patch(Rectangle((place - width / 2, middle - h / 2), width, h, facecolor=colour, edgecolor="white"))
        axes.text(place, 0.36, f"{size:,}", ha="center", fontweight="bold", fontsize=10)
        axes.text(place, 0.17, name, ha="center", fontsize=8.5, color=FAINT)
    trained = sum(map(_count, linear))
    figure.alt_text = (
        f"A DNN{f', {title},' if title else ''} from left to right: {n_bins} magnitudes of a frame; the same "
        f"standardised by {_frozen(network):,} frozen numbers; "
        + "; ".join(
            f"{layer.out_features} {'labels by softmax' if layer is network.output else f'units in layer {i}'}, "
            f"{_count(layer):,} parameters"
            for i, layer in enumerate(linear, start=1)
        )
        + f". {trained:,} parameters are trained."
    )
    return figure


def _draw_cdnn(network: CDNN, title: str) -> BookFigure:
    (filters1, _, *kernel1), (filters2, _, *kernel2) = network.weight1.shape, network.weight2.shape
    after1, pooled1, after2, pooled2 = network.sizes
    n_frames, n_bins = network.slice_length, network.n_bins
    first = network.weight1.numel() + network.bias1.numel()
    second = network.weight2.numel() + network.bias2.numel()
    n_flat, n_units, n_labels = network.dense.in_features, network.dense.out_features, network.output.out_features

    words = "frames × bins, drawn to scale; under the arrows: numbers of parameters"
    figure, axes = _canvas(3.9, title, words)
    tallest, base = 2.8, 0.65
    inch = min(tallest / n_bins, 0.6 / n_frames)  # for a frame and for a bin: maps are drawn to scale
    middle = base + tallest / 2
    maps = [  # size, how many, name, colour, kernel that the next filters have on it
        ((n_frames, n_bins), 1, "one slice", LIGHT_BLUE, kernel1),
        (after1, filters1, "maps", BLUE, None),
        (pooled1, filters1, "pooled", BLUE, kernel2),
        (after2, filters2, "maps", BLUE, None),
        (pooled2, filters2, "pooled", BLUE, None),
    ]
    bars = [(n_flat, "numbers", BLUE), (n_units, "units", BLUE), (n_labels, "labels", ORANGE)]
    widths = [size[0] * inch + (_SHEETS - 1) * _SHIFT * (count > 1) for size, count, *_ in maps]
    widths += [0.11] * len(bars)
    shares = [1.05, 1, 1.05, 1, 0.95, 1.15, 1]  # of the space between them
    room = (WIDTH - 0.47 - sum(widths)) / sum(shares)
    lefts = [0.25 + sum(widths[:i]) + room * sum(shares[:i]) for i in range(len(widths))]

    pool = f"largest\nof {POOL} × {POOL}"
    arrows = [
        (f"{kernel1[0]} × {kernel1[1]}\nfilters", f"{first:,}"),
        (pool, ""),
        (f"{kernel2[0]} × {kernel2[1]}\nfilters", f"{second:,}"),
        (pool, ""),
        ("side\nby side", ""),
        ("dense", f"{_count(network.dense):,}"),
        ("softmax", f"{_count(network.output):,}"),
    ]
    for i, (operation, parameters) in enumerate(arrows):
        _arrow(axes, lefts[i] + widths[i], lefts[i + 1], middle, operation, parameters)
    for left, width, ((frames, bins), count, name, colour, kernel) in zip(lefts, widths, maps, strict=False):
        w, h = frames * inch, bins * inch
        shift = _SHIFT if count > 1 else 0
        sheets = _SHEETS if count > 1 else 1
        low = middle - (h + (sheets - 1) * shift) / 2
        for sheet in reversed(range(sheets)):
            corner = (left + sheet * shift, low + sheet * shift)
            axes.add_patch(Rectangle(corner, w, h, facecolor=colour, edgecolor="white", linewidth=0.8))
        if kernel:
            k = Rectangle(
                (left + 0.14 * w, low + 0.1 * h),
                kernel[0] * inch,
                kernel[1] * inch,
                facecolor="white",
                edgecolor=ORANGE,
                linewidth=1.2,
            )
            axes.add_patch(k)
        _below(axes, left + width / 2, f"{frames} × {bins}", f"{count} {name}" if count > 1 else name)
    for left, width, (size, name, colour) in zip(lefts[len(maps) :], widths[len(maps) :], bars, strict=True):
        h = max(0.12, tallest * math.sqrt(size / n_flat))
        axes.add_patch(Rectangle((left, middle - h / 2), width, h, facecolor=colour, edgecolor="white"))
        _below(axes, left + width / 2, f"{size:,}", name)
    trained = sum(p.numel() for p in network.parameters())
    figure.alt_text = (
        f"A CDNN{f', {title},' if title else ''} from left to right: a slice of {n_frames} frames x {n_bins} bins, "
        f"standardised by {_frozen(network):,} frozen numbers; {filters1} maps of {after1[0]} x {after1[1]} by filters "
        f"of {kernel1[0]} x {kernel1[1]}, {first:,} parameters; pooled to {pooled1[0]} x {pooled1[1]}; {filters2} maps "
        f"of {after2[0]} x {after2[1]} by filters of {kernel2[0]} x {kernel2[1]}, {second:,} parameters; pooled to "
        f"{pooled2[0]} x {pooled2[1]}; {n_flat:,} numbers side by side; {n_units} units, {_count(network.dense):,} "
        f"parameters; {n_labels} labels by softmax, {_count(network.output):,} parameters. "
        f"{trained:,} parameters are trained."
    )
    return figure


def _canvas(height: float, title: str, words: str) -> tuple[BookFigure, Axes]:
    """An empty figure in inches, with a title if there is one, and words that explain the numbers."""
    height += 0.25 if title else 0
    figure = new_figure(height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, height))
    axes.set_axis_off()
    axes.text(WIDTH - 0.12, height - (0.45 if title else 0.2), words, ha="right", fontsize=8.5, color=FAINT)
    if title:
        axes.text(0.07, height - 0.22, title, fontsize=10.5, fontweight="bold")
    return figure, axes


def _arrow(axes: Axes, left: float, right: float, y: float, above: str, below: str) -> None:
    axes.annotate(
        "", (right - 0.03, y), (left + 0.03, y), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.9}
    )
    axes.text((left + right) / 2, y + 0.09, above, ha="center", va="bottom", fontsize=8.5, color=FAINT)
    axes.text((left + right) / 2, y - 0.09, below, ha="center", va="top", fontsize=8.5, color=INK)


def _below(axes: Axes, x: float, size: str, name: str) -> None:
    axes.text(x, 0.36, size, ha="center", fontweight="bold", fontsize=9.5)
    axes.text(x, 0.17, name, ha="center", fontsize=8.5, color=FAINT)


def _count(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())


def _frozen(network: DNN | CDNN) -> int:
    return sum(buffer.numel() for buffer in network.standardise.buffers())
