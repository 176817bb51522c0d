"""Evaluation: against worked examples, against scipy and scikit-learn, and by simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from music_adversaries import evaluation
from music_adversaries.errors import InputError
from music_adversaries.evaluation import Estimate, FigureOfMerit

LABELS = ("blues", "jazz", "pop")
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(142, 290, 43.3, 54.7), (146, 290, 44.6, 56.1), (117, 290, 34.9, 46.1), (203, 250, 75.9, 85.6)],
)
def test_wilson_of_table_1(k, n, low, high):
    assert 100 * np.array(evaluation.wilson(k, n)) == pytest.approx([low, high], abs=0.05)


def test_wilson_by_its_formula_and_at_its_ends():
    z = stats.norm.ppf(0.95)
    k, n = 7, 20
    centre, half = (k + z**2 / 2) / (n + z**2), z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
    assert evaluation.wilson(k, n, 0.9) == pytest.approx((centre - half, centre + half))
    assert evaluation.wilson(0, 5)[0] == 0 and 0 < evaluation.wilson(0, 5)[1] < 1
    assert evaluation.wilson(5, 5)[1] == 1 and 0 < evaluation.wilson(5, 5)[0] < 1


def test_a_share_is_a_proportion_with_its_interval():
    expected = Estimate(7 / 20, *evaluation.wilson(7, 20), 20)
    assert evaluation.share(flag for flag in [True] * 7 + [False] * 13) == expected
    assert evaluation.share(np.array([True, False])).estimate == 0.5
    with pytest.raises(InputError, match="0 of 0 is not a proportion"):
        evaluation.share([])


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_counts_that_make_no_proportion_are_refused(k, n):
    for call in (lambda: evaluation.wilson(k, n), lambda: evaluation.binomial_p(k, n, 0.1)):
        with pytest.raises(InputError, match="not a proportion"):
            call()


def test_confidence_is_checked():
    with pytest.raises(InputError, match="confidence of 95"):
        evaluation.wilson(1, 2, 95)
    with pytest.raises(InputError, match="confidence of 95"):
        evaluation.cluster_bootstrap([1, 0], "ab", seed=0, confidence=95)


@given(pairs)
@settings(max_examples=60, deadline=None)
def test_figure_of_merit_agrees_with_scikit_learn(pairs):
    truth, predicted = zip(*pairs, strict=True)
    fom = FigureOfMerit(truth, predicted, LABELS)
    assert (fom.counts.T == metrics.confusion_matrix(truth, predicted, labels=LABELS)).all()
    assert fom.accuracy == pytest.approx(metrics.accuracy_score(truth, predicted))
    precision, recall, f_score, _ = metrics.precision_recall_fscore_support(
        truth, predicted, labels=LABELS, zero_division=np.nan
    )
    assert fom.precision == pytest.approx(precision, nan_ok=True)
    assert fom.recall == pytest.approx(recall, nan_ok=True)
    defined = np.isfinite(fom.f_score)
    assert fom.f_score[defined] == pytest.approx(np.nan_to_num(f_score[defined]))
    occurring = [label for label in LABELS if label in truth]
    assert fom.normalised_accuracy == pytest.approx(
        metrics.recall_score(truth, predicted, labels=occurring, average="macro", zero_division=0)
    )
    assert fom.is_correct.sum() == np.trace(fom.counts)


def test_figure_of_merit_as_the_paper_draws_it():
    #        truth: 4 blues, 2 jazz; one blues is called jazz, one jazz is called pop
    truth = ["blues"] * 4 + ["jazz"] * 2
    fom = FigureOfMerit(truth, ["blues"] * 3 + ["jazz", "jazz", "pop"], LABELS)
    table = fom.table()
    assert table.loc["jazz", "blues"] == 25 and table.loc["pop", "jazz"] == 50  # rows given, columns true
    assert table.loc["blues", "Pr"] == 100 and table.loc["jazz", "Pr"] == 50 and table.loc["pop", "Pr"] == 0
    assert table.loc["F", "blues"] == pytest.approx(600 / 7)
    assert np.isnan(table.loc["pop", "pop"])  # no excerpt is pop
    assert fom.accuracy == pytest.approx(4 / 6)
    assert table.loc["F", "Pr"] == pytest.approx(100 * fom.normalised_accuracy) == pytest.approx((75 + 50) / 2)
    assert fom.interval == Estimate(4 / 6, *evaluation.wilson(4, 6), 6)
    assert "accuracy=0.667" in repr(fom)


def test_confusion_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="do not pair"):
        evaluation.confusion(["jazz"], [], LABELS)
    with pytest.raises(InputError, match="no excerpt"):
        evaluation.confusion([], [], LABELS)
    with pytest.raises(InputError, match="'metal' is not among blues, jazz, pop"):
        evaluation.confusion(["jazz"], ["metal"], LABELS)


def simulated(rng: np.random.Generator, artists: int, excerpts: int) -> tuple[np.ndarray, np.ndarray]:
    """Artists differ in how well they are recognised: Beta(1, 1), on average a half."""
    hits = rng.random((artists, excerpts)) < rng.random(artists)[:, None]
    return hits.ravel(), np.repeat(np.arange(artists), excerpts)


def test_cluster_bootstrap_covers_the_truth_where_independence_would_not():
    bootstrap, naive, runs = 0, 0, 200
    for seed in range(runs):
        correct, clusters = simulated(np.random.default_rng(seed), artists=15, excerpts=8)
        found = evaluation.cluster_bootstrap(correct, clusters, seed=seed, n=400)
        low, high = evaluation.wilson(int(correct.sum()), correct.size)
        bootstrap += found.low <= 0.5 <= found.high
        naive += low <= 0.5 <= high
    assert bootstrap / runs == pytest.approx(0.95, abs=0.04)
    assert naive / runs < 0.85


def test_cluster_bootstrap_of_single_excerpts_is_near_wilson():
    correct = np.arange(200) < 120
    found = evaluation.cluster_bootstrap(correct, range(200), seed=0)
    assert found.estimate == 0.6 and found.n == 200 and found.unit == "fraction"
    assert (found.low, found.high) == pytest.approx(evaluation.wilson(120, 200), abs=0.01)


def test_cluster_bootstrap_is_seeded_and_blind_to_order():
    correct, clusters = simulated(np.random.default_rng(0), artists=9, excerpts=5)
    found = evaluation.cluster_bootstrap(correct, clusters, seed=1)
    assert found == evaluation.cluster_bootstrap(correct, clusters, seed=1)
    order = np.random.default_rng(3).permutation(len(correct))
    assert found == evaluation.cluster_bootstrap(correct[order], [f"artist {c}" for c in clusters[order]], seed=1)
    others = {evaluation.cluster_bootstrap(correct[:-1], clusters[:-1], seed=seed, n=99) for seed in range(5)}
    assert len(others) > 1


def test_cluster_bootstrap_is_not_fooled_by_clusters_that_all_score_alike():
    for correct, low, high in (
        ([True] * 6, *evaluation.wilson(3, 3)),
        ([False] * 6, *evaluation.wilson(0, 3)),
        ([True, False] * 3, evaluation.wilson(1, 3)[0], evaluation.wilson(2, 3)[1]),
    ):
        found = evaluation.cluster_bootstrap(correct, list("aabbcc"), seed=0)
        assert (found.low, found.high) == (low, high)
    assert evaluation.cluster_bootstrap([True, False], ["a", "a"], seed=0) == Estimate(0.5, 0.0, 1.0, 1)


def test_cluster_wilson_is_wilson_where_a_cluster_stands_or_falls_as_one():
    for k, m in ((0, 10), (3, 10), (10, 10), (40, 40)):
        correct = np.repeat([True] * k + [False] * (m - k), 7)
        found = evaluation.cluster_wilson(correct, np.repeat(np.arange(m), 7))
        assert found.n == m and (found.low, found.high) == pytest.approx(evaluation.wilson(k, m))
        assert 0 <= found.low <= found.estimate == k / m <= found.high <= 1


def test_cluster_wilson_claims_no_more_of_99_than_of_100():
    clusters = np.repeat(np.arange(10), 10)
    lows = [evaluation.cluster_wilson([False] * k + [True] * (100 - k), clusters).low for k in range(101)]
    assert lows == sorted(lows, reverse=True)
    bootstrap = [evaluation.cluster_bootstrap([False] * k + [True] * (100 - k), clusters, seed=0).low for k in (0, 1)]
    assert bootstrap[1] > bootstrap[0], "then it could be used as well"


def test_cluster_wilson_covers_the_truth_however_clusters_hang_together():
    for spread in (0.01, 1.0, 100.0):  # of a beta distribution: alike within a cluster, ..., independent
        rng, covered = np.random.default_rng(0), []
        for _ in range(400):
            each = rng.beta(spread * 0.95, spread * 0.05, size=40)
            correct = rng.random((40, 10)) < each[:, None]
            found = evaluation.cluster_wilson(correct.ravel(), np.repeat(np.arange(40), 10))
            covered.append(found.low <= 0.95 <= found.high)
        assert np.mean(covered) > 0.93


def test_cluster_wilson_refuses_what_does_not_fit():
    for correct, clusters, says in (([True], [], "do not pair"), ([], [], "no result")):
        with pytest.raises(InputError, match=says):
            evaluation.cluster_wilson(correct, clusters)
    with pytest.raises(InputError, match="between 0 and 1"):
        evaluation.cluster_wilson([True], "a", 95)


def test_cluster_bootstrap_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="do not pair"):
        evaluation.cluster_bootstrap([True], [], seed=0)
    with pytest.raises(InputError, match="no result"):
        evaluation.cluster_bootstrap([], [], seed=0)
    with pytest.raises(InputError, match="resamples"):
        evaluation.cluster_bootstrap([True, False], "ab", seed=0, n=0)


def test_accuracy_difference_of_newcombes_examples():
    # Newcombe 1998, Table II, method 10, examples (a) and (c)
    found = evaluation.accuracy_difference(56, 70, 48, 80)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    found = evaluation.accuracy_difference(6, 7, 2, 7)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.5714, 0.0582, 0.8062), abs=5e-5)
    assert found.unit == "fraction difference"


@given(st.integers(1, 60), st.integers(1, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_accuracy_difference_is_antisymmetric_and_holds_its_estimate(n_a, n_b, data):
    k_a, k_b = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_b))
    there, back = evaluation.accuracy_difference(k_a, n_a, k_b, n_b), evaluation.accuracy_difference(k_b, n_b, k_a, n_a)
    assert (there.estimate, there.low, there.high) == pytest.approx((-back.estimate, -back.high, -back.low))
    assert -1 - 1e-9 <= there.low <= there.estimate <= there.high <= 1 + 1e-9


def test_mean_interval_agrees_with_scipy():
    values = [0.12, 0.3, 0.25, 0.21, 0.4]
    found = evaluation.mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.estimate == pytest.approx(np.mean(values)) and found.n == 5
    for bad in ([0.1], [], [0.1, np.nan]):
        with pytest.raises(InputError):
            evaluation.mean_interval(bad)


def test_mcnemar_by_hand():
    a = [True] * 6 + [False] * 1 + [True] * 10
    b = [False] * 6 + [True] * 1 + [True] * 10
    # six against one: two-sided 2 (C(7,0) + C(7,1)) / 2^7
    assert evaluation.mcnemar(a, b) == (6, 1, pytest.approx(2 * 8 / 128))
    assert evaluation.mcnemar(a, a).p == 1.0
    for bad, says in (([True], "do not pair"), ([], "no result to compare")):
        with pytest.raises(InputError, match=says):
            evaluation.mcnemar(bad, [])


def paired(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[bool], list[bool]]:
    counts = (both, only_a, only_b, neither)
    a, b = (np.repeat(flags, counts).tolist() for flags in ([True, True, False, False], [True, False, True, False]))
    return a, b


@pytest.mark.parametrize("counts", [(9, 5, 2, 14), (30, 8, 1, 11), (4, 9, 7, 3), (0, 6, 3, 0), (1, 0, 0, 40)])
def test_paired_difference_by_hand(counts):
    """Wilson's intervals from scipy, the correlation from NumPy; a positive one corrected for continuity."""
    a, b = paired(*counts)
    n, (both, only_a, only_b, neither) = sum(counts), counts
    phi = np.corrcoef(a, b)[0, 1]
    above = both * neither - only_a * only_b
    if above > 0:
        phi *= max(above - n / 2, 0) / above
    p, q = np.mean(a), np.mean(b)
    (p_low, p_high), (q_low, q_high) = (
        stats.binomtest(sum(x), n).proportion_ci(method="wilson", confidence_level=0.95) for x in (a, b)
    )

    def length(x, y):  # of a difference of two vectors whose angle has the cosine phi
        return np.sqrt(x**2 - 2 * phi * x * y + y**2)

    found = evaluation.paired_difference(a, b)
    assert found.estimate == pytest.approx((only_a - only_b) / n)
    assert found.low == pytest.approx(p - q - length(p - p_low, q_high - q))
    assert found.high == pytest.approx(p - q + length(p_high - p, q - q_low))
    assert found.n == n and found.unit == "fraction difference"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_paired_difference_is_antisymmetric_and_holds_its_estimate(rows):
    a, b = zip(*rows, strict=True)
    there, back = evaluation.paired_difference(a, b), evaluation.paired_difference(b, a)
    assert (there.estimate, there.low, there.high) == pytest.approx((-back.estimate, -back.high, -back.low))
    assert -1 - 1e-9 <= there.low <= there.estimate <= there.high <= 1 + 1e-9


def test_paired_difference_covers_the_truth_more_narrowly_than_unpaired():
    """Excerpts differ in how hard they are; B succeeds where A does, less often. 1,000 simulations."""
    rng = np.random.default_rng(7)
    runs, n, covered, narrower = 1_000, 40, 0, 0
    for _ in range(runs):
        a = rng.random(n) < 0.6
        b = np.where(a, rng.random(n) < 0.75, rng.random(n) < 0.1)  # true share 0.6 * 0.75 + 0.4 * 0.1
        found = evaluation.paired_difference(a, b)
        covered += found.low <= 0.6 - 0.49 <= found.high
        free = evaluation.accuracy_difference(int(a.sum()), n, int(b.sum()), n)
        narrower += found.high - found.low < free.high - free.low
    assert 0.93 <= covered / runs <= 0.98  # 95 %, within three standard errors; a little more is known of it
    assert narrower / runs > 0.95


def test_paired_difference_where_nothing_varies():
    everything = evaluation.paired_difference([True] * 10, [True] * 10)
    nothing = evaluation.paired_difference([False] * 10, [False] * 10)
    width = 1 - evaluation.wilson(10, 10)[0]
    for found in (everything, nothing):  # no difference was seen, and ten excerpts do not show that there is none
        assert (found.estimate, found.low, found.high) == pytest.approx((0, -width, width))
    opposite = evaluation.paired_difference([True] * 10, [False] * 10)
    assert opposite.estimate == opposite.high == 1 and 0 < opposite.low < 1
    one = evaluation.paired_difference([True], [False])
    assert one.estimate == 1 and one.low < 0.5
    wider = evaluation.paired_difference(*paired(9, 5, 2, 14), confidence=0.99)
    assert wider.low < evaluation.paired_difference(*paired(9, 5, 2, 14)).low


def test_paired_difference_refuses_what_does_not_pair():
    for a, b in (([True], []), ([True, False], [True])):
        with pytest.raises(InputError, match=f"{len(a)} and {len(b)} results do not pair"):
            evaluation.paired_difference(a, b)
    with pytest.raises(InputError, match="no result to compare"):
        evaluation.paired_difference([], [])
    with pytest.raises(InputError, match="confidence of 95"):
        evaluation.paired_difference([True], [False], 95)


@pytest.mark.parametrize(("k", "p"), [(142, 1.7e-63), (146, 2.7e-67), (117, 6.0e-42)])
def test_binomial_p_of_table_1(k, p):
    assert evaluation.binomial_p(k, 290, 0.1) == pytest.approx(p, rel=0.02)


def test_binomial_p_is_one_sided():
    assert evaluation.binomial_p(2, 2, 0.5) == pytest.approx(0.25)
    assert evaluation.binomial_p(0, 2, 0.5) == pytest.approx(1.0)
    with pytest.raises(InputError, match="chance level"):
        evaluation.binomial_p(1, 2, 10)


def test_estimates_become_plain_json():
    record = Estimate(np.float64(0.5), np.float32(0.25), np.float64(0.75), np.int64(3)).as_record()
    assert json.loads(json.dumps(record)) == {"estimate": 0.5, "low": 0.25, "high": 0.75, "n": 3, "unit": "fraction"}


# --- ratios ---


def test_ratio_of_exact_multiples_is_exact():
    found = evaluation.ratio_interval([20.0, 22.0, 24.0], [10.0, 11.0, 12.0])
    assert (found.estimate, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_ratio_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        below = rng.normal(10, 2, 5)
        above = 0.3 * below + rng.normal(0, 1, 5)
        found = evaluation.ratio_interval(above, below)
        hits += found.low <= 0.3 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_ratio_to_what_may_be_zero_is_unbounded():
    found = evaluation.ratio_interval([1.0, 1.1, 0.9], [0.1, -0.2, 0.15])
    assert (found.low, found.high) == (-np.inf, np.inf)
    with pytest.raises(InputError, match="give at least 2 pairs"):
        evaluation.ratio_interval([1.0], [1.0])
    with pytest.raises(InputError, match="zero"):
        evaluation.ratio_interval([1.0, 2.0], [1.0, -1.0])
