"""Which package may import which: the library imports nothing from the book, and no package imports one above it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from refresh import ROOT

LIBRARY = ROOT / "lib" / "music_adversaries"
# From the ground up; the rooms of one floor import nothing of each other.
FLOORS = (
    "errors lazily",
    "cache",
    "audio",
    "spectra processing",
    "networks",
    "training evaluation defences",
    "adversary",
    "audition",
    "book.processes book.source book.provenance book.measurements book.live book.files book.tables",
    "book.records",
    "book.datasets",
    "book.partitions book.faults",
    "book.features",
    "book.baselines book.units",
    "book.harness",
    "book.experiments",
    "book.claims",
    "book.runs",
    "book.figures book.bench",
    "book.options",
    "book.attack",
    "book.cli",
    "cli",
    "book.main",
    "__main__",
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}
# What only the book needs: the library is imported, and attacks, without any of these.
OF_THE_BOOK = (
    "IPython",
    "ipywidgets",
    "jupyter_book",
    "librosa",
    "matplotlib",
    "midirenderer",
    "pandas",
    "pooch",
    "pretty_midi",
    "requests",
    "sklearn",
    "threadpoolctl",
    "yaml",
)


def room(parts: tuple[str, ...]) -> str:
    return ".".join(parts[:2] if parts[0] == "book" else parts[:1])


def imports(path: Path) -> Iterator[tuple[str, str, int]]:
    """Rooms that a file imports of, each as (its own, the other, line), wherever in the file."""
    here = path.relative_to(LIBRARY).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (
                (*here[: len(here) - node.level], *(node.module or "").split("."))
                if node.module
                else here[: -node.level]
            )
            for alias in node.names:
                yield room(here), room((*base, alias.name)), node.lineno


def test_nobody_imports_what_stands_above():
    files = [
        path for path in LIBRARY.rglob("*.py") if path not in (LIBRARY / "__init__.py", LIBRARY / "book/__init__.py")
    ]
    found = [(*one, path.relative_to(LIBRARY)) for path in files for one in imports(path)]
    assert len(found) > 400 and {here for here, *_ in found} <= set(FLOOR), "give a new room its floor"
    assert [one for one in found if one[0] != one[1] and FLOOR[one[0]] <= FLOOR[one[1]]] == []


def test_the_library_is_small():
    """A small library was asked for: without the book, and with every docstring."""
    files = [path for path in LIBRARY.rglob("*.py") if path.relative_to(LIBRARY).parts[0] != "book"]
    assert sum(len(path.read_text().splitlines()) for path in files) < 9_500
    assert max(len(line) for path in files for line in path.read_text().splitlines()) <= 120


WITHOUT_THE_BOOK = """
import importlib, pkgutil, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
import music_adversaries
for module in pkgutil.walk_packages(music_adversaries.__path__, "music_adversaries."):
    if not module.name.startswith("music_adversaries.book"):
        importlib.import_module(module.name)
{then}
"""


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (
            "import numpy as np, torch\n"
            "from music_adversaries.adversary import Model, attack\n"
            "class Mean(torch.nn.Module):\n"
            "    def forward(self, x):\n"
            "        level = x.square().mean(1, keepdim=True)\n"
            "        return torch.cat([level, 0.01 - level], 1)\n"
            "wave = np.random.default_rng(0).standard_normal(8000).astype('float32') / 20\n"
            "(result,) = attack(Model(Mean(), ['loud', 'soft'], reads='waveform'), [wave], ['soft'], method='pgd')\n"
            "print(result.outcome)",
            "reached",
        ),
        (
            "from music_adversaries.cli import main\nsys.argv = ['', 'data', 'audit', 'gtzan']\nmain()",
            "pandas is not installed, but this command needs it; install the book's part with: pip install \"music-adv",
        ),
    ],
    ids=["attack", "command of the book"],
)
def test_the_library_attacks_without_what_makes_the_book(then, said):
    code = WITHOUT_THE_BOOK.format(names=OF_THE_BOOK, then=then)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said in run.stdout + run.stderr and "Traceback" not in run.stderr, run.stderr
