"""The player's markup and sound, and the panel's callbacks; tests/browser presses the player itself."""

from __future__ import annotations

import base64
import html.parser
import io
import itertools
import json
import math
import re
import threading
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from music_adversaries import audition
from music_adversaries.adversary import Budget
from music_adversaries.audition import (
    Change,
    Clip,
    Player,
    compare,
    compare_changes,
    listening_page,
    player,
)
from music_adversaries.book.live import Panel, StaticNote, panel
from music_adversaries.book.live.curve import confidence_curve
from music_adversaries.errors import InputError
from music_adversaries.spectra import SAMPLE_RATE

STEP = 1 / 32_768  # of a 16-bit file


def sine(hertz: float = 440.0, amplitude: float = 0.25, seconds: float = 1.0) -> np.ndarray:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hertz * t)).astype("float32")


def pair(level: float = 0.01, seconds: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    original = sine(seconds=seconds)
    return original, original + np.random.default_rng(0).uniform(-level, level, len(original)).astype("float32")


class Markup(html.parser.HTMLParser):
    """Tags with their attributes, text, and the contents of scripts, as a browser sees them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.text += data


def data_of(made: Player) -> dict[str, Any]:
    """What the page's script reads."""
    return json.loads(Markup(made._repr_html_()).scripts[0])


def decoded(clip: dict[str, Any]) -> np.ndarray:
    kind, content = clip["audio"].split(",")
    assert kind == "data:audio/flac;base64"
    with soundfile.SoundFile(io.BytesIO(base64.b64decode(content))) as file:
        assert (file.format, file.subtype, file.channels, file.samplerate) == ("FLAC", "PCM_16", 1, SAMPLE_RATE)
        return file.read(dtype="float32")


# Sound and gain


def test_what_is_embedded_is_what_was_given() -> None:
    original, adversary = pair()
    clips = data_of(compare(original, adversary, seconds=1))["clips"]
    assert [clip["name"] for clip in clips] == ["original", "adversary", "difference"]
    for clip, waveform in zip(clips, (original, adversary), strict=False):
        np.testing.assert_allclose(decoded(clip), waveform, atol=STEP / 2 * 1.01)


@pytest.mark.parametrize("level", [0.4, 0.1, 0.01, 0.0005])
def test_the_gain_printed_is_the_gain_applied(level: float) -> None:
    original, adversary = pair(level)
    made = compare(original, adversary, seconds=1)
    clip = data_of(made)["clips"][2]
    sign, gain = re.fullmatch(r"(?:amplified|lowered) by ([+−])(\d+) dB", clip["detail"]).groups()
    gain_db = float(gain) * (1 if sign == "+" else -1)
    difference = adversary.astype(float) - original
    np.testing.assert_allclose(decoded(clip), difference * 10 ** (gain_db / 20), atol=STEP / 2 * 1.01)
    # No louder than the original, and one decibel more would be.
    assert np.abs(difference).max() * 10 ** (gain_db / 20) <= np.abs(original).max()
    assert np.abs(difference).max() * 10 ** ((gain_db + 1) / 20) > np.abs(original).max()
    assert f"difference is {clip['detail']}." in data_of(made)["note"]
    assert clip["detail"] in repr(made)


def test_a_chosen_gain_is_kept_and_the_automatic_one_ends_at_60_db() -> None:
    original, adversary = pair()
    assert data_of(compare(original, adversary, difference_gain_db=7.5))["clips"][2]["detail"] == "amplified by +7.5 dB"
    assert data_of(compare(original, adversary, difference_gain_db=0))["clips"][2]["detail"] is None
    tiny = original.astype(float)
    tiny[100] += 1e-6
    assert data_of(compare(original.astype(float), tiny))["clips"][2]["detail"] == "amplified by +60 dB"


def test_equal_sounds_have_a_silent_difference_without_gain() -> None:
    clip = data_of(compare(sine(), sine()))["clips"][2]
    assert (clip["label"], clip["detail"]) == ("none: the two are equal", None)
    assert not decoded(clip).any()


def test_levels_are_not_normalised() -> None:
    clips = data_of(player(Clip("loud", sine(amplitude=0.5)), Clip("soft", sine(amplitude=0.05))))["clips"]
    assert [round(float(np.abs(decoded(clip)).max()), 3) for clip in clips] == [0.5, 0.05]


def test_clipped_samples_are_counted_and_said() -> None:
    loud = sine()
    loud[[10, 20]] = 1.5, -1.5
    made = player(Clip("loud", loud), Clip("full", sine(amplitude=1.0)))
    assert made.clips[0].n_clipped() == 2
    assert data_of(made)["note"].endswith("Clipped at full scale: loud: 2 samples.")


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [(None, 1.0, (1.0, 2.0)), (0.5, 1.0, (0.5, 1.5)), (2.5, 1.0, (2.5, 3.0)), (None, 9.0, (0.0, 3.0))],
)
def test_the_part_heard(start: float | None, seconds: float, expected: tuple[float, float]) -> None:
    original = np.linspace(-0.9, 0.9, 3 * SAMPLE_RATE)
    made = compare(original, original * 0.5, start_s=start, seconds=seconds)
    first, last = (round(second * SAMPLE_RATE) for second in expected)
    np.testing.assert_array_equal(made.clips[0].waveform, original[first:last])
    assert made.seconds == pytest.approx(expected[1] - expected[0])


# Markup


def test_the_same_clips_give_the_same_bytes() -> None:
    def made() -> str:
        return compare(*pair(), title="T", caption="C", original_label="a, 0.9", snr_db=15)._repr_html_()

    assert made() == made()
    assert not re.search(r"0x[0-9a-f]{6,}", made()[-30_000:])


def test_the_bundle_has_html_and_one_line_of_text() -> None:
    made = compare(*pair(), title="T", original_label="jazz, 0.98", adversary_label="rock, 0.91", snr_db=15.24)
    bundle = made._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert re.fullmatch(
        r"Player “T”: 1\.0 s of original \(jazz, 0\.98\); adversary \(rock, 0\.91, SNR 15\.2 dB\); "
        r"difference \(amplified by \+\d+ dB\)",
        bundle["text/plain"],
    )


def test_a_second_of_a_clip_adds_its_flac_and_little_else() -> None:
    made = compare(*pair(seconds=5.0))
    clips = data_of(made)["clips"]
    audio = sum(len(clip["audio"]) for clip in clips)
    pictures = sum(len(clip["image"]) for clip in clips)
    assert len(made._repr_html_()) - audio - pictures < 26_000
    assert all(len(clip["image"]) < 80_000 for clip in clips)


def test_nothing_comes_from_outside() -> None:
    made = compare(*pair(), title="T")
    markup = Markup(made.page())
    for tag, attributes in markup.tags:
        assert not {"src", "href", "srcset", "data", "poster"} & set(attributes), tag
    code = markup.scripts[-1]
    assert not re.search(r"https?:|//[a-z]|\bimport\b|fetch\(|XMLHttpRequest|@import|url\(", code)


def test_every_picture_is_described_in_words() -> None:
    for clip in data_of(compare(*pair()))["clips"]:
        assert clip["alt"].startswith(f"Spectrogram of {clip['name']}: 1.0 s across, 50 Hz to 11.0 kHz")
        assert clip["image"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(("name", "hertz"), [("100", 100.0), ("1k", 1000.0), ("5k", 5000.0)])
def test_spectrograms_share_one_scale_and_show_the_tone(name: str, hertz: float) -> None:
    data = data_of(player(Clip("loud", sine(hertz, 0.5)), Clip("soft", sine(hertz, 0.05))))
    bottom, top = (float(end.replace("−", "-")) for end in data["scale"])
    images = [Image.open(io.BytesIO(base64.b64decode(clip["image"].split(",")[1]))) for clip in data["clips"]]
    assert all(image.size == (480, 128) and image.mode == "P" and not image.info for image in images)
    loud, soft = (np.asarray(image)[::-1, 240].astype(int) for image in images)
    assert loud.argmax() / 128 == pytest.approx(dict(data["frequency"])[name], abs=0.02)
    per_step = (top - bottom) / 63
    assert bottom + loud.max() * per_step == pytest.approx(20 * np.log10(0.5), abs=3.1)  # 3 dB between two bands
    assert (loud.max() - soft.max()) * per_step == pytest.approx(20, abs=2)


def test_axes() -> None:
    data = data_of(player(Clip("a", sine(seconds=2.5))))
    assert data["time"] == [["0", 0.0], ["0.5", 0.2], ["1", 0.4], ["1.5", 0.6], ["2", 0.8], ["2.5", 1.0]]
    places = [place for _, place in data["frequency"]]
    assert places == sorted(places) and 0 < places[0] and places[-1] < 1
    assert not data["blind"]  # one clip is not to be told from itself


HOSTILE = '</script><script>alert("1")</script><!-- & "\' <b>'


def test_names_titles_and_labels_are_never_markup() -> None:
    clips = [Clip(HOSTILE, sine(), label=HOSTILE, detail=HOSTILE), Clip("b", sine())]
    made = player(*clips, title=HOSTILE, caption=HOSTILE)
    for source in (made._repr_html_(), made.page()):
        markup = Markup(source)
        assert [attributes.get("type") for tag, attributes in markup.tags if tag == "script"] == [
            "application/json",
            None,
        ]
        assert not [tag for tag, _ in markup.tags if tag == "b"]
        data = json.loads(markup.scripts[0])
        assert (data["title"], data["caption"], data["clips"][0]["name"]) == (HOSTILE, HOSTILE, HOSTILE)
        assert HOSTILE in markup.text


def test_a_sentence_stands_where_scripts_do_not_run() -> None:
    text = Markup(compare(*pair(), original_label="jazz, 0.98")._repr_html_()).text
    assert "Player: run this cell, or trust the notebook" in text
    assert "original (jazz, 0.98)" in text


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    made = compare(*pair(), title="A <pair>")
    path = made.write(tmp_path / "listen.html")
    assert path.read_text("utf-8") == made.page()
    assert "<title>A &lt;pair&gt;</title>" in made.page()
    assert [p.name for p in tmp_path.iterdir()] == ["listen.html"]


def test_players_share_a_page() -> None:
    players = [compare(*pair(), title=f"a.wav as {label}") for label in ("jazz", "rock")]
    source = listening_page(players, title="Adversaries <2>")
    assert source.count("<!doctype html>") == source.count("<title>Adversaries &lt;2&gt;</title>") == 1
    assert source.count("<h1>Adversaries &lt;2&gt;</h1>") == 1
    assert source.index(players[0]._repr_html_()) < source.index(players[1]._repr_html_())
    style = re.search("<style>.*?</style>", players[0].page(), re.DOTALL)[0]
    assert style in source and "prefers-color-scheme: dark" in style


def test_script_and_style_are_in_the_package_and_small() -> None:
    folder = Path(audition.__file__).parent
    assert all(len(path.read_text("utf-8")) < 18_000 for path in folder.glob("*.js"))
    code = Markup(compare(*pair())._repr_html_()).scripts[1]
    assert '"player.css"' not in code and ":host" in code
    assert code.count("customElements.define(") == 1 and 'define("music-audition", Audition);' in code


def test_levels_for_the_blind_test_are_root_mean_squares() -> None:
    data = data_of(
        player(Clip("a", sine(amplitude=0.5)), Clip("b", sine(amplitude=0.05), gain_db=6.0), Clip("c", 0 * sine()))
    )
    assert data["clips"][0]["rms"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert data["clips"][1]["rms"] == pytest.approx(20 * np.log10(0.05 / np.sqrt(2)) + 6, abs=0.01)
    assert data["clips"][2]["rms"] is None


# Several changes of one recording


def test_changes_of_equal_size_stand_beside_the_adversary() -> None:
    original, adversary = pair()
    noise = original + np.random.default_rng(1).uniform(-0.01, 0.01, len(original)).astype("float32")
    changes = {
        "adversary": Change(adversary, "rock, 0.91", 24.3),
        "white noise": Change(noise, "jazz, 0.88", 24.3),
        "nothing": Change(original, "jazz, 0.98", math.inf),
    }
    made = compare_changes(original, changes, seconds=0.5, original_label="jazz, 0.98")
    assert [clip.name for clip in made.clips] == ["original", *changes, "difference of the adversary"]
    assert [clip.label for clip in made.clips] == ["jazz, 0.98", "rock, 0.91", "jazz, 0.88", "jazz, 0.98", None]
    assert [clip.detail for clip in made.clips] == [None, "SNR 24.3 dB", "SNR 24.3 dB", "unchanged", None]
    start = (len(original) - round(0.5 * SAMPLE_RATE)) // 2
    part = slice(start, start + round(0.5 * SAMPLE_RATE))
    for clip, whole in zip(made.clips, (original, adversary, noise, original, adversary - original), strict=True):
        np.testing.assert_allclose(clip.waveform, whole[part], atol=1e-7)
    assert [clip.gain_db for clip in made.clips[:-1]] == [0.0] * 4
    assert made.clips[-1].gain_db == compare(original, adversary, seconds=0.5).clips[-1].gain_db


def test_bad_changes_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="no change to compare"):
        compare_changes(sine(), {})
    with pytest.raises(InputError, match="22,050 samples but the white noise 11,025"):
        compare_changes(sine(), {"adversary": Change(sine()), "white noise": Change(sine(seconds=0.5))})
    with pytest.raises(InputError, match="'MP3' has .* that are NaN"):
        compare_changes(sine(), {"MP3": Change(nan())})


# Bad input


def nan() -> np.ndarray:
    waveform = sine()
    waveform[5] = np.nan
    return waveform


@pytest.mark.parametrize(
    ("clips", "culprit"),
    [
        ([], "1 to 16 clips, and 0"),
        ([Clip(f"c{i}", sine(seconds=0.1)) for i in range(17)], "and 17 were given"),
        ([Clip("a", sine()), Clip("b", sine(seconds=0.5))], r"'b' has 11,025 samples but clip 'a' has 22,050"),
        ([Clip("a", sine()), Clip("b", nan())], r"'b' has .* that are NaN"),
        ([Clip("a", np.array([np.inf]))], r"'a' has .* NaN or infinite"),
        ([Clip("a", np.zeros(0))], "'a' is empty"),
        ([Clip("a", np.zeros((2, 100)))], r"'a' has shape \[2, 100\]"),
        ([Clip("a", np.zeros(100, int))], "'a' is of type int64"),
        ([Clip("a", sine(seconds=12.5))], "'a' lasts 12.5 s"),
        ([Clip("a", sine(), sample_rate=4_000)], "'a' is at 4000 Hz, but browsers play 8,000 to 192,000 Hz"),
        ([Clip("a", sine(), gain_db=float("nan"))], "'a' has a gain of nan dB"),
        ([Clip(" ", sine())], "no name"),
    ],
)
def test_bad_clips_are_refused_by_name(clips: list[Clip], culprit: str) -> None:
    with pytest.raises(InputError, match=culprit) as caught:
        player(*clips)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"adversary": sine(seconds=0.5)}, "22,050 samples but the adversary 11,025"),
        ({"adversary": nan()}, "'adversary' has .* that are NaN"),
        ({"original": np.zeros(0)}, "'original' is empty"),
        ({"seconds": 0}, "seconds is 0"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"start_s": -1}, "start_s is -1"),
        ({"start_s": 1.0}, "start_s is 1.0"),
        ({"start_s": float("nan")}, "start_s is nan"),
        ({"difference_gain_db": "loud"}, "difference_gain_db is 'loud'"),
        ({"difference_gain_db": float("inf")}, "gain of inf dB"),
    ],
)
def test_bad_comparisons_are_refused_by_name(change: dict[str, Any], culprit: str) -> None:
    with pytest.raises(InputError, match=culprit):
        compare(**({"original": sine(), "adversary": sine()} | change))


# Panel


@dataclass
class FakeSystem:
    """Says reggae where there is more than the sine, jazz otherwise."""

    labels: tuple[str, ...] = ("jazz", "reggae")

    def classify(self, waveform: np.ndarray, name: str = "the waveform") -> Any:
        changed = int(np.abs(waveform - sine()).max() > 1e-3)
        return SimpleNamespace(label=self.labels[changed], confidence=0.9 + 0.05 * changed)


@dataclass
class FakeDataset:
    name: str = "fake"
    loaded: tuple[str, ...] = ()

    @property
    def manifest(self) -> Any:
        return SimpleNamespace(table=pd.DataFrame({"excerpt": ["jazz.00000", "jazz.00001"], "label": "jazz"}))

    def load(self, excerpt: str) -> np.ndarray:
        self.loaded += (excerpt,)
        return sine()


@dataclass
class FakeResult:
    waveform: np.ndarray
    target_confidence: float = 0.95
    snr_magnitude: float = 17.25
    snr_time: float = 14.75
    iterations: int = 7


class FakeAttack:
    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.result: Any = FakeResult(pair()[1])

    def __call__(self, system: Any, waveforms: Any, targets: Any, budget: Any, **settings: Any) -> list[Any]:
        self.calls.append((len(waveforms), targets, budget, settings))
        if isinstance(self.result, BaseException):
            raise self.result
        return [self.result]


@pytest.fixture
def attack() -> FakeAttack:
    return FakeAttack()


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, attack: FakeAttack) -> Panel:
    monkeypatch.delenv("MUSIC_ADVERSARIES_STATIC", raising=False)
    made = panel(FakeSystem(), FakeDataset(), attack=attack, seconds=0.5)
    assert isinstance(made, Panel)
    return made


def press(live: Panel) -> None:
    """Click, and wait until the attack is at its end."""
    live.button.click()
    live.thread.join(60)
    assert not live.thread.is_alive()


def said(live: Panel) -> str:
    return Markup(live.status.value).text


def test_the_panel_attacks_as_its_controls_say(live: Panel, attack: FakeAttack) -> None:
    assert live.excerpt.options == ("jazz.00000", "jazz.00001")
    live.excerpt.value, live.target.value, live.snr.value, live.confidence.value = "jazz.00001", "reggae", 17.0, 0.8
    press(live)
    assert attack.calls == [(1, ["reggae"], Budget(snr=17.0, confidence=0.8), {})]
    assert live._dataset.loaded == ("jazz.00001",)
    assert live.result is attack.result
    assert said(live) == "The system says reggae."
    text = Markup(live.table.value).text
    for word in ("jazz", "0.900", "reggae", "0.950", "17.2 dB", "14.8 dB", "7"):
        assert word in text
    (output,) = live.listen.outputs
    assert output["output_type"] == "display_data"
    data = json.loads(Markup(output["data"]["text/html"]).scripts[0])
    assert data["seconds"] == 0.5
    assert [clip["label"] for clip in data["clips"]] == ["jazz, 0.90", "reggae, 0.95", None]
    assert data["clips"][1]["detail"] == "SNR 17.2 dB"
    assert data["title"] == "jazz.00001, wanted as reggae"
    assert not live.button.disabled


def test_the_panel_says_when_the_attack_fails(live: Panel, attack: FakeAttack) -> None:
    live.target.value = "reggae"
    attack.result = FakeResult(sine())
    press(live)
    unused = "The change is smaller than the SNR allows; another method may use what is left."
    assert said(live) == f"The attack failed: the system says jazz. {unused}"
    attack.result = FakeResult(pair()[1], target_confidence=0.6)
    press(live)
    assert said(live) == f"The system says reggae, but less surely than wanted. {unused}"
    attack.result = FakeResult(pair()[1], target_confidence=0.6, snr_magnitude=15.1)
    press(live)
    assert said(live) == "The system says reggae, but less surely than wanted. A lower SNR allows a larger change."


def test_the_first_press_has_something_to_do(live: Panel, attack: FakeAttack) -> None:
    assert (live.excerpt.value, live.target.value) == ("jazz.00000", "reggae")
    live.target.value, live.confidence.value = "jazz", 0.8
    press(live)
    assert said(live) == "The system says jazz already, with 0.90; choose another label."
    assert (attack.calls, live.table.value, live.listen.outputs) == ([], "", ())
    live.confidence.value = 0.95
    attack.result = FakeResult(sine())
    press(live)
    assert said(live) == "The system says jazz, as before."


def test_an_attack_can_be_stopped_and_begins_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSIC_ADVERSARIES_STATIC", raising=False)
    begun, ended = threading.Event(), threading.Event()
    calls = []

    def endless(system: Any, waveforms: Any, targets: Any, budget: Any, *, watch: Any) -> Any:
        calls.append(targets)
        for iteration in itertools.count():
            watch(iteration, [0.1])
            begun.set()
            assert not ended.wait(0.01), "nobody stopped the attack"

    live = panel(FakeSystem(), FakeDataset(), attack=endless, seconds=0.5)
    assert live.stop.disabled
    try:
        live.button.click()
        live.button.click()
        assert begun.wait(60)
        assert (live.button.disabled, live.stop.disabled) == (True, False)
        live.target.value = "jazz"
        live.stop.click()
        live.thread.join(60)
    finally:
        ended.set()
    assert said(live) == "Stopped."
    assert calls == [["reggae"]]
    assert (live.button.disabled, live.stop.disabled, live.result, live.table.value) == (False, True, None, "")


def test_an_attack_in_a_cell_can_be_interrupted(live: Panel, attack: FakeAttack) -> None:
    attack.result = KeyboardInterrupt()
    live.run()
    assert said(live) == "Stopped."
    assert (live.button.disabled, live.result) == (False, None)


def test_the_panel_shows_a_users_mistake_as_a_sentence(live: Panel, attack: FakeAttack) -> None:
    press(live)
    attack.result = InputError("jazz.00000 is <silent>; choose another.")
    press(live)
    assert said(live) == "jazz.00000 is <silent>; choose another."
    assert (live.table.value, live.listen.outputs, live.result) == ("", (), None)
    assert not live.button.disabled


def test_the_panel_does_not_hide_other_errors(live: Panel, attack: FakeAttack) -> None:
    attack.result = RuntimeError("no memory")
    with pytest.raises(RuntimeError):
        live.run()
    assert said(live) == "The attack failed (RuntimeError: no memory)."
    assert not live.button.disabled


def test_on_the_static_page_the_panel_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSIC_ADVERSARIES_STATIC", "1")
    made = panel(FakeSystem(), FakeDataset())
    assert isinstance(made, StaticNote)
    bundle = made._repr_mimebundle_()
    assert set(bundle) == {"text/markdown", "text/plain"}
    assert "runs in JupyterLab" in bundle["text/plain"] == repr(made)


@pytest.mark.parametrize(
    ("settings", "culprit"),
    [
        ({"excerpts": []}, "no excerpt"),
        ({"excerpts": ["jazz.00000", "rock.00000"]}, "'rock.00000' is not an excerpt of fake"),
        ({"seconds": 0}, "seconds is 0"),
        ({"seconds": 60}, "seconds is 60"),
    ],
)
def test_bad_panels_are_refused_by_name(settings: dict[str, Any], culprit: str) -> None:
    with pytest.raises(InputError, match=culprit):
        panel(FakeSystem(), FakeDataset(), **settings)


def test_without_an_attack_the_panel_takes_algorithm_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSIC_ADVERSARIES_STATIC", raising=False)
    from music_adversaries import adversary

    assert panel(FakeSystem(), FakeDataset())._attack is adversary.attack


def circle(svg: str) -> tuple[float, float]:
    (found,) = ElementTree.fromstring(svg).iter("circle")
    return float(found.attrib["cx"]), float(found.attrib["cy"])


class Watched:
    """An attack that calls back after each iteration; what the panel showed meanwhile is kept."""

    def __init__(self, values: list[float]) -> None:
        self.values, self.shown, self.method = values, [], None

    def __call__(self, system: Any, waveforms: Any, targets: Any, budget: Any, *, method="a", watch=None):
        self.method = method
        for iteration, value in enumerate(self.values):
            watch(iteration, [value])
            self.shown.append(self.live.progress.value)
        watch(len(self.values), [])  # finished: no excerpt is attacked any more
        self.shown.append(self.live.progress.value)
        return [FakeResult(pair()[1])]


def test_the_line_climbs_while_the_attack_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSIC_ADVERSARIES_STATIC", raising=False)
    attack = Watched([0.1, 0.4, 0.8, 0.95])
    attack.live = panel(FakeSystem(), FakeDataset(), attack=attack, methods=("a", "b"), seconds=0.5)
    assert attack.live.method in attack.live.children
    attack.live.method.value = "b"
    attack.live.target.value = "reggae"
    press(attack.live)
    assert attack.method == "b"
    assert attack.shown[-1] == attack.shown[-2], "a finished excerpt moved the line"
    places = [circle(svg) for svg in attack.shown[:4]]
    assert [x for x, _ in places] == sorted({x for x, _ in places}), "the line does not go on to the right"
    assert [y for _, y in places] == sorted({y for _, y in places}, reverse=True), "the line does not climb"
    svg = ElementTree.fromstring(attack.shown[3])
    assert svg.attrib["aria-label"] == "Confidence in reggae: 0.95 after 3 iterations; wanted: 0.90"
    (line,) = svg.iter("polyline")
    assert len(line.attrib["points"].split()) == 4
    threshold = next(path.attrib["d"] for path in svg.iter("path") if "stroke-dasharray" in path.attrib)
    height = float(threshold.split("H")[0].split()[1])
    assert places[2][1] > height > places[3][1]
    assert said(attack.live) == "The system says reggae."
    attack.live.progress.value = "old"
    attack.values = []
    press(attack.live)
    assert attack.shown[-1] == "", "the line of the last attack stayed"


def test_the_line_begins_and_makes_room() -> None:
    assert "not begun" in confidence_curve([], 0.9, "<jazz>") and "<jazz>" not in confidence_curve([], 0.9, "<jazz>")
    assert "25 iterations</text>" in confidence_curve([0.5] * 26, 0.9, "jazz")
    assert "50 iterations</text>" in confidence_curve([0.5] * 27, 0.9, "jazz")
    assert "after 1 iteration;" in confidence_curve([0.5] * 2, 0.9, "jazz")
    bottom, top = (circle(confidence_curve([value], 0.9, "jazz"))[1] for value in (0.0, 1.0))
    middle = circle(confidence_curve([0.5], 0.9, "jazz"))[1]
    assert middle == pytest.approx((bottom + top) / 2)


def test_an_attack_of_one_method_has_no_choice(live: Panel, attack: FakeAttack) -> None:
    alone = panel(FakeSystem(), FakeDataset(), attack=attack, seconds=0.5, methods=["only"])
    assert alone.method not in alone.children and live.method in live.children


def test_the_methods_are_those_of_the_library(monkeypatch: pytest.MonkeyPatch, attack: FakeAttack) -> None:
    from music_adversaries import adversary

    monkeypatch.delenv("MUSIC_ADVERSARIES_STATIC", raising=False)
    monkeypatch.setattr(adversary, "METHODS", {"algorithm 1": None, "another": None}, raising=False)
    made = panel(FakeSystem(), FakeDataset(), attack=attack)
    assert made.method.options == ("algorithm 1", "another")
    assert made.method in made.children


def test_a_clip_is_a_value() -> None:
    clip = Clip("a", sine(), gain_db=6.0)
    louder = replace(clip, gain_db=12.0)
    np.testing.assert_allclose(louder.sounding(), clip.sounding() * 10**0.3, atol=2 * STEP)
