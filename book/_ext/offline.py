"""Sphinx extension: the built pages ask the network for nothing, also when opened from disk.

MathJax is copied from ``node_modules`` (see ``package.json``) into the pages. Where it is missing the theme's default
stays, which loads MathJax from the network, and one line says so. Thebe, which runs code on a server that the book
does not use, is taken out: it would be named on every page, twice.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

logger = logging.getLogger(__name__)

SCRIPT = Path("es5") / "tex-svg.js"  # one file: draws formulas as SVG and needs no fonts
STATIC = Path("mathjax")


def find_mathjax(start: Path) -> Path | None:
    """The installed MathJax package nearest to ``start``, searched as npm does: upwards."""
    for folder in (start, *start.parents):
        package = folder / "node_modules" / "mathjax"
        if (package / SCRIPT).is_file():
            return package
    return None


def use_local_mathjax(app: Sphinx, config: Config) -> None:
    if find_mathjax(Path(app.srcdir)):
        config.mathjax_path = (STATIC / SCRIPT.name).as_posix()
    else:
        logger.info("MathJax is not in node_modules: the pages load it from the network (npm brings it).")


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    package = find_mathjax(Path(app.srcdir))
    if error is None and package and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / STATIC
        target.mkdir(parents=True, exist_ok=True)
        for file in (package / SCRIPT, package / "LICENSE"):
            shutil.copyfile(file, target / file.name)


def remove_theme_templates(app: Sphinx, error: Exception | None) -> None:
    """The theme copies two templates of its own among the static files; as pages they are broken."""
    if error is None and app.builder.format == "html":
        for template in (Path(app.outdir) / "_static").glob("*webpack-macros.html"):
            template.unlink()


def remove_thebe(app: Sphinx) -> None:
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [
            listener for listener in listeners if not listener.handler.__module__.startswith("sphinx_thebe")
        ]
    app.registry.css_files = [file for file in app.registry.css_files if "thebe" not in file[0]]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", use_local_mathjax)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", remove_theme_templates)
    remove_thebe(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
