"""Table 1 and our records, the figure drawn from both, and labels without meaning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from music_adversaries.book import claims, datasets, figures, partitions
from music_adversaries.book.claims import table1
from music_adversaries.book.harness import Config
from music_adversaries.book.harness.labelling import labels_by_artist
from music_adversaries.book.measurements import measurement
from music_adversaries.book.records import Record, read_records
from music_adversaries.errors import InputError
from music_adversaries.evaluation import Estimate, cluster_bootstrap, cluster_statistic


def made(shift=0.0):
    """A record of table1 with cells that tell what they are."""
    measurements, said = [], []
    for s, system in enumerate(("dnn50", "dnn50-dropout", "dnn200", "dnn200-dropout")):
        for c, classifier in enumerate(("network", "forest 1", "forest 2", "forest 3", "forest all")):
            for partition, base in (("random", 0.7), ("artist_filtered", 0.4)):
                value = base + 0.01 * s + 0.001 * c + shift * (partition == "random")
                cell = {"system": system, "classifier": classifier, "partition": partition}
                measurements.append(measurement("accuracy", Estimate(value, value - 0.1, value + 0.1, 9), **cell))
                said.append({**cell, "seed": 0, "said": [0, 1, 1]})
    tests = [
        {"partition": p, "seed": 0, "labels": ["a", "b"], "truth": [0, 1, 0]} for p in ("random", "artist_filtered")
    ]
    return Record("table1", "toy", "quick", tables={"decisions": said, "tests": tests}, measurements=measurements)


def test_the_papers_table_is_the_papers():
    paper = table1.of_paper()
    cell = paper.cell("larger", "ReLU+Dropout", "all", "filtered")
    assert (cell.n_units, cell.accuracy) == (500, pytest.approx(0.4897))
    assert (round(100 * cell.low, 1), round(100 * cell.high, 1)) == (43.3, 54.7)  # 142 of 290
    drops = 100 * paper.drops()
    for name, value in (("smallest", drops.min()), ("mean", drops.mean()), ("largest", drops.max())):
        said = claims.paper_value("Table 1", f"{name} drop, random to fault-filtered")
        assert value == pytest.approx(said, abs=0.01)


def test_cells_of_a_record_stand_where_they_belong():
    table = table1.of_record(made(), "our run")
    assert table.sizes == [50, 200] and table.source == "our run: toy, quick"
    assert table.cell("larger", "ReLU", "2", "filtered").accuracy == pytest.approx(0.4 + 0.02 + 0.002)
    assert table.cell("smaller", "ReLU+Dropout", "all", "random").accuracy == pytest.approx(0.7 + 0.01 + 0.004)
    assert table.drops().to_list() == pytest.approx([0.3] * 16)
    shown = table1.compare(table1.of_paper(), table)
    assert len(shown) == 8
    assert shown.loc[("larger", "ReLU", "our run: toy, quick (200 units)"), "layer 2"] == "72.2 (42.2)"
    assert shown.loc[("smaller", "ReLU", "paper, GTZAN (50 units)"), "all layers"] == "80.4 (43.8)"


def test_what_is_no_table_1_is_refused():
    record = made()
    record.tables["decisions"] = [row for row in record.tables["decisions"] if row["system"] != "dnn200-dropout"]
    with pytest.raises(InputError, match="24 cells"):
        table1.of_record(record)
    with pytest.raises(InputError, match="give one of table1"):
        table1.of_record(Record("baseline", "toy", "quick"))


def test_figures_of_merit_of_a_record():
    merit = table1.merit(made(), "dnn50", "forest 1", "random")
    assert merit.counts.tolist() == [[1, 0], [1, 1]] and merit.labels == ("a", "b")
    with pytest.raises(InputError, match="no decisions of dnn50 forest 9"):
        table1.merit(made(), "dnn50", "forest 9", "random")
    folds = Record(
        "systems_folds",
        "toy",
        "full",
        tables={
            "decisions": [
                {"system": "cdnn", "classifier": "network", "seed": 0, "labels": ["a", "b"], "truth": t, "said": s}
                for t, s in (([0, 1], [0, 0]), ([1, 1], [1, 0]))
            ]
        },
        measurements=[
            measurement("accuracy", Estimate(value, value - 0.25, value + 0.25, 4), system="cdnn", classifier=by)
            for value, by in ((0.5, "network"), (0.7, "forest all"))
        ],
    )
    assert table1.merit_over_folds(folds, "cdnn", "network").counts.tolist() == [[1, 2], [0, 1]]
    shown = table1.accuracies(folds)
    assert list(shown.index) == ["cdnn forest all", "cdnn network"]  # the best first
    assert shown.loc["cdnn network"].tolist() == [50.0, 25.0, 75.0, 4]


def test_table_1_is_drawn_from_its_cells_and_described():
    drawn = [table1.of_paper(), table1.of_record(made(-0.35))]
    figure = figures.table_1(drawn, chance=[0.1, 0.5])
    assert len(figure.axes) == 2
    marks = [line.get_xdata()[0] for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert sorted(marks) == pytest.approx(sorted(cell.accuracy for cell in drawn[1].cells))
    assert "random 68.4 % to 81.2 %" in figure.alt_text and "higher in 16 of 16" in figure.alt_text
    assert "recorded: toy, quick" in figure.alt_text and "higher in 0 of 16, by -5.0 to -5.0 points" in figure.alt_text


# --- intervals over artists of several accuracies at once ---


def test_a_statistic_of_one_accuracy_is_its_bootstrap():
    rng = np.random.default_rng(0)
    artists = rng.integers(12, size=80)
    right = rng.random(80) < 0.3 + 0.5 * (artists < 6)
    grouped = pd.Series(right.astype(float)).groupby(artists).agg(["sum", "size"])
    one = cluster_statistic(grouped[["sum"]], grouped[["size"]], lambda a: a[..., 0], seed=1, n=20_000, unit="fraction")
    other = cluster_bootstrap(right, artists, seed=2, n=20_000)
    assert one.estimate == pytest.approx(other.estimate) and one.n == other.n == len(grouped)
    assert one.low == pytest.approx(other.low, abs=0.01) and one.high == pytest.approx(other.high, abs=0.01)


def test_a_paired_difference_covers_the_truth():
    """Two systems, one 10 points better on every artist; artists differ widely. 400 simulations."""
    rng = np.random.default_rng(3)
    covered, widths, alone = 0, [], []
    for trial in range(400):
        level = rng.uniform(0.2, 0.8, 25)
        sizes = np.full((25, 2), 8.0)
        hits = rng.binomial(8, np.stack([level + 0.1, level], axis=1)).astype(float)
        made = cluster_statistic(hits, sizes, lambda a: a[..., 0] - a[..., 1], seed=trial, n=400)
        covered += made.low <= 0.1 <= made.high
        widths.append(made.high - made.low)
        single = cluster_statistic(hits, sizes, lambda a: a[..., 0], seed=trial, n=400)
        alone.append(single.high - single.low)
    assert 0.91 <= covered / 400 <= 0.985  # within four standard errors of 95 %, and a little more above
    assert np.mean(widths) < np.mean(alone)  # what the artists share is no uncertainty of a difference


def test_order_and_names_of_clusters_do_not_matter_and_bad_counts_are_refused():
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 9, (10, 3))
    hits = rng.integers(0, sizes + 1)
    order = rng.permutation(10)
    first = cluster_statistic(hits, sizes, lambda a: a.min(-1), seed=0)
    assert cluster_statistic(hits[order], sizes[order], lambda a: a.min(-1), seed=0) == first
    assert cluster_statistic(hits[:1], sizes[:1], lambda a: a.min(-1), seed=0)[1:3] == (-1.0, 1.0)
    assert cluster_statistic(sizes, sizes, lambda a: a.min(-1), seed=0)[1:3] == (-1.0, 1.0)  # nothing varies
    for bad in ((hits[:2], sizes), (sizes + 1, sizes), (hits * 0, sizes * 0)):
        with pytest.raises(InputError):
            cluster_statistic(*bad, lambda a: a.min(-1), seed=0)


# --- labels by lot ---


def test_labels_by_lot_say_who_and_not_what():
    manifest = datasets.manifest_of("synthetic")
    dataset = datasets.Dataset("synthetic", "quick", manifest, files=dict.fromkeys(manifest.table["excerpt"]))
    lot = labels_by_artist(dataset)
    artists = pd.Series(partitions.clusters(manifest, manifest.table["excerpt"]))
    given, true = lot.manifest.table["label"], manifest.table["label"]
    assert (given.groupby(artists).nunique() == 1).all() and set(given) == set(true)
    by_artist = pd.DataFrame({"given": given, "true": true}).groupby(artists).first()
    counts = pd.crosstab(by_artist["true"], by_artist["given"])
    assert counts.to_numpy().max() <= 2 and by_artist["given"].value_counts().max() <= 12  # dealt in turn
    assert lot.fingerprint != dataset.fingerprint and dataset.manifest.table["label"].equals(true)
    shuffled = datasets.Dataset(
        "synthetic", "quick", type(manifest)("synthetic", manifest.table.sample(frac=1, random_state=1)), files={}
    )
    again = labels_by_artist(shuffled).manifest.table.set_index("excerpt")["label"]
    assert again.reindex(manifest.table["excerpt"]).tolist() == given.tolist()


def test_another_labelling_is_refused():
    with pytest.raises(InputError, match="choose one of true, by_artist"):
        Config(labelling="by_lot")


# --- within a margin ---


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.05, 0.05, claims.REPRODUCED),
        (0.02, 0.09, claims.REPRODUCED),
        (-0.1, 0.05, claims.INCONCLUSIVE),
        (0.05, 0.2, claims.INCONCLUSIVE),
        (-0.5, 0.5, claims.INCONCLUSIVE),
        (0.11, 0.2, claims.CONTRADICTED),
        (-0.3, -0.11, claims.CONTRADICTED),
    ],
)
def test_within_a_margin(low, high, verdict):
    assert claims.decide_within(low, high, 0.1) == verdict == claims.decide_within(-high, -low, 0.1)


def test_claims_within_a_margin_are_read_and_judged(tmp_path):
    text = (
        "claims:\n- id: level\n  claim: They are level.\n  where: Section 5\n  scope: Here.\n  experiment: table1\n"
        "  predicate: {quantity: gap, within: 0.1}\n"
    )
    path = tmp_path / "claims.yml"
    path.write_text(text)
    gap = measurement("gap", Estimate(0.0, -0.05, 0.05, 9, "fraction difference"))
    record = Record("table1", "toy", "quick", measurements=[gap])
    record.write(tmp_path)
    row = claims.judge(read_records(tmp_path), claims=path).iloc[0]
    assert row["verdict"] == claims.REPRODUCED and row["line"] == "within 10.0 points of zero"
    for wrong in ("-0.1", "{quantity: other}"):
        path.write_text(text.replace("within: 0.1", f"within: {wrong}"))
        with pytest.raises(InputError, match="within must be a number above 0"):
            claims.read_claims(path)
