"""How long a training step of the convolutional network takes, relative to its arithmetic; no time makes a test fail.

The goal is a step on 12 slices in at most 1.3 times the time of its direct arithmetic, at the rate at which this
machine multiplies matrices in the same run. Plain ``conv2d`` modules need 1.6 times as long or more. Times are the best
of several rounds, interleaved with the matrix product, on one thread.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from music_adversaries.book.bench.arithmetic import (
    CDNN_DENSE,
    CDNN_FIRST,
    CDNN_FORWARD_AND_INPUT_GRADIENT,
    CDNN_SECOND,
    SIDE,
)
from music_adversaries.book.bench.timing import seconds
from music_adversaries.networks import CDNN, Standardise

pytest.importorskip("pytest_benchmark")

N_SLICES = 12
WISH = 1.3
# Forward, and backward with respect to weights and input; nobody asks for the gradient of the input in training.
STEP = N_SLICES * (2 * CDNN_FIRST + 3 * CDNN_SECOND + 3 * CDNN_DENSE)
ATTACK = N_SLICES * CDNN_FORWARD_AND_INPUT_GRADIENT


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Plain(nn.Module):
    """The same network of PyTorch's own modules in their usual order."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, (4, 400)),
            nn.ReLU(),
            nn.MaxPool2d(4, 2, ceil_mode=True),
            nn.Conv2d(32, 32, 8),
            nn.ReLU(),
            nn.MaxPool2d(4, 2, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(15_360, 50),
            nn.ReLU(),
            nn.Linear(50, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x[:, None])


def make(kind: str) -> nn.Module:
    if kind == "plain":
        return Plain()
    biases, convolution = {
        "tied": ("tied", "fourier"),
        "untied": ("untied", "fourier"),
        "direct": ("tied", "direct"),
    }[kind]
    return CDNN(Standardise(torch.zeros(513), torch.ones(513)), 10, biases=biases, convolution=convolution)


def training_step(network: nn.Module) -> Callable[[], None]:
    x, y = torch.rand(N_SLICES, 100, 513), torch.arange(N_SLICES) % 10
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.5)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(network(x), y).backward()
        optimiser.step()

    return step


def attack_step(network: nn.Module) -> Callable[[], None]:
    x, y = torch.rand(N_SLICES, 100, 513), torch.arange(N_SLICES) % 10

    def step() -> None:
        v = x.clone().requires_grad_()
        torch.autograd.grad(F.cross_entropy(network(v), y), v)

    return step


@pytest.mark.benchmark(group="networks: step on 12 slices")
@pytest.mark.parametrize("kind", ["tied", "untied", "direct", "plain"])
@pytest.mark.parametrize(
    ("step_of", "arithmetic"), [(training_step, STEP), (attack_step, ATTACK)], ids=["train", "attack"]
)
def test_step_beside_its_arithmetic(benchmark, kind, step_of, arithmetic):
    step = step_of(make(kind))
    if benchmark.disabled:  # beside other tests (xdist) a time says nothing: only that it runs is seen
        benchmark(step)
        return
    a, b = torch.rand(2, SIDE, SIDE)
    products: list[float] = []
    step()

    # A matrix product before each round: other programs slow both down alike.
    def setup() -> None:
        products.extend(seconds(lambda: a @ b) for _ in range(4))

    benchmark.pedantic(step, setup=setup, rounds=6)
    rate = 2 * SIDE**3 / min(products)
    best = benchmark.stats.stats.min
    ratio = best * rate / arithmetic
    benchmark.extra_info |= {"gflops": rate / 1e9, "ratio": ratio, "wish": WISH}
    print(
        f"\n{step_of.__name__} {kind}: {best * 1e3:.0f} ms, {ratio:.2f} of the direct arithmetic "
        f"({arithmetic / rate * 1e3:.0f} ms at {rate / 1e9:.0f} GFLOP/s); the wish is {WISH}"
    )
