"""What an experiment declares of itself.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError
from ..datasets import Dataset
from ..measurements import Measurement
from .config import Config

#: A record's measurements, see `measurements`, and its tables, ``{name: rows}``, of what they were computed from.
Measured = tuple[list[Measurement], Mapping[str, Sequence[Mapping[str, object]]]]
NEEDS = ("audio", "manifest", "synthetic")


@dataclass(frozen=True)
class Experiment:
    """An experiment as its file declares it: ``EXPERIMENT = Experiment(measure, ...)``.

    Raises
    ------
    InputError
        For ``needs`` that are none.
    """

    measure: Callable[[Config, Dataset, bool], Measured]  #: the last argument: whether to show progress
    recorded: bool = False  #: too long for every run of the book, which shows its record in book/records
    computed_elsewhere: bool = False  #: recorded, but computed where the book is built on other data
    needs: str = "audio"  #: or "manifest", of any dataset; or "synthetic", whose confounds can be turned
    systems: Callable[[Config, Dataset], list[Config]] | None = None  #: what it trains, to be trained before
    own_processes: bool = False  #: whether it runs in several processes by itself
    seconds: float = 10.0  #: what it takes once its systems are trained, roughly: the longest begin first

    def __post_init__(self) -> None:
        if self.needs not in NEEDS:
            raise InputError(f"An experiment needs {self.needs!r}; choose one of {', '.join(NEEDS)}.")
