"""Statements of the chapters, each judged by a number: the findings of ``book/claims.yml``.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...evaluation import Estimate
from ..measurements import Selection, measurement
from ..records import Record
from .ledger import Finding, read_findings
from .verdict import NO_RECORD, held_against, lacking


def finding(id: str, by: Record | Estimate, *, path: Path | str | None = None, **conditions: Any) -> str:
    """The verdict on a finding: reproduced, contradicted or inconclusive.

    Parameters
    ----------
    id : str
        An entry under ``findings`` in ``book/claims.yml``, which states the line.
    by : Record or Estimate
        A record of the finding's experiment; or, if the finding has no experiment, what the page computed.
    path : path
        Default: ``book/claims.yml``.
    conditions
        Conditions of the measurement that the entry does not state, such as ``system="cdnn"``.

    Raises
    ------
    InputError
        When there is no such finding, it is judged by another experiment, or the record lacks the measurement.

    Notebook: book/02_partitions.ipynb
    """
    known = {one.id: one for one in read_findings(path)}
    if id not in known:
        raise InputError(f"There is no finding {id!r} in claims.yml; choose one of {', '.join(known)}.")
    return _judged(known[id], by, conditions)


def _judged(entry: Finding, by: Record | Estimate, conditions: dict[str, Any]) -> str:
    predicate, quantity = entry.predicate, entry.predicate.quantity
    if isinstance(by, Estimate):
        if entry.experiment is not None:
            raise InputError(f"The finding {entry.id!r} is judged by a record of {entry.experiment}; give that.")
        made = measurement(quantity.quantity, by, **dict(quantity.conditions))
        by = Record("the page", "", "", measurements=[made])
    elif by.experiment != entry.experiment:
        raise InputError(f"The finding {entry.id!r} is judged by {entry.experiment}; {by.place} is of another.")
    for name, value in conditions.items():
        if not isinstance(value, str | int | float | None):
            raise InputError(f"The condition {name} is {value!r}; give a text or a number, as a record states it.")
    if conditions:
        quantity = Selection(quantity.quantity, (*quantity.conditions, *conditions.items()))
        predicate = dataclasses.replace(predicate, quantity=quantity)
    verdict = held_against(predicate, by)
    if verdict == NO_RECORD:
        missing = lacking(predicate, by)
        raise InputError(f"{by.place} has no measurement of {missing}, by which the finding {entry.id!r} is judged.")
    return verdict
