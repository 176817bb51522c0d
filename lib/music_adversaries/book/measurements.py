"""Measurements: the tidy rows of a record, one for each number.

A row has ``quantity``, ``value``, ``low``, ``high``, ``n`` and ``unit``, and conditions that say what was measured:
``dataset``, ``partition``, ``system``, ``training`` (a seed or fold), ``attack``, ``budget`` (dB), and whatever else an
experiment varies. A condition that a row does not state does not apply to it, or is the same for the whole record.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from ..errors import InputError

if TYPE_CHECKING:
    from ..evaluation import Estimate

Measurement = dict[str, Any]
#: The columns of a row that are not conditions.
COLUMNS = ("quantity", "value", "low", "high", "n", "unit")
#: Between what the numbers of a unit lie. An interval may reach beyond; that of a share does not.
RANGES = {
    "fraction": (0.0, 1.0),
    "fraction difference": (-1.0, 1.0),
    "artists": (0.0, math.inf),
    "excerpts": (0.0, math.inf),
    "Hz": (0.0, math.inf),
}
RATIOS = ("share_explained_by_production",)  # of one difference to another: fractions that nothing bounds
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Selection:
    """Selects a measurement: a quantity, and conditions that its row must have with exactly these values.

    The value ``None`` selects a row that does not state the condition.
    """

    quantity: str
    conditions: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        stated = ", ".join(f"{name} {value}" for name, value in self.conditions)
        return f"{self.quantity} ({stated})" if stated else self.quantity

    def fits(self, row: Mapping[str, object]) -> bool:
        """Whether a row has the quantity and the conditions."""
        return row["quantity"] == self.quantity and all(row.get(name) == value for name, value in self.conditions)


def select(quantity: str, **conditions: object) -> Selection:
    """Select a measurement, as in ``select("success", system="cdnn", budget=15)``.

    >>> str(select("success", system="cdnn", budget=15))
    'success (system cdnn, budget 15)'

    Notebook: book/05_adversaries.ipynb
    """
    return Selection(quantity, tuple(conditions.items()))


def measurement(quantity: str, estimate: Estimate, **conditions: object) -> Measurement:
    """A row: the estimate of a quantity with its interval, under conditions.

    Raises
    ------
    InputError
        For a condition with the name of a column.

    >>> from music_adversaries.evaluation import Estimate
    >>> row = measurement("accuracy", Estimate(0.8, 0.7, 0.9, 50), partition="random")
    >>> row["quantity"], row["partition"], row["value"], row["n"]
    ('accuracy', 'random', 0.8, 50)
    """
    made = estimate.as_record()
    return _row(quantity, conditions, made.pop("estimate"), **made)


def without_interval(quantity: str, value: float, n: int, unit: str = "", **conditions: object) -> Measurement:
    """A row for a number without an interval, such as a p-value: its ``low`` and ``high`` are None.

    Raises
    ------
    InputError
        As `measurement`.
    """
    return _row(quantity, conditions, float(value), low=None, high=None, n=int(n), unit=unit)


def _row(quantity: str, conditions: Mapping[str, object], value: object, **numbers: object) -> Measurement:
    for name in conditions:
        if name in COLUMNS:
            raise InputError(f"A measurement's condition cannot be called {name!r}, the name of a column; rename it.")
    stated = {name: value for name, value in conditions.items() if value is not None}
    return {"quantity": quantity, **stated, "value": value, **numbers}


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a finite number, and not a truth value."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number that is larger than any float
        return False


def doubt(row: object) -> str:
    """Why a row cannot be a measurement, as ``"has the value 7.0, and a fraction lies between 0 and 1"``; else ``""``.

    Notebook: book/09_verdicts.ipynb
    """
    if not (isinstance(row, dict) and isinstance(row.get("quantity"), str)):
        return "has no quantity"
    missing = [name for name in COLUMNS if name not in row]
    if missing:
        return f"has no field {missing[0]!r}"
    value, low, high, unit = row["value"], row["low"], row["high"], row["unit"]
    if not is_number(value):
        return f"has the value {value!r}, which is no finite number"
    if not isinstance(unit, str):
        return f"has the unit {unit!r}, which is no text"
    if not isinstance(row["n"], int) or isinstance(row["n"], bool) or row["n"] < 1:
        return f"has n = {row['n']!r}, which is no count from 1 on"
    unlike = [name for name, stated in row.items() if name not in COLUMNS and not isinstance(stated, str | int | float)]
    if unlike:
        return f"states {unlike[0]!r} as neither a text nor a number"
    unbounded = (-math.inf, math.inf)
    least, most = (0.0, 1.0) if _is_p_value(row) else RANGES.get(unit, unbounded)
    if row["quantity"] in RATIOS:
        least, most = unbounded
    if not least - _ROUNDING <= value <= most + _ROUNDING:
        what = "p-value" if _is_p_value(row) else "number of the unit " + repr(unit)
        return f"has the value {value!r}, and a {what} lies between {least:g} and {most:g}"
    if low is None and high is None:
        return ""
    if not (is_number(low) and is_number(high)):
        return f"has {low!r} to {high!r} as its interval, which is none"
    slack = _ROUNDING * max(1.0, abs(value))
    if not low - slack <= value <= high + slack:
        return f"has the value {value!r}, which is not in its interval of {low!r} to {high!r}"
    if unit == "fraction" and not (least - _ROUNDING <= low and high <= most + _ROUNDING):
        return f"has {low!r} to {high!r} as its interval, and a fraction lies between 0 and 1"
    return ""


def _is_p_value(row: Measurement) -> bool:
    return row["quantity"] == "p" or row["quantity"].startswith("p_")


def named(row: Measurement) -> Selection:
    """The selection of a row: its quantity and all its conditions."""
    return select(row["quantity"], **{name: value for name, value in row.items() if name not in COLUMNS})


def the_one(rows: Sequence[Measurement], selection: Selection, where: str) -> Measurement | None:
    """The row that a selection fits; None if there is no such row.

    Parameters
    ----------
    where : what to call the rows in a message

    Raises
    ------
    InputError
        When several rows fit; the message names the conditions in which they differ.
    """
    fitting = [row for row in rows if selection.fits(row)]
    if len(fitting) > 1:
        names = dict.fromkeys(name for row in fitting for name in row if name not in COLUMNS)
        differ = [name for name in names if any(row.get(name) != fitting[0].get(name) for row in fitting)]
        if not differ:
            raise InputError(
                f"{where} has {len(fitting)} measurements of {selection} that nothing tells apart; run it again."
            )
        raise InputError(f"{where} has {len(fitting)} measurements of {selection}; say which by {', '.join(differ)}.")
    return fitting[0] if fitting else None
