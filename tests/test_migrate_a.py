"""tools/migrate_a.py: every old number stands in the new record, under conditions that say what its name said."""

from __future__ import annotations

import itertools
import json

import pytest

import migrate_a
from music_adversaries.book.measurements import named, select
from music_adversaries.book.records import Record

ENDS = ("low", "high", "n", "unit")
RANDOM, FILTERED = "random", "artist_filtered"


def old_and_expected(experiment, pairs, tables):
    """An old record whose numbers all differ, and what is to become of each."""
    count = itertools.count(1)
    results = {
        name: {"estimate": k + 1 / 3, "low": k + 0.1, "high": k + 0.7, "n": k, "unit": f"unit {k}"}
        for k, name in zip(count, sorted(pairs), strict=False)
    }
    old = {
        "experiment": experiment,
        "dataset": "toy",
        "profile": "quick",
        "key": "k",
        "config": {"system": "dnn9"},
        "provenance": {"date": "long ago"},
        "results": results,
        "tables": tables,
    }
    return old, {selection: results[name] for name, selection in pairs.items()}


def fold_tables():
    return {
        "decisions": [
            {"system": system, "classifier": classifier, "partition": partition}
            for partition in (RANDOM, FILTERED)
            for system, classifiers in (
                ("dnn5", ("network", "forest 1", "forest all")),
                ("dnn9-dropout", ("network", "forest 1", "forest all")),
                ("mfcc", ("shared", "per_class")),
            )
            for classifier in classifiers
        ],
        "tests": [{"chance": 0.1}],
    }


def gap(over_artists):
    partitions = (RANDOM, "track_filtered", FILTERED)
    pairs = {name: select("accuracy", partition=name) for name in partitions}
    pairs["difference"] = select("difference", partition=RANDOM, minus=FILTERED)
    pairs["difference_track_filtered"] = select("difference", partition=RANDOM, minus="track_filtered")
    if over_artists:
        pairs["difference_over_artists"] = select("difference_over_artists", partition=RANDOM, minus=FILTERED)
    return pairs, {"by_seed": [{"accuracy": 0.5}]}


def index():
    pairs = {f"shared_artist_{name}": select("shared_artist", partition=name) for name in (RANDOM, "fault_filtered")}
    for quantity, label in itertools.product(("artists", "largest_artist"), ("hiphop", "pop")):
        pairs[f"{quantity}_{label}"] = select(quantity, label=label)
    return pairs, {"audits": [{"partition": name} for name in (RANDOM, "fault_filtered")]}


def baseline():
    pairs = {
        f"{old}_{name}": select("accuracy", system=system, partition=name)
        for old, system in (("dnn", "dnn9"), ("baseline", "mfcc"))
        for name in (RANDOM, FILTERED)
    }
    pairs["dnn_minus_baseline"] = select("difference", system="dnn9", partition=FILTERED, minus="mfcc")
    return pairs, {"by_seed": []}


def meaningless():
    return {"chance": select("chance"), **{n: select("accuracy", partition=n) for n in (RANDOM, FILTERED)}}, {}


def table_1():
    tables, against = fold_tables(), {"partition": FILTERED, "minus": "mfcc"}
    pairs = {" ".join(row.values()): select("accuracy", **row) for row in tables["decisions"]}
    pairs |= {f"{which}_drop": select("drop", forests=which) for which in ("smallest", "mean", "largest")}
    pairs["learned_minus_handcrafted"] = select("difference", forests="mean", **against)
    pairs["best_learned_minus_handcrafted"] = select("difference", forests="best", **against)
    pairs["dnn_minus_handcrafted"] = select("difference", system="dnn9-dropout", classifier="forest all", **against)
    pairs["least_filtered"] = select("accuracy", forests="least", partition=FILTERED)
    return {**pairs, "chance": select("chance")}, tables


def folds():
    tables = fold_tables()
    pairs = {"chance": select("chance")}
    for row in tables["decisions"]:
        system, classifier = row["system"], row["classifier"]
        pairs[f"{system} {classifier}"] = select("accuracy", system=system, classifier=classifier)
        if classifier == "network":
            of = {"system": system, "classifier": classifier, "minus": "mfcc"}
            pairs[f"{system}_minus_handcrafted"] = select("difference", **of)
    return pairs, tables


CASES = {
    "partition_gap": gap(False),
    "partition_folds": gap(True),
    "benchmark_index": index(),
    "baseline": baseline(),
    "meaningless_labels": meaningless(),
    "table1": table_1(),
    "systems_folds": folds(),
}


def numbers(result):
    return {name: result[name] for name in ENDS}


@pytest.mark.parametrize("experiment", CASES)
def test_every_result_becomes_one_row_and_nothing_else_changes(experiment, tmp_path):
    old, expected = old_and_expected(experiment, *CASES[experiment])
    new = migrate_a.migrated(old)
    made = {named(row): row for row in new.measurements}
    assert len(made) == len(new.measurements) == len(old["results"]) and set(made) == set(expected)
    for selection, result in expected.items():
        assert made[selection]["value"] == result["estimate"] and numbers(made[selection]) == numbers(result)
    assert new.tables == old["tables"] and new.results == {}
    written = json.loads(new.write(tmp_path).read_text())
    assert all(written[name] == old[name] for name in old if name != "results")


@pytest.mark.parametrize("experiment", CASES)
def test_a_result_that_has_no_row_is_not_lost_in_silence(experiment):
    old, _ = old_and_expected(experiment, *CASES[experiment])
    old["results"]["surprise"] = {"estimate": 1.0, "low": 0.0, "high": 2.0, "n": 3, "unit": ""}
    with pytest.raises(ValueError, match="surprise"):
        migrate_a.migrated(old)


def test_the_conditions_of_doses_become_rows():
    count = itertools.count(1)

    def cell():
        k = next(count)
        return {"estimate": k + 1 / 3, "low": k + 0.1, "high": k + 0.7, "n": k, "unit": f"unit {k}"}

    knobs = [
        {"series": "as shipped", "dataset": "synthetic", "production_strength": 1.0, "faults": True},
        {"series": "no marks", "dataset": "synthetic:x", "production_strength": 0.0, "faults": False},
    ]
    conditions = [{**of, RANDOM: cell(), FILTERED: cell(), "difference": cell()} for of in knobs]
    results = {
        "difference_as_shipped": conditions[0]["difference"],
        "difference_no_marks": conditions[1]["difference"],
        "share_explained_by_production": cell(),
    }
    old = {
        "experiment": "dose_response",
        "dataset": "synthetic",
        "profile": "quick",
        "results": results,
        "tables": {"by_condition": conditions, "by_seed": [{"accuracy": 0.5}]},
    }
    record = migrate_a.migrated(old)
    assert len(record.measurements) == 7 and record.tables == {"by_seed": [{"accuracy": 0.5}]}
    for of, one in zip(knobs, conditions, strict=True):
        for quantity, column, conditions_ in (
            ("accuracy", RANDOM, {"partition": RANDOM}),
            ("accuracy", FILTERED, {"partition": FILTERED}),
            ("difference", "difference", {"partition": RANDOM, "minus": FILTERED}),
        ):
            row = record.one(quantity, **of, **conditions_)
            assert row["value"] == one[column]["estimate"] and numbers(row) == numbers(one[column])
    assert record.one("share_explained_by_production")["n"] == 7
    results["difference_no_marks"] = cell()
    with pytest.raises(ValueError, match="no marks"):
        migrate_a.migrated(old)


def test_the_books_records_have_no_old_results_left():
    kept = [Record.read(path) for path in sorted((migrate_a.ROOT / "book" / "records").glob("*.json"))]
    mine = [record for record in kept if record.experiment in migrate_a.EXPERIMENTS]
    assert len(mine) == 10 and all(record.measurements and not record.results for record in mine)
    for record in mine:
        assert len({named(row) for row in record.measurements}) == len(record.measurements), record.filename
