"""Moves records of chapters 2 to 4 from named results to tidy measurements.

Every experiment has one function from its old record to the new measurements and tables. No number is computed.

    python tools/migrate_a.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from music_adversaries.book.measurements import Measurement, measurement
from music_adversaries.book.records import Record
from music_adversaries.evaluation import Estimate

ROOT = Path(__file__).resolve().parent.parent
Old = dict[str, Any]  #: a record as its JSON has it
Tables = dict[str, list[dict[str, Any]]]
PARTITIONS = ("random", "track_filtered", "artist_filtered", "fault_filtered")  # in the order of a fresh record
MFCC = {"partition": "artist_filtered", "minus": "mfcc"}


def _rows(old: Old, names: Iterable[tuple[str, str, dict[str, Any]]]) -> list[Measurement]:
    """A row for each (old name, quantity, conditions) that the record has; all its results must be among them."""
    names = list(names)
    left = set(old["results"]) - {name for name, _, _ in names}
    if left:
        raise ValueError(f"{old['experiment']} has results without a row: {', '.join(sorted(left))}")
    return [_row(quantity, old["results"][name], of) for name, quantity, of in names if name in old["results"]]


def _row(quantity: str, result: dict[str, Any], conditions: dict[str, Any]) -> Measurement:
    return measurement(quantity, Estimate(**result), **conditions)


def partition_gap(old: Old) -> tuple[list[Measurement], Tables]:
    accuracy = [(name, "accuracy", {"partition": name}) for name in PARTITIONS]
    differences = [
        (
            "difference" if name == "artist_filtered" else f"difference_{name}",
            "difference",
            {"partition": "random", "minus": name},
        )
        for name in PARTITIONS[1:]
    ]
    over = ("difference_over_artists", "difference_over_artists", {"partition": "random", "minus": "artist_filtered"})
    return _rows(old, [*accuracy, *differences, over]), old["tables"]


def dose_response(old: Old) -> tuple[list[Measurement], Tables]:
    """The first two results stand among the conditions, too."""
    rows = []
    for condition in old["tables"]["by_condition"]:
        of = {name: value for name, value in condition.items() if not isinstance(value, dict)}
        rows += [_row("accuracy", condition[name], {"partition": name, **of}) for name in ("random", "artist_filtered")]
        rows.append(
            _row("difference", condition["difference"], {"partition": "random", "minus": "artist_filtered", **of})
        )
    for series in ("as shipped", "no marks"):
        told = [row["difference"] for row in old["tables"]["by_condition"] if row["series"] == series]
        if told != [old["results"][f"difference_{series.replace(' ', '_')}"]]:
            raise ValueError(f"The difference {series} is told in two ways.")
    share = "share_explained_by_production"
    rows.append(_row(share, old["results"][share], {}))
    return rows, {"by_seed": old["tables"]["by_seed"]}


def benchmark_index(old: Old) -> tuple[list[Measurement], Tables]:
    labels = [name.removeprefix("artists_") for name in sorted(old["results"]) if name.startswith("artists_")]
    counts = [
        (f"{quantity}_{label}", quantity, {"label": label})
        for label in labels
        for quantity in ("artists", "largest_artist")
    ]
    audited = dict.fromkeys(row["partition"] for row in old["tables"]["audits"])
    shares = [(f"shared_artist_{name}", "shared_artist", {"partition": name}) for name in audited]
    return _rows(old, [*counts, *shares]), old["tables"]


def baseline(old: Old) -> tuple[list[Measurement], Tables]:
    system = old["config"]["system"]
    accuracy = [
        (f"{name}_{partition}", "accuracy", {"system": said, "partition": partition})
        for partition in ("random", "artist_filtered")
        for name, said in (("dnn", system), ("baseline", "mfcc"))
    ]
    difference = ("dnn_minus_baseline", "difference", {"system": system, **MFCC})
    return _rows(old, [*accuracy, difference]), old["tables"]


def meaningless_labels(old: Old) -> tuple[list[Measurement], Tables]:
    accuracy = [(name, "accuracy", {"partition": name}) for name in ("random", "artist_filtered")]
    return _rows(old, [*accuracy, ("chance", "chance", {})]), old["tables"]


def table1(old: Old) -> tuple[list[Measurement], Tables]:
    cells = dict.fromkeys((row["system"], row["classifier"], row["partition"]) for row in old["tables"]["decisions"])
    accuracy = [
        (" ".join(cell), "accuracy", dict(zip(("system", "classifier", "partition"), cell, strict=True)))
        for cell in cells
    ]
    drops = [(f"{which}_drop", "drop", {"forests": which}) for which in ("smallest", "mean", "largest")]
    networks = list(dict.fromkeys(system for system, _, _ in cells if system != "mfcc"))
    others = [
        ("learned_minus_handcrafted", "difference", {"forests": "mean", **MFCC}),
        ("best_learned_minus_handcrafted", "difference", {"forests": "best", **MFCC}),
        ("dnn_minus_handcrafted", "difference", {"system": networks[-1], "classifier": "forest all", **MFCC}),
        ("least_filtered", "accuracy", {"forests": "least", "partition": "artist_filtered"}),
        ("chance", "chance", {}),
    ]
    return _rows(old, [*accuracy, *drops, *others]), old["tables"]


def systems_folds(old: Old) -> tuple[list[Measurement], Tables]:
    classifiers = dict.fromkeys((row["system"], row["classifier"]) for row in old["tables"]["decisions"])
    accuracy = [(f"{s} {c}", "accuracy", {"system": s, "classifier": c}) for s, c in classifiers]
    differences = [
        (f"{system}_minus_handcrafted", "difference", {"system": system, "classifier": "network", "minus": "mfcc"})
        for system, classifier in classifiers
        if classifier == "network"
    ]
    return _rows(old, [*accuracy, ("chance", "chance", {}), *differences]), old["tables"]


EXPERIMENTS: dict[str, Callable[[Old], tuple[list[Measurement], Tables]]] = {
    "partition_gap": partition_gap,
    "partition_folds": partition_gap,
    "dose_response": dose_response,
    "benchmark_index": benchmark_index,
    "baseline": baseline,
    "meaningless_labels": meaningless_labels,
    "table1": table1,
    "systems_folds": systems_folds,
}


def migrated(old: Old) -> Record:
    """The record with measurements in the place of results."""
    measurements, tables = EXPERIMENTS[old["experiment"]](old)
    return Record(**{**old, "results": {}, "measurements": measurements, "tables": tables})


if __name__ == "__main__":
    for path in sorted((ROOT / "book" / "records").glob("*.json")):
        old = json.loads(path.read_text())
        if old["experiment"] in EXPERIMENTS and old["results"]:
            migrated(old).write(path.parent)
            print(path.name)
