"""The verdicts of a run next to those that the repository stores.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ...errors import InputError
from ..records import Record, book_folder, latest, read_records
from .judge import judge

STORED = ("id", "dataset", "profile", "verdict")  #: columns of ``book/verdicts.csv``


def judged(records: Iterable[Record]) -> pd.DataFrame:
    """Every claim, judged by the records in the repository and by those of this run.

    Parameters
    ----------
    records : iterable of Record
        Those of this run, from `run` or `run_for_book`.

    Returns
    -------
    DataFrame
        As `judge` gives it.

    Notebook: book/09_verdicts.ipynb
    """
    of_run = list(records)
    computed = {(record.experiment, record.dataset, record.profile) for record in of_run}
    kept = read_records(book_folder() / "records")
    others = [one for one in kept if (one.experiment, one.dataset, one.profile) not in computed]
    return judge(latest([*others, *of_run]))


def computed_on(records: Iterable[Record]) -> list[str]:
    """The names of the processors that records were computed on.

    There is only one, unless machines share a cache or the cache was copied from another machine.

    Notebook: book/09_verdicts.ipynb
    """
    return sorted({str(record.provenance.get("processor", "unknown")) for record in records})


def stored(path: Path | str | None = None) -> pd.DataFrame:
    """The verdicts of the stored pages, with the columns `STORED`; a row for each claim and dataset.

    Parameters
    ----------
    path : path
        Default: ``book/verdicts.csv``, which ``make refresh`` writes.

    Raises
    ------
    InputError
        When the table cannot be read or has other columns.

    Notebook: book/09_verdicts.ipynb
    """
    path = Path(path) if path else book_folder() / "verdicts.csv"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); restore it from the repository.") from error
    if tuple(table) != STORED:
        raise InputError(f"{path} has the columns {', '.join(table)}; restore it from the repository.")
    return table


def beside_stored(made: pd.DataFrame, before: pd.DataFrame, dataset: str, profile: str) -> str:
    """One sentence: whether a verdict on the data of this run differs from the stored one, and which.

    Parameters
    ----------
    made : DataFrame
        From `judged`.
    before : DataFrame
        From `stored`.

    Notebook: book/09_verdicts.ipynb
    """
    of_run, known = (
        table[(table["dataset"] == dataset) & (table["profile"] == profile)].set_index("id")["verdict"]
        for table in (made, before)
    )
    both = [name for name in of_run.index if name in known.index]
    if not both:
        return f"No verdict on {dataset}, {profile} is stored to compare with."
    differ = [f"{name} was {known[name]} and is {of_run[name]}" for name in both if of_run[name] != known[name]]
    counted = f"{len(both)} verdicts on {dataset}, {profile} are stored"
    if not differ:
        return f"{counted}; in this run none differs."
    return f"{counted}; in this run {len(differ)} differ{'s' if len(differ) == 1 else ''}: {'; '.join(differ)}."
