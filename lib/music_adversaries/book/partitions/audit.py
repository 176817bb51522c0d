"""What a partition leaks: what test excerpts have in common with the excerpts that a system learns from.

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .drawn import count
from .names import SAME_COMPOSITION, SAME_RECORDING, key, same
from .partition import PARTS, Partition, check_belongs

if TYPE_CHECKING:
    from ..datasets.manifest import Manifest


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """What a partition leaks, per class and overall; made by :func:`audit`.

    Attributes
    ----------
    name : str
        The partition's name.
    by_class : pandas.DataFrame
        Index: the classes, and ``"all"`` in the last row. Columns, all counts of excerpts except ``artists``:

        - ``train``, ``valid``, ``test``, ``unused``: the parts
        - ``artists``: number of artists that are known and used
        - ``test_known``: test excerpts whose artist is known
        - ``shared_artist``: of those, excerpts whose artist is also in train or valid
        - ``shared_title``: of those, excerpts whose artist *and* title are also there
        - ``shared_recording``: test excerpts with a replica there, exact or of the recording, as the manifest names it
        - ``shared_composition``: the same, or a version by another artist
        - ``test_unknown``: test excerpts of unknown artist
        - ``unknown``: used excerpts of unknown artist
    notes : tuple of str
        The partition's notes.
    faults_known : bool
        Whether the manifest names any fault; if it names none, it may not have been searched for replicas.
    """

    name: str
    by_class: pd.DataFrame
    notes: tuple[str, ...] = ()
    faults_known: bool = False

    def table(self) -> pd.DataFrame:
        """The counts as a table, with one row for each class and one for all classes together."""
        return self.by_class.copy()

    @property
    def overall(self) -> dict[str, int]:
        """The last row as plain numbers, for a record."""
        return {str(column): int(value) for column, value in self.by_class.loc["all"].items()}

    def sentence(self) -> str:
        """The finding in words."""
        total = self.overall
        if not total["test_known"]:
            said = f"{self.name}: no artist of the {total['test']} test excerpts is known, so nothing can be said"
        else:
            said = (
                f"{self.name}: {total['shared_artist'] or 'none'} of the {total['test_known']} test excerpts with a "
                "known artist share that artist with train or valid, "
                f"{total['shared_title'] or 'none'} artist and title"
            )
            if unknown := total["test_unknown"]:
                said += f"; of {count(unknown, 'test excerpt')} the artist is unknown"
        if self.faults_known:
            said += (
                f"; {total['shared_recording'] or 'none'} of the {total['test']} have a replica there, "
                f"{total['shared_composition'] or 'none'} a replica or a version"
            )
        return said + "."


def audit(manifest: Manifest, partition: Partition) -> Audit:
    """Count what test excerpts have in common with the excerpts that a system may learn from.

    Unknown artists and unknown titles match nothing here (a leak that cannot be shown is not counted),
    but their number is reported. Replicas and versions are those that the manifest names as faults;
    :func:`music_adversaries.book.faults.find` finds replicas in the audio.

    Raises
    ------
    InputError
        When the partition names an excerpt that the manifest does not have.

    Paper: Section 2.4
    Notebook: book/02_partitions.ipynb
    """
    table = manifest.table
    check_belongs(table, partition)
    frame = pd.DataFrame(
        {
            "label": table["label"].to_numpy(),
            "part": partition.parts.reindex(table["excerpt"]).fillna("").to_numpy(),
            "artist": [key(artist) for artist in table["artist"]],
            "title": [key(title) for title in table["title"]],
            "recording": same(table, SAME_RECORDING),
            "composition": same(table, SAME_COMPOSITION),
        }
    )
    known = frame["artist"] != ""
    learnt = frame[frame["part"].isin(["train", "valid"])]
    songs = set(zip(learnt["artist"], learnt["title"], strict=True))
    is_song = np.array([song in songs for song in zip(frame["artist"], frame["title"], strict=True)], dtype=bool)

    test = frame["part"] == "test"
    used = frame["part"] != ""
    counted = pd.DataFrame({part: frame["part"] == part for part in PARTS})
    counted["unused"] = ~used
    counted["test_known"] = test & known
    counted["shared_artist"] = test & known & frame["artist"].isin(learnt["artist"])
    counted["shared_title"] = test & known & (frame["title"] != "") & is_song
    counted["shared_recording"] = test & frame["recording"].isin(learnt["recording"])
    counted["shared_composition"] = test & frame["composition"].isin(learnt["composition"])
    counted["test_unknown"] = test & ~known
    counted["unknown"] = used & ~known

    by_class = counted.groupby(frame["label"]).sum().astype(int)
    by_class.loc["all"] = by_class.sum()
    named = frame[used & known]
    artists = named.groupby("label")["artist"].nunique().reindex(by_class.index, fill_value=0)
    artists["all"] = named["artist"].nunique()
    by_class.insert(len(PARTS) + 1, "artists", artists.astype(int))
    by_class.index.name = "class"
    faults_known = "fault" in table and bool((table["fault"].fillna("") != "").any())
    return Audit(partition.name, by_class, partition.notes, faults_known)
