"""Exact replicas: excerpts whose decoded audio is the same, sample by sample.

The checksum is taken from the decoded samples, not from the file: a WAV file and a FLAC of it are replicas.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt


def checksum(waveform: npt.NDArray[np.float32]) -> str:
    """SHA-256 of the samples, hexadecimal.

    Parameters
    ----------
    waveform : ``float32 [n_samples]``; signed zeros count as zeros
    """
    # -0.0 and 0.0 differ in their bytes, but sound the same.
    samples = np.ascontiguousarray(waveform, dtype="<f4") + np.float32(0)
    return hashlib.sha256(samples.tobytes()).hexdigest()


def groups(checksums: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Groups of excerpts with one checksum, two or more each, sorted.

    Parameters
    ----------
    checksums : the checksum of each excerpt
    """
    same: dict[str, list[str]] = defaultdict(list)
    for excerpt, digest in checksums.items():
        same[digest].append(excerpt)
    return sorted(tuple(sorted(excerpts)) for excerpts in same.values() if len(excerpts) > 1)
