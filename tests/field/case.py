"""A case from the field: what somebody met with this or another program, and the right answer.

Each file of this folder has tables of cases, and says above each table how one is tried. A report that is not in them
yet becomes one more line: who met it (the public thread), what to do with an empty folder or a model so that it happens
here, and what must come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest


class Case(NamedTuple):
    """One line of a table."""

    name: str
    """What is odd about the input, in a few words."""
    met_by: str
    """A public thread, such as ``"librosa #328"``; or the trial that found it."""
    make: Callable[..., Any]
    """Makes the input."""
    answer: Any
    """What must come out: a value, or a word of the message that refuses the input."""


def each(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Runs a test once for each case, with the case as its argument ``case``."""
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), "each case has a name of its own"
    return pytest.mark.parametrize("case", cases, ids=names)
