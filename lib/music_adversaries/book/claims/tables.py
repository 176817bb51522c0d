"""Tables of the paper's numbers and of what records hold.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..records import Record, book_folder, filename
from .paper import PaperReference, paper_cell, paper_rows
from .words import show

if TYPE_CHECKING:
    import pandas as pd

REAL = ("gtzan-mini", "full")  # dataset and profile of the recorded run on real music, for most experiments


def side_by_side(record: Record, rows: Mapping[str, tuple[str, PaperReference | None]]) -> pd.DataFrame:
    """A table of the paper, of the recorded run on real music, and of this run.

    Parameters
    ----------
    record : Record
        This run's.
    rows : mapping
        From what a row says to the record's quantity and to the row of ``paper_values.csv``
        (where, quantity, source or None), or None where the paper has no such number.

    Returns
    -------
    DataFrame
        A row each; what is missing says so.

    Notebook: book/09_verdicts.ipynb
    """
    import pandas as pd

    values = paper_rows()
    real = book_folder() / "records" / filename(record.experiment, *REAL)
    recorded = Record.read(real).results if real.exists() else None
    table = {}
    for row, (quantity, reference) in rows.items():
        table[row] = {
            "paper": paper_cell(values, reference),
            f"recorded, {', '.join(REAL)}": "not recorded" if recorded is None else _measured(recorded, quantity),
            f"this run: {record.dataset}, {record.profile}": _measured(record.results, quantity),
        }
    return pd.DataFrame(table).T


def beside_paper(records: Sequence[Record], rows: Mapping[str, tuple[str, PaperReference | None]]) -> pd.DataFrame:
    """A table of the paper and of what records hold, with intervals: a column each.

    Parameters
    ----------
    records : sequence of Record
        May be empty: then the table says that nothing is recorded.
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


def measured(records: Record | Sequence[Record], rows: Mapping[str, str]) -> pd.DataFrame:
    """A table of what records hold, with intervals, for what the paper did not measure: a column each.

    Parameters
    ----------
    records : Record, or a sequence of them
    rows : mapping
        From what a row says to the records' quantity.

    Notebook: book/02_partitions.ipynb
    """
    import pandas as pd

    records = records if isinstance(records, (list, tuple)) else [records]
    return pd.DataFrame(
        {
            f"{record.dataset}, {record.profile}": {
                row: _measured(record.results, quantity) for row, quantity in rows.items()
            }
            for record in records
        }
    )


def _measured(results: Mapping[str, Any], quantity: str) -> str:
    if quantity not in results:
        return "not measured"
    result = results[quantity]
    unit = result["unit"]
    low, high = (show(result[end], unit, bare=True) for end in ("low", "high"))
    return f"{show(result['estimate'], unit)} [{low}, {high}], n = {result['n']}"
