"""Rows of the table: a time, another to compare it with, and a goal.

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Row:
    """A measured value, and another in the same unit to compare it with.

    Parameters
    ----------
    what, against : str
    batch : int
        Excerpts computed together.
    value, against_value : float
        Milliseconds per iteration and excerpt, or megabytes; NaN where it could not be measured.
    faster : bool
        Whether the ratio says how many times *as fast* the first value is (True), or how many times as much it
        takes (False).
    goal : float
        If ``faster``, the least ratio wanted; otherwise the largest.
    unit : str
    note : str
        Why a value is missing.

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """

    what: str
    batch: int
    value: float
    against: str
    against_value: float
    faster: bool = False
    goal: float | None = None
    unit: str = "ms"
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times as fast the first value is, or how many times as much it takes."""
        return self.against_value / self.value if self.faster else self.value / self.against_value

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None if there is no goal, or nothing could be measured."""
        if self.goal is None or self.ratio != self.ratio:
            return None
        return self.ratio >= self.goal if self.faster else self.ratio <= self.goal

    def verdict(self) -> str:
        """Goal and outcome in words; empty without a goal."""
        if self.goal is None:
            return self.note
        outcome = {True: "met", False: "missed", None: self.note or "not measured"}[self.met]
        return f"goal {'at least' if self.faster else 'at most'} {self.goal:g}: {outcome}"


COLUMNS = ("what", "batch", "value", "unit", "against", "against_value", "ratio", "faster", "goal", "met", "note")


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table: one column for each field, and ``ratio`` and ``met``.

    Notebook: book/05_adversaries.ipynb
    """
    return pd.DataFrame([{name: getattr(row, name) for name in COLUMNS} for row in rows], columns=COLUMNS)


def format_table(rows: Sequence[Row]) -> str:
    """The rows as aligned lines of text.

    Notebook: book/05_adversaries.ipynb
    """
    cells = [("", "batch", "", "compared with", "", "ratio", "")]
    for row in rows:
        missing = row.ratio != row.ratio
        cells.append(
            (
                row.what,
                str(row.batch),
                _number(row.value, row.unit),
                row.against,
                _number(row.against_value, row.unit),
                "" if missing else f"{row.ratio:.2f} {'x as fast' if row.faster else 'x as much'}",
                row.verdict(),
            )
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = {1, 2, 4, 5}
    return "\n".join(
        "  ".join(
            f"{cell:>{width}}" if column in right else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _number(value: float, unit: str) -> str:
    return "" if value != value else f"{value:.2f} {unit}"
