"""Labels without meaning: how well a system can score if nothing about music can be learned.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

import dataclasses

import numpy as np

from .. import partitions
from ..datasets import Dataset

LABELLINGS = ("true", "by_artist")


def labels_by_artist(dataset: Dataset, *, seed: int = 0) -> Dataset:
    """The same recordings with labels drawn artist by artist, without regard to their genre.

    Within each genre the artists are shuffled, and the dataset's labels are dealt to them one after the other. So each
    artist has one label, every label has artists of every genre, and a label depends on nothing but the artist.
    A genre's excerpts of unknown artist count as one artist's.

    Notebook: book/04_baselines.ipynb
    """
    manifest = dataset.manifest
    table = manifest.table.copy()
    # Sorted by id, so that the order of the manifest's rows does not matter.
    order = table.sort_values("excerpt", kind="stable").index
    artist = dict(zip(table["excerpt"], partitions.clusters(manifest, table["excerpt"]), strict=True))
    labels, rng = dataset.labels, np.random.default_rng([seed, len(table)])
    drawn: dict[str, str] = {}
    turn = 0
    for genre in labels:
        names = list(dict.fromkeys(artist[table.at[i, "excerpt"]] for i in order if table.at[i, "label"] == genre))
        for place in rng.permutation(len(names)):
            if names[place] not in drawn:  # an artist of several genres keeps the first label
                drawn[names[place]] = labels[turn % len(labels)]
                turn += 1
    table["label"] = [drawn[artist[excerpt]] for excerpt in table["excerpt"]]
    named = dataclasses.replace(manifest, table=table)
    return dataclasses.replace(dataset, manifest=named)
