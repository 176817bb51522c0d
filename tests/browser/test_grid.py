"""The grid, pressed in a headless Chromium: which adversary sounds, where the playhead is, what is decoded."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from listening import Visit, cell, press_everything, state, version_buttons, wait_until
from music_adversaries.audition import Change, Grid, GridRow, coarse, grid, pictures
from music_adversaries.spectra import SAMPLE_RATE
from test_player import luminance

COLUMNS = ("blues", "disco", "jazz")
NAMES = ("blues.00000", "jazz.00000")
RNG = np.random.default_rng(0)
ORIGINALS = [
    (0.2 * np.sin(2 * np.pi * hertz * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)).astype("float32")
    for hertz in (300, 500)
]
NOISE = [[RNG.normal(0, 0.01, 2 * SAMPLE_RATE).astype("float32") for _ in COLUMNS] for _ in NAMES]
CHANGED = [[original + noise for noise in row] for original, row in zip(ORIGINALS, NOISE, strict=True)]
CHANGED[0][0] = ORIGINALS[0]
FAILED = (1, 1)


def two_by_three() -> Grid:
    rows = []
    for r, name in enumerate(NAMES):
        changes = []
        for c, label in enumerate(COLUMNS):
            if (r, c) == (0, 0):
                changes.append(Change(CHANGED[r][c], "blues, 0.99", math.inf))
            elif (r, c) == FAILED:
                changes.append(Change(CHANGED[r][c], "jazz, 0.51", 15.0, success=False))
            else:
                changes.append(Change(CHANGED[r][c], f"{label}, 0.9{c}", 20.0 + 3 * c))
        rows.append(GridRow(name, ORIGINALS[r], changes, label=f"{name.split('.')[0]}, 0.98"))
    return grid(rows, COLUMNS, seconds=1.5, title="Two by three")


@pytest.fixture
def opened(visit: Callable[..., Visit], tmp_path: Path) -> Any:
    seen = visit(two_by_three().write(tmp_path / "grid.html"))
    yield seen
    assert (seen.outside, seen.errors, seen.logged) == ([], [], [])


@pytest.fixture
def table(opened: Visit) -> Any:
    (only,) = opened.players
    return only


def heard(row: int, column: int | None = None) -> np.ndarray:
    """Samples of the part heard, in 16-bit steps."""
    waveform = ORIGINALS[row] if column is None else CHANGED[row][column]
    length = round(1.5 * SAMPLE_RATE)
    start = (len(waveform) - length) // 2
    return np.rint(waveform[start : start + length].astype(float) * 32_768)


def press(table: Any, row: int, column: int | None) -> dict[str, Any]:
    cell(table, row, column).click()
    part = 0 if column is None else 1
    return wait_until(table, f"state.playing && state.row === {row} && state.gains[{part}] === 1")


def test_everything_that_can_be_pressed_plays(opened: Visit, table: Any) -> None:
    assert press_everything(table) == []
    assert opened.images_without_alt() == []


def test_the_browser_adds_up_the_adversaries_exactly(table: Any) -> None:
    for row, column in ((0, 1), FAILED, (0, 0)):
        press(table, row, column)
        original, adversary, difference = (
            np.array(table.evaluate("(table, i) => [...table.buffers[i].getChannelData(0)]", i)) for i in range(3)
        )
        np.testing.assert_array_equal(original * 32_768, heard(row))
        np.testing.assert_array_equal(adversary * 32_768, heard(row, column))
        change = heard(row, column) - heard(row)
        if change.any():
            gain = math.floor(20 * math.log10(np.abs(heard(row)).max() / np.abs(change).max()))
            np.testing.assert_allclose(difference * 32_768, change * 10 ** (gain / 20), rtol=1e-5)
            words = f"amplified by +{gain} dB"
        else:
            assert not difference.any()
            words = "none in this part"
        assert words in table.get_by_role("group", name="Clips").get_by_role("button").nth(2).inner_text()


def test_a_change_beyond_16_bits_adds_up_too(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """Full scale upside down: the difference does not fit 16 bits, the sum does."""
    square = np.where(np.arange(SAMPLE_RATE) // 50 % 2, 0.9, -0.95)
    made = grid([GridRow("a", square, [Change(-square)])], ["b"], seconds=1)
    (seen,) = visit(made.write(tmp_path / "page.html")).players
    press(seen, 0, 0)
    adversary = np.array(seen.evaluate("table => [...table.buffers[1].getChannelData(0)]"))
    np.testing.assert_array_equal(adversary * 32_768, np.rint(-square * 32_768))


def test_nothing_is_decoded_before_it_is_asked_for(table: Any) -> None:
    assert state(table)["loaded"] == 0
    press(table, 1, None)
    assert state(table)["loaded"] == 1  # the original
    press(table, 1, 2)
    assert state(table)["loaded"] == 2  # and one difference
    press(table, 1, None)  # nothing new
    press(table, 1, 2)
    assert state(table)["loaded"] == 2
    press(table, 0, 0)  # unchanged: its original alone
    assert state(table)["loaded"] == 3


def test_another_cell_of_the_row_keeps_the_playhead_and_the_row_is_not_started_anew(table: Any) -> None:
    press(table, 0, 1)
    wait_until(table, "state.position > 0.3")
    for column in (2, 0, 1):
        seen = table.evaluate(
            """async (table, column) => {
                const read = () => ({ at: table.state.position, clock: table.context.currentTime });
                const original = table.voices[0].source, before = read();
                await table.press(0, column);
                await new Promise((done) => setTimeout(done, 100));
                const after = read(), { duration, gains } = table.state;
                const passed = (after.at - before.at + duration) % duration;
                return { passed, clock: after.clock - before.clock, gains, same: table.voices[0].source === original };
            }""",
            column,
        )
        assert seen["same"]
        assert seen["passed"] == pytest.approx(seen["clock"], abs=0.03)
        assert seen["gains"] == [0, 1, 0]


# The main thread is busy for 60 ms before each of the next two voices.
STALL = """(table) => {
    const { voice } = table;
    let stalls = 2;
    table.voice = (...given) => {
        for (const until = performance.now() + 60; stalls && performance.now() < until;);
        stalls = Math.max(0, stalls - 1);
        return voice.apply(table, given);
    };
}"""


@pytest.mark.parametrize("stall", ["", "as it starts", "as it joins in"])
def test_what_joins_in_is_in_step_to_the_sample(table: Any, stall: str) -> None:
    """Taken from the original as they sound, the adversary leaves the difference alone, on a busy machine too."""
    if stall == "as it starts":
        table.evaluate(STALL)
    press(table, 0, None)
    wait_until(table, "state.position > 0.2")
    if stall == "as it joins in":
        table.evaluate(STALL)
    press(table, 0, 2)
    ratio = table.evaluate(
        """async (table) => {
            const { context } = table, minus = new GainNode(context, { gain: -1 }), sum = new GainNode(context);
            const analysers = [0, 1].map(() => new AnalyserNode(context, { fftSize: 4096 }));
            const taps = [0, 1].map((i) => new GainNode(context));
            table.voices[0].source.connect(taps[0]).connect(analysers[0]);
            table.voices[0].source.connect(sum);
            table.voices[1].source.connect(minus).connect(sum).connect(analysers[1]);
            await new Promise((done) => setTimeout(done, 500));
            const power = analysers.map((analyser) => {
                const samples = new Float32Array(analyser.fftSize);
                analyser.getFloatTimeDomainData(samples);
                return samples.reduce((sum, sample) => sum + sample * sample, 0);
            });
            return power[1] / power[0];
        }"""
    )
    # One sample off, the sine of 300 Hz alone would leave 0.0073.
    expected = np.mean((CHANGED[0][2] - ORIGINALS[0]) ** 2) / np.mean(ORIGINALS[0] ** 2)
    assert ratio == pytest.approx(expected, rel=0.15)


def test_another_row_starts_at_its_beginning(table: Any) -> None:
    press(table, 0, 1)
    wait_until(table, "state.position > 0.5")
    press(table, 1, 0)
    assert state(table)["position"] < 0.5
    assert state(table)["gains"] == [0, 1, 0]


def test_pressed_again_it_pauses_and_goes_on(table: Any) -> None:
    press(table, 0, 1)
    wait_until(table, "state.position > 0.2")
    cell(table, 0, 1).click()
    at = wait_until(table, "!state.playing")["position"]
    assert at > 0.2
    press(table, 0, 1)
    assert state(table)["position"] >= at


def test_the_name_of_the_row_brings_the_original_back_and_keeps_the_cell(table: Any) -> None:
    press(table, 0, 2)
    press(table, 0, None)
    assert (state(table)["column"], state(table)["clip"]) == (2, 0)
    table.get_by_role("button", name="difference").click()
    wait_until(table, "state.gains[2] === 1")
    press(table, 1, None)  # of another row only the original is known yet
    assert len(state(table)["gains"]) == 1
    assert table.get_by_role("button", name="difference").is_disabled()


def test_two_presses_at_once_leave_the_last(table: Any) -> None:
    table.evaluate("table => { table.press(0, 1); table.press(1, 0); table.press(1, 2); }")
    seen = wait_until(table, "state.playing")
    assert (seen["row"], seen["column"], seen["gains"]) == (1, 2, [0, 1, 0])
    table.evaluate("table => { table.press(0, 1); table.press(0, 2); }")
    seen = wait_until(table, "state.row === 0 && state.position < 0.5 && state.gains.length === 3")
    rows = table.evaluate("table => table.buffers.map((b, i) => b.getChannelData(0)[1000])")
    assert rows[1] * 32_768 == heard(0, 2)[1000]


def test_a_grid_added_later_works(opened: Visit) -> None:
    """As JupyterLab does: markup set as innerHTML, scripts run afterwards, and cells moved about."""
    opened.page.evaluate(
        """() => {
            const first = document.querySelector("music-audition-grid"), box = document.createElement("div");
            box.innerHTML = first.outerHTML;
            document.body.prepend(box);
            document.body.append(first);
        }"""
    )
    assert len(opened.players) == 2
    for each in opened.players:
        assert press_everything(each) == []
    press(opened.players[0], 0, 1)
    press(opened.players[1], 0, 2)
    assert not state(opened.players[0])["playing"], "two grids sound at once"


def two_versions() -> Grid:
    """The second version has the changes of the first from right to left, and half as large."""
    rows = []
    for r, name in enumerate(NAMES):
        halves = [ORIGINALS[r] + 0.5 * (changed - ORIGINALS[r]) for changed in CHANGED[r][::-1]]
        first = [Change(changed, "first", 20.0) for changed in CHANGED[r]]
        second = [Change(half, "second", 26.0, success=c > 0) for c, half in enumerate(halves)]
        rows.append(GridRow(name, ORIGINALS[r], {"sure": first, "surer": second}))
    return grid(rows, COLUMNS, seconds=1.5, title="Twice")


@pytest.fixture
def twice(visit: Callable[..., Visit], tmp_path: Path) -> Any:
    seen = visit(two_versions().write(tmp_path / "twice.html"))
    (only,) = seen.players
    yield only
    assert (seen.outside, seen.errors, seen.logged) == ([], [], [])


def test_every_version_plays(twice: Any) -> None:
    assert press_everything(twice) == []


def test_another_version_keeps_the_cell_the_playhead_and_the_original(twice: Any) -> None:
    press(twice, 1, 2)
    wait_until(twice, "state.position > 0.3")
    assert state(twice)["loaded"] == 2
    seen = twice.evaluate(
        """async (table) => {
            const read = () => ({ at: table.state.position, clock: table.context.currentTime });
            const original = table.voices[0].source, before = read();
            await table.turnTo(1);
            await new Promise((done) => setTimeout(done, 100));
            const after = read(), { duration } = table.state, same = table.voices[0].source === original;
            return { passed: (after.at - before.at + duration) % duration, clock: after.clock - before.clock, same };
        }"""
    )
    assert seen["same"] and seen["passed"] == pytest.approx(seen["clock"], abs=0.03)
    now = wait_until(twice, "state.gains[1] === 1")
    assert (now["version"], now["row"], now["column"], now["gains"]) == (1, 1, 2, [0, 1, 0])
    assert now["loaded"] == 3, "one sound more: the same cell's"
    adversary = np.array(twice.evaluate("table => [...table.buffers[1].getChannelData(0)]")) * 32_768
    half = heard(1) + 0.5 * (heard(1, 0) - heard(1))
    assert np.abs(adversary - half).max() <= 1.01
    assert twice.locator(".unseen").inner_text().startswith("jazz.00000 as jazz, surer: adversary, second")


def test_the_table_shows_the_version(twice: Any) -> None:
    assert [cell(twice, 0, c).inner_text() for c in range(3)] == ["20"] * 3
    version_buttons(twice).nth(1).click()
    assert [cell(twice, 0, c).inner_text() for c in range(3)] == ["✗ 26", "26", "26"]
    assert cell(twice, 0, 1).get_attribute("aria-label") == "blues.00000 as disco, surer: second, SNR 26.0 dB"
    assert state(twice)["loaded"] == 0, "a version is no sound"
    version_buttons(twice).nth(0).click()
    assert [cell(twice, 0, c).inner_text() for c in range(3)] == ["20"] * 3
    assert not cell(twice, 0, 0).evaluate("cell => cell.classList.contains('failed')")


def test_a_version_pressed_while_a_sound_is_on_its_way_is_the_one_heard(twice: Any) -> None:
    twice.evaluate("table => { table.press(0, 1); table.turnTo(1); }")
    assert wait_until(twice, "state.playing && state.gains[1] === 1")["version"] == 1
    adversary = np.array(twice.evaluate("table => [...table.buffers[1].getChannelData(0)]")) * 32_768
    assert np.abs(adversary - (heard(0) + 0.5 * (heard(0, 1) - heard(0)))).max() <= 1.01


def test_versions_are_chosen_with_the_keyboard(twice: Any) -> None:
    keyboard = twice.page.keyboard
    for _ in range(2):
        keyboard.press("Tab")
    assert twice.evaluate("table => table.shadowRoot.activeElement.textContent") == "surer"
    keyboard.press("Space")
    assert state(twice)["version"] == 1 and not state(twice)["playing"]
    for key in ("Tab", "ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        keyboard.press(key)
    seen = wait_until(twice, "state.playing && state.gains[1] === 1")
    assert (seen["row"], seen["column"], seen["version"]) == (1, 1, 1)
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    assert wait_until(twice, "state.version === 0 && state.gains[1] === 1")["playing"]


def test_it_says_to_press_until_there_is_something_to_see(twice: Any) -> None:
    hint = twice.locator(".hint")
    assert hint.is_visible() and "Press a cell" in hint.inner_text()
    press(twice, 0, 1)
    assert not hint.is_visible()
    twice.get_by_role("button", name="Pause", exact=True).click()
    assert not hint.is_visible()
    version_buttons(twice).nth(1).click()  # paused: what is chosen now was not decoded yet
    assert hint.is_visible()


def test_arrow_keys_move_and_one_cell_is_reached_by_tab(opened: Visit, table: Any) -> None:
    page = opened.page
    page.keyboard.press("Tab")

    def focused() -> list[int]:
        return table.evaluate(
            """(table) => table.cells.flatMap((cells, r) =>
                cells.flatMap((cell, c) => (cell === table.shadowRoot.activeElement ? [[r, c]] : [])))[0]"""
        )

    assert focused() == [0, 0]
    for key, place in (
        *[("ArrowRight", [0, 1]), ("ArrowRight", [0, 2]), ("ArrowDown", [1, 2]), ("ArrowDown", [1, 2])],
        *[("End", [1, 3]), ("ArrowRight", [1, 3]), ("ArrowUp", [0, 3]), ("Home", [0, 0]), ("ArrowLeft", [0, 0])],
        ("ArrowRight", [0, 1]),
        ("ArrowRight", [0, 2]),
    ):
        page.keyboard.press(key)
        assert focused() == place, key
    assert state(table)["position"] == 0, "an arrow in the table moved the playhead as well"
    page.keyboard.press("Space")
    assert wait_until(table, "state.playing")["column"] == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_until(table, "state.column === 2 && state.gains[1] === 1")
    assert table.locator(".grid tbody [tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert table.evaluate("table => table.shadowRoot.activeElement.className") == "clip"
    page.keyboard.press("Shift+Tab")
    assert focused() == [0, 3]


def test_it_is_a_table_that_says_what_its_cells_are(table: Any) -> None:
    assert table.get_by_role("grid", name="Two by three").count() == 1
    assert table.get_by_role("columnheader").all_inner_texts() == ["original", *COLUMNS]
    assert table.get_by_role("rowheader").all_inner_texts() == list(NAMES)
    assert cell(table, 0, 1).get_attribute("aria-label") == "blues.00000 as disco: disco, 0.91, SNR 23.0 dB"
    assert cell(table, 0, 0).get_attribute("aria-label") == "blues.00000 as blues: blues, 0.99, unchanged"
    assert cell(table, 0, 0).inner_text() == "as is"
    press(table, 0, 1)
    said = table.locator(".unseen").inner_text()
    assert said == "blues.00000 as disco: adversary, disco, 0.91, SNR 23.0 dB"
    assert (
        table.get_by_role("img")
        .get_attribute("aria-label")
        .startswith("Spectrogram of adversary, blues.00000 as disco: 1.5 s across")
    )


def test_a_failure_is_marked_by_more_than_colour(table: Any) -> None:
    failed = cell(table, *FAILED)
    assert failed.inner_text() == "✗ 15"
    assert failed.get_attribute("aria-label") == "jazz.00000 as disco: jazz, 0.51, SNR 15.0 dB, failed"
    assert failed.evaluate("cell => getComputedStyle(cell).borderStyle") == "dashed"
    assert table.locator(".grid td").filter(has_text="✗").count() == 1


def test_the_browser_draws_the_same_spectrogram(table: Any) -> None:
    press(table, 0, 2)
    table.page.wait_for_function("table => table.pictures[1].clip", arg=table.element_handle())
    address = table.evaluate("table => table.pictures[1].toDataURL()")
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB")).astype(int)
    bottom, top = table.evaluate("table => table.data.ends")
    level = pictures.spectrogram((heard(0, 2) / 32_768).astype("float32"), SAMPLE_RATE)
    image = Image.open(io.BytesIO(pictures.png(level, bottom, top)))
    written = np.asarray(image.convert("RGB")).astype(int)
    assert drawn.shape == written.shape
    differs = (drawn != written).any(axis=2)
    assert differs.mean() < 1e-3, "more than roundings between two of the 64 colours"
    neighbour = np.abs(drawn - written)[differs]
    assert neighbour.size == 0 or neighbour.max() < 16


def test_a_phone_scrolls_the_table_and_not_the_page(visit: Callable[..., Visit], tmp_path: Path) -> None:
    columns = [f"label {i}" for i in range(10)]
    original = ORIGINALS[0]
    changes = [Change(coarse(original, CHANGED[0][1], 64), snr_db=20.0)] * 10
    seen = visit(grid([GridRow("a", original, changes)], columns, seconds=0.2).write(tmp_path / "p.html"), width=360)
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    (table,) = seen.players
    cell(table, 0, 9).click()
    assert wait_until(table, "state.playing")["column"] == 9
    name = table.get_by_role("rowheader").bounding_box()
    assert 0 <= name["x"] < 60, "the name of the row scrolled away"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_is_legible(visit: Callable[..., Visit], tmp_path: Path, scheme: str) -> None:
    (table,) = visit(two_by_three().write(tmp_path / "p.html"), color_scheme=scheme).players
    press(table, 0, 1)
    pairs = table.evaluate(
        """(table) => table.cells.flat().map((cell) => {
            const { color, backgroundColor } = getComputedStyle(cell);
            return [color, backgroundColor];
        })"""
    )
    assert len(pairs) == 8
    assert len({paper for _, paper in pairs}) >= 3
    for ink, paper in pairs:
        light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {paper}"


def test_without_javascript_the_table_stands_there(visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = visit(two_by_three().write(tmp_path / "p.html"), java_script_enabled=False).page
    assert page.get_by_role("table").count() == 1
    assert page.get_by_role("row").nth(1).inner_text().split("\t")[:2] == ["blues.00000", "blues, 0.99, unchanged"]
    assert "✗" in page.get_by_role("row").nth(2).inner_text()
