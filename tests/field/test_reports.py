"""Ten more public reports, one of each kind of trouble, and what comes out here."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from case import Case, each
from music_adversaries import adversary, audio
from music_adversaries.adversary import Budget, Model
from music_adversaries.book import datasets, faults
from music_adversaries.errors import InputError

RATE = 22_050
SOUND = (0.3 * np.sin(np.arange(RATE) / 9)).astype("float32")
PCM = np.rint(SOUND * 32_767).astype("<i2").tobytes()
GUID = bytes.fromhex("0100000000001000800000aa00389b71")


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(content) if size is None else size) + content


def riff(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return chunk(b"RIFF", body, size)


def form(
    tag: int = 1, channels: int = 1, rate: int = RATE, align: int = 2, bits: int = 16, extra: bytes = b""
) -> bytes:
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits) + extra)


# Headers of WAV files as programs write them. The answer: how many samples are read, or a word of the refusal.
HEADERS = [
    Case("fmt of 18 bytes", "hound #20", lambda: riff(form(extra=b"\0\0"), chunk(b"data", PCM)), RATE),
    Case("fmt of 20 bytes", "hound #20", lambda: riff(form(extra=b"\0\0\0\0"), chunk(b"data", PCM)), RATE),
    Case(
        "an extensible format that lacks its extension",
        "wavefile #34",
        lambda: riff(form(tag=0xFFFE), chunk(b"data", PCM)),
        "a.wav",
    ),
    Case(
        "an extensible format",
        "wavefile #34",
        lambda: riff(form(tag=0xFFFE, extra=struct.pack("<HHI", 22, 16, 4) + GUID), chunk(b"data", PCM)),
        RATE,
    ),
    Case("no channel", "zigggwavvv #53", lambda: riff(form(channels=0), chunk(b"data", PCM)), "a.wav"),
    Case("a rate of 0", "zigggwavvv #53", lambda: riff(form(rate=0), chunk(b"data", PCM)), "a.wav"),
    Case("half a sample at the end", "pure-data #1786", lambda: riff(form(), chunk(b"data", PCM + b"\x55")), RATE),
    Case("a RIFF size of another file", "WAV.jl #109", lambda: riff(form(), chunk(b"data", PCM), size=4_711), RATE),
    Case(
        "a megabyte of junk before the sound",
        "stemdeck #362",
        lambda: riff(form(), chunk(b"JUNK", bytes(1 << 20)), chunk(b"data", PCM)),
        RATE,
    ),
    Case(
        "a chunk of odd length without its padding",
        "NAudio #220",
        lambda: riff(form(), chunk(b"inst", bytes(7)), chunk(b"data", PCM)),
        (RATE, "a.wav"),
    ),
]


@each(HEADERS)
def test_headers_of_other_programs(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(case.make())
    wanted = case.answer if isinstance(case.answer, tuple) else (case.answer,)
    try:
        found = audio.read(path)
    except InputError as refusal:
        assert any(isinstance(answer, str) and answer in str(refusal) for answer in wanted), refusal
        return
    assert len(found.waveform) in wanted
    np.testing.assert_allclose(found.waveform, SOUND, atol=1e-4)


class Recurrent(nn.Module):
    """Reads frames of a waveform one after the other, with dropout and batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.norm = nn.GRU(64, 8, batch_first=True), nn.BatchNorm1d(8)
        self.drop, self.out = nn.Dropout(0.5), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        frames = x[:, : x.shape[1] // 64 * 64].reshape(len(x), -1, 64)
        return self.out(self.drop(self.norm(self.rnn(frames)[0][:, -1]))) * 10


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    return Model(Recurrent().train(), ["a", "b"], reads="waveform")


def songs(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(0.1 * rng.standard_normal(n)).astype("float32") for n in lengths]


def test_a_recurrent_network_left_in_training_mode(model: Model) -> None:
    """foolbox #74 and #648, deepspeech2-pytorch-adversarial-attack #1: the mode that attacks need, and gave back."""
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    (x,) = songs(4_096)
    target = "b" if model.decide(x).label == "a" else "a"
    (found,) = adversary.attack(model, [x], [target], Budget(snr=0, max_iterations=20), method="pgd")
    assert np.isfinite(found.losses).all() and found.losses[-1] < found.losses[0]
    assert all(module.training for module in model.network.modules())
    assert all(torch.equal(before[name], value) for name, value in model.network.state_dict().items())


@pytest.mark.parametrize("method", ["pgd", "apgd", "random_search"])
def test_recordings_of_several_lengths_together_are_as_each_alone(model: Model, method: str) -> None:
    """audio_adversarial_examples #44 and ART #1198: noise, or no number, in what is shorter than its batch."""
    given = songs(4_096, 2_000, 3_333)
    budget = Budget(snr=10, max_iterations=5)
    together = adversary.attack(model, given, ["a"] * 3, budget, method=method, seed=[1, 2, 3])
    for i, x in enumerate(given):
        (alone,) = adversary.attack(model, [x], ["a"], budget, method=method, seed=[i + 1])
        assert len(together[i].waveform) == len(x) and together[i].snr_magnitude >= 10
        np.testing.assert_allclose(together[i].waveform, alone.waveform, atol=2e-4)


def test_what_is_called_success_is_so_when_the_file_is_read_again(model: Model, tmp_path: Path) -> None:
    """foolbox #674 and audio_adversarial_examples #3: the success that was reported, and the model asked once more."""
    given = songs(4_096, 4_096, 3_000)
    found = adversary.attack(model, given, ["a", "b", "a"], Budget(snr=5, max_iterations=20), method="pgd")
    for result in found:
        result.write(tmp_path / "a.wav")
        again = model.decide(audio.read(tmp_path / "a.wav"))
        assert (again.label == result.target) == (result.label == result.target)


def collection(folder: Path, names: Callable[[], list[str]]) -> Path:
    for i, name in enumerate(names()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        audio.write_wav(path, 0.1 * np.sin(np.arange(3 * RATE) / (9 + i)))
    return folder


COLLECTIONS = [
    Case("accents that were decoded wrongly", "mirdata #390", lambda: ["x/Andr├⌐.wav", "y/André.wav"], 2),
    Case("names that differ in case only", "scdl #528", lambda: ["x/alive.wav", "x/ALIVE.wav", "y/a.wav"], 3),
    Case("two ways to write one accent", "quodlibet #1218", lambda: ["x/e\u0301.wav", "x/\u00e9.wav", "y/a.wav"], 3),
]


@each(COLLECTIONS)
def test_no_recording_of_a_collection_is_lost(case: Case, tmp_path: Path) -> None:
    loaded = datasets.load("folder", path=collection(tmp_path / "music", case.make), progress=False)
    assert len(loaded) == case.answer == len({loaded.load(excerpt).tobytes() for excerpt in loaded.excerpts})


def test_the_same_file_twice_is_found(tmp_path: Path) -> None:
    """fma #23: a thousand files of the archive are there twice, under other numbers."""
    folder = collection(tmp_path / "music", lambda: ["x/1.wav", "x/2.wav", "y/3.wav"])
    (folder / "y" / "4.wav").write_bytes((folder / "x" / "1.wav").read_bytes())
    loaded = datasets.load("folder", path=folder, progress=False)
    report = faults.find(loaded, progress=False)
    lines = report.lines()
    assert any("x.1" in line and "y.4" in line and "same samples" in line for line in lines), lines
