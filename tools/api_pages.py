"""Write the pages of the reference, one a module or package of the library: the only writer of book/api/.

    python tools/api_pages.py [--check]

A page is one line; what it shows is made from the library's docstrings when the book is built. So this is needed only
where a module or package is added, renamed or removed. With --check nothing is written, and the exit code is 1 where
pages are missing or left over.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGES = BOOK / "api"
sys.path.insert(0, str(BOOK / "_ext"))

from codebase import Codebase  # noqa: E402


def wanted() -> dict[Path, str]:
    """Every page with its content."""
    return {PAGES / f"{page}.rst": f".. api:: {page}\n" for page in Codebase().pages}


def stored() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    pages, before = wanted(), stored()
    if parser.parse_args().check:
        stale = sorted(path.stem for path in pages.keys() | before.keys() if pages.get(path) != before.get(path))
        print(f"stale: {', '.join(stale)}; run tools/api_pages.py" if stale else "book/api/ is as the library is")
        return int(bool(stale))
    for path in before.keys() - pages.keys():
        path.unlink()
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    print(f"{PAGES}: {len(pages)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
