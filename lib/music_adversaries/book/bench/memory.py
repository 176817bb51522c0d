"""How much memory iterations need, each measured in a process of its own.

The kernel keeps the peak of a process's memory (Linux only). A process warms up on one second of noise,
notes the peak, iterates, and reports by how much the peak has risen. From one process to the next that differs by an
array or two, which the allocator keeps or gives back: numbers of iterations are compared within one.

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak() -> float:
    """Most memory that this process ever had, in MB."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def growth(n_iterations: Sequence[int], batch: int, seconds: float) -> list[float]:
    """Megabytes that so many iterations of the DNN-50 need for so many excerpts, measured in one other process.

    Parameters
    ----------
    n_iterations : ascending
    batch : int
    seconds : float
        Length of each excerpt.
    """
    code = f"from music_adversaries.book.bench import memory; memory.report({list(n_iterations)}, {batch}, {seconds})"
    # Where this process found the library, the other one finds it too.
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [float(grown) for grown in done.stdout.split()[-len(n_iterations) :]]


def report(n_iterations: Sequence[int], batch: int, seconds: float) -> None:
    """Print `growth`, as the other process does."""
    from . import measure
    from .timing import threads

    with threads(1):
        network = measure.network("dnn50")
        measure.iteration(network, 1, 1.0)()
        before = peak()
        step = measure.iteration(network, batch, seconds)
        done = 0
        for count in n_iterations:
            for _ in range(count - done):
                step()
            done = count
            print(peak() - before)
