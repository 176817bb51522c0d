"""The verdicts as text for a terminal.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .verdict import NO_RECORD

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 100


def format_table(verdicts: pd.DataFrame | Sequence[Mapping[str, Any]]) -> str:
    """The verdicts as text for a terminal: one block for each claim, no line longer than 100 characters.

    Parameters
    ----------
    verdicts : DataFrame, or sequence of mappings
        From :func:`judge` or :func:`judged`, or some of their rows.
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
        origin = ", ".join(part for part in (row["dataset"], row["profile"], row.get("configuration")) if part)
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
