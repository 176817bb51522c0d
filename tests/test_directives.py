"""Directives: which label for which excerpt, counted, and against the probabilities they promise."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from music_adversaries import adversary
from music_adversaries.adversary import Budget, Model
from music_adversaries.errors import InputError
from music_adversaries.networks import System
from small_system import recording, system

TEN = tuple(f"genre {i}" for i in range(10))


def named(labels=TEN) -> System:
    """Directives look at labels only."""
    return System(nn.Identity(), tuple(labels))


def truth(count: int, labels=TEN) -> list[str]:
    return [labels[i % len(labels)] for i in range(count)]


def uniform(counts: Counter, keys) -> float:
    """p-value that these keys are drawn with equal probability."""
    return stats.chisquare([counts[key] for key in keys]).pvalue


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(1, 50), st.floats(0, 1), st.integers(0, 9_999))
def test_one_label_an_excerpt_and_the_same_for_a_seed(n_labels, count, p, seed):
    labels = TEN[:n_labels] if n_labels <= 10 else tuple(map(str, range(n_labels)))
    right = truth(count, labels)
    targets = adversary.right_with_probability(named(labels), right, p, seed=seed)
    assert len(targets) == count and set(targets) <= set(labels)
    assert targets == adversary.right_with_probability(named(labels), right, p, seed=seed)
    wrong = adversary.always_wrong(named(labels), right, seed=seed)
    assert len(wrong) == count and all(a != b for a, b in zip(wrong, right, strict=True))
    assert adversary.always_right(named(labels), right) == right
    drawn = adversary.random_targets(named(labels), count, seed=seed)
    assert len(drawn) == count and drawn == adversary.random_targets(named(labels), count, seed=seed)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_right_as_often_as_promised(p):
    right = truth(8_000)
    targets = adversary.right_with_probability(named(), right, p, seed=1)
    hits = sum(a == b for a, b in zip(targets, right, strict=True))
    if p in (0.0, 1.0):
        assert hits == p * 8_000
    else:
        assert stats.binomtest(hits, 8_000, p).pvalue > 1e-4


def test_the_others_are_equally_likely():
    for p, seed in ((0.0, 2), (0.1, 3)):
        right = ["genre 3"] * 9_000
        counts = Counter(adversary.right_with_probability(named(), right, p, seed=seed))
        assert uniform(counts, [label for label in TEN if label != "genre 3"]) > 1e-4
    # And of each label on its own: no other label follows it more often.
    pairs = Counter(zip(truth(9_000), adversary.always_wrong(named(), truth(9_000), seed=4), strict=True))
    assert uniform(pairs, [(a, b) for a in TEN for b in TEN if a != b]) > 1e-4


def test_one_in_ten_of_ten_labels_is_a_uniform_draw():
    """The paper's directive, in either form; and the right label has no part in it."""
    n = 9_000
    for targets in (
        adversary.right_with_probability(named(), ["genre 7"] * n, 0.1, seed=5),
        adversary.random_targets(named(), n, seed=6),
    ):
        assert uniform(Counter(targets), TEN) > 1e-4
    targets = adversary.right_with_probability(named(), ["genre 7"] * n, 0.3, seed=5)
    assert uniform(Counter(targets), TEN) < 1e-10  # the test would notice


def test_seeds_differ():
    right = truth(50)
    for directive in (
        lambda seed: adversary.random_targets(named(), 50, seed=seed),
        lambda seed: adversary.always_wrong(named(), right, seed=seed),
        lambda seed: adversary.right_with_probability(named(), right, 0.5, seed=seed),
    ):
        assert directive(0) != directive(1)


def test_the_same_for_all():
    assert adversary.always(named(), "genre 4", 3) == ["genre 4"] * 3
    assert adversary.always(named(), 4, 2) == ["genre 4"] * 2
    assert adversary.always(named(), "genre 4", 0) == []


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan"), 10])
def test_what_is_no_probability(p):
    with pytest.raises(InputError, match=f"p is {p}; give a probability from 0 to 1"):
        adversary.right_with_probability(named(), truth(3), p, seed=0)


def test_labels_that_are_not_there():
    for call in (
        lambda: adversary.always(named(), "polka", 2),
        lambda: adversary.always_right(named(), ["polka"]),
        lambda: adversary.always_wrong(named(), ["polka"], seed=0),
    ):
        with pytest.raises(InputError, match="'polka' is not a label of this system; choose one of genre 0"):
            call()
    with pytest.raises(InputError, match="one label only"):
        adversary.always_wrong(named(["only"]), ["only"], seed=0)
    assert adversary.always_right(named(["only"]), ["only"]) == ["only"]


def test_a_model_has_directives_too():
    model = Model(nn.Identity(), TEN)
    assert adversary.random_targets(model, 20, seed=0) == adversary.random_targets(named(), 20, seed=0)
    assert adversary.always_right(model, ["genre 2"]) == ["genre 2"]


def test_every_label_of_a_system_or_a_model():
    wave, budget = recording("dark", 140, 0.3), Budget(snr=10.0, max_iterations=2)
    by_system = adversary.every_label(system(), wave, budget)
    network, labels = system().network, system().labels
    by_model = adversary.every_label(Model(network, labels), wave, budget, method="algorithm1")
    for results in (by_system, by_model):
        assert [result.target for result in results] == list(labels)
        assert all(np.array_equal(result.original, wave) for result in results)
        assert {result.snr_limit for result in results} == {10.0}
    with pytest.raises(InputError, match="labels="):
        adversary.every_label(network, wave, budget)
