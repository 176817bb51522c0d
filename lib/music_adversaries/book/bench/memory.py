"""How much memory iterations need, each measured in a process of its own.

The kernel keeps the peak of a process's memory (Linux only). A process warms up on one second of noise,
notes the peak, iterates, and reports by how much the peak has risen. Between two processes the result may differ by
an array or two, which the allocator keeps or gives back. So numbers of iterations are compared within one process.

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .subjects import iteration, network
from .timing import threads

STATUS = Path("/proc/self/status")


def peak() -> float:
    """The most memory that this process has had so far, in MB."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def growth(n_iterations: Sequence[int], batch: int, seconds: float) -> list[float]:
    """Megabytes that iterations of the DNN-50 need, measured in one other process.

    Parameters
    ----------
    n_iterations : ints, ascending
    batch : int
        Number of excerpts.
    seconds : float
        Length of each excerpt.

    Returns
    -------
    list of float
        For each number of iterations.
    """
    code = f"from {__package__} import memory; memory.report({list(n_iterations)}, {batch}, {seconds})"
    # The other process looks for the library where this one found it.
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(grown) for grown in done.stdout.split()[-len(n_iterations) :]]


def report(n_iterations: Sequence[int], batch: int, seconds: float) -> None:
    """Print what `growth` reads; runs in the other process."""
    with threads(1):
        dnn = network("dnn50")
        iteration(dnn, 1, 1.0)()
        before = peak()
        step = iteration(dnn, batch, seconds)
        done = 0
        for count in n_iterations:
            for _ in range(count - done):
                step()
            done = count
            print(peak() - before)
