"""Write the pages of the reference, one a module or package of the library, and the chapters' links to them.

    python tools/api_pages.py [--check]

A page is one line; its content is made from the library's docstrings when the book is built. A chapter's line
``Code: ...`` names the pages of the modules that its cells import. Run this after a module or package was added,
renamed or removed, or a chapter imports another one. With --check nothing is written, and the exit code is 1 if
something is stale.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

import nbformat

import refresh

PAGES = refresh.BOOK / "api"
sys.path.insert(0, str(refresh.BOOK / "_ext"))

from codebase import Codebase, imported_names  # noqa: E402

CODE = "Code: "


def wanted(code: Codebase) -> dict[Path, bytes]:
    """Every page and chapter, with the content that it should have."""
    pages = {PAGES / f"{page}.rst": f".. api:: {page}\n".encode() for page in code.pages}
    return pages | {path: refresh.serialise(with_links(path, code)) for path in refresh.chapters()}


def with_links(path: Path, code: Codebase) -> nbformat.NotebookNode:
    """A chapter whose first cell links to the pages of the imported modules, below what the reader will learn."""
    notebook = nbformat.read(path, as_version=4)
    imported: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
            imported |= set(imported_names(ast.parse("\n".join(lines))).values())
    pages = sorted({page for name in imported if (page := code.page_of(name))})
    links = CODE + ", ".join(f"{{doc}}`{page} <api/{page}>`" for page in pages) + "."
    # Title, what the reader will learn, and the rest.
    title, aims, *rest = notebook.cells[0].source.split("\n\n")
    rest = [paragraph for paragraph in rest if not paragraph.startswith(CODE)]
    notebook.cells[0].source = "\n\n".join([title, aims, links, *rest])
    return notebook


def stale(code: Codebase) -> dict[Path, bytes | None]:
    """The files that differ from what they should be; None for a file that should not exist."""
    right = wanted(code)
    left_over = {path: None for path in PAGES.glob("*") if path not in right}
    return left_over | {p: content for p, content in right.items() if not p.is_file() or p.read_bytes() != content}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    checks = parser.parse_args().check
    found = stale(Codebase())
    for path, content in sorted(found.items()):
        print(f"{path.relative_to(refresh.ROOT)}: {'stale' if checks else 'removed' if content is None else 'written'}")
        if checks:
            continue
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    if not found:
        print("The pages of the reference and the chapters' links are as the code is.")
    return int(checks and bool(found))


if __name__ == "__main__":
    sys.exit(main())
