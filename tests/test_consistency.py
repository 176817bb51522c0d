"""The consistency step in blocks, compared with the two plain lines that it replaces."""

import pytest
import torch

from music_adversaries import spectra
from music_adversaries.adversary import consistency
from music_adversaries.adversary.consistency import Consistency
from music_adversaries.errors import InputError

N_FFT = 64
LIMITS = {torch.float32: 1e-5, torch.float64: 1e-12}


class Case:
    """Excerpts of the given numbers of samples in one batch, and a change of magnitudes that no waveform makes."""

    def __init__(self, lengths, dtype=torch.float64, n_fft=N_FFT, hop=N_FFT // 2, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.n_fft, self.hop, self.n_samples = n_fft, hop, max(lengths)
        waveforms = torch.zeros(len(lengths), self.n_samples, dtype=dtype)
        self.valid = torch.zeros(len(lengths), spectra.n_frames(self.n_samples, n_fft, hop), dtype=dtype)
        for row, length in enumerate(lengths):
            waveforms[row, :length] = torch.randn(length, generator=generator, dtype=dtype)
            self.valid[row, : spectra.n_frames(length, n_fft, hop)] = 1
        self.spectrum = spectra.stft(waveforms, n_fft, hop)
        self.exemplar = spectra.modulus(self.spectrum) * self.valid[..., None]
        change = 2 * torch.randn(self.exemplar.shape, generator=generator, dtype=dtype)
        self.change = torch.maximum(change, -self.exemplar) * self.valid[..., None]

    def step(self):
        return Consistency(self.spectrum, self.n_samples, self.valid, self.n_fft, self.hop)

    def plain(self, change):
        """`spectra.consistent_perturbation` for any frame length, and its analysis."""
        power = spectra.window_power(self.valid, self.n_fft, self.hop)
        spectrum = change * spectra.phasor(self.spectrum)
        perturbation = spectra.istft(spectrum, self.n_samples, self.n_fft, self.hop, power=power)
        spectrum = self.spectrum + spectra.stft(perturbation, self.n_fft, self.hop)
        return spectra.modulus(spectrum) * self.valid[..., None] - self.exemplar, perturbation


def assert_near(found, expected, dtype):
    assert found.shape == expected.shape and found.dtype == dtype
    assert (found - expected).abs().max() <= LIMITS[dtype] * expected.abs().max()


CASES = {
    "one": [1_000],
    "whole frames only": [N_FFT + 20 * N_FFT // 2],
    "one frame": [N_FFT],
    "fewer frames than overlap": [N_FFT + N_FFT // 4],
    "unequal": [1_000, 300, N_FFT, 999, 641],
    "many": [500] * 9,
}


@pytest.mark.parametrize("frames_at_once", [1, 7, 25, 10_000])
@pytest.mark.parametrize("hop", [N_FFT // 2, N_FFT // 4])
@pytest.mark.parametrize("lengths", CASES.values(), ids=CASES)
@pytest.mark.parametrize("dtype", LIMITS)
def test_gives_what_the_plain_lines_give(monkeypatch, dtype, lengths, hop, frames_at_once):
    monkeypatch.setattr(consistency, "FRAMES_AT_ONCE", frames_at_once)
    case = Case(lengths, dtype, hop=hop)
    for found, expected in zip(case.step()(case.change), case.plain(case.change), strict=True):
        assert_near(found, expected, dtype)


def test_gives_what_algorithm_1_had():
    """With the paper's frames: the very functions, in float32."""
    case = Case([40_000, 30_011], torch.float32, spectra.N_FFT, spectra.HOP_LENGTH)
    step = case.step()
    assert torch.equal(step.floor, -case.exemplar) and torch.equal(step.unit, spectra.phasor(case.spectrum))
    power = spectra.window_power(case.valid)
    perturbation = spectra.consistent_perturbation(
        case.exemplar + case.change, case.exemplar, step.unit, case.n_samples, power
    )
    expected = spectra.modulus(case.spectrum + spectra.stft(perturbation)) * case.valid[..., None]
    change, found = step(case.change)
    assert_near(case.exemplar + change, expected, torch.float32)
    torch.testing.assert_close(step.distance, torch.linalg.vector_norm(change, dim=(1, 2)))
    assert_near(found, perturbation, torch.float32)


def test_the_exemplar_is_a_fixed_point_to_the_last_bit():
    case = Case([700, 500], torch.float32)
    change, perturbation = case.step()(torch.zeros_like(case.exemplar))
    assert (perturbation == 0).all()
    assert (change == 0).all()


def test_perturbation_is_linear_in_the_change():
    case = Case([900, 400])
    step = case.step()
    other = torch.rand_like(case.exemplar) * case.valid[..., None]
    a, b = step(case.change)[1].clone(), step(other)[1].clone()
    both = step(2 * case.change - 3 * other)[1]
    assert_near(both, 2 * a - 3 * b, torch.float64)


def test_magnitudes_are_those_of_the_waveform():
    """Away from what only pads, by an analysis that knows nothing of the step."""
    case = Case([800])
    change, perturbation = case.step()(case.change)
    waveform = spectra.istft(case.spectrum, case.n_samples, N_FFT, N_FFT // 2, bounded=False) + perturbation
    assert_near(case.exemplar + change, spectra.magnitudes(waveform, N_FFT, N_FFT // 2), torch.float64)


def test_padding_does_not_matter():
    long, short = 1_000, 420
    both = Case([long, short])
    alone = Case([short])
    count = alone.spectrum.shape[1]
    alone.spectrum, alone.exemplar = both.spectrum[1:, :count], both.exemplar[1:, :count]
    change, perturbation = both.step()(both.change)
    change_alone, perturbation_alone = alone.step()(both.change[1:, :count])
    assert_near(change[1:, :count], change_alone, torch.float64)
    assert_near(perturbation[1:, :short], perturbation_alone, torch.float64)
    assert (change[1, count:] == 0).all() and (perturbation[1, short:] == 0).all()


@pytest.mark.parametrize("which", [torch.tensor([True, False, True, True]), torch.tensor([3, 0])], ids=["mask", "rows"])
def test_kept_excerpts_go_on_as_if_alone(which):
    case = Case([900, 300, 640, 901], torch.float32)
    step = case.step()
    change, perturbation = (result.clone() for result in step(case.change))
    kept = step.keep(which)
    found = kept(case.change[which])
    assert torch.equal(kept.floor, -case.exemplar[which])
    for result, expected in zip(found, (change, perturbation), strict=True):
        assert_near(result, expected[which], torch.float32)
    # The two share no buffer.
    before = [result.clone() for result in found]
    step(torch.zeros_like(case.change))
    assert all(torch.equal(result, old) for result, old in zip(found, before, strict=True))


def test_a_function_of_the_change_alone():
    """Whatever the caller did to the results of the call before; and the arguments stay as they were."""
    case = Case([700, 500], torch.float32)
    step = case.step()
    given, spectrum = case.change.clone(), case.spectrum.clone()
    results = step(case.change)
    expected = [result.clone() for result in results]
    for result in results:
        result.fill_(float("nan"))
    for found, wanted in zip(step(case.change), expected, strict=True):
        assert torch.equal(found, wanted)
    assert torch.equal(case.change, given) and torch.equal(case.spectrum, spectrum)


def test_its_own_change_may_be_given_back():
    case = Case([700, 500, 200], torch.float32)
    step, other = case.step(), case.step()
    change, _ = step(case.change)
    expected = other(change.clone())
    for found, wanted in zip(step(change), expected, strict=True):
        assert torch.equal(found, wanted)


def test_a_hop_that_does_not_divide_the_frame_is_refused():
    case = Case([1_000])
    with pytest.raises(InputError, match="hop_length 24 does not divide"):
        Consistency(case.spectrum, case.n_samples, case.valid, N_FFT, 24)
