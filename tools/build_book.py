"""Compute the book and build its pages; no file of the repository is touched.

    python tools/build_book.py [--dataset NAME] [--profile quick|full]

Copies of the notebooks are executed in _build/DATASET-PROFILE/src. The pages go to _build/html, or for another dataset
or profile than the book's own to _build/DATASET-PROFILE/html.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import refresh
from steps import Steps

ROOT = refresh.ROOT


def copy_sources(target: Path) -> None:
    """Put a fresh copy of everything that the pages are made from into ``target``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(refresh.BOOK, target / "book", ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / name, target / name)


def main(arguments: Sequence[str] | None = None) -> int:
    options = refresh.parser("Compute the book and build its pages.").parse_args(arguments)
    refresh.set_environment(options.dataset, options.profile)
    folder = ROOT / "_build" / f"{options.dataset.replace(':', '_')}-{options.profile}"
    own = (options.dataset, options.profile) == (refresh.DATASET, refresh.PROFILE)
    source, html = folder / "src", ROOT / "_build" / "html" if own else folder / "html"
    steps, board = Steps("book" if own else ""), refresh.Board(len(refresh.chapters()))

    def compute() -> None:
        with steps.step("data set"):
            refresh.prepare_dataset(options.dataset, options.profile)
        with steps.step("experiments"):
            refresh.run_experiments()
        copy_sources(source)
        with steps.step("notebooks"):
            refresh.refresh(refresh.chapters(source / "book"), board=board)

    if code := refresh.told(compute):
        print(f"\n{steps.summary()}")
        return code
    with steps.step("pages"):
        pages = [sys.executable, str(ROOT / "tools" / "build_pages.py"), str(source), str(html)]
        code = subprocess.run(pages).returncode
    print(f"\n{steps.summary()}")
    if code == 0:
        print(f"\nThe book is built. Open {(html / 'index.html').as_uri()}")
        if own:
            steps.note("book", board.seconds)
    return code


if __name__ == "__main__":
    sys.exit(main())
