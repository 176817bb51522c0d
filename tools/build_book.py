"""Compute the book and build its pages.

    python tools/build_book.py [--dataset NAME] [--profile quick|full]

The default data set and profile refresh the notebooks of book/ and build _build/html. Any other executes copies of
them in _build/DATASET-PROFILE/src and builds _build/DATASET-PROFILE/html; the stored notebooks are not touched.
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
    """Lay a fresh copy of everything the pages are made from into ``target``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(refresh.BOOK, target / "book", ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / name, target / name)


def run_experiments() -> None:
    """Compute every record that the notebooks show, unless the cache has it."""
    from music_adversaries import experiments

    config = experiments.from_environment()
    names = experiments.for_book(config)
    for number, name in enumerate(names, start=1):
        print(f"[{number}/{len(names)}] {name}", flush=True)
        experiments.run(name, config, progress=True)


def main(arguments: Sequence[str] | None = None) -> int:
    options = refresh.parser("Compute the book and build its pages.").parse_args(arguments)
    refresh.set_environment(options.dataset, options.profile)
    source, html = ROOT, ROOT / "_build" / "html"
    steps = Steps()

    def compute() -> None:
        nonlocal source, html
        with steps.step("data set"):
            refresh.prepare_dataset(options.dataset, options.profile)
        with steps.step("experiments"):  # before the notebooks, which find the records: here their progress shows
            run_experiments()
        if (options.dataset, options.profile) != (refresh.DATASET, refresh.PROFILE):
            folder = ROOT / "_build" / f"{options.dataset}-{options.profile}"
            source, html = folder / "src", folder / "html"
            copy_sources(source)
        with steps.step("notebooks"):
            refresh.refresh(refresh.chapters(source / "book"))

    if code := refresh.told(compute):
        return code
    with steps.step("pages"):
        pages = [sys.executable, str(ROOT / "tools" / "build_pages.py"), str(source), str(html)]
        code = subprocess.run(pages).returncode
    print(f"\n{steps.summary()}")
    if code == 0:
        print(f"\nThe book is built. Open {(html / 'index.html').as_uri()}")
    return code


if __name__ == "__main__":
    sys.exit(main())
