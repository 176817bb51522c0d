"""Turn the stored records of the experiments with adversaries into measurements, once: no number is computed anew.

    python tools/migrate_b.py [FOLDER]

Each function takes a record's old results and tables, and gives its measurements, in the order in which the
experiment now gives them, and the tables that are left. What it uses up it removes: nothing may be left over.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from music_adversaries.book.experiments import gradient, relaxed, survival
from music_adversaries.book.measurements import Measurement
from music_adversaries.book.records import Record, book_folder
from music_adversaries.processing import PROCESSES

Old = dict[str, Any]  # the old results by name
Tables = dict[str, list[dict[str, Any]]]


def measured(old: dict[str, Any], quantity: str, **conditions: Any) -> Measurement:
    """A row from an old result, or from a row of an old table."""
    numbers = {name: old.get(name) for name in ("low", "high", "n", "unit")}
    return {"quantity": quantity, **conditions, "value": old["estimate"], **numbers}


def bare(value: float, n: int, quantity: str, unit: str = "", **conditions: Any) -> Measurement:
    """A row of a number without an interval."""
    return measured({"estimate": value, "n": n, "unit": unit}, quantity, **conditions)


def taken(old: Old, *names: tuple[str, str, dict[str, Any]]) -> list[Measurement]:
    """Rows of some results, each as (old name, quantity, conditions); those that the record lacks are left out."""
    return [measured(old.pop(name), quantity, **of) for name, quantity, of in names if name in old]


def attack_random_target(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = taken(
        old,
        ("accuracy_clean", "accuracy", {"attack": "none"}),
        ("noise_success_rate", "success", {"attack": "white noise"}),
    )
    for prefix, attack in (("", "Algorithm 1"), ("waveform_", "waveform")):
        rows += taken(
            old,
            (f"{prefix}accuracy_under_attack", "accuracy", {"attack": attack}),
            (f"{prefix}success_rate", "success", {"attack": attack}),
            (f"{prefix}confident_rate", "confident", {"attack": attack}),
            (f"{prefix}confirmed", "confirmed", {"attack": attack}),
            (f"{prefix}snr", "snr", {"attack": attack}),
            (f"{prefix}iterate_success_rate", "iterate_confident", {"attack": attack}),
        )
    return rows + taken(old, ("target_is_truth", "target_is_truth", {}), ("chance", "chance", {}))


def ensemble(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = []
    for suffix, confidence in (("_at_0.5", 0.5), ("", config["confidence"])):
        of = {"confidence": confidence}
        rows += taken(
            old, *((quantity + suffix, quantity, of) for quantity in ("labels_reached", "labels_confident", "snr"))
        )
    return rows + taken(old, ("snr_drop", "snr_drop", {}))


def directives(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = taken(
        old,
        *(
            (f"{listener}, clean: accuracy", "accuracy", {"listener": listener, "directive": "none"})
            for listener in ("network", "forest")
        ),
    )
    for directive in dict.fromkeys(row["directive"] for row in tables["by_excerpt"]):
        of = {"directive": directive}
        if directive not in ("random", "always right", "always wrong"):
            of = {"directive": "always one label", "label": directive.removeprefix("always ")}
            for what in ("accuracy", "obeyed"):  # these two were there twice
                assert old.pop(f"network, always one label: {what}") == old[f"network, {directive}: {what}"]
        for listener in ("network", "forest"):
            rows += taken(
                old,
                *(
                    (f"{listener}, {directive}: {what}", what, {"source": "network", "listener": listener, **of})
                    for what in ("accuracy", "obeyed", "confident", "snr")
                ),
            )
    aware = {"source": "forest", "listener": "forest", "directive": "random"}
    return rows + taken(
        old,
        ("forest aware, random: accuracy", "accuracy", aware),
        ("forest aware, random: obeyed", "obeyed", aware),
        *((name, name, {}) for name in ("aware_minus_unaware", "least_obeyed", "chance")),
    )


def success_curves(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = []
    for curve in tables.pop("curves"):
        of = {name: curve[name] for name in ("system", "partition", "budget")} | {"attack": curve["method"]}
        rows.append(measured(curve, "success", **of))
        name = f"{curve['system']}, {curve['partition']}, {curve['method']}: success at {curve['budget']:g} dB"
        again = old.pop(name, None)  # some points were there twice
        assert again is None or measured(again, "success", **of) == rows[-1]
    return rows


def frequencies(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = taken(old, ("music: high share", "high_share", {"sound": "music"}))
    for system in sorted({name.partition(": ")[0] for name in old}):
        of = {"system": system, "sound": "perturbation"}
        rows += taken(
            old,
            (f"{system}: success", "success", {"system": system}),
            (f"{system}: high share", "high_share", of),
            (f"{system}: median frequency", "median_frequency", of),
        )
    return rows


def survival_(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = []
    for case in survival.METHODS:
        stages = ("iterate", "waveform", "written")
        rows += taken(old, *((f"{case}: {stage}", "success", {"case": case, "stage": stage}) for stage in stages))
        for process in PROCESSES:
            rows += taken(old, (f"{case}: {process}", "success", {"case": case, "process": process}))
            if case == "each step":
                rows += taken(old, (f"original kept: {process}", "original_kept", {"process": process}))
    return rows


def transfer(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = []
    for pair in tables.pop("matrix"):
        source, listener = pair["source"], pair["listener"]
        of = {
            "source": source,
            "listener": listener,
            "partition": "artist_filtered" if listener.endswith(", artist-filtered") else config["partition"],
            "training": config["seed"] + 1 if listener.endswith(", seed 1") else config["seed"],
        }
        rows += taken(old, (f"{source} on {listener}: target", "success", of))
        assert (rows[-1]["value"], rows[-1]["n"]) == (pair["target"], pair["n"])
        rows.append(bare(pair["changed"], pair["n"], "changed", "fraction", **of))  # had no interval
    return rows + taken(old, ("least_white_box", "least_white_box", {}))


def _success(case: str, **conditions: Any) -> dict[str, Any]:
    system, method = gradient.CASES[case]
    return {"case": case, "system": system, "gradient": method.gradient, **conditions}


def gradient_(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    points = [(case, budget) for case in gradient.CASES for budget in gradient.BUDGETS]
    rows = taken(
        old,
        *((f"{case}: success at {budget:g} dB", "success", _success(case, budget=budget)) for case, budget in points),
    )
    for test in tables.pop("tests"):
        pair = test["difference"]
        of = {"pair": pair, "budget": test["budget"]}
        same = {"n": old[pair]["n"], "unit": old[pair]["unit"]}  # all budgets are of the same excerpts
        rows.append(measured(test | same, "difference", **of))
        rows.append(bare(test["p_artists"], test["n_artists"], "p_artists", **of))
        if test["budget"] == config["snr"]:  # this one was there twice
            assert measured(old[pair], "difference", **of) == rows[-2]
    for pair in gradient.PAIRS:
        del old[pair]
    return rows


def gradient_trainings(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    differences, budget = tables.pop("by_seed"), config["snr"]
    points = [(seed, case) for seed in dict.fromkeys(row["seed"] for row in differences) for case in gradient.CASES]
    rows = taken(
        old,
        *(
            (f"seed {seed}, {case}: success at {budget:g} dB", "success", _success(case, training=seed, budget=budget))
            for seed, case in points
        ),
    )
    for over in tables.pop("over_trainings"):
        of = {"pair": over["difference"], "budget": budget}
        mine = [row for row in differences if row["difference"] == over["difference"]]
        rows += [measured(row, "difference", training=row["seed"], **of) for row in mine]
        rows += [
            bare(over[which], over["n_trainings"], f"{which}_difference", "fraction difference", **of)
            for which in ("mean", "least", "most")
        ]
    return rows


def relaxed_(old: Old, tables: Tables, config: dict[str, Any]) -> list[Measurement]:
    rows = taken(
        old,
        ("accuracy before", "accuracy", {"attack": "none"}),
        ("chance", "chance", {}),
        ("target is the truth", "target_is_truth", {}),
        ("target is the label before", "target_is_label_before", {}),
    )
    tests = {test["difference"]: test for test in tables.pop("tests")}
    for case in relaxed.CASES:
        of = {"attack": case}
        rows += taken(old, (f"{case}: accuracy", "accuracy", of))
        for name, quantity, than in (
            ("drop", "drop", "before"),
            ("drop beyond noise", "drop_beyond_noise", relaxed.NOISE),
        ):
            rows += taken(old, (f"{case}: {name}", quantity, of))
            test = tests.pop(f"{than} minus {case}", None)
            if test is not None:
                rows.append(measured(test | {"unit": "fraction difference"}, f"plain_{quantity}", **of))
                rows.append(bare(test["p_artists"], test["n_artists"], f"p_{quantity}", **of))
        rows += taken(old, *((f"{case}: {what}", what, of) for what in ("success", "confident", "snr")))
    assert not tests, f"left over: {', '.join(tests)}"
    return rows


MIGRATIONS: dict[str, Callable[[Old, Tables, dict[str, Any]], list[Measurement]]] = {
    "attack_random_target": attack_random_target,
    "directives": directives,
    "ensemble": ensemble,
    "frequencies": frequencies,
    "gradient": gradient_,
    "gradient_trainings": gradient_trainings,
    "relaxed": relaxed_,
    "success_curves": success_curves,
    "survival": survival_,
    "transfer": transfer,
}


def migrated(record: Record) -> Record:
    """A record with measurements in place of its old results."""
    old, tables = dict(record.results), dict(record.tables)
    measurements = MIGRATIONS[record.experiment](old, tables, record.config)
    assert not old, f"left over in {record.filename}: {', '.join(old)}"
    return dataclasses.replace(record, results={}, measurements=measurements, tables=tables)


def main(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        record = Record.read(path)
        if record.experiment in MIGRATIONS and record.results:
            new = migrated(record)
            new.write(folder)
            print(f"{path.name}: {len(record.results)} results, now {len(new.measurements)} measurements")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else book_folder() / "records")
