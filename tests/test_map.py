"""The map of the library: pages made of docstrings, a picture made of imports, and nothing that is in neither."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import os
import pkgutil
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from sphinx.util.inventory import InventoryFile

import api
import api_pages
import architecture
import refresh
from codebase import Codebase, Module, summary
from docstrings import to_rst

HTML = Path(os.environ.get("BOOK_HTML", refresh.ROOT / "_build" / "html"))
CODE = Codebase()


# Pages


def test_pages_and_links_are_as_the_code_is() -> None:
    stale = [path.relative_to(refresh.ROOT).as_posix() for path in api_pages.stale(CODE)]
    assert not stale, f"run `python tools/api_pages.py`, which writes {', '.join(stale)}"


def offered(module: ModuleType) -> set[str]:
    """What a module offers, as Python and not its syntax tells; of constants only those in ``__all__``."""
    if hasattr(module, "__all__"):
        return {f"{module.__name__}.{name}" for name in module.__all__}
    return {
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }


def public_names(name: str) -> set[str]:
    """The public names of a module or package, by importing it."""
    module = importlib.import_module(name)
    found = offered(module)
    for _, inner, is_package in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if inner.rpartition(".")[2].startswith("_"):
            continue
        if not hasattr(module, "__all__") or (is_package and hasattr(importlib.import_module(inner), "__all__")):
            found |= public_names(inner)
    return found


@pytest.fixture(scope="module")
def inventory() -> dict[str, list[str]]:
    """The pages on which each name has an entry, from the inventory of the built book."""
    path = HTML / "objects.inv"
    if not path.is_file():
        pytest.skip(f"no pages in {HTML}; `make html` builds them")
    with path.open("rb") as file:
        entries = InventoryFile.load(file, "", lambda base, uri: uri)
    pages: dict[str, list[str]] = {}
    for kind, named in entries.items():
        if kind.startswith("py:"):
            for name, (_, _, address, _) in named.items():
                pages.setdefault(name, []).append(address.partition("#")[0])
    return pages


def without_entry(names: set[str], page: str, inventory: dict[str, list[str]]) -> set[str]:
    return {name for name in names if inventory.get(name) != [f"book/api/{page}.html"]}


@pytest.mark.parametrize("page", CODE.pages)
def test_every_public_name_is_on_one_page(page: str, inventory: dict[str, list[str]]) -> None:
    names = public_names(CODE.pages[page].name)
    assert not without_entry(names, page, inventory)
    assert names <= {name for name, where in CODE.public.items() if where == page}


def shown_parameters(name: str) -> list[str] | None:
    """The names of the parameters that the reference shows for a function or class; None where it shows none."""
    module, node = CODE.definition(name)
    if isinstance(node, ast.ClassDef):
        written = api.constructor(node, module)
    elif isinstance(node, ast.FunctionDef) and not api.is_command(node):
        written = api.parameters(node.args, module)
    else:
        return None
    return written and [re.match(r"\**(\w+)", each)[1] for each in written if each not in ("*", "/")]


@pytest.mark.parametrize("page", CODE.pages)
def test_signatures_are_those_of_python(page: str) -> None:
    for name in (name for name, where in CODE.public.items() if where == page):
        shown, (package, _, last) = shown_parameters(name), name.rpartition(".")
        if shown is not None:
            assert shown == list(inspect.signature(getattr(importlib.import_module(package), last)).parameters), name


def test_every_signature_is_read(inventory: dict[str, list[str]]) -> None:
    """What Sphinx cannot read it shows as it is, with the marks of the links in it."""
    for page in CODE.pages:
        assert "~music_adversaries" not in (HTML / "book" / "api" / f"{page}.html").read_text(encoding="utf-8"), page


def test_a_name_without_an_entry_is_noticed() -> None:
    inventory = {"m.a": ["book/api/m.html"], "m.b": ["book/api/other.html"], "m.c": ["book/api/m.html"] * 2}
    assert without_entry({"m.a", "m.b", "m.c", "m.d"}, "m", inventory) == {"m.b", "m.c", "m.d"}


def test_every_page_is_about_something_public() -> None:
    assert not set(CODE.pages) - set(CODE.public.values())


def test_annotations_and_backticks_are_links() -> None:
    page = HTML / "book" / "api" / "adversary.html"
    if not page.is_file():
        pytest.skip(f"no pages in {HTML}; `make html` builds them")
    _, _, signature = page.read_text(encoding="utf-8").partition('id="music_adversaries.adversary.attack"')
    signature, _, text = signature.partition("</dt>")
    assert 'href="#music_adversaries.adversary.AdversaryResult"' in signature.replace("\n", "")
    assert "Sequence" in signature and "music_adversaries.networks.System" in signature
    assert "05_adversaries.html" in text.partition("<dt")[2]
    assert "Paper: " in text and "notation.html" in text


@pytest.mark.parametrize("path", refresh.chapters(), ids=lambda path: path.name)
def test_a_chapter_names_the_code_that_it_uses(path: Path) -> None:
    """Looked up without the tool that wrote the links."""
    cells = nbformat.read(path, as_version=4).cells
    imports = re.findall(
        r"^from music_adversaries(?:\.book)? import (.+)$",
        "\n".join(cell.source for cell in cells if cell.cell_type == "code"),
        re.MULTILINE,
    )
    used = {name.strip() for line in imports for name in line.split(",")}
    (line,) = re.findall("^Code: .+$", cells[0].source, re.MULTILINE)
    assert used and used <= set(re.findall(r"<api/(\w+)>", line))


# The code, read without running it


FILES = {
    "__init__.py": '"""A library."""\n',
    "ground.py": "'Lowest. More.'\nSIZE = 3  # Hz\n_hidden = 1\n\n\ndef use(size: int = SIZE) -> None:\n    'Use.'\n",
    "listed.py": "__all__ = ['one']\none = two = 1\n",
    "lists/__init__.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .inner import Thing\n__all__ = ['Thing']\n"
    ),
    "lists/inner.py": (
        "from .. import ground\n\n\nclass Thing:\n    '''A thing.'''\n\n    field: int = 0\n    '''Counts.'''\n\n"
        "    def method(self):\n        '''Do.'''\n\n    def forward(self): ...\n\n\nclass Other: ...\n"
    ),
    "lists/deep/__init__.py": "from .depth import fathom\n__all__ = ['fathom']\n",
    "lists/deep/depth.py": "def fathom(): ...\n",
    "open/__init__.py": "",
    "open/part.py": "from ..lists import Thing\nimport numpy as np\n\n\ndef work(thing: Thing) -> np.ndarray: ...\n",
    "open/_private.py": "x = 1\n",
    "book/__init__.py": "",
    "book/open.py": "def page():\n    from ..open.part import work\n    return work\n",
    "command.py": "def main():\n    from .book import open\n    open.page()\n",
}


@pytest.fixture
def small(tmp_path: Path) -> Codebase:
    """A small library with both floors."""
    folder = tmp_path / "music_adversaries"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Codebase(folder)


def test_what_is_public(small: Codebase) -> None:
    assert {name.removeprefix("music_adversaries."): page for name, page in small.public.items()} == {
        "ground.SIZE": "ground",
        "ground.use": "ground",
        "listed.one": "listed",
        "lists.Thing": "lists",
        "lists.deep.fathom": "lists",
        "open.part.work": "open",
        "book.open.page": "book_open",
        "command.main": "command",
    }


def test_a_page_is_called_as_its_module(small: Codebase) -> None:
    assert small.title("open") == "open" and small.title("book_open") == "book.open"


def test_a_new_module_needs_a_page(small: Codebase) -> None:
    missing = {path.stem for path, content in api_pages.stale(small).items() if path.suffix == ".rst" and content}
    assert missing == set(small.pages)


@pytest.mark.parametrize(
    ("text", "module", "owner", "found"),
    [
        ("Thing", "open.part", "", "lists.Thing"),
        ("Thing.method", "open.part", "", "lists.Thing.method"),
        ("Thing.forward", "open.part", "", None),
        ("field", "lists.inner", "Thing", "lists.Thing.field"),
        ("ground", "lists.inner", "", "ground"),
        ("ground.use()", "lists.inner", "", "ground.use"),
        ("Other", "lists.inner", "", None),
        ("inner", "lists.inner", "", None),
        ("fathom", "lists", "", None),
        ("lists.deep.fathom", "command", "", "lists.deep.fathom"),
        ("np.ndarray", "open.part", "", None),
        ("nothing", "open.part", "", None),
    ],
)
def test_what_a_name_in_a_docstring_stands_for(
    small: Codebase, text: str, module: str, owner: str, found: str | None
) -> None:
    name = small.resolve(text, small.modules[f"music_adversaries.{module}"], owner)
    assert name == (found and f"music_adversaries.{found}")


def test_what_imports_what(small: Codebase) -> None:
    assert small.imports == {
        "command": {"book_open"},
        "ground": set(),
        "listed": set(),
        "lists": {"ground"},
        "open": {"lists"},
        "book_open": {"open"},
    }


def test_descriptions_are_docstrings_or_comments(small: Codebase) -> None:
    ground: Module = small.modules["music_adversaries.ground"]
    assert [ground.documentation(ground.definitions[name]) for name in ("SIZE", "use")] == ["Hz.", "Use."]
    assert summary(ground.docstring) == "Lowest."


def test_the_real_imports_are_found() -> None:
    """A few that are unlikely to change."""
    assert {"errors", "networks", "spectra"} <= CODE.imports["adversary"]
    assert "adversary" not in CODE.imports["spectra"]


# Docstrings

DOCSTRING = """\
Does it, see `attack` and :func:`method`.

Parameters
----------
size, other : int
    How much.
names : those that are
    listed; others are refused
seed : of the draw

Returns
-------
list of str, in order

Raises
------
InputError
    For nonsense.

Prose again.

Paper: Eq. (7), Section 2,
Table 1
Notebook: book/05_adversaries.ipynb
"""

AS_RST = """\
Does it, see `attack` and `method`.

:Parameters:

   ``size``, ``other`` : int
      How much.

   ``names``
      those that are
      listed; others are refused

   ``seed``
      of the draw


:Returns:

   list of str, in order


:Raises:

   `InputError`
      For nonsense.


Prose again.

| Paper: :doc:`Eq. (7) </book/notation>`, Section 2,
  Table 1
| Notebook: :doc:`/book/05_adversaries`
"""


def test_a_docstring_as_text() -> None:
    assert to_rst(DOCSTRING) == AS_RST.splitlines()


def test_links_after_a_sentence_begin_a_paragraph() -> None:
    assert to_rst("A sentence.\nNotebook: book/a.ipynb") == ["A sentence.", "", "| Notebook: :doc:`/book/a`"]


def test_other_sections_keep_their_text() -> None:
    assert to_rst("One.\n\nRules\n-----\n* first\n* second") == [
        *("One.", "", ".. rubric:: Rules", "", "* first", "* second", ""),
    ]


# The picture


def drawn(code: Codebase) -> architecture.Drawing:
    return architecture.Drawing(code.imports, list(architecture.bands(code).values()))


@pytest.fixture(params=["the library", "a small one"])
def code(request: pytest.FixtureRequest, small: Codebase) -> Codebase:
    return CODE if request.param == "the library" else small


def test_arrows_are_imports_and_every_import_is_reached(code: Codebase) -> None:
    arrows = {page: {way[-1] for way in drawn(code).arrows if way[0] == page} for page in code.pages}
    for page, imported in code.imports.items():
        assert arrows[page] <= imported
        assert architecture.everything_below(page, arrows) == architecture.everything_below(page, code.imports)


def test_every_box_stands_above_what_it_imports(code: Codebase) -> None:
    """But for what a lower floor imports from a higher one, which is not the picture's fault."""
    drawing, bands = drawn(code), list(architecture.bands(code).values())
    allowed: set[str] = set()
    for band in bands:
        allowed |= set(band)
        for page in band:
            assert all(drawing.level[page] > drawing.level[other] for other in code.imports[page] & allowed)
    for lower, upper in itertools.pairwise(bands):
        assert max(map(drawing.level.get, lower)) < min(map(drawing.level.get, upper))


def test_boxes_do_not_touch(code: Codebase) -> None:
    drawing = drawn(code)
    for row in drawing.rows:
        for left, right in itertools.pairwise(row):
            apart = (drawing.width[left] + drawing.width[right]) / 2
            assert drawing.x[right] - drawing.x[left] > apart + 5


def test_what_joins_the_floors_stands_above_both(small: Codebase) -> None:
    assert architecture.bands(small) == {
        "The library": ["ground", "listed", "lists", "open"],
        "The laboratory of the book": ["book_open"],
        "Above both": ["command"],
    }


def test_a_circle_of_imports_is_refused() -> None:
    with pytest.raises(ValueError, match="circle: a -> b -> a"):
        architecture.levels({"a": {"b"}, "b": {"a"}}, [["a", "b"]])


def test_what_imports_from_above_stays_on_its_floor() -> None:
    imports = {"low": {"high"}, "high": {"ground"}, "ground": set()}
    assert architecture.levels(imports, [["low", "ground"], ["high"]]) == {"low": 0, "ground": 0, "high": 1}


def test_the_picture_links_every_page_and_is_told_in_words(code: Codebase) -> None:
    picture = ElementTree.fromstring(architecture.svg(code, {page: f"api/{page}.html" for page in code.pages}))
    space = "{http://www.w3.org/2000/svg}"
    links = {link.get("href"): link.findtext(f"{space}text") for link in picture.iter(f"{space}a")}
    assert links == {f"api/{page}.html": code.title(page) for page in code.pages}
    width, height = map(float, picture.get("viewBox").split()[2:])
    for box in picture.iter(f"{space}rect"):
        x, y, across, down = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + across <= width and y + down <= height
    for page, imported in code.imports.items():
        assert f"{page} imports {', '.join(sorted(imported)) or 'nothing'}" in picture.get("aria-label")


def test_the_picture_is_on_its_page() -> None:
    page = HTML / "book" / "architecture.html"
    if not page.is_file():
        pytest.skip(f"no pages in {HTML}; `make html` builds them")
    (picture,) = re.findall(r'<svg class="architecture".*?</svg>', page.read_text(encoding="utf-8"), re.DOTALL)
    links = re.findall(r'<a class="\w+" href="([^"]+)"', picture)
    assert len(links) == len(CODE.pages) and all((page.parent / link).is_file() for link in links)
