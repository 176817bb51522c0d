"""Several accuracies on the same artists: counts by hand, and intervals if nothing varies."""

from __future__ import annotations

import pytest

from music_adversaries.errors import InputError
from music_adversaries.evaluation import Accuracies, NormalisedAccuracies, cluster_bootstrap, wilson

TESTS = {
    "random": ([True, False, True], ["a", "a", "b"]),
    "filtered": ([False, True], ["a", "b"]),
}


def test_counts_by_hand():
    accuracies = Accuracies(TESTS)
    a, b = accuracies.places(["random", "filtered"])
    drop = accuracies.statistic(lambda values: values[..., a] - values[..., b])
    assert drop.estimate == pytest.approx(2 / 3 - 1 / 2) and drop.n == 2 and drop.unit == "fraction difference"
    assert accuracies.accuracy("random") == cluster_bootstrap(*TESTS["random"], seed=0)
    assert accuracies.accuracy("random").estimate == pytest.approx(2 / 3)
    assert accuracies.statistic(lambda values: values[..., b], unit="fraction").estimate == 0.5


def test_an_artist_need_not_be_tested_everywhere():
    accuracies = Accuracies({"x": ([True, False], ["a", "b"]), "y": ([True, True], ["b", "c"])})
    both = accuracies.statistic(lambda values: values.mean(-1))
    assert both.estimate == pytest.approx((1 / 2 + 2 / 2) / 2) and both.n == 3


@pytest.mark.parametrize(
    ("test", "says"), [(([True], []), "1 results and 0 clusters do not pair"), (([], []), "no result to evaluate")]
)
def test_tests_without_a_cluster_are_refused(test, says):
    with pytest.raises(InputError, match=says):
        Accuracies(TESTS | {"other": test})


def test_normalised_accuracy_over_artists():
    truth = ["x"] * 6 + ["y"] * 2
    artists = ["a", "a", "b", "b", "c", "c", "d", "e"]
    correct = {
        "before": [True] * 8,
        "under": [True, True, False, False, False, True, False, False],
        "none": [False] * 8,
    }
    found = NormalisedAccuracies(correct, truth, artists)
    assert found.accuracy("under").estimate == pytest.approx((3 / 6 + 0 / 2) / 2)  # and not 3 / 8
    assert found.difference("before", "under").estimate == pytest.approx(0.75)
    assert found.difference("before", "under").low > 0
    # The same columns, the other way round.
    there, back = found.difference("before", "under"), found.difference("under", "before")
    assert (back.estimate, back.low, back.high) == pytest.approx((-there.estimate, -there.high, -there.low), abs=0.02)
    # Nothing varies: Wilson's interval over artists, and no claim of a difference.
    assert (found.accuracy("before").low, found.accuracy("before").high) == wilson(5, 5)
    assert (found.accuracy("none").low, found.accuracy("none").high) == wilson(0, 5)
    alone = NormalisedAccuracies({"before": [True, False]}, ["x", "x"], ["a", "a"]).accuracy("before")
    assert (alone.estimate, alone.low, alone.high, alone.n) == (0.5, 0.0, 1.0, 1)
