"""When two artists, or two titles, are the same; and which excerpts are of one recording.

Two names are the same if their letters and digits are the same, whatever the case, accents, spacing and
punctuation ("Caught In The Middle", "Caught InThe Middle"; "Araketu", "Araketú"). It is safer to merge too many
names than too few: merging never puts an artist into two parts.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from ..datasets.manifest import Manifest

UNKNOWN = "(unknown, "  # how the cluster of a class's unknown artists begins; no artist's key can begin like this

SAME_RECORDING = ("replica_of", "recording_of")
SAME_COMPOSITION = ("replica_of", "recording_of", "version_of")


def key(text: str) -> str:
    """The key of a name: names with equal keys are the same; ``""`` for no name."""
    folded = unicodedata.normalize("NFKD", str(text)).casefold()
    # A name without any letter or digit ("!!!") stays as it is rather than becoming "unknown".
    return "".join(letter for letter in folded if letter.isalnum()) or folded.strip()


def unknown(label: str) -> str:
    """The key that stands for all unknown artists of a class."""
    return f"{UNKNOWN}{label})"


def artist_keys(table: pd.DataFrame) -> pd.Series:
    """The artist of each row; all unknown artists of a class are one."""
    keys = [key(artist) or unknown(label) for artist, label in zip(table["artist"], table["label"], strict=True)]
    return pd.Series(keys, index=table.index, dtype=object)


def clusters(manifest: Manifest, excerpts: Iterable[str]) -> list[str]:
    """The artist of each excerpt, as the cluster to resample in :func:`evaluation.cluster_bootstrap`.

    The excerpts of unknown artist of a class form one cluster; its name begins with :data:`UNKNOWN`.
    """
    table = manifest.table
    by_excerpt = dict(zip(table["excerpt"], artist_keys(table), strict=True))
    return [by_excerpt[excerpt] for excerpt in excerpts]


def to_resample(manifest: Manifest, excerpts: Iterable[str]) -> list[str]:
    """What is resampled for an interval: `clusters`, or each excerpt for itself where no artist at all is known.

    Then the clusters would be the classes, too few for an interval, and no sample of anything.
    """
    known = (manifest.table["artist"] != "").any()
    return clusters(manifest, excerpts) if known else list(excerpts)


def faults(table: pd.DataFrame) -> pd.Series:
    """The fault of each row without the excerpt that it may name: ``"replica_of"``, ``"distorted"``, ``""`` ..."""
    if "fault" not in table:
        return pd.Series("", index=table.index, dtype=object)
    return table["fault"].fillna("").astype(str).str.partition(":")[0]


def same(table: pd.DataFrame, relations: Iterable[str] = SAME_RECORDING) -> np.ndarray:
    """A number for each row; rows have the same number if faults link them, directly or through others.

    Parameters
    ----------
    relations : :data:`SAME_RECORDING` or :data:`SAME_COMPOSITION`
    """
    from scipy.sparse import coo_array  # imported here, since only faults and tracks need it
    from scipy.sparse.csgraph import connected_components

    relations = set(relations)
    places = {excerpt: place for place, excerpt in enumerate(table["excerpt"])}
    written = table["fault"].fillna("").astype(str) if "fault" in table else [""] * len(table)
    links = []
    for place, fault in enumerate(written):
        relation, _, other = fault.partition(":")
        if relation in relations and other in places:
            links.append((place, places[other]))
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (rows, columns)), shape=(len(table), len(table)))
    return connected_components(graph, directed=False)[1]


def tracks(table: pd.DataFrame) -> pd.Series:
    """The recording of each row; excerpts of one file have the same recording, and so do replicas."""
    return joined(table["path"].astype(object), same(table, SAME_RECORDING))


def joined(groups: pd.Series, links: np.ndarray) -> pd.Series:
    """Groups of rows; groups are merged if they have rows with the same link."""
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            group = parent[group]
        return group

    for _, members in groups.groupby(links):
        first, *others = sorted({root(group) for group in members})
        for other in others:
            parent[other] = first
    return groups.map(root)
