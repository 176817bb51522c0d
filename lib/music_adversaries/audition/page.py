"""Elements of a page: markup, data and script together. They need neither a kernel nor a network.

The data is in the page as JSON; sounds and pictures in it are ``data:`` addresses. The book's pages keep them in
separate files next to the page instead (``book/_ext/clips.py``).

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..audio import to_flac_bytes
from ..cache import atomic_path

FALLBACK = (
    "Player: run this cell, or trust the notebook (in JupyterLab: View, Activate Command Palette, "
    "Trust Notebook), to hear it."
)


class Element:
    """What a player and a grid have in common: how they appear in a page.

    Attributes
    ----------
    tag : name of the HTML element
    title : str or None
    """

    tag: str
    title: str | None

    def page(self) -> str:
        """A whole HTML page with this element alone. It follows the browser's light or dark mode."""
        return _PAGE.format(title=html.escape(self.title or "Listen"), body=self._repr_html_())

    def write(self, path: Path | str) -> Path:
        """Write `page` to a file that a browser opens from disk; the file appears whole or not at all."""
        with atomic_path(path) as temporary:
            temporary.write_text(self.page(), encoding="utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        data = json.dumps(self._data(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        title = f"<p>{html.escape(self.title)}</p>\n" if self.title else ""
        # The attribute keeps JupyterLab's shortcuts (1 to 6, A, B, ...) off the keys pressed in the player.
        return (
            f'<{self.tag} data-lm-suppress-shortcuts="true">\n{title}<p>{html.escape(FALLBACK)}</p>\n'
            f"{self._listed()}\n"
            f'<script type="application/json">{data}</script>\n</{self.tag}>\n<script>\n{script(self.tag)}</script>\n'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _data(self) -> dict[str, Any]:
        """What the script reads."""
        raise NotImplementedError

    def _listed(self) -> str:
        """What the page shows where scripts do not run, as HTML."""
        raise NotImplementedError


def listening_page(elements: Iterable[Element], title: str, links: Mapping[str, str] | None = None) -> str:
    """A whole HTML page of players or grids below a heading, to be opened from disk.

    Parameters
    ----------
    elements : players or grids, in the order of the page
    title : str
        Title of the window, and the heading.
    links : dict from words to addresses
        Of other pages, shown below the heading and at the end.

    Returns
    -------
    str
        HTML that loads nothing from elsewhere and follows the browser's light or dark mode.

    Notebook: book/05_adversaries.ipynb
    """
    title = html.escape(title)
    body = "\n".join(element._repr_html_() for element in elements)
    others = " ".join(f'<a href="{html.escape(to)}">{html.escape(words)}</a>' for words, to in (links or {}).items())
    ways = f'\n<nav aria-label="Other pages"><p>{others}</p></nav>' if others else ""
    return _PAGE.format(title=title, body=f"<h1>{title}</h1>{ways}\n{body}{ways}")


PLAYER, GRID = "music-audition", "music-audition-grid"
# For each element: its class, its style sheets and its scripts, in the order in which they are joined.
_FILES = {
    PLAYER: ("Audition", ("player.css",), ("player.js", "blind.js")),
    GRID: ("Grid", ("player.css", "grid.css"), ("player.js", "spectrum.js", "grid.js")),
}


@cache
def script(tag: str) -> str:
    """The JavaScript that defines an element, including its style.

    Every output repeats it, so indentation and comment lines are left out.
    """
    kind, styles, scripts = _FILES[tag]
    style = json.dumps("".join(map(_bare, styles)))
    code = "".join(map(_bare, scripts)).replace('"player.css"', style, 1)
    return f'(() => {{\n{code}define("{tag}", {kind});\n}})();\n'


def flac_address(sound: npt.NDArray[np.floating], sample_rate: int) -> str:
    """A waveform ``[n_samples]`` as 16-bit FLAC in a ``data:`` address."""
    return "data:audio/flac;base64," + base64.b64encode(to_flac_bytes(sound, sample_rate)).decode("ascii")


def png_address(content: bytes) -> str:
    """A PNG picture in a ``data:`` address."""
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _bare(name: str) -> str:
    lines = map(str.strip, resources.files(__package__).joinpath(name).read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


_PAGE = """<!doctype html>
<html lang="en-GB">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ --audition-ink: #1d2127; --audition-paper: #fff; --audition-accent: #0a6375; color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --audition-ink: #d5dbe1; --audition-paper: #14181e; --audition-accent: #3fb1c5; }}
}}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font-family: system-ui, sans-serif;
  color: var(--audition-ink); background: var(--audition-paper); }}
</style>
{body}</html>
"""
