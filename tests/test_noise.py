"""Disturbances at equal SNR: the SNR is exact, the colours are right, and impossible requests are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries import adversary, audio, processing, spectra
from music_adversaries.adversary import Budget, Noise, at_snr, coded, shaped_noise, snrs, white_noise
from music_adversaries.errors import InputError
from small_system import recording, system

DARK = recording("dark", 0)
KINDS = {
    "white": lambda x, snr, seed=0: white_noise(x, snr, np.random.default_rng(seed)),
    "shaped": lambda x, snr, seed=0: shaped_noise(x, snr, np.random.default_rng(seed)),
    "MP3": lambda x, snr, seed=0: coded(x, snr, processing.PROCESSES["MP3 64 kbit/s"]),
    "low-pass": lambda x, snr, seed=0: coded(x, snr, processing.PROCESSES["low-pass 4 kHz"]),
}


def magnitude_snr(original: np.ndarray, changed: np.ndarray) -> float:
    """By numpy alone, in float64: over the frames, or over those of the padded recording if that is lower."""
    window, ratios = np.hanning(1024), []
    for padding in ((0, 0), (1024, 2048)):
        a, b = (
            np.stack([np.abs(np.fft.rfft(w[m : m + 1024] * window)) for m in range(0, len(w) - 1023, 512)])
            for w in (np.pad(original.astype(float), padding), np.pad(changed.astype(float), padding))
        )
        ratios.append(20 * np.log10(np.linalg.norm(a) / np.linalg.norm(a - b)))
    return min(ratios)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(list(KINDS)), snr=st.floats(-5, 60), seed=st.integers(0, 999))
def test_the_magnitude_snr_is_the_one_asked_for(kind, snr, seed):
    original = recording(("dark", "even", "bright")[seed % 3], seed)
    changed = KINDS[kind](original, snr, seed)
    assert changed.dtype == np.float32 and changed.shape == original.shape
    np.testing.assert_array_equal(changed, audio.quantise(changed))  # a 16-bit file holds it
    assert snr - 1e-3 <= magnitude_snr(original, changed) <= snr + 0.051
    assert snr <= snrs(original, changed).magnitude <= snr + 0.05
    over_frames = spectra.snr_db(*(spectra.magnitudes(torch.from_numpy(w)) for w in (original, changed)), n_dims=2)
    assert snr <= float(over_frames)


@settings(max_examples=20, deadline=None)
@given(snr=st.floats(-5, 60), loudness=st.floats(-8, 8))
def test_how_loud_the_disturbance_comes_does_not_matter(snr, loudness):
    disturbance = np.random.default_rng(0).normal(size=len(DARK))
    changed = at_snr(DARK, 10**loudness * disturbance, snr)
    assert snr <= snrs(DARK, changed).magnitude <= snr + 0.05


@pytest.mark.parametrize("snr", [-5, 0, 15, 40, 60])
def test_in_the_time_domain_too(snr):
    disturbance = np.random.default_rng(1).normal(size=len(DARK))
    changed = at_snr(DARK, disturbance, snr, domain="time")
    by_hand = 20 * np.log10(np.linalg.norm(DARK) / np.linalg.norm(changed.astype(float) - DARK))
    assert snr - 1e-3 <= by_hand <= snr + 0.051
    assert snrs(DARK, changed).time == pytest.approx(by_hand, abs=1e-3)


def test_magnitudes_miss_what_only_phases_tell():
    """Far below the music, a disturbance of random phase has half its power along the music's own, and half across."""
    both = snrs(DARK, KINDS["shaped"](DARK, 40.0))
    assert both.magnitude - both.time == pytest.approx(10 * np.log10(2), abs=0.3)


def test_a_gain_has_the_snr_of_its_formula():
    """Where the disturbance is the waveform itself, nothing but a gain changes: SNR = -20 log10(gain)."""
    changed = at_snr(DARK, DARK, 20.0)
    assert np.dot(changed, DARK) / np.dot(DARK, DARK) == pytest.approx(1 + 10 ** (-20 / 20), rel=1e-3)


def test_a_disturbance_that_cancels_first_is_turned_up_until_it_is_enough():
    """-X at gain 1 gives silence, an SNR of 0 dB; at 2 magnitudes are those of X again; -5 dB lie beyond."""
    assert -5 <= snrs(0.2 * DARK, at_snr(0.2 * DARK, -DARK, -5.0)).magnitude <= -4.95


def test_one_seed_one_noise():
    for kind in ("white", "shaped"):
        np.testing.assert_array_equal(KINDS[kind](DARK, 15.0, 3), KINDS[kind](DARK, 15.0, 3))
        assert (KINDS[kind](DARK, 15.0, 3) != KINDS[kind](DARK, 15.0, 4)).any()


# --- colours ---


def long_term(waveform: np.ndarray) -> np.ndarray:
    """Mean power in dB of 64 bands of 8 bins ``[64]``."""
    power = spectra.magnitudes(torch.from_numpy(np.float32(waveform))).square().mean(0)[:512]
    return 10 * np.log10(power.reshape(64, 8).mean(1).numpy())


def test_white_is_flat_and_shaped_has_the_colour_of_the_recording():
    dark = long_term(DARK)
    white, shaped = (long_term(KINDS[kind](DARK, 10.0) - DARK) for kind in ("white", "shaped"))
    inner = slice(1, -1)
    assert np.ptp(dark[inner]) > 10 * white[inner].std()
    assert white[inner].std() < 1
    assert np.corrcoef(dark, shaped)[0, 1] > 0.99
    assert (shaped - dark).std() < 1  # not only the trend: the same shape, a few decibels down


def test_shaped_noise_follows_the_music_in_time():
    x = DARK.copy()
    x[: len(x) // 2] *= 0.05
    for kind, follows in (("shaped", True), ("white", False)):
        noise = KINDS[kind](x, 10.0) - x
        first, second = (np.sqrt(np.mean(part**2)) for part in np.array_split(noise, 2))
        assert (20 * np.log10(second / first) > 15) == follows


def test_shaped_noise_has_phases_of_its_own():
    noise = KINDS["shaped"](DARK, 5.0) - DARK
    assert abs(np.corrcoef(noise, DARK)[0, 1]) < 0.05


def test_coded_is_the_error_of_the_codec():
    process = processing.PROCESSES["MP3 64 kbit/s"]
    error, disturbance = process(DARK) - DARK, coded(DARK, 15.0, process) - DARK
    assert np.corrcoef(error, disturbance)[0, 1] > 0.999


# --- what cannot be ---


def test_what_rounding_alone_exceeds_is_refused():
    """DARK is 16-bit already: its rounding is none. Unrounded and soft, it is another matter."""
    soft = 0.01 * DARK
    assert snrs(soft, audio.quantise(soft)).magnitude < 60
    with pytest.raises(InputError, match="[Rr]ounding"):
        KINDS["white"](soft, 60.0)
    assert 20 <= snrs(soft, KINDS["white"](soft, 20.0)).magnitude <= 20.05


def test_what_clipping_keeps_too_near_is_refused():
    """A disturbance in one sample: it clips, and there is nothing more to be had."""
    click = np.zeros(len(DARK))
    click[5_000] = 1.0
    with pytest.raises(InputError, match="-30 dB"):
        at_snr(DARK, click, -30.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: at_snr(DARK, np.zeros(len(DARK)), 15.0),
        lambda: at_snr(DARK, np.full(len(DARK), np.nan), 15.0),
        lambda: at_snr(DARK, np.ones(5), 15.0),
        lambda: at_snr(DARK, DARK, float("nan")),
        lambda: at_snr(DARK, DARK, 15.0, domain="mel"),
        lambda: at_snr(np.zeros(5_000, np.float32), np.ones(5_000), 15.0),
        lambda: white_noise(np.zeros(5_000, np.float32), 15.0, np.random.default_rng(0)),
        lambda: shaped_noise(DARK[:1_000], 15.0, np.random.default_rng(0)),
        lambda: coded(DARK, 15.0, processing.PROCESSES["as written"]),
        lambda: white_noise(DARK, 150.0, np.random.default_rng(0)),
    ],
)
def test_refuses_what_makes_no_sense(call):
    with pytest.raises(InputError):
        call()


@pytest.mark.parametrize("colour", ["white", "shaped"])
def test_the_noise_method_counts_what_it_clips(colour):
    wave = recording("dark", 3, 0.6)
    wave *= np.float32(0.99) / np.abs(wave).max()
    (loud,) = adversary.attack(system(), [wave], ["bright"], Budget(snr=-6.0), method=Noise(colour))
    at_full = (loud.waveform == -1) | (loud.waveform == np.float32(32_767 / 32_768))
    assert 20 < loud.n_clipped <= at_full.sum()
    assert loud.n_clipped >= at_full.sum() - 5  # a few may reach full scale and not pass it
    assert -6.0 <= loud.snr_magnitude <= -5.95
    # The file is that of the function, to the sample.
    draw = np.random.default_rng([0, 0, 0])
    make = white_noise if colour == "white" else shaped_noise
    np.testing.assert_array_equal(loud.waveform, make(wave, -6.0, draw))
    (soft,) = adversary.attack(system(), [wave / 4], ["bright"], Budget(snr=15.0), method=Noise(colour))
    assert soft.n_clipped == 0
