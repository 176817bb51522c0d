"""Sphinx extension: the pages of the reference, made of the library's docstrings.

``.. api:: PAGE`` is a whole page: what a module or package says of itself, a table of what it offers, and an entry for
each name. ``.. api-index::`` lists the pages. Which names those are, :mod:`codebase` says; how docstrings become text,
:mod:`docstrings`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective, SphinxRole

from codebase import FLOORS, ROOT, Codebase, Definition, Module, summary
from docstrings import to_rst

LONGEST_VALUE = 72  # characters of a constant or default that is shown
SCOPE = "api-scope"  # in Sphinx's temporary data: module and class whose docstring is being read


@cache
def codebase() -> Codebase:
    return Codebase()


# Signatures


def annotation(node: ast.expr | None, module: Module) -> str:
    """An annotation as it is written, with the library's own classes as links: ``~music_adversaries....Model``."""
    return "" if node is None else ast.unparse(_Links(module).visit(ast.parse(ast.unparse(node), mode="eval")))


class _Links(ast.NodeTransformer):
    def __init__(self, module: Module) -> None:
        self.module = module

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._link(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._link(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return node

    def _link(self, node: ast.expr) -> ast.expr:
        entry = codebase().resolve(ast.unparse(node), self.module)
        return node if entry is None else ast.parse(f"~{entry}", mode="eval").body


def parameters(arguments: ast.arguments, module: Module, *, bound: bool = False) -> list[str]:
    """The parameters of a function as they are written; ``bound`` leaves the first out."""

    def written(argument: ast.arg, default: ast.expr | None = None, stars: str = "") -> str:
        kind = annotation(argument.annotation, module)
        text = stars + argument.arg + (f": {kind}" if kind else "")
        if default is None:
            return text
        return f"{text}={shortened(default, module)}"

    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    result = [written(argument, default) for argument, default in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        result.insert(len(arguments.posonlyargs), "/")
    if bound:
        del result[0]
    if arguments.vararg:
        result.append(written(arguments.vararg, stars="*"))
    elif arguments.kwonlyargs:
        result.append("*")
    result += [written(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if arguments.kwarg:
        result.append(written(arguments.kwarg, stars="**"))
    return result


def shortened(node: ast.expr, module: Module) -> str:
    """A value as it is written, or three dots where that is long."""
    value = module.written(node)
    return value if len(value) <= LONGEST_VALUE else "..."


def decorators(node: ast.AST) -> set[str]:
    """Names of decorators: ``dataclass``, ``property``, ``staticmethod``."""
    plain = (each.func if isinstance(each, ast.Call) else each for each in getattr(node, "decorator_list", []))
    return {ast.unparse(each).rpartition(".")[2] for each in plain}


def is_command(node: ast.AST) -> bool:
    """Whether click makes a command of a function: an object that takes other arguments than are written."""
    return bool({"command", "group"} & decorators(node))


def bases(node: ast.ClassDef, module: Module) -> list[tuple[Module, ast.ClassDef]]:
    """The classes of the library that a class inherits from directly."""
    places = (codebase().place(f"{module.name}.{ast.unparse(base)}") for base in node.bases)
    found = (codebase().definition(place) for place in places if place)
    return [each for each in found if each and isinstance(each[1], ast.ClassDef)]


def fields(node: ast.ClassDef, module: Module) -> dict[str, str]:
    """The parameters that a dataclass or named tuple has of its fields, inherited ones first."""
    result: dict[str, str] = {}
    for where, base in bases(node, module):
        if "dataclass" in decorators(base):
            result |= fields(base, where)
    for item in node.body:
        if not isinstance(item, ast.AnnAssign) or "ClassVar" in ast.unparse(item.annotation):
            continue
        default = shortened(item.value, module) if item.value else ""
        if isinstance(item.value, ast.Call) and ast.unparse(item.value.func).endswith("field"):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in item.value.keywords}
            if given.get("init") == "False":
                continue
            factory = given.get("default_factory")
            default = given.get("default", f"{factory}()" if factory else "")
        kind = annotation(item.annotation, module)
        name = ast.unparse(item.target)
        result[name] = f"{name}: {kind}" + (f"={default}" if default else "")
    return result


def constructor(node: ast.ClassDef, module: Module) -> list[str] | None:
    """The parameters that make an object of a class; None where the library does not say."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return parameters(item.args, module, bound=True)
    if "dataclass" in decorators(node):
        keyword = any("kw_only=True" in ast.unparse(each) for each in node.decorator_list)
        return [*(["*"] if keyword else []), *fields(node, module).values()]
    if any(ast.unparse(base).endswith("NamedTuple") for base in node.bases):
        return list(fields(node, module).values())
    return next((constructor(base, where) for where, base in bases(node, module)), None)


# Entries


def entry(dotted: str) -> Iterator[str]:
    """The lines of a public name's entry."""
    found = codebase().definition(dotted)
    name = dotted.rpartition(".")[2]
    if found is None:
        return
    module, node = found
    if isinstance(node, ast.ClassDef):
        given = constructor(node, module)
        yield from _directive("py:class", name + ("" if given is None else f"({', '.join(given)})"))
        body = to_rst(ast.get_docstring(node) or "")
        inherited = ", ".join(f"`{ast.unparse(base)}`" for base in node.bases)
        if inherited:
            body = [*body, "", f":Bases: {inherited}"]
        yield from _indented(body)
        for member, item in codebase().members(f"{module.name}.{node.name}").items():
            yield from _indented(_member(member, item, node, module))
    elif is_command(node):
        yield from _directive("py:data", name, type="click.Command")
        yield from _indented(to_rst(module.documentation(node)))
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _function("py:function", name, node, module, bound=False)
    else:
        yield from _value("py:data", name, node, module.documentation(node), module)


def _member(name: str, item: Definition, owner: ast.ClassDef, module: Module) -> Iterator[str]:
    if isinstance(item, ast.AnnAssign | ast.Assign):
        yield from _value("py:attribute", name, item, module.documentation(item, owner.body), module)
    elif {"property", "cached_property"} & decorators(item):
        kind = annotation(item.returns, module)
        yield from _directive("py:property", name, type=kind)
        yield from _indented(to_rst(ast.get_docstring(item) or ""))
    else:
        how = {"classmethod", "staticmethod"} & decorators(item)
        yield from _function(
            "py:method", name, item, module, bound="staticmethod" not in how, **dict.fromkeys(sorted(how), "")
        )


def _function(
    kind: str, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, *, bound: bool, **options: str
) -> Iterator[str]:
    returned = annotation(node.returns, module)
    signature = f"{name}({', '.join(parameters(node.args, module, bound=bound))})"
    yield from _directive(kind, signature + (f" -> {returned}" if returned else ""), **options)
    yield from _indented(to_rst(ast.get_docstring(node) or ""))


def _value(kind: str, name: str, node: ast.Assign | ast.AnnAssign, said: str, module: Module) -> Iterator[str]:
    value = shortened(node.value, module) if node.value else ""
    noted = annotation(getattr(node, "annotation", None), module)
    yield from _directive(
        kind, name, **({"type": noted} if noted else {}), **({"value": value} if value not in ("", "...") else {})
    )
    yield from _indented(to_rst(said))


def _directive(kind: str, signature: str, **options: str) -> Iterator[str]:
    # A backslash in a signature is read as an escape.
    yield f".. {kind}:: {signature.replace(chr(92), chr(92) * 2)}"
    yield from (f"   :{name}: {value}".rstrip() for name, value in options.items())
    yield ""


def _indented(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"   {line}".rstrip() for line in lines)
    yield ""


# Pages


class _Page(SphinxDirective):
    """What both directives need: sections, and text that is read in the scope of a module."""

    def text(self, lines: Iterable[str], module: Module, owner: str = "") -> list[nodes.Node]:
        self.env.temp_data[SCOPE] = module, owner
        container = nodes.Element()
        container.document = self.state.document
        self.state.nested_parse(StringList(list(lines), source=module.path.as_posix()), 0, container)
        del self.env.temp_data[SCOPE]
        return container.children

    def section(self, title: str, content: Iterable[nodes.Node], name: str) -> nodes.section:
        section = nodes.section(ids=[name])
        section += nodes.title(title, title)
        section += list(content)
        return section


def table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Names and sentences, as the lines of a table without a head."""
    yield from (".. list-table::", "   :class: api-table", "   :widths: 30 70", "")
    for name, sentence in rows:
        yield from (f"   * - {name}", f"     - {' '.join(to_rst(sentence))}")
    yield ""


class ApiPage(_Page):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        page = self.arguments[0]
        if page not in codebase().pages:
            raise self.error(f"The library has no module {page!r} that has a page; run tools/api_pages.py.")
        titles = [codebase().title(page), *(module.name.rpartition(".")[2] for module in codebase().sections(page)[1:])]
        whole, *others = map(self.about, codebase().sections(page), titles)
        whole += others
        return [whole]

    def about(self, module: Module, title: str) -> nodes.section:
        """The section of one module: its docstring, a table of what it offers, an entry for each name."""
        self.env.note_dependency(str(module.path))
        names = [f"{module.name}.{name}" for name in module.offered]
        parent, _, last = module.name.rpartition(".")
        content = self.text([f".. py:module:: {module.name}", "", f"``from {parent} import {last}``", ""], module)
        content += self.text(to_rst(module.docstring), module)
        if len(names) > 1:
            content += self.text(table((f"`{name.rpartition('.')[2]}`", self.sentence(name)) for name in names), module)
        for name in names:
            found = codebase().definition(name)
            if found is None:
                raise self.error(f"{name} is offered, but nowhere defined.")
            where, node = found
            self.env.note_dependency(str(where.path))
            content += self.text(entry(name), where, getattr(node, "name", ""))
        return self.section(title, content, last)

    @staticmethod
    def sentence(dotted: str) -> str:
        module, node = codebase().definition(dotted)
        return summary(module.documentation(node))


class ApiIndex(_Page):
    def run(self) -> list[nodes.Node]:
        result: list[nodes.Node] = []
        for floor in codebase().floors:
            module = codebase().modules[floor]
            rows = (
                (f":doc:`{codebase().title(page)} </book/api/{page}>`", summary(about.docstring))
                for page, about in codebase().pages.items()
                if codebase().floor(page) == floor
            )
            content = self.text([*to_rst(module.docstring), "", *table(rows)], module)
            result.append(self.section(FLOORS[floor], content, floor.replace(".", "-")))
        return result


class Documented(SphinxRole):
    """The role of single backticks: a link where the name has an entry, code where it has none."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        literal = nodes.literal(self.rawtext, self.text)
        module, owner = self.env.temp_data.get(SCOPE, (codebase().modules[ROOT], ""))
        target = codebase().resolve(self.text, module, owner)
        if target is None:
            return [literal], []
        reference = pending_xref(
            self.rawtext, literal, refdomain="py", reftype="obj", reftarget=target, refdoc=self.env.docname
        )
        return [reference], []


def resolve_alias(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Node) -> nodes.Node | None:
    """An annotation may name an alias, such as ``Layers``, which Sphinx holds for data and no class."""
    if node.get("refdomain") == "py" and node.get("reftype") == "class" and node["reftarget"] in codebase().public:
        domain = env.get_domain("py")
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", node["reftarget"], node, content)
    return None


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("api", ApiPage)
    app.add_directive("api-index", ApiIndex)
    app.add_role("documented", Documented())
    app.connect("missing-reference", resolve_alias)
    app.config.default_role = "documented"
    app.config.add_module_names = False
    app.config.smartquotes_action = "qe"  # quotes and dots, but no dashes: `--out` is an option
    app.config.toc_object_entries_show_parents = "hide"
    app.config.python_maximum_signature_line_length = 80
    # What is not the library's has no entry here, and need not have one.
    app.config.nitpick_ignore_regex = [("py:(class|obj)", rf"(?!{ROOT}\.).*")]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
