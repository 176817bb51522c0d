"""Folds: every excerpt is tested once, and repetitions give intervals.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from .division import seeded
from .drawn import LUMPED, at_least_two, count, series
from .names import artist_keys, tracks
from .partition import Partition, labels_of

if TYPE_CHECKING:
    import pandas as pd

    from ..datasets.manifest import Manifest

BY = ("artist", "track", "excerpt")


def folds(manifest: Manifest, *, seed: int, n_folds: int = 4, repeats: int = 1, by: str = "artist") -> list[Partition]:
    """Repeated grouped folds, stratified by class (scikit-learn's ``StratifiedGroupKFold``).

    In a repeat, each fold is the test part once. The next fold is then the validation part, and the rest
    is for training. So every excerpt is tested once in each repeat, and no artist is in two parts.

    Parameters
    ----------
    manifest : Manifest
        Its table needs the columns ``excerpt``, ``label``, ``artist`` and ``path``.
    seed : int
        The same seed gives the same folds.
    n_folds : int
        At least 3.
    repeats : int
        How often everything is divided again.
    by : {"artist", "track", "excerpt"}
        What is kept in one part. Unknown artists of a class are one artist.

    Returns
    -------
    list of Partition
        ``n_folds * repeats`` of them. Classes with fewer groups than folds are unused, with a note.

    Raises
    ------
    InputError
        When ``n_folds`` or ``repeats`` is too small, or fewer than two classes are left.

    Notebook: book/02_partitions.ipynb
    """
    if n_folds < 3 or repeats < 1:
        raise InputError(f"n_folds is {n_folds} and repeats is {repeats}; give at least 3 folds and 1 repeat.")
    if by not in BY:
        raise InputError(f"Folds cannot be grouped by {by!r}; choose one of {', '.join(BY)}.")
    from sklearn.model_selection import StratifiedGroupKFold  # imported here, since no other partition needs it

    # Sorted by id, so that the order of the manifest's rows does not matter.
    table = manifest.table.sort_values("excerpt", kind="stable").reset_index(drop=True)
    groups = _groups(table, by)
    kept, notes = [], []
    for label in labels_of(table):
        n_groups = groups[table["label"] == label].nunique()
        if n_groups < n_folds:
            lumped = by == "artist" and (table["artist"][table["label"] == label] == "").any()
            unknown = LUMPED if lumped else ""
            notes.append(f"Left out: {label} has {count(n_groups, by)}{unknown}; {n_folds} folds need as many.")
        else:
            kept.append(label)
    at_least_two(kept, notes)
    used = table["label"].isin(kept).to_numpy()
    table, groups = table[used], groups[used]

    made = []
    for repeat in range(repeats):
        state = int(seeded(seed, f"folds {repeat}").integers(2**31))
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=state)
        fold = np.empty(len(table), dtype=int)
        for number, (_, test) in enumerate(splitter.split(table, table["label"], groups)):
            fold[test] = number
        for number in range(n_folds):
            parts = np.full(len(table), "train", dtype=object)
            parts[fold == number] = "test"
            parts[fold == (number + 1) % n_folds] = "valid"
            lacking = sorted(set(kept) - set(table["label"][fold == number]))
            said = [f"This fold tests no excerpt of {', '.join(lacking)}."] if lacking else []
            name = f"{by} fold {number + 1} of {n_folds}, repeat {repeat + 1}"
            where = series(manifest.table, dict(zip(table["excerpt"], parts, strict=True)))
            made.append(Partition(name, where, (*notes, *said), tuple(kept)))
    return made


def _groups(table: pd.DataFrame, by: str) -> pd.Series:
    if by == "artist":
        return artist_keys(table)
    if by == "track":
        return tracks(table)
    return table["excerpt"]
