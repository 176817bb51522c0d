"""The experiments on the planted confound: their arithmetic, and what they refuse."""

from __future__ import annotations

import pytest

from music_adversaries.book import datasets, harness, runs
from music_adversaries.book.datasets import synthetic
from music_adversaries.book.experiments import dose_response
from music_adversaries.book.harness import Config
from music_adversaries.book.records import Record, filename, recorded
from music_adversaries.errors import InputError
from small_records import kinds


def test_a_condition_names_its_dataset():
    assert dose_response.variant({"series": "as shipped"}) == "synthetic"
    assert (
        dose_response.variant({"series": "x", "production_strength": 0.5, "faults": False})
        == "synthetic:faults=no,production_strength=0.5"
    )
    assert dose_response.variant({"series": "x", "production_strength": 1.0, "faults": True}) == "synthetic"


def test_the_share_explained_is_one_minus_the_ratio_of_the_gaps(monkeypatch):
    trained = []

    def accuracies(grid, progress):
        trained.extend(grid)
        rows = []
        for one in grid:
            gap = 0.10 if "production_strength=0" in one.dataset.split(",") else 0.40
            gap += 0.01 * one.seed
            base = 0.5 + (gap if one.partition == "random" else 0.0)
            rows.append({"partition": one.partition, "seed": one.seed, "accuracy": base})
        return rows

    monkeypatch.setattr(dose_response, "accuracies", accuracies)
    monkeypatch.setattr(dose_response.synthetic_dataset, "load_doses", lambda *a: [])
    measurements, tables = dose_response.measure(Config(), None, False)
    record = Record("dose_response", "synthetic", "quick", tables=tables, measurements=measurements)
    share = record.one("share_explained_by_production")
    assert share["value"] == pytest.approx(1 - 0.12 / 0.42) and share["low"] < 1 - 0.12 / 0.42
    assert record.one("difference", series="as shipped")["value"] == pytest.approx(0.42)
    conditions = ["series", *dose_response.SHIPPED]
    for quantity, of in (("difference", {}), ("accuracy", {"partition": "random"})):
        rows = record.rows(quantity, **of)
        assert rows[conditions].to_dict("records") == [dose_response.SHIPPED | one for one in dose_response.CONDITIONS]
    weak = record.one("accuracy", series="production", production_strength=0.25, partition="random")
    assert weak["value"] == pytest.approx(0.92) and weak["dataset"] == "synthetic:faults=no,production_strength=0.25"
    # What two series share is trained once.
    assert len({(one.dataset, one.partition, one.seed) for one in trained}) == len(trained)
    settings = {synthetic.Settings(**datasets.variants.split(one.dataset)[1]) for one in trained}
    assert len(settings) == len({one.dataset for one in trained})
    assert kinds(record) == kinds(recorded("dose_response"))


@pytest.mark.parametrize("name", ["dose_response", "intervention"])
def test_only_synthetic_allows_them(name):
    with pytest.raises(InputError, match="synthetic"):
        runs.run(name, Config(dataset="gtzan-mini"), progress=False)


def test_the_book_leaves_out_what_is_recorded_or_impossible():
    synthetic = runs.for_book(Config())
    assert "intervention" in synthetic and "dose_response" not in synthetic
    assert "intervention" not in runs.for_book(Config(dataset="gtzan-mini"))


def test_the_index_of_gtzan_is_counted_without_audio(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path))
    record = runs.run("benchmark_index", Config(dataset="gtzan", profile="full"), progress=False)
    table = datasets.manifest_of("gtzan").table
    pop = table[(table["label"] == "pop") & (table["artist"] != "")]["artist"]
    assert record.one("artists", label="pop")["value"] == pop.nunique()
    assert record.one("largest_artist", label="pop")["value"] == pop.value_counts().iloc[0]
    assert record.one("shared_artist", partition="random")["value"] == pytest.approx(200 / 234)
    stored = recorded("benchmark_index", "gtzan", "full")
    assert (stored.measurements, stored.tables) == (record.measurements, record.tables)


def test_a_record_of_a_variant_has_a_name_that_every_file_system_takes():
    name = filename("partition_gap", "synthetic:faults=no,production_strength=0.5", "quick")
    assert name == "partition_gap-synthetic_faults=no_production_strength=0.5-quick.json"
    assert filename("ensemble", "gtzan-mini", "full") == "ensemble-gtzan-mini-full.json"


def test_systems_are_trained_on_the_papers_shares_of_each_dataset():
    for name, wished in {"synthetic": [0.5, 0.25, 0.25], "synthetic-latin": [0.6, 0.2, 0.2]}.items():
        config = Config(dataset=name)
        manifest = datasets.manifest_of(name)
        made = harness.partition_of(config, datasets.Dataset(name, "quick", manifest, files={}))
        counts = made.counts()
        assert [counts[part] / len(manifest) for part in ("train", "valid", "test")] == pytest.approx(wished, abs=0.02)


def test_a_record_says_what_was_left_out(monkeypatch):
    note = "left out, as --allow-missing allowed: 1 of 2 excerpts (jazz.00054: missing)"
    whole = datasets.Dataset("gtzan", "full", datasets.manifest_of("gtzan"), files={}, notes={"": (note, "other")})
    monkeypatch.setattr(runs, "load_dataset", lambda config, progress=False: whole)
    monkeypatch.setattr(runs, "declared", lambda name: harness.Experiment(lambda *_: ([], {})))
    record = runs.compute("ensemble", Config(dataset="gtzan", profile="full"))
    assert record.provenance["left_out"] == [note] and record.provenance["excerpts"] == 1000
