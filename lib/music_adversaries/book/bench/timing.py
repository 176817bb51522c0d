"""Everybody in turns, on a fixed number of threads.

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

PAUSE = 0.1  # idle threads of OpenBLAS wait in a loop for some 25 ms


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turns(contestants: Mapping[str, Callable[[], float]], rounds: int, pause: float = PAUSE) -> dict[str, float]:
    """Median of what each contestant measures of itself, in ``rounds`` rounds.

    Whatever else the machine does meanwhile slows all of them down alike. What they do to each other does not: idle
    threads of one library wait in a loop for a while, on a core that another one needs. So everybody waits until
    they sleep, and goes once without being measured.

    Parameters
    ----------
    contestants : mapping
        Functions that return seconds.
    rounds : int
    pause : float
        Seconds before a turn.
    """
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            time.sleep(pause)
            measure()
            taken[name].append(measure())
    return {name: statistics.median(times) for name, times in taken.items()}


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let PyTorch and NumPy compute on ``count`` threads, and on as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
