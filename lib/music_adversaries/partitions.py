"""Partitions: which excerpts train a system, which validate it and which test it.

The paper's first result is that the score depends on this choice. A random partition puts songs
of one artist on both sides; a system can then score by recognising the artist. An artist-filtered
partition keeps each artist in one part. :func:`audit` says what a partition leaks.

Conventions
-----------
* A partition gives every excerpt of a manifest one of ``train``, ``valid``, ``test`` or ``""`` (unused).
* Two artists, or two titles, are the same when their letters and digits are, whatever the case,
  spacing and punctuation ("Caught In The Middle", "Caught InThe Middle").
* An empty artist is unknown. Unknown artists are never assumed distinct: within a class they are
  treated as one artist.
* The order of the manifest's rows never matters, and a class is split the same way whatever other
  classes the manifest holds (unless they share artists).

Paper: Section 2.3
Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import dataclasses
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from .errors import InputError

if TYPE_CHECKING:
    from .datasets.manifest import Manifest

PARTS = ("train", "valid", "test")
SHARES = (0.5, 0.25, 0.25)
UNKNOWN = "(unknown, "  # how the cluster of a class's unknown artists begins; no artist's key can

# Cells in the table of the exact search (8 bytes each); a class that needs more has its largest artists placed first.
_TABLE_CELLS = 20_000_000
_RESTARTS = 5


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
        When an excerpt stands twice or a part has another name.
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


def random(manifest: Manifest, *, seed: int, shares: Sequence[float] = SHARES) -> Partition:
    """Divide each class at random: the partition most of the literature on GTZAN uses.

    The shares hold within each class to one excerpt. A class with fewer than three excerpts stays out, with a note.

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
    wished = _check_shares(shares)
    table = manifest.table
    parts: dict[str, str] = {}
    notes: list[str] = []
    labels: list[str] = []
    for label, group in _classes(table):
        excerpts = sorted(group["excerpt"])
        if len(excerpts) < len(PARTS):
            notes.append(f"Left out: {label} has {_count(len(excerpts), 'excerpt')}; three parts need at least three.")
            continue
        labels.append(label)
        rng = _rng(seed, label)
        counts = _round_shares(len(excerpts), wished, rng)
        order = rng.permutation(excerpts)
        parts.update(zip(order, np.repeat(PARTS, counts), strict=True))
    _at_least_two(labels, notes)
    return Partition("random", _series(table, parts), tuple(notes), tuple(labels))


def artist_filtered(manifest: Manifest, *, seed: int, shares: Sequence[float] = SHARES) -> Partition:
    """Divide whole artists, so that none stands in two parts, with class shares as near the wish as can be.

    For each class the assignment of artists to parts that minimises the sum over parts of
    ``|excerpts - wished excerpts|`` is found by dynamic programming, and one is drawn uniformly from
    all the best. Every part of a class gets at least one artist. An artist that stands in several
    classes goes to one part in all of them; those few are placed by descent on the sum over classes.

    Classes with fewer than three artists cannot be divided in three; they stay out, with a note.
    Excerpts of unknown artist are one artist within their class, with a note.

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
    wished = _check_shares(shares)
    table = manifest.table
    notes: list[str] = []

    sizes: dict[str, dict[str, int]] = {}  # class -> artist key -> excerpts
    artists = _artist_keys(table)
    for label, group in _classes(table):
        counted = artists[group.index].value_counts()
        if len(counted) < len(PARTS):
            notes.append(
                f"Left out: {label} has {_count(len(counted), 'artist')}"
                f"{' (unknown ones count as one)' if (group['artist'].str.strip() == '').any() else ''}; "
                "three parts need at least three."
            )
            continue
        sizes[label] = {str(artist): int(counted[artist]) for artist in sorted(counted.index)}
    _at_least_two(sizes, notes)

    placed = _place(sizes, wished, seed)
    for label in [label for label in sizes if placed[label] is None]:
        notes.append(f"Left out: {label} shares so many artists with other classes that no division of it was found.")
        del sizes[label]
    _at_least_two(sizes, notes)

    parts = {
        excerpt: placed[label][artist]  # type: ignore[index]
        for excerpt, label, artist in zip(table["excerpt"], table["label"], artists, strict=True)
        if label in sizes
    }
    together = []
    for label, group in _classes(table):
        unknown = int((group["artist"].str.strip() == "").sum())
        if unknown and label in sizes:
            together.append(f"{label} {unknown} in {placed[label][_unknown(label)]}")  # type: ignore[index]
    if together:
        notes.append(
            f"Unknown artists: a class's excerpts stay together, as if by one artist ({', '.join(together)}); "
            "whether they share an artist with another part cannot be known."
        )
    partition = Partition("artist_filtered", _series(table, parts), tuple(notes), tuple(sizes))
    return dataclasses.replace(partition, notes=(*notes, _shares_note(table, partition, wished)))


def published(manifest: Manifest, column: str) -> Partition:
    """The partition that a column of the manifest holds, for example GTZAN's ``fault_filtered``.

    Raises
    ------
    InputError
        When there is no such column, or it holds another value than train, valid, test or nothing.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    if column not in table:
        facts = ("excerpt", "label", "artist", "title")
        offered = [name for name in table if name not in facts and set(PARTS) & set(table[name].astype(str))]
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
    return Partition(column, _series(table, dict(zip(table["excerpt"], values, strict=True))), (), _labels(used))


Restrictable = TypeVar("Restrictable")


def restrict(what: Restrictable, labels: Iterable[str], manifest: Manifest | None = None) -> Restrictable:
    """Keep only some classes, so that two partitions can be compared on the same ones.

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
    table: pd.DataFrame = source.table  # type: ignore[attr-defined]
    absent = sorted(wanted - set(table["label"]))
    if absent:
        raise InputError(f"The dataset has no label {absent[0]!r}; choose from {', '.join(_labels(table))}.")
    kept = table["label"].isin(wanted)
    if not isinstance(what, Partition):
        return dataclasses.replace(what, table=table[kept].reset_index(drop=True))  # type: ignore[type-var]
    _check_belongs(table, what)
    parts = what.parts.where(what.parts.index.isin(table["excerpt"][kept]), "")
    out = sorted(set(what.labels) - wanted)
    notes = (*what.notes, f"Restricted: without {', '.join(out)}.") if out else what.notes
    kept_labels = tuple(label for label in what.labels if label in wanted)
    return dataclasses.replace(what, parts=parts, notes=notes, labels=kept_labels)  # type: ignore[return-value]


def clusters(manifest: Manifest, excerpts: Iterable[str]) -> list[str]:
    """The artist of each excerpt, as the cluster to resample in :func:`evaluation.cluster_bootstrap`.

    Excerpts of unknown artist form one cluster a class, whose name begins with :data:`UNKNOWN`.
    """
    table = manifest.table
    by_excerpt = dict(zip(table["excerpt"], _artist_keys(table), strict=True))
    return [by_excerpt[excerpt] for excerpt in excerpts]


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """What a partition leaks, per class and overall; made by :func:`audit`.

    Attributes
    ----------
    name : str
        The partition's name.
    by_class : pandas.DataFrame
        Index: the classes and last ``"all"``; columns, all counts of excerpts unless said otherwise:
        ``train``, ``valid``, ``test``, ``unused``; ``artists`` (known and used, number of artists);
        ``test_known`` (test excerpts whose artist is known); ``shared_artist`` (of those: artist also
        in train or valid); ``shared_title`` (of those: artist *and* title also there);
        ``test_unknown`` (test excerpts of unknown artist); ``unknown`` (used excerpts of unknown artist).
    notes : tuple of str
        The partition's notes.
    """

    name: str
    by_class: pd.DataFrame
    notes: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """The counts as a table, one row a class and one for all together."""
        return self.by_class.copy()

    @property
    def overall(self) -> dict[str, int]:
        """The last row as plain numbers, for a record."""
        return {str(column): int(value) for column, value in self.by_class.loc["all"].items()}

    def sentence(self) -> str:
        """The finding in words."""
        total = self.overall
        if not total["test_known"]:
            return f"{self.name}: no artist of the {total['test']} test excerpts is known, so nothing can be said."
        said = (
            f"{self.name}: {total['shared_artist'] or 'none'} of the {total['test_known']} test excerpts with a known "
            f"artist share that artist with train or valid, {total['shared_title'] or 'none'} artist and title"
        )
        unknown = total["test_unknown"]
        return said + (f"; of {_count(unknown, 'test excerpt')} the artist is unknown." if unknown else ".")


def audit(manifest: Manifest, partition: Partition) -> Audit:
    """Count what test excerpts have in common with those a system may learn from.

    Unknown artists and unknown titles match nothing here (a leak that cannot be shown is not counted),
    but they are counted and reported.

    Raises
    ------
    InputError
        When the partition names an excerpt that the manifest does not have.

    Paper: Section 2.4
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    _check_belongs(table, partition)
    frame = pd.DataFrame(
        {
            "label": table["label"].to_numpy(),
            "part": partition.parts.reindex(table["excerpt"]).fillna("").to_numpy(),
            "artist": [_key(artist) for artist in table["artist"]],
            "title": [_key(title) for title in table["title"]],
        }
    )
    known = frame["artist"] != ""
    learnt = frame[frame["part"].isin(["train", "valid"]) & known]
    songs = set(zip(learnt["artist"], learnt["title"], strict=True))
    is_song = np.array([song in songs for song in zip(frame["artist"], frame["title"], strict=True)], dtype=bool)

    test = frame["part"] == "test"
    used = frame["part"] != ""
    counted = pd.DataFrame({part: frame["part"] == part for part in PARTS})
    counted["unused"] = ~used
    counted["test_known"] = test & known
    counted["shared_artist"] = test & known & frame["artist"].isin(learnt["artist"])
    counted["shared_title"] = test & known & (frame["title"] != "") & is_song
    counted["test_unknown"] = test & ~known
    counted["unknown"] = used & ~known

    by_class = counted.groupby(frame["label"]).sum().astype(int)
    by_class.loc["all"] = by_class.sum()
    named = frame[used & known]
    artists = named.groupby("label")["artist"].nunique().reindex(by_class.index, fill_value=0)
    artists["all"] = named["artist"].nunique()
    by_class.insert(len(PARTS) + 1, "artists", artists.astype(int))
    by_class.index.name = "class"
    return Audit(partition.name, by_class, partition.notes)


# --- names ---


def _key(text: str) -> str:
    """Letters and digits of a name, so that spelling variants of one artist or title meet."""
    folded = unicodedata.normalize("NFKC", str(text)).casefold()
    # A name without any letter or digit ("!!!") stays as it is rather than becoming "unknown".
    return "".join(letter for letter in folded if letter.isalnum()) or folded.strip()


def _unknown(label: str) -> str:
    return f"{UNKNOWN}{label})"


def _artist_keys(table: pd.DataFrame) -> pd.Series:
    keys = [_key(artist) or _unknown(label) for artist, label in zip(table["artist"], table["label"], strict=True)]
    return pd.Series(keys, index=table.index, dtype=object)


def _labels(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(set(table["label"])))


def _classes(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(label, table[table["label"] == label]) for label in _labels(table)]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


# --- checks ---


def _check_shares(shares: Sequence[float]) -> np.ndarray:
    wished = np.asarray(shares, dtype=float)
    if wished.shape != (3,) or not (wished > 0).all() or abs(wished.sum() - 1) > 1e-6:
        raise InputError(
            f"Shares {tuple(shares)} make no partition; give three positive numbers that sum to 1, as 0.5, 0.25, 0.25."
        )
    return wished


def _at_least_two(labels: Iterable[str], notes: Iterable[str]) -> None:
    if len(list(labels)) < 2:
        raise InputError(
            "Fewer than two classes can be divided into train, valid and test; use another dataset or partition. "
            + " ".join(notes)
        )


def _check_belongs(table: pd.DataFrame, partition: Partition) -> None:
    strangers = partition.parts.index.difference(table["excerpt"])
    if len(strangers):
        raise InputError(
            f"Partition {partition.name!r} names excerpt {strangers[0]!r}, which the manifest does not have; "
            "use the manifest that it was made from."
        )


# --- making ---


def _rng(seed: int, what: str) -> np.random.Generator:
    # Each class draws for itself, so that leaving one class out does not change the others.
    return np.random.default_rng([seed, zlib.crc32(what.encode())])


def _series(table: pd.DataFrame, parts: Mapping[str, str]) -> pd.Series:
    index = pd.Index(table["excerpt"], name="excerpt")
    return pd.Series([str(parts.get(excerpt, "")) for excerpt in index], index=index, name="part", dtype=object)


def _round_shares(n: int, wished: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Largest remainders; equal remainders are decided by lot, and no part stays empty."""
    exact = n * wished
    counts = np.floor(exact + 1e-9).astype(int)
    remainders = np.round(exact - counts, 9)
    order = np.lexsort((rng.random(3), -remainders))
    counts[order[: n - counts.sum()]] += 1
    while (counts == 0).any():
        counts[counts.argmax()] -= 1
        counts[counts.argmin()] += 1
    return counts


def _place(sizes: dict[str, dict[str, int]], wished: np.ndarray, seed: int) -> dict[str, dict[str, str] | None]:
    """Artist -> part for every class (None where no division was found)."""
    homes: dict[str, list[str]] = {}
    for label, artists in sizes.items():
        for artist in artists:
            homes.setdefault(artist, []).append(label)
    shared = sorted(artist for artist, labels in homes.items() if len(labels) > 1)

    solved: dict[tuple, tuple[float, dict[str, int] | None]] = {}

    def solve(label: str, where: Mapping[str, int]) -> tuple[float, dict[str, int] | None]:
        fixed = {artist: where[artist] for artist in sizes[label] if artist in where}
        key = (label, tuple(fixed.items()))
        if key not in solved:
            solved[key] = _divide(sizes[label], fixed, wished, _rng(seed, label))
        return solved[key]

    def cost(where: Mapping[str, int], labels: Iterable[str]) -> tuple[int, float]:
        costs = [solve(label, where)[0] for label in labels]
        return sum(np.isinf(costs)), round(sum(c for c in costs if np.isfinite(c)), 6)

    best: dict[str, int] = {}
    if shared:
        rng = _rng(seed, "artists of several classes")
        candidates = []
        for _ in range(_RESTARTS):
            where = {artist: int(rng.choice(3, p=wished / wished.sum())) for artist in shared}
            moved = True
            while moved:
                moved = False
                for artist in shared:
                    trials = {part: cost({**where, artist: part}, homes[artist]) for part in range(3)}
                    choice = min(trials, key=lambda part: trials[part])
                    if trials[choice] < trials[where[artist]]:
                        where[artist] = choice
                        moved = True
            candidates.append((cost(where, sizes), where))
        best = min(candidates, key=lambda candidate: candidate[0])[1]

    placed: dict[str, dict[str, str] | None] = {}
    for label in sizes:
        division = solve(label, best)[1]
        placed[label] = division and {artist: PARTS[part] for artist, part in division.items()}
    return placed


def _divide(
    sizes: Mapping[str, int], fixed: Mapping[str, int], wished: np.ndarray, rng: np.random.Generator
) -> tuple[float, dict[str, int] | None]:
    """Best division of one class's artists, some of which are already placed: (cost, artist -> part index).

    Cost: sum over parts of |excerpts - wished excerpts|; infinite, and None, where a part would stay empty.
    """
    target = wished * sum(sizes.values())
    counts = np.zeros(3)
    division = dict(fixed)
    for artist, part in fixed.items():
        counts[part] += sizes[artist]

    free = [artist for artist in sizes if artist not in fixed]
    free = sorted((free[i] for i in rng.permutation(len(free))), key=lambda artist: sizes[artist])
    total = np.cumsum([sizes[artist] for artist in free])
    exact = sum((k + 1) * (total[k] + 1) ** 2 <= _TABLE_CELLS for k in range(len(free)))
    # A class too large for the table: its largest artists go where most is missing, the many small ones then fill up.
    for artist in reversed(free[exact:]):
        part = int(np.argmax(target - counts))
        division[artist] = part
        counts[part] += sizes[artist]
    free = [free[i] for i in rng.permutation(exact)]

    # ways[k][a, b]: in how many ways the first k free artists put a excerpts in train and b in valid.
    n = sum(sizes[artist] for artist in free)
    ways = np.zeros((len(free) + 1, n + 1, n + 1))
    ways[0, 0, 0] = 1
    for k, artist in enumerate(free):
        s = sizes[artist]
        ways[k + 1] = ways[k]  # to test
        ways[k + 1, s:, :] += ways[k, : n + 1 - s, :]
        ways[k + 1, :, s:] += ways[k, :, : n + 1 - s]

    a, b = np.ogrid[: n + 1, : n + 1]
    train, valid, test = counts[0] + a, counts[1] + b, counts[2] + n - a - b
    possible = (ways[-1] > 0) & (train > 0) & (valid > 0) & (test > 0)
    if not possible.any():
        return np.inf, None
    costs = np.where(possible, abs(train - target[0]) + abs(valid - target[1]) + abs(test - target[2]), np.inf)
    lowest = costs.min()
    optimal = np.argwhere(costs <= lowest + 1e-9)
    weights = ways[-1][tuple(optimal.T)]
    i, j = optimal[rng.choice(len(optimal), p=weights / weights.sum())]
    for k in reversed(range(len(free))):
        s = sizes[free[k]]
        options = np.array([ways[k, i - s, j] if i >= s else 0.0, ways[k, i, j - s] if j >= s else 0.0, ways[k, i, j]])
        part = int(rng.choice(3, p=options / options.sum()))
        division[free[k]] = part
        i, j = i - s * (part == 0), j - s * (part == 1)
    return float(lowest), division


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
