"""The examples in docstrings run, and print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

from refresh import ROOT

LIB = ROOT / "lib"
MODULES = sorted(
    ".".join(path.relative_to(LIB).with_suffix("").parts).removesuffix(".__init__")
    for path in LIB.rglob("*.py")
    if ">>> " in path.read_text()
)


def examples(name: str) -> list[doctest.DocTest]:
    """The docstrings of a module that hold examples; found by the module's own name for what its package hides."""
    importlib.import_module(name)
    module = importlib.import_module("sys").modules[name]
    return [test for test in doctest.DocTestFinder(exclude_empty=True).find(module, name) if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_print_what_they_say(name):
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    found, said = examples(name), []
    assert found
    for test in found:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_the_names_that_people_use_have_examples():
    assert sum(len(examples(name)) for name in MODULES) >= 20


def test_an_example_that_prints_something_else_is_found():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None).failed == 1
