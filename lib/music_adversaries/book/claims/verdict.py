"""Verdicts: an interval compared with a line.

A claim says that a quantity lies above (or below) a line. If its interval lies wholly on that side, the verdict is
``reproduced``; if wholly on the other side, ``contradicted``; if it touches or crosses the line, ``inconclusive``.
If the line is itself a measured result, its interval counts as part of the line.

If a p-value is named, it decides instead of the interval. The verdict is ``reproduced`` if the quantity lies on the
claim's side of the line and the p-value is below its limit; otherwise it is ``inconclusive``, since a test cannot
contradict.

A claim may also say that a quantity lies *within* a margin of zero, as "level with" means. If its interval lies
wholly within the margin, the verdict is ``reproduced``; if wholly beyond it on one side, ``contradicted``; otherwise
``inconclusive``.

Paper: Section 6
Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from ...errors import InputError
from ..measurements import Selection
from ..records import Record
from .interval import interval
from .ledger import NOT_TESTABLE, NOT_TESTED, Claim, Predicate

REPRODUCED = "reproduced"
CONTRADICTED = "contradicted"
INCONCLUSIVE = "inconclusive"
NO_RECORD = "no record"
VERDICTS = (REPRODUCED, CONTRADICTED, INCONCLUSIVE, NO_RECORD, NOT_TESTED, NOT_TESTABLE)


def decide(low: float, high: float, line: float | tuple[float, float], *, above: bool = True) -> str:
    """Compare the interval [low, high] with a line: reproduced, contradicted or inconclusive.

    Parameters
    ----------
    line : float or (float, float)
        A line that is itself measured has two ends.
    above : bool
        Whether the claim says that the quantity is above the line, or below it.

    Touching the line is inconclusive.

    >>> decide(0.1, 0.3, 0.0), decide(-0.1, 0.3, 0.0), decide(0.1, 0.3, 0.0, above=False)
    ('reproduced', 'inconclusive', 'contradicted')
    """
    line_low, line_high = line if isinstance(line, tuple) else (line, line)
    if low > line_high:
        return REPRODUCED if above else CONTRADICTED
    if high < line_low:
        return CONTRADICTED if above else REPRODUCED
    return INCONCLUSIVE


def decide_within(low: float, high: float, margin: float) -> str:
    """Compare the interval [low, high] with a margin on both sides of zero: reproduced, contradicted or inconclusive.

    Touching the margin is inconclusive.
    """
    if -margin < low and high < margin:
        return REPRODUCED
    return CONTRADICTED if low > margin or high < -margin else INCONCLUSIVE


def verdict(claim: Claim, record: Record | None) -> str:
    """Judge a claim by one record.

    Parameters
    ----------
    claim : Claim
    record : Record, or None

    Returns
    -------
    str
        One of :data:`VERDICTS`. A record that lacks the quantity is ``no record``; a quantity without an
        interval is ``inconclusive``.

    Raises
    ------
    InputError
        When the measurement has no number as its value, or no interval; when a p-value is not between 0 and 1.

    Paper: Section 6
    Notebook: book/09_verdicts.ipynb
    """
    if claim.predicate is None:
        return claim.state or NOT_TESTED
    return NO_RECORD if record is None else held_against(claim.predicate, record)


def lacking(predicate: Predicate, record: Record) -> Selection | None:
    """The first measurement that a predicate is judged by and a record lacks."""
    asked = [predicate.quantity, predicate.line.quantity, _p_value(predicate)]
    return next((one for one in asked if one is not None and record.find(one) is None), None)


def _p_value(predicate: Predicate) -> Selection | None:
    p_value = predicate.p_value
    return None if p_value is None else Selection(p_value.quantity, predicate.quantity.conditions)


def held_against(predicate: Predicate, record: Record) -> str:
    """The verdict of a record on a predicate; `NO_RECORD` if the record lacks the measurement."""
    found, line = record.find(predicate.quantity), predicate.line.of(record)
    if found is None or line is None:
        return NO_RECORD
    value, low, high = interval(found, f"{record.place}: {predicate.quantity}")
    asked = _p_value(predicate)
    if predicate.p_value is not None and asked is not None:
        p_value = record.find(asked)
        if p_value is None:
            return NO_RECORD
        p, _, _ = interval(p_value, f"{record.place}: {asked}")
        if not 0 <= p <= 1:
            raise InputError(f"{record.place}: {asked} is {p}, which is no p-value; delete the record and run again.")
        beyond = decide(value, value, line, above=predicate.above) == REPRODUCED
        return REPRODUCED if beyond and p < predicate.p_value.below else INCONCLUSIVE
    if low is None or high is None:
        return INCONCLUSIVE
    if predicate.within:
        return decide_within(low, high, predicate.line.plus)
    return decide(low, high, line, above=predicate.above)
