"""How much memory an attack takes: measured, so that what cannot end well does not begin."""

import math
from pathlib import Path

from ..errors import InputError

SAMPLES_AT_ONCE = 1 << 24  # in a batch, with its padding: 25 excerpts of 30 s
BYTES, BYTES_ON_SLICES = 180, 400  # for a sample, with frames that overlap by half: the most that was measured
MEMINFO = Path("/proc/meminfo")


def available() -> float:
    """Bytes that can be taken; infinite where the system does not say as Linux does."""
    try:
        return 1024.0 * int(MEMINFO.read_text().partition("MemAvailable:")[2].split()[0])
    except (OSError, ValueError, IndexError):
        return math.inf


def refuse_too_long(n_samples: int, name: str, sample_rate: int, per_sample: float) -> None:
    """Refuse an excerpt whose attack would take more memory than there is; ``per_sample`` is in bytes."""
    there, needed = available(), n_samples * per_sample
    if needed > there:
        raise InputError(
            f"{name} has {n_samples / sample_rate / 60:.1f} min, whose attack takes about {needed / 1e9:.3g} GB of "
            f"memory, but {there / 1e9:.3g} GB are available; attack a part of it, read with "
            f"audio.read(..., duration_s={max(1, int(there / per_sample / sample_rate / 2))})."
        )
