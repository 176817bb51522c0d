"""Features and texture windows: arithmetic by hand, direct formulas, librosa's own path."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from music_adversaries import spectra
from music_adversaries.book import features
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Standardise, System


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def dnn(units: int = 4, bins: int = spectra.N_BINS, seed: int = 0) -> DNN:
    standardise = Standardise(torch.full((bins,), 0.5), torch.full((bins,), 2.0))
    return DNN(standardise, 3, units, generator=torch.Generator().manual_seed(seed))


# --- texture windows ---


def test_texture_windows_by_hand():
    x = np.arange(10.0)[:, None]
    out = features.texture_windows(x, window=4, hop=3)
    np.testing.assert_allclose(out[:, 0], [1.5, 4.5, 7.5])
    np.testing.assert_allclose(out[:, 1], np.std(np.arange(4)))
    assert features.texture_windows(x, window=4, hop=3, spread="var")[0, 1] == pytest.approx(1.25)


def test_windows_of_the_paper_and_of_the_published_code():
    """5 s are 215.3 hops; 30 s of GTZAN have 1,290 frames."""
    assert features.texture_frames() == 215
    assert features.texture() == (215, 107)
    assert spectra.n_frames(30 * 22_050) == 1_290
    assert list(features.texture().starts(1_290)) == [107 * i for i in range(11)]  # 10 * 107 + 215 = 1,285
    published = features.texture(features.PUBLISHED_WINDOW, features.PUBLISHED_HOP)
    assert list(published.starts(1_290)) == list(range(0, 1_290 - 200, 100))  # the code's own loop
    assert len(published.starts(1_300)) == 12 and len(range(0, 1_300 - 200, 100)) == 11  # which drops a last whole one
    assert features.texture(1).hop == 1 and features.texture(9).hop == 4


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 25))
@settings(max_examples=80, deadline=None)
def test_all_whole_windows_and_no_other(n_frames, window, hop):
    x = random(n_frames).normal(size=(n_frames, 2))
    out = features.texture_windows(x, window, hop)
    if n_frames < window:
        expected = [x]
    else:
        expected = [x[i : i + window] for i in range(n_frames) if i % hop == 0 and i + window <= n_frames]
        left_out = n_frames - (window + hop * (len(out) - 1))
        assert 0 <= left_out < hop
    np.testing.assert_allclose(out, [[*block.mean(0), *block.std(0)] for block in expected], atol=1e-12)


def test_a_remainder_has_no_influence():
    x = random(1).normal(size=(12, 3))
    longer = np.concatenate([x, 1e3 * np.ones((2, 3))])
    np.testing.assert_array_equal(features.texture_windows(longer, 6, 3), features.texture_windows(x, 6, 3))
    assert len(features.texture_windows(np.concatenate([x, x[:3]]), 6, 3)) == 4  # one frame more makes a window


def test_shorter_than_a_window():
    x = random(2).normal(size=(5, 2))
    np.testing.assert_allclose(features.texture_windows(x, 99), [[*x.mean(0), *x.std(0)]])
    np.testing.assert_allclose(features.texture_windows(x[:1], 99), [[*x[0], 0, 0]])
    with pytest.raises(InputError, match=r"song\.wav has 5 frames, fewer than one texture window of 6"):
        features.texture_windows(x, 6, short="refuse", name="song.wav")
    assert features.texture_windows(x, 5, short="refuse").shape == (1, 4)


def test_spread_survives_a_large_mean_in_float32():
    x = (1e3 + 1e-2 * np.sin(np.arange(400.0)))[:, None].astype(np.float32)
    out = features.texture_windows(x, 400)
    assert out.dtype == np.float64
    assert out[0, 1] == pytest.approx(np.std(x.astype(np.float64)), rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"features": np.zeros((0, 2))}, "no frames"),
        ({"features": np.zeros(9)}, "1 axes"),
        ({"features": np.array([[1.0], [np.nan]])}, "not finite"),
        ({"spread": "range"}, "spread is 'range'"),
        ({"short": "pad"}, "short is 'pad'"),
        ({"window": 0}, "window is 0 frames"),
        ({"hop": 0}, "hop 0; give at least 1"),
    ],
)
def test_what_texture_windows_refuses(wrong, words):
    with pytest.raises(InputError, match=words):
        features.texture_windows(**{"features": np.ones((9, 2)), **wrong})


# --- hand-crafted features ---


def test_mfcc_is_librosas():
    """The same numbers when librosa goes all the way from the waveform."""
    wave = random(3).normal(0, 0.1, 22_050).astype(np.float32)
    ours = features.mfcc_and_zero_crossings(wave)
    power = (
        np.abs(
            librosa.stft(wave.astype(np.float64), n_fft=1_024, hop_length=512, window=np.hanning(1_024), center=False)
        )
        ** 2
    )
    mel = librosa.feature.melspectrogram(S=power, sr=22_050)
    direct = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=13)
    assert ours.shape == (spectra.n_frames(22_050), 14) and ours.dtype == np.float64
    np.testing.assert_allclose(ours[:, :13], direct.T, atol=2e-3)


def test_zero_crossings_by_hand():
    alternating = np.tile(np.float32([0.5, -0.5]), 1_024)
    np.testing.assert_allclose(features.mfcc_and_zero_crossings(alternating)[:, 13], 1_023 / 1_024)
    t = np.arange(22_050) / 22_050
    sine = (0.3 * np.sin(2 * np.pi * 441 * t)).astype(np.float32)  # crosses zero 882 times a second
    np.testing.assert_allclose(features.mfcc_and_zero_crossings(sine)[:, 13].mean(), 882 / 22_050, rtol=0.03)


def test_loudness_moves_the_first_coefficient_alone():
    wave = random(4).normal(0, 0.05, 22_050).astype(np.float32)
    soft, loud = features.mfcc_and_zero_crossings(wave), features.mfcc_and_zero_crossings(2 * wave)
    # 6.02 dB more in each of 128 bands; the orthonormal cosine transform has sqrt(1 / 128) in its first row.
    np.testing.assert_allclose(loud[:, 0] - soft[:, 0], 20 * np.log10(2) * np.sqrt(128), rtol=1e-4)
    np.testing.assert_allclose(loud[:, 1:], soft[:, 1:], atol=1e-3)


def test_frames_do_not_depend_on_their_neighbours():
    wave = random(5).normal(0, 5e-5, 8 * 512).astype(np.float32)
    with_bang = np.concatenate([wave, np.full(2_048, 0.9, np.float32) * np.sign(random(6).normal(size=2_048))])
    whole = features.mfcc_and_zero_crossings(with_bang.astype(np.float32))
    np.testing.assert_allclose(features.mfcc_and_zero_crossings(wave), whole[:7], atol=1e-3)


@pytest.mark.parametrize(
    "bad", [np.zeros(4_096, np.float32), np.full(4_096, np.nan, np.float32), np.ones(9, np.float32)]
)
def test_unusable_waveforms_are_refused_by_name(bad):
    with pytest.raises(InputError, match=r"song\.wav"):
        features.mfcc_and_zero_crossings(bad, "song.wav")


# --- activations ---


def by_hand(network: DNN, magnitudes: np.ndarray) -> list[np.ndarray]:
    """The network's forward pass in numpy and float64."""
    x = (magnitudes - network.standardise.mean.numpy()) * network.standardise.scale.numpy()
    outputs = []
    for layer in network.hidden:
        x = np.maximum(x @ layer.weight.detach().double().numpy().T + layer.bias.detach().double().numpy(), 0)
        outputs.append(x)
    return outputs


def test_activation_windows_by_the_formula():
    network, magnitudes = dnn(), random(7).exponential(size=(50, spectra.N_BINS))
    described = features.activation_windows(network, magnitudes, window=20, hop=10)
    assert described.texture == (20, 10) and sorted(described.by_layer) == [1, 2, 3]
    for number, activations in enumerate(by_hand(network, magnitudes), 1):
        blocks = [activations[start : start + 20] for start in (0, 10, 20, 30)]
        expected = [[*block.mean(0), *block.std(0)] for block in blocks]
        np.testing.assert_allclose(described.by_layer[number], expected, atol=1e-5)
        np.testing.assert_array_equal(described.matrix(number), described.by_layer[number])
    assert described.matrix("all").shape == (4, 3 * 2 * 4)
    np.testing.assert_array_equal(described.matrix((3, 1)), np.hstack([described.by_layer[1], described.by_layer[3]]))
    assert described.by_layer[1].std() > 0.01  # not a test of zeros


def test_a_waveform_is_its_magnitudes_and_a_system_is_its_network():
    wave = random(8).normal(0, 0.1, 22_050).astype(np.float32)
    network = dnn()
    magnitudes = spectra.magnitudes(torch.from_numpy(wave))
    of_magnitudes = features.activation_windows(network, magnitudes, window=9).matrix()
    of_wave = features.activation_windows(System(network, ("a", "b", "c")), wave, window=9).matrix()
    np.testing.assert_array_equal(of_wave, of_magnitudes)


class Slices(nn.Module):
    """Each slice's mean over all frames and bins: a stand-in for a network that reads slices of 100 frames."""

    slice_length, hop = 100, None

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.9)

    def sequence_activations(self, magnitudes):
        slices = magnitudes[: len(magnitudes) // 100 * 100].reshape(-1, 1, 100 * magnitudes.shape[1])
        return [self.dropout(slices.mean(-1))]


def test_windows_are_rounded_to_slices():
    magnitudes = np.repeat([1.0, 2.0, 3.0, 6.0], 100)[:, None] * np.ones(3)
    described = features.activation_windows(Slices(), magnitudes, window=215, hop=107)  # two slices, hopped by one
    np.testing.assert_allclose(described.by_layer[1], [[1.5, 0.5], [2.5, 0.5], [4.5, 1.5]])
    longer = np.concatenate([magnitudes, np.full((99, 3), 9.0)])  # no further slice, and no other windows
    np.testing.assert_array_equal(features.activation_windows(Slices(), longer).matrix(), described.matrix())
    with pytest.raises(InputError, match="150 frames"):
        features.activation_windows(Slices(), magnitudes[:150], window=215, short="refuse")


def test_activations_of_a_cdnn():
    """Windows over slices: the direct formula on its own activations."""
    sizes = {"n_frames": 20, "hop": 10, "n_filters": 2, "kernels": ((3, 3), (2, 2))}
    standardise = Standardise(torch.zeros(12), torch.ones(12))
    network = CDNN(standardise, 2, 3, **sizes, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():  # positive weights, so that every unit is active and varies
        for weight, factor in ((network.weight1, 10), (network.weight2, 10), (network.dense.weight, 100)):
            weight.abs_().mul_(factor)
    magnitudes = torch.from_numpy(random(9).exponential(size=(75, 12)).astype(np.float32))
    described = features.activation_windows(network, magnitudes, window=31, hop=12)  # three slices, hopped by one
    with torch.no_grad():
        cut = torch.stack([magnitudes[i : i + 20] for i in (0, 10, 20, 30, 40, 50)])
        dense = network.activations(cut)[2].numpy()
    expected = [[*dense[i : i + 3].mean(0), *dense[i : i + 3].std(0)] for i in range(4)]
    np.testing.assert_allclose(described.by_layer[3], expected, rtol=1e-4, atol=1e-6)
    assert dense.std(0).min() > 0.01 * dense.mean()
    with pytest.raises(InputError, match="19 frames"):
        features.activation_windows(network, magnitudes[:19])


def test_the_network_is_left_as_it_was_and_dropout_is_off():
    network = Slices().train()
    network.dropout.eval()
    features.activation_windows(network, np.ones((200, 3)))
    assert network.training and not network.dropout.training
    network.dropout.train()
    np.testing.assert_allclose(features.activation_windows(network, np.ones((200, 3))).by_layer[1], [[1, 0]])
    assert network.dropout.training


def test_layers_are_checked():
    assert features.chosen_layers("all", [1, 2, 3]) == (1, 2, 3)
    assert features.chosen_layers(2, [1, 2, 3]) == (2,)
    assert features.chosen_layers([3, 1, 3], [1, 2, 3]) == (1, 3)
    for wrong in (0, 4, "last", [], [1, 4]):
        with pytest.raises(InputError, match="layers is"):
            features.chosen_layers(wrong, [1, 2, 3])
    some = features.activation_windows(dnn(bins=3), np.ones((5, 3)), layers=2)
    with pytest.raises(InputError, match="some of 2"):
        some.matrix(1)


def test_what_activation_windows_refuses():
    for excerpt, words in (
        (np.ones((0, 3)), r"shape \[0, 3\]"),
        (np.ones((2, 2, 3)), "shape"),
        (np.full((4, 3), np.inf), "not finite"),
        (np.zeros(22_050, np.float32), "silent"),
    ):
        with pytest.raises(InputError, match=words):
            features.activation_windows(dnn(bins=3), excerpt, name="blues.1")
    with pytest.raises(InputError, match="Linear has no activations"):
        features.activation_windows(nn.Linear(3, 2), np.ones((4, 3)))
    network = dnn(bins=3)
    nn.init.constant_(network.hidden[1].bias, float("nan"))
    with pytest.raises(InputError, match=r"blues\.1 is not finite"):
        features.activation_windows(network, np.ones((4, 3)), name="blues.1")
