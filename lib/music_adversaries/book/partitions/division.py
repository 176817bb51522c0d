"""Dividing whole artists (or tracks) among three parts, as close as possible to the wished shares.

A class is divided exactly, by dynamic programming over its artists. Artists that are in several
classes are placed first, by descent from several random starts.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

import numpy as np

from .partition import PARTS

# Cells in the table of the exact search (8 bytes each); a class that needs more has its largest artists placed first.
_TABLE_CELLS = 20_000_000
_RESTARTS = 5


def seeded(seed: int, what: str) -> np.random.Generator:
    """A generator for one class, so that leaving one class out does not change the others."""
    return np.random.default_rng([seed, zlib.crc32(what.encode())])


def place(sizes: dict[str, dict[str, int]], wished: np.ndarray, seed: int) -> dict[str, dict[str, str] | None]:
    """Artist -> part for every class (None if no division was found)."""
    homes: dict[str, list[str]] = {}
    for label, artists in sizes.items():
        for artist in artists:
            homes.setdefault(artist, []).append(label)
    shared = sorted(artist for artist, labels in homes.items() if len(labels) > 1)

    solved: dict[tuple[str, tuple[tuple[str, int], ...]], tuple[float, dict[str, int] | None]] = {}

    def solve(label: str, where: Mapping[str, int]) -> tuple[float, dict[str, int] | None]:
        fixed = {artist: where[artist] for artist in sizes[label] if artist in where}
        key = (label, tuple(fixed.items()))
        if key not in solved:
            solved[key] = _divide(sizes[label], fixed, wished, seeded(seed, label))
        return solved[key]

    def cost(where: Mapping[str, int], labels: Iterable[str]) -> tuple[int, float]:
        costs = [solve(label, where)[0] for label in labels]
        return sum(np.isinf(costs)), round(sum(c for c in costs if np.isfinite(c)), 6)

    best: dict[str, int] = {}
    if shared:
        rng = seeded(seed, "artists of several classes")
        candidates = []
        for _ in range(_RESTARTS):
            where = {artist: int(rng.choice(3, p=wished / wished.sum())) for artist in shared}
            moved = True
            while moved:
                moved = False
                for artist in shared:
                    trials = {part: cost({**where, artist: part}, homes[artist]) for part in range(3)}
                    choice = min(trials, key=lambda part: trials[part])
                    if trials[choice] < trials[where[artist]]:
                        where[artist] = choice
                        moved = True
            candidates.append((cost(where, sizes), where))
        best = min(candidates, key=lambda candidate: candidate[0])[1]

    placed: dict[str, dict[str, str] | None] = {}
    for label in sizes:
        division = solve(label, best)[1]
        placed[label] = None if division is None else {artist: PARTS[part] for artist, part in division.items()}
    return placed


def _divide(
    sizes: Mapping[str, int], fixed: Mapping[str, int], wished: np.ndarray, rng: np.random.Generator
) -> tuple[float, dict[str, int] | None]:
    """Best division of one class's artists, some of which are already placed: (cost, artist -> part index).

    Cost: sum over parts of |excerpts - wished excerpts|. If a part would stay empty, the result is (infinity, None).
    """
    target = wished * sum(sizes.values())
    counts = np.zeros(3)
    division = dict(fixed)
    for artist, part in fixed.items():
        counts[part] += sizes[artist]

    free = [artist for artist in sizes if artist not in fixed]
    free = sorted((free[i] for i in rng.permutation(len(free))), key=lambda artist: sizes[artist])
    total = np.cumsum([sizes[artist] for artist in free])
    exact = sum((k + 1) * (total[k] + 1) ** 2 <= _TABLE_CELLS for k in range(len(free)))
    # A class too large for the table: its largest artists go where most is missing; then the small ones fill the rest.
    for artist in reversed(free[exact:]):
        part = int(np.argmax(target - counts))
        division[artist] = part
        counts[part] += sizes[artist]
    free = [free[i] for i in rng.permutation(exact)]

    # ways[k][a, b]: in how many ways the first k free artists put a excerpts in train and b in valid.
    n = sum(sizes[artist] for artist in free)
    ways = np.zeros((len(free) + 1, n + 1, n + 1))
    ways[0, 0, 0] = 1
    for k, artist in enumerate(free):
        s = sizes[artist]
        ways[k + 1] = ways[k]  # to test
        ways[k + 1, s:, :] += ways[k, : n + 1 - s, :]
        ways[k + 1, :, s:] += ways[k, :, : n + 1 - s]

    a, b = np.ogrid[: n + 1, : n + 1]
    train, valid, test = counts[0] + a, counts[1] + b, counts[2] + n - a - b
    possible = (ways[-1] > 0) & (train > 0) & (valid > 0) & (test > 0)
    if not possible.any():
        return np.inf, None
    costs = np.where(possible, abs(train - target[0]) + abs(valid - target[1]) + abs(test - target[2]), np.inf)
    lowest = costs.min()
    optimal = np.argwhere(costs <= lowest + 1e-9)
    weights = ways[-1][tuple(optimal.T)]
    i, j = optimal[rng.choice(len(optimal), p=weights / weights.sum())]
    for k in reversed(range(len(free))):
        s = sizes[free[k]]
        options = np.array([ways[k, i - s, j] if i >= s else 0.0, ways[k, i, j - s] if j >= s else 0.0, ways[k, i, j]])
        part = int(rng.choice(3, p=options / options.sum()))
        division[free[k]] = part
        i, j = i - s * (part == 0), j - s * (part == 1)
    return float(lowest), division
