"""Partitions by name: published ones, which a manifest holds, and drawn ones.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from .. import datasets
from .drawn import artist_filtered, fault_filtered, random, series, track_filtered
from .folds import folds
from .partition import PARTS, SHARES, Partition, labels_of

if TYPE_CHECKING:
    import pandas as pd

    from ..datasets.manifest import Manifest

DRAWN: dict[str, Callable[..., Partition]] = {
    "random": random,
    "track_filtered": track_filtered,
    "artist_filtered": artist_filtered,
    "fault_filtered": fault_filtered,
}
_DRAWN = "drawn:"
_FOLD = re.compile(r"(artist|track|excerpt)_fold_(\d+)_of_(\d+)")


def published(manifest: Manifest, column: str) -> Partition:
    """The partition that a column of the manifest holds, for example GTZAN's ``fault_filtered``.

    Raises
    ------
    InputError
        When there is no such column, or it has a value that is not train, valid, test or blank.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    if column not in table:
        offered = _columns(table)
        remedy = f"choose one of {', '.join(offered)}" if offered else "this dataset has none, so use random"
        raise InputError(f"The manifest has no partition {column!r}; {remedy}.")
    values = table[column].fillna("").astype(str)
    strange = ~values.isin([*PARTS, ""])
    if strange.any():
        row = table[strange].iloc[0]
        raise InputError(
            f"Column {column!r} of the manifest says {row[column]!r} for excerpt {row['excerpt']!r}; "
            f"use {', '.join(PARTS)} or leave it empty."
        )
    used = table[values != ""]
    return Partition(column, series(table, dict(zip(table["excerpt"], values, strict=True))), (), labels_of(used))


def named(manifest: Manifest, name: str, *, seed: int = 0, shares: Sequence[float] = SHARES) -> Partition:
    """The partition with this name.

    Parameters
    ----------
    name : str
        - A published partition of the manifest. It takes precedence: GTZAN's ``"random"`` is the paper's.
        - ``"random"``, ``"track_filtered"``, ``"artist_filtered"`` or ``"fault_filtered"``: drawn.
        - ``"drawn:random"``: drawn, even if there is a published partition ``"random"``.
        - ``"artist_fold_1_of_4"`` (or ``track``, ``excerpt``): the first of four folds that keep artists
          together, of the repeat that the seed draws.
    seed : int
        Seed of a drawn partition; changes nothing in a published one.
    shares : three positive floats that sum to 1
        Wished shares of train, valid and test in a drawn partition.

    Raises
    ------
    InputError
        When there is no such partition, or it cannot be made from this manifest.

    >>> from music_adversaries.book import datasets, partitions
    >>> made = partitions.named(datasets.manifest_of("gtzan"), "fault_filtered")
    >>> made.counts()["test"]
    290

    Notebook: book/02_partitions.ipynb
    """
    check_name(manifest, name)
    if not name.startswith(_DRAWN) and name in _columns(manifest.table):
        return published(manifest, name)
    if fold := _FOLD.fullmatch(name):
        return folds(manifest, seed=seed, n_folds=int(fold[3]), by=fold[1])[int(fold[2]) - 1]
    return DRAWN[name.removeprefix(_DRAWN)](manifest, seed=seed, shares=shares)


def check_name(manifest: Manifest, name: str) -> None:
    """Refuse a name that :func:`named` does not know, without making the partition.

    Raises
    ------
    InputError
        When there is no such partition.
    """
    published_here = _columns(manifest.table)
    if name in published_here:
        return
    if fold := _FOLD.fullmatch(name):
        if not 1 <= int(fold[2]) <= int(fold[3]):
            raise InputError(f"There is no partition {name!r}; folds are numbered from 1 to {fold[3]}.")
        return
    if not is_drawn(name):
        offered = [*DRAWN, *(column for column in published_here if column not in DRAWN)]
        raise InputError(f"There is no partition {name!r}; choose one of {', '.join(offered)}.")


def check_beforehand(dataset: str, name: str, profile: str = "quick", path: Path | str | None = None) -> None:
    """`check_name` before a file of the dataset is opened or made, if what it publishes can be known so early.

    Raises
    ------
    InputError
        When there is no such partition.
    """
    if not is_drawn(name):
        manifest = datasets.outline(dataset, profile, path)
        if manifest is not None:
            check_name(manifest, name)


def is_drawn(name: str) -> bool:
    """Whether it is the name of a partition that can be drawn from any manifest."""
    return name.removeprefix(_DRAWN) in DRAWN


def _columns(table: pd.DataFrame) -> list[str]:
    """The columns of a manifest that hold a partition."""
    facts = ("excerpt", "path", "label", "artist", "title", "fault", "licence", "source")
    return [name for name in table if name not in facts and set(PARTS) & set(table[name].astype(str))]
