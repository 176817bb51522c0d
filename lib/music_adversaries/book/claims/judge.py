"""Every claim judged by every record of its experiment.

Paper: Section 6
Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ..measurements import is_number
from ..records import WITHOUT_PARTITION, Record, read_records, record_folders
from .interval import interval
from .ledger import Claim, read_claims
from .paper import paper_rows, paper_text
from .verdict import NO_RECORD, lacking, verdict
from .words import show

if TYPE_CHECKING:
    import pandas as pd


def judge(
    records: Iterable[Record] | None = None,
    *,
    claims: Path | str | None = None,
    values: Path | str | None = None,
) -> pd.DataFrame:
    """Judge every claim by every record of its experiment.

    Parameters
    ----------
    records : iterable of Record
        Default: those of the folders :func:`records.record_folders`.
    claims, values : paths
        Default: ``book/claims.yml`` and ``book/paper_values.csv``.

    Returns
    -------
    DataFrame
        A row for each claim and record, in the order of the claims; a claim without a record has one row with
        an empty dataset. Columns: ``id``, ``claim``, ``where``, ``experiment``, ``dataset``, ``profile``,
        ``quantity``, ``estimate``, ``low``, ``high``, ``n``, ``unit``, ``measured`` (with interval and n, in
        words), ``line`` (in words), ``verdict``, ``scope``, ``because``, ``paper`` (the paper's numbers, in
        words), ``file``, ``configuration`` (what of the record's is not the usual, in words).

    Raises
    ------
    InputError
        When the claims or the paper's values are bad.

    Paper: Section 6
    Notebook: book/09_verdicts.ipynb
    """
    import pandas as pd  # here, since importing it takes longer than computing all verdicts

    return pd.DataFrame(judgements(records, claims=claims, values=values))


def judgements(
    records: Iterable[Record] | None = None,
    *,
    claims: Path | str | None = None,
    values: Path | str | None = None,
) -> list[dict[str, Any]]:
    """The rows of `judge` as dictionaries, without pandas."""
    known = read_claims(claims)
    printed = paper_rows(values)
    records = read_records(*record_folders()) if records is None else list(records)
    rows = []
    for claim in known:
        fitting: list[Record | None] = [record for record in records if record.experiment == claim.experiment]
        rows += [_row(claim, record, printed) for record in fitting or [None]]
    return rows


def _row(claim: Claim, record: Record | None, values: list[dict[str, Any]]) -> dict[str, Any]:
    row = _empty_row(claim, record, values)
    try:
        return _judged(row, claim, record)
    except InputError as error:  # one record that does not answer the question leaves the others
        return row | {"verdict": NO_RECORD, "because": str(error)}


def _empty_row(claim: Claim, record: Record | None, values: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": claim.id,
        "claim": claim.claim,
        "where": claim.where,
        "experiment": claim.experiment or "",
        "dataset": record.dataset if record else "",
        "profile": record.profile if record else "",
        "quantity": str(claim.predicate.quantity) if claim.predicate else "",
        **dict.fromkeys(("estimate", "low", "high"), math.nan),
        "n": 0,
        "unit": "",
        "measured": "",
        "line": "",
        "verdict": NO_RECORD,
        "scope": claim.scope,
        "because": claim.because or "",
        "paper": paper_text(values, claim.paper),
        "file": str(record.file or "") if record else "",
        "configuration": record.configuration if record else "",
    }


def _judged(row: dict[str, Any], claim: Claim, record: Record | None) -> dict[str, Any]:
    row = row | {"verdict": verdict(claim, record)}
    if record is None or claim.predicate is None:
        return row
    quantity, line = claim.predicate.quantity, claim.predicate.line
    missing = lacking(claim.predicate, record)
    if missing:
        row["because"] = f"{record.filename} has no result {str(missing)!r}; {_why(record)}"
    found = record.find(quantity)
    if found is None:
        return row
    estimate, low, high = interval(found, f"{record.place}: {quantity}")
    unit = str(found.get("unit") or "")
    row.update(estimate=estimate, n=int(found["n"]) if is_number(found.get("n")) else 0, unit=unit)
    bounds = "no interval"
    if low is not None and high is not None:
        row.update(low=low, high=high)
        bounds = f"[{show(low, unit, bare=True)}, {show(high, unit, bare=True)}]"
    row["measured"] = f"{show(estimate, unit)} {bounds}" + (f", n = {row['n']}" if row["n"] else "")
    ends = line.of(record)
    if ends is not None:
        place = " to ".join(dict.fromkeys(show(end, unit) for end in ends))
        origin = ""
        if line.quantity:
            margin = unit if unit != "fraction" else "fraction difference"
            origin = f" ({line.quantity} plus {show(line.plus, margin)})" if line.plus else f" ({line.quantity})"
        side = "within" if claim.predicate.within else "above" if claim.predicate.above else "below"
        row["line"] = f"{side} {place}{' of zero' if claim.predicate.within else ''}{origin}"
    return row


def _why(record: Record) -> str:
    """Why a record is without a result: what its music could not give, or nothing known."""
    for note in record.provenance.get("left_out", ()):
        if str(note).startswith(WITHOUT_PARTITION):
            return ". ".join(str(note).split(". ")[:2]).rstrip(".") + "."
    return "run the experiment again."
