"""The types that the library ships (py.typed): mypy agrees with them, and every `Any` has a reason."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from refresh import ROOT

LIBRARY = ROOT / "lib" / "music_adversaries"
CACHE = ROOT / ".mypy_cache"

JSON = "what was read from JSON or YAML: of any shape, until it is checked"
ROW = "a row of a table, whose columns are the experiment's own"
CONDITIONS = "the values of conditions, each of its own type"
CHANGES = "some fields of a dataclass, each of its own type; dataclasses.replace refuses other names"
# Every public function, method, field and alias whose types say `Any`, and why no type says more.
ANY = {
    "adversary.algorithm1.Algorithm1.published_code": CHANGES,
    "adversary.directives.every_label": "the settings of `attack`, passed on",
    "adversary.judge.result_of": "the other fields of a result, passed on",
    "adversary.methods.method": "the options of any method, which its dataclass names",
    "adversary.result.AdversaryResult.report": "all fields but the audio, for JSON",
    "book.attack.attack": "click's options, passed on",
    "book.claims.finding.finding": CONDITIONS,
    "book.claims.judge.judgements": ROW,
    "book.claims.paper.paper_cell": ROW,
    "book.claims.paper.paper_row": ROW,
    "book.claims.paper.paper_rows": ROW,
    "book.claims.paper.paper_text": ROW,
    "book.claims.text.format_table": ROW,
    "book.cli.run": "click's options, passed on",
    "book.datasets.manifest.Manifest.rows": "cells of text and of numbers, and columns that only some manifests have",
    "book.experiments.table1.pooled": JSON,
    "book.files.Folder.__init__": "what an adversary depends on, for JSON",
    "book.harness.attacking.attack_within": ROW,
    "book.harness.attacking.nested": ROW,
    "book.harness.config.Config.but": CHANGES,
    "book.harness.config.from_environment": CHANGES,
    "book.harness.decisions.decide": JSON,
    "book.harness.decisions.decide_all": JSON,
    "book.harness.parts.Part.find": JSON,
    "book.harness.parts.in_turn": JSON,
    "book.harness.parts.seconds_of": JSON,
    "book.measurements.Measurement": ROW,
    "book.records.Record.config": JSON,
    "book.records.Record.find": CONDITIONS,
    "book.records.Record.one": CONDITIONS,
    "book.records.Record.provenance": JSON,
    "book.records.Record.rows": CONDITIONS,
    "book.records.Record.tables": ROW,
    "cache.parse_json": JSON,
    "cache.read_json": JSON,
    "cache.read_tensors": "whatever a file of tensors holds, which its reader checks",
    "cache.unsealed": JSON,
    "networks.system.System.metadata": "whatever the one who trained a system wants to keep with it",
    "training.Schedule.but": CHANGES,
}
GENERIC = {"Callable", "Iterable", "Iterator", "Mapping", "Sequence", "dict", "list", "set", "tuple", "type"}


def mypy(*arguments: str) -> list[str]:
    """What mypy says with the project's settings, a line an error."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(CACHE), "--no-error-summary", *arguments]
    environment = os.environ | {"MYPYPATH": str(ROOT / "lib")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def test_mypy_agrees_with_the_types_of_the_library():
    assert mypy() == []


def test_mypy_finds_what_is_wrong(tmp_path):
    """With the settings that the library is checked with; what the library offers is seen with its types."""
    planted = {
        "call-overload": "print(spectra.radius('loud', 15))",
        "return-value": "def loudest(waveform: np.ndarray) -> str:\n    return float(waveform.max())",
        "no-untyped-def": "def loudest(waveform):\n    return waveform",
        "arg-type": "DNN(1.0, 10)",
        "unused-ignore": "n: int = 1  # type: ignore[assignment]",
        "import-not-found": "import no_such_library",
    }
    used = ("import numpy as np", "from music_adversaries import spectra", "from music_adversaries.networks import DNN")
    for error, code in planted.items():
        (tmp_path / f"{error.replace('-', '_')}.py").write_text("\n".join([*used, code, ""]))
    said = [line for line in mypy(*map(str, tmp_path.iterdir())) if tmp_path.name in line]
    found = {Path(line.split(":")[0]).stem.replace("_", "-"): line.rpartition("[")[2].rstrip("]") for line in said}
    assert len(said) == len(planted) and found == {error: error for error in planted}


def says_any(annotation: ast.expr | None) -> bool:
    """Whether an annotation says `Any`, or leaves open what a container holds or a function takes."""
    nodes = [] if annotation is None else list(ast.walk(annotation))
    closed = {id(node.value) for node in nodes if isinstance(node, ast.Subscript)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    return any(name.id == "Any" or (name.id in GENERIC and id(name) not in closed) for name in names)


def annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr | None]:
    given = node.args
    stars = [argument for argument in (given.vararg, given.kwarg) if argument]
    yield from (one.annotation for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *stars))
    yield node.returns


def is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__")


def open_names(body: list[ast.stmt], within: str) -> Iterator[str]:
    """The public names of a module or class whose types say `Any`."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            if is_public(node.name):
                yield from open_names(node.body, f"{within}.{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if is_public(node.name) and any(map(says_any, annotations(node))):
                yield f"{within}.{node.name}"
        elif isinstance(node, ast.AnnAssign):
            if is_public(name := ast.unparse(node.target)) and says_any(node.annotation):
                yield f"{within}.{name}"
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):  # perhaps an alias
            names = {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
            if is_public(name := ast.unparse(node.targets[0])) and "Any" in names:
                yield f"{within}.{name}"


def test_any_has_a_reason():
    found = set()
    for path in LIBRARY.rglob("*.py"):
        parts = [part for part in path.relative_to(LIBRARY).with_suffix("").parts if part != "__init__"]
        if all(map(is_public, parts)):
            found |= set(open_names(ast.parse(path.read_text(encoding="utf-8")).body, ".".join(parts)))
    assert found - set(ANY) == set(), "these say Any, or leave open what a container holds; a type, or a reason in ANY"
    assert set(ANY) - found == set(), "these say Any no longer, or are no more: leave them out of ANY"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def f(x: Any) -> int: ...", ["m.f"]),
        ("def f(*, x: dict[str, Any]) -> int: ...", ["m.f"]),
        ("def f(**x: Any) -> int: ...", ["m.f"]),
        ("def f() -> list: ...", ["m.f"]),
        ("def f(x: Callable) -> int: ...", ["m.f"]),
        ("async def f(x: tuple | None) -> int: ...", ["m.f"]),
        ("class C:\n    def __init__(self, x: Any) -> None: ...", ["m.C.__init__"]),
        ("class C:\n    x: dict\n    y: dict[str, int]", ["m.C.x"]),
        ("X = dict[str, Any]", ["m.X"]),
        ("def f(x: Callable[..., int], y: list[tuple[int, ...]]) -> dict[str, object]: ...", []),
        ("def _f(x: Any) -> Any: ...\nclass _C:\n    x: Any\n_x: Any = 1", []),
        ("def f() -> None:\n    x: Any = 1", []),
    ],
)
def test_what_says_any(code, names):
    assert list(open_names(ast.parse(code).body, "m")) == names


def test_what_is_ignored_has_a_code_and_a_reason():
    for path in LIBRARY.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "type: ignore" in line:
                assert re.search(r"# type: ignore\[[a-z-]+\]  # \w", line), f"{path}: {line.strip()}"
