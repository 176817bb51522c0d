"""Experiments: a frozen configuration in, a record out. Each experiment is one file here.

A file defines ``measure`` and ``EXPERIMENT = Experiment(measure, ...)``. The name of the file is the name of the
experiment. The first line of its docstring says what the experiment asks; the line ``Notebook:`` says where the book
shows it.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

from ...errors import InputError
from ..harness.experiment import Experiment

__all__ = ["chapter", "experiment", "names", "summary"]


def names() -> tuple[str, ...]:
    """The experiments, in the order of the chapters that show them."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return tuple(sorted(found, key=lambda name: (chapter(name), name)))


def experiment(name: str) -> Experiment:
    """The declaration of an experiment.

    Raises
    ------
    InputError
        When there is no such experiment.
    """
    if name not in {module.name for module in pkgutil.iter_modules(__path__)}:
        raise InputError(f"There is no experiment {name!r}; choose one of {', '.join(names())}.")
    return import_module(f"{__name__}.{name}").EXPERIMENT


def summary(name: str) -> str:
    """What an experiment asks, in one line."""
    return _docstring(name).partition("\n")[0]


def chapter(name: str) -> str:
    """The notebook that shows an experiment, such as ``"book/02_partitions.ipynb"``; "" if its file names none."""
    found = re.search(r"^Notebook: (\S+)$", _docstring(name), re.MULTILINE)
    return found[1] if found else ""


def _docstring(name: str) -> str:
    return import_module(f"{__name__}.{name}").__doc__ or ""
