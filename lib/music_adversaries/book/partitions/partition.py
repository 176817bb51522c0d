"""A partition: the part of every excerpt, and what a reader must know about it.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, overload

import pandas as pd

from ...errors import InputError

if TYPE_CHECKING:
    from ..datasets.manifest import Manifest

PARTS = ("train", "valid", "test")
SHARES = (0.5, 0.25, 0.25)


class Undivided(InputError):
    """A partition of fewer than two classes: the others cannot be divided into three parts."""


@dataclasses.dataclass(frozen=True, eq=False)
class Partition:
    """A named division of a manifest's excerpts.

    Attributes
    ----------
    name : str
        For example ``"random"``.
    parts : pandas.Series
        Index: excerpt; values: ``"train"``, ``"valid"``, ``"test"`` or ``""`` (unused).
    notes : tuple of str
        What a reader must know: classes left out, unknown artists, shares achieved.
    labels : tuple of str
        The classes that take part, sorted.

    Raises
    ------
    InputError
        When an excerpt occurs twice or a part has another name.
    """

    name: str
    parts: pd.Series
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.parts.index.has_duplicates:
            twice = self.parts.index[self.parts.index.duplicated()][0]
            raise InputError(f"Partition {self.name!r} names excerpt {twice!r} twice; give each excerpt one part.")
        strange = set(self.parts) - {*PARTS, ""}
        if strange:
            raise InputError(
                f"Partition {self.name!r} has a part called {sorted(map(str, strange))[0]!r}; "
                f"use {', '.join(PARTS)} or leave it empty."
            )

    def excerpts(self, part: str) -> list[str]:
        """Excerpts of one part (``"train"``, ``"valid"``, ``"test"`` or ``""``), in the manifest's order."""
        if part not in (*PARTS, ""):
            raise InputError(f"There is no part {part!r}; use {', '.join(PARTS)} or an empty string for the unused.")
        return [str(excerpt) for excerpt in self.parts.index[self.parts == part]]

    def counts(self) -> dict[str, int]:
        """Number of excerpts in ``train``, ``valid``, ``test`` and ``unused``."""
        return {part or "unused": int((self.parts == part).sum()) for part in (*PARTS, "")}


@overload
def restrict(what: Manifest, labels: Iterable[str]) -> Manifest: ...
@overload
def restrict(what: Partition, labels: Iterable[str], manifest: Manifest) -> Partition: ...
def restrict(
    what: Manifest | Partition, labels: Iterable[str], manifest: Manifest | None = None
) -> Manifest | Partition:
    """Keep only some classes, so that two partitions can be compared on the same classes.

    Parameters
    ----------
    what : Manifest or Partition
        A manifest loses the other classes' rows; in a partition their excerpts become unused.
    labels : iterable of str
        The classes to keep.
    manifest : Manifest
        Needed with a partition: it says which class an excerpt belongs to.

    Raises
    ------
    InputError
        When a label is not among the manifest's.

    Notebook: book/02_partitions.ipynb
    """
    wanted = set(labels)
    source = manifest if isinstance(what, Partition) else what
    if source is None:
        raise TypeError("restrict(partition, labels, manifest) needs the manifest that the partition divides")
    table = source.table
    absent = sorted(wanted - set(table["label"]))
    if absent:
        raise InputError(f"The dataset has no label {absent[0]!r}; choose from {', '.join(labels_of(table))}.")
    kept = table["label"].isin(wanted)
    if not isinstance(what, Partition):
        return dataclasses.replace(what, table=table[kept].reset_index(drop=True))
    check_belongs(table, what)
    parts = what.parts.where(what.parts.index.isin(table["excerpt"][kept]), "")
    out = sorted(set(what.labels) - wanted)
    notes = (*what.notes, f"Restricted: without {', '.join(out)}.") if out else what.notes
    kept_labels = tuple(label for label in what.labels if label in wanted)
    return dataclasses.replace(what, parts=parts, notes=notes, labels=kept_labels)


def labels_of(table: pd.DataFrame) -> tuple[str, ...]:
    """The classes of a table, sorted."""
    return tuple(sorted(set(table["label"])))


def check_belongs(table: pd.DataFrame, partition: Partition) -> None:
    """Refuse a partition that names an excerpt missing from the manifest."""
    strangers = partition.parts.index.difference(table["excerpt"])
    if len(strangers):
        raise InputError(
            f"Partition {partition.name!r} names excerpt {strangers[0]!r}, which the manifest does not have; "
            "use the manifest that it was made from."
        )
