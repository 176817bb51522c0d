"""The grid's data and markup; tests/browser/test_grid.py presses it."""

from __future__ import annotations

import html.parser
import io
import json
import math
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from music_adversaries.audition import Change, Grid, GridRow, coarse, grid
from music_adversaries.errors import InputError
from music_adversaries.spectra import SAMPLE_RATE

N = SAMPLE_RATE
COLUMNS = ("blues", "jazz")
NOISE = np.random.default_rng(0).normal(0, 0.1, (4, N)).astype("float32")


def steps(address: str) -> np.ndarray:
    kind, content = address.split(",")
    assert kind == "data:audio/flac;base64"
    samples, rate = soundfile.read(io.BytesIO(b64decode(content)), dtype="int16")
    assert rate == SAMPLE_RATE
    return samples.astype(int)


def rounded(waveform: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(waveform.astype(float) * 32_768), -32_768, 32_767).astype(int)


def row(name: str = "a", n: int = 2, size: float = 0.1) -> GridRow:
    changes = [Change(NOISE[0] + size * NOISE[1 + i], f"{COLUMNS[i % 2]}, 0.9", 20.0 + i) for i in range(n)]
    return GridRow(name, NOISE[0], changes, label="blues, 0.98")


def versions(name: str, *names: str) -> GridRow:
    return GridRow(name, NOISE[0], {version: row().changes for version in names})


def data_of(made: Grid) -> dict[str, Any]:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', made._repr_html_(), re.DOTALL)[1])


def test_original_and_difference_add_up_to_the_adversary() -> None:
    for size in (0.001, 0.1, 1.0, 30.0):  # the last is clipped
        given = row(size=size)
        (found,) = data_of(grid([given], COLUMNS, seconds=0.5))["rows"]
        original = steps(found["audio"])
        start = (N - len(original)) // 2
        part = slice(start, start + round(0.5 * SAMPLE_RATE))
        np.testing.assert_array_equal(original, rounded(given.original)[part])
        for cell, change in zip(found["cells"], given.changes, strict=True):
            total = (original + steps(cell["audio"]) + 32_768) % 65_536 - 32_768
            np.testing.assert_array_equal(total, rounded(change.waveform)[part])


def test_what_a_cell_says() -> None:
    changes = [
        Change(NOISE[0], "blues, 0.99", math.inf),
        Change(NOISE[1], "blues, 0.51", -3.2, success=False),
        Change(NOISE[2]),
    ]
    made = grid([GridRow("x", NOISE[0], changes)], ["blues", "jazz", "rock"], seconds=0.1, title="T")
    cells = data_of(made)["rows"][0]["cells"]
    assert [cell["text"] for cell in cells] == ["as is", "−3", "play"]
    assert [cell["failed"] for cell in cells] == [False, True, False]
    assert [cell["spoken"] for cell in cells] == [
        "x as blues: blues, 0.99, unchanged",
        "x as jazz: blues, 0.51, SNR −3.2 dB, failed",
        "x as rock",
    ]
    assert [cell["audio"] is None for cell in cells] == [True, False, False]
    assert repr(made) == "Grid “T”: 1 recordings by 3 labels, 0.1 s, 1 failed"
    legend = data_of(made)["legend"]
    assert "As is: unchanged" in legend and "✗" in legend
    assert (
        "As is" not in data_of(grid([row()], COLUMNS))["legend"]
        and "✗" not in data_of(grid([row()], COLUMNS))["legend"]
    )


def test_versions_share_the_original_and_are_told_apart() -> None:
    def two(name: str) -> GridRow:
        return GridRow(
            name, NOISE[0], {"low": row().changes, "high": [Change(NOISE[3], snr_db=9.0, success=False)] * 2}
        )

    made = grid([two("a"), two("b")], COLUMNS, seconds=0.1, title="T")
    data = data_of(made)
    assert data["versions"] == made.versions == ["low", "high"]
    for found, shown in zip(data["rows"], made.rows, strict=True):
        assert "cells" not in found
        for table, changes in zip(found["versions"], shown.versions.values(), strict=True):
            for cell, change in zip(table, changes, strict=True):
                part = slice((N - 2205) // 2, (N - 2205) // 2 + 2205)
                np.testing.assert_array_equal(
                    (steps(found["audio"]) + steps(cell["audio"]) + 32_768) % 65_536 - 32_768,
                    rounded(change.waveform)[part],
                )
    low, high = data["rows"][1]["versions"]
    assert low[1]["spoken"] == "b as jazz, low: jazz, 0.9, SNR 21.0 dB"
    assert high[1]["spoken"] == "b as jazz, high: SNR 9.0 dB, failed"
    assert high[0]["shade"] > low[0]["shade"] > low[1]["shade"], "the tones of all versions can be compared"
    assert "✗" in data["legend"]
    assert repr(made) == "Grid “T”: 2 recordings by 2 labels, low | high, 0.1 s, 4 failed"
    assert [name in made._repr_html_() for name in ("<caption>low<", "<caption>high<")] == [True, True]
    assert "versions" not in data_of(grid([row()], COLUMNS)) and "<caption" not in grid([row()], COLUMNS)._repr_html_()


def test_the_tone_is_stronger_the_lower_the_snr() -> None:
    snrs = (10.0, 15.0, math.inf, 30.0, None)
    changes = [Change(NOISE[1], snr_db=snr) for snr in snrs]
    cells = data_of(grid([GridRow("x", NOISE[0], changes)], list("abcde"), seconds=0.1))["rows"][0]["cells"]
    shades = [cell["shade"] for cell in cells]
    assert shades[0] > shades[1] > shades[3] > shades[2] == shades[4] == 0


def test_the_printed_gain_is_the_largest_that_is_no_louder_than_the_original() -> None:
    given = row()
    (found,) = data_of(grid([given], COLUMNS, seconds=1))["rows"]
    for cell in found["cells"]:
        ratio = np.abs(steps(found["audio"])).max() / np.abs(steps(cell["audio"])).max()
        assert 10 ** (cell["gain"] / 20) <= ratio < 10 ** ((cell["gain"] + 1) / 20)
        assert cell["amplified"] == f"amplified by +{cell['gain']:g} dB"


def test_the_same_rows_give_the_same_bytes_and_no_picture() -> None:
    assert grid([row()], COLUMNS)._repr_html_() == grid([row()], COLUMNS)._repr_html_()
    assert "image/png" not in grid([row()], COLUMNS)._repr_html_()
    assert set(grid([row()], COLUMNS)._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_cell_costs_its_difference_and_little_else() -> None:
    """Noise of 8 bits: a difference takes about 8 bits a sample, in base64 a third more, and words."""
    columns = [str(i) for i in range(10)]
    rng = np.random.default_rng(1)

    def size(n: int) -> int:
        changes = [Change(NOISE[0] + rng.uniform(-128, 127, N).astype("float32") / 32_768, "x", 20.0) for _ in columns]
        return len(grid([GridRow(str(i), NOISE[0], changes) for i in range(n)], columns, seconds=1)._repr_html_())

    a_cell = (size(2) - size(1)) / 10
    assert a_cell < 1.07 * N * 4 / 3 + N * 16 / 8 / 10 * 4 / 3 + 600


def test_names_are_never_markup() -> None:
    hostile = '</script><script>alert("1")</script><b>&'
    made = grid([GridRow(hostile, NOISE[0], [Change(NOISE[1], hostile)])], [hostile], title=hostile, caption=hostile)
    tags: list[str] = []

    class Tags(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            tags.append(tag)

    Tags().feed(made._repr_html_())
    assert tags.count("script") == 2 and "b" not in tags
    data = data_of(made)
    assert (
        data["title"]
        == data["columns"][0]
        == data["rows"][0]["name"]
        == data["rows"][0]["cells"][0]["label"]
        == hostile
    )


def test_a_page_of_its_own(tmp_path: Path) -> None:
    made = grid([row()], COLUMNS, title="T")
    assert made.write(tmp_path / "grid.html").read_text("utf-8") == made.page()
    assert "<title>T</title>" in made.page()
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|@import|url\(", made.page())


@given(st.integers(1, 256), st.integers(0, 2**31))
def test_coarse_differences_are_multiples_no_further_than_half_a_step(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    original, changed = rng.uniform(-0.4, 0.4, (2, 200)).astype("float32")
    made = coarse(original, changed, size)
    difference = rounded(made) - rounded(original)
    assert not (difference % size).any()
    assert np.abs(rounded(made) - rounded(changed)).max() <= size / 2


def test_coarse_differences_take_less() -> None:
    def size(n: int) -> int:
        changes = [Change(coarse(NOISE[0], NOISE[0] + 0.1 * NOISE[1], n))]
        return len(data_of(grid([GridRow("a", NOISE[0], changes)], ["x"], seconds=1))["rows"][0]["cells"][0]["audio"])

    exact, eighths = size(1), size(8)
    assert eighths < exact - 0.9 * 3 * N / 8 * 4 / 3  # three bits a sample


@pytest.mark.parametrize(
    ("rows", "columns", "settings", "culprit"),
    [
        ([], COLUMNS, {}, "0 rows and 2 columns"),
        ([row()], [], {}, "1 rows and 0 columns"),
        ([row()] * 201, COLUMNS, {}, "at most 400 cells"),
        ([row("a"), row("b", 1)], COLUMNS, {}, "Row 'b' has 1 changes but there are 2 columns"),
        ([versions("a", "x"), versions("b", "y")], COLUMNS, {}, "Row 'b' has other versions than row 'a'"),
        ([versions("a", "x"), row("b")], COLUMNS, {}, "Row 'b' has other versions than row 'a'"),
        ([versions("a", " ")], COLUMNS, {}, "A version of row 'a' has no name"),
        ([versions("a")], COLUMNS, {}, "Row 'a' has no version"),
        ([versions("a", "x", "y", "z")] * 67, COLUMNS, {}, "67 rows and 2 columns in 3 versions was asked for"),
        (
            [GridRow("a", NOISE[0], [Change(NOISE[1][:-1])])],
            ["x"],
            {},
            "'a as x' has 22,049 samples but its original 22,050",
        ),
        ([GridRow("a", NOISE[0], [Change(np.full(N, np.nan))])], ["x"], {}, "that are NaN or infinite"),
        ([GridRow("a", NOISE[0] > 0, [Change(NOISE[1])])], ["x"], {}, "'a' is of type bool"),
        ([GridRow("", NOISE[0], [Change(NOISE[1])])], ["x"], {}, "no name"),
        ([row()], COLUMNS, {"seconds": 0}, "seconds is 0"),
        ([row()], COLUMNS, {"start_s": 1.0}, "start_s is 1.0"),
        (
            [row("a"), GridRow("b", NOISE[0][:5_000], [Change(NOISE[1][:5_000])] * 2)],
            COLUMNS,
            {},
            "0.23 s of 'b' would be heard but 1.00 s of 'a'",
        ),
    ],
)
def test_bad_grids_are_refused_by_name(rows: Any, columns: Any, settings: dict[str, Any], culprit: str) -> None:
    with pytest.raises(InputError, match=re.escape(culprit)) as caught:
        grid(rows, columns, **settings)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_bad_steps_are_refused() -> None:
    with pytest.raises(InputError, match="steps is 0"):
        coarse(NOISE[0], NOISE[1], 0)
    with pytest.raises(InputError, match="22,050 samples but the changed recording 10"):
        coarse(NOISE[0], NOISE[1][:10], 8)
