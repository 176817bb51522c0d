"""What all figures share: the look of the book, and a figure that carries its description.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import contextlib
import functools
import html
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import ParamSpec

import matplotlib as mpl
from matplotlib import style as mpl_style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

WIDTH = 7.0  # inches, shown at 100 pixels each
DPI = 144
MAX_BYTES = 120_000

INK = "#22262b"
FAINT = "#6f767e"
RULE = "#d6d9dd"
BLUE = "#0072b2"
LIGHT_BLUE = "#6cb8e6"
ORANGE = "#e06c00"
# Light, medium and dark, so that the parts also differ in greyscale.
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

    @property
    def caption(self) -> str:
        """`alt_text` as Markdown that shows it letter by letter, whatever names of labels are in it."""
        text = html.escape(" ".join(self.alt_text.split()), quote=False)
        return re.sub(r"[\\`*_\[\]{}$~|^#]", r"\\\g<0>", text)

    def png(self) -> bytes:
        """The figure as a PNG file; the same figure gives the same bytes.

        It has 256 colours, which is enough for drawings. If it would be larger than ``MAX_BYTES`` (as spectrograms
        are), the resolution is reduced.
        """
        for dpi in (DPI, 120, 100):
            full = io.BytesIO()
            with style():
                self.savefig(full, format="png", dpi=dpi, metadata={"Software": None})
            drawn = io.BytesIO()
            image = Image.open(full).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
            image.save(drawn, "PNG", optimize=True)
            if drawn.tell() <= MAX_BYTES:
                break
        return drawn.getvalue()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, bytes | str], dict[str, dict[str, str | int]]]:
        # Not _repr_png_: the inline backend's own way of showing a Figure would take precedence.
        width = round(100 * self.get_size_inches()[0])
        shown: dict[str, bytes | str] = {"image/png": self.png(), "text/plain": repr(self)}
        return shown, {"image/png": {"alt": self.alt_text, "width": width}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'x'.join(f'{size:g}' for size in self.get_size_inches())} in>"


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The book's style, as a context in which figures are made."""
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
                "text.parse_math": False,  # labels are shown as they are, with whatever signs they have
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


def styled(draw: Callable[P, BookFigure]) -> Callable[P, BookFigure]:
    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> BookFigure:
        with style():
            return draw(*args, **kwargs)

    return wrapped


def new_figure(height: float, width: float = WIDTH) -> BookFigure:
    figure = BookFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def in_legend(name: object) -> str:
    """A name as a legend takes it: matplotlib leaves out those that begin with an underscore."""
    return f"\u200b{name}" if str(name).startswith("_") else str(name)


def percent(value: float, digits: int = 0) -> str:
    return f"{100 * value:.{digits}f} %"


def listing(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
