"""Sound that is not what it seems: files as programs and accidents leave them, and what is read from them."""

from __future__ import annotations

import io
import os
import socket
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from case import Case, each
from music_adversaries import audio
from music_adversaries.audio import SAMPLE_RATE, sources
from music_adversaries.errors import InputError, printable

STEP = 1 / 32_768
CUT = "cut short"
STEREO = "stereo mixed to mono"


class Sound(NamedTuple):
    """What has to be read."""

    waveform: np.ndarray
    """Heard, ``[n_samples]``; only its length matters where the tolerance is infinite."""
    notes: tuple[str, ...] = ()
    """Of each note some words."""
    tolerance: float = STEP
    """Largest difference of a sample."""


def music(n: int = 2 * SAMPLE_RATE, rate: int = SAMPLE_RATE, seed: int = 0, level: float = 0.1) -> np.ndarray:
    """Three notes and some noise, on 16-bit steps, without a constant: ``float64 [n]``."""
    time = np.arange(n) / rate
    notes = sum(np.sin(2 * np.pi * hertz * time + seed) for hertz in (131, 220, 523)) / 2
    noise = np.random.default_rng(seed).standard_normal(n) / 20
    return np.rint((notes + noise) * level / STEP) * STEP


def encoded(
    samples: np.ndarray, rate: int = SAMPLE_RATE, kind: str = "WAV", coding: str | None = None, **options: object
) -> bytes:
    """A file, in memory."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=coding, **options)
    return file.getvalue()


def patched(content: bytes, *patches: tuple[int, str, int]) -> bytes:
    """With numbers written over it: offset, format, number."""
    result = bytearray(content)
    for offset, form, number in patches:
        struct.pack_into(form, result, offset, number)
    return bytes(result)


def sized(content: bytes, riff: int, data: int) -> bytes:
    """A WAV file with sizes in its header that are not its own."""
    return patched(content, (4, "<I", riff), (content.index(b"data") + 4, "<I", data))


def endless(flac: bytes) -> bytes:
    """A FLAC file as a pipe gets it: its header does not say how long it is."""
    field = int.from_bytes(flac[18:26], "big") >> 36 << 36
    return flac[:18] + field.to_bytes(8, "big") + flac[26:]


def bare(mp3: bytes) -> bytes:
    """An MP3 file without the frame that says how long it is."""
    return mp3[mp3.index(mp3[:2], 4) :]


def counting(mp3: bytes, frames: int) -> bytes:
    """An MP3 file whose header says that it has so many frames."""
    return patched(mp3, (max(mp3.find(b"Xing"), mp3.find(b"Info")) + 8, ">I", frames))


def id3(size: int = 3_000) -> bytes:
    """An ID3v2 tag."""
    return b"ID3\x03\0\0" + bytes([0, 0, size >> 7, size & 0x7F]) + bytes(size)


def chunk(name: bytes, content: bytes) -> bytes:
    """One of a WAV file."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


APE = bytes(100) + b"APETAGEX" + struct.pack("<4I", 2_000, 32 + 100, 1, 0) + bytes(8)
ID3V1 = b"TAG" + bytes(125)

MUSIC = music()
LEFT, RIGHT = music(seed=1), music(seed=2)
WAV, FLAC = encoded(MUSIC), encoded(MUSIC, kind="FLAC")
VORBIS = encoded(music(10 * SAMPLE_RATE), kind="OGG", coding="VORBIS")
VORBIS_STEREO = encoded(np.stack([LEFT, RIGHT], axis=1), kind="OGG", coding="VORBIS")
OPUS = encoded(music(10 * 24_000, 24_000), 24_000, kind="OGG", coding="OPUS")
MP3 = encoded(MUSIC, kind="MP3")
NOISE = np.random.default_rng(0).standard_normal(100_000) / 10
N_MP3 = 101_376  # samples that an MP3 of as many has, without what says how many of them are padding
N_MP3_SHORT = 45_504  # of `MP3`, likewise
AIFF = encoded(MUSIC, kind="AIFF")


def stereo(left: np.ndarray, right: np.ndarray, coding: str = "FLOAT") -> bytes:
    return encoded(np.stack([left, right], axis=1), coding=coding)


def channels(*each_one: np.ndarray) -> bytes:
    return encoded(np.stack(each_one, axis=1), coding="FLOAT")


def dither(steps: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-steps, steps + 1, len(MUSIC)) * STEP


def extensible(steps: np.ndarray, there: int, used: int, order: str = "<", kind: int = 1) -> bytes:
    """A WAV file that has so many bits for a sample, and says that it uses so many."""
    n, size = steps.shape[1] if steps.ndim == 2 else 1, there // 8
    guid = struct.pack(f"{order}IHH", kind, 0, 16) + bytes.fromhex("800000aa00389b71")
    form = struct.pack(
        f"{order}HHIIHHHHI", 0xFFFE, n, SAMPLE_RATE, SAMPLE_RATE * n * size, n * size, there, 22, used, 0
    )
    whole = np.rint(steps).astype(f"{order}i4").reshape(-1).view("u1").reshape(-1, 4)
    samples = (whole[:, :size] if order == "<" else whole[:, 4 - size :]).tobytes()
    chunks = (b"fmt ", form + guid), (b"data", samples)
    body = b"WAVE" + b"".join(name + struct.pack(f"{order}I", len(what)) + what for name, what in chunks)
    return (b"RIFF" if order == "<" else b"RIFX") + struct.pack(f"{order}I", len(body)) + body


def lasting(seconds: float, *notes: str) -> Sound:
    """Any sound of that length."""
    return Sound(np.zeros(round(seconds * SAMPLE_RATE)), notes, np.inf)


def written(content: bytes, path: Path) -> Path:
    path.write_bytes(content)
    return path


def tried(case: Case, path: Path) -> None:
    """Read a file, and compare with what a case says."""
    if isinstance(case.answer, str):
        with pytest.raises(InputError, match=case.answer) as refusal:
            audio.read(path)
        message = str(refusal.value)
        assert message.startswith(printable(path)) and message.endswith(".") and "\n" not in message
        assert message.isprintable()
        return
    waveform, notes = audio.read(path)
    assert len(notes) == len(case.answer.notes), notes
    for note, words in zip(notes, case.answer.notes, strict=True):
        assert words in note
    assert len(waveform) == len(case.answer.waveform)
    if np.isfinite(case.answer.tolerance):
        assert np.max(np.abs(waveform - case.answer.waveform)) <= case.answer.tolerance
    assert audio.duration(path) == pytest.approx(len(waveform) / SAMPLE_RATE, abs=1 / 8_000)


def scaled(factor: float, coding: str = "FLOAT") -> bytes:
    return encoded(np.rint(MUSIC * factor), coding=coding)


FINE = MUSIC + (np.arange(len(MUSIC)) % 7 - 3) * (2.0**-19 + 2.0**-23)  # uses 24 bits
QUIET = music(level=0.002)
BITS = [
    Case("the highest 24 of 32", "soundfile", lambda: extensible(FINE * 2**23 * 256, 32, 24), Sound(FINE)),
    Case(
        "the lowest 24 of 32", "trial 15", lambda: extensible(FINE * 2**23, 32, 24), Sound(FINE, ("multiplied by 256",))
    ),
    Case(
        "the lowest 24 of 32, two channels",
        "trial 15",
        lambda: extensible(np.stack([FINE, FINE / 2], 1) * 2**23, 32, 24),
        Sound(FINE * 0.75, ("lowest 24 of 32", "stereo")),
    ),
    Case(
        "the lowest 24 of 32, in the other order",
        "trial 15",
        lambda: extensible(FINE * 2**23, 32, 24, ">"),
        Sound(FINE, ("lowest 24 of 32",)),
    ),
    Case("the lowest 20 of 24", "-", lambda: extensible(FINE * 2**19, 24, 20), Sound(FINE, ("multiplied by 16",))),
    Case("the lowest 12 of 16", "-", lambda: extensible(FINE * 2**11, 16, 12), Sound(FINE, ("by 16",), 2**-12)),
    Case("the highest 12 of 16", "-", lambda: extensible(np.rint(FINE * 2**11) * 16, 16, 12), Sound(FINE, (), 2**-12)),
    Case("all of 32 after all", "-", lambda: extensible(FINE * 2**31 + 1, 32, 24), Sound(FINE)),
    Case("all of 24", "-", lambda: extensible(FINE * 2**23, 24, 24), Sound(FINE)),
    Case("none of 16", "-", lambda: extensible(MUSIC * 2**15, 16, 0), Sound(MUSIC)),
    Case("more than there are", "-", lambda: extensible(MUSIC * 2**15, 16, 24), Sound(MUSIC)),
    Case(
        "quiet, or the lowest",
        "-",
        lambda: extensible(np.rint(QUIET * 2**15) * 2**16, 32, 24),
        Sound(QUIET, ("it may be in the lowest",)),
    ),
    Case("silence in the lowest", "-", lambda: extensible(0 * FINE, 32, 24), "is silent"),
]

SCALES = [
    Case("16 bits in float", "scipy #16515, soundfile #226", lambda: scaled(2**15), Sound(MUSIC, ("32,768",))),
    Case("16 bits in double", "soundfile #226", lambda: scaled(2**15, "DOUBLE"), Sound(MUSIC, ("32,768",))),
    Case("24 bits in float", "scipy #16515", lambda: scaled(2**23), Sound(MUSIC, ("8,388,608",))),
    Case("32 bits in float", "scipy #16515", lambda: scaled(2**31), Sound(MUSIC, ("2,147,483,648",))),
    Case("32 bits in double", "scipy #16515", lambda: scaled(2**31, "DOUBLE"), Sound(MUSIC, ("2,147,483,648",))),
    Case(
        "full scale of 16 bits, stereo",
        "soundfile #226",
        lambda: stereo(np.rint(LEFT * 2**15), np.rint(RIGHT * 2**15)),
        Sound((LEFT + RIGHT) / 2, ("32,768", STEREO)),
    ),
    Case("a little too loud", "soundfile #226", lambda: encoded(20 * MUSIC, coding="FLOAT"), Sound(20 * MUSIC, ())),
    Case("large, no whole numbers", "scipy #16515", lambda: encoded(3_000.5 * MUSIC, coding="FLOAT"), "full scale"),
    Case("too loud for 16 bits, too quiet for 24", "-", lambda: scaled(2**18), "full scale"),
    Case("beyond 32 bits", "-", lambda: scaled(2.0**40), "full scale"),
    Case("beyond float", "-", lambda: encoded(1e300 * MUSIC, coding="DOUBLE"), "NaN or infinite"),
]

CONSTANTS = [
    Case("a constant", "pyAudioAnalysis #311", lambda: encoded(MUSIC + 0.2, coding="FLOAT"), Sound(MUSIC, ("+0.2 r",))),
    Case("below zero", "pyAudioAnalysis #311", lambda: encoded(MUSIC - 0.1, coding="FLOAT"), Sound(MUSIC, ("-0.1 r",))),
    Case("small", "-", lambda: encoded(MUSIC + 0.005, coding="FLOAT"), Sound(MUSIC + 0.005)),
    Case(
        "of one channel",
        "-",
        lambda: stereo(LEFT + 0.3, RIGHT),
        Sound((LEFT + RIGHT) / 2, (STEREO, "+0.15 removed")),
    ),
    Case("nothing else", "pyAudioAnalysis #311", lambda: encoded(0 * MUSIC + 0.5), "is silent"),
    Case("and dither", "-", lambda: encoded(dither(2) + 0.5, coding="FLOAT"), "is silent"),
    Case("dither of one step", "-", lambda: encoded(dither(1)), "is silent"),
    Case("dither of two steps", "-", lambda: encoded(dither(2)), "is silent"),
    Case("in every channel", "-", lambda: stereo(0 * LEFT + 0.5, dither(1)), "is silent"),
]

SILENT = 0 * MUSIC
CHANNELS = [
    Case("out of phase", "-", lambda: stereo(LEFT, -LEFT), Sound(LEFT, ("cancel out when mixed, the left",))),
    Case("the right one louder", "-", lambda: stereo(-0.9 * LEFT, LEFT), Sound(LEFT, ("out when mixed, the right",))),
    Case(
        "nearly out of phase",
        "-",
        lambda: stereo(LEFT, -LEFT + 0.01 * RIGHT),
        Sound(LEFT, ("cancel out when mixed",), tolerance=0.01),
    ),
    Case("constants of opposite sign", "-", lambda: stereo(LEFT + 0.2, LEFT - 0.2), Sound(LEFT, (STEREO,))),
    Case("different", "-", lambda: stereo(LEFT, RIGHT), Sound((LEFT + RIGHT) / 2, (STEREO,))),
    Case(
        "wide",
        "-",
        lambda: stereo(LEFT + 0.5 * RIGHT, -LEFT + 0.5 * RIGHT),
        Sound(0.5 * RIGHT, (STEREO,)),
    ),
    Case("a silent right", "-", lambda: stereo(LEFT, SILENT), Sound(LEFT, ("silent, the left channel used alone",))),
    Case("a silent left", "-", lambda: stereo(SILENT, LEFT), Sound(LEFT, ("silent, the right channel used alone",))),
    Case("a right of dither", "-", lambda: stereo(LEFT, dither(1)), Sound(LEFT, ("1 of 2 channels silent",))),
    Case("a constant right", "-", lambda: stereo(LEFT, SILENT + 0.5), Sound(LEFT, ("1 of 2 channels silent",))),
    Case("a right 70 dB below", "-", lambda: stereo(LEFT, RIGHT / 3_000), Sound(LEFT, ("1 of 2 channels silent",))),
    Case("a right 30 dB below", "-", lambda: stereo(LEFT, RIGHT / 30), Sound((LEFT + RIGHT / 30) / 2, (STEREO,))),
    Case(
        "5.1 with a silent LFE",
        "-",
        lambda: channels(LEFT, RIGHT, MUSIC, SILENT, LEFT, RIGHT),
        Sound((2 * LEFT + 2 * RIGHT + MUSIC) / 5, ("1 of 6 channels silent", "5 channels mixed to mono")),
    ),
    Case(
        "5.1 with stereo in it",
        "-",
        lambda: channels(LEFT, RIGHT, SILENT, SILENT, SILENT, SILENT),
        Sound((LEFT + RIGHT) / 2, ("4 of 6 channels silent", "2 channels mixed to mono")),
    ),
    Case(
        "5.1 with stereo out of phase in it",
        "-",
        lambda: channels(SILENT, LEFT, -LEFT, SILENT, SILENT, SILENT),
        Sound(LEFT, ("4 of 6 channels silent", "cancel out when mixed, channel 2 used alone")),
    ),
]

LIST = chunk(b"LIST", b"INFOISFT" + bytes(7))
CONTAINERS = [
    Case("two WAV", "MPD #1200", lambda: WAV + WAV, Sound(MUSIC, (f"{len(WAV):,} bytes after",))),
    Case("WAV, then junk", "-", lambda: WAV + b"\x01" * 999, Sound(MUSIC, ("999 bytes after",))),
    Case("two AIFF", "-", lambda: 2 * encoded(MUSIC, kind="AIFF"), Sound(MUSIC, ("bytes after",))),
    Case("W64, then junk", "-", lambda: encoded(MUSIC, kind="W64") + b"\x01" * 999, Sound(MUSIC, ("999 bytes",))),
    Case("two RF64", "-", lambda: 2 * encoded(MUSIC, kind="RF64"), Sound(MUSIC, ("bytes after",))),
    Case("AU, then junk", "-", lambda: encoded(MUSIC, kind="AU") + b"\x01" * 999, Sound(MUSIC, ("999 bytes",))),
    Case("two CAF", "-", lambda: 2 * encoded(MUSIC, kind="CAF"), Sound(MUSIC, ("bytes after",))),
    Case("WAV with ID3v1", "mutagen", lambda: WAV + ID3V1, Sound(MUSIC)),
    Case("WAV with APE tag", "mutagen", lambda: WAV + APE, Sound(MUSIC)),
    Case("WAV with both", "mutagen", lambda: WAV + APE + ID3V1, Sound(MUSIC)),
    Case("WAV with LIST and id3", "mutagen", lambda: WAV + LIST + chunk(b"id3 ", id3(11)), Sound(MUSIC)),
    Case("WAV with bext", "-", lambda: WAV[:36] + chunk(b"bext", bytes(602)) + WAV[36:], Sound(MUSIC)),
    Case("WAV with a padding byte", "-", lambda: WAV + b"\0", Sound(MUSIC)),
    Case("FLAC with ID3v1", "-", lambda: FLAC + ID3V1, Sound(MUSIC)),
    Case(
        "WAV of an odd size",
        "-",
        lambda: encoded(MUSIC[:44_099], coding="PCM_U8") + LIST,
        Sound(MUSIC[:44_099], tolerance=2 / 256),
    ),
    Case(
        "WAV of an odd size without its padding",
        "-",
        lambda: encoded(MUSIC[:44_099], coding="PCM_U8").removesuffix(b"\0") + LIST,
        Sound(MUSIC[:44_099], tolerance=2 / 256),
    ),
    Case("WAV cut", "-", lambda: WAV[: 44 + 60_000], Sound(MUSIC[:30_000], (CUT,))),
    Case("W64 cut", "-", lambda: encoded(MUSIC, kind="W64")[:-60_000], Sound(MUSIC[:-30_000], (CUT,))),
    Case("RF64 cut", "-", lambda: encoded(MUSIC, kind="RF64")[:-60_000], Sound(MUSIC[:-30_000], (CUT,))),
    Case("AIFF cut", "-", lambda: encoded(MUSIC, kind="AIFF")[:-60_000], Sound(MUSIC[:-30_000], (CUT,))),
    Case("AU cut", "-", lambda: encoded(MUSIC, kind="AU")[:-60_000], Sound(MUSIC[:-30_000], (CUT,))),
    Case("CAF cut", "-", lambda: encoded(MUSIC, kind="CAF")[:-60_000], Sound(MUSIC[:-30_000], (CUT,))),
    *(
        Case(
            f"WAV from a pipe, {riff:#x}, {data:#x}",
            "ffmpeg-python #118",
            lambda r=riff, d=data: sized(WAV, r, d),
            Sound(MUSIC),
        )
        for riff in (0, 36, 0x7FFF_0024, 0xFFFF_FFFF)
        for data in (0, 0x7FFF_F000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
    ),
    Case("an empty WAV", "-", lambda: encoded(MUSIC[:0]), "holds no samples"),
    Case("an empty WAV with a tag", "-", lambda: encoded(MUSIC[:0]) + LIST, "holds no samples"),
    *(
        Case(
            f"AIFF from a pipe, {count:#x}, {size:#x}",
            "-",
            lambda c=count, s=size: patched(
                AIFF, (AIFF.index(b"COMM") + 10, ">I", c), (AIFF.index(b"SSND") + 4, ">I", s)
            ),
            Sound(MUSIC),
        )
        for count, size in [(0, 0), (0, 0xFFFF_FFFF), (0x7FFF_FFFF, 0x7FFF_FFFF)]
    ),
    Case("AU without its offset", "-", lambda: patched(encoded(MUSIC, kind="AU"), (4, ">I", 0)), Sound(MUSIC)),
    Case("AU from a pipe", "-", lambda: patched(encoded(MUSIC, kind="AU"), (8, ">I", 0xFFFF_FFFF)), Sound(MUSIC)),
    Case("ID3 before RIFF", "rust-id3 #63", lambda: id3() + WAV, Sound(MUSIC)),
    Case("ID3 before RIFF and a tag", "rust-id3 #63", lambda: id3() + WAV + LIST, Sound(MUSIC)),
    Case("two ID3 before RIFF", "rust-id3 #63", lambda: id3() + id3(77) + WAV, Sound(MUSIC)),
    Case("ID3 before FLAC", "rust-id3 #63", lambda: id3() + FLAC, Sound(MUSIC)),
    Case("ID3 before OGG", "rust-id3 #63", lambda: id3() + VORBIS, lasting(10)),
    Case("ID3 before AIFF", "rust-id3 #63", lambda: id3() + AIFF, Sound(MUSIC)),
    Case("ID3 before W64", "rust-id3 #63", lambda: id3() + encoded(MUSIC, kind="W64"), Sound(MUSIC)),
    Case("ID3 before MP3", "-", lambda: id3() + MP3, lasting(2)),
    Case("FLAC of unknown length", "libsndfile #1038", lambda: endless(FLAC), Sound(MUSIC)),
    Case("two FLAC", "libsndfile #277", lambda: FLAC + FLAC, Sound(np.tile(MUSIC, 2), ("2 streams",))),
    Case(
        "two FLAC of unknown length",
        "libsndfile #277",
        lambda: endless(FLAC) + endless(FLAC),
        Sound(np.tile(MUSIC, 2), ("2 streams",)),
    ),
    Case("FLAC, then junk", "-", lambda: FLAC + b"\x01" * 99_999, Sound(MUSIC, ("bytes after its sound",))),
    Case("two Vorbis", "MPD #1200", lambda: VORBIS + VORBIS, lasting(20, "2 streams")),
    Case(
        "two Opus",
        "MPD #1200",
        lambda: OPUS + OPUS,
        lasting(20, "2 streams", "resampled"),
    ),
    Case("Vorbis, then Opus", "MPD #1200", lambda: VORBIS + OPUS, "different sample rates"),
    Case("Vorbis, then stereo", "MPD #1200", lambda: VORBIS + VORBIS_STEREO, "channels"),
    Case(
        "Vorbis, then junk",
        "-",
        lambda: VORBIS + b"\x01" * 99,
        lasting(10, "99 bytes"),
    ),
    Case(
        "Opus, then junk",
        "-",
        lambda: OPUS + b"\x01" * 99,
        lasting(10, "99 bytes", "resampled"),
    ),
    Case("Vorbis cut before its sound", "-", lambda: VORBIS[:4_500], "holds no samples|damaged"),
    Case("Opus cut before its sound", "-", lambda: OPUS[:2_000], "holds no samples|damaged"),
    Case("two MP3", "libsndfile #277", lambda: MP3 + MP3, lasting(4, "2 streams")),
    Case(
        "two MP3 with tags",
        "libsndfile #277",
        lambda: 2 * (id3() + MP3 + ID3V1),
        lasting(4, "2 streams"),
    ),
    *(
        Case(
            f"MP3 without a length, {mode.lower()}, {loudness}",
            "-",
            lambda m=mode, s=shape: bare(encoded(s * NOISE, kind="MP3", bitrate_mode=m, compression_level=0.5)),
            lasting(N_MP3 / SAMPLE_RATE),
        )
        for mode in ("CONSTANT", "VARIABLE")
        for loudness, shape in [("even", 1), ("quiet first", np.linspace(0, 1, len(NOISE)) > 0.5)]
    ),
    Case("MP3 with tags", "-", lambda: id3() + MP3 + APE + ID3V1, lasting(2)),
    Case("MP3, then junk", "-", lambda: MP3 + bytes(9_999), lasting(2, "9,999 bytes after")),
    Case(
        "FLAC of a few kilobytes, then a little junk",
        "-",
        lambda: encoded(MUSIC[:2_000], kind="FLAC") + b"\x01" * 300,
        Sound(MUSIC[:2_000], ("bytes after its sound",)),
    ),
    Case("FLAC, then a little junk", "-", lambda: FLAC + b"\x01" * 200, Sound(MUSIC, ("bytes after its sound",))),
    Case(
        "FLAC, then a tag and a little junk", "-", lambda: FLAC + ID3V1 + b"\x01" * 200, Sound(MUSIC, ("bytes after",))
    ),
    Case("MP3 that counts no frames", "-", lambda: counting(MP3, 0), lasting(N_MP3_SHORT / SAMPLE_RATE)),
    Case("nothing but a tag", "-", lambda: id3(), "is not audio"),
]


def bomb() -> bytes:
    """A FLAC file of two hours of silence in some 100 KB."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 8_000, 1, format="FLAC", subtype="PCM_16") as writer:
        for _ in range(120):
            writer.write(np.zeros(60 * 8_000, np.int16))
    return file.getvalue()


ABSURD = [
    Case("at 3 Hz", "reliability row 9", lambda: encoded(MUSIC, 3), "at 3 Hz"),
    Case("at 999 Hz", "-", lambda: encoded(MUSIC, 999), "at 999 Hz"),
    Case("at 2 GHz", "-", lambda: encoded(MUSIC, 2_000_000_000), "at 2,000,000,000 Hz"),
    Case("1,024 channels", "-", lambda: encoded(np.zeros((2_000, 1_024)) + 0.1), "1,024 channels"),
    Case("two hours of silence", "reliability row 9", bomb, "longer than an hour; give duration_s or max_seconds"),
]


def made(path: Path, make: object) -> Path:
    make(path)
    return path


def bound(path: Path) -> Path:
    """A socket."""
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # since the names of sockets have to be short
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)
    return path


PLACES = [
    Case("a named pipe", "reliability row 15", lambda path: made(path, os.mkfifo), "is a named pipe"),
    Case("a socket", "reliability row 15", bound, "is a socket"),
    Case("a device", "reliability row 15", lambda path: Path("/dev/zero"), "is a device"),
    Case("a folder", "-", lambda path: path.parent, "is a folder"),
    Case("a part of 300 bytes", "reliability row 15", lambda path: path.parent / ("a" * 300), "name"),
    Case("a NUL", "reliability row 18", lambda path: path.parent / "a\0b", "name"),
    Case("half a surrogate pair", "reliability row 18", lambda path: path.parent / "a\ud800b", "name"),
    Case("below a file", "-", lambda path: made(path, Path.touch) / "a.wav", "does not exist"),
    Case("a link to itself", "-", lambda path: made(path, lambda p: p.symlink_to(p)), "cannot be opened"),
    Case("a link to nothing", "-", lambda path: made(path, lambda p: p.symlink_to("nothing")), "does not exist"),
    Case(
        "not UTF-8, and not there", "mutagen #648", lambda path: path.parent / "caf\udce9.wav", r"caf\\xe9.wav does not"
    ),
    Case("two lines", "-", lambda path: path.parent / "a\nb\x1b[1m.wav", r"a\\nb\\x1b\[1m.wav does not exist"),
    Case("no such user", "reliability row 19", lambda path: Path("~nosuchuser/a.wav"), "does not exist"),
]


@each(SCALES)
def test_a_scale_is_repaired_or_refused(case, tmp_path):
    tried(case, written(case.make(), tmp_path / "a.wav"))


@each(BITS)
def test_bits_that_are_not_used_are_at_either_end(case, tmp_path):
    tried(case, written(case.make(), tmp_path / "a.wav"))


@each(CONSTANTS)
def test_a_constant_is_no_sound(case, tmp_path):
    tried(case, written(case.make(), tmp_path / "a.wav"))


@each(CHANNELS)
def test_channels_are_mixed_where_they_can_be(case, tmp_path):
    tried(case, written(case.make(), tmp_path / "a.wav"))


@each(CONTAINERS)
def test_nothing_of_a_container_is_lost_in_silence(case, tmp_path):
    tried(case, written(case.make(), tmp_path / "a"))


@each(ABSURD)
def test_memory_is_bounded_before_it_is_taken(case, tmp_path):
    tried(case, written(case.make(), tmp_path / "a"))


@each(PLACES)
def test_places_and_names_are_refused_in_one_line(case, tmp_path):
    tried(case, case.make(tmp_path / "a"))


# Containers and codings, as soundfile writes them: kind, coding, largest difference of a sample.
CODINGS = [
    ("WAV", "PCM_U8", 1 / 128),
    ("WAV", "PCM_16", STEP),
    ("WAV", "PCM_24", 1e-6),
    ("WAV", "PCM_32", 1e-6),
    ("WAV", "FLOAT", 1e-7),
    ("WAV", "DOUBLE", 1e-7),
    ("WAV", "ULAW", 0.01),
    ("WAV", "ALAW", 0.01),
    ("WAV", "IMA_ADPCM", 0.1),
    ("WAV", "MS_ADPCM", 0.1),
    ("WAV", "GSM610", 0.3),
    ("WAVEX", "PCM_16", STEP),
    ("RF64", "PCM_16", STEP),
    ("W64", "PCM_16", STEP),
    ("AIFF", "PCM_16", STEP),
    ("AIFF", "PCM_24", 1e-6),
    ("AIFF", "FLOAT", 1e-7),
    ("AU", "PCM_16", STEP),
    ("AU", "ULAW", 0.01),
    ("CAF", "PCM_16", STEP),
    ("CAF", "ALAC_16", STEP),
    ("FLAC", "PCM_16", STEP),
    ("FLAC", "PCM_24", 1e-6),
    ("OGG", "VORBIS", 0.1),
    ("MP3", "MPEG_LAYER_III", 0.1),
    ("VOC", "PCM_16", STEP),
    ("NIST", "PCM_16", STEP),
    ("IRCAM", "FLOAT", 1e-7),
]
BLOCK = 1_018  # samples, at most, that IMA ADPCM fills up to; libsndfile does not write how many were there


@pytest.mark.parametrize(
    ("kind", "coding", "tolerance", "n_channels"),
    [(*coding, n) for coding in CODINGS for n in (1, 2) if n == 1 or "GSM610" not in coding],
)
def test_containers_and_codings(tmp_path, kind, coding, tolerance, n_channels):
    samples = MUSIC if n_channels == 1 else np.stack([LEFT, RIGHT], axis=1)
    (tmp_path / "a").write_bytes(encoded(samples, kind=kind, coding=coding))
    waveform, notes = audio.read(tmp_path / "a")
    assert notes == ((STEREO,) if n_channels == 2 else ())
    assert 0 <= len(waveform) - len(MUSIC) < (BLOCK if coding == "IMA_ADPCM" else 1)
    expected = samples if n_channels == 1 else samples.mean(axis=1)
    assert np.max(np.abs(waveform[: len(MUSIC)] - expected)) <= tolerance
    assert audio.duration(tmp_path / "a") == len(waveform) / SAMPLE_RATE


@pytest.mark.parametrize("rate", [8_000, 11_025, 12_345, 48_000, 96_000])
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF"])
def test_odd_rates(tmp_path, kind, rate):
    (tmp_path / "a").write_bytes(encoded(music(2 * rate, rate), rate, kind=kind))
    waveform, notes = audio.read(tmp_path / "a")
    assert (len(waveform), notes) == (2 * SAMPLE_RATE, (f"{rate:,} Hz resampled to 22,050 Hz",))
    raw = audio.read(tmp_path / "a", sample_rate=rate)
    assert (raw.notes, raw.sample_rate, len(raw.waveform)) == ((), rate, 2 * rate)
    assert audio.duration(tmp_path / "a") == 2


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_mp3_of_constant_and_variable_rate(tmp_path, mode, rate):
    content = encoded(music(3 * rate, rate), rate, kind="MP3", bitrate_mode=mode)
    (tmp_path / "a.mp3").write_bytes(content)
    assert len(audio.read(tmp_path / "a.mp3").waveform) == 3 * SAMPLE_RATE
    assert audio.duration(tmp_path / "a.mp3") == 3


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_opus(tmp_path, rate):
    (tmp_path / "a.opus").write_bytes(encoded(music(3 * rate, rate), rate, kind="OGG", coding="OPUS"))
    assert len(audio.read(tmp_path / "a.opus").waveform) == 3 * SAMPLE_RATE
    assert audio.duration(tmp_path / "a.opus") == 3


@pytest.mark.parametrize("content", [VORBIS, OPUS, MP3], ids=["Vorbis", "Opus", "MP3"])
@pytest.mark.parametrize("share", [0.6, 0.8, 0.95])
def test_a_stream_cut_in_the_middle_says_so(tmp_path, content, share):
    (tmp_path / "a").write_bytes(content[: round(share * len(content))])
    waveform, notes = audio.read(tmp_path / "a")
    assert notes[0].startswith(CUT)
    (tmp_path / "whole").write_bytes(content)
    whole = audio.read(tmp_path / "whole").waveform
    assert 0.3 * share < len(waveform) / len(whole) < 1
    assert audio.duration(tmp_path / "a") == pytest.approx(len(waveform) / SAMPLE_RATE, abs=1e-4)


@pytest.mark.parametrize("content", [VORBIS, OPUS], ids=["Vorbis", "Opus"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_stream_with_a_damaged_page_is_as_long_as_what_is_read(tmp_path, content, share):
    at = round(share * len(content))
    (tmp_path / "a").write_bytes(patched(content, (at, "B", content[at] ^ 64)))
    waveform, notes = audio.read(tmp_path / "a")
    assert notes[0].startswith(CUT)
    assert audio.duration(tmp_path / "a") == pytest.approx(len(waveform) / SAMPLE_RATE, abs=1e-4)


def test_an_mp3_file_with_frames_twice_over_is_as_long_as_what_is_read(tmp_path):
    """As a download that went on a little too early: the second part of a frame begins with the end of another."""
    content = encoded(MUSIC, kind="MP3")
    for at, size in ((2_360, 581), (3_500, 301), (900, 77)):
        (tmp_path / "a").write_bytes(content[: at + size] + content[at:])
        length = len(audio.read(tmp_path / "a").waveform)
        assert audio.duration(tmp_path / "a") == pytest.approx(length / SAMPLE_RATE, abs=1e-4)


@pytest.mark.parametrize("before", [b"", id3()])
@pytest.mark.parametrize("after", [b"", ID3V1, APE + ID3V1])
def test_an_mp3_file_that_counts_too_few_frames_says_so(tmp_path, before, after):
    (tmp_path / "a").write_bytes(before + counting(MP3, 40) + after)
    waveform, (note,) = audio.read(tmp_path / "a")
    assert 0.9 < len(waveform) / SAMPLE_RATE < 1.1 and "bytes after its sound not read" in note


def test_a_flac_file_cut_in_the_middle_has_no_length(tmp_path):
    (tmp_path / "a").write_bytes(FLAC[: len(FLAC) // 2])
    for look in (audio.read, audio.duration):
        with pytest.raises(InputError, match="is damaged"):
            look(tmp_path / "a")


def test_the_notes_say_nothing_of_a_cut_that_ends_before(tmp_path):
    (tmp_path / "a").write_bytes(VORBIS + VORBIS)
    middle = audio.read(tmp_path / "a", start_s=9.0, duration_s=2.0)
    whole = audio.read(tmp_path / "a").waveform
    np.testing.assert_allclose(middle.waveform, whole[9 * SAMPLE_RATE : 11 * SAMPLE_RATE], atol=1e-6)
    (tmp_path / "b").write_bytes(endless(FLAC))
    waveform, notes = audio.read(tmp_path / "b", max_seconds=0.5)
    assert (len(waveform), notes) == (SAMPLE_RATE // 2, ("0.5 s of 2 s used",))
    part = audio.read(tmp_path / "b", start_s=0.5, duration_s=1.0).waveform
    np.testing.assert_array_equal(part, MUSIC[SAMPLE_RATE // 2 :][:SAMPLE_RATE].astype(np.float32))


def test_an_hour_is_the_most_that_is_read_without_being_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "LONGEST_S", 2)
    (tmp_path / "a.wav").write_bytes(WAV)
    assert len(audio.read(tmp_path / "a.wav").waveform) == len(MUSIC)
    longer = encoded(music(2 * SAMPLE_RATE + 1))
    (tmp_path / "a.wav").write_bytes(longer)
    with pytest.raises(InputError, match="give duration_s or max_seconds"):
        audio.read(tmp_path / "a.wav")
    assert len(audio.read(tmp_path / "a.wav", max_seconds=60).waveform) == 2 * SAMPLE_RATE + 1
    assert len(audio.read(tmp_path / "a.wav", start_s=1).waveform) == SAMPLE_RATE + 1


def sd2() -> None:
    """What lies beside the samples of a Sound Designer file: how fast they are, how many bits they have."""
    soundfile.write("a.sd2", MUSIC, 8_000, format="SD2", subtype="PCM_16")
    Path("._a.sd2").rename("._")


BESIDE = [
    Case("a folder of a Mac's server", "trial 15", lambda: Path(".AppleDouble").mkdir(), None),
    Case("a folder with a dot and a line", "trial 15", lambda: Path("._").mkdir(), None),
    Case("a file with a dot and a line", "trial 15", sd2, None),
]


@each(BESIDE)
@pytest.mark.parametrize(
    "make", [lambda: MP3, lambda: id3() + MP3 + ID3V1, lambda: bare(MP3), lambda: 2 * (id3() + MP3)]
)
def test_what_lies_in_the_working_folder_changes_no_sound(case, make, tmp_path, monkeypatch):
    content, text = written(make(), tmp_path / "a.mp3"), written(b"no sound " * 900, tmp_path / "a.txt")
    expected = audio.read(content)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    case.make()
    found = audio.read(content)
    np.testing.assert_array_equal(found.waveform, expected.waveform)
    assert found.notes == expected.notes and audio.duration(content) == len(found.waveform) / SAMPLE_RATE
    with pytest.raises(InputError, match="is not audio that can be decoded"):
        audio.read(text)


def test_names_that_are_not_utf8_are_read(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    path.write_bytes(WAV)
    np.testing.assert_array_equal(audio.read(path).waveform, MUSIC.astype(np.float32))
    path.write_bytes(encoded(0 * MUSIC))
    with pytest.raises(InputError, match=r"caf\\xe9\.wav is silent"):
        audio.read(path)


def test_a_tilde_is_the_home_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.wav").write_bytes(WAV)
    assert audio.read("~/a.wav").notes == ()


@pytest.mark.parametrize("kept", [0, 44, 2_000, 40_000])
def test_a_file_that_shrinks_while_it_is_read(tmp_path, monkeypatch, kept):
    path = tmp_path / "a.wav"
    path.write_bytes(WAV)
    examine = sources.examine

    def shrinking(file, size):
        layout = examine(file, size)
        os.truncate(path, kept)
        return layout

    monkeypatch.setattr(sources, "examine", shrinking)
    try:
        waveform, notes = audio.read(path)
        assert len(waveform) < len(MUSIC) and notes[0].startswith(CUT)
    except InputError as error:
        assert str(error).startswith(str(path))


def test_a_fault_of_the_disk_while_reading(tmp_path, monkeypatch):
    class Faulty(io.BufferedReader):
        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    (tmp_path / "a.wav").write_bytes(WAV)
    monkeypatch.setattr(sources, "open", lambda path, mode: Faulty(io.FileIO(path)), raising=False)
    with pytest.raises(InputError, match=r"a\.wav cannot be read \(Input/output error\)"):
        audio.read(tmp_path / "a.wav")


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_rate_goes_all_the_way(tmp_path, rate):
    assert audio.write_wav(tmp_path / "a.wav", music(2 * rate, rate).astype(np.float32), rate) == 0
    at_home = audio.read(tmp_path / "a.wav", sample_rate=rate)
    assert (at_home.notes, at_home.sample_rate) == ((), rate)
    np.testing.assert_array_equal(at_home.waveform, music(2 * rate, rate).astype(np.float32))
    np.testing.assert_array_equal(
        audio.read(tmp_path / "a.wav").waveform, audio.resample(at_home.waveform, rate, SAMPLE_RATE)
    )
    assert (tmp_path / "a.wav").read_bytes() == audio.to_wav_bytes(at_home.waveform, rate)
    assert soundfile.read(io.BytesIO(audio.to_flac_bytes(at_home.waveform, sample_rate=rate)))[1] == rate


@pytest.mark.parametrize("rate", [0, -1, 22_050.5, "16000", None, 10**9])
def test_rates_that_make_no_sense(tmp_path, rate):
    (tmp_path / "a.wav").write_bytes(WAV)
    for refused in (
        lambda: audio.read(tmp_path / "a.wav", sample_rate=rate),
        lambda: audio.write_wav(tmp_path / "b.wav", MUSIC, rate),
        lambda: audio.resample(MUSIC, rate, 16_000),
        lambda: audio.resample(MUSIC, 16_000, rate),
    ):
        with pytest.raises(InputError, match="whole number of Hz"):
            refused()
    assert not (tmp_path / "b.wav").exists()


@pytest.mark.parametrize("path", [None, 5, np.nan, "", "a\0b", "a\ud800b", "folder", "pipe", "pipe/a.wav", "a" * 300])
def test_places_to_write_that_are_none(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")  # a device would be replaced just so
    Path("folder").mkdir()
    with pytest.raises(InputError) as refusal:
        audio.write_wav(path, MUSIC)
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")
    assert sorted(os.listdir()) == ["folder", "pipe"] and Path("pipe").is_fifo() and not os.listdir("folder")
    if not isinstance(path, str):
        with pytest.raises(InputError, match="no name that a file can have"):
            audio.read(path)


def test_a_path_of_bytes_is_one(tmp_path):
    audio.write_wav(os.fsencode(tmp_path / "a.wav"), MUSIC)
    assert audio.read(os.fsencode(tmp_path / "a.wav")).notes == ()


@pytest.mark.parametrize(
    "cut",
    [
        *({"start_s": -1}, {"start_s": np.nan}, {"duration_s": np.inf}, {"max_seconds": 1e300}),
        *({"start_s": None}, {"start_s": "1"}, {"duration_s": [1]}, {"max_seconds": 1j}, {"duration_s": b"1"}),
    ],
    ids=str,
)
def test_cuts_that_make_no_sense(tmp_path, cut):
    (tmp_path / "a.wav").write_bytes(WAV)
    with pytest.raises(InputError, match="give a number of seconds"):
        audio.read(tmp_path / "a.wav", **cut)
