"""How much memory an attack takes: measured, so that what cannot end well does not begin."""

import contextlib
import math
from pathlib import Path

from ..errors import InputError

SAMPLES_AT_ONCE = 1 << 24  # in a batch, with its padding: 25 excerpts of 30 s
BYTES, BYTES_ON_SLICES = 180, 400  # for a sample, with frames that overlap by half: the most that was measured
MEMINFO = Path("/proc/meminfo")
OWN_GROUPS, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")  # of a container, whose limit may be lower
# Of each version of such groups, by its folder: the limit, what is taken, and how sums are called in its statistics.
_FILES = {
    "": ("memory.max", "memory.current", ""),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
}


def available() -> float:
    """Bytes that can be taken, of the machine and of the container; infinite where neither says as Linux does."""
    free = [math.inf]
    with contextlib.suppress(OSError, ValueError, IndexError):
        free.append(1024.0 * int(MEMINFO.read_text().partition("MemAvailable:")[2].split()[0]))
    with contextlib.suppress(OSError):
        for line in OWN_GROUPS.read_text().splitlines():
            version, _, path = line.partition(":")[2].partition(":")
            limit, taken, total = _FILES.get(version, ("", "", ""))
            place = GROUPS / version / path.lstrip("/")
            for folder in (place, *place.parents):  # the root too: within a container it is the container's group
                with contextlib.suppress(OSError, ValueError, KeyError):  # where there is no limit, it is "max"
                    left = int((folder / limit).read_text()) - int((folder / taken).read_text())
                    stat = dict(row.split() for row in (folder / "memory.stat").read_text().splitlines())
                    # What files hold in memory makes room when it is needed.
                    free.append(left + int(stat[f"{total}inactive_file"]) + int(stat[f"{total}active_file"]))
    return min(free)


def refuse_too_long(n_samples: int, name: str, sample_rate: int, per_sample: float) -> None:
    """Refuse an excerpt whose attack would take more memory than there is; ``per_sample`` is in bytes."""
    there, needed = available(), n_samples * per_sample
    if needed > there:
        raise InputError(
            f"{name} has {n_samples / sample_rate / 60:.1f} min, whose attack takes about {needed / 1e9:.3g} GB of "
            f"memory, but {there / 1e9:.3g} GB are available; attack a part of it, read with "
            f"audio.read(..., duration_s={max(1, int(there / per_sample / sample_rate / 2))})."
        )
