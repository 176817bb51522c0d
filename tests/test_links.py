"""Every `Paper:` and `Notebook:` line in a public docstring of the library leads somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import refresh

LIBRARY = refresh.ROOT / "lib" / "music_adversaries"
# What the paper numbers, as far as its numbers survive in the copy that the book is made from; equations and algorithms
# are numbered as the book restores them.
PAPER = {
    "Section": {"1", "2", "2.1", "2.2", "2.3", "2.4", "3", "3.1", "3.2", "4", "5", "6"},
    "Eq.": {f"({n})" for n in range(1, 10)},
    "Alg.": {"1", "2"},
    "Table": {"1"},
    "Fig.": {"1", "2"},
}
REFERENCE = re.compile(r"(Section|Eq\.|Alg\.|Table|Fig\.) (\(?[0-9]+(?:\.[0-9]+)*\)?)")
# From "Paper:" or "Notebook:" to the next of them or to the end of the paragraph.
LINK = re.compile(r"(?<![\w`])(Paper|Notebook):\s*(.*?)(?=\n\s*\n|[.\s]+(?:Paper|Notebook):|\Z)", re.S)


def public_docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Name and docstring of a module and of the public classes and functions in it."""

    def visit(node: ast.AST, name: str) -> Iterator[tuple[str, str]]:
        if text := ast.get_docstring(node):
            yield name, text
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                if not child.name.startswith("_"):
                    yield from visit(child, f"{name}.{child.name}")

    yield from visit(ast.parse(path.read_text()), path.relative_to(LIBRARY).with_suffix("").as_posix())


def links(text: str) -> list[tuple[str, str]]:
    """The links of a docstring: ``("Paper", "Eq. (1), Section 2.2")``, ``("Notebook", "book/...")``."""
    return [(kind, target.strip()) for kind, target in LINK.findall(text)]


def unresolved(kind: str, target: str) -> str:
    """What of a link leads nowhere; empty when all of it leads somewhere."""
    if kind == "Notebook":
        names = [name.rstrip(".") for name in re.split(r"[,\s]+", target) if name.rstrip(".")]
        return " ".join(name for name in names if not (refresh.ROOT / name).is_file()) if names else "nothing named"
    unknown = [f"{kind} {number}" for kind, number in REFERENCE.findall(target) if number not in PAPER[kind]]
    rest = re.sub(r"[,;.\s]|\band\b", "", REFERENCE.sub("", target))
    if rest or not REFERENCE.search(target):
        unknown.append(rest or "nothing named")
    return " ".join(unknown)


LINKS = [
    pytest.param(kind, target, id=f"{name}-{kind}")
    for path in sorted(LIBRARY.rglob("*.py"))
    for name, text in public_docstrings(path)
    for kind, target in links(text)
]


def test_the_library_links_to_paper_and_book() -> None:
    assert len(LINKS) > 20


@pytest.mark.parametrize(("kind", "target"), LINKS)
def test_link_resolves(kind: str, target: str) -> None:
    assert not unresolved(kind, target)


def test_links_are_read_from_docstrings() -> None:
    text = "Does it.\n\nPaper: Eq. (1), Eq. (2),\n    Section 2.2\nNotebook: book/a.ipynb\n\nMore: words."
    assert links(text) == [("Paper", "Eq. (1), Eq. (2),\n    Section 2.2"), ("Notebook", "book/a.ipynb")]
    text = "Short. Paper: Table 1. Notebook: book/a.ipynb"
    assert links(text) == [("Paper", "Table 1"), ("Notebook", "book/a.ipynb")]


WRONG = ["Eq. (10)", "Section 2.9", "Eq. 1", "Table 7, Eq. (1)", "somewhere", "", "Eqs. (1)"]


@pytest.mark.parametrize("target", WRONG)
def test_a_wrong_link_is_noticed(target: str) -> None:
    assert unresolved("Paper", target)
    assert unresolved("Notebook", "book/99_nowhere.ipynb")
