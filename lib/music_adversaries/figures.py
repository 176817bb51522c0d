"""What the reader sees: every figure of the book, drawn from data and described in words.

Conventions
-----------
* Each function returns a :class:`BookFigure`; a notebook cell that ends in one shows it once. Nothing here
  touches pyplot's state.
* ``figure.alt_text`` describes the *data* in words and numbers, for those who cannot see the figure.
* White ground, which reads on light and dark pages; lettering sized for a page 700 pixels wide.
* Colours are distinct for colour-blind readers and differ in lightness, and marks repeat what they say.

Paper: Fig. 2
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib as mpl
import numpy as np
import pandas as pd
import torch
from matplotlib import style as mpl_style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike
from PIL import Image

from . import spectra
from .errors import InputError
from .evaluation import FigureOfMerit, mean_interval
from .partitions import PARTS, UNKNOWN, Partition, audit, clusters

if TYPE_CHECKING:
    from .datasets.manifest import Manifest

WIDTH = 7.0  # inches, shown at 100 pixels each
DPI = 144
MAX_BYTES = 120_000

INK = "#22262b"
FAINT = "#6f767e"
RULE = "#d6d9dd"
BLUE = "#0072b2"
LIGHT_BLUE = "#6cb8e6"
ORANGE = "#e06c00"
# Light, middle and dark, so that the parts also differ in greys.
PART_COLOURS = {"train": "#b9d3e8", "valid": "#e8a33d", "test": "#6a2c70", "": "#ffffff"}

P = ParamSpec("P")


class BookFigure(Figure):
    """A matplotlib figure that notebooks show by itself, and that carries its description.

    Attributes
    ----------
    alt_text : str
        What the data in the figure say, in words.
    """

    alt_text: str = ""

    def png(self) -> bytes:
        """The figure as a PNG file; the same figure gives the same bytes.

        What would be larger than ``MAX_BYTES`` (spectrograms are) loses colours, and then resolution.
        """
        for dpi, colours in ((DPI, None), (DPI, 256), (120, 256), (100, 256)):
            drawn = io.BytesIO()
            with style():
                self.savefig(drawn, format="png", dpi=dpi, metadata={"Software": None})
            if colours:
                image = Image.open(drawn).convert("RGB").quantize(colours, Image.Quantize.MAXCOVERAGE)
                drawn = io.BytesIO()
                image.save(drawn, "PNG", optimize=True)
            if drawn.tell() <= MAX_BYTES:
                break
        return drawn.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # Not _repr_png_, over which the inline backend's own way of showing a Figure would win.
        width = round(100 * self.get_size_inches()[0])
        shown = {"image/png": self.png(), "text/plain": repr(self)}
        return shown, {"image/png": {"alt": self.alt_text, "width": width}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'x'.join(f'{size:g}' for size in self.get_size_inches())} in>"


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The book's look, as a context in which figures are made."""
    with mpl_style.context("default"):
        mpl.rcParams.update(
            {
                "font.size": 10,
                "axes.titlesize": 10.5,
                "axes.titleweight": "bold",
                "axes.titlelocation": "left",
                "axes.labelsize": 10,
                "xtick.labelsize": 9,
                "ytick.labelsize": 9,
                "legend.fontsize": 9,
                "legend.frameon": False,
                "axes.edgecolor": FAINT,
                "axes.labelcolor": INK,
                "axes.titlecolor": INK,
                "text.color": INK,
                "xtick.color": INK,
                "ytick.color": INK,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.grid": False,
                "axes.axisbelow": True,
                "grid.color": RULE,
                "lines.linewidth": 1.6,
                "figure.facecolor": "white",
                "savefig.facecolor": "white",
            }
        )
        yield


def _styled(draw: Callable[P, BookFigure]) -> Callable[P, BookFigure]:
    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> BookFigure:
        with style():
            return draw(*args, **kwargs)

    return wrapped


def _figure(height: float, width: float = WIDTH) -> BookFigure:
    figure = BookFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _percent(value: float, digits: int = 0) -> str:
    return f"{100 * value:.{digits}f} %"


def _listing(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


# --- figure of merit ---


@_styled
def figure_of_merit(fom: FigureOfMerit, title: str = "") -> BookFigure:
    """The figure of merit as the paper draws it.

    A column for each true label and a row for each label given, in per cent of the column; recall on the
    diagonal, precision in the column Pr, F-score in the row F, mean recall in their corner.

    Parameters
    ----------
    fom : FigureOfMerit
    title : str

    Paper: Section 2.4
    Notebook: book/03_training.ipynb
    """
    table = fom.table()
    cells = table.to_numpy(dtype=float)
    k = len(fom.labels)
    figure = _figure(0.36 * (k + 1) + 1.75)
    axes = figure.add_subplot()
    blues = mpl.colormaps["Blues"]
    # Precision, F-score and their corner stand apart: they are no confusions.
    place = [*range(k), k + 0.25]
    colours = []
    patches = []
    for i, row in enumerate(cells):
        for j, value in enumerate(row):
            confusion = i < k and j < k
            shade = blues(0.85 * value / 100) if confusion and np.isfinite(value) else "#f1f2f4"
            patches.append(Rectangle((place[j] - 0.5, place[i] - 0.5), 1, 1))
            colours.append(shade)
            if confusion and value == 0:
                continue
            light = sum(to_rgb(shade)) < 1.5
            axes.text(
                place[j],
                place[i],
                f"{value:.0f}" if np.isfinite(value) else "–",
                ha="center",
                va="center",
                fontsize=9.5,
                color="white" if light else INK,
                fontweight="bold" if i == j else "normal",
            )
    axes.add_collection(PatchCollection(patches, facecolors=colours, edgecolors="white", linewidths=0.8))
    axes.set_xlim(-0.5, k + 0.75)
    axes.set_ylim(k + 0.75, -0.5)
    axes.set_xticks(place, [*fom.labels, "Pr"], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(place, [*fom.labels, "F"])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("true label")
    axes.set_ylabel("label given")
    low, high = fom.interval.low, fom.interval.high
    summary = (
        f"accuracy {_percent(fom.accuracy, 1)} [{100 * low:.1f}, {100 * high:.1f}], "
        f"mean recall {_percent(fom.normalised_accuracy, 1)}, n = {fom.n}"
    )
    axes.set_title(f"{title}\n" if title else "", pad=8)
    axes.text(0, 1.015, summary, transform=axes.transAxes, fontsize=9.5)
    figure.alt_text = _merit_words(fom, title, summary)
    return figure


def _merit_words(fom: FigureOfMerit, title: str, summary: str) -> str:
    recall = {label: r for label, r in zip(fom.labels, fom.recall, strict=True) if np.isfinite(r)}
    best, worst = max(recall, key=recall.__getitem__), min(recall, key=recall.__getitem__)
    said = (
        f"Confusion matrix of {len(fom.labels)} labels{f', {title}' if title else ''}: {summary}. "
        f"Highest recall: {best}, {_percent(recall[best])}; lowest: {worst}, {_percent(recall[worst])}."
    )
    errors = fom.counts - np.diag(np.diag(fom.counts))
    if errors.any():
        given, true = np.unravel_index(errors.argmax(), errors.shape)
        said += (
            f" The most frequent confusion: {fom.labels[true]} labelled {fom.labels[given]}, "
            f"{_percent(fom.percentages[given, true] / 100)} of {fom.labels[true]}."
        )
    return said


# --- partitions ---


@_styled
def partition_map(manifest: Manifest, partitions: Mapping[str, Partition]) -> BookFigure:
    """Artists as blocks of squares, one square an excerpt, coloured by part: a block of several colours is a leak.

    Parameters
    ----------
    manifest : Manifest
    partitions : mapping of str to Partition
        Drawn side by side under these names, with the same artists at the same places.

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
    figure = _figure(square * depth + 1.25)
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
        list(keys.values()), list(keys), loc="outside lower center", ncols=len(keys), handlelength=1.2,
        columnspacing=1.6, handler_map={tuple: HandlerTuple(ndivide=1)},
    )  # fmt: skip
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

    Lengths in squares. Rows are as high as makes the squares largest.
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
    """A square of the part's colour under its mark."""
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


# --- training ---


@_styled
def learning_curves(history: Mapping[str, Any], title: str = "") -> BookFigure:
    """Loss, validation error and learning rate against the epoch.

    Parameters
    ----------
    history : mapping
        Lists ``train_loss``, ``valid_loss``, ``valid_error`` (share of frames) and ``learning_rate`` [n_epochs],
        and ``best_epoch``, counted from 0; as training returns it.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """

    def span(key: str) -> str:
        return f"from {history[key][0]:.3g} to {history[key][-1]:.3g}"

    n = len(history["train_loss"])
    if not n:
        raise InputError("The history holds no epoch; train for at least one.")
    epochs = np.arange(1, n + 1)
    best = int(history["best_epoch"])
    figure = _figure(2.75)
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
        f"Training loss {span('train_loss')}, validation loss {span('valid_loss')}, "
        f"learning rate {span('learning_rate')}. Validation error from {_percent(history['valid_error'][0], 1)} to "
        f"{_percent(history['valid_error'][-1], 1)}; best at epoch {best + 1}, "
        f"{_percent(history['valid_error'][best], 1)}."
    )
    return figure


@_styled
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
    figure = _figure(3.3, width=5.2)
    axes = figure.add_subplot()
    places = np.arange(len(names))
    for _, row in wide.iterrows():
        axes.plot(places, row, color=LIGHT_BLUE, linewidth=1, marker="o", markersize=5, zorder=2)
    said = []
    for place, name in zip(places, names, strict=True):
        values = wide[name].dropna().to_list()
        mean, text = float(np.mean(values)), _percent(float(np.mean(values)), 1)
        side = -1 if place == 0 else 1
        if len(values) > 1:
            estimate = mean_interval(values)
            axes.vlines(place + 0.14 * side, estimate.low, estimate.high, color=INK, linewidth=2, zorder=3)
            text += f"\n[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
        axes.plot(place + 0.14 * side, mean, "D", color=INK, markersize=6, zorder=4)
        axes.text(
            place + 0.2 * side, mean, text, ha="right" if side < 0 else "left", va="center", fontsize=9, linespacing=1.3
        )
        said.append(f"{_name(name)} {text.replace(chr(10), ' ')}")
    if chance is not None:
        axes.axhline(chance, color=FAINT, linewidth=1, linestyle=":")
        axes.text(0.5, chance, "chance", color=FAINT, fontsize=9, va="bottom", ha="center")
    axes.set_xlim(-0.75, len(names) - 0.25)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    axes.grid(axis="y")
    axes.set_xticks(places, [_name(name) for name in names])
    axes.tick_params(axis="x", length=0, labelsize=10)
    axes.set_ylabel("test accuracy")
    handles = [
        Line2D([], [], color=LIGHT_BLUE, marker="o", markersize=5, linewidth=1, label="one seed"),
        Line2D([], [], color=INK, marker="D", markersize=6, linewidth=2, label="mean and 95 % interval"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    axes.set_title(title)
    figure.alt_text = (
        f"Test accuracy over {len(wide)} seed{'s' if len(wide) != 1 else ''}, mean and 95 % interval: {_listing(said)}."
    )
    if len(names) == 2:
        paired = (wide[names[0]] - wide[names[1]]).dropna()
        above = int((paired > 0).sum())
        figure.alt_text += (
            f" {_name(names[0])} is higher for {above} of {len(paired)} seeds, "
            f"by {100 * paired.mean():.1f} points on average."
        )
    return figure


def _name(name: str) -> str:
    return str(name).replace("artist_", "artist-").replace("fault_", "fault-").replace("_", " ")


# --- adversaries ---


@_styled
def spectrogram_triple(
    original: ArrayLike,
    adversary: ArrayLike,
    difference: ArrayLike | None = None,
    *,
    sample_rate: int = spectra.SAMPLE_RATE,
    hop: int = spectra.HOP_LENGTH,
    frame: int | None = None,
    seconds: float | None = 10.0,
    floor_db: float = -80.0,
    labels: tuple[str, str] = ("original", "adversary"),
) -> BookFigure:
    """Original, adversary and difference on one scale, and the spectra of one frame, after the paper's Figure 2.

    Parameters
    ----------
    original, adversary : array [n_samples] or [n_frames, 513]
        Waveforms, or magnitudes of their STFT.
    difference : array of the same kind
        Default: adversary minus original (for magnitudes its modulus).
    sample_rate, hop : int
        In Hz and samples.
    frame : int
        The frame drawn below; default: the loudest of the original that is shown.
    seconds : float
        How much to show from the beginning; None: all.
    floor_db : float
        The darkest level, in dB relative to the original's largest magnitude.
    labels : (str, str)
        How the first two are called, for example with the label that the system gives them.

    Raises
    ------
    InputError
        When the arrays differ in shape or are silent.

    Paper: Fig. 2
    Notebook: book/05_adversaries.ipynb
    """
    first, second = np.asarray(original, dtype=np.float32), np.asarray(adversary, dtype=np.float32)
    third = second - first if difference is None and first.shape == second.shape else difference
    if third is None or first.shape != second.shape or np.shape(third) != first.shape:
        raise InputError("Original, adversary and difference differ in length; give all three of one shape.")
    magnitudes = [_magnitudes(array) for array in (first, second, np.asarray(third, dtype=np.float32))]
    peak = float(magnitudes[0].max())
    if not peak > 0:
        raise InputError("The original is silent, so there is no level to draw by; give a recording with sound.")
    snr = _snr(magnitudes[0], magnitudes[1])
    n = len(magnitudes[0])
    shown = n if seconds is None else max(1, min(n, round(seconds * sample_rate / hop)))
    levels = [20 * np.log10(np.maximum(m[:shown] / peak, 10 ** ((floor_db - 40) / 20))) for m in magnitudes]
    if frame is None:
        frame = int(np.argmax((magnitudes[0][:shown] ** 2).sum(axis=1)))
    elif not 0 <= frame < shown:
        raise InputError(f"Frame {frame} is not among the {shown} shown; choose one from 0 to {shown - 1}.")

    figure = _figure(5.3)
    grid = figure.add_gridspec(2, 3, height_ratios=[1.1, 1])
    top = [figure.add_subplot(grid[0, i]) for i in range(3)]
    extent = (0, shown * hop / sample_rate, 0, sample_rate / 2000)
    names = (*labels, "difference")
    for i, (axes, level, name) in enumerate(zip(top, levels, names, strict=True)):
        image = axes.imshow(
            level.T, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=floor_db, vmax=0,
            interpolation="nearest",
        )  # fmt: skip
        axes.set_title(name)
        axes.set_xlabel("time (s)")
        axes.axvline((frame + 0.5) * hop / sample_rate, color="white", linewidth=0.8, linestyle=":")
        if i == 0:
            axes.set_ylabel("frequency (kHz)")
        else:
            axes.set_yticklabels([])
    figure.colorbar(image, ax=top, label="level (dB)", pad=0.01, aspect=18)

    below = figure.add_subplot(grid[1, :])
    kilohertz = np.linspace(0, sample_rate / 2000, levels[0].shape[1])
    for level, name, colour, width in zip(levels, names, (LIGHT_BLUE, "black", ORANGE), (2.6, 0.8, 1.1), strict=True):
        below.plot(kilohertz, level[frame], color=colour, linewidth=width, label=name)
    below.set_xlim(0, kilohertz[-1])
    below.set_ylim(floor_db - 20, 8)
    below.set_xlabel("frequency (kHz)")
    below.set_ylabel("level (dB)")
    below.grid(axis="y")
    whole = f"; SNR of the whole {snr:.1f} dB" if np.isfinite(snr) else ""
    below.set_title(f"one frame, at {frame * hop / sample_rate:.2f} s{whole}")
    below.legend(loc="upper right", ncols=3, handlelength=1.4, borderaxespad=0.1)
    figure.alt_text = _triple_words(magnitudes, names, snr, frame * hop / sample_rate, kilohertz)
    return figure


def _magnitudes(array: np.ndarray) -> np.ndarray:
    """[n_frames, n_bins] of a waveform, or as given."""
    if array.ndim == 1:
        return spectra.magnitudes(torch.from_numpy(np.ascontiguousarray(array))).numpy()
    if array.ndim != 2 or not array.size:
        raise InputError(f"An array of shape {array.shape} is neither a waveform nor magnitudes [frames, bins].")
    return np.abs(array)


def _snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """On magnitudes over the whole sequence, in dB; infinite where they agree."""
    noise = float(((estimate.astype(np.float64) - reference) ** 2).sum())
    return 10 * math.log10(float((reference.astype(np.float64) ** 2).sum()) / noise) if noise else math.inf


def _triple_words(
    magnitudes: Sequence[np.ndarray], names: Sequence[str], snr: float, time: float, kilohertz: np.ndarray
) -> str:
    def below(band: np.ndarray) -> str:
        signal, noise = (float((m[:, band].astype(np.float64) ** 2).sum()) for m in (magnitudes[0], magnitudes[2]))
        if not (signal and noise):
            return "without either"
        level = 10 * math.log10(signal / noise)
        return f"{abs(level):.0f} dB {'under' if level >= 0 else 'over'} the original"

    said = (
        f"Spectrograms of {names[0]}, {names[1]} and {names[2]} on one scale, and their spectra at {time:.2f} s. "
        f"SNR on magnitudes {'without limit' if math.isinf(snr) else f'{snr:.1f} dB'}."
    )
    if not magnitudes[2].any():
        return said + " The difference is silent."
    return (
        f"{said} The difference lies {below(kilohertz < 2)} below 2 kHz, "
        f"{below((kilohertz >= 2) & (kilohertz < 6))} from 2 to 6 kHz and {below(kilohertz >= 6)} above 6 kHz."
    )


@_styled
def confidence_traces(
    traces: Mapping[str, Sequence[float]] | Sequence[Sequence[float]], threshold: float = 0.9, title: str = ""
) -> BookFigure:
    """Mean posterior of the target label against the iteration of the attack.

    Parameters
    ----------
    traces : mapping of name to values, or sequence of values
        Each [n_iterations], 0 to 1. Up to twelve named ones get a colour and a name; more are drawn alike.
    threshold : float
        Where the attack stops, drawn as a line.

    Raises
    ------
    InputError
        When there is no trace or one is empty.

    Paper: Section 3.1
    Notebook: book/05_adversaries.ipynb
    """
    named = isinstance(traces, Mapping) and len(traces) <= 12
    items = list(traces.items()) if isinstance(traces, Mapping) else [(str(i), t) for i, t in enumerate(traces)]
    if not items or any(not len(values) for _, values in items):
        raise InputError("There is no trace to draw; attack at least one excerpt for at least one iteration.")
    reached = {name: max(values) >= threshold for name, values in items}
    if named:
        items.sort(key=lambda item: (not reached[item[0]], len(item[1])))
    figure = _figure(3.1)
    axes = figure.add_subplot()
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.88, len(items)))
    for i, (name, values) in enumerate(items):
        colour = colours[i] if named else BLUE
        iterations = np.arange(len(values))
        alpha = 1.0 if named else max(0.15, min(0.6, 12 / len(items)))
        axes.plot(
            iterations, values, color=colour, alpha=alpha, linewidth=1.5 if named else 1,
            linestyle=("-", "--", "-.")[i % 3] if named else "-", label=name,
        )  # fmt: skip
        axes.plot(iterations[-1], values[-1], "o" if reached[name] else "x", color=colour, alpha=alpha, markersize=5)
    axes.axhline(threshold, color=ORANGE, linewidth=1.2)
    longest = max(len(values) for _, values in items)
    axes.text(0.995, threshold + 0.012, f"confidence asked for: {threshold:g}", color="#b35600", fontsize=9, ha="right",
              va="bottom", transform=axes.get_yaxis_transform(), zorder=5,
              bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1})  # fmt: skip
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlim(-0.02 * max(longest - 1, 1), 1.02 * max(longest - 1, 1))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.set_xlabel("iteration")
    axes.set_ylabel("mean posterior of the target")
    axes.grid(axis="y")
    axes.set_title(title)
    if named:
        figure.legend(loc="outside right center", title="target", title_fontsize=9, handlelength=2.2)
    steps = sorted(len(values) - 1 for name, values in items if reached[name])
    figure.alt_text = (
        f"Mean posterior of the target label against the iteration, {len(items)} "
        f"attack{'s' if len(items) != 1 else ''}: {sum(reached.values())} reach the confidence of {threshold:g}"
        + (f", the fastest after {steps[0]} and the slowest after {steps[-1]} iterations." if steps else ".")
    )
    missed = [f"{name} ends at {values[-1]:.2f}" for name, values in items if not reached[name]]
    if named and missed:
        figure.alt_text += f" Not reached: {_listing(missed)}."
    return figure


@_styled
def snr_by_label(
    labels: Sequence[str],
    snr: Sequence[float],
    success: Sequence[bool] | None = None,
    *,
    limit: float | None = 15.0,
    title: str = "",
) -> BookFigure:
    """SNR of the adversary for each label asked for: farther right is a smaller perturbation.

    Parameters
    ----------
    labels : sequence of str [n]
        The label each adversary aims at.
    snr : sequence of float [n]
        In dB; infinite where the original had the label already and nothing was changed.
    success : sequence of bool [n]
        Whether the label was reached; default: all.
    limit : float
        The least SNR allowed, in dB, drawn as a line; None: no line.

    Raises
    ------
    InputError
        When the lengths differ or there is none.

    Paper: Section 4
    Notebook: book/06_ensembles.ipynb
    """
    reached = [True] * len(labels) if success is None else [bool(s) for s in success]
    if not len(labels) or not len(labels) == len(snr) == len(reached):
        raise InputError("Labels, SNRs and successes differ in number or are none; give one of each for every attack.")
    finite = [s for s in snr if np.isfinite(s)]
    order = sorted(range(len(labels)), key=lambda i: (-snr[i], labels[i]))
    values = [*finite, *([limit] if limit is not None else [])] or [0.0]
    left, right = min(values), max(values)
    margin = max(0.08 * (right - left), 1.0)
    edge = right + 2.2 * margin
    figure = _figure(0.29 * len(labels) + 1.35)
    axes = figure.add_subplot()
    for place, i in enumerate(order):
        silent = not np.isfinite(snr[i])
        x = edge if silent else snr[i]
        axes.hlines(place, left - margin, x, color=RULE, linewidth=1, zorder=1)
        marker, colour = (">", FAINT) if silent else ("o", BLUE) if reached[i] else ("x", ORANGE)
        axes.plot(x, place, marker, color=colour, markersize=7, markeredgewidth=2 if marker == "x" else 1, zorder=3)
        text = "no change needed" if silent else f"{snr[i]:.1f}" + ("" if reached[i] else ", not reached")
        axes.annotate(
            text,
            (x, place),
            xytext=(-9, 0) if silent else (9, 0),
            textcoords="offset points",
            ha="right" if silent else "left",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8} if silent else None,
        )
    if limit is not None:
        axes.axvline(limit, color=INK, linewidth=1.1, linestyle=":", zorder=2)
        axes.annotate(f"limit: {limit:g} dB", (limit, 0), xycoords=("data", "axes fraction"), xytext=(4, 4),
                      textcoords="offset points", fontsize=9, va="bottom")  # fmt: skip
    axes.set_yticks(range(len(order)), [labels[i] for i in order])
    axes.set_ylim(len(order) - 0.4 + (0.6 if limit is not None else 0), -0.6)
    axes.set_xlim(left - margin, edge + 0.6 * margin)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("SNR (dB): farther right is a smaller perturbation")
    axes.set_title(title)
    said = [
        f"{labels[i]} {'needs no change' if not np.isfinite(snr[i]) else f'{snr[i]:.1f} dB'}"
        + ("" if reached[i] else " (not reached)")
        for i in order
    ]
    figure.alt_text = f"SNR by label asked for, {sum(reached)} of {len(labels)} reached: {_listing(said)}." + (
        f" The limit is {limit:g} dB." if limit is not None else ""
    )
    return figure
