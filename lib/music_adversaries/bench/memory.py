"""How much memory iterations need, each measured in a process of its own.

The kernel keeps the peak of a process's memory (Linux only). A process warms up on one second of noise,
notes the peak, iterates, and reports by how much the peak has risen.

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak() -> float:
    """Most memory that this process ever had, in MB."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def growth(n_iterations: int, batch: int, seconds: float) -> float:
    """Megabytes that so many iterations of the DNN-50 need for so many excerpts, measured in another process."""
    code = f"from music_adversaries.bench import memory; memory.report({n_iterations}, {batch}, {seconds})"
    # Where this process found the library, the other one finds it too.
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def report(n_iterations: int, batch: int, seconds: float) -> None:
    """Print `growth`, as the other process does."""
    from . import measure
    from .timing import threads

    with threads(1):
        network = measure.network("dnn50")
        measure.iteration(network, 1, 1.0)()
        before = peak()
        step = measure.iteration(network, batch, seconds)
        for _ in range(n_iterations):
            step()
    print(peak() - before)
