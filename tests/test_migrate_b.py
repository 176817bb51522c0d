"""Old records of the experiments with adversaries become measurements: every number once, and in its place."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count, product
from typing import Any

import pytest

from migrate_b import MIGRATIONS, migrated
from music_adversaries.book.experiments import gradient, relaxed, survival
from music_adversaries.book.records import Record, book_folder
from refresh import ROOT

NUMBERS = ("estimate", "low", "high", "n", "unit")
GONE = ("curves", "matrix", "tests", "by_seed", "over_trainings")  # tables that were measurements
SYSTEMS, PARTITIONS, SEEDS = ("dnn50", "dnn50-mel", "cdnn"), ("random", "artist_filtered"), (0, 1)
LISTENERS = (*SYSTEMS, "dnn50, seed 1", "cdnn, artist-filtered", "mfcc")
PROCESSES = ("MP3 32 kbit/s", "+1 dB")
ATTACKS = ("Algorithm 1", "waveform", "white noise")


def was(experiment: str, row: dict[str, Any]) -> tuple:
    """Where a number stood before: the name of a result; or a table, what tells its rows apart, and the column."""
    quantity, of = row["quantity"], row.get
    if experiment == "attack_random_target":
        names = {
            ("accuracy", "none"): "accuracy_clean", ("success", "white noise"): "noise_success_rate",
            ("iterate_confident", "Algorithm 1"): "iterate_success_rate",
        }  # fmt: skip
        plain = {"accuracy": "accuracy_under_attack", "success": "success_rate", "confident": "confident_rate"}
        name = names.get((quantity, of("attack"))) or plain.get(quantity, quantity)
        return (f"waveform_{name}" if of("attack") == "waveform" else name,)
    if experiment == "ensemble":
        return (f"{quantity}_at_0.5" if of("confidence") == 0.5 else quantity,)
    if experiment == "directives" and of("listener"):
        directive = f"always {row['label']}" if of("label") else row["directive"]
        directive = "clean" if directive == "none" else directive
        aware = " aware" if of("source") == "forest" else ""
        return (f"{row['listener']}{aware}, {directive}: {quantity}",)
    if experiment == "success_curves":
        return "curves", row["system"], row["partition"], row["attack"], row["budget"], "estimate"
    if experiment == "frequencies":
        return (f"{of('system', 'music')}: {quantity.replace('_', ' ')}",)
    if experiment == "survival":
        case = "original kept" if quantity == "original_kept" else row["case"]
        return (f"{case}: {of('stage') or of('process')}",)
    if experiment == "transfer" and of("source"):
        here = row["source"], row["listener"]
        return ("matrix", *here, "changed") if quantity == "changed" else (f"{here[0]} on {here[1]}: target",)
    if experiment == "gradient":
        if quantity == "success":
            return (f"{row['case']}: success at {row['budget']:g} dB",)
        return "tests", row["pair"], row["budget"], "p_artists" if quantity == "p_artists" else "estimate"
    if experiment == "gradient_trainings":
        if quantity == "success":
            return (f"seed {row['training']}, {row['case']}: success at {row['budget']:g} dB",)
        if quantity == "difference":
            return "by_seed", row["training"], row["pair"], "estimate"
        return "over_trainings", row["pair"], quantity.removesuffix("_difference")
    if experiment == "relaxed":
        if quantity.startswith(("plain_", "p_")):
            than = relaxed.NOISE if quantity.endswith("_noise") else "before"
            return "tests", f"{than} minus {row['attack']}", "p_artists" if quantity.startswith("p_") else "estimate"
        if of("attack") == "none":
            return ("accuracy before",)
        names = {"target_is_truth": "target is the truth", "target_is_label_before": "target is the label before"}
        return (f"{row['attack']}: {quantity.replace('_', ' ')}" if of("attack") else names.get(quantity, quantity),)
    return (quantity,)


KEYS = {
    "curves": ("system", "partition", "method", "budget"), "matrix": ("source", "listener"),
    "tests": ("difference", "budget"), "by_seed": ("seed", "difference"), "over_trainings": ("difference",),
}  # fmt: skip


def numbers(old: dict[str, Any]) -> dict[tuple, dict[str, Any]]:
    """Every number of an old record that was a measurement, by its place as `was` names it, with what went with it."""
    found = {(name,): result for name, result in old["results"].items()}
    for table in GONE:
        for row in old["tables"].get(table, []):
            place = (table, *(row[key] for key in KEYS[table] if key in row))
            columns = [name for name in ("target", "changed", "mean", "least", "most") if name in row]
            for column in columns:
                found[*place, column] = {"estimate": row[column], "n": row.get("n", row.get("n_trainings"))}
            if "estimate" in row:
                found[*place, "estimate"] = {name: row[name] for name in NUMBERS if name in row}
            if "p_artists" in row:
                found[*place, "p_artists"] = {"estimate": row["p_artists"], "n": row["n_artists"]}
    return found


def repeated(old: dict[str, Any]) -> Iterator[tuple]:
    """Places of numbers that stand elsewhere, too."""
    yield from ((name,) for name in old["results"] if "always one label" in name)
    for curve in old["tables"].get("curves", []):
        yield (f"{curve['system']}, {curve['partition']}, {curve['method']}: success at {curve['budget']:g} dB",)
    for pair in old["tables"].get("matrix", []):
        yield "matrix", pair["source"], pair["listener"], "target"
    if old["experiment"] == "gradient":
        yield from ((pair,) for pair in gradient.PAIRS)


def check(old: dict[str, Any], new: dict[str, Any]) -> int:
    """That every number of the old record is in the new one, in its place, and nothing else; how many there are."""
    before, seen = numbers(old), Counter()
    for row in new["measurements"]:
        place = was(old["experiment"], row)
        seen[place] += 1
        for name, value in before[place].items():
            assert row["value" if name == "estimate" else name] == value, (place, name)
        missing = {"low", "high"} - set(before[place])
        assert all(row[name] is None for name in missing), place
    assert set(seen.values()) == {1}
    assert set(before) - set(seen) == set(repeated(old)) & set(before)
    assert new["results"] == {}
    for table, rows in old["tables"].items():
        assert table in GONE or json.dumps(new["tables"][table]) == json.dumps(rows)
    assert set(new["tables"]) == set(old["tables"]) - set(GONE)
    for name in ("config", "provenance", "key", "experiment", "dataset", "profile"):
        assert new[name] == old[name]
    return len(before)


# --- a small record of each in the old form; no two numbers are alike ---


def samples() -> dict[str, dict[str, Any]]:
    fresh = count(1)

    def result(n: int = 7, unit: str = "fraction") -> dict[str, Any]:
        value = next(fresh) / 1024
        return {"estimate": value, "low": value - 2**-20, "high": value + 2**-20, "n": n, "unit": unit}

    def results(*names: str) -> dict[str, Any]:
        return {name: result() for name in sorted(names)}

    old: dict[str, dict[str, Any]] = {}
    shared = ("accuracy_under_attack", "confident_rate", "confirmed", "snr", "success_rate")
    old["attack_random_target"] = {
        "results": results(
            *shared, *(f"waveform_{name}" for name in shared), "accuracy_clean", "iterate_success_rate",
            "noise_success_rate", "target_is_truth", "chance",
        )
    }  # fmt: skip
    both = product(("labels_confident", "labels_reached", "snr"), ("", "_at_0.5"))
    old["ensemble"] = {"results": results(*map("".join, both), "snr_drop")}

    given = ("random", "always right", "always wrong", "always jazz")
    made = results(
        *(f"{who}, {d}: {what}" for who, d, what in product(("network", "forest"), given, ("accuracy", "obeyed"))),
        *(f"network, {d}: {what}" for d, what in product(given, ("confident", "snr"))),
        *("network, clean: accuracy", "forest, clean: accuracy", "aware_minus_unaware", "least_obeyed", "chance"),
        *("forest aware, random: accuracy", "forest aware, random: obeyed"),
    )
    made |= {f"network, always one label: {w}": made[f"network, always jazz: {w}"] for w in ("accuracy", "obeyed")}
    old["directives"] = {"results": made, "tables": {"by_excerpt": [{"directive": one, "snr": "inf"} for one in given]}}

    curves = [
        {"system": system, "partition": partition, "method": method, "budget": budget, **result()}
        for system, partition, method, budget in product(SYSTEMS, PARTITIONS, ATTACKS, (30.0, 15.0, -10.0))
    ]
    old["success_curves"] = {
        "results": {
            f"{c['system']}, {c['partition']}, {c['method']}: success at {c['budget']:g} dB": {k: c[k] for k in NUMBERS}
            for c in curves
            if c["budget"] > 0
        },
        "tables": {"curves": curves, "parts": [{"part": "a", "seconds": 0.5}]},
    }
    of_systems = product(SYSTEMS, ("success", "high share", "median frequency"))
    old["frequencies"] = {"results": results("music: high share", *(f"{s}: {what}" for s, what in of_systems))}
    stages = product(survival.METHODS, ("iterate", "waveform", "written"))
    after = product(("each step", "waveform", "original kept"), PROCESSES)
    old["survival"] = {"results": results(*(f"{case}: {what}" for case, what in (*stages, *after)))}

    made = results(*(f"{source} on {listener}: target" for source, listener in product(SYSTEMS, LISTENERS)))
    matrix = [
        {"source": s, "listener": to, "target": made[f"{s} on {to}: target"]["estimate"], "changed": next(fresh) / 1024,
         "n": 7}
        for s, to in product(SYSTEMS, LISTENERS)
    ]  # fmt: skip
    old["transfer"] = {"results": made | results("least_white_box"), "tables": {"matrix": matrix}}

    tests = [
        {"difference": name, "budget": budget, **result(unit="fraction difference"),
         "p_artists": next(fresh) / 1024, "n_artists": 5}
        for name, budget in product(gradient.PAIRS, gradient.BUDGETS)
    ]  # fmt: skip
    names = (f"{case}: success at {budget:g} dB" for case, budget in product(gradient.CASES, gradient.BUDGETS))
    at_15 = {test["difference"]: {k: test[k] for k in NUMBERS} for test in tests if test["budget"] == 15.0}
    tests = [{name: value for name, value in test.items() if name not in ("n", "unit")} for test in tests]
    old["gradient"] = {"results": results(*names) | at_15, "tables": {"tests": tests, "heard": []}}

    by_seed = [
        {"difference": name, "seed": seed, **result(unit="fraction difference")}
        for name, seed in product(gradient.PAIRS, SEEDS)
    ]
    over = [
        {"difference": name, **{which: next(fresh) / 1024 for which in ("mean", "least", "most")}, "n_trainings": 2}
        for name in gradient.PAIRS
    ]
    names = (f"seed {seed}, {case}: success at 15 dB" for seed, case in product(SEEDS, gradient.CASES))
    old["gradient_trainings"] = {"results": results(*names), "tables": {"by_seed": by_seed, "over_trainings": over}}

    whats = ("accuracy", "drop", "drop beyond noise", "success", "confident", "snr")
    names = [f"{case}: {what}" for case, what in product(relaxed.CASES, whats)]
    names.remove(f"{relaxed.NOISE}: drop beyond noise")
    differences = [f"before minus {case}" for case in relaxed.CASES]
    differences += [f"{relaxed.NOISE} minus {case}" for case in relaxed.CASES if case != relaxed.NOISE]
    tests = [{"difference": d, **result(), "p_artists": next(fresh) / 1024, "n_artists": 5} for d in differences]
    for test in tests:
        del test["unit"]
    whole = ("accuracy before", "chance", "target is the truth", "target is the label before")
    old["relaxed"] = {"results": results(*names, *whole), "tables": {"tests": tests}}
    of = {"confidence": 0.9, "partition": "random", "seed": 0, "snr": 15.0}
    return {
        name: {"experiment": name, "dataset": "d", "profile": "p", "config": of, "provenance": {"date": "x"},
               "key": "k", "tables": {}} | one
        for name, one in old.items()
    }  # fmt: skip


SAMPLES = samples()


@pytest.mark.parametrize("name", MIGRATIONS)
def test_every_number_of_an_old_record_is_a_measurement_in_its_place(name):
    old = SAMPLES[name]
    new = migrated(Record(**copy.deepcopy(old)))
    assert check(old, json.loads(json.dumps(vars(new), default=str))) > 5


@pytest.mark.parametrize("name", MIGRATIONS)
def test_a_number_without_a_place_is_not_dropped(name):
    old = copy.deepcopy(SAMPLES[name])
    old["results"]["speed"] = {"estimate": 1.0, "low": 0.0, "high": 2.0, "n": 1, "unit": ""}
    with pytest.raises(AssertionError, match="left over in .*speed"):
        migrated(Record(**old))


if __name__ == "__main__":  # the stored records against those of a commit: python tests/test_migrate_b.py COMMIT
    total = 0
    for path in sorted((book_folder() / "records").glob("*.json")):
        if path.name.partition("-")[0] in MIGRATIONS:
            shown = subprocess.run(
                ["git", "show", f"{sys.argv[1]}:book/records/{path.name}"], cwd=ROOT, capture_output=True, check=True
            )
            found = check(json.loads(shown.stdout), json.loads(path.read_text()))
            print(f"{path.name}: {found} numbers")
            total += found
    print(f"{total} numbers, all in their place")
