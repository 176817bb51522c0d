"""Steps of a long command: each is announced with its expected time, timed, and listed at the end."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

DURATIONS = Path(__file__).with_name("durations.json")


class Steps:
    """Collects the seconds that each named step took.

    Parameters
    ----------
    command : str
        The command that has these steps: an entry of ``durations.json``, with the time of each step on a named machine,
        from empty caches. The expected time also depends on the speed of this machine relative to that one.
    """

    def __init__(self, command: str = "") -> None:
        self.seconds: dict[str, float] = {}
        noted = json.loads(DURATIONS.read_text())
        self.noted: dict[str, float] = noted["commands"].get(command, {})
        self.slowness = slowness() / noted["machine"]["slowness"] if self.noted else 1.0

    def expected(self, name: str) -> str:
        """``"about 3 min"`` or ``"about 40 s"`` from empty caches; ``""`` for a step that was never timed."""
        return about(self.noted[name] * self.slowness) if name in self.noted else ""

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Announce ``name``, time the block, and keep the time even if the block fails."""
        expected = self.expected(name)
        print(f"\n== {name}" + (f" ({expected}, less for what is in the cache)" if expected else ""), flush=True)
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - start

    def summary(self) -> str:
        """One line a step with its share, and the total."""
        total = sum(self.seconds.values())
        rows = [f"{taken:8.1f} s  {100 * taken / max(total, 1e-9):3.0f} %  {n}" for n, taken in self.seconds.items()]
        return "\n".join([*rows, f"{total:8.1f} s         total"])

    def note(self, command: str, notebooks: dict[str, float] | None = None) -> None:
        """Write what was measured into ``durations.json``, if ``NOTE_DURATIONS=1`` says that nothing was cached."""
        if os.environ.get("NOTE_DURATIONS") != "1":
            return
        noted = json.loads(DURATIONS.read_text())
        noted["commands"][command] = {name: round(seconds, 1) for name, seconds in self.seconds.items()}
        noted["notebooks"] |= {name: round(seconds, 1) for name, seconds in (notebooks or {}).items()}
        noted["machine"] = {"cores": os.cpu_count(), "slowness": round(slowness(), 4)}
        DURATIONS.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n")


def about(seconds: float) -> str:
    """A duration in words: whole minutes, or tens of seconds below one and a half minutes."""
    return f"about {round(seconds / 60)} min" if seconds >= 90 else f"about {max(10, 10 * round(seconds / 10))} s"


def slowness() -> float:
    """Seconds that one thread takes for a little of what the book computes: Fourier transforms and plain Python."""
    signal = np.random.default_rng(0).standard_normal((400, 1_024))

    def once() -> float:
        start = time.perf_counter()
        for _ in range(5):
            np.fft.rfft(signal)
        sum(number * number for number in range(200_000))
        return time.perf_counter() - start

    # Enough of them that at least one is not disturbed by other work of the machine.
    return min(once() for _ in range(20))
