"""How long an epoch of training takes, relative to its matrix products; no time makes a test fail.

The goal is an epoch of DNN-50 in at most 2.5 times the time of its products, at the rate at which this machine
multiplies large square matrices in the same run. The products alone, in the shapes of a step, are printed too: narrow
matrices run below that rate. Times are the best of several rounds, interleaved, on one thread. ``train`` validates
after each epoch, here on few frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import torch

from music_adversaries.networks import DNN, Standardise
from music_adversaries.training import Schedule, train

pytest.importorskip("pytest_benchmark")

SIZES = (513, 50, 50, 50, 10)
SIDE = 1_024
WISH = 2.5
ROUNDS = 5
N_FRAMES = {1_200: 120_000, 96: 24_000}  # by batch size: the published one, and what small data get


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def products_of_a_step(batch_size: int) -> tuple[Callable[[], None], int]:
    """The matrix products of a training step and nothing else, and their multiplications and additions.

    Nobody asks for the gradient with respect to the first layer's input.
    """
    layers = list(zip(SIZES, SIZES[1:], strict=False))
    inputs = [torch.rand(batch_size, a) for a, _ in layers]
    gradients = [torch.rand(batch_size, b) for _, b in layers]
    weights = [torch.rand(b, a) for a, b in layers]

    def step() -> None:
        for x, w in zip(inputs, weights, strict=True):
            x @ w.T
        for layer in reversed(range(len(layers))):
            gradients[layer].T @ inputs[layer]
            if layer:
                gradients[layer] @ weights[layer]

    flops = sum(2 * batch_size * a * b * (3 if layer else 2) for layer, (a, b) in enumerate(layers))
    return step, flops


@pytest.mark.benchmark(group="training: an epoch of DNN-50")
@pytest.mark.parametrize("batch_size", list(N_FRAMES))
def test_epoch_beside_its_products(benchmark, batch_size):
    n_frames = 2 * batch_size if benchmark.disabled else N_FRAMES[batch_size]
    frames = torch.rand(n_frames, 513, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(n_frames) % 10
    network = DNN(Standardise.fit(frames), 10, 50, generator=torch.Generator().manual_seed(0))
    schedule = Schedule(batch_size=batch_size, max_epochs=1)

    def epoch() -> None:
        train(network, frames, targets, frames[:batch_size], targets[:batch_size], schedule, seed=0)

    if benchmark.disabled:  # beside other tests (xdist) a time says nothing: only that it runs is seen
        benchmark(epoch)
        return
    a, b = torch.rand(2, SIDE, SIDE)
    bare, flops = products_of_a_step(batch_size)
    squares: list[float] = []
    bares: list[float] = []

    # Products before each round: other programs slow all of them down alike.
    def setup() -> None:
        squares.extend(timed(lambda: a @ b) for _ in range(4))
        bares.extend(timed(bare) for _ in range(30))

    benchmark.pedantic(epoch, setup=setup, rounds=ROUNDS, warmup_rounds=1)
    steps = n_frames // batch_size
    step = benchmark.stats.stats.min / steps
    rate = 2 * SIDE**3 / min(squares)
    limit = flops / rate
    benchmark.extra_info |= {
        "batch_size": batch_size,
        "step_ms": step * 1e3,
        "gflops": rate / 1e9,
        "ratio": step / limit,
        "ratio_to_bare_products": step / min(bares),
        "wish": WISH if batch_size == 1_200 else None,
    }
    print(
        f"\nbatch {batch_size}: {step * 1e3:.2f} ms a step, {step / limit:.2f} of its arithmetic "
        f"({limit * 1e3:.2f} ms at {rate / 1e9:.0f} GFLOP/s), {step / min(bares):.2f} of its bare products "
        f"({min(bares) * 1e3:.2f} ms)" + (f"; the wish is {WISH}" if batch_size == 1_200 else "")
    )
