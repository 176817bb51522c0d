"""How an experiment is declared.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError
from ..datasets import Dataset
from ..measurements import Measurement
from .config import Config

#: A record's measurements (see `measurements`), and its tables ``{name: rows}`` with the data behind them.
Measured = tuple[list[Measurement], Mapping[str, Sequence[Mapping[str, object]]]]
NEEDS = ("audio", "manifest", "synthetic")


@dataclass(frozen=True)
class Experiment:
    """An experiment, as declared in its file: ``EXPERIMENT = Experiment(measure, ...)``.

    Raises
    ------
    InputError
        For an unknown value of ``needs``.
    """

    measure: Callable[[Config, Dataset, bool], Measured]  #: the last argument: whether to show progress
    recorded: bool = False  #: too long for every run of the book, which shows its record in book/records
    computed_elsewhere: bool = False  #: recorded, but computed where the book is built on other data
    needs: str = "audio"  #: or "manifest", of any dataset; or "synthetic", whose confounds can be turned
    systems: Callable[[Config, Dataset], list[Config]] | None = None  #: what it trains, to be trained before
    own_processes: bool = False  #: whether it runs in several processes by itself
    #: The partitions that it needs; the configuration's own where None.
    partitions: Callable[[Config, Dataset], tuple[str, ...]] | None = None
    if_possible: tuple[str, ...] = ()  #: partitions that it does without where a dataset cannot be divided so
    least_seeds: int = 1  #: fewer give no interval
    seconds: float = 10.0  #: what it takes once its systems are trained, roughly: the longest begin first

    def __post_init__(self) -> None:
        if self.needs not in NEEDS:
            raise InputError(f"An experiment needs {self.needs!r}; choose one of {', '.join(NEEDS)}.")
