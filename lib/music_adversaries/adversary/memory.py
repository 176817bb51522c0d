"""How much memory an attack takes: measured, so that what cannot end well does not begin.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

from ..errors import InputError
from ..spectra import SAMPLE_RATE

SAMPLES_AT_ONCE = 1 << 24  # in a batch, with its padding: 25 excerpts of 30 s
BYTES = 180  # for a sample, with frames that overlap by half: the most that a method took with a DNN-50 (APGD)
MEMINFO = Path("/proc/meminfo")


def available() -> float:
    """Bytes that can be taken; infinite where the system does not say."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        lines = dict(line.split(":") for line in MEMINFO.read_text().splitlines())
        return 1024.0 * int(lines["MemAvailable"].split()[0])
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return math.inf


def refuse_too_long(n_samples: int, name: str, sample_rate: int = SAMPLE_RATE, per_sample: float = BYTES) -> None:
    """Refuse an excerpt whose attack would take more memory than there is; ``per_sample`` is in bytes."""
    there, seconds = available(), n_samples / sample_rate
    if n_samples * per_sample > there:
        raise InputError(
            f"{name} has {seconds / 60:.0f} min, whose attack takes about {n_samples * per_sample / 1e9:.3g} GB of "
            f"memory, but {there / 1e9:.3g} GB are available; attack a part of it, read with "
            f"audio.read(..., duration_s={max(1, math.floor(there / per_sample / sample_rate / 2))})."
        )
