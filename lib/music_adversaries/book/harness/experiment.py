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
    recorded: bool = False  #: takes too long for every run of the book, which shows the record in book/records
    computed_elsewhere: bool = False  #: recorded, but computed if the book is built on other data
    needs: str = "audio"  #: or "manifest": no audio; or "synthetic": that dataset only
    systems: Callable[[Config, Dataset], list[Config]] | None = (
        None  #: the systems that it needs, trained before it starts
    )
    own_processes: bool = False  #: whether it starts processes of its own
    seconds: float = 10.0  #: roughly how long it takes once its systems are trained; the longest start first

    def __post_init__(self) -> None:
        if self.needs not in NEEDS:
            raise InputError(f"An experiment needs {self.needs!r}; choose one of {', '.join(NEEDS)}.")
