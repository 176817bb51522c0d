"""When two artists, or two titles, are the same; and which excerpts hold one recording.

Two names are the same when their letters and digits are, whatever the case, accents, spacing and
punctuation ("Caught In The Middle", "Caught InThe Middle"; "Araketu", "Araketú"). Merging too much is the
safe side: it never puts an artist into two parts.

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

UNKNOWN = "(unknown, "  # how the cluster of a class's unknown artists begins; no artist's key can

SAME_RECORDING = ("replica_of", "recording_of")
SAME_COMPOSITION = ("replica_of", "recording_of", "version_of")


def key(text: str) -> str:
    """What of a name decides whether it is the same as another; ``""`` for no name."""
    folded = unicodedata.normalize("NFKD", str(text)).casefold()
    # A name without any letter or digit ("!!!") stays as it is rather than becoming "unknown".
    return "".join(letter for letter in folded if letter.isalnum()) or folded.strip()


def unknown(label: str) -> str:
    """The key that stands for all unknown artists of a class."""
    return f"{UNKNOWN}{label})"


def artist_keys(table: pd.DataFrame) -> pd.Series:
    """The artist of each row; the unknown ones of a class are one."""
    keys = [key(artist) or unknown(label) for artist, label in zip(table["artist"], table["label"], strict=True)]
    return pd.Series(keys, index=table.index, dtype=object)


def clusters(manifest: Manifest, excerpts: Iterable[str]) -> list[str]:
    """The artist of each excerpt, as the cluster to resample in :func:`evaluation.cluster_bootstrap`.

    Excerpts of unknown artist form one cluster a class, whose name begins with :data:`UNKNOWN`.
    """
    table = manifest.table
    by_excerpt = dict(zip(table["excerpt"], artist_keys(table), strict=True))
    return [by_excerpt[excerpt] for excerpt in excerpts]


def faults(table: pd.DataFrame) -> pd.Series:
    """The fault of each row without the excerpt that it may name: ``"replica_of"``, ``"distorted"``, ``""`` ..."""
    if "fault" not in table:
        return pd.Series("", index=table.index, dtype=object)
    return table["fault"].fillna("").astype(str).str.partition(":")[0]


def same(table: pd.DataFrame, relations: Iterable[str] = SAME_RECORDING) -> np.ndarray:
    """A number for each row; rows have the same one where faults link them, directly or through others.

    Parameters
    ----------
    relations : :data:`SAME_RECORDING` or :data:`SAME_COMPOSITION`
    """
    from scipy.sparse import coo_array  # here, for only faults and tracks need it
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
    """The recording of each row: excerpts of one file have the same, and so have replicas."""
    return joined(table["path"].astype(object), same(table, SAME_RECORDING))


def joined(groups: pd.Series, links: np.ndarray) -> pd.Series:
    """Groups of rows, of which those are made one that rows with the same link belong to."""
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
