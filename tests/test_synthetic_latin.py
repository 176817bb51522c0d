"""The synthetic Latin dataset: LMD's shape with its unequal classes, and the datasets' common loader."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis.strategies import integers, lists

from music_adversaries.book.datasets import synthetic, synthetic_dataset, synthetic_latin
from music_adversaries.book.datasets.base import MISSING
from music_adversaries.book.datasets.manifest import Manifest, manifests_folder
from music_adversaries.book.datasets.synthetic import excerpts, shapes
from music_adversaries.book.datasets.synthetic.excerpts import Settings
from music_adversaries.errors import InputError

LABELS = ("axe", "bachata", "bolero", "forro", "gaucha", "merengue", "pagode", "salsa", "sertaneja", "tango")


@pytest.fixture(scope="module")
def table():
    return synthetic.recipe(shape="lmd")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def few(monkeypatch):
    """Let every dataset be two excerpts."""
    ids = {"lmd": ["axe.00000", "tango.00040"], "gtzan": ["blues.00000", "rock.00039"]}
    monkeypatch.setattr(excerpts, "excerpt_ids", lambda shape="gtzan": list(ids[shape]))
    return ids


def repeating(table):
    """Each row that repeats another, with the row it repeats."""
    by_id = table.set_index("excerpt")
    for row in table[table["fault"] != ""].itertuples():
        kind, _, original = row.fault.partition(":")
        yield kind, row, by_id.loc[original]


# The recipe


def test_ten_unequal_classes_a_tenth_of_lmds(table):
    sizes = table.groupby("label").size()
    assert tuple(sizes.index) == LABELS == tuple(table["label"].unique())
    assert sizes.to_dict() == {label: round(n / 10) for label, n in shapes.LMD_TRACKS.items()}
    assert sizes.max() > 1.25 * sizes.min() and sizes.idxmax() == "tango"
    assert 320 <= len(table) <= 326


def test_few_artists_have_many_tracks_and_many_have_one(table):
    sizes = table.groupby(["label", "artist"]).size()
    assert (sizes == 1).sum() > 0.5 * len(sizes)
    assert sizes["tango"].max() > 0.75 * sizes["tango"].sum(), "tango is dominated by one artist"
    assert sizes.groupby("label").size().agg(["min", "max"]).tolist() == [4, 22]
    assert (table.groupby("artist")["label"].nunique() == 1).all()
    assert not table[table["fault"] == ""].duplicated(["artist", "title"]).any()


@given(lists(integers(1, 40), min_size=1, max_size=30), integers(1, 100))
def test_thinning_keeps_the_number_and_nobody_gains(sizes, wanted):
    wanted = min(wanted, sum(sizes))
    thinned = shapes._thinned(tuple(sizes), wanted)
    assert sum(thinned) == wanted and min(thinned) >= 1 and len(thinned) <= len(sizes)
    assert max(thinned) <= max(sizes)
    if wanted == sum(sizes):
        assert thinned == tuple(sizes)


def test_the_public_folds_have_ninety_tracks_a_class():
    assert {sum(sizes) for sizes in shapes.LMD_TRACKS_OF_ARTISTS.values()} == {90}


def test_replicas_are_kept_in_lmds_share(table):
    pairs = list(repeating(table))
    assert len(pairs) == round(len(table) * 213 / 3229)
    assert {kind for kind, _, _ in pairs} == {"replica_of", "recording_of"}
    for _, row, original in pairs:
        assert original[["label", "artist", "title", "fault"]].tolist() == [row.label, row.artist, row.title, ""]


def test_replicas_are_sample_equal_and_recordings_are_not(table):
    pairs = {kind: (row.excerpt, original.name) for kind, row, original in repeating(table)}
    one, other = (synthetic.render(excerpt, shape="lmd") for excerpt in pairs["replica_of"])
    assert np.array_equal(one, other)
    one, other = (synthetic.render(excerpt, shape="lmd") for excerpt in pairs["recording_of"])
    assert one.shape == other.shape and not np.array_equal(one, other)


def test_the_same_seed_is_the_same_dataset(table):
    for function in (excerpts.excerpt, excerpts._artist):
        function.cache_clear()
    assert synthetic.recipe(shape="lmd").equals(table)
    other = synthetic.recipe(shape="lmd", seed=7)
    assert not set(other["checksum"]) & set(table["checksum"])
    assert other["label"].equals(table["label"])


def test_without_faults_nothing_repeats():
    sound = synthetic.recipe(shape="lmd", faults=False)
    assert set(sound["fault"]) == {""}
    assert not sound.duplicated(["artist", "title"]).any()


def test_it_shares_no_artist_with_synthetic(table):
    assert not set(table["artist"]) & set(synthetic.recipe()["artist"])
    everybody = [artist for shape in ("gtzan", "lmd") for artist in excerpts.artists(Settings(shape=shape))]
    productions = {artist.production for artist in everybody}
    assert len(productions) == sum(len(shape.artist_genres) for shape in shapes.SHAPES.values())


def test_the_committed_manifest_is_current():
    committed = (manifests_folder() / "synthetic-latin.csv").read_text(encoding="utf-8")
    fresh = synthetic_latin.manifest("quick").table.to_csv(index=False, lineterminator="\n")
    assert committed == fresh, "write it anew with: python tools/synthetic_manifest.py"


# Audio


@pytest.mark.parametrize(("profile", "used", "whole"), [("quick", 6, 10), ("full", 30, 45)])
def test_files_are_longer_than_what_is_used(profile, used, whole):
    table = synthetic.recipe(profile, shape="lmd")
    assert set(table["start_s"]) == {0.0} and set(table["duration_s"]) == {used}
    assert synthetic.render("salsa.00003", profile, shape="lmd").shape == (whole * 22_050,)


@pytest.mark.parametrize("label", LABELS)
def test_every_genre_sounds_from_beginning_to_end(label):
    waveform = synthetic.render(f"{label}.00030", shape="lmd", faults=False)
    assert waveform.dtype == np.float32 and np.abs(waveform).max() <= 0.951
    level = np.sqrt(np.mean(waveform.astype(float) ** 2))
    assert -30 < 20 * np.log10(level) < -10
    for second in range(0, 10, 2):
        stretch = waveform[second * 22_050 : (second + 2) * 22_050].astype(float)
        assert np.sqrt(np.mean(stretch**2)) > 0.05 * level, f"nearly silent after {second} s"


def test_an_artist_may_record_anothers_performance(table):
    own = table.set_index("excerpt").loc["tango.00002", "artist"]
    other = table.loc[table["label"] == "pagode", "artist"].iloc[0]
    plain = synthetic.render("tango.00002", shape="lmd")
    assert np.array_equal(synthetic.rerender("tango.00002", own, shape="lmd"), plain)
    assert not np.array_equal(synthetic.rerender("tango.00002", other, shape="lmd"), plain)


# The loader


def test_loading_reads_the_part_that_is_used(few):
    dataset = synthetic_latin.load("quick", progress=False)
    assert dataset.name == synthetic_latin.NAME == "synthetic-latin"
    assert dataset.excerpts == tuple(few["lmd"]) and dataset.labels == ("axe", "tango")
    for excerpt, waveform in dataset.load_all(progress=False).items():
        samples, rate = soundfile.read(dataset.files[excerpt], dtype="float32")
        assert (rate, len(samples), len(waveform)) == (22_050, 220_500, 132_300)
        assert np.array_equal(samples[:132_300], waveform)
    assert dataset.notes == {}


def test_both_datasets_have_one_interface_and_folders_of_their_own(few):
    for module in (synthetic_dataset, synthetic_latin):
        with pytest.raises(InputError, match=f"get {module.NAME}`"):
            module.check("quick", progress=False)
        assert "to be generated" in module.info().state
        report = module.get("quick", progress=False)
        assert report.ok and report.n_excerpts == 2 and report.folder.name == f"{module.NAME}-quick"
        assert str(report.folder.parent) in module.info().state
        file = next(report.folder.rglob("*.wav"))
        file.unlink()
        problems = module.check("quick", progress=False).problems
        assert [(problem.path, problem.reason) for problem in problems] == [(file, MISSING)]
        with pytest.raises(InputError, match=f"{module.NAME} is generated"):
            module.load("quick", path=report.folder)


def test_doses_are_datasets(few):
    doses = [{"production_strength": strength, "faults": False} for strength in (0.0, 1.0)]
    none, full = synthetic_dataset.load_doses("quick", doses, progress=False)
    assert none.excerpts == full.excerpts == tuple(few["gtzan"])
    assert none.fingerprint != full.fingerprint
    assert not np.array_equal(none.load("blues.00000"), full.load("blues.00000"))
    assert np.array_equal(full.load("rock.00039"), synthetic.render("rock.00039", faults=False))
    again = synthetic_dataset.load_doses("quick", doses[::-1], progress=False)
    assert [dataset.files for dataset in again] == [full.files, none.files]


def test_the_manifest_is_valid(table):
    manifest = synthetic_latin.manifest()
    assert manifest.labels == LABELS
    pd.testing.assert_frame_equal(manifest.table, Manifest.of("x", table).table)


def test_the_shares_are_the_papers():
    assert synthetic_latin.SHARES == (0.6, 0.2, 0.2) and sum(synthetic_latin.SHARES) == 1


def test_unknown_tracks_are_refused():
    with pytest.raises(InputError, match="no excerpt 'tango.00041'"):
        synthetic.render("tango.00041", shape="lmd")
    with pytest.raises(InputError, match="no excerpt 'blues.00000'"):
        synthetic.render("blues.00000", shape="lmd")
