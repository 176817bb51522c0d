"""Partitions as pictures: artists as blocks, and the accuracy on each partition.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Rectangle
from matplotlib.ticker import PercentFormatter

from ...errors import InputError
from ...evaluation import mean_interval
from ..partitions import PARTS, UNKNOWN, Partition, audit, clusters
from .base import FAINT, INK, LIGHT_BLUE, PART_COLOURS, RULE, WIDTH, BookFigure, listing, new_figure, percent, styled

if TYPE_CHECKING:
    from ..datasets.manifest import Manifest


@styled
def partition_map(manifest: Manifest, partitions: Mapping[str, Partition]) -> BookFigure:
    """Artists as blocks of squares, coloured by part, one square per excerpt. A block of several colours is a leak.

    Parameters
    ----------
    manifest : Manifest
    partitions : mapping of str to Partition
        Drawn side by side under these names, with the same artists at the same positions.

    Raises
    ------
    InputError
        When there is no partition to draw, or one is not of this manifest.

    Paper: Section 2.4
    Notebook: book/02_partitions.ipynb
    """
    if not partitions:
        raise InputError("There is no partition to draw; give at least one, as {'random': partition}.")
    blocks = _blocks(manifest)
    found = {name: audit(manifest, partition) for name, partition in partitions.items()}
    rows, squares, outlines, unknown = _arrange(blocks, len(partitions))
    span = max(x + width for x, _, width, _ in (*outlines, *unknown))
    depth = max(y + height for _, y, _, height in (*outlines, *unknown))

    square = min(0.17, (WIDTH - 0.75) / len(partitions) / (span + 2))  # inches
    figure = new_figure(square * depth + 1.25)
    axes_of = figure.subplots(1, len(partitions), squeeze=False, sharey=True)[0]
    for axes, (name, partition) in zip(axes_of, partitions.items(), strict=True):
        for part, colour in PART_COLOURS.items():
            mine = [square for excerpt, square in squares.items() if partition.parts.get(excerpt, "") == part]
            if mine:
                _draw_squares(axes, part, mine, colour)
        for boxes, line in ((outlines, "-"), (unknown, (0, (2, 1.5)))):
            frames = [Rectangle((x - 0.18, y - 0.18), w + 0.36, h + 0.36) for x, y, w, h in boxes]
            axes.add_collection(
                PatchCollection(frames, facecolors="none", edgecolors=FAINT, linewidths=0.7, linestyles=[line])
            )
        axes.set_xlim(-0.6, span + 0.6)
        axes.set_ylim(depth + 0.6, -0.6)
        axes.set_aspect("equal", anchor="NW")
        axes.set_xticks([])
        axes.set_yticks(list(rows.values()), list(rows))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        total = found[name].overall
        shared = total["shared_artist"]
        axes.set_title(name, pad=33)
        axes.annotate(
            f"{shared or 'none'} of {total['test_known']} test excerpts share\ntheir artist with train or valid",
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 4),
            textcoords="offset points",
            fontsize=9,
            va="bottom",
        )
    parts = [part for part in (*PARTS, "") if any((p.parts == part).any() for p in partitions.values())]
    keys: dict[str, Any] = {part or "unused": _part_handle(part) for part in parts}
    keys["one artist"] = Patch(facecolor="none", edgecolor=FAINT)
    if unknown:
        keys["artists unknown"] = Patch(facecolor="none", edgecolor=FAINT, linestyle=(0, (2, 1.5)))
    figure.legend(
        list(keys.values()),
        list(keys),
        loc="outside lower center",
        ncols=len(keys),
        handlelength=1.2,
        columnspacing=1.6,
        handler_map={tuple: HandlerTuple(ndivide=1)},
    )
    mixed = {name: _mixed(blocks, partition) for name, partition in partitions.items()}
    figure.alt_text = (
        f"{len(squares)} excerpts of {len(rows)} classes as squares, grouped by artist and coloured by part. "
        + " ".join(
            f"{name}: {', '.join(f'{n} {part}' for part, n in partition.counts().items() if n)}; "
            f"{mixed[name][0]} of {mixed[name][1]} artists stand in more than one part, and "
            f"{found[name].overall['shared_artist']} of {found[name].overall['test_known']} test excerpts with a known "
            "artist share that artist with train or valid."
            for name, partition in partitions.items()
        )
    )
    return figure


Box = tuple[float, float, float, float]  # x, y, width, height
_GAP, _ROW_GAP = 0.6, 1.5  # between artists and between classes, in squares


def _blocks(manifest: Manifest) -> dict[str, dict[str, list[str]]]:
    """Class -> artist -> excerpts; large artists first, unknown ones last."""
    table = manifest.table.sort_values("excerpt")
    grouped = table.assign(cluster=clusters(manifest, table["excerpt"])).groupby(["label", "cluster"])["excerpt"]
    found: dict[str, dict[str, list[str]]] = {}
    for (label, artist), excerpts in grouped:
        found.setdefault(label, {})[artist] = list(excerpts)
    return {
        label: dict(sorted(artists.items(), key=lambda item: (item[0].startswith(UNKNOWN), -len(item[1]), item[0])))
        for label, artists in found.items()
    }


def _arrange(
    blocks: Mapping[str, Mapping[str, Sequence[str]]], n_panels: int
) -> tuple[dict[str, float], dict[str, tuple[float, float]], list[Box], list[Box]]:
    """Tick of each class, square of each excerpt (its upper left corner), outlines of known and unknown artists.

    Lengths are in squares. The height of rows is chosen so that the squares are as large as possible.
    """

    def size(height: int) -> float:
        span = max(x + w for artists in blocks.values() for x, _, w, _ in _pack(artists, height).values())
        return min(WIDTH / n_panels / span, 4.5 / (len(blocks) * (height + _ROW_GAP)))

    height = max(range(1, 13), key=size)
    ticks, squares = {}, {}
    outlines: list[Box] = []
    unknown: list[Box] = []
    top = 0.0
    for label, artists in blocks.items():
        packed = _pack(artists, height)
        for artist, (x, y, width, tall) in packed.items():
            for i, excerpt in enumerate(artists[artist]):
                squares[excerpt] = (x + i // height, top + y + i % height)
            (unknown if artist.startswith(UNKNOWN) else outlines).append((x, top + y, width, tall))
        depth = max(y + tall for _, y, _, tall in packed.values())
        ticks[label] = top + depth / 2
        top += depth + _ROW_GAP
    return ticks, squares, outlines, unknown


def _pack(artists: Mapping[str, Sequence[str]], height: int) -> dict[str, Box]:
    """Place artists from left to right in columns ``height`` squares high; small ones share a column."""
    placed: dict[str, Box] = {}
    x = y = widest = 0.0
    for artist, excerpts in artists.items():
        n = len(excerpts)
        width, tall = math.ceil(n / height), min(height, n)
        if y and (y + tall > height or artist.startswith(UNKNOWN)):
            x, y, widest = x + widest + _GAP, 0.0, 0.0
        placed[artist] = (x, y, width, tall)
        y, widest = y + tall + _GAP, max(widest, width)
    return placed


def _draw_squares(axes: Axes, part: str, corners: Sequence[tuple[float, float]], colour: str) -> None:
    edge = RULE if part == "" else "white"
    squares = PatchCollection(
        [Rectangle((x + 0.04, y + 0.04), 0.92, 0.92) for x, y in corners],
        facecolors=colour,
        edgecolors=edge,
        linewidths=0.4,
    )
    squares.set_gid(f"part:{part}")
    axes.add_collection(squares)
    if part == "valid":
        bars = LineCollection([[(x + 0.22, y + 0.5), (x + 0.78, y + 0.5)] for x, y in corners], colors=INK)
        bars.set_linewidth(0.9)
        axes.add_collection(bars)
    elif part == "test":
        dots = [Circle((x + 0.5, y + 0.5), 0.17) for x, y in corners]
        axes.add_collection(PatchCollection(dots, facecolors="white", edgecolors="none"))


def _part_handle(part: str) -> tuple[Line2D, ...]:
    """A square of the part's colour with its mark on top."""
    edge = FAINT if part == "" else PART_COLOURS[part]
    square = Line2D([], [], linestyle="none", marker="s", markersize=10, color=PART_COLOURS[part], markeredgecolor=edge)
    marks = {"valid": ("_", INK, 7), "test": ("o", "white", 4)}
    if part not in marks:
        return (square,)
    marker, colour, size = marks[part]
    return square, Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=size, markeredgewidth=1)


def _mixed(blocks: Mapping[str, Mapping[str, Sequence[str]]], partition: Partition) -> tuple[int, int]:
    """Known artists in more than one part, and known artists in any."""
    parts: dict[str, set[str]] = {}
    for artists in blocks.values():
        for artist, excerpts in artists.items():
            if not artist.startswith(UNKNOWN):
                parts.setdefault(artist, set()).update(partition.parts.get(e, "") for e in excerpts)
    used = [found - {""} for found in parts.values() if found - {""}]
    return sum(len(found) > 1 for found in used), len(used)


@styled
def gap(table: pd.DataFrame, chance: float | None = None, title: str = "") -> BookFigure:
    """Test accuracy by seed on each partition, and the mean with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        A row for each partition and seed, columns ``partition``, ``seed``, ``accuracy`` (fraction);
        partitions are drawn in their order of appearance.
    chance : float
        Accuracy of choosing at random, drawn as a line.

    Raises
    ------
    InputError
        When a column is missing or there is no row.

    Paper: Section 2.4
    Notebook: book/02_partitions.ipynb
    """
    missing = {"partition", "seed", "accuracy"} - set(table)
    if missing or not len(table):
        raise InputError(f"The table of accuracies lacks {', '.join(sorted(missing)) or 'rows'}; run the experiment.")
    wide = table.pivot_table(index="seed", columns="partition", values="accuracy", sort=False)
    names = list(wide.columns)
    figure = new_figure(3.3, width=5.2)
    axes = figure.add_subplot()
    places = np.arange(len(names))
    for _, row in wide.iterrows():
        axes.plot(places, row, color=LIGHT_BLUE, linewidth=1, marker="o", markersize=5, zorder=2)
    said = []
    for place, name in zip(places, names, strict=True):
        values = wide[name].dropna().to_list()
        mean, text = float(np.mean(values)), percent(float(np.mean(values)), 1)
        side = -1 if place == 0 else 1
        if len(values) > 1:
            estimate = mean_interval(values)
            axes.vlines(place + 0.14 * side, estimate.low, estimate.high, color=INK, linewidth=2, zorder=3)
            text += f"\n[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
        axes.plot(place + 0.14 * side, mean, "D", color=INK, markersize=6, zorder=4)
        axes.text(
            place + 0.2 * side,
            mean,
            text,
            ha="right" if side < 0 else "left",
            va="center",
            fontsize=9,
            linespacing=1.3,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
            zorder=5,
        )
        said.append(f"{partition_name(name)} {text.replace(chr(10), ' ')}")
    if chance is not None:
        axes.axhline(chance, color=FAINT, linewidth=1, linestyle=":")
        axes.text(0.5, chance, "chance", color=FAINT, fontsize=9, va="bottom", ha="center")
    axes.set_xlim(-0.75, len(names) - 0.25)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.grid(axis="y")
    axes.set_xticks(places, [partition_name(name) for name in names])
    axes.tick_params(axis="x", length=0, labelsize=10)
    axes.set_ylabel("test accuracy")
    handles = [
        Line2D([], [], color=LIGHT_BLUE, marker="o", markersize=5, linewidth=1, label="one seed"),
        Line2D([], [], color=INK, marker="D", markersize=6, linewidth=2, label="mean and 95 % interval"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    axes.set_title(title)
    figure.alt_text = (
        f"Test accuracy over {len(wide)} seed{'s' if len(wide) != 1 else ''}, mean and 95 % interval: {listing(said)}."
    )
    if len(names) == 2:
        paired = (wide[names[0]] - wide[names[1]]).dropna()
        above = int((paired > 0).sum())
        figure.alt_text += (
            f" {partition_name(names[0])} is higher for {above} of {len(paired)} seeds, "
            f"by {100 * paired.mean():.1f} points on average."
        )
    return figure


def partition_name(name: str) -> str:
    return str(name).replace("_filtered", "-filtered").replace("_", " ")
