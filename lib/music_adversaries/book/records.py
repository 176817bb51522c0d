"""Records: JSON files with a result and how it was computed.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cache import SEAL, atomic_path, cache_dir, parse_json, sealed, unsealed
from ..errors import InputError
from .measurements import COLUMNS, Measurement, Selection, doubt, select, the_one

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = {"experiment": str, "dataset": str, "profile": str, "measurements": list}  # without these, it is not a record
_FURTHER = {"tables": dict, "config": dict, "provenance": dict, "key": str}
#: What of a configuration is said only where it is not this; that of `harness.Config`, which takes long to import.
USUAL: dict[str, object] = {
    "labelling": "true",
    "partition": "random",
    "labels": None,
    "system": "dnn50",
    "seed": 0,
    "seeds": [],
    "snr": 15.0,
    "confidence": 0.9,
    "step": 0.1,
    "max_iterations": 100,
    "device": "cpu",
    "collection": "",  # of the user's own music, see `datasets.collection`
}
#: How the note of a record begins that says which partition its music has not, and why.
WITHOUT_PARTITION = "left out: whatever needs the partition "
_LONGEST = 120  # letters of a file name that say a configuration; a longer one is hashed


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
        """That of the file that it was read from, or else its own: see the function `filename`."""
        return self.file.name if self.file else self._own_name

    @property
    def _own_name(self) -> str:
        return filename(self.experiment, self.dataset, self.profile, self.config)

    @property
    def configuration(self) -> str:
        """What of its configuration is not the usual, as ``"partition artist_filtered, seed 3"``."""
        return ", ".join(f"{name} {_written(value)}" for name, value in _unusual(self.config).items())

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
        return the_one(self.measurements, selection, f"The record {self.place}")

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
            raise InputError(f"The record {self.place} has no measurement of {selection}; it has {known}.")
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
            raise InputError(f"The record {self.place} has no table {name!r}; it has {', '.join(self.tables)}.")
        return pd.DataFrame(self.tables[name])

    def write(self, folder: Path | str) -> Path:
        """Write into a folder, atomically, with a hash of all of it; returns the path."""
        path = Path(folder) / self._own_name
        content = {name: value for name, value in dataclasses.asdict(self).items() if name != "file"}
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(sealed(content), indent=1, sort_keys=True) + "\n")
        return path

    @classmethod
    def read(cls, path: Path | str) -> Record:
        """Read what `write` wrote.

        Raises
        ------
        InputError
            When it is missing or no record, was changed after it was written, has another record's name, or holds a
            measurement that cannot be.
        """
        path = Path(path)
        try:
            if path.exists() and not path.is_file():  # reading a pipe would wait for ever
                raise ValueError("it is no file")
            content = parse_json(path.read_text(encoding="utf-8"))
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
        for name, kind in _FURTHER.items():
            if not isinstance(content.get(name, kind()), kind):
                raise InputError(f"{path} is not a record: its field {name!r} is bad; delete the file.")
        _check_measurements(content["measurements"], path)
        for name, rows in content.get("tables", {}).items():
            if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
                raise InputError(f"{path} is not a record: its table {name!r} is not a list of rows; delete the file.")
        known = {one.name for one in dataclasses.fields(cls)} - {"file"} | {SEAL}
        unknown = [name for name in content if name not in known]
        if unknown:
            raise InputError(f"{path} is not a record: it has the unknown field {unknown[0]!r}; delete the file.")
        try:
            record = cls(**unsealed(content), file=path)
        except KeyError as error:
            raise FormerRecord(
                f"{path} was written by an earlier version of this library, without a hash of its content; run the "
                "experiment again."
            ) from error
        except ValueError as error:
            raise InputError(
                f"{path} was changed after it was written ({error}); restore it, or delete it and run again."
            ) from error
        # Books and caches of before a configuration was part of the name are read, too.
        usual = filename(record.experiment, record.dataset, record.profile)
        if path.name not in (record._own_name, usual):
            raise InputError(f"{path} holds the record {record._own_name}; rename it to that, or delete it.")
        return record


def _check_measurements(rows: list[Any], path: Path) -> None:
    """Refuse rows that cannot be measurements, and two that say the same."""
    seen = set()
    for number, row in enumerate(rows, 1):
        reason = doubt(row)
        said = "" if reason else json.dumps({**row, **dict.fromkeys(COLUMNS[1:])}, sort_keys=True)
        if said in seen:
            reason = "states what an earlier one states"
        if reason:
            raise InputError(
                f"{path} is not a record: its measurement {number} {reason}; delete the file and run again."
            )
        seen.add(said)


def filename(experiment: str, dataset: str, profile: str, config: Mapping[str, object] | None = None) -> str:
    """``EXPERIMENT-DATASET-PROFILE.json``, without signs that a file name cannot have everywhere.

    A configuration that is not the usual is said: ``EXPERIMENT-DATASET-PROFILE-seed=3.json``.
    """
    stated = "".join(f"-{name}={_written(value)}" for name, value in _unusual(config or {}).items())
    if len(stated) > _LONGEST:
        stated = f"-{hashlib.sha256(stated.encode()).hexdigest()[:16]}"
    return re.sub(r"[^\w.=-]+", "_", f"{experiment}-{dataset}-{profile}{stated}") + ".json"


def _unusual(config: Mapping[str, object]) -> dict[str, object]:
    """What of a configuration is not the usual, in the order of `USUAL`."""
    stated = {name: config.get(name, usual) for name, usual in USUAL.items()}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in stated.items()}
    return {name: value for name, value in plain.items() if value != USUAL[name]}


def _written(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


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

    Where two folders hold the same experiment, dataset, profile and configuration, the later folder's record counts.
    A folder that does not exist holds none.

    Warns
    -----
    UserWarning
        Of each file that is not a record, was changed by hand, or was written by an earlier version: it is left out.

    Notebook: book/09_verdicts.ipynb
    """
    found = []
    for path in (path for folder in folders for path in sorted(Path(folder).glob("*.json"))):
        try:
            found.append(Record.read(path))
        except InputError as error:
            warnings.warn(f"{str(error).rstrip('.')}; it is left out.", stacklevel=2)
    return latest(found)


def latest(records: Iterable[Record]) -> list[Record]:
    """Of each experiment, dataset, profile and configuration the last of the records, sorted by these."""
    found = {(record.experiment, record.dataset, record.profile, record.configuration): record for record in records}
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
