"""The verdicts of a run, compared with the stored ones."""

from __future__ import annotations

import nbformat
import pandas as pd
import pytest

import refresh
from music_adversaries.book import claims
from music_adversaries.book.provenance import processor
from music_adversaries.errors import InputError


def table(**verdicts: str) -> pd.DataFrame:
    rows = [(name.replace("_", "-"), "synthetic", "quick", verdict) for name, verdict in verdicts.items()]
    return pd.DataFrame([*rows, ("a", "gtzan-mini", "full", "contradicted")], columns=claims.STORED)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            {"a": "reproduced", "b": "inconclusive"},
            "2 verdicts on synthetic, quick are stored; in this run none differs.",
        ),
        (
            {"a": "inconclusive", "b": "inconclusive", "new": "reproduced"},
            "2 verdicts on synthetic, quick are stored; in this run 1 differs: a was reproduced and is inconclusive.",
        ),
        (
            {"a": "contradicted", "b": "reproduced"},
            "2 verdicts on synthetic, quick are stored; in this run 2 differ: a was reproduced and is contradicted; "
            "b was inconclusive and is reproduced.",
        ),
        ({}, "No verdict on synthetic, quick is stored to compare with."),
    ],
)
def test_a_run_says_which_verdicts_differ(made, said):
    before = table(a="reproduced", b="inconclusive")
    assert claims.beside_stored(table(**made), before, "synthetic", "quick") == said


def test_other_data_are_compared_with_their_own():
    assert "none differs" in claims.beside_stored(table(), table(a="reproduced"), "gtzan-mini", "full")


def test_the_stored_verdicts_are_those_on_the_page():
    cells = nbformat.read(refresh.BOOK / "09_verdicts.ipynb", as_version=4).cells
    printed = "".join(o.get("text", "") for c in cells if c.cell_type == "code" for o in c.outputs)
    stored = claims.stored()
    own = stored[(stored["dataset"] == refresh.DATASET) & (stored["profile"] == refresh.PROFILE)]
    assert len(own) >= 20
    for row in own.itertuples():
        assert f"{row.verdict:13} {row.id}\n" in printed
    assert f"{len(own)} verdicts on synthetic, quick are stored; in this run none differs." in printed


def test_a_damaged_table_is_named(tmp_path):
    with pytest.raises(InputError, match="none.csv cannot be read"):
        claims.stored(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="bad.csv has the columns a, b"):
        claims.stored(tmp_path / "bad.csv")


def test_the_processor_is_named_with_its_instructions():
    name = processor()
    assert name.endswith(")") and len(name.split(" (")[0]) > 2
