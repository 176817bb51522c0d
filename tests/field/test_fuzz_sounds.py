"""Whatever is done to the bytes of a sound file, `audio.read` gives sound or refuses the file by name."""

from __future__ import annotations

import io
import resource
import time

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from music_adversaries import audio
from music_adversaries.errors import InputError

N = 4_000  # samples of each channel
MOST_S = 5.0
MOST_BYTES = 512 << 20
CODINGS = (
    ("WAV", "PCM_16", 22_050, 1),
    ("WAV", "FLOAT", 44_100, 2),
    ("WAV", "MS_ADPCM", 22_050, 1),
    ("WAVEX", "PCM_24", 48_000, 3),
    ("RF64", "PCM_16", 22_050, 1),
    ("W64", "PCM_16", 22_050, 1),
    ("AIFF", "PCM_16", 22_050, 2),
    ("AU", "ULAW", 8_000, 1),
    ("CAF", "PCM_16", 22_050, 1),
    ("CAF", "ALAC_16", 22_050, 1),
    ("FLAC", "PCM_16", 22_050, 2),
    ("OGG", "VORBIS", 22_050, 1),
    ("OGG", "OPUS", 24_000, 2),
    ("MP3", "MPEG_LAYER_III", 22_050, 1),
    ("VOC", "PCM_16", 22_050, 1),
    ("NIST", "PCM_16", 22_050, 1),
)


def encoded(kind: str, coding: str, rate: int, n_channels: int) -> bytes:
    file = io.BytesIO()
    samples = 0.1 * np.random.default_rng(0).standard_normal((N, n_channels))
    soundfile.write(file, samples, rate, format=kind, subtype=coding)
    return file.getvalue()


FILES = [encoded(*coding) for coding in CODINGS]
NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\xf0\xff\x7f", b"\0\0\0\1")
HEADER = 128  # bytes, about: where damage does most

# Offsets count from the end where they are below zero, and wrap around.
offsets = st.one_of(st.integers(0, HEADER), st.integers(0, 1 << 16), st.integers(-HEADER, -1))


def flipped(content: bytes, offset: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[offset] ^= 1 << bit
    return bytes(changed)


def mutated(data: st.DataObject, content: bytes) -> bytes:
    """One more accident."""
    if not content:
        return content
    at = data.draw(offsets) % len(content)
    size = data.draw(st.integers(1, 2_000))
    match data.draw(st.sampled_from(["flip", "cut", "number", "bytes", "repeat", "drop", "splice", "before", "twice"])):
        case "flip":
            return flipped(content, at, data.draw(st.integers(0, 7)))
        case "cut":
            return content[:at]
        case "number":
            number = data.draw(st.sampled_from(NUMBERS))
            return content[:at] + number + content[at + len(number) :]
        case "bytes":
            new = data.draw(st.binary(max_size=16))
            return content[:at] + new + content[at + len(new) :]
        case "repeat":
            return content[: at + size] + content[at:]
        case "drop":
            return content[:at] + content[at + size :]
        case "splice":
            other = data.draw(st.sampled_from(FILES))
            return content[:at] + other[data.draw(offsets) % len(other) :]
        case "before":
            return data.draw(st.sampled_from([b"ID3\x04\0\0\0\0\1\0" + bytes(128), b"\0", *FILES])) + content
        case _:
            return content + content


def used() -> int:
    """Most bytes that this process had in memory so far."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_sound_or_refused(tmp_path, data):
    content = data.draw(st.sampled_from(FILES))
    for _ in range(data.draw(st.integers(1, 4))):
        content = mutated(data, content)
    path = tmp_path / "a sound"
    path.write_bytes(content)
    began, before = time.process_time(), used()
    try:
        waveform, notes = audio.read(path)
        assert waveform.dtype == np.float32 and waveform.ndim == 1 and waveform.flags.c_contiguous
        assert np.isfinite(waveform).all()
        assert audio.N_FFT <= len(waveform) <= audio.LONGEST_S * audio.SAMPLE_RATE
        assert np.max(np.abs(waveform)) < 8  # four times full scale, and what resampling adds
        assert all(note.isprintable() for note in notes)
        seconds = audio.duration(path)
        assert seconds == pytest.approx(len(waveform) / audio.SAMPLE_RATE, abs=2e-4)
    except InputError as error:
        assert str(error).startswith(str(path)) and str(error).endswith(".") and "\n" not in str(error)
    assert time.process_time() - began < MOST_S
    assert used() - before < MOST_BYTES


LINEAR = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF")  # whose samples have two bytes each, and lie at the end
CODED = ("FLAC", "OGG")
BLANK = np.random.default_rng(1).uniform(-0.5, 0.5, N)

one_sound = st.tuples(
    st.sampled_from(LINEAR + CODED),
    st.integers(2_000, N),
    st.sampled_from(["whole", "cut", "after", "twice"]),
    st.integers(1, 1_500),
)


def with_accident(kind: str, n: int, accident: str, size: int) -> tuple[bytes, int]:
    """A file, and how many samples it holds."""
    file = io.BytesIO()
    soundfile.write(file, BLANK[:n], audio.SAMPLE_RATE, format=kind, subtype=None if kind == "OGG" else "PCM_16")
    content = file.getvalue()
    if accident == "cut":
        return content[:-size], n - (size + 1) // 2 if kind in LINEAR else -1
    if accident == "twice":
        return 2 * content, 2 * n
    return content + bytes(range(1, 256)) * (size // 255 + 1) * (accident == "after"), n


@given(st.lists(one_sound, min_size=1, max_size=5))
@example([("FLAC", 2_000, "after", 1), ("FLAC", 3_449, "whole", 1)])  # found by fuzzing
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sample_and_no_file_leaves_in_silence(tmp_path, sounds):
    read, refused = {}, {}
    made = {tmp_path / f"{i}.{sound[0].lower()}": with_accident(*sound) for i, sound in enumerate(sounds)}
    for path, (content, _) in made.items():
        path.write_bytes(content)
        try:
            read[path] = audio.read(path)
        except InputError as error:
            refused[path] = str(error)
    assert read.keys() | refused.keys() == made.keys() and not read.keys() & refused.keys()
    assert all(message.startswith(str(path)) for path, message in refused.items())
    for path, (waveform, notes) in read.items():
        assert len(waveform) == made[path][1] or notes, (path.name, len(waveform), made[path][1])
    for path, (_, _, accident, _) in zip(made, sounds, strict=True):
        if accident == "whole":
            assert path in read and not read[path].notes
        elif accident != "twice" and path in read:
            assert read[path].notes, (path.name, accident)
