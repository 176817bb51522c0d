"""Build the book's pages from the stored outputs of its notebooks; nothing is executed.

    python tools/build_pages.py [SOURCE [HTML]] [--all]

This does the same as ``jupyter-book build SOURCE -W -n --keep-going``, but with a free choice of the folder for the
pages. Any warning is an error.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from jupyter_book.sphinx import build_sphinx

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the book's pages from stored outputs.")
    parser.add_argument("source", nargs="?", type=Path, default=ROOT, help="folder with _config.yml and _toc.yml")
    parser.add_argument("html", nargs="?", type=Path, default=ROOT / "_build" / "html", help="folder for the pages")
    parser.add_argument(
        "--all",
        action="store_true",
        help="read every page again: otherwise unchanged pages do not repeat their warnings",
    )
    options = parser.parse_args(arguments)
    start = time.monotonic()
    outcome = build_sphinx(
        options.source,
        options.html,
        noconfig=True,
        path_config=options.source / "_config.yml",
        confoverrides={
            "external_toc_path": (options.source / "_toc.yml").as_posix(),
            "latex_individualpages": False,
            "nitpicky": True,
        },
        freshenv=options.all,
        force_all=True,  # write every page: Sphinx copies changed style sheets only when it writes, and sidebars change
        warningiserror=True,
        keep_going=True,
        quiet=not sys.stdout.isatty(),
    )
    if outcome != 0:
        print("\nThe pages have errors or warnings, shown above; warnings count as errors here.", file=sys.stderr)
        return 1
    print(f"Built in {time.monotonic() - start:.1f} s. Open {(options.html.resolve() / 'index.html').as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
