"""Steps of a long command: each announced, timed, and listed at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class Steps:
    """Collects the seconds that each named step took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Announce ``name``, time the block, and keep the time even if the block fails."""
        print(f"\n== {name}", flush=True)
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - start

    def summary(self) -> str:
        """One line a step, and the total."""
        rows = [*self.seconds.items(), ("total", sum(self.seconds.values()))]
        return "\n".join(f"{seconds:8.1f} s  {name}" for name, seconds in rows)
