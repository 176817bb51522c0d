"""Partitions that are drawn with a seed: random, or with each track or each artist in one part.

Paper: Section 2.3
Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import InputError
from .division import place, seeded
from .names import SAME_COMPOSITION, SAME_RECORDING, artist_keys, faults, joined, same, tracks
from .partition import PARTS, SHARES, Partition, Undivided, labels_of

if TYPE_CHECKING:
    from ..datasets.manifest import Manifest

LUMPED = " (unknown ones count as one)"
_SHOWN = 3  # reasons in a refusal


def random(manifest: Manifest, *, seed: int, shares: Sequence[float] = SHARES) -> Partition:
    """Divide each class at random, like the partitions in most of the literature on GTZAN.

    The shares hold within each class to within one excerpt. A class of fewer than three excerpts is left out, with a
    note.

    Parameters
    ----------
    manifest : Manifest
        Its table needs the columns ``excerpt`` and ``label``.
    seed : int
        The same seed gives the same partition.
    shares : three positive floats that sum to 1
        Wished shares of train, valid and test.

    Raises
    ------
    InputError
        On bad shares, or when fewer than two classes can be divided.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    wished = check_shares(shares)
    table = manifest.table
    parts: dict[str, str] = {}
    notes: list[str] = []
    labels: list[str] = []
    for label, group in _classes(table):
        excerpts = sorted(group["excerpt"])
        if len(excerpts) < len(PARTS):
            notes.append(f"Left out: {label} has {count(len(excerpts), 'excerpt')}; three parts need at least three.")
            continue
        labels.append(label)
        rng = seeded(seed, label)
        counts = _round_shares(len(excerpts), wished, rng)
        order = rng.permutation(excerpts)
        parts.update(zip(order, np.repeat(PARTS, counts), strict=True))
    at_least_two(labels, notes)
    return Partition("random", series(table, parts), tuple(notes), tuple(labels))


def artist_filtered(manifest: Manifest, *, seed: int, shares: Sequence[float] = SHARES) -> Partition:
    """Divide whole artists, so that none is in two parts, with class shares as close as possible to those wished.

    For each class, dynamic programming finds the assignments of artists to parts that minimise the sum
    over parts of ``|excerpts - wished excerpts|``; one of these is drawn uniformly. Every part of a class
    gets at least one artist. An artist that is in several classes goes to one part in all of them; these
    few are placed by descent on the sum over classes.

    Classes with fewer than three artists cannot be divided into three parts; they are left out, with a
    note. Excerpts of unknown artist count as one artist within their class, with a note.

    Parameters
    ----------
    manifest : Manifest
        Its table needs the columns ``excerpt``, ``label`` and ``artist``.
    seed : int
        The same seed gives the same partition.
    shares : three positive floats that sum to 1
        Wished shares of train, valid and test.

    Raises
    ------
    InputError
        On bad shares, or when fewer than two classes can be divided.

    Paper: Section 2.3
    Paper: Section 2.4
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    return _whole("artist_filtered", table, artist_keys(table), "artist", seed, shares)


def track_filtered(manifest: Manifest, *, seed: int, shares: Sequence[float] = SHARES) -> Partition:
    """Divide whole recordings: excerpts that were cut from one file, or that the manifest's faults name as
    one recording, are in one part.

    It lies between `random` and `artist_filtered`: no recording is in two parts, but an artist may be.

    Parameters, errors
        As :func:`artist_filtered`; the table needs the columns ``excerpt``, ``label`` and ``path``.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    return _whole("track_filtered", table, tracks(table), "track", seed, shares)


def fault_filtered(manifest: Manifest, *, seed: int, shares: Sequence[float] = SHARES) -> Partition:
    """Leave out replicas and distorted excerpts, and divide whole artists, as for the paper's filtered partition.

    Excerpts whose fault is ``replica_of``, ``recording_of`` or ``distorted`` are unused. Mislabelled excerpts
    stay, as in the paper. Two artists with versions of one composition go to one part together.

    Parameters, errors
        As :func:`artist_filtered`. If the manifest names no faults, this is the artist-filtered
        partition, and a note says so.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    kinds = faults(table)
    faulty = kinds.isin([*SAME_RECORDING, "distorted"])
    # Links of a composition go through excerpts that are left out, too (a version of a replica is a version of its
    # original). But an excerpt that is left out does not join its artist with others.
    artists, compositions = artist_keys(table), same(table, SAME_COMPOSITION)
    artists[~faulty] = joined(artists[~faulty], compositions[~faulty.to_numpy()])
    if kinds.eq("").all():
        notes = ["The manifest names no faults: this is an artist-filtered partition."]
    else:
        left_out = ", ".join(
            f"{n} {kind.replace('_', ' ')}" for kind, n in kinds[faulty].value_counts().sort_index().items()
        )
        notes = [f"Left out as faulty: {left_out or 'none'}."]
        if kept := int(kinds.eq("mislabelled").sum()):
            notes.append(f"Kept: {count(kept, 'mislabelled excerpt')}.")
    return _whole("fault_filtered", table, artists, "artist", seed, shares, ~faulty, notes)


def _whole(
    name: str,
    table: pd.DataFrame,
    groups: pd.Series,
    noun: str,
    seed: int,
    shares: Sequence[float],
    used: pd.Series | None = None,
    notes: Iterable[str] = (),
) -> Partition:
    """Divide whole groups of rows; ``groups`` has the key of each row's group, ``used`` says which rows take part."""
    wished = check_shares(shares)
    everything = table
    if used is not None:
        table, groups = table[used], groups[used]
    notes = list(notes)

    sizes: dict[str, dict[str, int]] = {}  # class -> group -> excerpts
    for label, group in _classes(table):
        counted = groups[group.index].value_counts()
        if len(counted) < len(PARTS):
            lumped = noun == "artist" and (group["artist"].str.strip() == "").any()
            notes.append(
                f"Left out: {label} has {count(len(counted), noun)}{LUMPED if lumped else ''}; "
                "three parts need at least three."
            )
            continue
        sizes[label] = {str(which): int(counted[which]) for which in sorted(counted.index)}
    at_least_two(sizes, notes)

    divisions = place(sizes, wished, seed)
    placed = {label: division for label, division in divisions.items() if division is not None}
    for label in [label for label in sizes if label not in placed]:
        notes.append(f"Left out: {label} shares so many {noun}s with other classes that no division of it was found.")
        del sizes[label]
    at_least_two(sizes, notes)

    parts = {
        excerpt: placed[label][group]
        for excerpt, label, group in zip(table["excerpt"], table["label"], groups, strict=True)
        if label in sizes
    }
    if noun == "artist":
        notes += _about_unknown(table, parts, sizes)
    partition = Partition(name, series(everything, parts), tuple(notes), tuple(sizes))
    return dataclasses.replace(partition, notes=(*notes, _shares_note(everything, partition, wished)))


def _about_unknown(table: pd.DataFrame, parts: Mapping[str, str], labels: Iterable[str]) -> list[str]:
    """How excerpts of unknown artist were treated, if there are any."""
    together = []
    for label, group in _classes(table):
        nameless = group["excerpt"][group["artist"].str.strip() == ""]
        if len(nameless) and label in labels:
            together.append(f"{label} {len(nameless)} in {parts[nameless.iloc[0]]}")
    if not together:
        return []
    return [
        f"Unknown artists: a class's excerpts stay together, as if by one artist ({', '.join(together)}); "
        "whether they share an artist with another part cannot be known."
    ]


def _classes(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(label, table[table["label"] == label]) for label in labels_of(table)]


def count(n: int, noun: str) -> str:
    """``1 artist``, ``2 artists``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def check_shares(shares: Sequence[float]) -> np.ndarray:
    """The shares as an array; refuses bad ones."""
    wished = np.asarray(shares, dtype=float)
    if wished.shape != (3,) or not (wished > 0).all() or abs(wished.sum() - 1) > 1e-6:
        raise InputError(
            f"Shares {tuple(shares)} make no partition; give three positive numbers that sum to 1, as 0.5, 0.25, 0.25."
        )
    return wished


def at_least_two(labels: Iterable[str], notes: Iterable[str]) -> None:
    """Refuse a partition of fewer than two classes, with the first reasons."""
    if len(list(labels)) < 2:
        notes = list(notes)
        remedy = "use another dataset or partition"
        if any(LUMPED in note for note in notes):
            remedy = (
                "give the artists (a CSV with the columns path, label and artist instead of a folder), or use the "
                "partition random"
            )
        more = [f"And so on, {len(notes)} in all."] if len(notes) > _SHOWN else []
        raise Undivided(
            f"Fewer than two classes can be divided into train, valid and test; {remedy}. "
            + " ".join([*notes[:_SHOWN], *more])
        )


def series(table: pd.DataFrame, parts: Mapping[str, str]) -> pd.Series:
    """The part of each excerpt, in the table's order."""
    index = pd.Index(table["excerpt"], name="excerpt")
    return pd.Series([str(parts.get(excerpt, "")) for excerpt in index], index=index, name="part", dtype=object)


def _round_shares(n: int, wished: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The method of largest remainders; ties are decided at random, and no part stays empty."""
    exact = n * wished
    counts = np.floor(exact + 1e-9).astype(int)
    remainders = np.round(exact - counts, 9)
    order = np.lexsort((rng.random(3), -remainders))
    counts[order[: n - counts.sum()]] += 1
    while (counts == 0).any():
        counts[counts.argmax()] -= 1
        counts[counts.argmin()] += 1
    return counts


def _shares_note(table: pd.DataFrame, partition: Partition, wished: np.ndarray) -> str:
    parts = partition.parts.to_numpy()
    counts = pd.DataFrame({part: pd.Series(parts == part).groupby(table["label"].to_numpy()).sum() for part in PARTS})
    counts = counts.loc[list(partition.labels)]
    overall = counts.sum() / counts.to_numpy().sum()
    off = counts.div(counts.sum(axis=1), axis=0).sub(wished).abs()
    label = off.max(axis=1).idxmax()
    part = off.loc[label].idxmax()
    said = ", ".join(f"{name} {overall[name]:.1%}" for name in PARTS)
    note = f"Shares achieved: {said}"
    if off.loc[label, part] > 0.005:
        share = counts.loc[label, part] / counts.loc[label].sum()
        note += f"; farthest from the wish: {label}, {share:.1%} in {part}"
    return note + "."
