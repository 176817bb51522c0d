"""The claims ledger: the paper's numbers, the records of our experiments, and the verdicts computed from both.

``book/paper_values.csv`` holds every number the paper reports, ``book/claims.yml`` every claim with the
line that an experiment's interval is held against. Nobody types a verdict.

Conventions
-----------
* A record is a JSON object ``{"experiment", "dataset", "profile", "results", "config", "provenance"}``;
  a result that a claim is judged by is ``{"estimate", "low", "high", "n", "unit"}``.
* A claim says that a quantity lies above (or below) a line. Its interval wholly on that side of the line:
  ``reproduced``; wholly on the other side: ``contradicted``; touching or crossing: ``inconclusive``.
  Where the line is itself a measured result, its interval counts as part of the line.
* Or it says that a quantity lies *within* a margin of zero, as "level with" means: its interval wholly within,
  ``reproduced``; wholly beyond on one side, ``contradicted``.
* Where there is nothing to judge by: ``no record``, ``not tested yet`` or ``not testable here``.
* A number of the paper that did not survive in our copy is *lost*: it is shown in words, and asking
  for it raises :class:`LostValue`. It is never guessed.

Paper: Section 6
Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import csv
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cache import cache_dir
from .errors import InputError

if TYPE_CHECKING:
    import pandas as pd

REPRODUCED = "reproduced"
CONTRADICTED = "contradicted"
INCONCLUSIVE = "inconclusive"
NO_RECORD = "no record"
NOT_TESTED = "not tested yet"
NOT_TESTABLE = "not testable here"
VERDICTS = (REPRODUCED, CONTRADICTED, INCONCLUSIVE, NO_RECORD, NOT_TESTED, NOT_TESTABLE)

LOST = "lost in our copy"
PAPER = "paper"
SOURCES = (PAPER, "published code", "arithmetic")

_VALUE_COLUMNS = ["where", "quantity", "value", "unit", "source", "note"]
_WIDTH = 100


class LostValue(InputError):
    """A number the paper reports that did not survive in our copy was asked for."""


def book_folder() -> Path:
    """Folder ``book/`` of the clone that this library was installed from.

    Raises
    ------
    InputError
        When there is none: the library was installed without the book.
    """
    folder = Path(__file__).resolve().parents[2] / "book"
    if not folder.is_dir():
        raise InputError(f"There is no book at {folder}; clone the repository and install from it, or give the path.")
    return folder


# --- the paper's numbers ---


def paper_values(path: Path | str | None = None) -> pd.DataFrame:
    """Every number the paper reports, one row each.

    Parameters
    ----------
    path : path
        Default: ``book/paper_values.csv``.

    Returns
    -------
    DataFrame
        ``where``, ``quantity``, ``value`` (float; NaN where lost), ``printed`` (as written, or
        "lost in our copy"), ``unit``, ``source`` (``paper``, ``published code`` or ``arithmetic``), ``note``.

    Raises
    ------
    InputError
        When the file is missing or a row is bad; the row and the column are named.

    Paper: Table 1
    Notebook: book/09_verdicts.ipynb
    """
    import pandas as pd  # here, and in what follows, for it takes longer to import than all verdicts to compute

    table = pd.DataFrame(_paper_values(path), columns=[*_VALUE_COLUMNS[:3], "printed", *_VALUE_COLUMNS[3:]])
    return table.astype({"value": float})


def _paper_values(path: Path | str | None = None) -> list[dict[str, Any]]:
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
            raise InputError(f"{where}: the value must be empty exactly where the note begins with {LOST!r}; mend one.")
        key = row["where"], row["quantity"], row["source"]
        if key in seen:
            raise InputError(f"Row {number} of {path} repeats an earlier row; remove one of them.")
        seen.add(key)
        rows.append(row | {"printed": written or LOST})
    return rows


def _written_number(text: str) -> float:
    try:
        return math.nan if "_" in text else float(text)  # Python reads 1_000 as a number, and nobody else does
    except ValueError:
        return math.nan


def paper_value(where: str, quantity: str, source: str | None = None, path: Path | str | None = None) -> float:
    """One number of the paper, in the unit that :func:`paper_values` states.

    Parameters
    ----------
    where, quantity : str
        As in ``book/paper_values.csv``, for example ``"Figure 2"``, ``"SNR of the adversary, Classical 21 to Reggae"``.
    source : str
        ``"published code"`` or ``"arithmetic"`` for what stands not in the paper; default: the paper if
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
    row = _paper_row(_paper_values(path), where, quantity, source)
    if row["printed"] == LOST:
        raise LostValue(f"The paper's {quantity!r} ({where}) is {LOST}; show it as lost rather than guess it.")
    return float(row["value"])


def _paper_row(values: list[dict[str, Any]], where: str, quantity: str, source: str | None) -> dict[str, Any]:
    rows = [row for row in values if (row["where"], row["quantity"]) == (where, quantity)]
    if source is not None:
        rows = [row for row in rows if row["source"] == source]
    else:
        rows = [row for row in rows if row["source"] == PAPER] or rows
    if not rows:
        origin = f" from source {source!r}" if source else ""
        raise InputError(f"paper_values.csv has no {quantity!r} of {where!r}{origin}; look the name up in that file.")
    return rows[0]


def _paper_text(values: list[dict[str, Any]], references: tuple[PaperReference, ...]) -> str:
    said = []
    for reference in references:
        row = _paper_row(values, *reference)
        unit = f" {row['unit']}" if row["unit"] and row["printed"] != LOST else ""
        origin = "" if row["source"] == PAPER else f", {row['source']}"
        said.append(f"{row['printed']}{unit} ({row['where']}: {row['quantity']}{origin})")
    return "; ".join(said)


# --- the claims ---

PaperReference = tuple[str, str, str | None]
SIDES = ("above", "below", "within")


@dataclass(frozen=True)
class Line:
    """Where a claim draws the line: ``plus``, added to another result of the same record if one is named."""

    plus: float
    quantity: str | None = None

    def of(self, results: Mapping[str, Any], where: str) -> tuple[float, float] | None:
        """Lower and upper end of the line in a record's results; None where the result is missing."""
        if self.quantity is None:
            return self.plus, self.plus
        if self.quantity not in results:
            return None
        estimate, low, high = _interval(results[self.quantity], f"{where}: {self.quantity}")
        return (estimate if low is None else low) + self.plus, (estimate if high is None else high) + self.plus


@dataclass(frozen=True)
class Predicate:
    """A claim's quantity lies above a line, below it, or within it and its negative."""

    quantity: str
    above: bool
    line: Line
    within: bool = False


@dataclass(frozen=True)
class Claim:
    """One claim of the paper, as ``book/claims.yml`` states it.

    Either ``experiment`` and ``predicate`` are set, or ``state`` and ``because``.
    """

    id: str
    claim: str
    where: str
    scope: str
    experiment: str | None = None
    predicate: Predicate | None = None
    state: str | None = None
    because: str | None = None
    paper: tuple[PaperReference, ...] = ()


def read_claims(path: Path | str | None = None) -> list[Claim]:
    """Read and check the claims.

    Parameters
    ----------
    path : path
        Default: ``book/claims.yml``, whose head explains the fields.

    Raises
    ------
    InputError
        When the file is missing, is no YAML, or an entry is bad; the entry and the field are named.

    Notebook: book/09_verdicts.ipynb
    """
    import yaml

    path = Path(path) if path else book_folder() / "claims.yml"
    try:
        # libyaml's parser where PyYAML was built with it, for the other takes longer than all else here.
        entries = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as YAML ({problem}); mend it or restore it.") from error
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path} holds no list of claims; begin each with '- id:'.")
    claims = [_claim(entry, f"{path}, entry {number}") for number, entry in enumerate(entries, 1)]
    names = [claim.id for claim in claims]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(f"{path}, entry {number + 1}: the field id says {name!r}, as an earlier one; rename it.")
    return claims


def _claim(entry: Any, where: str) -> Claim:
    if not isinstance(entry, dict):
        raise InputError(f"{where} is no set of fields; give id, claim, where, scope and the rest.")
    if isinstance(entry.get("id"), str):
        where = f"{where} ({entry['id']})"
    _fields(entry, where, ("id", "claim", "where", "scope"), ("paper", "experiment", "predicate", "untested"))
    text = {name: _text(entry, name, where) for name in ("id", "claim", "where", "scope")}
    paper = tuple(_reference(item, where) for item in _list(entry.get("paper", []), where))

    tested, untested = "experiment" in entry or "predicate" in entry, "untested" in entry
    if tested == untested:
        raise InputError(f"{where}: give either the fields experiment and predicate, or the field untested.")
    if untested:
        inner = f"{where}: untested"
        _fields(entry["untested"], inner, ("state", "because"), ())
        state = _text(entry["untested"], "state", inner)
        if state not in (NOT_TESTED, NOT_TESTABLE):
            raise InputError(f"{inner}: the field state says {state!r}; use {NOT_TESTED!r} or {NOT_TESTABLE!r}.")
        return Claim(**text, state=state, because=_text(entry["untested"], "because", inner), paper=paper)
    return Claim(
        **text,
        experiment=_text(entry, "experiment", where),
        predicate=_predicate(entry.get("predicate"), f"{where}: predicate"),
        paper=paper,
    )


def _predicate(entry: Any, where: str) -> Predicate:
    _fields(entry, where, ("quantity",), SIDES)
    given = [side for side in SIDES if side in entry]
    if len(given) != 1:
        raise InputError(f"{where}: give exactly one of the fields {', '.join(SIDES[:-1])} and {SIDES[-1]}.")
    side = given[0]
    line = entry[side]
    if isinstance(line, dict):
        inner = f"{where}: {side}"
        _fields(line, inner, ("quantity",), ("plus",))
        made = Line(_number(line.get("plus", 0.0), f"{inner}: the field plus"), _text(line, "quantity", inner))
    else:
        made = Line(_number(line, f"{where}: the field {side}"))
    if side == "within" and not (made.quantity is None and made.plus > 0):
        raise InputError(f"{where}: the field within must be a number above 0; it is {line!r}.")
    return Predicate(_text(entry, "quantity", where), side == "above", made, side == "within")


def _reference(entry: Any, where: str) -> PaperReference:
    where = f"{where}: paper"
    _fields(entry, where, ("where", "quantity"), ("source",))
    source = _text(entry, "source", where) if "source" in entry else None
    return _text(entry, "where", where), _text(entry, "quantity", where), source


def _fields(entry: Any, where: str, needed: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    if not isinstance(entry, dict):
        raise InputError(f"{where} is no set of fields; give {', '.join(needed)}.")
    for name in needed:
        if name not in entry:
            raise InputError(f"{where}: the field {name} is missing; add it.")
    for name in entry:
        if name not in (*needed, *allowed):
            raise InputError(f"{where}: there is no field {name!r}; use {', '.join((*needed, *allowed))}.")


def _text(entry: dict, name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: the field {name} must be a text; it is {value!r}.")
    return " ".join(value.split())


def _list(value: Any, where: str) -> list:
    if not isinstance(value, list):
        raise InputError(f"{where}: the field paper must be a list of rows of paper_values.csv; it is {value!r}.")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: Any, what: str) -> float:
    if not _is_number(value):
        raise InputError(f"{what} must be a number; it is {value!r}.")
    return float(value)


# --- verdicts ---


def decide(low: float, high: float, line: float | tuple[float, float], *, above: bool = True) -> str:
    """Hold the interval [low, high] against a line: reproduced, contradicted or inconclusive.

    Parameters
    ----------
    line : float or (float, float)
        A line that is itself measured has two ends.
    above : bool
        Whether the claim says that the quantity is above the line, or below it.

    Touching the line is inconclusive.
    """
    line_low, line_high = line if isinstance(line, tuple) else (line, line)
    if low > line_high:
        return REPRODUCED if above else CONTRADICTED
    if high < line_low:
        return CONTRADICTED if above else REPRODUCED
    return INCONCLUSIVE


def decide_within(low: float, high: float, margin: float) -> str:
    """Hold the interval [low, high] against a margin to both sides of zero: reproduced, contradicted or inconclusive.

    Touching the margin is inconclusive.
    """
    if -margin < low and high < margin:
        return REPRODUCED
    return CONTRADICTED if low > margin or high < -margin else INCONCLUSIVE


def verdict(claim: Claim, record: Mapping[str, Any] | None) -> str:
    """Judge a claim by one record.

    Parameters
    ----------
    claim : Claim
    record : mapping, or None
        As :func:`read_records` gives it.

    Returns
    -------
    str
        One of :data:`VERDICTS`. A record that lacks the quantity is ``no record``; a quantity without an
        interval is ``inconclusive``.

    Raises
    ------
    InputError
        When the record's quantity is no ``{"estimate", "low", "high", "n", "unit"}``.

    Paper: Section 6
    Notebook: book/09_verdicts.ipynb
    """
    if claim.predicate is None:
        return claim.state or NOT_TESTED
    if record is None or claim.predicate.quantity not in record["results"]:
        return NO_RECORD
    where = _name(record)
    _, low, high = _interval(record["results"][claim.predicate.quantity], f"{where}: {claim.predicate.quantity}")
    line = claim.predicate.line.of(record["results"], where)
    if line is None:
        return NO_RECORD
    if low is None or high is None:
        return INCONCLUSIVE
    if claim.predicate.within:
        return decide_within(low, high, claim.predicate.line.plus)
    return decide(low, high, line, above=claim.predicate.above)


def record_folders() -> tuple[Path, ...]:
    """Where records are looked for: the book's, then the user's own, which count where both have one."""
    return book_folder() / "records", cache_dir() / "records"


def read_records(*folders: Path | str) -> list[dict[str, Any]]:
    """All records of some folders, sorted by experiment, dataset and profile.

    Where two folders hold the same experiment, dataset and profile, the later folder's record counts.
    A folder that does not exist holds none. Each record gets the field ``file``.

    Raises
    ------
    InputError
        When a file is not JSON or lacks a field; the file is named.

    Notebook: book/09_verdicts.ipynb
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.json")):
            try:
                record = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise InputError(f"{path} is no readable JSON record ({error}); delete it and run again.") from error
            fields = record if isinstance(record, dict) else {}
            for field, kind in (("experiment", str), ("dataset", str), ("profile", str), ("results", dict)):
                if not isinstance(fields.get(field), kind):
                    raise InputError(f"{path} is no record: its field {field!r} is missing or bad; delete the file.")
            record["file"] = str(path)
            found[record["experiment"], record["dataset"], record["profile"]] = record
    return [found[key] for key in sorted(found)]


def judge(*folders: Path | str, claims: Path | str | None = None, values: Path | str | None = None) -> pd.DataFrame:
    """Judge every claim by every record of its experiment.

    Parameters
    ----------
    *folders : paths
        Folders of records; default: those of :func:`record_folders`.
    claims, values : paths
        Default: ``book/claims.yml`` and ``book/paper_values.csv``.

    Returns
    -------
    DataFrame
        A row for each claim and record, in the order of the claims; a claim without any has one row with
        an empty dataset. Columns: ``id``, ``claim``, ``where``, ``experiment``, ``dataset``, ``profile``,
        ``quantity``, ``estimate``, ``low``, ``high``, ``n``, ``unit``, ``measured`` (with interval and n, in
        words), ``line`` (in words), ``verdict``, ``scope``, ``because``, ``paper`` (the paper's numbers, in
        words), ``file``.

    Raises
    ------
    InputError
        When the claims, the paper's values or a record is bad.

    Paper: Section 6
    Notebook: book/09_verdicts.ipynb
    """
    import pandas as pd

    return pd.DataFrame(judged(*folders, claims=claims, values=values))


def judged(
    *folders: Path | str, claims: Path | str | None = None, values: Path | str | None = None
) -> list[dict[str, Any]]:
    """The rows of `judge` as dictionaries, without pandas."""
    known = read_claims(claims)
    printed = _paper_values(values)
    records = read_records(*(folders or record_folders()))
    rows = []
    for claim in known:
        fitting = [record for record in records if record["experiment"] == claim.experiment]
        rows += [_row(claim, record, printed) for record in fitting or [None]]
    return rows


def _row(claim: Claim, record: dict[str, Any] | None, values: list[dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": claim.id,
        "claim": claim.claim,
        "where": claim.where,
        "experiment": claim.experiment or "",
        "dataset": record["dataset"] if record else "",
        "profile": record["profile"] if record else "",
        "quantity": claim.predicate.quantity if claim.predicate else "",
        **dict.fromkeys(("estimate", "low", "high"), math.nan),
        "n": 0,
        "unit": "",
        "measured": "",
        "line": "",
        "verdict": verdict(claim, record),
        "scope": claim.scope,
        "because": claim.because or "",
        "paper": _paper_text(values, claim.paper),
        "file": record["file"] if record else "",
    }
    if record is None or claim.predicate is None:
        return row
    results, quantity, line = record["results"], claim.predicate.quantity, claim.predicate.line
    missing = [name for name in (quantity, line.quantity) if name and name not in results]
    if missing:
        row["because"] = f"{Path(record['file']).name} has no result {missing[0]!r}; run the experiment again."
    if quantity not in results:
        return row
    result = results[quantity]
    estimate, low, high = _interval(result, f"{_name(record)}: {quantity}")
    unit = str(result.get("unit") or "")
    row.update(estimate=estimate, n=int(result["n"]) if _is_number(result.get("n")) else 0, unit=unit)
    bounds = "no interval"
    if low is not None and high is not None:
        row.update(low=low, high=high)
        bounds = f"[{show(low, unit, bare=True)}, {show(high, unit, bare=True)}]"
    row["measured"] = f"{show(estimate, unit)} {bounds}" + (f", n = {row['n']}" if row["n"] else "")
    ends = line.of(results, _name(record))
    if ends is not None:
        place = " to ".join(dict.fromkeys(show(end, unit) for end in ends))
        origin = ""
        if line.quantity:
            margin = unit if unit != "fraction" else "fraction difference"
            origin = f" ({line.quantity} plus {show(line.plus, margin)})" if line.plus else f" ({line.quantity})"
        side = "within" if claim.predicate.within else "above" if claim.predicate.above else "below"
        row["line"] = f"{side} {place}{' of zero' if claim.predicate.within else ''}{origin}"
    return row


REAL = ("gtzan-mini", "full")  # dataset and profile of the recorded run on real music, for most experiments


def side_by_side(record: Any, rows: Mapping[str, tuple[str, PaperReference | None]]) -> pd.DataFrame:
    """A table of the paper, of the recorded run on real music, and of this run.

    Parameters
    ----------
    record : experiments.Record
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

    values = _paper_values()
    real = book_folder() / "records" / f"{record.experiment}-{'-'.join(REAL)}.json"
    recorded = next((r["results"] for r in read_records(real.parent) if r["file"] == str(real)), None)
    table = {}
    for row, (quantity, reference) in rows.items():
        table[row] = {
            "paper": _paper_cell(values, reference),
            f"recorded, {', '.join(REAL)}": "not recorded" if recorded is None else _measured(recorded, quantity),
            f"this run: {record.dataset}, {record.profile}": _measured(record.results, quantity),
        }
    return pd.DataFrame(table).T


def beside_paper(records: Sequence[Any], rows: Mapping[str, tuple[str, PaperReference | None]]) -> pd.DataFrame:
    """A table of the paper and of what records hold, with intervals: a column each.

    Parameters
    ----------
    records : sequence of experiments.Record
        May be empty: then the table says that nothing is recorded.
    rows : mapping
        As in :func:`side_by_side`.

    Notebook: book/05_adversaries.ipynb
    """
    import pandas as pd

    values = _paper_values()
    paper = pd.DataFrame({"paper": {row: _paper_cell(values, reference) for row, (_, reference) in rows.items()}})
    if not records:
        return paper.assign(recorded="not recorded")
    return paper.join(measured(records, {row: quantity for row, (quantity, _) in rows.items()}))


def _paper_cell(values: list[dict[str, Any]], reference: PaperReference | None) -> str:
    if reference is None:
        return "not in the paper"
    found = _paper_row(values, *reference)
    unit = f" {found['unit']}" if found["unit"] and found["printed"] != LOST else ""
    return f"{found['printed']}{unit}{'' if found['source'] == PAPER else ', ' + found['source']}"


def measured(records: Any, rows: Mapping[str, str]) -> pd.DataFrame:
    """A table of what records hold, with intervals, for what the paper did not measure: a column each.

    Parameters
    ----------
    records : experiments.Record, or a sequence of them
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


def show(value: float, unit: str, *, bare: bool = False) -> str:
    """A number as readers see it: fractions in per cent, differences of fractions in points, dB with one decimal."""
    if unit in ("fraction", "fraction difference"):
        text, sign = f"{100 * value:.1f}", "%" if unit == "fraction" else "points"
    else:
        text, sign = {"dB": f"{value:.1f}", "Hz": f"{value:.0f}"}.get(unit, f"{value:.3g}"), unit
    text = text.removeprefix("-") if float(text) == 0 else text
    return text if bare or not sign else f"{text} {sign}"


def _interval(result: Any, where: str) -> tuple[float, float | None, float | None]:
    if not isinstance(result, Mapping) or not _is_number(result.get("estimate")):
        raise InputError(f"{where} has no number as its estimate; delete the record and run again.")
    low, high = result.get("low"), result.get("high")
    if low is None and high is None:
        return float(result["estimate"]), None, None
    if not (_is_number(low) and _is_number(high)) or low > high:
        raise InputError(f"{where} has {low!r} to {high!r} as its interval; delete the record and run again.")
    return float(result["estimate"]), float(low), float(high)


def _name(record: Mapping[str, Any]) -> str:
    return str(record.get("file") or f"The record of {record.get('experiment')} on {record.get('dataset')}")


# --- text ---


def format_table(verdicts: pd.DataFrame | Sequence[Mapping[str, Any]]) -> str:
    """The verdicts as text for a terminal, one block a claim, no line longer than 100 characters.

    Parameters
    ----------
    verdicts : DataFrame, or sequence of mappings
        As :func:`judge` or :func:`judged` gives it, or some of its rows.
    """
    rows = verdicts if isinstance(verdicts, Sequence) else verdicts.to_dict("records")
    by_claim: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_claim.setdefault(row["id"], []).append(row)
    return "\n\n".join(map(_block, by_claim.values())) or "No claims."


def _block(rows: list[Mapping[str, Any]]) -> str:
    first = rows[0]
    lines = [*_wrap(f"{first['id']} ({first['where']})", ""), *_wrap(first["claim"], "  ")]
    for row in rows:
        origin = ", ".join(part for part in (row["dataset"], row["profile"]) if part)
        details = []
        if row["measured"]:
            details.append(f"{row['quantity'].replace('_', ' ')} {row['measured']}")
        if row["line"]:
            details.append(f"the claim: {row['line']}")
        if row["verdict"] == NO_RECORD and not row["because"]:
            details.append(f"run the experiment {row['experiment']}")
        if row["because"]:
            details.append(row["because"])
        said = f"{row['verdict'].upper()}{f' on {origin}' if origin else ''}"
        lines += _wrap(f"{said}: {'; '.join(details)}" if details else said, "  ", hanging="    ")
    if first["paper"]:
        lines += _wrap(f"Paper: {first['paper']}", "  ", hanging="    ")
    lines += _wrap(f"Scope: {first['scope']}", "  ", hanging="    ")
    return "\n".join(lines)


def _wrap(text: str, indent: str, hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=hanging or indent, break_on_hyphens=False
    )
