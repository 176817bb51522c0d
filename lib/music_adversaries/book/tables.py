"""Tables that are written for people, who open them in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache import atomic_path, check_writable
from ..errors import InputError, printable

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def check_table(path: Path, columns: Iterable[str]) -> None:
    """Refuse a file that `write_table` could not write, or that is anything but an earlier table with these columns.

    Raises
    ------
    InputError
        Before any work, and before a user's own file is lost: a list of recordings, or a recording.
    """
    check_writable(path)
    if not path.exists():
        return
    heading = ",".join(columns).encode()
    try:
        with open(path, "rb") as file:
            before = file.read(len(heading) + 1).rstrip()
    except OSError as error:
        raise InputError(
            f"{printable(path)} exists already and cannot be read ({error.strerror}); give another name."
        ) from error
    if before not in (b"", heading):
        raise InputError(f"{printable(path)} exists already, and is no earlier result; give the name of another file.")


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
