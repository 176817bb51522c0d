"""Audio files to waveforms and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from music_adversaries import audio
from music_adversaries.audio import SAMPLE_RATE

STEP = 1 / 32_768

# Inside, at and beyond full scale; tiny values and exact halves of a step come up too.
samples = st.one_of(
    st.floats(-1.5, 1.5, width=32),
    st.integers(-70_000, 70_000).map(lambda half: half * STEP / 2),
    st.floats(-(2.0**100), 2.0**100, width=32),
)
waveforms = arrays.arrays(np.float32, st.integers(1, 100), elements=samples)


def tone(seconds: float = 0.5, rate: int = SAMPLE_RATE, hertz: float = 440.0) -> np.ndarray:
    """A quiet sine, ``float32 [seconds * rate]``."""
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@given(waveforms)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_written_file_reads_back_as_quantise_says(tmp_path, waveform):
    path = tmp_path / "round trip.wav"
    n_clipped = audio.write_wav(path, waveform)
    back, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE
    np.testing.assert_array_equal(back, audio.quantise(waveform))
    assert back.dtype == audio.quantise(waveform).dtype == np.float32
    beyond = (waveform.astype(float) < -1 - STEP / 2) | (waveform.astype(float) >= 1 - STEP / 2)
    assert n_clipped == np.count_nonzero(beyond)


@given(waveforms)
@settings(max_examples=60, deadline=None)
def test_quantise_is_idempotent_and_off_by_half_a_step_at_most(waveform):
    quantised = audio.quantise(waveform)
    np.testing.assert_array_equal(audio.quantise(quantised), quantised)
    saturated = np.clip(waveform.astype(np.float64), -1, 1 - STEP)
    assert np.max(np.abs(quantised - saturated)) <= STEP / 2


def test_quantise_rounds_and_saturates_where_it_should():
    steps = np.array([0, 0.4, 0.6, -0.6, 32_766.6, 32_767.4, 32_768, -32_768, -32_769, 1e9])
    expected = np.array([0, 0, 1, -1, 32_767, 32_767, 32_767, -32_768, -32_768, 32_767])
    np.testing.assert_array_equal(audio.quantise(steps * STEP) / STEP, expected)


def test_flac_bytes_decode_to_quantise():
    waveform = tone() * 4
    back, rate = soundfile.read(io.BytesIO(audio.to_flac_bytes(waveform)), dtype="float32")
    assert rate == SAMPLE_RATE
    np.testing.assert_array_equal(back, audio.quantise(waveform))


def test_wav_bytes_are_those_of_the_file_with_a_plain_header(tmp_path):
    audio.write_wav(tmp_path / "a.wav", tone())
    content = (tmp_path / "a.wav").read_bytes()
    assert content == audio.to_wav_bytes(tone())
    assert len(content) == 44 + 2 * len(tone())


def test_read_gives_back_what_write_wrote_without_a_note(tmp_path):
    audio.write_wav(tmp_path / "a.wav", tone())
    waveform, notes = audio.read(tmp_path / "a.wav")
    assert notes == ()
    np.testing.assert_array_equal(waveform, audio.quantise(tone()))
    assert waveform.dtype == np.float32 and waveform.ndim == 1


def test_the_end_of_the_name_does_not_matter(tmp_path):
    (tmp_path / "a.mp3").write_bytes(audio.to_wav_bytes(tone()))
    np.testing.assert_array_equal(audio.read(tmp_path / "a.mp3").waveform, audio.quantise(tone()))
    assert audio.write_wav(tmp_path / "no suffix", tone()) == 0
    assert audio.read(tmp_path / "no suffix").notes == ()


@pytest.mark.parametrize(
    ("container", "subtype", "tolerance"),
    [
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "FLOAT", 0),
        ("FLAC", "PCM_16", STEP),
        ("AU", "PCM_16", STEP),
        ("OGG", "VORBIS", 0.05),
        ("MP3", "MPEG_LAYER_III", 0.05),
    ],
)
def test_formats(tmp_path, container, subtype, tolerance):
    path = tmp_path / f"a.{container.lower()}"
    soundfile.write(path, tone(), SAMPLE_RATE, format=container, subtype=subtype)
    waveform, notes = audio.read(path)
    assert notes == ()
    assert len(waveform) == len(tone())
    assert np.sqrt(np.mean((waveform - tone()) ** 2)) <= tolerance
    assert audio.duration(path) == pytest.approx(0.5)


def test_stereo_is_mixed_with_a_note(tmp_path):
    left, right = tone(), tone(hertz=660)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), SAMPLE_RATE, subtype="FLOAT")
    waveform, notes = audio.read(tmp_path / "a.wav")
    assert notes == ("stereo mixed to mono",)
    np.testing.assert_allclose(waveform, (left + right) / 2, atol=1e-7)


def test_six_channels_are_mixed_with_a_note(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.tile(tone()[:, None], 6), SAMPLE_RATE)
    assert audio.read(tmp_path / "a.wav").notes == ("6 channels mixed to mono",)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_other_rates_are_resampled_with_a_note(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", tone(rate=rate), rate, subtype="FLOAT")
    waveform, notes = audio.read(tmp_path / "a.wav")
    assert notes == (f"{rate:,} Hz resampled to 22,050 Hz",)
    assert len(waveform) == pytest.approx(len(tone()), abs=1)
    middle = slice(2_000, 9_000)  # the ends ring, since the tone starts and stops at once
    np.testing.assert_allclose(waveform[middle], tone()[middle], atol=1e-3)


def test_resampling_removes_what_the_lower_rate_cannot_hold(tmp_path):
    high = tone(rate=44_100, hertz=15_000)
    soundfile.write(tmp_path / "a.wav", high, 44_100, subtype="FLOAT")
    waveform, _ = audio.read(tmp_path / "a.wav")
    assert np.sqrt(np.mean(waveform[2_000:9_000] ** 2)) < 1e-4


def test_ten_minutes_of_stereo_just_work(tmp_path):
    minute = np.stack([tone(60, 8_000)] * 2, axis=1)
    with soundfile.SoundFile(tmp_path / "long.flac", "w", 8_000, 2, subtype="PCM_16") as file:
        for _ in range(10):
            file.write(minute)
    waveform, notes = audio.read(tmp_path / "long.flac")
    assert len(waveform) == 600 * SAMPLE_RATE
    assert notes == ("stereo mixed to mono", "8,000 Hz resampled to 22,050 Hz")
    waveform, notes = audio.read(tmp_path / "long.flac", max_seconds=30)
    assert len(waveform) == 30 * SAMPLE_RATE
    assert "30 s of 600 s used" in notes


def test_a_cut_is_the_same_as_cutting_afterwards(tmp_path):
    audio.write_wav(tmp_path / "a.wav", tone(2.0, hertz=97))
    whole = audio.read(tmp_path / "a.wav").waveform
    cut, notes = audio.read(tmp_path / "a.wav", start_s=0.5, duration_s=1.0)
    assert notes == ()
    np.testing.assert_array_equal(cut, whole[11_025 : 11_025 + 22_050])
    rest, notes = audio.read(tmp_path / "a.wav", start_s=1.5)
    np.testing.assert_array_equal(rest, whole[33_075:])
    assert notes == ()


def test_a_cut_longer_than_the_file_leaves_a_note(tmp_path):
    audio.write_wav(tmp_path / "a.wav", tone(2.0))
    waveform, notes = audio.read(tmp_path / "a.wav", start_s=1.0, duration_s=30.0)
    assert len(waveform) == 22_050
    assert notes == ("ends after 1.00 s of the 30 s asked for",)


def test_max_seconds_notes_only_what_it_leaves_out(tmp_path):
    audio.write_wav(tmp_path / "a.wav", tone(1.0))
    assert audio.read(tmp_path / "a.wav", max_seconds=1).notes == ()
    assert audio.read(tmp_path / "a.wav", max_seconds=5).notes == ()
    waveform, notes = audio.read(tmp_path / "a.wav", max_seconds=0.5)
    assert (len(waveform), notes) == (11_025, ("0.5 s of 1 s used",))


def test_a_truncated_wav_leaves_a_note(tmp_path):
    content = audio.to_wav_bytes(tone())
    (tmp_path / "a.wav").write_bytes(content[: len(content) // 2])
    waveform, notes = audio.read(tmp_path / "a.wav")
    assert len(waveform) == pytest.approx(len(tone()) / 2, abs=22)
    assert notes == ("cut short: its header promises more audio than it holds",)


def test_check_waveform_gives_back_contiguous_float32():
    strided = np.repeat(tone().astype(np.float64), 2)[::2]
    checked = audio.check_waveform(strided, "a tone")
    assert checked.dtype == np.float32 and checked.flags.c_contiguous
    np.testing.assert_array_equal(checked, tone())


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_cut_is_the_same_whether_the_file_is_entered_or_decoded_from_its_beginning(tmp_path, suffix):
    rng = np.random.default_rng(4)
    path = tmp_path / f"long{suffix}"
    soundfile.write(path, 0.1 * rng.standard_normal(12 * audio.SAMPLE_RATE), audio.SAMPLE_RATE)
    whole, _ = audio.read(path)
    cut, _ = audio.read(path, start_s=7.3, duration_s=2.0)
    start = round(7.3 * audio.SAMPLE_RATE)
    np.testing.assert_array_equal(cut, whole[start : start + 2 * audio.SAMPLE_RATE])
