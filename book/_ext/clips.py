"""Sphinx extension: the sounds and pictures of players stand in files beside the built pages, loaded on demand.

A notebook's output holds everything it plays, so that it also plays in JupyterLab and by itself. On a page of the
built book that would be megabytes to read before the first word shows. So when a page is written

* the sounds of its players go into ``_clips/HASH.js``, one each: a page opened from disk may load a script and nothing
  else, and the player does so when a sound is first asked for;
* their pictures go into ``_clips/HASH.png``, loaded when shown;
* the players' own script, which every output repeats, goes into one ``_clips/HASH.js``.

Names are hashes of contents: the same page gives the same files, and what occurs twice is stored once.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FOLDER = "_clips"
ELEMENT = re.compile(
    r"(?P<open><(?P<tag>music-audition(?:-grid)?)\b[^>]*>)(?P<inside>.*?)(?P<close></(?P=tag)>\s*)"
    r"<script>(?P<script>.*?)</script>",
    re.DOTALL,
)
ADDRESS = re.compile(r'"data:(?P<kind>audio/flac|image/png);base64,(?P<content>[A-Za-z0-9+/=]+)"')
FETCHES = "script.audio"  # in a player that can fetch; one stored by an older library keeps what it plays
SMALLEST = 1_000  # characters: below, a file of its own saves nothing


def move_clips(body: str, store: Callable[[bytes, str], str]) -> str:
    """A page with its players' sounds, pictures and script moved out.

    Parameters
    ----------
    body : HTML
    store : callable
        Given contents and an ending such as ``".png"``, keeps them and returns their address on the page.
    """

    def moved(match: re.Match[str]) -> str:
        if match["kind"] == "image/png":
            content, ending = base64.b64decode(match["content"]), ".png"
        else:  # the player injects this script, and reads what it leaves on its own element
            content, ending = f"document.currentScript.audio = {match[0]};\n".encode(), ".js"
        return match[0] if len(match["content"]) < SMALLEST else f'"{store(content, ending)}"'

    def lightened(match: re.Match[str]) -> str:
        if FETCHES not in match["script"]:
            return match[0]
        script = store(match["script"].encode(), ".js")
        inside = ADDRESS.sub(moved, match["inside"])
        return f'{match["open"]}{inside}{match["close"]}<script src="{script}"></script>'

    return ELEMENT.sub(lightened, body)


def into(folder: Path, address: Callable[[str], str]) -> Callable[[bytes, str], str]:
    """Stores contents in a folder under the hash of what they are; ``address`` turns a name into a link."""

    def store(content: bytes, ending: str) -> str:
        name = hashlib.sha256(content).hexdigest()[:20] + ending
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / name).exists():
            (folder / name).write_bytes(content)
        return address(name)

    return store


def lighten_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    if app.builder.format == "html" and "body" in context:
        pathto = context["pathto"]
        store = into(Path(app.outdir) / FOLDER, lambda name: pathto(f"{FOLDER}/{name}", resource=True))
        context["body"] = move_clips(context["body"], store)


def remove_unused(app: Sphinx, error: Exception | None) -> None:
    """What earlier builds left and no page names any more."""
    folder = Path(app.outdir) / FOLDER
    if error is not None or app.builder.format != "html" or not folder.is_dir():
        return
    pages = Path(app.outdir).rglob("*.html")
    named = {name for page in pages for name in re.findall(rf"{FOLDER}/(\w+\.\w+)", page.read_text(encoding="utf-8"))}
    for file in folder.iterdir():
        if file.name not in named:
            file.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", lighten_page)
    app.connect("build-finished", remove_unused)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
