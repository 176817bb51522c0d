"""How long an iteration of Algorithm 1 takes, relative to what it is compared with; no time makes a test fail.

The same comparisons as ``music-adversaries bench``, at its sizes for a single excerpt of 30 s. Times are the best of
several rounds, on one thread; the contestants take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from music_adversaries.book.bench import arithmetic, measure, subjects, timing, toolbox
from music_adversaries.book.bench.plain import PlainIteration

pytest.importorskip("pytest_benchmark")

SECONDS = 30.0


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with timing.threads(1):
        yield


def compare(benchmark, call: Callable[[], object], others: dict[str, Callable[[], float]]) -> None:
    """Time a call and print how it stands beside the others, which return seconds."""
    if benchmark.disabled:  # beside other tests (xdist) a time says nothing: only that it runs is seen
        benchmark(call)
        return
    taken: dict[str, list[float]] = {name: [] for name in others}

    def setup() -> None:
        for name, measured in others.items():
            taken[name].append(measured())

    benchmark.pedantic(call, setup=setup, rounds=8, warmup_rounds=1)
    best = benchmark.stats.stats.min
    print(f"\n{best * 1e3:.1f} ms")
    for name, times in taken.items():
        benchmark.extra_info[name] = min(times) / best
        print(f"  {name}: {min(times) * 1e3:.1f} ms, {min(times) / best:.2f} times as long")


@pytest.mark.benchmark(group="adversary: consistency step, 30 s")
def test_consistency_beside_its_transforms(benchmark):
    step = subjects.iteration(subjects.network("dnn50"), 1, SECONDS)
    change = torch.maximum(0.1 * torch.randn(step.exemplar.shape), -step.exemplar)
    transforms = arithmetic.transforms(change.shape[1])
    compare(benchmark, lambda: step.consistent(change), {"bare irfft + rfft": lambda: timing.seconds(transforms)})


@pytest.mark.benchmark(group="adversary: iteration, 30 s")
@pytest.mark.parametrize("consistency", [True, False], ids=["consistency", "no_consistency"])
@pytest.mark.parametrize("system", ["dnn50", "dnn500"])
def test_iteration_beside_numpy_and_art(benchmark, system, consistency):
    network = subjects.network(system)
    step = subjects.iteration(network, 1, SECONDS, consistency)
    others = {}
    for how in measure.PLAINLY:
        plain = PlainIteration(
            network,
            subjects.noise(1, SECONDS)[0].numpy(),
            0,
            consistency=consistency,
            snr=subjects.SNR,
            together=how == measure.TOGETHER,
        )
        others[how] = lambda plain=plain: timing.seconds(lambda: plain(plain.exemplar))
    if toolbox.installed():
        attack = toolbox.attack(network, step.exemplar, step.targets, float(step.radius))
        others["PGD of ART, without consistency"] = lambda: toolbox.seconds_per_iteration(attack, 4)

    def from_the_exemplar() -> None:
        step.restart()
        step()

    compare(benchmark, from_the_exemplar, others)
