"""Records: JSON files with a result and how it was computed.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import dataclasses
import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cache import atomic_path, cache_dir
from ..errors import InputError
from .measurements import Measurement, Selection, select, the_one

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = {"experiment": str, "dataset": str, "profile": str, "measurements": list}  # a record must have these


class FormerRecord(InputError):
    """A record in the format of an earlier version."""


@dataclass
class Record:
    """A result and its provenance.

    ``measurements`` are its tidy rows, see `measurements`; ``tables`` maps a name to a list of rows: the data that
    the measurements were computed from. Both are plain JSON.

    Notebook: book/09_verdicts.ipynb
    """

    experiment: str
    dataset: str
    profile: str
    measurements: list[Measurement] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    file: Path | None = field(default=None, compare=False)  #: the file that it was read from

    @property
    def filename(self) -> str:
        """``EXPERIMENT-DATASET-PROFILE.json``"""
        return filename(self.experiment, self.dataset, self.profile)

    @property
    def place(self) -> str:
        """What messages call it: the file that it was read from, or its file name."""
        return str(self.file or self.filename)

    def find(self, quantity: str | Selection, **conditions: Any) -> Measurement | None:
        """The measurement of a quantity under conditions; None if there is no such measurement.

        Raises
        ------
        InputError
            When several fit; the message names the conditions in which they differ.
        """
        selection = select(quantity, **conditions) if isinstance(quantity, str) else quantity
        return the_one(self.measurements, selection, f"The record {self.filename}")

    def one(self, quantity: str | Selection, **conditions: Any) -> Measurement:
        """The measurement of a quantity under conditions, with its interval.

        Raises
        ------
        InputError
            When there is no such measurement, or several fit.
        """
        found = self.find(quantity, **conditions)
        if found is None:
            selection = select(quantity, **conditions) if isinstance(quantity, str) else quantity
            known = ", ".join(dict.fromkeys(row["quantity"] for row in self.measurements))
            raise InputError(f"The record {self.filename} has no measurement of {selection}; it has {known}.")
        return found

    def rows(self, quantity: str | None = None, **conditions: Any) -> pd.DataFrame:
        """The measurements that fit, one row each, with a column for every condition that any of them states."""
        import pandas as pd  # here, since importing it takes longer than computing all verdicts

        wanted = tuple(conditions.items())
        fitting = [row for row in self.measurements if Selection(quantity or row["quantity"], wanted).fits(row)]
        return pd.DataFrame(fitting)

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables."""
        import pandas as pd  # here, since importing it takes longer than computing all verdicts

        if name not in self.tables:
            raise InputError(f"The record {self.filename} has no table {name!r}; it has {', '.join(self.tables)}.")
        return pd.DataFrame(self.tables[name])

    def write(self, folder: Path | str) -> Path:
        """Write into a folder, atomically, and return the path."""
        path = Path(folder) / self.filename
        content = {name: value for name, value in dataclasses.asdict(self).items() if name != "file"}
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        return path

    @classmethod
    def read(cls, path: Path | str) -> Record:
        """Read what `write` wrote; `InputError` when it is missing or is not a record."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist; run the experiment first.") from error
        except (OSError, ValueError) as error:
            raise InputError(f"{path} is not a readable JSON record ({error}); delete it and run again.") from error
        content = content if isinstance(content, dict) else {}
        if "results" in content and "measurements" not in content:
            raise FormerRecord(f"{path} was written by an earlier version of this library; run the experiment again.")
        for name, kind in _FIELDS.items():
            if not isinstance(content.get(name), kind):
                raise InputError(f"{path} is not a record: its field {name!r} is missing or bad; delete the file.")
        for number, row in enumerate(content["measurements"], 1):
            if not (isinstance(row, dict) and isinstance(row.get("quantity"), str)):
                raise InputError(f"{path} is not a record: its measurement {number} has no quantity; delete the file.")
        known = {one.name for one in dataclasses.fields(cls)} - {"file"}
        unknown = [name for name in content if name not in known]
        if unknown:
            raise InputError(f"{path} is not a record: it has the unknown field {unknown[0]!r}; delete the file.")
        return cls(**content, file=Path(path))


def filename(experiment: str, dataset: str, profile: str) -> str:
    """``EXPERIMENT-DATASET-PROFILE.json``, without characters that some systems forbid in file names."""
    return re.sub(r"[^\w.=-]+", "_", f"{experiment}-{dataset}-{profile}") + ".json"


def book_folder() -> Path:
    """Folder ``book/`` of the clone that this library was installed from.

    Raises
    ------
    InputError
        When there is no such folder: the library was installed without the book.
    """
    folder = Path(__file__).resolve().parents[3] / "book"
    if not folder.is_dir():
        raise InputError(f"There is no book at {folder}; clone the repository and install from it, or give the path.")
    return folder


def records_folder() -> Path:
    """Where computed records are kept: ``records`` in the cache folder."""
    return cache_dir() / "records"


def record_folders() -> tuple[Path, ...]:
    """Where records are looked for: the book's folder, then the user's own, whose records replace the book's."""
    return book_folder() / "records", records_folder()


def read_records(*folders: Path | str) -> list[Record]:
    """All records of some folders, sorted by experiment, dataset and profile.

    If two folders have a record of the same experiment, dataset and profile, that of the later folder counts.
    A folder that does not exist has no records.

    Raises
    ------
    InputError
        When a file is not a record; the file is named.

    Warns
    -----
    UserWarning
        For each record that an earlier version wrote: it is left out.

    Notebook: book/09_verdicts.ipynb
    """
    found = []
    for path in (path for folder in folders for path in sorted(Path(folder).glob("*.json"))):
        try:
            found.append(Record.read(path))
        except FormerRecord as error:
            warnings.warn(f"{str(error).rstrip('.')}; it is left out.", stacklevel=2)
    return latest(found)


def latest(records: Iterable[Record]) -> list[Record]:
    """The last record of each experiment, dataset and profile, sorted by these."""
    found = {(record.experiment, record.dataset, record.profile): record for record in records}
    return [found[key] for key in sorted(found)]


def recorded(experiment: str, dataset: str = "synthetic", profile: str = "quick") -> Record:
    """A record in the repository's folder ``book/records``: computed once, not in every run of the book.

    Raises
    ------
    InputError
        When there is no such record.

    Notebook: book/02_partitions.ipynb
    """
    return Record.read(book_folder() / "records" / filename(experiment, dataset, profile))
