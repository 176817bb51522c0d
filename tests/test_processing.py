"""Processes that change a recording: its length and alignment are kept, and each process does what it says."""

from __future__ import annotations

import threading
from functools import lru_cache

import numpy as np
import pytest
import soundfile
from scipy import signal

from music_adversaries import audio
from music_adversaries.book.datasets import synthetic
from music_adversaries.errors import InputError
from music_adversaries.processing import MP3_RATES, PROCESSES, gain, low_pass, mp3, opus, resampled, vorbis

CODED = [name for name in PROCESSES if name.startswith(("MP3", "Ogg", "Opus"))]


@lru_cache(maxsize=1)
def music() -> np.ndarray:
    """Some seconds of the synthetic music ``[n_samples]``."""
    return synthetic.render("blues.00000")


@lru_cache(maxsize=64)
def processed(name: str) -> np.ndarray:
    return PROCESSES[name](music())


def snr(original: np.ndarray, changed: np.ndarray) -> float:
    return 20 * np.log10(np.linalg.norm(original) / np.linalg.norm(changed - original))


def delay(original: np.ndarray, changed: np.ndarray) -> float:
    """Samples by which the second lies behind the first, by the peak of their cross-correlation and its neighbours."""
    correlation = signal.correlate(changed.astype(float), original.astype(float), method="fft")
    peak = int(correlation.argmax())
    before, at, after = correlation[peak - 1 : peak + 2]
    return peak - (len(original) - 1) + 0.5 * (before - after) / (before - 2 * at + after)


def test_the_measure_of_delay_finds_one():
    x = music()
    assert delay(x, np.roll(x, 3)) == pytest.approx(3, abs=0.01)
    assert delay(x, np.roll(x, -2)) == pytest.approx(-2, abs=0.01)


# --- what holds for all ---


@pytest.mark.parametrize("name", PROCESSES)
def test_keeps_length_and_place(name):
    changed = processed(name)
    assert changed.dtype == np.float32 and changed.shape == music().shape
    assert delay(music(), changed) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("name", PROCESSES)
def test_is_deterministic_and_leaves_its_input(name):
    part = music()[:20_000].copy()
    before = part.copy()
    np.testing.assert_array_equal(PROCESSES[name](part), PROCESSES[name](part))
    np.testing.assert_array_equal(part, before)


@pytest.mark.parametrize("n_samples", [1, 7, 575, 1_024, 5_000])
@pytest.mark.parametrize("name", PROCESSES)
def test_silence_stays_silence_at_any_length(name, n_samples):
    changed = PROCESSES[name](np.zeros(n_samples, np.float32))
    assert changed.shape == (n_samples,) and np.abs(changed).max() < 1e-30


@pytest.mark.parametrize("n_samples", [1, 7, 575, 1_024, 5_000])
@pytest.mark.parametrize("name", PROCESSES)
def test_short_waveforms_keep_their_length(name, n_samples):
    changed = PROCESSES[name](music()[50_000 : 50_000 + n_samples])
    assert changed.shape == (n_samples,) and np.isfinite(changed).all()


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 50), np.float32), np.zeros(50, np.int16), np.array([0.1, np.nan], np.float32)]
)
def test_refuses_what_is_no_waveform(name, wrong):
    with pytest.raises(InputError):
        PROCESSES[name](wrong)


# --- one by one ---


def test_as_written_changes_nothing_and_16_bits_round():
    np.testing.assert_array_equal(processed("as written"), music())
    soft = music() * np.float32(0.3)
    rounded = PROCESSES["16 bit"](soft)
    np.testing.assert_array_equal(rounded, audio.quantise(soft))
    assert 0 < np.abs(rounded - soft).max() <= 0.5 / 32_768
    assert not np.shares_memory(processed("as written"), music())


@pytest.mark.parametrize("decibels", [1.0, -1.0, 6.0, 0.0])
def test_gain_is_exact(decibels):
    np.testing.assert_allclose(gain(music(), decibels), music() * 10 ** (decibels / 20), rtol=1e-6)


@pytest.mark.parametrize("cutoff", [500, 2_000, 8_000])
def test_low_pass_has_the_response_of_its_design(cutoff):
    """Measured on an impulse, against the formula of a Butterworth filter that the bilinear transform bends."""
    impulse = np.zeros(1 << 14, np.float32)
    impulse[1 << 13] = 1.0
    filtered = low_pass(impulse, cutoff)
    response = np.fft.rfft(filtered.astype(float))
    frequency = np.fft.rfftfreq(len(impulse), 1 / 22_050)
    bent = np.tan(np.pi * frequency / 22_050) / np.tan(np.pi * cutoff / 22_050)
    design = -10 * np.log10(1 + bent[:-1] ** 8)
    audible = design > -90
    measured = 20 * np.log10(np.abs(response[:-1]))
    np.testing.assert_allclose(measured[audible], design[audible], atol=0.05)
    assert np.interp(cutoff, frequency[:-1], measured) == pytest.approx(-3.01, abs=0.05)
    np.testing.assert_allclose(filtered[1 << 13 :][:1_000], filtered[(1 << 13) :: -1][:1_000], atol=1e-7)  # no phase


def test_the_end_of_a_filtered_waveform_does_not_run_into_its_beginning():
    late = np.zeros(10_000, np.float32)
    late[-1] = 1.0
    assert np.abs(low_pass(late, 500)[:5_000]).max() < 1e-6


def test_resampling_loses_only_what_lies_above():
    t = np.arange(22_050) / 22_050
    low, high = (0.3 * np.sin(2 * np.pi * f * t).astype(np.float32) for f in (1_000, 9_500))
    inside = slice(2_000, -2_000)
    for rate in (16_000, 44_100):
        assert snr(low[inside], resampled(low, rate)[inside]) > 90
    assert np.abs(resampled(high, 16_000)[inside]).max() < 1e-4
    assert snr(high[inside], resampled(high, 44_100)[inside]) > 90


@pytest.mark.parametrize("kbits", MP3_RATES)
def test_mp3_has_the_rate_asked_for_and_no_delay(kbits, monkeypatch):
    """At every rate: below 56 kbit/s the stream does not tell its delay. The size of the stream tells the rate."""
    sizes, read = [], soundfile.read

    def spied(stream, **settings):
        sizes.append(len(stream.getvalue()))
        return read(stream, **settings)

    monkeypatch.setattr(soundfile, "read", spied)
    changed = mp3(music(), kbits)
    seconds = len(music()) / 22_050
    assert sizes[0] * 8 / seconds / 1_000 == pytest.approx(kbits, rel=0.04)
    assert delay(music(), changed) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("codec", "settings", "least", "most"),
    [(mp3, (16, 32, 64, 128), 5, 40), (vorbis, (0, 3, 6, 10), 8, 50), (opus, (12, 32, 96, 200), 5, 50)],
)
def test_more_bits_are_less_damage(codec, settings, least, most):
    ratios = [snr(music(), codec(music(), setting)) for setting in settings]
    assert ratios == sorted(ratios)
    assert ratios[-1] - ratios[0] > 5
    assert least < ratios[0] and ratios[-1] < most


@pytest.mark.parametrize("n_samples", [5_003, 100_001])
def test_codecs_are_in_step_at_odd_lengths_too(n_samples):
    """On noise: a short piece of music may be all bass, whose correlation has no sharp peak."""
    noise = 0.1 * np.random.default_rng(0).normal(size=n_samples).astype(np.float32)
    for name in CODED:
        assert abs(delay(noise, PROCESSES[name](noise))) < 0.5, name


@pytest.mark.parametrize("formats", [{}, {"MP3": "MPEG-1/2 Audio", "OGG": "OGG"}])
@pytest.mark.parametrize(("codec", "name"), [(mp3, "MPEG_LAYER_III"), (vorbis, "VORBIS"), (opus, "OPUS")])
def test_a_missing_codec_is_named(monkeypatch, codec, name, formats):
    monkeypatch.setattr(soundfile, "available_formats", lambda: formats)
    monkeypatch.setattr(soundfile, "available_subtypes", lambda container: {})
    with pytest.raises(InputError, match=name):
        codec(music())


@pytest.mark.parametrize(
    "call",
    [
        lambda x: mp3(x, 100),
        lambda x: vorbis(x, 11),
        lambda x: opus(x, 5),
        lambda x: low_pass(x, 0),
        lambda x: low_pass(x, 11_025),
        lambda x: low_pass(x, 100, 0),
        lambda x: resampled(x, 0),
        lambda x: mp3(np.zeros(0, np.float32)),
    ],
)
def test_refuses_settings_that_make_no_sense(call):
    with pytest.raises(InputError):
        call(music())


def test_a_long_recording_is_encoded_in_a_thread_with_a_small_stack():
    """libsndfile's Vorbis encoder takes stack for all that it is given at once; some systems' threads have 512 KiB."""
    long = np.tile(music(), 10)
    done = []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: done.append(vorbis(long)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert done[0].shape == long.shape


def test_names_are_there_for_a_table():
    wanted = {
        "as written",
        "16 bit",
        "MP3 64 kbit/s",
        "low-pass 8 kHz",
        "resampled to 16 kHz and back",
        "+1 dB",
        "-1 dB",
    }
    assert wanted <= set(PROCESSES) and len(CODED) >= 5
