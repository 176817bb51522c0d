"""What the library's code says about itself: its modules, what they offer, what they import.

Everything is read from the syntax of the files; nothing is imported or run. So the pages of the reference and the
picture of the architecture need no PyTorch, show annotations as they are written, and cannot differ from the code.

What is public
    * A module or package that lists ``__all__`` offers those names. The modules in such a package are its own
      affair, but a package in it that lists ``__all__`` as well offers its names too.
    * Any other module offers what it defines and does not begin with an underscore; any other package what its
      modules offer.
    * Every module or package directly on a floor (see :data:`FLOORS`) has one page, named as the module is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path

ROOT = "music_adversaries"
FLOORS = {
    ROOT: "The library",
    f"{ROOT}.book": "The laboratory of the book",
}
"""The packages whose members have pages, lowest first, and what they are called. One that is missing is left out."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Module:
    """One file of the library."""

    name: str
    """Dotted."""
    path: Path

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """What is defined at the top level, by name."""
        found: dict[str, Definition] = {}
        for node in _top_level(self.tree.body):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.setdefault(node.name, node)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                        if isinstance(name, ast.Name):
                            found.setdefault(name.id, node)
        return found

    @cached_property
    def imports(self) -> dict[str, str]:
        """The dotted name of what each imported name stands for, wherever in the file it is imported."""
        return imported_names(self.tree, self.package)

    @property
    def listed(self) -> list[str] | None:
        """``__all__``, if there is one."""
        node = self.definitions.get("__all__")
        return None if node is None else list(ast.literal_eval(node.value))

    @property
    def offered(self) -> list[str]:
        """``__all__``, or what is defined here without an underscore in front."""
        if self.listed is not None:
            return self.listed
        return [name for name in self.definitions if not name.startswith("_")]

    @cached_property
    def lines(self) -> list[str]:
        return self.source.splitlines()

    def written(self, node: ast.expr) -> str:
        """An expression as it is written, without the line breaks."""
        if node.lineno != node.end_lineno:
            return ast.unparse(node)
        return self.lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()

    def documentation(self, node: Definition, siblings: Sequence[ast.stmt] = ()) -> str:
        """The docstring of a definition; of a constant or field the string below it, or else the comment beside it.

        Parameters
        ----------
        node : a definition in this module
        siblings : the statements of the class that it is in; those of the module if left out
        """
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            return ast.get_docstring(node) or ""
        siblings = siblings or self.tree.body
        below = siblings[siblings.index(node) + 1 :][:1] if node in siblings else []
        for each in below:
            if (
                isinstance(each, ast.Expr)
                and isinstance(each.value, ast.Constant)
                and isinstance(each.value.value, str)
            ):
                return cleandoc(each.value.value)
        comments = (re.search(r"\s#\s(.+)$", self.lines[number - 1]) for number in (node.end_lineno, node.lineno))
        return next((_sentence(match[1]) for match in comments if match), "")


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            handlers = (handler.body for handler in getattr(node, "handlers", []))
            for inner in (node.body, *handlers, node.orelse):
                yield from _top_level(inner)


def _sentence(comment: str) -> str:
    return comment if comment.endswith((".", "?", "!")) else f"{comment}."


def summary(docstring: str) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`(])", paragraph)[0]


class Codebase:
    """All modules of the library.

    Parameters
    ----------
    folder : the folder of the package ``music_adversaries``; where Python would import it from if left out
    """

    def __init__(self, folder: Path | None = None) -> None:
        if folder is None:
            folder = Path(find_spec(ROOT).submodule_search_locations[0])
        self.folder = folder
        modules = (Module(_dotted(path, folder), path) for path in sorted(folder.rglob("*.py")))
        self.modules = {module.name: module for module in modules}

    # Pages

    @cached_property
    def floors(self) -> list[str]:
        return [floor for floor in FLOORS if floor in self.modules]

    @cached_property
    def pages(self) -> dict[str, Module]:
        """The module or package that each page is about, by the page's name, in the order of floors."""
        found: dict[str, Module] = {}
        for floor in self.floors:
            for module in self.children(floor):
                page = module.name.rpartition(".")[2]
                if module.name not in self.floors and not page.startswith("_"):
                    # The lower floor has the plain name where both have a module of it: `cli` and `book_cli`.
                    found[f"{floor.rpartition('.')[2]}_{page}" if page in found else page] = module
        return found

    def title(self, page: str) -> str:
        """What a page is called: as the module, with its floor where a lower floor has a module of that name."""
        floor, _, name = self.pages[page].name.rpartition(".")
        return name if name == page else f"{floor.rpartition('.')[2]}.{name}"

    def floor(self, page: str) -> str:
        return self.pages[page].name.rpartition(".")[0]

    def children(self, package: str) -> list[Module]:
        return [module for name, module in self.modules.items() if name.rpartition(".")[0] == package]

    def sections(self, page: str) -> list[Module]:
        """The modules whose names stand on a page, that of the page first."""
        return list(self._sections(self.pages[page]))

    def _sections(self, module: Module) -> Iterator[Module]:
        yield module
        for child in self.children(module.name):
            hidden = child.name.rpartition(".")[2].startswith("_")
            if not hidden and (module.listed is None or (child.is_package and child.listed is not None)):
                yield from self._sections(child)

    @cached_property
    def public(self) -> dict[str, str]:
        """The page of every public name, dotted as the reader imports it."""
        return {
            f"{module.name}.{name}": page
            for page in self.pages
            for module in self.sections(page)
            for name in module.offered
        }

    @cached_property
    def documented(self) -> dict[str, str]:
        """The name that is on a page, by where it is defined; modules and names alike."""
        found = {module.name: module.name for page in self.pages for module in self.sections(page)}
        for name in self.public:
            if place := self.place(name):
                found.setdefault(place, name)
        return found

    # What a name stands for

    def place(self, dotted: str) -> str | None:
        """Where the library defines a dotted name; None for what is not the library's."""
        parent, _, name = dotted.rpartition(".")
        module = self.modules.get(parent)
        if module is not None and name in module.definitions:
            return dotted
        if module is not None and module.imports.get(name, dotted) != dotted:
            return self.place(module.imports[name])
        return dotted if dotted in self.modules else None

    def definition(self, dotted: str) -> tuple[Module, Definition] | None:
        """The module and the definition behind a public name."""
        place = self.place(dotted)
        parent, _, name = (place or "").rpartition(".")
        if parent not in self.modules or name not in self.modules[parent].definitions:
            return None
        return self.modules[parent], self.modules[parent].definitions[name]

    def resolve(self, text: str, module: Module, owner: str = "") -> str | None:
        """What the reference calls the thing that a text in ``module`` names, and None where it has no entry.

        Parameters
        ----------
        text : such as ``attack``, ``System.load`` or ``spectra.stft``
        module : in which the text stands
        owner : the class in whose docstring it stands
        """
        first, *rest = text.removesuffix("()").split(".")
        if owner and not rest and first in self.members(f"{module.name}.{owner}"):
            return self._entry(f"{module.name}.{owner}", [first])
        scopes = [module.name]
        while "." in scopes[-1]:
            scopes.append(scopes[-1].rpartition(".")[0])
        for start in [f"{scope}.{first}" for scope in scopes] + [first]:
            if place := self.place(start):
                return self._entry(place, rest)
        return None

    def _entry(self, place: str, rest: list[str]) -> str | None:
        while rest and place in self.modules:
            inner = self.place(f"{place}.{rest[0]}")
            if inner is None:
                return None
            place, rest = inner, rest[1:]
        if rest and rest not in [[member] for member in self.members(place)]:
            return None
        entry = self.documented.get(place)
        return None if entry is None else ".".join([entry, *rest])

    @cache  # noqa: B019
    def members(self, place: str) -> dict[str, Definition]:
        """The public methods, properties and fields of a class that are described, by name.

        What is not described is an override of what a base class describes, such as ``forward``.
        """
        found = self.definition(place)
        if found is None or not isinstance(found[1], ast.ClassDef):
            return {}
        module, node = found
        members: dict[str, Definition] = {}
        for item in node.body:
            target = item.targets[0] if isinstance(item, ast.Assign) else getattr(item, "target", item)
            name = target.id if isinstance(target, ast.Name) else getattr(target, "name", "_")
            if not name.startswith("_") and module.documentation(item, node.body):
                members[name] = item
        return members

    # What imports what

    def page_of(self, dotted: str) -> str | None:
        """The page of the module or package that holds a dotted name."""
        owners = {module.name: page for page, module in self.pages.items()}
        while dotted and dotted not in owners:
            dotted = dotted.rpartition(".")[0]
        return owners.get(dotted)

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """Of each page the pages whose modules it imports, anywhere in its files."""
        found: dict[str, set[str]] = {page: set() for page in self.pages}
        for module in self.modules.values():
            page = self.page_of(module.name)
            if page is not None:
                found[page] |= {other for name in module.imports.values() if (other := self.page_of(name))} - {page}
        return found


def imported_names(tree: ast.AST, package: str = "") -> dict[str, str]:
    """The dotted name of what each imported name stands for; relative imports start from ``package``."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
    return found


def _dotted(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join([folder.name, *(parts[:-1] if parts[-1] == "__init__" else parts)])
