"""Intervals of measurements in records."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InputError
from ..measurements import is_number


def interval(result: object, where: str) -> tuple[float, float | None, float | None]:
    """Value, lower and upper end of a measurement; the ends are None where it has no interval.

    Parameters
    ----------
    where : what an error message calls the measurement
    """
    if not isinstance(result, Mapping) or not is_number(value := result.get("value")):
        raise InputError(f"{where} has no number as its value; delete the record and run again.")
    low, high = result.get("low"), result.get("high")
    if low is None and high is None:
        return float(value), None, None
    if not (is_number(low) and is_number(high)) or low > high:
        raise InputError(f"{where} has {low!r} to {high!r} as its interval; delete the record and run again.")
    return float(value), float(low), float(high)
