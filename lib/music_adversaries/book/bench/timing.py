"""Times taken in turns, on a fixed number of threads.

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

PAUSE = 0.1  # idle threads of OpenBLAS wait in a loop for about 25 ms


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median_seconds(
    contestants: Mapping[str, Callable[[], float]], rounds: int, pause: float = PAUSE
) -> dict[str, float]:
    """Median of the seconds that each contestant returns, over rounds in which each has one turn.

    Other work of the machine then slows all contestants down alike. The contestants also disturb each other: idle
    threads of one library wait in a loop for a while, on a core that another library needs. So each turn begins
    with a pause until those threads sleep, and with one call that does not count.

    Parameters
    ----------
    contestants : mapping
        From names to functions that return seconds.
    rounds : int
    pause : float
        Seconds before a turn.

    Returns
    -------
    dict of float
        Seconds, by the names of the contestants.
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
    """Within the block PyTorch and NumPy compute on ``count`` threads; afterwards the old numbers apply again."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
