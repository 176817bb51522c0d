"""How and where a result was computed.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import contextlib
import datetime
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import torch

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "librosa", "pandas")


def provenance(wall_seconds: float, device: str = "cpu") -> dict[str, object]:
    """How and where a result was computed."""
    return {
        "package": f"music-adversaries {metadata.version('music-adversaries')}",
        "commit": _commit(),
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "device": device,
        "machine": platform.machine(),
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "wall_seconds": round(wall_seconds, 1),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
    }


@cache
def processor() -> str:
    """The processor and the instructions that PyTorch uses on it, such as ``"AMD EPYC (AVX2)"``.

    Other instructions add numbers in another order, so a trained network depends on both.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    if not names and platform.system() == "Darwin":
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            names = [subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"


def _commit() -> str:
    """Commit of the source, with ``+`` if the source was edited; "unknown" outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", "..") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
