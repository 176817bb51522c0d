"""Sphinx extension: ``.. architecture::`` draws which modules and packages of the library import which.

The picture is made of the import statements when the book is built. A box stands above everything that it imports. An
arrow leads from it to what it imports, and is left out where a longer way of arrows leads there too. Every box is a
link to its page of the reference. Colours are the theme's, light or dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from api import codebase
from codebase import FLOORS, Codebase, summary

# Pixels of the drawing.
HEIGHT, LEVEL, MARGIN, HEAD = 28, 60, 16, 30
LETTER, PADDING, GAP, LANE = 7.9, 16, 18, 2
ROUNDS = 40  # of ordering and placing
STRAIGHT = 8  # how much more the lanes of one arrow want to stand above each other than boxes do

Graph = Mapping[str, set[str]]


def levels(imports: Graph, floors: Sequence[Sequence[str]]) -> dict[str, int]:
    """How high each box stands: above all it imports, and above all of the floors below its own.

    A box that imports from a floor above its own stays on its floor, and its arrow leads up.

    Raises
    ------
    ValueError
        Where modules of one floor import each other in a circle.
    """
    found: dict[str, int] = {}
    allowed: set[str] = set()
    ground = 0

    def visit(name: str, way: tuple[str, ...]) -> int:
        if name in way:
            raise ValueError(f"imports run in a circle: {' -> '.join([*way[way.index(name) :], name])}")
        if name not in found:
            below = sorted(imports[name] & allowed)
            found[name] = max([ground, *(visit(each, (*way, name)) + 1 for each in below)])
        return found[name]

    for floor in floors:
        allowed |= set(floor)
        for name in floor:
            visit(name, ())
        ground = max(found.values(), default=-1) + 1
    return found


def everything_below(name: str, imports: Graph) -> set[str]:
    """A box and all that it imports, directly or not."""
    found, todo = set(), {name}
    while todo:
        found |= todo
        todo = set().union(*(imports[each] for each in todo)) - found
    return found


def without_detours(imports: Graph) -> dict[str, set[str]]:
    """The imports to which no longer way leads."""
    below = {name: everything_below(name, imports) for name in imports}
    return {
        name: {each for each in targets if not any(each in below[other] for other in targets - {each})}
        for name, targets in imports.items()
    }


class Drawing:
    """Boxes and lanes in levels, ordered so that few arrows cross.

    An arrow that passes a level has a lane there: a narrow box that is not drawn.
    """

    def __init__(self, imports: Graph, floors: Sequence[Sequence[str]]) -> None:
        self.level = dict(levels(imports, floors))
        self.arrows: list[list[str]] = []  # each from a box through lanes to a box
        self.width = {name: LETTER * len(name) + PADDING for name in self.level}
        for name, targets in sorted(without_detours(imports).items()):
            for target in sorted(targets):
                lanes = [f"{name}>{target}>{level}" for level in range(self.level[name] - 1, self.level[target], -1)]
                self.level |= {lane: int(lane.rpartition(">")[2]) for lane in lanes}
                self.width |= dict.fromkeys(lanes, LANE)
                self.arrows.append([name, *lanes, target])
        self.neighbours: dict[str, list[str]] = {name: [] for name in self.level}
        for arrow in self.arrows:
            for one, other in zip(arrow, arrow[1:], strict=False):
                self.neighbours[one].append(other)
                self.neighbours[other].append(one)
        self.rows = [[n for n in self.level if self.level[n] == k] for k in range(max(self.level.values()) + 1)]
        self.x = {name: 0.0 for name in self.level}
        self._place()

    def _place(self) -> None:
        for row in self.rows:
            self._spread(row)
        best, fewest = self.rows, self._crossings()
        for turn in range(ROUNDS):
            for row in self.rows if turn % 2 else reversed(self.rows):
                row.sort(key=self._middle)
                self._spread(row)
            if self._crossings() < fewest:
                best, fewest = [list(row) for row in self.rows], self._crossings()
        self.rows = [list(row) for row in best]
        for row in self.rows:
            self._spread(row)
        for turn in range(ROUNDS):
            for row in self.rows if turn % 2 else reversed(self.rows):
                wished = {name: self._middle(name) for name in row}
                self._settle(row, wished)
        left = min(self.x[name] - self.width[name] / 2 for name in self.x)
        self.x = {name: x - left + MARGIN for name, x in self.x.items()}

    def _middle(self, name: str) -> float:
        """Where a box would like to be: in the middle of its neighbours. Lanes of one arrow follow each other."""
        others = [other for other in self.neighbours[name] for _ in range(self._weight(name, other))]
        return sum(self.x[other] for other in others) / len(others) if others else self.x[name]

    @staticmethod
    def _weight(name: str, other: str = ">") -> int:
        return STRAIGHT if ">" in name and ">" in other else 1

    def _crossings(self) -> int:
        at = {name: position for row in self.rows for position, name in enumerate(row)}
        lines = [pair for arrow in self.arrows for pair in zip(arrow, arrow[1:], strict=False)]
        return sum(
            (at[a] - at[c]) * (at[b] - at[d]) < 0
            for i, (a, b) in enumerate(lines)
            for c, d in lines[:i]
            if self.level[a] == self.level[c]
        )

    def _apart(self, left: str, right: str) -> float:
        return (self.width[left] + self.width[right]) / 2 + GAP * (0.5 if ">" in left + right else 1)

    def _spread(self, row: list[str]) -> None:
        """Side by side, about the middle."""
        at = [0.0]
        for left, right in zip(row, row[1:], strict=False):
            at.append(at[-1] + self._apart(left, right))
        self.x |= {name: x - at[-1] / 2 for name, x in zip(row, at, strict=True)}

    def _settle(self, row: list[str], wished: Mapping[str, float]) -> None:
        """As near to where each wishes to be as order and distances allow: groups that touch move as one."""
        groups: list[tuple[list[str], list[float]]] = []  # names, and how far each is from the first
        for name in row:
            group = [name], [0.0]
            while groups:
                names, offsets = groups[-1]
                gap = self._apart(names[-1], group[0][0])
                if self._start(*groups[-1], wished) + offsets[-1] + gap <= self._start(*group, wished):
                    break
                shift = offsets[-1] + gap
                group = names + group[0], offsets + [shift + offset for offset in group[1]]
                groups.pop()
            groups.append(group)
        for names, offsets in groups:
            start = self._start(names, offsets, wished)
            self.x |= {name: start + offset for name, offset in zip(names, offsets, strict=True)}

    @staticmethod
    def _start(names: list[str], offsets: list[float], wished: Mapping[str, float]) -> float:
        weights = [Drawing._weight(name) for name in names]
        starts = (wished[name] - offset for name, offset in zip(names, offsets, strict=True))
        return sum(weight * start for weight, start in zip(weights, starts, strict=True)) / sum(weights)


def bands(code: Codebase) -> dict[str, list[str]]:
    """The pages of each floor by its caption, lowest first; what joins the floors stands above all of them."""
    ground, *upper = [[page for page in code.pages if code.floor(page) == floor] for floor in code.floors]
    above = {page for floor in upper for page in floor}
    below = set().union(*(everything_below(page, code.imports) for page in above))
    joining = [page for page in ground if page not in below and above & everything_below(page, code.imports)]
    floors = [[page for page in ground if page not in joining], *upper]
    captions = [FLOORS[floor] for floor in code.floors]
    return dict(zip(captions, floors, strict=True)) | ({"Above both": joining} if joining else {})


def in_words(code: Codebase) -> str:
    """What the picture shows, for those who cannot see it."""
    rows = [f"{page} imports {', '.join(sorted(found)) or 'nothing'}" for page, found in code.imports.items()]
    return "Modules and packages as boxes, each above what it imports. " + "; ".join(rows) + "."


def svg(code: Codebase, links: Mapping[str, str]) -> str:
    """The picture.

    Parameters
    ----------
    code : the library
    links : of each page, its address
    """
    captions = bands(code)
    floors = list(captions.values())
    drawing = Drawing(code.imports, floors)
    highest = len(drawing.rows) - 1
    width = max(drawing.x[name] + drawing.width[name] / 2 for name in drawing.x) + MARGIN

    def top(name: str) -> float:
        above = sum(HEAD for floor in floors if max(drawing.level[page] for page in floor) >= drawing.level[name])
        return MARGIN + above + (highest - drawing.level[name]) * LEVEL

    parts = []
    for caption, pages in captions.items():
        tops = [top(page) for page in pages]
        y, height = min(tops) - HEAD, max(tops) - min(tops) + HEIGHT + HEAD + MARGIN / 2
        parts.append(f'<rect class="floor" x="2" y="{y:.0f}" width="{width - 4:.0f}" height="{height:.0f}" rx="6"/>')
        parts.append(f'<text class="floor" x="12" y="{y + 19:.0f}">{escape(caption)}</text>')
    for arrow in drawing.arrows:
        points = [(drawing.x[name], top(name)) for name in arrow]
        path = f"M{points[0][0]:.0f} {points[0][1] + HEIGHT:.0f}"
        for number, ((x, y), (to_x, to_y)) in enumerate(zip(points, points[1:], strict=False), 1):
            start, end = y + HEIGHT, to_y - (7 if number == len(points) - 1 else 0)
            bend = (end - start) / 2
            path += f"C{x:.0f} {start + bend:.0f} {to_x:.0f} {end - bend:.0f} {to_x:.0f} {end:.0f}"
            if number < len(points) - 1:
                path += f"V{to_y + HEIGHT:.0f}"
        parts.append(f'<path class="arrow {arrow[0]} {arrow[-1]}" d="{path}" marker-end="url(#architecture-arrow)"/>')
    for page, module in code.pages.items():
        x, y, across = drawing.x[page] - drawing.width[page] / 2, top(page), drawing.width[page]
        said = escape(summary(module.docstring).replace("`", ""))
        parts.append(
            f'<a class="{page}" href="{escape(links[page])}"><title>{said}</title>'
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{across:.0f}" height="{HEIGHT}" rx="4"/>'
            f'<text x="{drawing.x[page]:.0f}" y="{y + 18.5:.1f}">{code.title(page)}</text></a>'
        )
    # Under the pointer, or with the keyboard's focus, a box shows its own arrows.
    shown = ",".join(
        f"svg.architecture:has(a.{page}:{state}) path.{page}"
        for page in code.pages
        for state in ("hover", "focus-visible")
    )
    parts.append(f"<style>{shown}{{opacity:1;stroke:var(--pst-color-primary);stroke-width:2.4}}</style>")
    height = max(top(name) for name in drawing.level) + HEIGHT + MARGIN
    return (
        f'<svg class="architecture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="group" aria-label="{escape(in_words(code))}">'
        '<defs><marker id="architecture-arrow" viewBox="0 0 8 8" refX="1" refY="4" orient="auto" '
        'markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="8"><path d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


class Architecture(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        code = codebase()
        for module in code.modules.values():
            self.env.note_dependency(str(module.path))
        builder, here = self.env.app.builder, self.env.docname
        links = {page: builder.get_relative_uri(here, f"book/api/{page}") for page in code.pages}
        try:
            picture = svg(code, links)
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", f'<div class="architecture">{picture}</div>', format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("architecture", Architecture)
    app.add_css_file("architecture.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
