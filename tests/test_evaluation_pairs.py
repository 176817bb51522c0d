"""Two systems on the same excerpts: exact tests against enumeration, against each other, and by simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries import evaluation
from music_adversaries.errors import InputError

results = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), min_size=1, max_size=25)


def enumerated(a, b, clusters) -> float:
    """The p-value from all choices of signs, one by one."""
    names = sorted(set(clusters))
    excess = [sum(int(x) - int(y) for x, y, c in zip(a, b, clusters, strict=True) if c == name) for name in names]
    sums = [
        abs(sum(sign * e for sign, e in zip(signs, excess, strict=True)))
        for signs in product((-1, 1), repeat=len(names))
    ]
    return float(np.mean(np.array(sums) >= abs(sum(excess))))


@given(results)
@settings(max_examples=80, deadline=None)
def test_permutation_by_enumeration(rows):
    a, b, clusters = zip(*rows, strict=True)
    test = evaluation.paired_permutation(a, b, clusters)
    assert test.p == pytest.approx(enumerated(a, b, clusters))
    assert test.difference == pytest.approx(np.mean(a) - np.mean(b))
    swapped = evaluation.paired_permutation(b, a, clusters)
    assert swapped.p == pytest.approx(test.p) and swapped.difference == pytest.approx(-test.difference)


@given(results)
@settings(max_examples=80, deadline=None)
def test_with_every_excerpt_on_its_own_it_is_mcnemar(rows):
    a, b, _ = zip(*rows, strict=True)
    pairs, test = evaluation.mcnemar(a, b), evaluation.paired_permutation(a, b)
    assert test.p == pytest.approx(pairs.p)
    assert test.n == pairs.only_a + pairs.only_b
    assert test == evaluation.paired_permutation(a, b, range(len(a)))


def test_worked_examples():
    # A wins five excerpts and loses none: 2 / 2^5. If they are all by one artist: no evidence at all.
    a, b = [1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]
    assert evaluation.paired_permutation(a, b) == (5 / 6, 5, 2 / 32)
    assert evaluation.paired_permutation(a, b, ["x"] * 5 + ["y"]) == (5 / 6, 1, 1.0)
    # Artists with excess 3, 1 and -1, in sum 3. Of the signed sums 5, 3, 3, 1, ... six of eight reach 3.
    a, b, who = [1, 1, 1, 1, 0], [0, 0, 0, 0, 1], ["x", "x", "x", "y", "z"]
    assert evaluation.paired_permutation(a, b, who) == (3 / 5, 3, 6 / 8)
    assert evaluation.paired_permutation([1, 0], [1, 0]) == (0, 0, 1.0)


def test_unknown_artists_are_one_cluster():
    for unknown in ([None, None], [float("nan"), float("nan")], [None, float("nan")]):
        assert evaluation.paired_permutation([1, 1, 1], [0, 0, 0], [*unknown, "x"]).n == 2
        assert evaluation.cluster_bootstrap([1, 1, 1], [*unknown, "x"], seed=0).n == 2
        assert evaluation.cluster_wilson([1, 1, 1], [*unknown, "x"]).n == 2


def test_many_excerpts_cost_little_and_sum_to_one():
    rng = np.random.default_rng(0)
    a, b = rng.random(2_000) < 0.6, rng.random(2_000) < 0.6
    test = evaluation.paired_permutation(a, b)
    assert test.p == pytest.approx(evaluation.mcnemar(a, b).p, rel=1e-9)


def test_artists_hold_the_level_where_excerpts_do_not():
    """Systems equally good; an artist's five excerpts share their fate."""
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(12), 5)
    rejected = {"artists": 0, "excerpts": 0}
    for _ in range(300):
        a, b = (np.repeat(rng.random(12) < 0.5, 5) for _ in range(2))
        rejected["artists"] += evaluation.paired_permutation(a, b, clusters).p <= 0.05
        rejected["excerpts"] += evaluation.mcnemar(a, b).p <= 0.05
    assert rejected["artists"] <= 0.05 * 300 + 3 * np.sqrt(300 * 0.05 * 0.95)
    assert rejected["excerpts"] > 0.2 * 300


def test_what_it_refuses():
    with pytest.raises(InputError, match="1 and 2 results"):
        evaluation.paired_permutation([1], [1, 0])
    with pytest.raises(InputError, match="2 results and 1 clusters"):
        evaluation.paired_permutation([1, 0], [1, 0], ["x"])
    with pytest.raises(InputError, match="no result"):
        evaluation.paired_permutation([], [])
