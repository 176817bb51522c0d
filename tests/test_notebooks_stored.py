"""The stored notebooks are whole: executed in order, with their outputs, as tools/refresh.py writes them.

nbval compares only outputs that are there, so a notebook without outputs passes. And the outputs that it compares must
be the same on every processor: numbers from a training are in cells with the tag `nbval-ignore-output`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest

import refresh
from music_adversaries.book.claims import read_findings
from music_adversaries.book.datasets.synthetic import GENRES

NOTEBOOKS = refresh.chapters()
IGNORED = "nbval-ignore-output"
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
    ignored = sum(IGNORED in cell.metadata.get("tags", []) for cell in cells)
    assert 2 * ignored <= len(cells), f"nbval ignores {ignored} of {len(cells)} outputs; compare more"


def test_the_file_is_as_refresh_writes_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    refresh.normalise(notebook, path.name)
    assert refresh.serialise(notebook) == path.read_bytes(), "saved by another program; run `make refresh`"


# What is compared cannot depend on the processor
#
# Another processor trains slightly other networks. So a cell that is compared, and that uses anything that a training,
# an attack or a search in the audio found, may show words (a verdict, True) and only such numbers and labels as stand
# in its own code. What else it may show is known from the design (how many excerpts are asked for); then its metadata
# say so under "same_everywhere". `make portability` checks that the words are the same everywhere.

# Names of functions and methods.
FOUND_BY = {"trained_system", "run", "compute", "attack", "every_label", "find", "fit", "train", "backward"}
JUDGED_BY = {"judged"}  # what it returns are verdicts, compared as they are: `make portability` checks them
EXCUSE = "same_everywhere"
FOUND = re.compile(rf"\d+(?:[.,]\d+)*|\b(?:{'|'.join(GENRES)})\b")  # a number, or a label of the book's own dataset


class Followed:
    """Which names of a notebook hold what was found; cells are given in order.

    Errs on the safe side: whatever is computed from such a name, in any way but one (`JUDGED_BY`), is such a name.
    Through files nothing is followed.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.imported: set[str] = set()

    def cell(self, source: str) -> bool:
        """Follow a cell; returns whether it uses what was found."""
        tree = _parsed(source)
        uses = self.follow_all(tree.body)
        if any(_last_name(part) == "backward" for part in ast.walk(tree)):  # a training: of what, is not asked
            self.names |= _names(tree, ast.Store)
        return uses

    def uses(self, *nodes: ast.AST) -> bool:
        """Whether any of some expressions or statements uses what was found."""
        return any(
            bool(_read(node) & self.names) or any(_last_name(part) in FOUND_BY for part in ast.walk(node))
            for node in nodes
        )

    def follow_all(self, statements: list[ast.stmt]) -> bool:
        return any([self.follow(statement) for statement in statements])

    def follow(self, statement: ast.stmt) -> bool:
        """Note which names hold what was found after a statement; returns whether it uses any."""
        match statement:
            case ast.Import() | ast.ImportFrom():
                self.imported |= {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
                self.names |= {alias.asname or "" for alias in statement.names if alias.name in FOUND_BY}
            case ast.For(target=target, iter=source, body=body):
                uses = False
                for _ in range(2):  # the second time round, what the first left is known
                    self.mark(target, self.uses(source))
                    uses = self.follow_all(body) or uses
                return uses or self.uses(source)
            case ast.With(items=items, body=body):
                for item in items:
                    if item.optional_vars is not None:
                        self.mark(item.optional_vars, self.uses(item.context_expr))
                return self.follow_all(body) or self.uses(*(item.context_expr for item in items))
            case ast.If(test=test, body=body, orelse=otherwise):
                before = set(self.names)
                uses = self.follow_all(body)
                after, self.names = self.names, before
                uses = self.follow_all(otherwise) or uses or self.uses(test)
                self.names |= after
                return uses
        uses = self.uses(statement)
        if uses:  # whatever is assigned in passing, `(n := found)`
            self.names |= {part.target.id for part in ast.walk(statement) if isinstance(part, ast.NamedExpr)}
        match statement:
            case ast.Assign(targets=targets, value=ast.Call(func=function)) if _last_name(function) in JUDGED_BY:
                for target in targets:
                    self.mark(target, False)
            case ast.Assign(targets=targets):
                for target in targets:
                    self.mark(target, uses)
            case ast.FunctionDef() | ast.ClassDef():
                self.mark(ast.Name(statement.name, ast.Store()), uses)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner))) if uses:
                self.names |= {_name(owner)} - self.imported  # `rows.append(found)` changes rows
            case ast.Expr():
                pass
            case _ if uses:  # `a += found`, and what no chapter has yet
                self.names |= _names(statement, ast.Store)
        return uses

    def mark(self, target: ast.AST, found: bool) -> None:
        """Note whether the names in an assignment's target hold what was found."""
        whole = _names(target, ast.Store)
        if found:
            self.names |= whole | {_name(target)}  # of `rows[0] = found`, rows
        else:
            self.names -= whole


def _read(node: ast.AST) -> set[str]:
    """Names that it reads from outside: not those of its own comprehensions, nor of its functions."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            return {name}
        case (
            ast.ListComp(generators=generators)
            | ast.SetComp(generators=generators)
            | ast.DictComp(generators=generators)
            | ast.GeneratorExp(generators=generators)
        ):
            own = set().union(*(_names(part.target, ast.Store) for part in generators))
            return (_read_within(node) - own) | _read(generators[0].iter)
        case ast.FunctionDef() | ast.Lambda():
            own = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)} | _names(node, ast.Store)
            return _read_within(node) - own
    return _read_within(node)


def _read_within(node: ast.AST) -> set[str]:
    return set().union(*map(_read, ast.iter_child_nodes(node)))


def _parsed(source: str) -> ast.Module:
    return ast.parse("\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))))


def _last_name(node: ast.AST) -> str:
    """Of ``runs.run``, run; called or not."""
    match node:
        case ast.Attribute(attr=name, ctx=ast.Load()) | ast.Name(id=name, ctx=ast.Load()):
            return name
    return ""


def _names(node: ast.AST, kind: type[ast.expr_context]) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, kind)}


def _name(node: ast.AST) -> str:
    """The first name of an expression like ``a.b[c]()``, or none."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def shown(cell: nbformat.NotebookNode) -> str:
    """The text that nbval compares, but for the HTML that repeats it, and for how large a picture is."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {})
        kinds = ["text/markdown"] if "text/markdown" in data else ["text/plain"]
        texts += [output.get("text", "")]
        texts += [data.get(kind, "") for kind in kinds if not any(other.startswith("image/") for other in data)]
    return "\n".join(texts)


def not_from_the_code(cell: nbformat.NotebookNode) -> list[str]:
    """Numbers (those of excerpts, too) and labels that a cell shows and that do not stand in its code."""
    constants = [part.value for part in ast.walk(_parsed(cell.source)) if isinstance(part, ast.Constant)]
    return sorted(set(FOUND.findall(shown(cell))) - set(FOUND.findall(" ".join(map(str, constants)))))


def test_nothing_compared_depends_on_the_processor(path: Path, cells: list[nbformat.NotebookNode]) -> None:
    followed, wrong = Followed(), {}
    for cell in cells:
        uses = followed.cell(cell.source)
        if uses and IGNORED not in cell.metadata.get("tags", []) and not cell.metadata.get(EXCUSE):
            if found := not_from_the_code(cell):
                wrong[cell.id] = found
    assert not wrong, (
        f"{path.name} compares what a training or an attack found: {wrong}. Tag those cells {IGNORED!r} and "
        f"state the finding in a cell beside it; or if they are the same on every processor, say in the cell's "
        f"metadata, under {EXCUSE!r}, why."
    )


def test_an_excuse_is_needed_and_given(path: Path, cells: list[nbformat.NotebookNode]) -> None:
    followed = Followed()
    for cell in cells:
        needed = followed.cell(cell.source) and IGNORED not in cell.metadata.get("tags", []) and not_from_the_code(cell)
        if EXCUSE in cell.metadata:
            assert needed, f"{path.name}, {cell.id}: shows nothing that needs the excuse"
            assert len(cell.metadata[EXCUSE].split()) >= 3, f"{path.name}, {cell.id}: say why in words"


@pytest.mark.parametrize(
    ("cells_before", "last", "uses"),
    [
        ([], "system = harness.trained_system(config)", True),
        (["system = harness.trained_system(config)"], "print(system.labels)", True),
        (["system = harness.trained_system(config)"], "print(config)", False),
        (["r = run('x', config)\nq = [row for row in r.rows]"], "print(len(q))", True),
        (["r = run('x', config)", "r = recorded('x')"], "print(r)", False),
        (["rows = []\nfor r in attack(x):\n    rows.append(r)"], "print(rows)", True),
        (["rows = {}\nrows['a'] = attack(x)"], "rows", True),
        (["def f(x):\n    return system.classify(x)", "y = f(1)"], "y", False),
        (["system = trained_system(c)", "def f(x):\n    return system.classify(x)", "y = f(1)"], "y", True),
        (["with open('x') as f:\n    y = attack(f)"], "y", True),
        (["a = attack(x)", "for a in range(3):\n    print(a)"], "a", False),
        (["a = 1\nif b:\n    a = attack(x)"], "a", True),
        (["a = attack(x)", "def f(b):\n    a = b\n    return a"], "f(1)", False),
        (["print(n := sum(attack(x)))"], "print(n)", True),
        (["from experiments import trained_system as get", "s = get(c)"], "print(s)", True),
        (["get = harness.trained_system", "s = get(c)"], "print(s)", True),
        (["r = attack(x)"], "print(len(r), [r for r in ()])", True),
        (["r = attack(x)"], "print([r for r in (1, 2)])", False),
        (["r = attack(x)"], "print([s for s in r])", True),
        (["import figures", "x = attack()", "figures.draw(x)"], "figures.draw(1)", False),
        (["r = attack(x)", "def f(r):\n    return r", "y = [f(r) for r in others]"], "y", False),
        (["a = 1\na += attack(x)", "a += 1"], "a", True),
        (["model = M()\nloss(model(x)).backward()"], "print(model(x))", True),
        (["for i in range(2):\n    b = a\n    a = attack(x)"], "b", True),
        (["r = run('x', c)", "j = claims.judged(r)"], "print(j)", False),
        (["r = run('x', c)", "j = f(claims.judged(r), r)"], "print(j)", True),
        (["r = run('x', c)", "j = claims.judged(r)"], "print(j, r)", True),
    ],
)
def test_what_was_found_is_followed(cells_before: list[str], last: str, uses: bool) -> None:
    followed = Followed()
    for source in cells_before:
        followed.cell(source)
    assert followed.cell(last) == uses


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        ("print(f'{k} of 20')", "18 of 20", ["18"]),
        ("print(snr >= 15)", "True", []),
        ("print('within 15 dB:', ok)", "within 15 dB: True", []),
        ("print(excerpt)", "jazz.00018", ["00018", "jazz"]),
        ("print('as reggae:', label == 'reggae')", "as reggae: True", []),
        ("print(x)", "0.69", ["0.69"]),
    ],
)
def test_numbers_that_stand_in_the_code_are_no_finding(source: str, text: str, found: list[str]) -> None:
    output = nbformat.v4.new_output("stream", text=text)
    assert not_from_the_code(nbformat.v4.new_code_cell(source, outputs=[output])) == found


# --- verdicts ---


def test_a_chapter_asks_the_ledger_for_its_verdicts(path: Path, cells: list[nbformat.NotebookNode]) -> None:
    code = "\n".join(cell.source for cell in cells)
    draws = r"claims\.(decide|verdict)|decide_within|held_against|import[^\n]*\bdecide\b|(REPRODUCED|CONTRADICTED) if\b"
    assert not re.search(draws, code), "let an entry of claims.yml draw the line: claims.finding(...)"
    assert not re.search(r"\.name\.split", code), "select by conditions rather than parse a name"
    stated = {finding.id for finding in read_findings() if finding.chapter == path.stem}
    assert stated == {id for id in stated if re.search(rf"""["']{id}["']""", code)}, "a finding that no cell asks for"
    assert set(re.findall(r"""claims\.finding\(\s*["']([\w-]+)["']""", code)) <= stated, "a finding of another chapter"
