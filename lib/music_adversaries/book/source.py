"""The version of the code that made a result, for the keys under which results are kept.

A version is a hash of what the code *does*: of its syntax without comments, docstrings and layout. So every kept
result stays valid when comments and docstrings are edited. The hash is the same on every version of Python.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: Modules that do not change results: results stay valid when these modules are edited.
CARRIERS = ("cache", "errors", "lazily", "book/processes", "book/source")
# What a parser notes in addition to the syntax: it is redundant, or differs between versions of Python.
_NOTES = ("ctx", "kind", "type_comment")


def code_version(*modules: str) -> str:
    """Short hash of the syntax of the named library modules (``"spectra"``, ``"datasets/synthetic"`` ...).

    It is part of every cache key: after an edit of the code, results of the old code are not used any more.
    A name may be a module, or a package; a package stands for all files in it.
    """
    return _version(tuple(sorted(modules)))


def imported_by(*modules: str, without: Iterable[str] = ()) -> tuple[str, ...]:
    """The named modules and all modules of this library that they import, at any depth, sorted.

    Parameters
    ----------
    modules : as in `code_version`
    without : packages and modules to leave out, besides `CARRIERS`, together with what only they import; such as
        datasets, if a fingerprint stands for their content

    A package from which names are imported stands for all files in it.
    """
    return _imported_by(modules, (*CARRIERS, *without))


@cache
def _version(modules: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for file in sorted({file for name in modules for file in _files(name)}):
        digest.update(f"{file.relative_to(ROOT).as_posix()} {_syntax_hash(file)}\n".encode())
    return digest.hexdigest()[:12]


@cache
def _imported_by(modules: tuple[str, ...], without: tuple[str, ...]) -> tuple[str, ...]:
    found: set[str] = set()
    waiting = [file for name in modules for file in _files(name)]
    while waiting:
        file = waiting.pop()
        name = file.relative_to(ROOT).with_suffix("").as_posix()
        if name in found or any(name == left or name.startswith(f"{left}/") for left in without):
            continue
        found.add(name)
        waiting += [other for imported in _imports(file) for other in _files(imported)]
    return tuple(sorted(found))


def _files(name: str) -> list[Path]:
    """The file of a module, or all files of a package."""
    path = ROOT / name
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


def _imports(file: Path) -> Iterator[str]:
    """Modules and packages of this library that a file imports by relative imports, anywhere in it.

    A file that uses ``import_module``, with a name known only at run time, may import everything in its own package.
    """
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Name) and node.id == "import_module":
            yield file.parent.relative_to(ROOT).as_posix()
        if not (isinstance(node, ast.ImportFrom) and node.level):
            continue
        folder = file.parents[node.level - 1]
        if node.module:
            folder = folder.joinpath(*node.module.split("."))
        if not folder.is_dir():
            imported = [folder]
        elif folder in (ROOT, ROOT / "book", file.parent):
            # From a package of packages, and from its own package, a file imports modules.
            within = [folder / alias.name for alias in node.names]
            imported = [path for path in within if path.is_dir() or path.with_suffix(".py").exists()]
        else:
            # A name may be a module, a function of the same name, or anything that any of the modules defines.
            imported = [folder]
        yield from (path.relative_to(ROOT).as_posix() for path in imported)


@cache
def _syntax_hash(file: Path) -> str:
    return syntax_hash(_tree(file))


def syntax_hash(tree: ast.Module) -> str:
    """Hash of a parsed module; two modules that differ in comments, docstrings or layout have the same."""
    words: list[str] = []
    _write(tree, words)
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _is_prose(node: Any) -> bool:
    """Whether it is a docstring, or the string that describes an attribute below it: both do nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _write(node: Any, words: list[str]) -> None:
    """Append a node as words that determine it; empty fields are left out, since older Pythons do not have all."""
    if isinstance(node, ast.AST):
        words.append(type(node).__name__)
        for field in node._fields:
            value: Any = getattr(node, field, None)
            if isinstance(value, list):
                value = [item for item in value if not _is_prose(item)]
            if field in _NOTES or value == [] or (value is None and not isinstance(node, ast.Constant)):
                continue
            words.append(field)
            _write(value, words)
        words.append(")")
    elif isinstance(node, list):
        for item in node:
            _write(item, words)
    else:
        words.append(repr(node))
