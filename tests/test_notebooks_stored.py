"""The stored notebooks are whole: executed in order, with their outputs, as tools/refresh.py writes them.

nbval compares outputs that are there; it passes a notebook that was stripped of them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

import refresh

NOTEBOOKS = refresh.chapters()
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def cells(path: Path) -> list[nbformat.NotebookNode]:
    """The code cells that have code."""
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def test_the_book_has_notebooks() -> None:
    assert NOTEBOOKS, "book/ holds no notebook"


def test_every_cell_was_executed_in_order(cells: list[nbformat.NotebookNode]) -> None:
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run `make refresh`"


def test_no_cell_failed_or_complained(cells: list[nbformat.NotebookNode]) -> None:
    for cell in cells:
        assert not {"raises-exception", "nbval-skip"} & set(cell.metadata.get("tags", [])), cell.source
        for output in cell.outputs:
            assert output.output_type != "error", f"cell {cell.execution_count}: {output.evalue}"
            assert output.get("name") != "stderr", f"cell {cell.execution_count}: {output.text}"


def surely_shows(source: str) -> bool:
    """Whether a cell prints at its top level, or ends in a value that a notebook shows."""
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    statements = ast.parse("\n".join(lines)).body
    expressions = [statement.value for statement in statements if isinstance(statement, ast.Expr)]
    for value in expressions:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("print", "display"):
            return True
    ends_in_value = bool(statements) and isinstance(statements[-1], ast.Expr)
    return ends_in_value and not isinstance(statements[-1].value, ast.Call)


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        ("print('a')\nx = 1", True),
        ("x = 1\nx", True),
        ("%matplotlib inline\nf'{x}'", True),
        ("x", True),
        ("x = 1", False),
        ("items.append(1)", False),
        ("def f():\n    print(1)", False),
    ],
)
def test_what_a_cell_shows_is_told_from_its_code(source: str, shows: bool) -> None:
    assert surely_shows(source) == shows


def test_outputs_are_stored(cells: list[nbformat.NotebookNode]) -> None:
    stripped = [cell.execution_count for cell in cells if surely_shows(cell.source) and not cell.outputs]
    assert not stripped, f"cells {stripped} show something but store nothing; run `make refresh`"
    assert any(cell.outputs for cell in cells), "a chapter without a single result"


def test_no_address_in_memory_is_stored(cells: list[nbformat.NotebookNode]) -> None:
    for cell in cells:
        for output in cell.outputs:
            text = output.get("text", "") + "".join(output.get("data", {}).get("text/plain", ""))
            assert not ADDRESS.search(text), f"cell {cell.execution_count} shows {text!r}; assign it to _"


def test_no_value_is_hidden_with_a_semicolon(cells: list[nbformat.NotebookNode]) -> None:
    """IPython hides it and nbval, which runs cells without a history, does not: the two would differ."""
    for cell in cells:
        assert not cell.source.rstrip().endswith(";"), f"cell {cell.execution_count}: assign the value to _ instead"


def test_most_outputs_are_compared(cells: list[nbformat.NotebookNode]) -> None:
    ignored = sum("nbval-ignore-output" in cell.metadata.get("tags", []) for cell in cells)
    assert 2 * ignored <= len(cells), f"nbval ignores {ignored} of {len(cells)} outputs; compare more"


def test_the_file_is_as_refresh_writes_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    refresh.normalise(notebook, path.name)
    assert refresh.serialise(notebook) == path.read_bytes(), "saved by another program; run `make refresh`"
