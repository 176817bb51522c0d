"""The attacks by name. Messages, tests and the command's help are made from this one list.

Nothing here imports PyTorch, so that the help appears at once.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import dataclasses
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import InputError

if TYPE_CHECKING:
    from .batch import Batch
    from .judge import Judge


class Method(Protocol):
    """An attack: a frozen dataclass of its options, with a loop over a `Batch`."""

    name: str

    def run(self, batch: Batch, judge: Judge) -> None:
        """Show the judge one iterate after the other, until the batch is empty."""


class Listed(NamedTuple):
    """An attack that can be chosen by its name, which is also the name of its module."""

    kind: str  #: its class
    summary: str  #: in a few words, for lists such as the command's help


METHODS = {
    "algorithm1": Listed("Algorithm1", "the paper's attack, on magnitudes"),
    "pgd": Listed("PGD", "gradient descent on the waveform"),
    "apgd": Listed("APGD", "the same with a step that adapts"),
    "random_search": Listed("RandomSearch", "a black-box attack, without gradients"),
    "noise": Listed("Noise", "noise as loud as allowed, to compare with"),
}


def method(name: str, **options: Any) -> Method:
    """An attack by its name, with its options: ``method("pgd", step=0.2)`` is ``PGD(step=0.2)``.

    Raises
    ------
    InputError
        For an unknown attack or option; the message lists the known ones.

    >>> method("pgd", step=0.2)
    PGD(step=0.2)

    Notebook: book/05_adversaries.ipynb
    """
    if name not in METHODS:
        raise InputError(f"Unknown attack {name!r}; choose one of {', '.join(METHODS)}.")
    kind = getattr(import_module(f".{name}", __package__), METHODS[name].kind)
    known = [field.name for field in dataclasses.fields(kind)]
    for option in options:
        if option not in known:
            raise InputError(f"Unknown option {option!r} of {name}; choose one of {', '.join(known)}.")
    return kind(**options)


def chosen(given: str | Method) -> Method:
    """The attack that the user gave, by name or as an instance.

    Raises
    ------
    InputError
        For an unknown name, and for anything that is not an attack, such as a class in place of its instance.
    """
    if isinstance(given, str):
        return method(given)
    if isinstance(given, type) or not hasattr(given, "run"):
        name = getattr(given, "__name__", repr(given))
        raise InputError(f"The method is {name}; give the name of an attack or an instance, such as PGD().")
    return given
