"""The JSON in which a result is kept, with how it was made."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import platform
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ..cache import atomic_path, cache_dir
from ..errors import InputError

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "librosa", "pandas")


@dataclass
class Record:
    """A result and its provenance.

    ``results`` maps a quantity to ``{"estimate", "low", "high", "n", "unit"}``; ``tables`` maps a
    name to a list of rows. Both are plain JSON.

    Notebook: book/09_verdicts.ipynb
    """

    experiment: str
    dataset: str
    profile: str
    results: dict[str, dict[str, Any]]
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    key: str = ""

    @property
    def filename(self) -> str:
        """``EXPERIMENT-DATASET-PROFILE.json``"""
        return filename(self.experiment, self.dataset, self.profile)

    def quantity(self, name: str) -> dict[str, Any]:
        """One result, with its interval."""
        if name not in self.results:
            raise InputError(f"The record {self.filename} has no quantity {name!r}; it has {', '.join(self.results)}.")
        return self.results[name]

    def table(self, name: str) -> pd.DataFrame:
        """One of the tables."""
        if name not in self.tables:
            raise InputError(f"The record {self.filename} has no table {name!r}; it has {', '.join(self.tables)}.")
        return pd.DataFrame(self.tables[name])

    def write(self, folder: Path | str) -> Path:
        """Write into a folder, atomically; returns the path."""
        path = Path(folder) / self.filename
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True) + "\n")
        return path

    @classmethod
    def read(cls, path: Path | str) -> Record:
        """Read what `write` wrote; `InputError` when it is missing or is not a record."""
        try:
            return cls(**json.loads(Path(path).read_text()))
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist; run the experiment first.") from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is not a record; delete it and run the experiment again.") from error


def filename(experiment: str, dataset: str, profile: str) -> str:
    """``EXPERIMENT-DATASET-PROFILE.json``, without signs that a file name cannot have everywhere."""
    return re.sub(r"[^\w.=-]+", "_", f"{experiment}-{dataset}-{profile}") + ".json"


def recorded(experiment: str, dataset: str = "synthetic", profile: str = "quick") -> Record:
    """A record that the repository holds, in ``book/records``: computed once, not in every run of the book.

    Raises
    ------
    InputError
        When there is none.

    Notebook: book/02_partitions.ipynb
    """
    from ..claims import book_folder  # not at the top: claims read records

    return Record.read(book_folder() / "records" / filename(experiment, dataset, profile))


def records_folder() -> Path:
    """Where computed records are kept: ``records`` in the cache folder."""
    return cache_dir() / "records"


def provenance(wall_seconds: float, device: str = "cpu") -> dict[str, Any]:
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
    """The processor and the instructions that PyTorch uses on it, as ``"AMD EPYC (AVX2)"``.

    Sums are added in another order by other instructions, so a trained network depends on both.
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
    """Commit of the source, with ``+`` where it had been edited; "unknown" outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", "..") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
