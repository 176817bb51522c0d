"""What a dataset holds, with one row for each excerpt. Manifests are read and checked only here.

A manifest is a CSV table with the columns of :data:`COLUMNS`, and after them one column for each
published partition. Its values are ``train``, ``valid``, ``test`` or blank (left out).

=============  ==========================================================================
column         meaning
=============  ==========================================================================
``excerpt``    unique id
``path``       the audio file, relative to the dataset's folder; a name that a cell would not keep is written as
               in a URL (``file:jazz/caf%E9.wav``)
``label``      the ground truth
``artist``     blank if unknown: never guessed, since artist filters depend on it
``title``      blank if unknown
``start_s``    where the excerpt begins in the file, in seconds
``duration_s`` its length in seconds; blank for "to the end of the file"
``checksum``   ``sha256:`` or ``md5:`` of the file (for a FLAC copy, of the 16-bit WAV file to which it
               decodes), or ``recipe:`` of what the excerpt is generated from; blank if unknown
``fault``      blank, ``replica_of:ID``, ``recording_of:ID``, ``version_of:ID``, ``distorted``, ``mislabelled``
``licence``    of the recording
``source``     where the recording and the facts come from
=============  ==========================================================================

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from ...cache import atomic_path
from ...errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "excerpt",
    "path",
    "label",
    "artist",
    "title",
    "start_s",
    "duration_s",
    "checksum",
    "fault",
    "licence",
    "source",
)
PARTS = ("train", "valid", "test", "")

_NUMBERS = ("start_s", "duration_s")
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|recipe:\S+")
_FAULT = re.compile(r"(replica_of|recording_of|version_of):\S.*|distorted|mislabelled")


@dataclass(frozen=True)
class Manifest:
    """The table of a dataset.

    Attributes
    ----------
    name : the dataset's
    table : one row an excerpt; text columns hold ``""`` where a fact is unknown, ``start_s`` and
        ``duration_s`` are floats and ``duration_s`` is NaN where the excerpt runs to the end of its file
    where : what error messages call it; the CSV file where there is one
    notes : what a reader must know of how it was made: what was found beside it and takes no part

    Notebook: book/02_partitions.ipynb
    """

    name: str
    table: pd.DataFrame
    where: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path | str, name: str | None = None) -> Manifest:
        """Read a manifest from a CSV file and check it.

        Raises
        ------
        InputError
            When the file is missing or not a CSV table, or the manifest is bad (see :meth:`validate`).
        """
        path = Path(path)
        manifest = cls.of(name or path.stem, read_table(path), where=str(path))
        return manifest.validate()

    @classmethod
    def of(cls, name: str, table: pd.DataFrame, where: str = "") -> Manifest:
        """A manifest from any table: columns in order, text stripped, numbers as floats, blanks filled.

        Raises
        ------
        InputError
            When a column is missing or a number is not one.
        """
        import pandas as pd  # imported here, since the list of datasets does not need it

        where = where or f"the manifest of {name}"
        missing = [column for column in COLUMNS if column not in table.columns]
        if missing:
            raise InputError(
                f"{where} lacks the column {', '.join(missing)} (it has {', '.join(map(str, table.columns))}); add it."
            )
        extra = [column for column in table.columns if column not in COLUMNS]
        ids = table["excerpt"].tolist()
        clean = pd.DataFrame(index=range(len(table)))
        for column in (*COLUMNS, *extra):
            values = ["" if pd.isna(value) else str(value).strip() for value in table[column]]
            if column in _NUMBERS:
                clean[column] = [_number(where, row, ids[row], column, value) for row, value in enumerate(values)]
            else:
                clean[column] = pd.Series(values, index=clean.index, dtype="str")
        return cls(name, clean, where)

    def write(self, path: Path | str) -> None:
        """Write the table as CSV, whole or not at all; :meth:`read` gives it back exactly."""
        with atomic_path(path) as temporary:
            temporary.write_text(self._csv(), encoding="utf-8", newline="")

    def validate(self, *, paths_inside: bool = True) -> Manifest:
        """Check every row, and return the manifest itself.

        Parameters
        ----------
        paths_inside : refuse paths that are absolute or climb out of the dataset's folder

        Raises
        ------
        InputError
            With the row (counted as in a spreadsheet, where headings are row 1), the column and the reason.
        """
        if not len(self.table):
            raise InputError(f"{self.where} has no rows; add one for each excerpt.")
        seen: dict[str, int] = {}
        for index, row in enumerate(self.rows()):
            excerpt = row["excerpt"]
            for column in ("excerpt", "path", "label"):
                if not row[column]:
                    raise self._bad(index, column, "is empty", "fill it in")
            if excerpt in seen:
                raise self._bad(
                    index,
                    "excerpt",
                    f"repeats the id of row {seen[excerpt] + 2}",
                    "give each excerpt its own id",
                )
            seen[excerpt] = index
            if paths_inside and _leaves(row["path"]):
                raise self._bad(index, "path", f"{row['path']!r} leaves the dataset's folder", "give a path inside it")
            if not row["start_s"] >= 0 or math.isinf(row["start_s"]):
                raise self._bad(index, "start_s", f"is {row['start_s']}", "give seconds, 0 or more")
            if row["duration_s"] <= 0 or math.isinf(row["duration_s"]):
                raise self._bad(index, "duration_s", f"is {row['duration_s']}", "give seconds above 0, or nothing")
            if row["checksum"] and not _CHECKSUM.fullmatch(row["checksum"]):
                raise self._bad(
                    index,
                    "checksum",
                    f"{row['checksum']!r} is not a checksum",
                    "write sha256: or md5: and the lower-case hexadecimal digest, or recipe: and a key",
                )
            if row["fault"] and not _FAULT.fullmatch(row["fault"]):
                raise self._bad(
                    index,
                    "fault",
                    f"{row['fault']!r} is not a known fault",
                    "write replica_of:ID, recording_of:ID, version_of:ID, distorted or mislabelled",
                )
            for column in self.partitions:
                if row[column] not in PARTS:
                    raise self._bad(
                        index, column, f"{row[column]!r} is not a part", "write train, valid or test, or leave it blank"
                    )
        return self

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows as dictionaries, in order."""
        yield from self.table.to_dict("records")

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in use, sorted."""
        return tuple(sorted(self.table["label"].unique()))

    @property
    def partitions(self) -> tuple[str, ...]:
        """Names of the columns that are published partitions."""
        return tuple(column for column in self.table.columns if column not in COLUMNS)

    @property
    def sha(self) -> str:
        """Hash of the table's content (not of the dataset's name)."""
        return hashlib.sha256(self._csv().encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.table)

    def _csv(self) -> str:
        return self.table.to_csv(index=False, lineterminator="\n")

    def _bad(self, index: int, column: str, fault: str, remedy: str) -> InputError:
        return _bad(self.where, index, self.table["excerpt"].iloc[index], column, fault, remedy)


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file as a table of text, blanks as ``""``.

    Raises
    ------
    InputError
        When it is missing, empty or not a CSV table in UTF-8.
    """
    import pandas as pd

    try:
        # utf-8-sig: spreadsheets begin their CSV files with a byte order mark.
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check the file's name.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8; save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV table ({error}); save it as CSV with headings.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if not any(rows):
        raise InputError(f"{path} is empty; a manifest has a row of headings and a row for each excerpt.")
    headings = [heading.strip() for heading in rows[0]]
    for heading in headings:
        if not heading or headings.count(heading) > 1:
            what = f"two columns called {heading!r}" if heading else "a column without a heading"
            raise InputError(f"{path} has {what}; give every column a name of its own.")
    while not rows[-1]:  # at the end nothing is meant by them
        rows.pop()
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            raise InputError(f"{path}, row {number} is blank; delete it, and any others.")
        if len(row) != len(headings):
            raise InputError(
                f"{path}, row {number} has {len(row)} cells under {len(headings)} headings; "
                "put quotes around text that holds a comma."
            )
    return pd.DataFrame(rows[1:], columns=headings, dtype="str")


def manifests_folder() -> Path:
    """The repository's folder ``data_manifests``.

    Raises
    ------
    InputError
        When the library was installed without its repository.
    """
    folder = Path(__file__).resolve().parents[4] / "data_manifests"
    if not folder.is_dir():
        raise InputError(
            f"{folder} is missing; install the library from a clone of its repository with `pip install -e .`."
        )
    return folder


def _number(where: str, index: int, excerpt: object, column: str, text: str) -> float:
    if not text:
        return 0.0 if column == "start_s" else math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise _bad(where, index, excerpt, column, f"{text!r} is not a number", "give seconds")
    return number


def _bad(where: str, index: int, excerpt: object, column: str, fault: str, remedy: str) -> InputError:
    called = f" ({excerpt})" if excerpt else ""
    return InputError(f"{where}, row {index + 2}{called}, column {column}: {fault}; {remedy}.")


def _leaves(path: str) -> bool:
    pure = PurePosixPath(path.replace("\\", "/"))
    return pure.is_absolute() or bool(PureWindowsPath(path).drive) or ".." in pure.parts
