"""Keys of results: which edits of the code make a result stale, and that edits of comments and docstrings do not."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys

import pytest

from music_adversaries.book import source
from music_adversaries.book.source import code_version, imported_by, syntax_hash

CODE = '''"""What it is."""
import math


class Line:
    """A line."""

    slope: float = 1.0

    def at(self, x, *, shift=None):
        """Its height."""
        return f"{math.floor(x) * self.slope + (shift or 0):>6.2f}"
'''


def version(text: str) -> str:
    return syntax_hash(ast.parse(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""What it is."""', '"""Something else.\n\nAt length."""'),
        ('"""What it is."""\n', ""),
        ('    """A line."""\n\n', ""),
        ('        """Its height."""', '        """How high it is."""  # measured from below'),
        ("slope: float = 1.0", "slope: float = (1.0)  # no unit"),
        ("slope: float = 1.0", 'slope: float = 1.0\n    """Rise over run."""'),
        ("import math\n", "# the standard library's\nimport math\n"),
        ("return f", "return  f"),
        (
            "def at(self, x, *, shift=None):",
            "def at(\n        self,\n        x,\n        *,\n        shift=None,\n    ):",
        ),
    ],
)
def test_prose_and_layout_change_no_version(old, new):
    assert old in CODE
    assert version(CODE.replace(old, new)) == version(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.0", "2.0"),
        ("1.0", "1"),
        (":>6.2f", ":>6.3f"),
        ("*, shift=None", "shift=None"),
        ("shift=None", "shift=0"),
        ("math.floor", "math.ceil"),
        ("slope", "steepness"),
        ("(shift or 0)", "(shift and 0)"),
        ("+ (", "- ("),
        ("import math", "import math, cmath"),
        ("return f", "yield f"),
        ("    def at", "    @staticmethod\n    def at"),
    ],
)
def test_whatever_the_code_does_changes_the_version(old, new):
    assert old in CODE
    assert version(CODE.replace(old, new)) != version(CODE)


def test_a_text_that_the_code_uses_counts():
    assert version('x = "one"') != version('x = "two"')
    assert version('print("one")') != version('print("two")')
    assert version("f'{x}one'") != version("f'{x}two'")
    # Below an attribute it describes that attribute, and does nothing.
    assert version('x = 1\n"""one"""') == version('x = 1\n"""two"""') == version("x = 1")


def test_the_version_is_the_same_on_every_python():
    """A stored value: manifests hold checksums that follow from such versions, and everybody has the same manifests."""
    assert version(CODE).startswith("74f38fb534cc32d66e349b85")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small library of modules in place of this one."""
    for name, text in {
        "__init__": "",
        "errors": "x = 1",
        "alone": "x = 1",
        "sound": "from .errors import x",
        "networks/__init__": "",
        "networks/deep": "from ..sound import x",
        "networks/wide": "",
        "attack/__init__": "",
        "attack/paper": "from ..networks import Deep\nfrom . import tools",
        "attack/tools": "def late():\n    from .. import data\n",
        "data/__init__": "from .. import alone",
    }.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    monkeypatch.setattr(source, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    for function in (source._version, source._imported_by, source._tree, source._syntax_hash):
        function.cache_clear()


def test_a_module_depends_on_what_it_imports_at_any_depth(package):
    used = {"attack/paper", "attack/tools", "networks/__init__", "networks/deep", "networks/wide", "sound"}
    assert set(imported_by("attack/paper", without=("data",))) == used
    assert set(imported_by("attack/paper")) == used | {"data/__init__", "alone"}
    assert imported_by("networks/wide") == ("networks/wide",)
    assert set(imported_by("sound", "alone")) == {"alone", "sound"}  # and not `errors`, which carries no result


def test_a_name_that_is_a_module_too_stands_for_the_package(package):
    """`from ..attack import paper` may be the function that a lazy package offers, which imports its siblings late."""
    (package / "data/made.py").write_text("from ..attack import paper\n")
    assert {"attack/__init__", "attack/paper", "attack/tools"} <= set(imported_by("data/made"))


def test_a_module_that_imports_by_name_may_import_its_whole_package(package):
    (package / "attack/methods.py").write_text("from importlib import import_module\nload = import_module\n")
    (package / "data/made.py").write_text("from ..attack.methods import load\n")
    assert {"attack/methods", "attack/paper", "attack/tools"} <= set(imported_by("data/made"))


def test_a_version_is_of_the_named_modules_alone(package):
    def versions():
        forget()
        return [code_version(name) for name in ("attack/paper", "attack", "networks", "sound")]

    before = versions()
    (package / "attack/tools.py").write_text("def late():\n    return 2\n")
    after = versions()
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True, True]
    (package / "attack/tools.py").write_text('"""New prose."""\ndef late():\n    return 2  # and more\n')
    assert versions() == after
    shutil.move(package / "networks/wide.py", package / "networks/broad.py")
    assert versions()[2] != after[2]


def test_every_import_of_this_library_is_followed():
    """What a run of an attack loads is what the version of that code is made of: told by the interpreter itself."""
    code = """import sys, music_adversaries.adversary.attack
prefix = "music_adversaries."
print("\\n".join(sorted(n.removeprefix(prefix) for n in sys.modules if n.startswith(prefix))))"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    known = {name.removesuffix("/__init__").replace("/", ".") for name in imported_by("adversary")}
    assert len(loaded) > 10 and set(loaded) - set(source.CARRIERS) <= known
