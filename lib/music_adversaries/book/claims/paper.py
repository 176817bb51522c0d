"""The paper's numbers, as ``book/paper_values.csv`` holds them.

A number that cannot be read in our copy of the paper is *lost*: tables say so in words, and asking
for it raises :class:`LostValue`. It is never guessed.

Paper: Table 1
Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ..records import book_folder

if TYPE_CHECKING:
    import pandas as pd

LOST = "lost in our copy"
PAPER = "paper"
SOURCES = (PAPER, "published code", "arithmetic")
PaperReference = tuple[str, str, str | None]  #: where, quantity, and source where not the paper

_VALUE_COLUMNS = ["where", "quantity", "value", "unit", "source", "note"]


class LostValue(InputError):
    """Raised when a number is asked for that is lost in our copy of the paper."""


def paper_values(path: Path | str | None = None) -> pd.DataFrame:
    """Every number that the paper reports, one row each.

    Parameters
    ----------
    path : path
        Default: ``book/paper_values.csv``.

    Returns
    -------
    DataFrame
        ``where``, ``quantity``, ``value`` (float; NaN where lost), ``printed`` (as in the file, or
        "lost in our copy"), ``unit``, ``source`` (``paper``, ``published code`` or ``arithmetic``), ``note``.

    Raises
    ------
    InputError
        When the file is missing or a row is bad; the row and the column are named.

    Paper: Table 1
    Notebook: book/09_verdicts.ipynb
    """
    import pandas as pd  # here, since importing it takes longer than computing all verdicts

    table = pd.DataFrame(paper_rows(path), columns=[*_VALUE_COLUMNS[:3], "printed", *_VALUE_COLUMNS[3:]])
    return table.astype({"value": float})


def paper_rows(path: Path | str | None = None) -> list[dict[str, Any]]:
    """The rows of `paper_values`."""
    path = Path(path) if path else book_folder() / "paper_values.csv"
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [cells for cells in csv.reader(file, strict=True) if cells]
        if not lines:
            raise ValueError("it is empty")
    except (OSError, ValueError, csv.Error) as error:  # a wrong encoding is a ValueError
        raise InputError(f"{path} cannot be read as a CSV table ({error}); restore it from the repository.") from error
    headings = lines[0]
    if headings != _VALUE_COLUMNS:
        raise InputError(f"{path} has the columns {', '.join(headings)}; it needs {', '.join(_VALUE_COLUMNS)}.")
    rows: list[dict[str, Any]] = []
    seen = set()
    for number, cells in enumerate(lines[1:], 2):  # row 1 of the file is the heading
        if len(cells) != len(headings):
            raise InputError(
                f"Row {number} of {path} has {len(cells)} cells under {len(headings)} headings; "
                "put quotes around text that holds a comma."
            )
        row: dict[str, Any] = dict(zip(headings, cells, strict=True))
        where, written = f"Row {number} of {path} ({row['quantity']})", row["value"]
        if row["source"] not in SOURCES:
            raise InputError(f"{where}: the column source says {row['source']!r}; use one of {', '.join(SOURCES)}.")
        row["value"] = _written_number(written) if written else math.nan
        if written and not math.isfinite(row["value"]):
            raise InputError(f"{where}: the column value says {written!r}; give a number or leave it empty.")
        if (written == "") != row["note"].startswith(LOST):
            raise InputError(
                f"{where}: the value must be empty exactly where the note begins with {LOST!r}; correct one of them."
            )
        key = row["where"], row["quantity"], row["source"]
        if key in seen:
            raise InputError(f"Row {number} of {path} repeats an earlier row; remove one of them.")
        seen.add(key)
        rows.append(row | {"printed": written or LOST})
    return rows


def _written_number(text: str) -> float:
    try:
        return math.nan if "_" in text else float(text)  # only Python reads 1_000 as a number
    except ValueError:
        return math.nan


def paper_value(where: str, quantity: str, source: str | None = None, path: Path | str | None = None) -> float:
    """One number of the paper, in the unit that :func:`paper_values` states.

    Parameters
    ----------
    where, quantity : str
        As in ``book/paper_values.csv``, for example ``"Figure 2"``, ``"SNR of the adversary, Classical 21 to Reggae"``.
    source : str
        ``"published code"`` or ``"arithmetic"`` for a number that is not in the paper; default: the paper, if
        it has such a row.

    Raises
    ------
    LostValue
        When the number is lost in our copy.
    InputError
        When there is no such row.

    Paper: Table 1
    Notebook: book/09_verdicts.ipynb
    """
    row = paper_row(paper_rows(path), where, quantity, source)
    if row["printed"] == LOST:
        raise LostValue(f"The paper's {quantity!r} ({where}) is {LOST}; show it as lost rather than guess it.")
    return float(row["value"])


def paper_row(values: list[dict[str, Any]], where: str, quantity: str, source: str | None) -> dict[str, Any]:
    rows = [row for row in values if (row["where"], row["quantity"]) == (where, quantity)]
    if source is not None:
        rows = [row for row in rows if row["source"] == source]
    else:
        rows = [row for row in rows if row["source"] == PAPER] or rows
    if not rows:
        origin = f" from source {source!r}" if source else ""
        raise InputError(f"paper_values.csv has no {quantity!r} of {where!r}{origin}; look the name up in that file.")
    return rows[0]


def paper_text(values: list[dict[str, Any]], references: tuple[PaperReference, ...]) -> str:
    said = []
    for reference in references:
        row = paper_row(values, *reference)
        unit = f" {row['unit']}" if row["unit"] and row["printed"] != LOST else ""
        origin = "" if row["source"] == PAPER else f", {row['source']}"
        said.append(f"{row['printed']}{unit} ({row['where']}: {row['quantity']}{origin})")
    return "; ".join(said)


def paper_cell(values: list[dict[str, Any]], reference: PaperReference | None) -> str:
    """A number of the paper as a table shows it."""
    if reference is None:
        return "not in the paper"
    found = paper_row(values, *reference)
    unit = f" {found['unit']}" if found["unit"] and found["printed"] != LOST else ""
    return f"{found['printed']}{unit}{'' if found['source'] == PAPER else ', ' + found['source']}"
