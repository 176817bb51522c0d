"""How long fault finding takes, part by part; no time makes a test fail.

The goal is 1,000 half-minute excerpts in 5 minutes on two cores, 0.6 s of one core for each.
"""

from __future__ import annotations

import numpy as np
import pytest

from music_adversaries.audio import SAMPLE_RATE
from music_adversaries.book.faults import alignment, distortion, exact, fingerprint

pytest.importorskip("pytest_benchmark")

SECONDS = 30


def half_minute(seed: int) -> np.ndarray:
    """Notes and strokes at random, as many as music has."""
    rng = np.random.default_rng(seed)
    n = SECONDS * SAMPLE_RATE
    waveform = 0.001 * rng.standard_normal(n)
    for _ in range(SECONDS * 8):
        start, length = int(rng.integers(n - SAMPLE_RATE)), int(rng.integers(2000, SAMPLE_RATE))
        time = np.arange(length) / SAMPLE_RATE
        pitch = 110 * 2 ** (rng.integers(0, 48) / 12)
        note = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 6))
        waveform[start : start + length] += 0.1 * note * np.exp(-4 * time)
    return (waveform / np.abs(waveform).max()).astype(np.float32)


@pytest.fixture(scope="module")
def excerpt() -> np.ndarray:
    return half_minute(0)


@pytest.mark.benchmark(group="faults: one excerpt of 30 s")
@pytest.mark.parametrize(
    "part",
    [exact.checksum, fingerprint.landmarks, distortion.distortions],
    ids=lambda part: part.__name__,
)
def test_one_pass(benchmark, excerpt, part):
    benchmark.pedantic(part, (excerpt,), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="faults: two excerpts of 30 s")
def test_align(benchmark, excerpt):
    laid = benchmark.pedantic(alignment.align, (excerpt, excerpt, 0), rounds=3, warmup_rounds=1)
    assert laid.agreement == 1


@pytest.mark.benchmark(group="faults: index")
@pytest.mark.parametrize("n_excerpts", [10, 20, 40])
def test_index(benchmark, n_excerpts):
    """Grows faster than the number of excerpts, until the most common landmarks are dropped."""
    landmarks = [fingerprint.landmarks(half_minute(seed)) for seed in range(n_excerpts)]
    found = benchmark.pedantic(fingerprint.candidates, ([*landmarks, landmarks[0]],), rounds=2)
    assert (0, n_excerpts) in {pair[:2] for pair in found}
