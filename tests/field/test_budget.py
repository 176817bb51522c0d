"""A budget that sees everything: what is written is within the SNR wherever a model can listen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from case import Case, each
from music_adversaries import adversary, spectra
from music_adversaries.adversary import PGD, Budget, Model, Noise
from music_adversaries.adversary.ends import Ends, snr_from
from music_adversaries.adversary.methods import METHODS

RATE = spectra.SAMPLE_RATE
LENGTH = spectra.N_FFT + 7 * spectra.HOP_LENGTH + 300  # 300 samples are in no whole frame
SNR = 30.0


class Probe(nn.Module):
    """Listens to a few samples only, at whatever loudness; the logits are two ways to look at their mean."""

    def __init__(self, where: slice) -> None:
        super().__init__()
        self.where, self.scale = where, nn.Parameter(torch.tensor(50.0))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        heard = waveforms[:, self.where].mean(1) * self.scale
        return torch.stack([heard, -heard], 1)


def music(length: int = LENGTH, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(length) / RATE
    return (0.3 * np.sin(2 * np.pi * 220 * t) + 0.05 * rng.standard_normal(length)).astype("float32")


def worst_snr(original: np.ndarray, changed: np.ndarray) -> float:
    """The magnitude SNR over padded frames of another hop, and in time if that is lower: NumPy alone."""
    window, hop = np.hanning(spectra.N_FFT + 1)[:-1], 128

    def magnitudes(waveform: np.ndarray) -> np.ndarray:
        padded = np.pad(waveform.astype(float), spectra.N_FFT)
        frames = np.lib.stride_tricks.sliding_window_view(padded, spectra.N_FFT)[::hop]
        return np.abs(np.fft.rfft(frames * window))

    before, after = magnitudes(original), magnitudes(changed)
    return float(20 * np.log10(np.linalg.norm(before) / np.linalg.norm(after - before)))


# Where the probe listens, and who was deceived by such a place.
CASES = [
    Case("the last 40 samples", "librosa #328", lambda: Probe(slice(-40, None)), SNR),
    Case("the first 40 samples", "librosa #328", lambda: Probe(slice(0, 40)), SNR),
    Case("all that is in no whole frame", "tensorflow #36616", lambda: Probe(slice(-300, None)), SNR),
    Case("the very first sample", "the window is zero there", lambda: Probe(slice(0, 1)), SNR),
    Case("the very last sample", "the window is zero there", lambda: Probe(slice(-1, None)), SNR),
    Case("the end of the last whole frame", "librosa #328", lambda: Probe(slice(-340, -300)), SNR),
]


@each(CASES)
@pytest.mark.parametrize("name", sorted(METHODS))
def test_nothing_is_hidden_at_the_ends(case, name):
    """As loud as it may be there: the target has the sign that the samples do not have, which takes a large change."""
    model = Model(case.make(), ["up", "down"], reads="waveform")
    x = music()
    targets = ["down" if model.decide(x).label == "up" else "up"]
    # A confidence that no change reaches, so that all of the budget is used; and a restart, which begins at noise.
    budget = Budget(snr=SNR, confidence=0.999999, max_iterations=8, restarts=1)
    (found,) = adversary.attack(model, [x], targets, budget, method=name)
    assert found.snr_magnitude >= case.answer
    # Of hops between ours a little more may be seen, never what nobody measures: 3 dB, half the window's overlap.
    assert worst_snr(x, found.waveform) >= case.answer - 3


@pytest.mark.parametrize("colour", ["white", "shaped"])
def test_noise_is_measured_at_the_ends_too(colour):
    """Of a recording that is loud at its end only, where no frame is whole."""
    x = music()
    x[:-300] *= 1e-3
    model = Model(Probe(slice(-40, None)), ["up", "down"], reads="waveform")
    (found,) = adversary.attack(model, [x], ["up"], Budget(snr=SNR), method=Noise(colour))
    assert worst_snr(x, found.waveform) >= SNR - 3


def test_the_ratio_is_that_of_padded_frames_where_it_is_lower():
    x = music()
    for where in (slice(0, 40), slice(-40, None), slice(-300, None), slice(2000, 2040)):
        changed = x.copy()
        changed[where] += 0.2
        frames = [spectra.magnitudes(torch.from_numpy(w)) for w in (x, changed)]
        padded = [
            spectra.magnitudes(torch.from_numpy(np.pad(w, (spectra.N_FFT, 2 * spectra.N_FFT)))) for w in (x, changed)
        ]
        by_hand = min(float(spectra.snr_db(*pair, n_dims=2)) for pair in (frames, padded))
        assert snr_from(x)(changed) == pytest.approx(by_hand, abs=1e-4)


@pytest.mark.parametrize("hop_length", [512, 256, 128])
@pytest.mark.parametrize("extra", [0, 1, 127, 128, 300, 511])
def test_every_sample_is_under_as_many_windows_as_in_the_middle(hop_length, extra):
    n_fft = 1024
    lengths = [n_fft + extra, n_fft + 5 * hop_length + extra]
    ends = Ends(lengths, n_fft, hop_length)
    for row, length in enumerate(lengths):
        inside = spectra.n_frames(length, n_fft, hop_length)
        starts = [k * hop_length for k in range(inside)]
        starts += sorted({int(frame[0]) - n_fft for frame in ends._samples[row]} - {-n_fft})
        assert len(starts) == len(set(starts))
        covered = np.zeros(length)
        for start in starts:
            covered[max(start, 0) : max(start + n_fft, 0)] += 1
        assert (covered == n_fft // hop_length).all()


def test_a_batch_of_several_lengths_is_measured_as_each_alone():
    lengths = [LENGTH, LENGTH - 411, LENGTH + 900, spectra.N_FFT]
    together = Ends(lengths)
    x = torch.zeros(len(lengths), max(lengths))
    for row, length in enumerate(lengths):
        x[row, :length] = torch.from_numpy(music(length, seed=row))
    found = together.magnitudes(x)
    for row, length in enumerate(lengths):
        alone = Ends([length]).magnitudes(x[row : row + 1, :length])[0]
        torch.testing.assert_close(found[row, : len(alone)], alone)
        assert not found[row, len(alone) :].any()
    together.keep(torch.tensor([True, False, True, False]))
    torch.testing.assert_close(together.magnitudes(x[[0, 2]]), found[[0, 2]])


def test_where_the_ends_are_as_the_middle_nothing_changes():
    """White noise, alike everywhere: what is lost by the second measure is within its own chance."""
    rng = np.random.default_rng(1)
    x, noise = 0.1 * rng.standard_normal((2, 3 * RATE)).astype("float32")
    frames = [spectra.magnitudes(torch.from_numpy(w)) for w in (x, x + noise / 10)]
    assert snr_from(x)(x + noise / 10) == pytest.approx(float(spectra.snr_db(*frames, n_dims=2)), abs=0.05)


def test_the_ends_hide_about_as_much_as_the_middle():
    """The report that began it: 'reached, 82 dB' with 23 dB in time, on a model that reads the end.

    Magnitudes do not see phases, so that an attack hides some dB anywhere (chapter 5). At the ends it is about as much.
    """
    x, in_time = music(), {}
    for place, where in {"middle": slice(2000, 2040), "first": slice(0, 40), "last": slice(-40, None)}.items():
        model = Model(Probe(where), ["up", "down"], reads="waveform")
        target = "down" if model.decide(x).label == "up" else "up"
        budget = Budget(snr=SNR, confidence=0.999999, max_iterations=30)
        (found,) = adversary.attack(model, [x], [target], budget, method=PGD())
        assert SNR <= found.snr_magnitude < SNR + 1
        in_time[place] = found.snr_time
    assert min(in_time.values()) > SNR - 6, in_time
