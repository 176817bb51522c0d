"""The claims ledger: verdicts follow the interval, lost numbers stay lost, the paper's numbers are the paper's."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from music_adversaries import evaluation
from music_adversaries.book import claims
from music_adversaries.book.claims import (
    CONTRADICTED,
    INCONCLUSIVE,
    NO_RECORD,
    NOT_TESTABLE,
    REPRODUCED,
    Claim,
    Line,
    Predicate,
)
from music_adversaries.book.claims import ledger as ledger_of_claims
from music_adversaries.book.claims.ledger import PValue
from music_adversaries.book.measurements import measurement, select, without_interval
from music_adversaries.book.records import Record, read_records
from music_adversaries.errors import InputError

SHARED = Path(__file__).resolve().parents[2] / "shared"
ORDER = [CONTRADICTED, INCONCLUSIVE, REPRODUCED]

numbers = st.floats(-1, 1, allow_nan=False)
intervals = st.tuples(numbers, numbers).map(sorted)


def claim(above: bool = True, line: Line | None = None) -> Claim:
    return Claim("id", "It is so.", "Section 1", "Here.", "test", Predicate(select("gain"), above, line or Line(0.0)))


def result(low, high, unit="fraction difference", estimate=None):
    estimate = (low + high) / 2 if estimate is None else estimate
    return {"value": estimate, "low": low, "high": high, "n": 9, "unit": unit}


def record(**results) -> Record:
    rows = [
        {"quantity": name, **found} if isinstance(found, dict) else {"quantity": name}
        for name, found in results.items()
    ]
    return Record("test", "synthetic", "quick", rows)


def write(folder: Path, made: Record, **changed) -> Path:
    return dataclasses.replace(made, **changed).write(folder)


CLAIM = """
claims:
- id: gain
  claim: It gains.
  where: Section 1
  scope: Here.
  experiment: test
  predicate: {quantity: gain, above: 0.0}
"""


@pytest.fixture(autouse=True)
def an_experiment_of_that_name(monkeypatch):
    known = ledger_of_claims._experiments()
    monkeypatch.setattr(ledger_of_claims, "_experiments", lambda: known | {"test"})


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text(CLAIM)
    return path


# --- verdicts ---


@given(intervals, numbers, st.floats(0, 1), st.booleans())
def test_moving_an_interval_towards_the_claim_never_worsens_the_verdict(interval, line, shift, above):
    low, high = interval
    shift = shift if above else -shift
    before = claims.decide(low, high, line, above=above)
    after = claims.decide(low + shift, high + shift, line, above=above)
    assert ORDER.index(after) >= ORDER.index(before)


@given(intervals, numbers, st.floats(0, 1), st.booleans())
def test_widening_an_interval_only_ever_makes_it_inconclusive(interval, line, more, above):
    low, high = interval
    before = claims.decide(low, high, line, above=above)
    assert claims.decide(low - more, high + more, line, above=above) in (before, INCONCLUSIVE)


@given(intervals, numbers)
def test_below_is_above_mirrored(interval, line):
    low, high = interval
    assert claims.decide(low, high, line, above=False) == claims.decide(-high, -low, -line, above=True)


def test_touching_the_line_is_inconclusive():
    for above in (True, False):
        assert claims.decide(0.0, 0.5, 0.0, above=above) == INCONCLUSIVE
        assert claims.decide(-0.5, 0.0, 0.0, above=above) == INCONCLUSIVE
        assert claims.decide(0.0, 0.0, 0.0, above=above) == INCONCLUSIVE
    assert claims.decide(1e-12, 0.5, 0.0) == REPRODUCED
    assert claims.decide(-0.5, -1e-12, 0.0) == CONTRADICTED


def test_a_line_taken_from_the_record():
    near_chance = claim(above=False, line=Line(0.1, select("chance")))
    chance = {"value": 0.1, "low": None, "high": None, "n": 10, "unit": "fraction"}
    for low, high, expected in [(0.05, 0.19, REPRODUCED), (0.21, 0.4, CONTRADICTED), (0.1, 0.3, INCONCLUSIVE)]:
        assert claims.verdict(near_chance, record(gain=result(low, high), chance=chance)) == expected
    # a measured line has two ends, and an interval between them decides nothing
    assert claims.verdict(near_chance, record(gain=result(0.15, 0.19), chance=result(0.0, 0.2))) == INCONCLUSIVE
    assert claims.verdict(near_chance, record(gain=result(0.15, 0.19))) == NO_RECORD


def test_without_anything_to_judge_by():
    assert claims.verdict(claim(), None) == NO_RECORD
    assert claims.verdict(claim(), record(other=result(1, 2))) == NO_RECORD
    assert claims.verdict(claim(), record(gain={"value": 5.0, "low": None, "high": None})) == INCONCLUSIVE
    private = Claim("id", "It is so.", "Section 1", "There.", state=NOT_TESTABLE, because="Private.")
    assert claims.verdict(private, None) == NOT_TESTABLE


@pytest.mark.parametrize(
    "bad",
    [
        5,
        {"low": 0, "high": 1},
        {"value": "x", "low": 0, "high": 1},
        {"value": 0.5, "low": 1, "high": 0},
        {"value": 0.5, "low": 0, "high": None},
        {"value": math.nan, "low": 0, "high": 1},
    ],
)
def test_a_bad_result_is_refused(bad):
    with pytest.raises(InputError, match="gain"):
        claims.verdict(claim(), record(gain=bad))


@pytest.mark.parametrize(
    ("value", "p", "above", "expected"),
    [
        (0.2, 0.04, True, REPRODUCED),
        (0.2, 0.05, True, INCONCLUSIVE),
        (-0.2, 0.04, True, INCONCLUSIVE),
        (-0.2, 0.04, False, REPRODUCED),
        (0.0, 0.04, True, INCONCLUSIVE),
        (0.2, None, True, NO_RECORD),
    ],
)
def test_a_p_value_decides_in_place_of_the_interval(value, p, above, expected):
    """Whatever the interval: here it is on one side wholly; and a p-value of other conditions counts for nothing."""
    rows = [measurement("gain", evaluation.Estimate(value, value - 0.01, value + 0.01, 9), budget=30)]
    rows += [without_interval("p", 0.001, n=9, budget=15)]
    rows += [without_interval("p", p, n=9, budget=30)] if p is not None else []
    predicate = Predicate(select("gain", budget=30), above, Line(0.0), p_value=PValue("p", 0.05))
    made = Record("test", "synthetic", "quick", measurements=rows)
    assert claims.verdict(dataclasses.replace(claim(), predicate=predicate), made) == expected


# --- judging ---


def test_judge_gives_a_row_for_each_claim_and_record(tmp_path, ledger):
    write(tmp_path / "a", record(gain=result(0.1, 0.3)))
    write(tmp_path / "a", record(gain=result(-0.2, 0.3)), dataset="gtzan-mini")
    write(tmp_path / "a", record(gain=result(-0.2, 0.3)), experiment="other")
    judged = claims.judge(read_records(tmp_path / "a", tmp_path / "missing"), claims=ledger)
    assert list(judged["dataset"]) == ["gtzan-mini", "synthetic"]
    assert list(judged["verdict"]) == [INCONCLUSIVE, REPRODUCED]
    assert judged["measured"][1] == "20.0 points [10.0, 30.0], n = 9"
    assert judged["line"][1] == "above 0.0 points"
    assert list(claims.judge(read_records(tmp_path / "missing"), claims=ledger)["verdict"]) == [NO_RECORD]


def test_the_later_folder_counts(tmp_path, ledger):
    write(tmp_path / "book", record(gain=result(0.1, 0.3)))
    path = write(tmp_path / "own", record(gain=result(-0.3, -0.1)))
    judged = claims.judge(read_records(tmp_path / "book", tmp_path / "own"), claims=ledger)
    assert list(judged["verdict"]) == [CONTRADICTED] and judged["file"][0] == str(path)


def test_a_record_without_the_quantity_is_said(tmp_path, ledger):
    write(tmp_path, record(loss=result(0.1, 0.3)))
    judged = claims.judge(read_records(tmp_path), claims=ledger)
    assert judged["verdict"][0] == NO_RECORD
    assert judged["because"][0] == "test-synthetic-quick.json has no result 'gain'; run the experiment again."


def test_a_record_of_an_earlier_version_is_left_out_and_said(tmp_path, ledger):
    old = {"experiment": "test", "dataset": "gtzan-mini", "profile": "quick", "results": {"gain": {"estimate": 1.0}}}
    (tmp_path / "test-gtzan-mini-quick.json").write_text(json.dumps(old))
    write(tmp_path, record(gain=result(0.1, 0.3)))
    with pytest.warns(UserWarning, match="gtzan-mini-quick.json was written by an earlier version .*it is left out"):
        judged = claims.judge(read_records(tmp_path), claims=ledger)
    assert list(judged["dataset"]) == ["synthetic"]
    (tmp_path / "rows.json").write_text(json.dumps({**old, "measurements": [{"value": 1.0}]}))
    with pytest.warns(UserWarning, match="rows.json is not a record: its measurement 1 has no quantity"):
        read_records(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"experiment": "test"}', '{"experiment": 1, "dataset": "x"}'])
def test_a_file_that_is_no_record_is_named(tmp_path, ledger, text):
    (tmp_path / "broken.json").write_text(text)
    with pytest.warns(UserWarning, match=r"broken\.json is not .* it is left out"):
        assert list(claims.judge(read_records(tmp_path), claims=ledger)["verdict"]) == [NO_RECORD]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.1234, "fraction", "12.3 %"),
        (-0.3, "fraction difference", "-30.0 points"),
        (21.14, "dB", "21.1 dB"),
        (1.7e-63, "", "1.7e-63"),
        (12.0, "s", "12 s"),
        (-1e-9, "fraction difference", "0.0 points"),
    ],
)
def test_numbers_as_shown(value, unit, shown):
    assert claims.show(value, unit) == shown


# --- claims.yml ---


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"claim": None}, r"entry 1 \(gain\): the field claim is missing"),
        ({"claim": ""}, "the field claim must be a text"),
        ({"id": "\n"}, r"^[^\n]*claims, entry 1: the field id must be a text; it is '\\n'\.$"),  # in one line
        ({"id": "a\u2028b", "claim": ""}, "claims, entry 1: the field claim"),
        ({"verdict": "reproduced"}, "no field 'verdict'"),
        ({"predicate": None}, "predicate is not a set of fields"),
        ({"predicate": {"quantity": "gain"}}, "one of the fields above, below and within"),
        (
            {"predicate": {"quantity": "gain", "above": 0, "below": 1}},
            "exactly one of the fields above, below and within",
        ),
        ({"predicate": {"quantity": "gain", "above": "0"}}, "the field above must be a number; it is '0'"),
        ({"predicate": {"quantity": "gain", "above": True}}, "the field above must be a number"),
        ({"predicate": {"quantity": "gain", "beyond": 1}}, "predicate: there is no field 'beyond'"),
        ({"predicate": {"quantity": "gain", "above": {"plus": 1}}}, "above: the field quantity is missing"),
        ({"predicate": {"quantity": "gain", "above": 0, "p_value": {"quantity": "p"}}}, "p_value: the field below is"),
        (
            {"predicate": {"quantity": "gain", "within": 1, "p_value": {"quantity": "p", "below": 0.05}}},
            "p_value: it cannot be combined with the field within",
        ),
        ({"untested": {"state": "not tested yet", "because": "x"}}, "either the fields experiment and predicate"),
        ({"experiment": None, "predicate": None, "untested": {"state": "reproduced", "because": "x"}}, "field state"),
        ({"paper": "Table 1"}, "the field paper must be a list"),
        ({"paper": [{"where": "Table 1"}]}, "paper: the field quantity is missing"),
    ],
)
def test_a_bad_entry_is_named_with_its_field(tmp_path, change, said):
    import yaml

    entry = yaml.safe_load(CLAIM)["claims"][0]
    for name, value in change.items():
        if value is None:
            entry.pop(name, None)
        else:
            entry[name] = value
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump({"claims": [entry]}))
    with pytest.raises(InputError, match=said):
        claims.read_claims(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- id: [", "cannot be read as YAML"),
        ("", "must hold the lists claims and findings"),
        ("- id: a", "must hold the lists claims and findings"),
        ("claims: 5", "no list of claims"),
        ("findings: []", "no list of claims"),
        ("claims: [5]", "claims, entry 1 is not a set of fields"),
        (CLAIM + CLAIM.replace("claims:", ""), "claims, entry 2: the field id says 'gain'"),
    ],
)
def test_a_bad_file_of_claims_is_refused(tmp_path, text, said):
    path = tmp_path / "claims.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        claims.read_claims(path)
    with pytest.raises(InputError, match="cannot be read"):
        claims.read_claims(tmp_path / "missing.yml")


def test_a_claim_that_names_a_number_the_paper_lacks_is_refused(tmp_path, ledger):
    ledger.write_text(CLAIM + "  paper: [{where: Table 9, quantity: x}]\n")
    with pytest.raises(InputError, match="no 'x' of 'Table 9'"):
        claims.judge(read_records(tmp_path), claims=ledger)


def test_the_books_claims_are_judged_without_records(tmp_path):
    judged = claims.judge(read_records(tmp_path))
    assert set(judged["verdict"]) == {"no record", "not tested yet", "not testable here"}
    assert {"random-above-filtered", "adversary-effective", "every-label", "baseline-beats-dnn"} <= set(judged["id"])
    assert (judged["because"][judged["verdict"] != NO_RECORD] != "").all()


def test_the_books_claims_follow_their_records(tmp_path):
    def verdicts(**measured):
        for experiment, rows in measured.items():
            Record(experiment, "synthetic", "quick", measurements=rows).write(tmp_path)
        judged = claims.judge(read_records(tmp_path))
        return dict(zip(judged["id"], judged["verdict"], strict=True))

    def row(quantity, low, high, unit="fraction", **conditions):
        return measurement(quantity, evaluation.Estimate((low + high) / 2, low, high, 9, unit), **conditions)

    found = verdicts(
        partition_gap=[row("difference", 0.1, 0.3, minus="artist_filtered")],
        attack_random_target=[
            row("success", 0.8, 0.99, attack="Algorithm 1"),
            row("accuracy", 0.05, 0.18, attack="Algorithm 1"),
            without_interval("chance", 0.1, n=10, unit="fraction"),
        ],
        ensemble=[row("labels_reached", 0.72, 1.0, confidence=0.9), row("snr_drop", 2, 5, unit="dB")],
        baseline=[row("difference", 0.02, 0.2, minus="mfcc")],
    )
    assert found["random-above-filtered"] == found["adversary-effective"] == found["accuracy-to-chance"] == REPRODUCED
    assert found["every-label"] == INCONCLUSIVE
    assert found["larger-perturbation-for-confidence"] == REPRODUCED
    assert found["baseline-beats-dnn"] == CONTRADICTED


def test_text_is_wrapped_and_says_everything(tmp_path):
    found = evaluation.Estimate(0.2, 0.1, 0.3, 9, "fraction difference")
    row = measurement("difference", found, minus="artist_filtered")
    Record("partition_gap", "synthetic", "quick", measurements=[row]).write(tmp_path)
    text = claims.format_table(claims.judge(read_records(tmp_path)))
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.split("\n\n")) == len(claims.read_claims())
    flat = " ".join(text.split())
    assert "REPRODUCED on synthetic, quick: difference (minus artist filtered) 20.0 points [10.0, 30.0], n = 9" in flat
    assert "NO RECORD: run the experiment ensemble" in flat
    assert "lost in our copy (Section 5: baseline accuracy, GTZAN fault-filtered)" in flat
    assert claims.format_table(pd.DataFrame()) == "No claims."


# --- findings ---

FINDINGS = """
findings:
- id: gains
  finding: It gains.
  chapter: 02_partitions
  experiment: test
  predicate: {quantity: gain, of: {attack: pgd}, above: {quantity: chance, plus: 0.1}}
- id: grows
  finding: It grows.
  chapter: 02_partitions
  predicate: {quantity: growth, above: 0.0}
"""


@pytest.fixture
def findings(tmp_path):
    path = tmp_path / "claims.yml"
    path.write_text(CLAIM + FINDINGS)
    return path


def tidy(**values: float) -> Record:
    """A record in which each value has an interval of 0.1 to both sides, by each of two systems."""
    rows = [
        measurement(name, evaluation.Estimate(value + shift, value + shift - 0.1, value + shift + 0.1, 9), **of)
        for name, value in values.items()
        for shift, of in ([(0.0, {})] if name == "chance" else [(0, {"system": "a"}), (-1, {"system": "b"})])
        for of in [{"attack": "pgd", **of} if name != "chance" else of]
    ]
    return Record("test", "synthetic", "quick", measurements=rows)


def test_a_finding_is_judged_where_its_line_is_drawn(findings):
    made = tidy(gain=0.8, chance=0.3)
    assert claims.finding("gains", made, path=findings, system="a") == REPRODUCED
    assert claims.finding("gains", made, path=findings, system="b") == CONTRADICTED
    assert claims.finding("gains", tidy(gain=0.5, chance=0.3), path=findings, system="a") == INCONCLUSIVE
    assert claims.finding("grows", evaluation.Estimate(0.2, 0.1, 0.3, 5), path=findings) == REPRODUCED
    assert claims.finding("grows", evaluation.Estimate(0.2, -0.1, 0.3, 5), path=findings) == INCONCLUSIVE


def test_a_finding_is_judged_by_nothing_else(findings):
    made = tidy(gain=0.8, chance=0.3)
    for say, id, by, conditions in (
        ("no finding 'flies'", "flies", made, {}),
        ("has 2 measurements of gain .attack pgd.; say which by system", "gains", made, {}),
        ("has no measurement of gain .attack pgd, system c.", "gains", made, {"system": "c"}),
        ("is judged by a record of test", "gains", evaluation.Estimate(0.2, 0.1, 0.3, 5), {}),
        ("of another", "gains", dataclasses.replace(made, experiment="other"), {"system": "a"}),
        ("of another", "grows", made, {}),
    ):
        with pytest.raises(InputError, match=say):
            claims.finding(id, by, path=findings, **conditions)


# --- the paper's numbers ---


def test_lost_values_are_never_numbers():
    table = claims.paper_values()
    lost = table[table["value"].isna()]
    assert len(lost) > 30
    assert set(lost["printed"]) == {"lost in our copy"}
    assert set(lost["source"]) == {"paper"}
    for row in lost.itertuples():
        with pytest.raises(claims.LostValue, match="lost in our copy"):
            claims.paper_value(row.where, row.quantity)
    judged = claims.judge()
    for row in judged.itertuples():
        for said in row.paper.split("; "):
            reference = re.search(r"\((.*?): (.*?)(?:, published code|, arithmetic)?\)$", said)
            if reference and ((lost["where"] == reference[1]) & (lost["quantity"] == reference[2])).any():
                assert said.startswith("lost in our copy") or said.endswith((", published code)", ", arithmetic)"))


def test_one_value():
    assert claims.paper_value("Figure 2", "SNR of the adversary, Classical 21 to Reggae") == 21.1
    assert claims.paper_value("Section 4", "random-label adversary: SNR limit", "published code") == 15
    assert claims.paper_value("Table 1", "accuracy, 500 units, all layers, ReLU+Dropout, fault-filtered") == 48.97
    with pytest.raises(InputError, match="no 'size' of 'Table 9'"):
        claims.paper_value("Table 9", "size")


def test_arithmetic_is_right():
    table = claims.paper_values()
    cells = table[(table["where"] == "Table 1") & (table["source"] == "paper")].set_index("quantity")["value"]
    assert len(cells) == 32
    drops = [cells[name] - cells[name.replace("random", "fault-filtered")] for name in cells.index if "random" in name]
    for which, value in (("smallest", min(drops)), ("largest", max(drops)), ("mean", sum(drops) / 16)):
        printed = claims.paper_value("Table 1", f"{which} drop, random to fault-filtered")
        assert printed == pytest.approx(value, abs=0.00501)
    for quantity, value in cells.items():  # plain accuracy of 250 or 290 excerpts, whatever the caption says
        n = 290 if "fault-filtered" in quantity else 250
        assert value == pytest.approx(100 * round(value / 100 * n) / n, abs=0.00501)
    recomputed = table[table["quantity"].str.startswith("binomial test p") & (table["source"] == "arithmetic")]
    assert len(recomputed) == 3
    for row in recomputed.itertuples():
        k, n, null = map(float, re.findall(r"\d[\d.]*", row.quantity))
        assert row.value == pytest.approx(evaluation.binomial_p(int(k), int(n), null), rel=0.02)


@pytest.fixture(scope="module")
def paper() -> str:
    path = SHARED / "paper.txt"
    if not path.exists():
        if os.environ.get("CI") == "true" and SHARED.exists():
            pytest.fail(f"{path} is missing beside the repository")
        pytest.skip(f"needs the paper's text at {path}")
    return path.read_text(encoding="utf-8")


WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}


def test_every_number_of_the_paper_stands_in_the_paper(paper):
    table = claims.paper_values()
    for row in table[(table["source"] == "paper") & table["value"].notna()].itertuples():
        snippet = re.match(r'verbatim: "(.+?)"', row.note)
        assert snippet, f"{row.quantity}: a number of the paper needs the paper's words"
        assert snippet[1] in paper, row.quantity
        digits = [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", snippet[1])]
        assert row.value in digits + [WORDS[word] for word in re.findall(r"[a-z]+", snippet[1]) if word in WORDS]


def test_table_1_is_complete(paper):
    table = claims.paper_values()
    cells = table[(table["where"] == "Table 1") & (table["source"] == "paper")].set_index("quantity")["printed"]
    body = paper[paper.index("Hidden Units Layer ReLU") : paper.index("Goodfellow et al. [24] provide")]
    units, seen = "", 0
    for line in body.splitlines():
        units = line.strip() if line.strip() in ("50", "500") else units
        found = re.fullmatch(r"(1|2|3|All) ([\d.]+) \(([\d.]+)\) ([\d.]+) \(([\d.]+)\)", line.strip())
        if found:
            layer = "all layers" if found[1] == "All" else f"layer {found[1]}"
            where = [(kind, part) for kind in ("ReLU", "ReLU+Dropout") for part in ("random", "fault-filtered")]
            for (kind, part), value in zip(where, found.groups()[1:], strict=True):
                assert cells[f"accuracy, {units} units, {layer}, {kind}, {part}"] == value
                seen += 1
    assert seen == 32


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Table 1,x,5,%,hearsay,", "Row 2 .*source says 'hearsay'"),
        ("Table 1,x,five,%,paper,", "Row 2 .*value says 'five'"),
        ("Table 1,x,5,%,paper,lost in our copy", "Row 2 .*value must be empty"),
        ("Table 1,x,,%,paper,", "Row 2 .*value must be empty"),
        ("Table 1,x,5,%,paper,\nTable 1,x,6,%,paper,", "Row 3 .*repeats"),
    ],
)
def test_a_bad_row_of_values_is_named(tmp_path, row, said):
    path = tmp_path / "values.csv"
    path.write_text(f"where,quantity,value,unit,source,note\n{row}\n")
    with pytest.raises(InputError, match=said):
        claims.paper_values(path)


def test_a_bad_file_of_values_is_refused(tmp_path):
    path = tmp_path / "values.csv"
    with pytest.raises(InputError, match="cannot be read"):
        claims.paper_values(path)
    path.write_text("where,value\n")
    with pytest.raises(InputError, match="it needs where, quantity"):
        claims.paper_values(path)


def test_measured_shows_one_record_and_says_what_is_missing():
    accuracy = {"quantity": "random", "value": 0.5, "low": 0.4, "high": 0.6, "n": 7, "unit": "fraction"}
    some = Record("test", "soundtracks", "full", [accuracy])
    table = claims.measured(some, {"accuracy": "random", "speed": "speed"})
    assert table["soundtracks, full"].to_dict() == {"accuracy": "50.0 % [40.0, 60.0], n = 7", "speed": "not measured"}

    reference = ("Section 4", "relaxed CDNN attack: step size", "published code")
    rows = {"accuracy": ("random", None), "speed": ("speed", reference)}
    both = claims.beside_paper([some], rows)
    assert list(both.columns) == ["paper", "soundtracks, full"]
    assert both["soundtracks, full"].to_dict() == table["soundtracks, full"].to_dict()
    assert both["paper"]["accuracy"] == "not in the paper" and both["paper"]["speed"].endswith(", published code")
    none = claims.beside_paper([], rows)
    assert list(none.columns) == ["paper", "recorded"] and set(none["recorded"]) == {"not recorded"}
    assert none["paper"].to_dict() == both["paper"].to_dict()
