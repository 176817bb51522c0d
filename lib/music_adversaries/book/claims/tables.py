"""Tables of the paper's numbers and of the measurements in records.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..measurements import Selection
from ..records import Record, book_folder, filename
from .paper import PaperReference, paper_cell, paper_rows
from .words import show

if TYPE_CHECKING:
    import pandas as pd

#: From the name of a row to the measurement of a record and to the number of the paper.
Rows = Mapping[str, tuple[str | Selection, PaperReference | None]]
REAL = ("gtzan-mini", "full")  # dataset and profile of the recorded run on real music, for most experiments


def side_by_side(record: Record, rows: Rows) -> pd.DataFrame:
    """A table with three columns: the paper, the recorded run on real music, and this run.

    Parameters
    ----------
    record : Record
        This run's.
    rows : mapping
        From the name of a row to the record's measurement (its quantity, or a `select`), and to the row of
        ``paper_values.csv`` (where, quantity, source or None); None if the paper has no such number.

    Returns
    -------
    DataFrame
        A row for each name; a cell says so if its number is missing.

    Notebook: book/09_verdicts.ipynb
    """
    import pandas as pd

    values = paper_rows()
    real = book_folder() / "records" / filename(record.experiment, *REAL)
    recorded = Record.read(real) if real.exists() else None
    table = {}
    for row, (quantity, reference) in rows.items():
        table[row] = {
            "paper": paper_cell(values, reference),
            f"recorded, {', '.join(REAL)}": "not recorded" if recorded is None else _measured(recorded, quantity),
            f"this run: {record.dataset}, {record.profile}": _measured(record, quantity),
        }
    return pd.DataFrame(table).T


def beside_paper(records: Sequence[Record], rows: Rows) -> pd.DataFrame:
    """A table of the paper and of the measurements in records, with intervals; each has a column.

    Parameters
    ----------
    records : sequence of Record
        May be empty: the table then says that nothing is recorded.
    rows : mapping
        As in :func:`side_by_side`.

    Notebook: book/05_adversaries.ipynb
    """
    import pandas as pd

    values = paper_rows()
    paper = pd.DataFrame({"paper": {row: paper_cell(values, reference) for row, (_, reference) in rows.items()}})
    if not records:
        return paper.assign(recorded="not recorded")
    return paper.join(measured(records, {row: quantity for row, (quantity, _) in rows.items()}))


def measured(records: Record | Sequence[Record], rows: Mapping[str, str | Selection]) -> pd.DataFrame:
    """A table of measurements in records, with intervals, for what the paper did not measure; each record has a column.

    Parameters
    ----------
    records : Record, or a sequence of them
    rows : mapping
        From the name of a row to the records' measurement: its quantity, or a `select`.

    Notebook: book/02_partitions.ipynb
    """
    import pandas as pd

    records = [records] if isinstance(records, Record) else records
    return pd.DataFrame(
        {
            f"{record.dataset}, {record.profile}": {row: _measured(record, quantity) for row, quantity in rows.items()}
            for record in records
        }
    )


def _measured(record: Record, quantity: str | Selection) -> str:
    found = record.find(quantity)
    if found is None:
        return "not measured"
    unit = found["unit"]
    low, high = (show(found[end], unit, bare=True) for end in ("low", "high"))
    return f"{show(found['value'], unit)} [{low}, {high}], n = {found['n']}"
