"""Table 1 in the paper's layout: the paper's own next to those of our records.

Paper: Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ...errors import InputError
from ...evaluation import FigureOfMerit, wilson
from ..harness.recipes import BASELINE, recipe
from ..records import Record
from .paper import paper_values

LAYERS = ("1", "2", "3", "all")
KINDS = ("ReLU", "ReLU+Dropout")
SIZES = ("smaller", "larger")
#: Test excerpts of GTZAN's partitions, on which the paper measured its accuracies.
PAPER_TESTS = {"random": "GTZAN random partition, test", "filtered": "GTZAN fault-filtered partition, test"}


@dataclass(frozen=True)
class Cell:
    """One accuracy of Table 1, a fraction, with its 95 % interval."""

    n_units: int  #: of a hidden layer
    kind: str  #: one of :data:`KINDS`
    layer: str  #: one of :data:`LAYERS`
    partition: str  #: "random" or "filtered"
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Table1:
    """Table 1 from one source.

    Notebook: book/04_baselines.ipynb
    """

    source: str  #: its name in headings
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        if len(self.cells) != (32 if self.filtered_too else 16) or len(self.sizes) != 2:
            raise InputError(
                f"{self.source} has {len(self.cells)} cells of {len(self.sizes)} sizes; Table 1 has 32, of 2 sizes, or "
                "the random 16 of them."
            )

    @property
    def filtered_too(self) -> bool:
        """Whether it has the filtered half; of music whose artists are not known there is the random half only."""
        return any(cell.partition == "filtered" for cell in self.cells)

    @property
    def sizes(self) -> list[int]:
        """Units a layer of the smaller and of the larger network."""
        return sorted({cell.n_units for cell in self.cells})

    def cell(self, size: str, kind: str, layer: str, partition: str) -> Cell:
        """One cell; ``size`` is ``"smaller"`` or ``"larger"``."""
        units = self.sizes[SIZES.index(size)]
        wanted = (units, kind, layer, partition)
        return next(c for c in self.cells if (c.n_units, c.kind, c.layer, c.partition) == wanted)

    def drops(self) -> pd.Series:
        """Random minus filtered, of the sixteen forests.

        Raises
        ------
        InputError
            When it has the random half only.
        """
        if not self.filtered_too:
            raise InputError(f"{self.source} has no filtered half of Table 1; run it on music whose artists are known.")
        names = [(size, kind, layer) for size in SIZES for kind in KINDS for layer in LAYERS]
        values = [self.cell(*name, "random").accuracy - self.cell(*name, "filtered").accuracy for name in names]
        return pd.Series(values, pd.MultiIndex.from_tuples(names, names=["network", "kind", "layer"]), name=self.source)


def of_paper() -> Table1:
    """The paper's table, with Wilson's intervals over its 250 and 290 test excerpts.

    Paper: Table 1
    Notebook: book/04_baselines.ipynb
    """
    values = paper_values()
    printed = values[values["where"] == "Table 1"].set_index("quantity")["value"]
    tests = values[values["where"] == "Section 2.3"].set_index("quantity")["value"]
    cells = []
    for units in (50, 500):
        for kind in KINDS:
            for layer in LAYERS:
                named = f"{units} units, {'all layers' if layer == 'all' else f'layer {layer}'}, {kind}"
                for partition, said in (("random", "random"), ("filtered", "fault-filtered")):
                    n = int(tests[PAPER_TESTS[partition]])
                    accuracy = printed[f"accuracy, {named}, {said}"] / 100
                    cells.append(Cell(units, kind, layer, partition, accuracy, *wilson(round(accuracy * n), n)))
    return Table1("paper, GTZAN", tuple(cells))


def of_record(record: Record, kind: str = "recorded") -> Table1:
    """The table from a record of the experiment ``table1``, with intervals over artists.

    Parameters
    ----------
    record : Record
    kind : str
        What headings call it, such as ``"this run"``.

    Raises
    ------
    InputError
        When the record is of another experiment.

    Notebook: book/04_baselines.ipynb
    """
    if record.experiment != "table1":
        raise InputError(f"{record.place} is a record of {record.experiment}; give one of table1.")
    tested = {row["partition"] for row in record.tables["tests"]}
    cells = []
    for system in dict.fromkeys(row["system"] for row in record.tables["decisions"] if row["system"] != BASELINE):
        network = recipe(system)
        kind_of = KINDS[network.dropout > 0]
        for layer in LAYERS:
            for partition, said in (("random", "random"), ("filtered", "artist_filtered")):
                if said not in tested:
                    continue
                row = record.one("accuracy", system=system, classifier=f"forest {layer}", partition=said)
                ends = row["value"], row["low"], row["high"]
                cells.append(Cell(network.n_units, kind_of, layer, partition, *ends))
    return Table1(f"{kind}: {record.dataset}, {record.profile}", tuple(cells))


def compare(*tables: Table1) -> pd.DataFrame:
    """The tables, network by network: accuracy in per cent on the random partition (and on the filtered one).

    A hyphen stands for the filtered half where a table has none.

    Paper: Table 1
    Notebook: book/04_baselines.ipynb
    """
    rows = {}
    for size in SIZES:
        for kind in KINDS:
            for table in tables:
                units = table.sizes[SIZES.index(size)]
                rows[size, kind, f"{table.source} ({units} units)"] = {
                    f"layer {layer}" if layer != "all" else "all layers": "{} ({})".format(
                        *(_percent(table, size, kind, layer, part) for part in ("random", "filtered"))
                    )
                    for layer in LAYERS
                }
    shown = pd.DataFrame(rows).T
    shown.index.names = ["network", "units are", "source"]
    return shown


def _percent(table: Table1, size: str, kind: str, layer: str, partition: str) -> str:
    if partition == "filtered" and not table.filtered_too:
        return "-"
    return f"{100 * table.cell(size, kind, layer, partition).accuracy:.1f}"


def merit(record: Record, system: str, classifier: str, partition: str, seed: int = 0) -> FigureOfMerit:
    """Figure of merit of one classifier in a record of ``table1``.

    Raises
    ------
    InputError
        When the record has no such row.

    Paper: Section 2.4
    Notebook: book/04_baselines.ipynb
    """
    wanted = (system, classifier, partition, seed)
    rows = [
        row
        for row in record.tables["decisions"]
        if (row["system"], row["classifier"], row["partition"], row["seed"]) == wanted
    ]
    tests = [row for row in record.tables["tests"] if (row["partition"], row["seed"]) == (partition, seed)]
    if not rows or not tests:
        raise InputError(f"{record.place} has no decisions of {' '.join(map(str, wanted))}; choose a row of its table.")
    labels = tests[0]["labels"]
    return FigureOfMerit([labels[i] for i in tests[0]["truth"]], [labels[i] for i in rows[0]["said"]], tuple(labels))


def merit_over_folds(record: Record, system: str, classifier: str, seed: int = 0) -> FigureOfMerit:
    """Figure of merit over all excerpts of one classifier in a record of ``systems_folds``.

    Raises
    ------
    InputError
        When the record has no such rows.

    Paper: Section 2.4
    Notebook: book/04_baselines.ipynb
    """
    wanted = (system, classifier, seed)
    rows = [r for r in record.tables["decisions"] if (r["system"], r["classifier"], r["seed"]) == wanted]
    if not rows:
        raise InputError(f"{record.place} has no decisions of {' '.join(map(str, wanted))}; choose a row of its table.")
    truth = [row["labels"][i] for row in rows for i in row["truth"]]
    said = [row["labels"][i] for row in rows for i in row["said"]]
    return FigureOfMerit(truth, said, tuple(rows[0]["labels"]))


def accuracies(record: Record) -> pd.DataFrame:
    """Accuracy of every classifier of a record of ``systems_folds``, best first: estimate, interval, artists.

    Notebook: book/04_baselines.ipynb
    """
    found = record.rows("accuracy")
    table = found[["value", "low", "high"]].mul(100).assign(n=found["n"])
    table.columns = ["accuracy, %", "from", "to", "artists"]
    table.index = pd.Index(found["system"] + " " + found["classifier"], name="system")
    return table.sort_values("accuracy, %", ascending=False, kind="stable").round(1)
