"""Partitions of data with faults: replicas and versions, tracks, folds, and partitions by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries.book import partitions
from music_adversaries.errors import InputError

DRAWN = sorted(partitions.DRAWN)


@dataclass(frozen=True)
class Table:
    """As much of a manifest as partitions use."""

    table: pd.DataFrame


@st.composite
def faulty_manifests(draw) -> Table:
    """Three classes; artists of up to five excerpts, some unknown; tracks of up to three; faults that name others."""
    rows = []
    for label in ("jazz", "pop", "rock"):
        for artist in range(draw(st.integers(4, 6))):
            name = draw(
                st.sampled_from([f"{label} {artist}", f"{label} {artist}", f"{label} {artist}", "", "Everywhere"])
            )
            for piece in range(draw(st.integers(1, 5))):
                track = f"{label}/{artist}-{piece // 3}.ogg"
                rows.append({"label": label, "artist": name, "title": f"song {artist} {piece}", "path": track})
    table = pd.DataFrame(rows)
    table.insert(0, "excerpt", [f"{label}.{number:05d}" for number, label in enumerate(table["label"])])
    faults = [""] * len(table)
    for place in draw(st.lists(st.integers(0, len(table) - 1), max_size=8, unique=True)):
        kind = draw(st.sampled_from(["replica_of", "recording_of", "version_of", "distorted", "mislabelled"]))
        if not kind.endswith("_of"):
            faults[place] = kind
            continue
        group = table[table["label"] == table["label"][place]].index
        other = draw(st.sampled_from(list(group)))
        if other != place and not faults[other].startswith(("replica_of", "recording_of", "version_of")):
            faults[place] = f"{kind}:{table['excerpt'][other]}"
    table["fault"] = faults
    return Table(table)


def made_or_refused(name: str, manifest: Table, seed: int):
    """The partition, or None where the manifest has too few artists for it."""
    try:
        return partitions.named(manifest, name, seed=seed)
    except InputError as error:
        assert "Fewer than two classes" in str(error)
        return None


def parts_of(manifest: Table, made) -> pd.DataFrame:
    table = manifest.table.copy()
    table["part"] = made.parts.reindex(table["excerpt"]).to_numpy()
    table["key"] = [
        artist.lower() or f"? {label}" for artist, label in zip(table["artist"], table["label"], strict=True)
    ]
    return table[table["part"] != ""]


@settings(max_examples=30, deadline=None)
@given(faulty_manifests(), st.integers(0, 3), st.sampled_from(DRAWN), st.randoms(use_true_random=False))
def test_every_drawn_partition_keeps_its_promise(manifest, seed, name, shuffler):
    made = made_or_refused(name, manifest, seed)
    if made is None:
        return
    assert list(made.parts.index) == list(manifest.table["excerpt"])
    used = parts_of(manifest, made)
    if name in ("artist_filtered", "fault_filtered"):
        assert used.groupby("key")["part"].nunique().max() == 1
        assert partitions.audit(manifest, made).overall["shared_artist"] == 0
    if name == "track_filtered":
        assert used.groupby("path")["part"].nunique().max() == 1
    if name in ("track_filtered", "fault_filtered"):
        assert partitions.audit(manifest, made).overall["shared_recording"] == 0
    if name == "fault_filtered":
        assert not used["fault"].str.match("replica_of|recording_of|distorted").any()
        assert partitions.audit(manifest, made).overall["shared_composition"] == 0
    order = list(range(len(manifest.table)))
    shuffler.shuffle(order)
    again = partitions.named(Table(manifest.table.iloc[order].reset_index(drop=True)), name, seed=seed)
    assert again.parts.to_dict() == made.parts.to_dict()


@pytest.mark.parametrize("seed", range(8))
def test_a_version_of_a_replica_is_a_version_of_its_original(seed):
    """Found by `make fuzz`: the replica is left out, and the link through it was lost with it."""
    manifest = faulty()
    table = manifest.table
    table["fault"] = ""
    table.loc[table["excerpt"] == "jazz.00002", "fault"] = "replica_of:jazz.00000"
    table.loc[table["excerpt"] == "jazz.00004", "fault"] = "version_of:jazz.00002"
    made = partitions.named(manifest, "fault_filtered", seed=seed)
    assert made.parts["jazz.00004"] == made.parts["jazz.00000"]
    assert partitions.audit(manifest, made).overall["shared_composition"] == 0


@settings(max_examples=25, deadline=None)
@given(faulty_manifests(), st.integers(0, 3), st.sampled_from(["artist", "track", "excerpt"]), st.integers(1, 2))
def test_folds_test_every_excerpt_once_a_repeat(manifest, seed, by, repeats):
    try:
        made = partitions.folds(manifest, seed=seed, n_folds=3, repeats=repeats, by=by)
    except InputError as error:
        assert "Fewer than two classes" in str(error)
        return
    assert len(made) == 3 * repeats
    tested = [excerpt for partition in made for excerpt in partition.excerpts("test")]
    used = manifest.table["excerpt"][manifest.table["label"].isin(made[0].labels)]
    assert sorted(tested) == sorted(list(used) * repeats)
    for partition in made:
        if by != "excerpt":
            groups = parts_of(manifest, partition).groupby("key" if by == "artist" else "path")
            assert groups["part"].nunique().max() == 1
        assert not set(partition.excerpts("test")) & set(partition.excerpts("valid"))
    assert [p.parts.to_dict() for p in partitions.folds(manifest, seed=seed, n_folds=3, repeats=repeats, by=by)] == [
        p.parts.to_dict() for p in made
    ]


def faulty() -> Table:
    """Two classes of six artists with two excerpts each, and one fault of each kind in jazz."""
    rows = [
        {
            "excerpt": f"{label}.{2 * artist + piece:05d}",
            "label": label,
            "artist": f"{label} {artist}",
            "title": f"song {artist} {piece}",
            "path": f"{label}.{2 * artist + piece:05d}.wav",
            "fault": "",
        }
        for label in ("jazz", "rock")
        for artist in range(6)
        for piece in range(2)
    ]
    table = pd.DataFrame(rows)
    faults = ["replica_of:jazz.00002", "recording_of:jazz.00002", "version_of:jazz.00008", "distorted", "mislabelled"]
    table.loc[[0, 1, 4, 5, 6], "fault"] = faults
    return Table(table)


def test_fault_filtered_leaves_out_what_the_paper_left_out():
    manifest = faulty()
    made = partitions.fault_filtered(manifest, seed=0)
    assert made.excerpts("") == ["jazz.00000", "jazz.00001", "jazz.00005"]
    assert made.notes[0] == "Left out as faulty: 1 distorted, 1 recording of, 1 replica of."
    assert made.notes[1] == "Kept: 1 mislabelled excerpt."
    # jazz 2 and jazz 4 play one composition: they go together.
    assert len({made.parts[excerpt] for excerpt in ("jazz.00004", "jazz.00008", "jazz.00009")}) == 1
    without = manifest.table.assign(fault="")
    assert "names no faults" in partitions.fault_filtered(Table(without), seed=0).notes[0]


def test_the_audit_counts_replicas_and_versions():
    manifest = faulty()
    parts = pd.Series("train", index=manifest.table["excerpt"])
    parts[["jazz.00000", "jazz.00004", "rock.00000"]] = "test"
    parts["jazz.00002"] = ""  # the original is unused, but the recording replica of it is in train
    found = partitions.audit(manifest, partitions.Partition("x", parts))
    assert found.overall["shared_recording"] == 1  # jazz.00000, through the original to jazz.00001
    assert found.overall["shared_composition"] == 2  # and jazz.00004, a version of jazz.00008
    assert found.table().loc["rock", ["shared_recording", "shared_composition"]].tolist() == [0, 0]
    assert found.sentence().endswith("; 1 of the 3 have a replica there, 2 a replica or a version.")


def test_a_manifest_without_faults_says_nothing_of_replicas():
    manifest = Table(faulty().table.assign(fault=""))
    assert "replica" not in partitions.audit(manifest, partitions.random(manifest, seed=0)).sentence()


def test_track_filtered_keeps_what_was_cut_from_one_file_together():
    table = faulty().table.assign(fault="")
    table["path"] = [f"{label}-{number // 4}.ogg" for number, label in enumerate(table["label"])]
    made = partitions.track_filtered(Table(table), seed=0)
    assert made.parts.groupby(table.set_index("excerpt")["path"]).nunique().max() == 1
    with pytest.raises(InputError, match="jazz has 2 tracks"):
        table["path"] = [f"{label}-{number % 2}.ogg" for number, label in enumerate(table["label"])]
        partitions.track_filtered(Table(table), seed=0)


def test_what_the_manifest_publishes_comes_first():
    table = faulty().table
    table["random"] = np.tile(["train", "valid", "test", ""], 6)
    manifest = Table(table)
    assert partitions.named(manifest, "random", seed=3).parts.tolist() == table["random"].tolist()
    drawn = partitions.named(manifest, "drawn:random", seed=3)
    assert drawn.parts.to_dict() == partitions.random(manifest, seed=3).parts.to_dict()
    assert drawn.counts()["unused"] == 0
    with pytest.raises(InputError, match="no partition 'randon'; choose one of random, track_filtered"):
        partitions.named(manifest, "randon")


def test_a_drawn_partition_takes_the_shares_asked_for():
    made = partitions.named(faulty(), "random", shares=(0.75, 0.125, 0.125))
    assert made.counts()["train"] == 18


def test_folds_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="n_folds is 2"):
        partitions.folds(faulty(), seed=0, n_folds=2)
    with pytest.raises(InputError, match="grouped by 'composer'"):
        partitions.folds(faulty(), seed=0, by="composer")
    with pytest.raises(InputError, match="jazz has 6 artists; 7 folds need as many"):
        partitions.folds(faulty(), seed=0, n_folds=7)


def test_a_fold_has_a_name():
    manifest = faulty()
    made = partitions.folds(manifest, seed=3, n_folds=4)
    for number in range(4):
        named = partitions.named(manifest, f"artist_fold_{number + 1}_of_4", seed=3)
        assert named.parts.to_dict() == made[number].parts.to_dict()
    with pytest.raises(InputError, match="folds are numbered from 1 to 4"):
        partitions.named(manifest, "artist_fold_5_of_4")
