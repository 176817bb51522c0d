"""What a unit reacts to: networks whose units can be solved by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import small_system
from music_adversaries import spectra
from music_adversaries.book import units
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Standardise, System

RATE, HOP, N_FFT, N_BINS = spectra.SAMPLE_RATE, spectra.HOP_LENGTH, spectra.N_FFT, spectra.N_BINS
LOW, HIGH = 50, 200  # bins of two sinusoids


def sinusoid(bin_: int, seconds: float = 2.0, amplitude: float = 0.2) -> np.ndarray:
    n = round(seconds * RATE)
    return (amplitude * np.sin(2 * np.pi * bin_ * np.arange(n) / N_FFT)).astype(np.float32)


def level(waveform: np.ndarray, bin_: int) -> float:
    """Of the sinusoid in that bin, away from both ends, in dB."""
    middle = waveform[4096:-4096].astype(np.float64)
    wave = np.exp(-2j * np.pi * bin_ * np.arange(len(middle)) / N_FFT)
    return 20 * np.log10(2 * abs(np.mean(middle * wave)) + 1e-12)


def listener(weights: dict[int, float], bias: float = 0.0, mean: float = 0.0) -> System:
    """A unit a layer: the first adds up some standardised bins, the others pass it on."""
    network = DNN(Standardise(torch.full((N_BINS,), mean), torch.ones(N_BINS)), 2, 1)
    with torch.no_grad():
        network.hidden[0].weight.zero_()
        for bin_, weight in weights.items():
            network.hidden[0].weight[0, bin_] = weight
        network.hidden[0].bias.fill_(bias)
        for layer in network.hidden[1:]:
            layer.weight.fill_(1.0)
    return System(network, ("quiet", "loud"))


def random_network(dropout: float = 0.0) -> DNN:
    generator = torch.Generator().manual_seed(1)
    mean, std = torch.rand(2, N_BINS, generator=generator)
    network = DNN(Standardise(mean, std), 3, 12, dropout=dropout, generator=generator).double()
    with torch.no_grad():
        for layer in network.hidden:
            layer.bias.uniform_(-0.3, 0.3, generator=generator)
    return network


def small_cdnn(**settings) -> CDNN:
    generator = torch.Generator().manual_seed(2)
    standardise = Standardise(torch.rand(N_BINS, generator=generator), torch.ones(N_BINS))
    settings = {"n_frames": 12, "n_filters": 2, "kernels": ((2, 400), (2, 8)), **settings}
    network = CDNN(standardise, 2, 3, generator=generator, **settings).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.05, 0.05, generator=generator)
        network.dense.bias.fill_(1.0)
    return network


def magnitudes(n_frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 2, size=(n_frames, N_BINS))


def before_rectifier(network: DNN, x: torch.Tensor, layer: int) -> torch.Tensor:
    """Pre-activations of a layer, written out."""
    x = (x - network.standardise.mean) * network.standardise.scale
    for i, linear in enumerate(network.hidden, start=1):
        x = x @ linear.weight.T + linear.bias
        if i == layer:
            return x
        x = x.clamp_min(0)
    raise AssertionError


# --- contributions ---


def test_contributions_to_the_first_layer_are_weight_times_scale_times_deviation():
    network, x = random_network(), magnitudes(7)
    standardise = network.standardise
    for unit in (0, 11):
        weight = network.hidden[0].weight[unit].detach().numpy()
        expected = weight * standardise.scale.numpy() * (x - standardise.mean.numpy())
        np.testing.assert_allclose(units.contributions(network, x, 1, unit), expected, atol=1e-12)
        np.testing.assert_allclose(units.drive(network, x, 1, unit), expected.mean(0), atol=1e-12)


def test_drive_of_the_first_layer_adds_up_to_the_pre_activation_less_the_bias():
    network, x = random_network(), magnitudes(9)
    before = before_rectifier(network, torch.from_numpy(x), 1).detach()
    for unit in range(12):
        bias = network.hidden[0].bias[unit].item()
        assert units.drive(network, x, 1, unit).sum() == pytest.approx(float(before[:, unit].mean()) - bias)


@pytest.mark.parametrize("layer", [2, 3])
def test_contributions_to_deeper_layers_are_finite_differences_times_deviation(layer):
    network, x = random_network(), magnitudes(3)
    found = units.contributions(network, x, layer, 4)
    frame, step = torch.from_numpy(x[1]), 1e-6
    for bin_ in (0, 7, 300, 512):
        there = frame.clone()
        there[bin_] += step
        slope = (before_rectifier(network, there, layer) - before_rectifier(network, frame, layer))[4] / step
        deviation = x[1, bin_] - float(network.standardise.mean[bin_])
        assert found[1, bin_] == pytest.approx(slope.item() * deviation, abs=1e-6)
    assert np.abs(found).max() > 1e-3


def test_contributions_pass_through_units_that_pass_everything_on():
    system = listener({LOW: 2.0, HIGH: -0.5}, bias=50.0, mean=0.3)
    x = magnitudes(4).astype(np.float32)
    first = units.contributions(system, x, 1)
    assert np.count_nonzero(first.any(0)) == 2
    for layer in (2, 3):
        np.testing.assert_allclose(units.contributions(system, x, layer), first, rtol=1e-6)


def test_waveforms_and_their_magnitudes_are_read_alike():
    system, wave = small_system.system(), small_system.recording("even", 0)
    seen = spectra.magnitudes(torch.from_numpy(wave))
    np.testing.assert_array_equal(units.drive(system, wave, 2, 3), units.drive(system, seen, 2, 3))
    np.testing.assert_array_equal(units.drive(system, wave, 2, 3), units.drive(system.network, seen.numpy(), 2, 3))


@pytest.mark.parametrize("settings", [{}, {"hop": 5}, {"remainder": "overlap"}])
def test_contributions_to_the_dense_layer_of_a_cdnn(settings):
    network, x = small_cdnn(**settings), magnitudes(30)
    found = units.contributions(network, x, 3, 1)
    assert found.shape == x.shape

    def before(sequence: torch.Tensor) -> torch.Tensor:
        return network.dense(network.sequence_activations(sequence)[1])[:, 1].detach()

    sequence, step = torch.from_numpy(x), 1e-6
    held = network.rows(torch.arange(30)[:, None])[..., 0]
    for frame, bin_ in ((3, 10), (13, 250), (29, 400)):
        there = sequence.clone()
        there[frame, bin_] += step
        times = int((held == frame).sum())
        slope = float((before(there) - before(sequence)).sum()) / step / max(times, 1)
        deviation = x[frame, bin_] - float(network.standardise.mean[bin_])
        assert found[frame, bin_] == pytest.approx(slope * deviation, abs=1e-7)
    assert np.abs(found[:24]).max() > 1e-4
    assert settings or not found[24:].any()  # in no slice
    by_slice = np.stack([units.contributions(network, x[rows], 3, 1).sum(0) for rows in held.numpy()])
    np.testing.assert_allclose(units.drive(network, x, 3, 1), by_slice.mean(0), atol=1e-10)


def test_the_network_is_left_as_it_was():
    network, x = random_network(dropout=0.5), magnitudes(5)
    network.train()
    first = units.contributions(network, x, 3, 2)
    np.testing.assert_array_equal(first, units.contributions(network, x, 3, 2))  # nothing is left out
    assert network.training and network.dropout.training
    assert all(parameter.grad is None for parameter in network.parameters())
    with torch.no_grad():
        np.testing.assert_array_equal(first, units.contributions(network, x, 3, 2))


def test_long_excerpts_are_read_in_pieces(monkeypatch):
    network, x = random_network(), magnitudes(50)
    whole = units.contributions(network, x, 2, 5)
    monkeypatch.setattr(units, "FRAMES_AT_ONCE", 7)
    np.testing.assert_allclose(units.contributions(network, x, 2, 5), whole, atol=1e-13)


# --- as heard ---


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_of_two_sinusoids_the_one_that_drives_the_unit_is_heard(layer):
    both = sinusoid(LOW) + sinusoid(HIGH)
    heard = units.as_heard(listener({LOW: 1.0}), both, layer)
    assert heard.shape == both.shape and heard.dtype == np.float32
    assert level(heard, LOW) > level(both, LOW) - 6.1
    assert level(heard, HIGH) < level(heard, LOW) - 60
    other = units.as_heard(listener({HIGH: 1.0}), both, layer)
    assert level(other, LOW) < level(other, HIGH) - 60


def test_what_pushes_down_is_not_heard():
    both = sinusoid(LOW) + sinusoid(HIGH)
    heard = units.as_heard(listener({LOW: 1.0, HIGH: -0.5}), both)
    assert level(heard, HIGH) < level(heard, LOW) - 20


def test_a_smaller_contribution_is_heard_less_but_a_louder_one_never_amplified():
    both = sinusoid(LOW) + sinusoid(HIGH)
    levels = []
    for weight in (0.02, 0.2, 0.6, 1.0):
        heard = units.as_heard(listener({LOW: 1.0, HIGH: weight}), both)
        levels.append(level(heard, HIGH) - level(both, HIGH))
    assert levels == sorted(levels) and levels[0] < levels[1] - 15 < levels[2] - 20
    assert levels[-1] <= 0.1


def test_as_heard_is_the_formula():
    system, wave = small_system.system(), small_system.recording("bright", 5)
    spectrum = spectra.stft(torch.from_numpy(wave).double())
    raised = spectra.magnitudes(torch.from_numpy(wave)) > system.network.standardise.mean
    for layer in (1, 2, 3):
        unit = int(units.by_label(system, {"a": wave}, ["bright"], layer).to_numpy()[0].argmax())
        c = torch.from_numpy(units.contributions(system, wave, layer, unit))
        x = spectra.magnitudes(torch.from_numpy(wave))
        fires = system.network.activations(x)[layer - 1][:, unit, None] > 0
        c = torch.where((c > 0) & raised & fires, c, 0.0)
        q = float(np.quantile(c[c > 0].numpy(), 0.9))
        assert 0.05 < float((c[c > 0] > q).double().mean()) < 0.15
        expected = spectra.istft(spectrum * (c / q).clamp_max(1), len(wave))
        heard = units.as_heard(system, wave, layer, unit)
        np.testing.assert_allclose(heard, expected, atol=1e-6)
        assert 0 < np.linalg.norm(heard) < np.linalg.norm(wave)


def test_only_the_frames_in_which_it_fires_are_heard():
    wave = np.concatenate([sinusoid(LOW, 1.0, 0.05), sinusoid(LOW, 1.0, 0.4)])
    threshold = 0.2 * np.hanning(N_FFT).sum() / 2  # the magnitude of a sinusoid of amplitude 0.2
    heard = units.as_heard(listener({LOW: 1.0}, bias=-threshold), wave)
    assert not heard[: RATE - N_FFT].any()
    assert np.abs(heard[RATE + N_FFT : -N_FFT]).max() > 0.15


def test_a_unit_that_never_fires_hears_nothing():
    wave = sinusoid(LOW)
    for layer in (1, 2, 3):
        heard = units.as_heard(listener({LOW: 1.0}, bias=-1e6), wave, layer)
        assert heard.shape == wave.shape and not heard.any()


def test_an_absence_is_not_heard_but_it_drives():
    system, wave = listener({HIGH: -1.0}, mean=3.0), sinusoid(LOW)
    assert units.drive(system, wave)[HIGH] == pytest.approx(3.0, rel=1e-3)
    assert not units.as_heard(system, wave).any()


def test_samples_after_the_last_frame_are_zero():
    wave = sinusoid(LOW)[: 20 * HOP + N_FFT + 100]
    heard = units.as_heard(listener({LOW: 1.0}), wave)
    assert len(heard) == len(wave) and not heard[-100:].any() and heard[-HOP:-101].any()
    network = small_cdnn()
    unit = int(np.argmax(units.by_label(System(network, ("a", "b")), {"x": wave}, ["a"], 3)))
    heard = units.as_heard(network, wave, 3, unit)  # 21 frames: one slice of 12
    assert len(heard) == len(wave) and heard[: 12 * HOP].any() and not heard[11 * HOP + N_FFT :].any()


# --- strongest ---


def planted(start_s: float, amplitude: float, seconds: float = 6.0) -> np.ndarray:
    rng = np.random.default_rng(round(1000 * start_s))
    wave = rng.normal(0, 1e-3, round(seconds * RATE)).astype(np.float32)
    start = round(start_s * RATE)
    burst = sinusoid(LOW, 1.2, amplitude)
    wave[start : start + len(burst)] += burst
    return wave


def test_strongest_finds_the_planted_moments():
    waveforms = {"weak": planted(0.5, 0.1), "strong": planted(3.0, 0.3), "middle": planted(4.1, 0.2)}
    system = listener({LOW: 1.0})
    for layer in (1, 3):
        found = units.strongest(system, waveforms, layer, 0, n=2, seconds=1.0)
        assert [moment.excerpt for moment in found] == ["strong", "middle"]
        for moment, start in zip(found, (3.0, 4.1), strict=True):
            assert start - 0.03 <= moment.start_s and moment.end_s <= start + 1.23
            assert 1.0 - HOP / RATE < moment.end_s - moment.start_s <= 1.0
        expected = 0.3 * np.hanning(N_FFT).sum() / 2
        assert found[0].activation == pytest.approx(expected, rel=0.02)
    assert units.strongest(system, waveforms, 1, 0, n=9, seconds=1.0)[:2] == found


def test_strongest_is_the_largest_of_all_windows():
    system = small_system.system()
    waveforms = {
        f"{label} {seed}": small_system.recording(label, seed) for label in small_system.LABELS for seed in (7, 8)
    }
    unit = int(units.by_label(system, waveforms, [name.split()[0] for name in waveforms], 2).sum().argmax())
    found = {moment.excerpt: moment for moment in units.strongest(system, waveforms, 2, unit, n=6, seconds=0.5)}
    length = spectra.n_frames(round(0.5 * RATE))
    assert len(found) > 1
    for name, wave in waveforms.items():
        x = spectra.magnitudes(torch.from_numpy(wave))
        activation = system.network.activations(x)[1][:, unit].detach().double().numpy()
        means = [activation[i : i + length].mean() for i in range(len(activation) - length + 1)]
        if max(means) > 0:
            assert found[name].activation == pytest.approx(max(means))
            assert found[name].start_s == pytest.approx(int(np.argmax(means)) * HOP / RATE)
    assert list(found) == sorted(found, key=lambda name: -found[name].activation)


def test_strongest_takes_whole_slices_of_a_cdnn():
    network = small_cdnn()
    for seconds, slices in ((0.1, 1), (12 * HOP / RATE + 0.03, 1), (24 * HOP / RATE + 0.03, 2), (60.0, 7)):
        (moment,) = units.strongest(network, {"x": planted(0.5, 0.3, 2.0)}, 3, 0, seconds=seconds)
        frames = 12 * slices
        assert (moment.end_s - moment.start_s) * RATE == pytest.approx((frames - 1) * HOP + N_FFT)
        assert moment.start_s * RATE / HOP % 12 == pytest.approx(0, abs=1e-9)


def test_strongest_of_a_unit_that_never_fires_or_fires_evenly():
    wave = planted(1.0, 0.3)
    assert units.strongest(listener({LOW: 1.0}, bias=-1e6), {"x": wave}) == []
    even = units.strongest(listener({}, bias=1.0), {"b": wave, "a": wave})
    assert [(moment.excerpt, moment.start_s, moment.activation) for moment in even] == [("b", 0, 1.0), ("a", 0, 1.0)]


# --- by label ---


def test_by_label_against_a_direct_loop():
    system = small_system.system()
    labels = ["bright", "dark", "bright", "dark", "bright"]
    waveforms = {str(i): small_system.recording(label, i, 0.4 + 0.1 * i) for i, label in enumerate(labels)}
    for average, of in (("mean", np.mean), ("median", np.median)):
        table = units.by_label(system, waveforms, labels, 2, average=average)
        assert list(table.index) == ["dark", "bright"] and table.shape == (2, 16)  # the system's order; no "even"
        for label in table.index:
            rows = []
            for wave, true in zip(waveforms.values(), labels, strict=True):
                if true == label:
                    x = spectra.magnitudes(torch.from_numpy(wave))
                    rows.append(system.network.activations(x)[1].detach().numpy().mean(0))
            np.testing.assert_allclose(table.loc[label], of(rows, axis=0), rtol=1e-4, atol=1e-6)
    cdnn = System(small_cdnn(), ("a", "b"))
    assert units.by_label(cdnn, {"x": waveforms["4"]}, ["b"], 3).shape == (1, 3)


TABLE = pd.DataFrame([[1.0, 0.0, 5.0, 0.0], [2.0, 0.0, 4.5, 3.0], [0.5, 0.0, 4.0, 1.0]], index=["jazz", "pop", "rock"])


def test_selectivity_is_the_gap_to_the_next_label():
    table = units.selectivity(TABLE)
    assert table["gap"].tolist() == [1.0, 0.0, 0.5, 2.0]
    assert table["label"].tolist() == ["pop", "jazz", "jazz", "pop"]
    assert units.most_selective(TABLE) == (3, "pop")
    assert units.most_selective(TABLE, "jazz") == (2, "jazz")
    assert units.most_selective(TABLE[[0, 1, 2]]) == (0, "pop")


# --- mistakes ---

WAVE = sinusoid(LOW, 0.5)
MISTAKES = {
    "Layer 4 of a DNN has no units; choose among: 1, 2, 3": lambda s: units.drive(s, WAVE, 4),
    "Layer 1 of a CDNN has no units; choose among: 3": lambda s: units.drive(small_cdnn(), WAVE, 1),
    "no unit 1; choose one from 0 to 0": lambda s: units.as_heard(s, WAVE, 2, 1),
    "no unit -1": lambda s: units.strongest(s, {"x": WAVE}, 1, -1),
    "excerpt x is silent": lambda s: units.strongest(s, {"excerpt x": 0 * WAVE}),
    "There is no waveform": lambda s: units.strongest(s, {}),
    "0 moments": lambda s: units.strongest(s, {"x": WAVE}, n=0),
    "of nan s": lambda s: units.strongest(s, {"x": WAVE}, seconds=np.nan),
    "of inf s": lambda s: units.strongest(s, {"x": WAVE}, seconds=np.inf),
    "1 waveforms but 2 labels": lambda s: units.by_label(s, {"x": WAVE}, ["quiet", "loud"]),
    "'soft' is not a label": lambda s: units.by_label(s, {"x": WAVE}, ["soft"]),
    "average is 'mode'": lambda s: units.by_label(s, {"x": WAVE}, ["loud"], average="mode"),
    "There is no waveform to": lambda s: units.by_label(s, {}, []),
    "has 100 bins but the network reads 513": lambda s: units.drive(s, np.ones((5, 100), np.float32)),
    "not finite": lambda s: units.drive(s, np.full((5, N_BINS), np.nan)),
    "fewer than one slice": lambda s: units.drive(small_cdnn(), magnitudes(5), 3),
    "1 labels; a preference needs two": lambda s: units.selectivity(TABLE[:1]),
    "No unit prefers 'rock'": lambda s: units.most_selective(TABLE, "rock"),
    "No unit prefers any label": lambda s: units.most_selective(0 * TABLE),
}


@pytest.mark.parametrize("said", MISTAKES)
def test_mistakes_are_named(said):
    with pytest.raises(InputError, match=said):
        MISTAKES[said](listener({LOW: 1.0}))
