"""Random generators with a key for each purpose, so that nothing depends on the order of drawing."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(*key: int | str) -> np.random.Generator:
    """Random generator for one purpose, e.g. ``generator(2015, "production", 42)``.

    The key is hashed with SHA-256, since Python's ``hash`` of a string differs from run to run.
    """
    digest = hashlib.sha256("\x1f".join(f"{type(part).__name__}:{part}" for part in key).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest[:16], "big")))
