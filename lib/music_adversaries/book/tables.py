"""Tables that are written for people, who open them in a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..cache import atomic_path

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, atomically, for people: no cell is a formula to a spreadsheet.

    A text that begins as a formula does gets a ``'`` before it, whatever it is a name of.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    plain = table.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell)
    with atomic_path(path) as temporary:
        plain.to_csv(temporary, index=False)
