"""The player, pressed in a headless Chromium: what sounds, where the playhead is, what is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from listening import Visit, clip_buttons, press_everything, state, wait_until
from music_adversaries.audition import Clip, Player, compare, player
from music_adversaries.spectra import SAMPLE_RATE

SECONDS = 3.0
FREQUENCIES = (440.0, 660.0, 990.0)
LABELS = "blues classical country disco hiphop jazz metal pop reggae rock".split()


def sine(hertz: float, amplitude: float = 0.25) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE)).astype(
        "float32"
    )


def three() -> Player:
    clips = [Clip(name, sine(hertz)) for name, hertz in zip(("low", "middle", "high"), FREQUENCIES, strict=True)]
    return player(*clips, title="Three sines")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A page with two players, such as a notebook's page has: outputs one after the other, theme attributes."""
    original = sine(440)
    noise = np.random.default_rng(1).normal(0, 0.01, len(original)).astype("float32")
    pair = compare(original, original + noise, seconds=2, original_label="classical, 0.98", snr_db=25.0, title="A pair")
    outputs = "".join(f'<div class="output text_html">{p._repr_html_()}</div><p>Prose.</p>' for p in (three(), pair))
    path = tmp_path / "page.html"
    path.write_text(
        f'<!doctype html><html lang="en-GB" data-theme="light"><meta charset="utf-8"><title>Fake</title>'
        f"<style>{THEME}</style>"
        f'<body><main style="max-width: 46rem; margin: auto">{outputs}<div style="height: 3000px"></div></main>',
        encoding="utf-8",
    )
    return path


# The names the book's theme gives its colours.
THEME = """
html { --pst-color-text-base: #222832; --pst-color-background: #fff; --pst-color-primary: #0a7d91; }
html[data-theme="dark"] { --pst-color-text-base: #ced6dd; --pst-color-background: #14181e; }
html[data-theme="dark"] { --pst-color-primary: #3fb1c5; }
body { background: var(--pst-color-background); color: var(--pst-color-text-base); }
html[data-theme="dark"] .text_html { background-color: var(--pst-color-text-base); padding: .5rem; }
"""


@pytest.fixture
def opened(visit: Callable[..., Visit], book: Path) -> Any:
    seen = visit(book)
    yield seen
    assert seen.outside == []
    assert seen.errors == []
    assert seen.logged == []


def heard(player: Any) -> float:
    """Frequency in Hz of the strongest component that leaves the player."""
    return player.evaluate(
        """async (player) => {
            const analyser = player.context.createAnalyser();
            analyser.fftSize = 8192;
            player.master.connect(analyser);
            await new Promise((done) => setTimeout(done, 600));
            const levels = new Float32Array(analyser.frequencyBinCount);
            analyser.getFloatFrequencyData(levels);
            const peak = levels.indexOf(Math.max(...levels));
            return (peak * player.context.sampleRate) / analyser.fftSize;
        }"""
    )


def play(player: Any) -> None:
    player.get_by_role("button", name="Play", exact=True).click()
    wait_until(player, "state.playing && state.position > 0.02")


def focus_slider(player: Any) -> None:
    player.get_by_role("slider", name="Position").focus()


def test_every_button_does_what_it_says(opened: Visit) -> None:
    assert len(opened.players) == 2
    for each in opened.players:
        assert press_everything(each) == []
    assert opened.images_without_alt() == []


def test_all_eleven_clips_of_an_ensemble_switch_and_wrap(visit: Callable[..., Visit], tmp_path: Path) -> None:
    clips = [Clip("original", sine(300)), *(Clip(label, sine(330 + 30 * i)) for i, label in enumerate(LABELS))]
    seen = visit(player(*clips).write(tmp_path / "ensemble.html"), width=400)
    (ensemble,) = seen.players
    assert press_everything(ensemble) == []
    assert clip_buttons(ensemble).count() == 11
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    focus_slider(ensemble)
    seen.page.keyboard.press("0")
    assert state(ensemble)["clip"] == 9
    assert (seen.outside, seen.errors) == ([], [])


def test_what_sounds_is_the_clip_chosen(opened: Visit) -> None:
    first = opened.players[0]
    play(first)
    for i, hertz in enumerate(FREQUENCIES):
        clip_buttons(first).nth(i).click()
        assert heard(first) == pytest.approx(hertz, abs=6)


def test_the_browser_decodes_the_samples_that_were_written(visit: Callable[..., Visit], tmp_path: Path) -> None:
    made = compare(sine(440), sine(440) + 0.01 * sine(660), seconds=1, title="x")
    (seen,) = visit(made.write(tmp_path / "page.html")).players
    play(seen)
    for i, clip in enumerate(made.clips):
        decoded = seen.evaluate("(player, i) => [...player.buffers[i].getChannelData(0)]", i)
        np.testing.assert_allclose(decoded, clip.sounding(), atol=1 / 32_768)


def test_switching_keeps_the_playhead(opened: Visit) -> None:
    first = opened.players[0]
    play(first)
    for i in (1, 2, 0):
        seen = first.evaluate(
            """async (player, i) => {
                const read = () => {
                    const at = player.state.position, clock = player.context.currentTime;
                    return { at, clock, wall: performance.now() / 1000 };
                };
                const sources = player.voices.map((voice) => voice.source), before = read();
                player.shadowRoot.querySelectorAll(".clip")[i].click();
                await new Promise((done) => setTimeout(done, 100));
                const after = read(), { duration } = player.state;
                return {
                    moved: (after.at - before.at + duration) % duration,
                    clock: after.clock - before.clock,
                    wall: after.wall - before.wall,
                    same: player.voices.every((voice, j) => voice.source === sources[j]),
                };
            }""",
            i,
        )
        assert seen["same"], "a clip was started anew"
        assert seen["moved"] == pytest.approx(seen["clock"], abs=0.03)
        assert 0 < seen["moved"] < seen["wall"] + 0.06
    wait_until(first, "state.gains[0] === 1 && state.gains[1] === 0 && state.gains[2] === 0")


def test_pause_keeps_the_position_and_play_goes_on_from_it(opened: Visit) -> None:
    first = opened.players[0]
    play(first)
    wait_until(first, "state.position > 0.3")
    first.get_by_role("button", name="Pause", exact=True).click()
    at = state(first)["position"]
    opened.page.wait_for_timeout(150)
    assert state(first)["position"] == at
    play(first)
    assert at <= state(first)["position"] < at + 1.5


def test_only_one_player_sounds(opened: Visit) -> None:
    first, second = opened.players
    play(first)
    play(second)
    assert not state(first)["playing"]
    assert state(second)["playing"]


def test_without_loop_it_stops_at_the_end_and_with_loop_it_goes_round(opened: Visit) -> None:
    second = opened.players[1]
    loop = second.get_by_role("button", name="Loop")
    assert loop.get_attribute("aria-pressed") == "true"
    second.evaluate("player => player.seek(1.8)")
    play_button = second.get_by_role("button", name="Play", exact=True)
    play_button.click()
    wait_until(second, "state.playing && state.position < 1")
    loop.click()
    assert loop.get_attribute("aria-pressed") == "false"
    assert state(second)["position"] < 1.8
    second.evaluate("player => player.seek(1.8)")
    wait_until(second, "!state.playing && state.position === 0")
    assert play_button.is_visible()


def test_a_click_on_the_spectrogram_seeks(opened: Visit) -> None:
    first = opened.players[0]
    slider = first.get_by_role("slider", name="Position")
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 0.75, "y": 40})
    assert state(first)["position"] == pytest.approx(0.75 * SECONDS, abs=0.02)
    assert slider.get_attribute("aria-valuenow") == "2.2"
    assert slider.get_attribute("aria-valuetext") == "2.2 of 3.0 seconds"
    playhead = first.locator(".playhead").bounding_box()
    assert playhead["x"] + 1 == pytest.approx(box["x"] + 0.75 * box["width"], abs=2)
    play(first)
    slider.click(position={"x": box["width"] * 0.25, "y": 40})
    assert 0.25 * SECONDS - 0.02 <= state(first)["position"] < 0.25 * SECONDS + 1


def test_the_playhead_moves_with_the_sound(opened: Visit) -> None:
    first = opened.players[0]
    play(first)
    start = first.locator(".playhead").bounding_box()["x"]
    at = state(first)["position"]
    wait_until(first, f"state.position > {at + 0.5}")
    assert first.locator(".playhead").bounding_box()["x"] > start + 50


def test_keys(opened: Visit) -> None:
    first, page = opened.players[0], opened.page
    focus_slider(first)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert state(first)["position"] == pytest.approx(0.5)
    page.keyboard.press("End")
    assert state(first)["position"] == SECONDS
    page.keyboard.press("Home")
    assert state(first)["position"] == 0
    for key, clip in (("3", 2), ("1", 0), ("2", 1), ("9", 1)):  # there is no ninth clip
        page.keyboard.press(key)
        assert state(first)["clip"] == clip
    page.keyboard.press("Space")
    wait_until(first, "state.playing")
    page.keyboard.press("Space")
    wait_until(first, "!state.playing")
    assert page.evaluate("scrollY") == 0, "the space key scrolled the page as well"


def test_space_presses_the_button_that_has_the_focus(opened: Visit) -> None:
    first, page = opened.players[0], opened.page
    clip_buttons(first).nth(1).focus()
    page.keyboard.press("Space")
    assert (state(first)["clip"], state(first)["playing"]) == (1, False)
    page.keyboard.press("Space")  # chosen already: now it plays
    wait_until(first, "state.playing && state.clip === 1")
    first.get_by_role("button", name="Loop").focus()
    page.keyboard.press("Space")
    assert (state(first)["loop"], state(first)["playing"]) == (False, True)


def test_keys_elsewhere_leave_the_player_alone(opened: Visit) -> None:
    first, page = opened.players[0], opened.page
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("2")
    page.keyboard.press("Space")
    page.wait_for_timeout(200)
    assert (state(first)["clip"], state(first)["playing"]) == (0, False)
    assert page.evaluate("scrollY") > 0, "the space key no longer scrolls the page"


def test_everything_is_reached_by_tab_and_the_focus_is_seen(opened: Visit) -> None:
    first, page = opened.players[0], opened.page
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        name, outline = first.evaluate(
            """(player) => {
                const element = player.shadowRoot.activeElement;
                if (!element) return [null, null];
                const name = element.getAttribute("aria-label") || element.textContent;
                const ring = element.getAttribute("role") === "slider" ? element.parentElement : element;
                return [name, getComputedStyle(ring).outlineStyle];
            }"""
        )
        assert outline == "solid"
        reached.append(name)
    assert reached == ["low1", "middle2", "high3", "Position", "Play", "To the start", "Loop", "Test yourself, blind"]


def test_the_choice_is_announced(opened: Visit) -> None:
    second = opened.players[1]
    assert second.get_by_role("group", name="A pair").count() == 1
    clip_buttons(second).nth(2).click()
    assert re.fullmatch(r"difference, amplified by \+\d+ dB", second.locator(".unseen").inner_text())
    assert second.get_by_role("img").get_attribute("alt").startswith("Spectrogram of difference: 2.0 s across")


def open_test(player: Any) -> None:
    player.get_by_text("Test yourself, blind").click()


def choose_trials(player: Any, number: int) -> None:
    player.get_by_label("Trials:").select_option(str(number))


def hear_all(player: Any) -> int:
    """Hear A, B and X of a trial, X last; returns the clip that X is."""
    for which in "ABX":
        player.get_by_role("button", name=f"Hear {which}").click()
        seen = wait_until(player, f"state.playing && state.masked === {str(which == 'X').lower()}")
    player.locator(".verdict").get_by_text("Answer, or go on listening.").wait_for()
    return seen["clip"]


def answer(player: Any, which: str) -> None:
    # By force: Playwright would wait for what says aria-disabled, and a listener does not.
    player.get_by_role("button", name=f"X is {which}").click(force=True)


def said(player: Any) -> str:
    return player.locator(".verdict").inner_text()


# All that the player shows and says, pressed buttons and pictures included.
SHOWN = """player => {
    const { shadowRoot } = player;
    const pressed = [...shadowRoot.querySelectorAll("[aria-pressed=true]")].map((each) => each.textContent);
    const pictures = [...shadowRoot.querySelectorAll("img")].map((each) => each.checkVisibility());
    const texts = [...shadowRoot.querySelectorAll("p, button, summary")].map((each) => each.textContent);
    return JSON.stringify([texts, pressed, pictures]);
}"""


@pytest.mark.parametrize("planned", [10, 16])
def test_abx_ends_as_planned_and_only_then_says_p(opened: Visit, planned: int) -> None:
    first = opened.players[0]
    open_test(first)
    choose_trials(first, planned)
    right, wrong, panels = 0, [], set()
    for trial in range(1, planned + 1):
        assert said(first) == f"Trial {trial} of {planned}. Hear A, B and X, then answer."
        hidden = hear_all(first)
        assert hidden in (0, 1)
        honest = trial % 4 != 0
        right += honest
        wrong += [] if honest else [str(trial)]
        answer(first, "AB"[hidden] if honest else "BA"[hidden])
        score = state(first)["score"]
        assert (score["right"], score["trials"], score["planned"]) == (right, trial, planned)
        after = state(first)
        assert (after["playing"], after["masked"], after["clip"]) == (False, False, 0), "what shows tells what X was"
        if trial < planned:
            assert score["p"] is None
            assert first.get_by_label("Trials:").is_disabled(), "the number of trials was changed in the middle"
            panels.add(first.evaluate(SHOWN).replace(f"Trial {trial + 1} ", "Trial "))
    assert len(panels) == 1, "what is shown after a right answer differs from what is shown after a wrong one"
    verdict = said(first)
    expected = binomtest(right, planned, 0.5, alternative="greater").pvalue
    assert score["p"] == pytest.approx(expected, rel=1e-12)
    assert verdict.startswith(f"{right} of {planned} right; guessing does as well or better")
    assert float(re.search(r"p = (0\.\d{3}|1\.000)\. Wrong", verdict)[1]) == pytest.approx(expected, abs=0.00051)
    assert verdict.endswith(f"Wrong: trials {', '.join(wrong[:-1])} and {wrong[-1]}.")
    for name in ("Hear X", "X is A", "X is B"):
        assert first.get_by_role("button", name=name).is_disabled(), f"{name} after the end"
    answer(first, "A")
    assert state(first)["score"]["trials"] == planned
    first.get_by_role("button", name="Start again").click()
    assert state(first)["score"] == {"right": 0, "trials": 0, "planned": planned, "p": None}
    assert said(first).startswith("Trial 1 of")


def test_abx_takes_an_answer_only_after_all_three_were_heard(opened: Visit) -> None:
    first = opened.players[0]
    open_test(first)
    for which, still in (("X", "A and B"), ("B", "A"), ("A", "")):
        answer(first, "A")
        assert said(first).startswith("Not yet: hear ") and state(first)["score"]["trials"] == 0
        assert first.get_by_role("button", name="X is A").get_attribute("aria-disabled") == "true"
        first.get_by_role("button", name=f"Hear {which}").click()
        wait_until(first, "state.playing")
        expected = f"Still to hear: {still}." if still else "Answer, or go on listening."
        first.locator(".verdict").get_by_text(expected).wait_for()
    # What a clip's own button sounds is no part of the test, and each trial begins anew.
    answer(first, "B")
    assert state(first)["score"]["trials"] == 1
    play(first)
    clip_buttons(first).nth(1).click()
    assert said(first) == "Trial 2 of 16. Hear A, B and X, then answer."
    answer(first, "B")
    assert state(first)["score"]["trials"] == 1


def test_abx_does_not_count_what_could_not_sound(visit: Callable[..., Visit], tmp_path: Path) -> None:
    path = three().write(tmp_path / "page.html")
    path.write_text(
        re.sub(r"data:audio/flac;base64,[^\"]{40}", "data:audio/flac;base64,", path.read_text("utf-8")), "utf-8"
    )
    (seen,) = visit(path).players
    open_test(seen)
    for which in "ABX":
        seen.get_by_role("button", name=f"Hear {which}").click()
        seen.get_by_role("alert").wait_for()
    answer(seen, "A")
    assert said(seen).startswith("Not yet: hear A, B and X first.") and state(seen)["score"]["trials"] == 0


def test_abx_may_be_ended_early_and_scores_what_was_done(opened: Visit) -> None:
    first = opened.players[0]
    open_test(first)
    end = first.get_by_role("button", name="End and score")
    assert end.count() == 0
    for honest in (True, True, False):
        hidden = hear_all(first)
        answer(first, "AB"[hidden if honest else 1 - hidden])
    end.click()
    verdict = said(first)
    assert verdict == (
        "2 of 3 right (ended before the 16 planned); guessing does as well or better with probability p = 0.500. "
        "Wrong: trial 3."
    )
    assert state(first)["score"]["p"] == 0.5 and end.count() == 0


def test_abx_by_keyboard_alone(opened: Visit) -> None:
    first, page = opened.players[0], opened.page
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    for which in "ABX":
        first.get_by_role("button", name=f"Hear {which}").focus()
        page.keyboard.press("Enter")
        wait_until(first, f"state.playing && state.masked === {str(which == 'X').lower()}")
    first.locator(".verdict").get_by_text("Answer, or go on listening.").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert state(first)["score"]["trials"] == 1
    # The focus stays where it was, though no answer is taken now.
    assert first.evaluate("player => player.shadowRoot.activeElement.textContent") == "X is A"
    assert first.locator(".verdict").get_attribute("role") == "status"


def test_abx_says_how_many_must_be_right(opened: Visit) -> None:
    first = opened.players[0]
    open_test(first)
    options = first.get_by_label("Trials:").locator("option").all_inner_texts()
    assert [int(text.split()[0]) for text in options] == [10, 16, 20, 30]
    for text in options:
        planned, needed = map(int, re.fullmatch(r"(\d+) \((\d+) right: p < 0\.05\)", text).groups())
        assert binomtest(needed, planned, alternative="greater").pvalue < 0.05
        assert binomtest(needed - 1, planned, alternative="greater").pvalue >= 0.05


def test_abx_lowers_the_louder_one_and_says_by_how_much(visit: Callable[..., Visit], tmp_path: Path) -> None:
    silence = np.zeros_like(sine(440))
    loud = sine(660, 0.25 * 10**0.05)  # by 1 dB
    clips = [Clip("soft", sine(440)), Clip("loud", loud), Clip("faint", sine(440, 0.005)), Clip("silent", silence)]
    (seen,) = visit(player(*clips).write(tmp_path / "page.html")).players
    open_test(seen)
    assert (
        seen.locator(".loudness").inner_text()
        == "B is lowered by 1.0 dB in this test, so that the two are equally loud."
    )
    expected = [1, 10**-0.05]
    for which, clip in (("B", 1), ("A", 0)):
        seen.get_by_role("button", name=f"Hear {which}").click()
        wait_until(seen, f"state.playing && Math.abs(state.gains[{clip}] - {expected[clip]}) < 1e-3")
        assert state(seen)["gains"][1 - clip] == pytest.approx(0, abs=1e-3)
    # X has the level of the clip that it is.
    seen.get_by_role("button", name="Hear X").click()
    hidden = wait_until(seen, "state.masked")["clip"]
    wait_until(seen, f"Math.abs(state.gains[{hidden}] - {expected[hidden]}) < 1e-3")
    # Outside of the test levels are what they are.
    clip_buttons(seen).nth(1).click()
    wait_until(seen, "state.gains[1] === 1")
    seen.get_by_label("B is").select_option("faint")
    assert (
        seen.locator(".loudness").inner_text().startswith("A and B are 34 dB apart: too far to be made equally loud.")
    )
    seen.get_by_label("B is").select_option("silent")
    assert seen.locator(".loudness").inner_text().startswith("B is silent, so the two cannot be made equally loud")
    seen.get_by_role("button", name="Hear A").click()
    wait_until(seen, "state.clip === 0 && state.gains[0] === 1")


def test_abx_hides_x_and_draws_both(opened: Visit) -> None:
    first = opened.players[0]
    open_test(first)
    drawn = set()
    for _ in range(40):
        hidden = hear_all(first)
        assert first.get_by_role("img").count() == 0
        assert first.locator(".clip[aria-pressed=true]").count() == 0
        assert first.locator(".unseen").inner_text() == "X"
        drawn.add(hidden)
        answer(first, "A")
        assert not state(first)["masked"], "X went on sounding while it was drawn anew"
        if len(drawn) == 2:
            return
        if state(first)["score"]["p"] is not None:
            first.get_by_role("button", name="Start again").click()
    pytest.fail(f"In 40 trials X was always {drawn}.")


def test_abx_space_on_a_clip_shows_that_clip_and_does_not_betray_x(opened: Visit) -> None:
    first = opened.players[0]
    open_test(first)
    first.get_by_role("button", name="Hear X").click()
    hidden = wait_until(first, "state.playing && state.masked")["clip"]
    clip_buttons(first).nth(hidden).focus()
    opened.page.keyboard.press("Space")
    seen = state(first)
    assert (seen["clip"], seen["masked"], seen["playing"]) == (hidden, False, True)


def test_abx_of_other_clips(opened: Visit) -> None:
    first = opened.players[0]
    open_test(first)
    hear_all(first)
    answer(first, "A")
    b = first.get_by_label("B is")
    b.select_option("high")
    assert state(first)["score"]["trials"] == 0
    first.get_by_role("button", name="Hear B").click()
    assert wait_until(first, "state.playing")["clip"] == 2
    assert heard(first) == pytest.approx(FREQUENCIES[2], abs=6)
    b.select_option("low")  # which A had: they change places
    assert first.get_by_label("A is").input_value() == "2"
    first.get_by_role("button", name="Hear A").click()
    assert wait_until(first, "state.playing")["clip"] == 2


def test_a_double_press_starts_once_and_play_then_pause_stays_paused(opened: Visit) -> None:
    first = opened.players[0]
    first.evaluate("player => { player.play(); player.pause(); }")
    opened.page.wait_for_timeout(400)
    assert not state(first)["playing"]
    first.evaluate("player => { player.play(); player.play(); }")
    wait_until(first, "state.playing")


def test_a_player_added_or_moved_later_works(opened: Visit) -> None:
    """As JupyterLab does: markup set as innerHTML, scripts run afterwards, and cells moved about."""
    page = opened.page
    page.evaluate(
        """() => {
            const first = document.querySelector("music-audition"), box = document.createElement("div");
            box.innerHTML = first.outerHTML;
            document.querySelector("main").prepend(box);
            document.querySelector("main").append(first);
        }"""
    )
    assert len(opened.players) == 3
    for each in opened.players:
        assert press_everything(each) == []


def test_a_browser_that_cannot_decode_says_so(visit: Callable[..., Visit], tmp_path: Path) -> None:
    path = three().write(tmp_path / "page.html")
    path.write_text(
        re.sub(r"data:audio/flac;base64,[^\"]{40}", "data:audio/flac;base64,", path.read_text("utf-8")), "utf-8"
    )
    (seen,) = visit(path).players
    seen.get_by_role("button", name="Play", exact=True).click()
    alert = seen.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text().startswith("This browser cannot play the sound")


def test_without_javascript_a_sentence_stands_there(visit: Callable[..., Visit], book: Path) -> None:
    page = visit(book, java_script_enabled=False).page
    text = page.locator("main").inner_text()
    assert text.count("Player: run this cell, or trust the notebook") == 2
    assert "original (classical, 0.98)" in text
    assert "data:audio" not in text


def luminance(colour: str) -> float:
    channels = [float(v) for v in re.findall(r"[\d.]+", colour)[:3]]
    if colour.startswith("rgb"):
        channels = [c / 255 for c in channels]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_in_both_modes(opened: Visit, theme: str) -> None:
    opened.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    second = opened.players[1]
    open_test(second)
    pairs = second.evaluate(
        """(player) => {
            const behind = (element) => {
                for (let e = element; e; e = e.parentElement || e.getRootNode().host) {
                    const { backgroundColor } = getComputedStyle(e);
                    if (!/^(transparent|rgba\\(.*, 0\\))$/.test(backgroundColor)) return backgroundColor;
                }
            };
            const speaks = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
            return [...player.shadowRoot.querySelectorAll("*:not(style)")]
                .filter((e) => speaks(e) && e.checkVisibility())
                .map((e) => [e.className || e.tagName, getComputedStyle(e).color, behind(e)]);
        }"""
    )
    assert len(pairs) > 20
    for name, ink, paper in pairs:
        light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name}: {ink} on {paper}"
    paper = second.evaluate("player => getComputedStyle(player).backgroundColor")
    assert paper == opened.page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_reduced_motion_is_respected(visit: Callable[..., Visit], book: Path) -> None:
    first = visit(book, reduced_motion="reduce").players[0]
    play(first)
    moves = first.evaluate(
        """async (player) => {
            let moves = 0;
            const watch = new MutationObserver(() => moves++);
            watch.observe(player.shadowRoot.querySelector(".playhead"), { attributes: true });
            await new Promise((done) => setTimeout(done, 1200));
            watch.disconnect();
            return moves;
        }"""
    )
    assert 1 <= moves <= 4
