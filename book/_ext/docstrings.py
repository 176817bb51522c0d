"""Our docstrings as reStructuredText.

They have sections as numpydoc has them, with one difference: what follows ``name :`` may be the type or a description,
whichever says more. Lines that begin with ``Paper:`` and ``Notebook:`` become links.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

# Sections that list items, and the quotes for what an item begins with: a name of its own, one of the library's, prose.
ITEMS = {"Parameters": "``", "Attributes": "``", "Raises": "`", "Warns": "`", "Returns": "", "Yields": ""}
ROLE = re.compile(r":(?:func|class|meth|data|attr|mod|exc):`~?([^`]+)`")
ITEM = re.compile(r"\*{0,2}\w+(?:, \*{0,2}\w+)* : ")
EQUATION = re.compile(r"(?:Eq\.|Alg\.) \(?\d+\)?")
CHAPTER = re.compile(r"\b(book/\w+)\.(?:ipynb|md)\b")


def to_rst(docstring: str) -> list[str]:
    """The lines of a docstring, as :func:`inspect.cleandoc` leaves it, in reStructuredText.

    Single backticks stay as they are: the default role of the pages makes links of them.
    """
    lines = ROLE.sub(r"`\1`", docstring).splitlines()
    result: list[str] = []
    position = 0
    while position < len(lines):
        if _is_heading(lines, position):
            title = lines[position]
            end = _end(lines, position + 2, items=title in ITEMS)
            body = lines[position + 2 : end]
            if title in ITEMS:
                result += [f":{title}:", *(f"   {line}".rstrip() for line in _items(body, ITEMS[title])), ""]
            else:
                result += [f".. rubric:: {title}", "", *_prose(body), ""]
        else:
            end = _end(lines, position, items=False)
            result += _prose(lines[position:end])
        position = end
    return result


def _is_heading(lines: list[str], position: int) -> bool:
    following = lines[position + 1] if position + 1 < len(lines) else ""
    return bool(re.match(r"[A-Z]", lines[position]) and re.fullmatch(r"-{3,}", following))


def _end(lines: list[str], start: int, *, items: bool) -> int:
    """Where a section ends: at the next heading; one of items also at a paragraph that is none."""
    for position in range(start, len(lines)):
        after_gap = position > start and not lines[position - 1].strip()
        paragraph = after_gap and re.match(r"\S", lines[position]) and not ITEM.match(lines[position])
        if _is_heading(lines, position) or (items and paragraph):
            return position
    return len(lines)


def _items(lines: list[str], quotes: str) -> Iterator[str]:
    """A definition list: each name with its type, or with what is said of it."""
    yield ""
    for head, body in _grouped(lines):
        name, colon, said = head.partition(" : ") if ITEM.match(head) else (head, "", "")
        if quotes:
            name = ", ".join(f"{quotes}{each}{quotes}" for each in name.split(", "))
        described = textwrap.dedent("\n".join(body)).strip("\n").splitlines()
        # A type stands alone on its line; a sentence that is too long for one goes on in the next.
        goes_on = described and (said.endswith((",", ";", ":")) or re.match(r"[a-z(]", described[0]))
        if colon and goes_on:
            described, said = [said, *described], ""
        elif colon and not described:
            described, said = [said], ""
        yield (f"{name} : {said}" if said else name)
        yield from (f"   {line}" for line in described)
        yield ""


def _grouped(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    head, body = "", []
    for line in lines:
        if re.match(r"\S", line):
            if head:
                yield head, body
            head, body = line, []
        else:
            body.append(line)
    if head:
        yield head, body


def _prose(lines: list[str]) -> list[str]:
    """Paragraphs as they are, but for the lines that lead to the paper and to chapters."""
    result: list[str] = []
    linking = False
    for line in lines:
        starts = re.match(r"(?:Paper|Notebook): ", line)
        if starts and not linking and result and result[-1]:
            result.append("")
        linking = bool(starts or (linking and line.strip()))
        result.append(f"{'| ' if starts else '  '}{_linked(line.strip())}" if linking else line)
    return result


def _linked(line: str) -> str:
    line = CHAPTER.sub(r":doc:`/\1`", line)
    return EQUATION.sub(lambda match: f":doc:`{match[0]} </book/notation>`", line)
