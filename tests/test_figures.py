"""Figures: what is drawn is what the data say, and so are the words that describe it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb

from music_adversaries import spectra
from music_adversaries.book import figures, partitions
from music_adversaries.book.figures import BookFigure
from music_adversaries.book.measurements import measurement
from music_adversaries.errors import InputError
from music_adversaries.evaluation import Estimate, FigureOfMerit, mean_interval

LABELS = ["blues", "jazz", "pop"]


@dataclass(frozen=True)
class Table:
    table: pd.DataFrame


@pytest.fixture(scope="module")
def manifest() -> Table:
    rows = [(label, f"{label} {i // 4}", f"song {i}") for label in LABELS for i in range(20)]
    rows[3] = ("blues", "", "")
    table = pd.DataFrame(rows, columns=["label", "artist", "title"])
    table.insert(0, "excerpt", [f"{label}.{i:05d}" for i, label in enumerate(table["label"])])
    return Table(table)


@pytest.fixture(scope="module")
def merit() -> BookFigure:
    truth = ["blues"] * 4 + ["jazz"] * 4 + ["pop"] * 2
    return figures.figure_of_merit(FigureOfMerit(truth, ["blues"] * 3 + ["jazz"] * 5 + ["pop"] * 2, LABELS), "A title")


def texts(figure: BookFigure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


# --- how figures behave in a notebook ---


def test_a_notebook_shows_a_figure_with_its_description(merit):
    data, metadata = DisplayFormatter().format(merit)
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"] == {"alt": merit.alt_text, "width": 700}
    assert "0x" not in data["text/plain"]  # an address would change with every run


def test_figures_leave_pyplot_and_the_settings_alone(merit):
    before = dict(mpl.rcParams)
    figures.snr_by_label(["jazz"], [20.0]).png()
    assert dict(mpl.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_the_same_figure_gives_the_same_bytes(merit):
    assert merit.png() == merit.png()


def test_pictures_stay_small():
    noise = np.random.default_rng(0).normal(size=(2, 22050 * 12)).astype(np.float32)
    figure = figures.spectrogram_triple(noise[0], noise[0] + 0.1 * noise[1])
    assert len(figure.png()) <= figures.MAX_BYTES


def test_colours_of_parts_differ_in_lightness():
    lightness = [sum(to_rgb(figures.PART_COLOURS[part])) for part in ("train", "valid", "test")]
    assert lightness[0] > lightness[1] + 0.3 > lightness[2] + 0.6


# --- figure of merit ---


def test_figure_of_merit_shows_the_table(merit):
    shown = texts(merit)
    assert [text for text in shown if text.isdigit()] == [
        "75",
        "100",  # blues given: of blues; precision
        "25",
        "100",
        "80",  # jazz given: of blues, of jazz; precision
        "100",
        "100",  # pop
        "86",
        "89",
        "100",
        "92",  # F-scores, mean recall
    ]
    assert any("accuracy 90.0 %" in text and "mean recall 91.7 %" in text and "n = 10" in text for text in shown)


def test_figure_of_merit_in_words(merit):
    assert "A title" in merit.alt_text
    assert "accuracy 90.0 % [59.6, 98.2]" in merit.alt_text
    assert "lowest: blues, 75 %" in merit.alt_text
    assert "blues labelled jazz, 25 % of blues" in merit.alt_text


def test_figure_of_merit_without_an_excerpt_of_a_label():
    figure = figures.figure_of_merit(FigureOfMerit(["blues"], ["blues"], LABELS))
    assert texts(figure).count("–") >= 6
    assert "nan" not in figure.alt_text and "most frequent" not in figure.alt_text


# --- partitions ---


def squares_of(figure: BookFigure, panel: int) -> dict[str, PatchCollection]:
    found = {}
    for collection in figure.axes[panel].collections:
        if (collection.get_gid() or "").startswith("part:"):
            found[collection.get_gid().removeprefix("part:")] = collection
    return found


def test_partition_map_has_a_square_in_its_colour_for_every_excerpt(manifest):
    both = {
        "random": partitions.random(manifest, seed=0),
        "filtered": partitions.restrict(partitions.artist_filtered(manifest, seed=0), ["jazz", "pop"], manifest),
    }
    figure = figures.partition_map(manifest, both)
    for panel, partition in enumerate(both.values()):
        found = squares_of(figure, panel)
        counts = partition.counts()
        expected = {part: counts[part or "unused"] for part in ("train", "valid", "test", "")}
        assert {part: len(squares.get_paths()) for part, squares in found.items()} == {
            part: n for part, n in expected.items() if n
        }
        assert sum(expected.values()) == len(manifest.table)
        for part, squares in found.items():
            assert tuple(squares.get_facecolor()[0][:3]) == pytest.approx(to_rgb(figures.PART_COLOURS[part]))


def test_partition_map_keeps_squares_apart_and_artists_in_place(manifest):
    found = figures.partitions._blocks(manifest)
    assert list(found["blues"])[-1] == "(unknown, blues)"
    _, squares, outlines, unknown = figures.partitions._arrange(found, 2)
    assert len(set(squares.values())) == len(squares) == len(manifest.table)
    corners = np.array(list(squares.values()))
    distance = np.abs(corners[:, None] - corners[None]).max(axis=2)
    assert distance[~np.eye(len(corners), dtype=bool)].min() >= 1
    assert len(outlines) == 15 and len(unknown) == 1
    for x, y, width, height in outlines + unknown:
        inside = (corners >= [x, y]).all(axis=1) & (corners < [x + width, y + height]).all(axis=1)
        assert inside.sum() in (1, 3, 4)  # one artist's excerpts and nobody else's


def test_partition_map_in_words(manifest):
    random = partitions.random(manifest, seed=0)
    figure = figures.partition_map(
        manifest, {"random": random, "filtered": partitions.artist_filtered(manifest, seed=0)}
    )
    total = partitions.audit(manifest, random).overall
    assert f"{total['shared_artist']} of {total['test_known']} test excerpts" in figure.alt_text
    assert "0 of 15 artists stand in more than one part" in figure.alt_text
    assert "60 excerpts of 3 classes" in figure.alt_text
    with pytest.raises(InputError, match="no partition to draw"):
        figures.partition_map(manifest, {})


# --- training ---


HISTORY = {
    "train_loss": [2.0, 1.0, 0.5],
    "valid_loss": [2.2, 1.5, 1.6],
    "valid_error": [0.8, 0.5, 0.52],
    "learning_rate": [0.01, 0.008, 0.006],
    "best_epoch": 1,
}


def test_learning_curves():
    figure = figures.learning_curves(HISTORY)
    loss, error, rate = figure.axes
    assert list(loss.lines[0].get_ydata()) == HISTORY["train_loss"]
    assert list(loss.lines[1].get_ydata()) == HISTORY["valid_loss"]
    assert list(error.lines[0].get_ydata()) == HISTORY["valid_error"]
    assert list(rate.lines[0].get_ydata()) == HISTORY["learning_rate"]
    assert (error.lines[1].get_xdata()[0], error.lines[1].get_ydata()[0]) == (2, 0.5)
    assert "from 80.0 % to 52.0 %; best at epoch 2, 50.0 %" in figure.alt_text
    with pytest.raises(InputError, match="no epoch"):
        figures.learning_curves({**HISTORY, "train_loss": []})


def test_gap():
    table = pd.DataFrame(
        {
            "partition": ["random", "artist_filtered"] * 3,
            "seed": [0, 0, 1, 1, 2, 2],
            "accuracy": [0.8, 0.5, 0.7, 0.6, 0.75, 0.4],
        }
    )
    figure = figures.gap(table, chance=0.1)
    seeds = [line for line in figure.axes[0].lines if len(line.get_ydata()) == 2 and line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in seeds] == [[0.8, 0.5], [0.7, 0.6], [0.75, 0.4]]
    interval = mean_interval([0.8, 0.7, 0.75])
    assert f"random 75.0 % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]" in figure.alt_text
    assert "higher for 3 of 3 seeds, by 25.0 points" in figure.alt_text
    assert "[" not in figures.gap(table[table["seed"] == 0]).alt_text
    with pytest.raises(InputError, match="lacks accuracy"):
        figures.gap(table.drop(columns="accuracy"))


# --- adversaries ---


def test_spectrogram_triple_draws_levels_on_one_scale():
    rng = np.random.default_rng(0)
    magnitudes = rng.uniform(0.1, 1, size=(3, 30, 513)).astype(np.float32)
    magnitudes[0, 7] *= 10
    original, adversary = magnitudes[0], magnitudes[0] + 0.1 * magnitudes[1]
    figure = figures.spectrogram_triple(original, adversary, labels=("original: jazz", "adversary: pop"))
    images = [axes.images[0] for axes in figure.axes[:3]]
    assert {image.get_clim() for image in images} == {(-80.0, 0.0)}
    for image, expected in zip(images, (original, adversary, adversary - original), strict=True):
        np.testing.assert_allclose(image.get_array(), 20 * np.log10(expected.T / original.max()), atol=1e-3)
    lines = figure.axes[4].lines
    np.testing.assert_allclose(lines[0].get_ydata(), 20 * np.log10(original[7] / original.max()), atol=1e-3)
    snr = 20 * np.log10(np.linalg.norm(original) / np.linalg.norm(adversary - original))
    assert f"SNR on magnitudes {snr:.1f} dB" in figure.alt_text
    assert "original: jazz, adversary: pop and difference" in figure.alt_text


def test_spectrogram_triple_of_waveforms():
    time = np.arange(22050 * 2) / 22050
    original = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    hiss = (0.005 * np.sin(2 * np.pi * 8000 * time)).astype(np.float32)
    figure = figures.spectrogram_triple(original, original + hiss, seconds=1.0)
    drawn = figure.axes[0].images[0].get_array()
    assert drawn.shape == (513, 43)
    assert np.bincount(drawn.argmax(axis=0)).argmax() == round(440 / 22050 * spectra.N_FFT)
    assert figure.axes[2].images[0].get_array().max() == pytest.approx(-40, abs=0.5)
    assert "SNR on magnitudes 40" in figure.alt_text or "SNR on magnitudes 39" in figure.alt_text
    assert "over the original above 6 kHz" in figure.alt_text
    same = figures.spectrogram_triple(original, original)
    assert "SNR on magnitudes without limit. The difference is silent." in same.alt_text


def test_spectrogram_triple_refuses_what_it_cannot_draw():
    ones = np.ones(4096, dtype=np.float32)
    for call, said in (
        (lambda: figures.spectrogram_triple(ones, ones[1:]), "differ in length"),
        (lambda: figures.spectrogram_triple(0 * ones, ones), "silent"),
        (lambda: figures.spectrogram_triple(ones, ones, frame=99), "Frame 99 is not among"),
        (lambda: figures.spectrogram_triple(*np.ones((2, 2, 2, 2), dtype=np.float32)), "neither a waveform"),
    ):
        with pytest.raises(InputError, match=said):
            call()


def test_confidence_traces():
    traces = {"jazz": [0.1, 0.5, 0.95], "pop": [0.1, 0.2, 0.3, 0.4], "rock": [0.2, 0.92]}
    figure = figures.confidence_traces(traces, threshold=0.9)
    drawn = {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].lines if line.get_label() in traces}
    assert drawn == traces
    assert "3 attacks: 2 reach the confidence of 0.9" in figure.alt_text
    assert "fastest after 1 and the slowest after 2 iterations" in figure.alt_text
    assert "Not reached: pop ends at 0.40" in figure.alt_text
    many = figures.confidence_traces([[0.1, 0.95]] * 30)
    assert many.alt_text.startswith("Mean posterior of the target label against the iteration, 30 attacks: 30 reach")
    for bad in ([], [[]], {}):
        with pytest.raises(InputError, match="no trace"):
            figures.confidence_traces(bad)


def test_snr_by_label():
    figure = figures.snr_by_label(LABELS, [20.0, 15.0, np.inf], [True, False, True])
    axes = figure.axes[0]
    ticks = [tick.get_text() for tick in axes.get_yticklabels()]
    assert ticks == ["pop", "blues", "jazz"]
    dots = {round(line.get_ydata()[0]): line for line in axes.lines if len(line.get_ydata()) == 1}
    assert dots[1].get_xdata()[0] == 20.0 and dots[1].get_marker() == "o"
    assert dots[2].get_xdata()[0] == 15.0 and dots[2].get_marker() == "x"
    assert dots[0].get_marker() == ">"
    assert figure.alt_text == (
        "SNR by label asked for, 2 of 3 reached: pop needs no change, blues 20.0 dB and jazz 15.0 dB (not reached). "
        "The limit is 15 dB."
    )
    for bad in (([], []), (["a"], []), (["a"], [1.0], [])):
        with pytest.raises(InputError, match="one of each"):
            figures.snr_by_label(*bad)


def test_snr_by_label_without_any_change():
    figure = figures.snr_by_label(["jazz"], [np.inf], limit=None)
    assert "jazz needs no change" in figure.alt_text
    figure.png()


# --- doses ---


def dose_table():
    def row(quantity, value, **conditions):
        return measurement(quantity, Estimate(value, value - 0.02, value + 0.02, 5), **conditions)

    rows = [row("share", 0.5)]  # of no series
    for series in ("production", "correlation"):
        for dose in (1.0, 0.0, 0.5):
            of = {"series": series, "dose": dose}
            rows += [row("accuracy", 0.5 + dose / 4, partition="random", **of), row("difference", dose / 4, **of)]
            rows.append(row("accuracy", 0.5, partition="artist_filtered", **of))
    return pd.DataFrame(rows)


def test_doses_draws_both_partitions_in_the_order_of_the_doses():
    knobs = {"production": ("dose", "strength"), "correlation": ("dose", "correlation with genre")}
    figure = figures.doses(dose_table(), knobs, chance=0.1)
    assert [axes.get_xlabel() for axes in figure.axes] == ["strength", "correlation with genre"]
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["random"].get_xdata()) == [0.0, 0.5, 1.0]
    assert list(lines["random"].get_ydata()) == [0.5, 0.625, 0.75]
    assert list(lines["artist-filtered"].get_ydata()) == [0.5, 0.5, 0.5]
    written = {text.get_text().strip() for text in figure.axes[0].texts}
    assert {"0.0", "12.5", "25.0"} <= written
    assert "strength: at 0 random 50.0 %, artist-filtered 50.0 %, difference 0.0 points [-2.0, 2.0]" in figure.alt_text
    with pytest.raises(InputError, match="no series 'habits'; it has production, correlation"):
        figures.doses(dose_table(), {"habits": ("dose", "strength")})
