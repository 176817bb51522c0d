"""Figures of the chapter on training: networks, their first layer, and one unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from music_adversaries.book import figures
from music_adversaries.book.figures import BookFigure
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Standardise

N_BINS = 513


def standardise() -> Standardise:
    return Standardise(torch.zeros(N_BINS), torch.ones(N_BINS))


@pytest.fixture(scope="module")
def dnn() -> DNN:
    return DNN(standardise(), 10, 50, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def cdnn() -> CDNN:
    return CDNN(standardise(), 10, generator=torch.Generator().manual_seed(0))


def texts(figure: BookFigure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def trained(network: nn.Module) -> str:
    return f"{sum(parameter.numel() for parameter in network.parameters()):,} parameters are trained"


# --- architectures ---


def test_architecture_of_a_dnn_by_hand(dnn):
    figure = figures.architecture(dnn)
    shown = [text for text in texts(figure) if text.replace(",", "").isdigit()]
    counts = [513 + 513, 513 * 50 + 50, 50 * 50 + 50, 50 * 50 + 50, 50 * 10 + 10]
    assert shown == [f"{count:,}" for count in counts] + ["513", "513", "50", "50", "50", "10"]
    assert trained(dnn) in figure.alt_text and "31,310" in figure.alt_text
    assert "50 units in layer 3, 2,550 parameters; 10 labels by softmax, 510 parameters" in figure.alt_text


def test_architecture_reads_the_sizes_from_the_network():
    figure = figures.architecture(DNN(Standardise(torch.zeros(65), torch.ones(65)), 3, 500, dropout=0.25), "A title")
    assert {"65", "500", "3", f"{65 * 500 + 500:,}", "250,500", "1,503", "A title"} <= set(texts(figure))
    assert "A title" in figure.alt_text
    network = CDNN(standardise(), 4, 7, n_frames=40, n_filters=6, kernels=((3, 300), (5, 6)), biases="untied")
    figure = figures.architecture(network)
    shown = set(texts(figure))
    assert {f"{a} × {b}" for a, b in [(40, N_BINS), *network.sizes]} <= shown
    assert {"3 × 300\nfilters", "5 × 6\nfilters", "6 maps", "6 pooled", "7", "4"} <= shown
    assert f"{6 * 3 * 300 + 6 * 38 * 214:,}" in shown  # filters, and a bias for every position
    assert trained(network) in figure.alt_text


def test_architecture_of_the_papers_cdnn(cdnn):
    figure = figures.architecture(cdnn)
    shown = texts(figure)
    for size in ("100 × 513", "97 × 114", "48 × 56", "41 × 49", "20 × 24", "15,360", "50", "10"):
        assert size in shown
    for count in (32 * 4 * 400 + 32, 32 * 32 * 8 * 8 + 32, 15_360 * 50 + 50, 510):
        assert f"{count:,}" in shown
    assert trained(cdnn) in figure.alt_text and "32 maps of 97 x 114 by filters of 4 x 400" in figure.alt_text


def test_maps_are_drawn_to_scale(cdnn):
    drawn = [(p.get_width(), p.get_height()) for p in figures.architecture(cdnn).axes[0].patches]
    slice_ = drawn[0]
    scale = slice_[0] / 100
    assert slice_ == pytest.approx((100 * scale, 513 * scale))
    for size in [(4, 400), *cdnn.sizes, (8, 8)]:
        assert any(np.allclose(one, np.multiply(size, scale)) for one in drawn), size


@pytest.mark.parametrize("kind", ["dnn", "cdnn"])
def test_nothing_written_leaves_the_page_or_covers_another(kind, request):
    figure = figures.architecture(request.getfixturevalue(kind), "A title of some length, as a chapter has it")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
    width, height = figure.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def test_only_known_networks_are_drawn():
    for draw in (figures.architecture, figures.first_layer):
        with pytest.raises(InputError, match="type Linear cannot be drawn"):
            draw(nn.Linear(2, 2))


# --- first layer ---


def test_first_layer_of_a_dnn_shows_the_largest_and_sorts_all():
    network = DNN(standardise(), 3, 5)
    with torch.no_grad():
        weight = network.hidden[0].weight.zero_()
        for unit, (bin_, value) in enumerate([(400, 0.1), (10, 0.5), (256, -0.9), (100, 0.2), (500, 0.3)]):
            weight[unit, bin_] = value
    weight = weight.detach()
    figure = figures.first_layer(network)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:3] == ["unit 2", "unit 1", "unit 4"]
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), weight[2].numpy())
    smooth = figure.axes[0].lines[2].get_ydata()
    assert smooth[256] == pytest.approx(-0.9 / 15) and smooth.sum() == pytest.approx(-0.9)
    centres = figure.axes[3].lines[0].get_xdata()
    np.testing.assert_allclose(centres, np.array([10, 100, 256, 400, 500]) * 11.025 / 512)
    image = figure.axes[3].images[0].get_array()
    assert list(image.argmax(axis=1)) == [1, 12, 31, 49, 62]  # the first of the 64 bands holds 9 bins
    assert "unit 2: largest weight 0.00" in figure.alt_text and "smallest -0.90 at 5.5 kHz" in figure.alt_text
    assert "from 0.2 to 10.8 kHz" in figure.alt_text
    assert f"{100 * (0.5**2) / (0.1**2 + 0.5**2 + 0.9**2 + 0.2**2 + 0.3**2):.0f} % of the squared" in figure.alt_text


def test_first_layer_names_the_units_asked_for(dnn):
    figure = figures.first_layer(dnn, [7, 3], ["bass", "hiss"], "After training")
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["bass", "hiss"]
    np.testing.assert_allclose(figure.axes[1].lines[1].get_ydata(), dnn.hidden[0].weight[3].detach().numpy())
    assert "standardised" in figure.axes[0].get_ylabel()
    assert figure.alt_text.startswith("After training. First-layer weights of 50 units on 513 standardised bins. bass:")


def test_first_layer_of_a_cdnn_shows_filters(cdnn):
    figure = figures.first_layer(cdnn)
    norms = cdnn.weight1.detach().flatten(1).norm(dim=1)
    expected = norms.argsort(descending=True)[:4].tolist()
    assert [axes.get_title(loc="left") for axes in figure.axes[:4]] == [f"filter {unit}" for unit in expected]
    for axes, unit in zip(figure.axes, expected, strict=False):
        np.testing.assert_allclose(axes.images[0].get_array(), cdnn.weight1[unit, 0].detach().numpy().T)
    assert "4 of 32 filters of the first layer, each 4 frames x 400 bins (8.6 kHz)" in figure.alt_text


def test_first_layer_without_any_weight_is_drawn():
    network = DNN(standardise(), 3, 5)
    nn.init.zeros_(network.hidden[0].weight)
    figure = figures.first_layer(network)
    assert "nan" not in figure.alt_text
    figure.png()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([50],), "choose 1 to 6 from 0 to 49"),
        (([-1],), "choose 1 to 6"),
        (([],), "choose 1 to 6"),
        ((list(range(7)),), "choose 1 to 6"),
        (([1, 2], ["one"]), "2 units but 1 labels"),
    ],
)
def test_first_layer_refuses(dnn, arguments, said):
    with pytest.raises(InputError, match=said):
        figures.first_layer(dnn, *arguments)


# --- a unit ---

LABELS = ["blues", "jazz", "pop"]


def test_unit_reading_draws_the_drive_and_the_labels():
    drive = np.zeros(N_BINS)
    drive[0], drive[100], drive[512] = 0.25, 1.5, -0.5
    figure = figures.unit_reading(drive, [0.2, 1.0, 0.6], LABELS, title="layer 1, unit 3")
    left, right = figure.axes
    heights = np.array([bar.get_height() for bar in left.patches])
    assert heights.sum() == pytest.approx(drive.sum())
    assert heights[0] == 0.25 and heights[-1] == -0.5 and heights.max() == 1.5
    up = left.patches[int(heights.argmax())]
    assert up.get_x() <= 100 * 11.025 / 512 < up.get_x() + up.get_width()
    assert up.get_facecolor() != left.patches[-1].get_facecolor()
    assert [tick.get_text() for tick in right.get_yticklabels()] == ["jazz", "pop", "blues"]
    assert [bar.get_width() for bar in right.patches] == [1.0, 0.6, 0.2]
    assert figure.alt_text.startswith("layer 1, unit 3. Drive by frequency: pushed up most by 1.5 from 2.1 to 2.3 kHz")
    assert "pushed down most by -0.5 from 10.8 to 11.0 kHz; 78 % of all drive is upwards" in figure.alt_text
    assert "Mean activation by true label: jazz 1.00, pop 0.60, blues 0.20" in figure.alt_text
    assert "Median act" in figures.unit_reading(drive, [0.2, 1.0, 0.6], LABELS, average="median").alt_text


def test_unit_reading_of_a_dead_unit():
    figure = figures.unit_reading(np.zeros(N_BINS), np.zeros(3), LABELS)
    assert "Drive by frequency: none. Mean" in figure.alt_text
    figure.png()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([], [1.0], ["a"]), "one value a bin"),
        ((np.ones((2, 3)), [1.0], ["a"]), "one value a bin"),
        ((np.ones(9), [1.0], ["a", "b"]), "1 activations and 2 labels"),
        ((np.ones(9), [], []), "0 activations and 0 labels"),
        ((np.ones(9), [np.nan], ["a"]), "not finite"),
    ],
)
def test_unit_reading_refuses(arguments, said):
    with pytest.raises(InputError, match=said):
        figures.unit_reading(*arguments)


def test_pictures_are_small(dnn, cdnn):
    for figure in (*map(figures.architecture, (dnn, cdnn)), *map(figures.first_layer, (dnn, cdnn))):
        assert len(figure.png()) <= figures.MAX_BYTES
        assert figure.get_size_inches()[0] == figures.WIDTH
