"""Figures of the chapters on adversaries: what is drawn is what the tables say, and so are the words."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from music_adversaries import spectra
from music_adversaries.book import figures
from music_adversaries.book.figures import BookFigure
from music_adversaries.book.figures.series import SERIES, apart, legend_columns
from music_adversaries.book.figures.transfer import _readable
from music_adversaries.errors import InputError
from music_adversaries.evaluation import wilson

N = 20


def shares(counts, **columns) -> list[dict]:
    """A row for each count of N, with Wilson's interval."""
    rows = []
    for i, k in enumerate(counts):
        low, high = wilson(k, N)
        rows.append({"value": k / N, "low": low, "high": high, "n": N, **{c: v[i] for c, v in columns.items()}})
    return rows


def budgets(attack: str, *counts: int, **more: str) -> list[dict]:
    values = (30.0, 15.0, 0.0)
    same = {name: [value] * len(values) for name, value in (("attack", attack), *more.items())}
    return shares(counts, budget=values, **same)


@pytest.fixture
def curves() -> pd.DataFrame:
    return pd.DataFrame(budgets("Algorithm 1", 4, 12, 20) + budgets("white noise", 0, 0, 20)[::-1])


def lines(axes) -> dict:
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def written(figure: BookFigure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def whiskers(axes) -> list[np.ndarray]:
    return [np.array(c.get_segments()) for c in axes.collections if isinstance(c, LineCollection)]


def no_overlap(figure: BookFigure) -> None:
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for axes in figure.axes for t in axes.texts if t.get_text()]
    width, height = figure.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


# --- series ---


def test_names_keep_apart_and_near():
    np.testing.assert_allclose(apart([0.1, 0.5, 0.9], [0.1] * 3), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(apart([0.5, 0.5], [0.1] * 2), [0.45, 0.55])
    np.testing.assert_allclose(apart([1, 1, 1], [0.1] * 3), [0.8, 0.9, 1.0])
    np.testing.assert_allclose(apart([0, 0.01], [0.1, 0.3]), [0, 0.2])  # touch: half of each
    rng = np.random.default_rng(0)
    for _ in range(20):
        heights, sizes = np.sort(rng.uniform(size=5)), rng.uniform(0.05, 0.2, size=5)
        placed = apart(heights, sizes)
        assert (np.diff(placed) >= (sizes[1:] + sizes[:-1]) / 2 - 1e-12).all()
        assert placed[0] >= -1e-12 and placed[-1] <= 1 + 1e-12


def test_series_differ_in_more_than_hue():
    assert len({marker for _, marker, _ in SERIES}) == len({colour for colour, _, _ in SERIES}) == len(SERIES)
    lightness = [np.dot([0.2126, 0.7152, 0.0722], to_rgb(colour)) for colour, _, _ in SERIES]
    assert all(abs(a - b) > 0.1 for a, b in zip(lightness, lightness[1:], strict=False))
    assert legend_columns(["a" * 90, "b"]) == 1 and legend_columns(["a", "b"]) == 2


# --- success ---


def test_success_curves_draw_the_table_from_large_to_small_snr(curves):
    figure = figures.success_curves(curves, title="A title")
    (axes,) = figure.axes
    drawn = lines(axes)
    assert list(drawn["Algorithm 1"].get_xdata()) == list(drawn["white noise"].get_xdata()) == [30, 15, 0]
    assert list(drawn["Algorithm 1"].get_ydata()) == [0.2, 0.6, 1.0]
    assert list(drawn["white noise"].get_ydata()) == [0, 0, 1]
    assert axes.xaxis_inverted() and axes.get_title(loc="left") == "A title"
    intervals = whiskers(axes)[0]
    np.testing.assert_allclose(intervals[:, :, 0], [[30, 30], [15, 15], [0, 0]])
    np.testing.assert_allclose(intervals[:, :, 1], [wilson(k, N) for k in (4, 12, 20)])
    assert set(written(figure)) == {"Algorithm 1", "white noise"}
    low, high = (f"{100 * edge:.0f}" for edge in wilson(12, N))
    assert figure.alt_text == (
        "A title. Share of attacks that succeed within an SNR budget, 20 excerpts each, with 95 % intervals. "
        f"Algorithm 1 20 % at 30 dB to 100 % at 0 dB, at least half from 15 dB, 60 % [{low}, {high}]; white noise 0 % "
        "at 30 dB to 100 % at 0 dB, at least half from 0 dB, 100 % [84, 100]."
    )


def test_whiskers_stand_beside_each_other_and_not_elsewhere_in_the_data(curves):
    axes = figures.success_curves(curves).axes[0]
    first, second = lines(axes).values()
    shift = second.get_transform().transform((15, 0)) - first.get_transform().transform((15, 0))
    assert shift[0] == pytest.approx(2.2 * axes.figure.dpi / 72) and shift[1] == 0


def test_names_at_ends_do_not_overlap():
    names = ["dnn", "cdnn, chain rule", "cdnn, published gradient", "cdnn, published loop with chain rule", "loop", "x"]
    table = pd.DataFrame([row for name in names for row in budgets(name, 4, 12, 20)]).rename(columns={"attack": "case"})
    figure = figures.success_curves(table, "case")
    no_overlap(figure)
    assert [" ".join(text.split("\n")) for text in written(figure)] == names[::-1]
    marks = [line.get_marker() for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert marks[::-1] == [marker for _, marker, _ in SERIES]


def test_success_in_panels(curves):
    table = pd.concat([curves.assign(system=s) for s in ("dnn50", "dnn500", "cdnn")])
    figure = figures.success_curves(table[table["system"] != "cdnn"], panels="system", title="Two")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["dnn50", "dnn500"]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    assert all(axes.xaxis_inverted() for axes in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Algorithm 1", "white noise"]
    assert "dnn50: Algorithm 1 20 % at 30 dB" in figure.alt_text and "dnn500: Algorithm 1" in figure.alt_text
    four = pd.concat([table, curves.assign(system="mfcc")])
    grid = figures.success_curves(four, panels="system")
    assert len(grid.axes) == 4 and len({axes.get_position().x0 for axes in grid.axes}) == 2
    for count in (5, 6):
        table_of = pd.concat([curves.assign(system=f"system {i}") for i in range(count)])
        grid = figures.success_curves(table_of, panels="system")
        assert [axes.get_title(loc="left") for axes in grid.axes] == [f"system {i}" for i in range(count)]
        assert len({axes.get_position().x0 for axes in grid.axes}) == 3
        grid.draw_without_rendering()
        named = [bool(axes.get_xlabel()) and axes.xaxis.get_tick_params()["labelbottom"] for axes in grid.axes]
        assert named == [False, False, count == 5, *[True] * (count - 3)]
    long = [f"dnn{i}00-dropout, artist-filtered" for i in range(6)]
    grid = figures.success_curves(pd.concat([curves.assign(system=name) for name in long]), panels="system")
    grid.draw_without_rendering()
    assert [" ".join(axes.get_title(loc="left").split()) for axes in grid.axes] == long
    boxes = [axes._left_title.get_window_extent() for axes in grid.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    # A curve that one panel lacks keeps its colour in the others.
    part = table[(table["system"] != "dnn50") | (table["attack"] == "white noise")]
    axes = figures.success_curves(part, panels="system").axes
    assert len(lines(axes[0])) == 1
    assert lines(axes[0])["white noise"].get_color() == lines(axes[1])["white noise"].get_color()


def test_success_at_one_budget_and_never_half():
    table = pd.DataFrame(budgets("noise", 0, 0, 0)).iloc[:1]
    figure = figures.success_curves(table)
    assert "noise 0 % at 30 dB, half at no budget." in figure.alt_text
    figure.png()


def test_success_refuses(curves):
    many = pd.DataFrame([row for i in range(7) for row in budgets(f"attack {i}", 1, 2, 3)])
    panels = pd.concat([curves.assign(system=i) for i in range(7)])
    for call, said in (
        (lambda: figures.success_curves(curves.drop(columns="low")), "lacks low; give"),
        (lambda: figures.success_curves(curves.iloc[:0]), "lacks rows"),
        (lambda: figures.success_curves(curves, "case"), "lacks case"),
        (lambda: figures.success_curves(curves.assign(value=60.0)), "'value' .* not within 0 and 1"),
        (lambda: figures.success_curves(panels), "several rows for one attack and budget"),
        (lambda: figures.success_curves(panels, panels="system"), "7 values; choose at most 6"),
        (lambda: figures.success_curves(many), "7 series; choose at most 6"),
    ):
        with pytest.raises(InputError, match=said):
            call()


# --- frequency ---


def profile() -> pd.DataFrame:
    bands = [(100.0, 400.0), (400.0, 1_600.0), (1_600.0, 10_000.0)]
    parts = {"music": (0.5, 0.25, 0.25), "dnn50": (0.125, 0.125, 0.75)}
    return pd.DataFrame(
        [
            {"of": of, "low": low, "high": high, "level": 10 * np.log10(share)}
            for of, values in parts.items()
            for (low, high), share in zip(bands, values, strict=True)
        ]
    )


def test_frequency_profile_draws_levels_at_the_middles_of_bands():
    figure = figures.frequency_profile(profile().iloc[::-1], "A title")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["100", "1k", "10k"]
    drawn = lines(axes)
    np.testing.assert_allclose(drawn["music"].get_xdata(), [200, 800, 4_000])
    np.testing.assert_allclose(drawn["music"].get_ydata(), 10 * np.log10([0.5, 0.25, 0.25]))
    assert set(written(figure)) == {"music", "dnn50"}
    assert "music: strongest from 100 to 400 Hz at -3.0 dB, 75 % of the energy below 1 kHz" in figure.alt_text
    assert "dnn50: strongest from 1600 to 10000 Hz at -1.2 dB, 25 % of the energy below 1 kHz" in figure.alt_text
    no_overlap(figure)


def test_frequency_profile_keeps_silence_out_of_the_scale():
    table = profile()
    table.loc[2, "level"] = -120.0
    figure = figures.frequency_profile(table)
    assert figure.axes[0].get_ylim()[0] > -80
    no_overlap(figure)


def test_frequency_profile_refuses():
    for table, said in (
        (profile().drop(columns="level"), "lacks level"),
        (profile().assign(low=0.0), "above 0 Hz lacks rows"),
        (pd.concat([profile().assign(of=f"{i}") for i in range(7)]), "7 series"),
    ):
        with pytest.raises(InputError, match=said):
            figures.frequency_profile(table)


# --- transfer ---


def transfers() -> pd.DataFrame:
    rows = [("a", "a", 1.0), ("a", "b", 0.25), ("a", "forest", 0.5), ("b", "a", 0.05), ("b", "b", 0.9)]
    table = pd.DataFrame(rows, columns=["source", "listener", "value"])
    return table.assign(quantity="success", n=N)


def test_transfer_matrix_writes_per_cent_and_outlines_the_white_box():
    figure = figures.transfer_matrix(transfers(), "A title")
    axes = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts[:6]}
    assert cells == {(0, 0): "100", (1, 0): "25", (2, 0): "50", (0, 1): "5", (1, 1): "90", (2, 1): "–"}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "b", "forest"]
    outlined = [patch.get_xy() for patch in axes.patches if patch.get_gid() == "white box"]
    assert outlined == [(-0.5, -0.5), (0.5, 0.5)]
    assert figure.alt_text == (
        "A title. Share of adversaries that get the target from the listener, 20 a pair. Made for a: 100 % on itself; "
        "forest 50 % and b 25 %. Made for b: 90 % on itself; a 5 %."
    )
    changed = figures.transfer_matrix(transfers().assign(quantity="changed"))
    assert changed.axes[0].texts[1].get_text() == "25" and "another label" in changed.alt_text


def test_transfer_matrix_of_the_recorded_size_keeps_names_apart():
    listeners = ["dnn50", "dnn200-dropout", "dnn50-log", "dnn50-mel", "cdnn", "dnn50, seed 1"]
    listeners += ["dnn50, artist-filtered", "cdnn, artist-filtered", "forest on dnn50", "mfcc"]
    rows = [("success", source, listener, 0.5, 30) for source in listeners[:5] for listener in listeners]
    figure = figures.transfer_matrix(pd.DataFrame(rows, columns=["quantity", "source", "listener", "value", "n"]))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    names = axes.get_xticklabels()
    assert [name.get_text() for name in names] == listeners
    (angle,) = {name.get_rotation() for name in names}
    step = axes.transData.transform([(0, 0), (1, 0)])[:, 0]
    across = (step[1] - step[0]) * np.sin(np.radians(angle))  # from one name's line to the next
    for name in names:
        name.set_rotation(0)
    assert max(name.get_window_extent().height for name in names) < 0.7 * across


def test_transfer_matrix_of_a_source_that_only_hears_itself():
    figure = figures.transfer_matrix(transfers().iloc[:1])
    assert figure.alt_text.endswith("Made for a: 100 % on itself.")


def test_numbers_are_readable_on_every_shade():
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    for share in np.linspace(0, 1, 101):
        ground = mpl.colormaps["Blues"](0.9 * share)
        darker, lighter = sorted((luminance(ground), luminance(_readable(ground))))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_transfer_matrix_refuses():
    for table, said in (
        (transfers().assign(quantity="snr"), "has the quantity snr; choose success or changed"),
        (pd.concat([transfers(), transfers().assign(quantity="changed")]), "has the quantity success, changed; choose"),
        (transfers().drop(columns="listener"), "lacks listener"),
        (transfers().assign(value=50), "not within 0 and 1"),
        (pd.concat([transfers()] * 2), "several rows for one source and listener"),
    ):
        with pytest.raises(InputError, match=said):
            figures.transfer_matrix(table)


# --- traces ---


def test_what_confidence_traces_say_of_the_threshold_covers_no_trace():
    axes = figures.confidence_traces({"a": [0.1, 1.0], "b": [0.1] * 30 + [1.0]}).axes[0]
    axes.figure.draw_without_rendering()
    (text,) = (text for text in axes.texts if text.get_text() == "confidence asked for: 0.9")
    box = text.get_window_extent().transformed(axes.transData.inverted())
    assert box.y0 > 1 and box.y1 < axes.get_ylim()[1]


def test_loss_traces():
    traces = {"Algorithm 1": [2.0, 0.5, 0.0], "fast gradient": [2.0, 1.5]}
    figure = figures.loss_traces(traces, "jazz as pop")
    axes = figure.axes[0]
    assert {name: list(line.get_ydata()) for name, line in lines(axes).items() if name in traces} == traces
    ends = {tuple(line.get_xydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1}
    assert ends == {(2, 0.0), (1, 1.5)}
    assert axes.get_yscale() == "linear" and axes.get_ylim()[0] == 0
    assert figure.alt_text == (
        "jazz as pop. Mean cross-entropy with the target against the iteration, 2 attacks: Algorithm 1 from 2 to 0 in "
        "2 iterations, least 0; fast gradient from 2 to 1.5 in 1 iteration, least 1.5."
    )


def test_loss_traces_over_more_than_two_decades_are_logarithmic():
    assert figures.loss_traces({"a": [1.0, 0.01]}).axes[0].get_yscale() == "linear"
    figure = figures.loss_traces({"a": [1.0, 0.009, 0.0]})
    axes = figure.axes[0]
    assert axes.get_yscale() == "log" and "on a logarithmic axis" in figure.alt_text
    assert axes.get_ylim() == pytest.approx((0.006, 1.5))
    figure.png()
    figures.loss_traces({"a": [0.0]}).png()


def test_loss_traces_refuse():
    for traces, said in (
        ({}, "no trace"),
        ({"a": []}, "no trace"),
        ({"a": [1.0, np.nan]}, "negative or not finite"),
        ({"a": [-1.0]}, "negative or not finite"),
        ({str(i): [1.0] for i in range(13)}, "13 traces to tell apart; choose at most 12"),
    ):
        with pytest.raises(InputError, match=said):
            figures.loss_traces(traces)


# --- one frame ---


def test_frame_spectra_of_a_tone_and_a_weak_one():
    time = np.arange(22_050) / 22_050
    swell = np.where((time > 0.5) & (time < 0.6), 1.0, 0.5)
    step = 22_050 / spectra.N_FFT
    original = (0.5 * swell * np.sin(2 * np.pi * 40 * step * time)).astype(np.float32)
    added = (0.005 * np.sin(2 * np.pi * 400 * step * time)).astype(np.float32)
    figure = figures.frame_spectra(original, original + added, labels=("jazz", "pop"))
    drawn = lines(figure.axes[0])
    assert list(drawn) == ["jazz", "pop", "difference"]
    assert figure.axes[0].get_xlim() == (0, 11.025)
    kilohertz, level = drawn["jazz"].get_data()
    assert kilohertz[level.argmax()] == pytest.approx(40 * step / 1_000) and level.max() == 0
    kilohertz, level = drawn["difference"].get_data()
    assert kilohertz[level.argmax()] == pytest.approx(400 * step / 1_000)
    assert level.max() == pytest.approx(-40, abs=0.05)
    at = float(figure.alt_text.split("frame at ")[1].split(" s")[0])
    assert 0.5 < at < 0.56  # it lies in the loud part
    # A tenth of the time at full level: 10 log10((0.1 + 0.9 / 4) / 0.01 ** 2) = 35.1 dB.
    assert "SNR 40.0 dB, of the whole 35." in figure.alt_text and "over the original above 6 kHz" in figure.alt_text
    quiet = figures.frame_spectra(original, original + added, 3)
    assert lines(quiet.axes[0])["original"].get_ydata().max() == pytest.approx(-6.02, abs=0.01)
    assert "frame at 0.07 s" in quiet.alt_text


def test_frame_spectra_show_what_the_triple_shows_below():
    noise = np.random.default_rng(0).normal(size=(2, 22_050)).astype(np.float32)
    adversary = noise[0] + 0.1 * noise[1]
    alone = figures.frame_spectra(noise[0], adversary)
    below = figures.spectrogram_triple(noise[0], adversary).axes[4]
    for name, line in lines(alone.axes[0]).items():
        np.testing.assert_array_equal(line.get_ydata(), lines(below)[name].get_ydata())


def test_frame_spectra_of_silence_within_music():
    wave = np.zeros(4_096, dtype=np.float32)
    wave[3_000:] = 0.5
    same = figures.frame_spectra(wave, wave, 0)
    assert "SNR without limit" in same.alt_text and "The difference is silent" in same.alt_text
    noisy = figures.frame_spectra(wave, wave + 0.001, 0)
    assert "SNR of no signal" in noisy.alt_text
    noisy.png()


def test_frame_spectra_refuse():
    ones = np.ones(4_096, dtype=np.float32)
    for call, said in (
        (lambda: figures.frame_spectra(ones, ones[1:]), "differ in length"),
        (lambda: figures.frame_spectra(0 * ones, ones), "silent"),
        (lambda: figures.frame_spectra(ones, ones, 7), "Frame 7 is not among the 7 shown; choose 0 to 6"),
    ):
        with pytest.raises(InputError, match=said):
            call()


# --- survival ---


def survivors() -> pd.DataFrame:
    processes = ["MP3", "low-pass", "+1 dB"]
    counts = {"Algorithm 1": (5, 10, 20), "original": (20, 18, 20)}
    return pd.DataFrame([row for what, ks in counts.items() for row in shares(ks, process=processes, what=[what] * 3)])


def test_survival_keeps_the_order_of_the_processes():
    figure = figures.survival(survivors(), "A title")
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["MP3", "low-pass", "+1 dB"]
    assert axes.yaxis_inverted()
    drawn = lines(axes)
    assert list(drawn["Algorithm 1"].get_xdata()) == [0.25, 0.5, 1.0]
    heights = np.array([drawn[what].get_ydata() for what in ("Algorithm 1", "original")])
    np.testing.assert_array_equal(heights.round(), [[0, 1, 2]] * 2)
    assert (heights[0] < heights[1]).all()
    np.testing.assert_allclose(whiskers(axes)[0][:, :, 0], [wilson(k, N) for k in (5, 10, 20)])
    np.testing.assert_allclose(whiskers(axes)[0][:, 0, 1], heights[0])
    assert drawn["Algorithm 1"].get_marker() != drawn["original"].get_marker()
    assert figure.alt_text.startswith(
        "A title. Shares of 20 excerpts after processing, with 95 % intervals. "
        "MP3: Algorithm 1 25 % [11, 47] and original 100 % [84, 100]. low-pass: Algorithm 1 50 % [30, 70]"
    )


def test_survival_without_one_of_the_shares():
    figure = figures.survival(survivors().iloc[:5])
    assert "+1 dB: Algorithm 1 100 % [84, 100]." in figure.alt_text
    assert len(lines(figure.axes[0])["original"].get_xdata()) == 2


def test_survival_refuses():
    for table, said in (
        (survivors().drop(columns="what"), "lacks what"),
        (survivors().iloc[:0], "lacks rows"),
        (survivors().assign(high=100.0), "'high' .* not within 0 and 1"),
        (pd.concat([survivors()] * 2), "several rows for one process and what"),
    ):
        with pytest.raises(InputError, match=said):
            figures.survival(table)


def test_pictures_are_small(curves):
    tables = [curves.assign(system=system) for system in "abcd"]
    for figure in (
        figures.success_curves(pd.concat(tables), panels="system"),
        figures.frequency_profile(profile()),
        figures.transfer_matrix(transfers()),
        figures.survival(survivors()),
    ):
        assert len(figure.png()) <= figures.MAX_BYTES
        assert figure.get_size_inches()[0] == figures.WIDTH
