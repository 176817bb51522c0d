"""Write a notebook that begins like the chapters: title, what it is for, imports, configuration.

    python tools/new_chapter.py book/10_loudness.ipynb "Loudness" [--code CELL ...]

`make refresh NOTEBOOKS=book/10_loudness.ipynb` executes it. The book shows it when _toc.yml names it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nbformat import v4

import refresh

SET_UP = """from music_adversaries.book import claims, harness, runs

config = harness.from_environment()
dataset = harness.load_dataset(config)
print(f"{config.dataset}, {config.profile}: {len(dataset)} excerpts")"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write a notebook that begins like the chapters.")
    parser.add_argument("path", type=Path, help="such as book/10_loudness.ipynb")
    parser.add_argument("title")
    parser.add_argument("--code", action="append", default=[], help="a code cell; may be repeated")
    options = parser.parse_args(arguments)
    if options.path.exists():
        print(f"{options.path} is there already; choose another name.", file=sys.stderr)
        return 2
    if options.path.suffix != ".ipynb" or not options.path.parent.is_dir():
        print(f"{options.path} is not a notebook in a folder that exists; name one in book/.", file=sys.stderr)
        return 2
    opening = f"# {options.title}\n\n**You will** (say in one sentence what the reader will be able to do)."
    cells = [v4.new_markdown_cell(opening), v4.new_code_cell(SET_UP), *map(v4.new_code_cell, options.code)]
    for number, cell in enumerate(cells):
        cell.id = f"{options.path.stem.replace('_', '-')}-{number}"
    notebook = v4.new_notebook(cells=cells, metadata=refresh.METADATA)
    options.path.write_bytes(refresh.serialise(notebook))
    print(f"{options.path} written; name it in _toc.yml, and execute it with `make refresh NOTEBOOKS={options.path}`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
