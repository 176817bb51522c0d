"""Spectra: against direct formulas, and what must hold for every signal."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries import spectra
from music_adversaries.errors import InputError


def noise(n, seed=0, dtype=torch.float64):
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 0.1


def test_stft_is_equation_1():
    """Frame by frame and bin by bin, from the definition."""
    x = noise(3_000).numpy()
    window = np.hanning(1024)
    spectrum = spectra.stft(torch.from_numpy(x)).numpy()
    l = np.arange(1024)  # noqa: E741 (the paper's index)
    for m, u in [(0, 0), (0, 512), (1, 7), (2, 100), (3, 511)]:
        expected = np.sum(window * x[l + m * 512] * np.exp(-2j * np.pi * u * l / 1024))
        np.testing.assert_allclose(spectrum[m, u], expected, atol=1e-9)


@pytest.mark.parametrize(("n", "frames"), [(1023, 0), (1024, 1), (1535, 1), (1536, 2), (661_500, 1_290)])
def test_number_of_frames(n, frames):
    assert spectra.n_frames(n) == frames
    if frames:
        assert spectra.stft(torch.zeros(n)).shape == (frames, 513)


def test_100_frames_last_as_long_as_the_paper_says():
    seconds = (99 * spectra.HOP_LENGTH + spectra.N_FFT) / spectra.SAMPLE_RATE
    assert round(seconds, 2) == 2.35 and spectra.n_frames(round(seconds * spectra.SAMPLE_RATE)) == 100


def test_too_short_is_refused():
    with pytest.raises(InputError, match="fewer than one frame"):
        spectra.stft(torch.zeros(1000))


def test_modulus_and_phasor_restore_the_spectrum():
    spectrum = spectra.stft(noise(5_000))
    magnitude = spectra.modulus(spectrum)
    torch.testing.assert_close(magnitude, spectrum.abs())
    torch.testing.assert_close(spectra.phasor(spectrum) * magnitude, spectrum)
    assert (spectra.phasor(torch.zeros(2, 3, dtype=torch.complex128)) == 1).all()


@pytest.mark.parametrize("hop", [512, 256, 128])
def test_overlap_add_is_the_sum_of_frames(hop):
    frames = noise(7 * 1024).reshape(7, 1024)
    expected = torch.zeros(6 * hop + 1024, dtype=torch.float64)
    for m in range(7):
        expected[m * hop : m * hop + 1024] += frames[m]
    torch.testing.assert_close(spectra.overlap_add(frames, hop), expected)


def test_window_power_by_hand():
    power = spectra.window_power(torch.ones(5, dtype=torch.float64))
    window = np.hanning(1024)
    expected = np.zeros(4 * 512 + 1024)
    for m in range(5):
        expected[m * 512 : m * 512 + 1024] += window**2
    np.testing.assert_allclose(power.numpy(), expected, atol=1e-12)
    assert spectra.least_power() == pytest.approx(expected[512:-512].min(), abs=1e-12)
    # A frame that only pads has no window.
    padded = spectra.window_power(torch.tensor([1.0, 1, 1, 1, 1, 0, 0], dtype=torch.float64))
    np.testing.assert_allclose(padded.numpy(), np.pad(expected, (0, 1024)), atol=1e-12)
    assert power[0] == 0 and power[-1] == 0


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1024, 6_000), seed=st.integers(0, 99))
def test_exact_inversion_restores_every_covered_sample(n, seed):
    x = noise(n, seed)
    back = spectra.istft(spectra.stft(x), n, bounded=False)
    covered = (spectra.n_frames(n) - 1) * 512 + 1024
    # The window is zero on the very first and the very last covered sample: they are lost.
    torch.testing.assert_close(back[1 : covered - 1], x[1 : covered - 1], atol=1e-8, rtol=0)
    assert (back[covered:] == 0).all() and back.shape == x.shape


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), size=st.floats(0.01, 10))
def test_bounded_inversion_amplifies_no_end(seed, size):
    """Whatever the frames hold, no sample exceeds what the middle of a recording could be given."""
    generator = torch.Generator().manual_seed(seed)
    spectrum = torch.randn(6, 513, generator=generator, dtype=torch.complex128) * size
    frames = torch.fft.irfft(spectrum, n=1024)
    bound = 2 * frames.abs().max() / spectra.least_power()
    bounded = spectra.istft(spectrum, 6 * 512 + 512)
    assert bounded.abs().max() <= bound
    exact = spectra.istft(spectrum, 6 * 512 + 512, bounded=False)
    torch.testing.assert_close(bounded[512:-512], exact[512:-512])  # the middle is the same
    # And the ends are why the bound is there: the window's second sample is 1e-5, by which what is inconsistent in the
    # spectrum is divided there. This holds for each of the seeds.
    assert exact.abs().max() > 5 * bounded.abs().max()


def test_consistent_perturbation_of_nothing_is_nothing():
    x = noise(4_000)
    spectrum = spectra.stft(x)
    magnitude = spectra.modulus(spectrum)
    out = spectra.consistent_perturbation(magnitude, magnitude, spectra.phasor(spectrum), 4_000)
    assert (out == 0).all()


def test_consistent_perturbation_is_a_griffin_lim_step_in_the_middle():
    """There it equals re-synthesis from the wanted magnitudes and the exemplar's phase."""
    x = noise(6_000)
    spectrum = spectra.stft(x)
    magnitude, unit = spectra.modulus(spectrum), spectra.phasor(spectrum)
    wanted = magnitude * (1 + 0.5 * torch.rand(magnitude.shape, generator=torch.Generator().manual_seed(1)))
    delta = spectra.consistent_perturbation(wanted, magnitude, unit, 6_000)
    direct = spectra.istft(wanted * unit, 6_000, bounded=False)
    torch.testing.assert_close((x + delta)[512:5_000], direct[512:5_000])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_consistency_step_never_moves_away(seed):
    """Griffin and Lim: the re-synthesised magnitudes are at most as far from the wanted ones as the exemplar's.

    The wanted change is a change of the spectrum, too, of the same size, and what inversion loses of it is no more than
    that: inversion and analysis in turn shrink (a projection, damped at the ends where it is bounded).
    """
    generator = torch.Generator().manual_seed(seed)
    x = noise(5_120, seed)
    spectrum = spectra.stft(x)
    magnitude, unit = spectra.modulus(spectrum), spectra.phasor(spectrum)
    wanted = (magnitude + torch.randn(magnitude.shape, generator=generator, dtype=torch.float64)).clamp_min(0)
    delta = spectra.consistent_perturbation(wanted, magnitude, unit, 5_120)
    reached = spectra.magnitudes(x + delta)
    assert torch.linalg.vector_norm(reached - wanted) <= torch.linalg.vector_norm(magnitude - wanted)


def test_snr_by_hand():
    reference = torch.tensor([3.0, 4.0])
    assert spectra.snr_db(reference, reference + torch.tensor([0.0, 0.5])).item() == pytest.approx(20.0)
    assert spectra.snr_db(reference, reference).item() == float("inf")
    assert spectra.snr_db(torch.ones(4, 2, 3), torch.zeros(4, 2, 3), n_dims=2).shape == (4,)
    with pytest.raises(InputError, match="silent"):
        spectra.snr_db(torch.zeros(3), torch.ones(3))


@given(snr=st.floats(-40, 80))
def test_radius_is_where_the_snr_is_met(snr):
    reference = torch.tensor([1.0, 2.0, 2.0], dtype=torch.float64)
    estimate = reference + torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64) * spectra.radius(3.0, snr)
    assert spectra.snr_db(reference, estimate).item() == pytest.approx(snr, abs=1e-6)
