"""Evaluation: the figure of merit, and how far a number can be trusted.

Goal
    Say how often a system reproduces the ground truth, where it errs, and within which interval the
    answer lies; compare two systems on one test set, or one system on two test sets.

Conventions
-----------
* Accuracies are fractions, 0 to 1. Differences of accuracies too (0.3 is 30 percentage points).
* *Accuracy* is the share of excerpts whose label is reproduced. *Normalised accuracy* is the mean
  over classes of the recall. They agree where classes are equally large, and only there: the
  paper's Table 1 says normalised, yet its fault-filtered numbers are all k/290, which is plain accuracy.
* A confusion matrix has a column for each true label and a row for each label given, as the paper draws it.
* Intervals are two-sided, 95 % unless told otherwise.

Metrics
-------
* :class:`FigureOfMerit`: confusion matrix, recall, precision, F-score, both accuracies.
* :func:`wilson`, :func:`cluster_bootstrap`: interval of one accuracy, excerpts independent or clustered by artist.
* :func:`cluster_wilson`: interval of a share near 0 or 1, whose few clusters hardly differ.
* :func:`cluster_statistic`: interval of any statistic of several accuracies on the same artists.
* :func:`accuracy_difference`, :func:`mean_interval`, :func:`ratio_interval`: how far apart two numbers are.
* :func:`mcnemar`, :func:`paired_permutation`: two systems on the same excerpts, excerpts independent or
  clustered by artist.
* :func:`binomial_p`: could this be chance?

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from sklearn.metrics import confusion_matrix

from .errors import InputError


class Estimate(NamedTuple):
    """A measured number with its interval.

    ``n`` is what the interval rests on (excerpts, artists or seeds); ``unit`` is ``"fraction"``,
    ``"fraction difference"`` (both are shown in per cent and percentage points), ``"dB"`` ...
    """

    estimate: float
    low: float
    high: float
    n: int
    unit: str = "fraction"

    def as_record(self) -> dict[str, float | int | str]:
        """The form in which a record keeps it: ``{"estimate", "low", "high", "n", "unit"}``, plain JSON numbers."""
        return {
            "estimate": float(self.estimate),
            "low": float(self.low),
            "high": float(self.high),
            "n": int(self.n),
            "unit": self.unit,
        }


class McNemar(NamedTuple):
    """Excerpts that only A, and only B, labels correctly, and the exact two-sided p-value."""

    only_a: int
    only_b: int
    p: float


class PairedPermutation(NamedTuple):
    """Accuracy of A minus that of B, number of clusters on which they differ, and the exact two-sided p-value."""

    difference: float
    n: int
    p: float


# --- one accuracy ---


def confusion(truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Count each pair of label given and true label.

    Parameters
    ----------
    truth, predicted : sequences of str [n_excerpts]
    labels : sequence of str [n_labels]
        The order of rows and columns.

    Returns
    -------
    counts : int array [n_labels, n_labels]
        ``counts[i, j]``: excerpts given ``labels[i]`` whose truth is ``labels[j]``: a column for each
        truth, as in the paper (scikit-learn has it the other way round).

    Raises
    ------
    InputError
        When the lengths differ, there is no excerpt, or a label is not in ``labels``.

    Paper: Section 2.4
    """
    if len(truth) != len(predicted):
        raise InputError(f"{len(truth)} true and {len(predicted)} predicted labels do not pair; give one of each.")
    if not len(truth):
        raise InputError("There is no excerpt to evaluate; choose a partition whose test part is not empty.")
    strange = sorted((set(truth) | set(predicted)) - set(labels))
    if strange:
        raise InputError(f"Label {strange[0]!r} is none of {', '.join(labels)}; give all labels that occur.")
    return confusion_matrix(list(truth), list(predicted), labels=list(labels)).T


class FigureOfMerit:
    """The paper's figure of merit: confusions, recall, precision, F-score and mean recall.

    Parameters
    ----------
    truth, predicted : sequences of str [n_excerpts]
    labels : sequence of str [n_labels]
        The order of rows and columns.

    Attributes
    ----------
    labels : tuple of str
    counts : int array [n_labels, n_labels]
        A row for each label given, a column for each true label.
    n : int
        Number of excerpts.
    is_correct : bool array [n_excerpts]

    Raises
    ------
    InputError
        See :func:`confusion`.

    Paper: Section 2.4
    Notebook: book/03_training.ipynb
    """

    def __init__(self, truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.counts = confusion(truth, predicted, labels)
        self.n = int(self.counts.sum())
        self.is_correct = np.array([t == p for t, p in zip(truth, predicted, strict=True)])

    @property
    def recall(self) -> np.ndarray:
        """[n_labels] ``counts[i, i] / sum_given counts[given, i]``; NaN for a label that no excerpt has."""
        return _ratio(np.diag(self.counts), self.counts.sum(axis=0))

    @property
    def precision(self) -> np.ndarray:
        """[n_labels] ``counts[i, i] / sum_true counts[i, true]``; NaN for a label that was never given."""
        return _ratio(np.diag(self.counts), self.counts.sum(axis=1))

    @property
    def f_score(self) -> np.ndarray:
        """[n_labels] Harmonic mean of recall and precision; NaN for a label that neither occurs nor is given."""
        return _ratio(2 * np.diag(self.counts), self.counts.sum(axis=0) + self.counts.sum(axis=1))

    @property
    def accuracy(self) -> float:
        """Share of excerpts whose label is reproduced: what Table 1 of the paper really holds."""
        return float(np.trace(self.counts) / self.n)

    @property
    def normalised_accuracy(self) -> float:
        """Mean recall over the labels that occur: the corner of the figure of merit."""
        return float(np.nanmean(self.recall))

    @cached_property
    def interval(self) -> Estimate:
        """Accuracy with its Wilson interval, which takes excerpts as independent (too narrow if artists repeat)."""
        return Estimate(self.accuracy, *wilson(int(np.trace(self.counts)), self.n), self.n)

    @property
    def percentages(self) -> np.ndarray:
        """[n_labels, n_labels] ``counts`` in per cent of their column's truth; NaN where no excerpt has the label."""
        return 100 * _ratio(self.counts, self.counts.sum(axis=0))

    def table(self) -> pd.DataFrame:
        """The figure as the paper draws it, in per cent.

        Confusions with recall on the diagonal, precision in the column ``Pr``, F-score in the row ``F``,
        mean recall in their corner.
        """
        frame = pd.DataFrame(self.percentages, index=list(self.labels), columns=list(self.labels))
        frame["Pr"] = 100 * self.precision
        frame.loc["F"] = [*(100 * self.f_score), 100 * self.normalised_accuracy]
        frame.index.name, frame.columns.name = "given", "true"
        return frame

    def __repr__(self) -> str:
        return (
            f"FigureOfMerit(n={self.n}, accuracy={self.accuracy:.3f} "
            f"[{self.interval.low:.3f}, {self.interval.high:.3f}], normalised_accuracy={self.normalised_accuracy:.3f})"
        )


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion: ``k`` successes in ``n`` independent trials.

    Returns
    -------
    low, high : float
        Never outside 0 to 1 and never of width zero, unlike the textbook interval.

    Raises
    ------
    InputError
        When not ``0 <= k <= n``, ``n`` is 0 or the confidence is not between 0 and 1.

    Paper: Table 1
    Notebook: book/02_partitions.ipynb
    """
    _check_counts(k, n)
    _check_confidence(confidence)
    interval = stats.binomtest(int(k), int(n)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def cluster_bootstrap(
    correct: Sequence[bool],
    clusters: Sequence[Hashable],
    *,
    seed: int,
    n: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Accuracy with an interval that respects that excerpts of one artist are no independent trials.

    Whole clusters are drawn with replacement and the accuracy over their excerpts is taken, ``n`` times.
    The quantiles are widened for few clusters (Hesterberg's expanded percentile interval), without which
    ten artists would give an interval that misses far more often than it says.
    Where all clusters score alike (all right, say) nothing varies, and Wilson's interval over the number
    of clusters is given instead; one cluster alone says nothing: 0 to 1.

    Parameters
    ----------
    correct : bool [n_excerpts]
    clusters : hashables [n_excerpts]
        The artist of each excerpt; see :func:`partitions.clusters`.
    seed : int
    n : int
        Number of resamples.

    Returns
    -------
    Estimate
        Whose ``n`` is the number of clusters.

    Raises
    ------
    InputError
        When the lengths differ or are 0, ``n`` is below 1 or the confidence is not between 0 and 1.

    Notebook: book/02_partitions.ipynb
    """
    if len(correct) != len(clusters):
        raise InputError(f"{len(correct)} results and {len(clusters)} clusters do not pair; give one cluster each.")
    if not len(correct):
        raise InputError("There is no result to resample; choose a partition whose test part is not empty.")
    if n < 1:
        raise InputError(f"{n} resamples cannot be drawn; use at least 1, better 2000.")
    _check_confidence(confidence)
    names = pd.Series(list(clusters), dtype=object)
    # Sorted by content and not by name: clusters need not be comparable, and the order of excerpts must not matter.
    grouped = pd.Series(np.asarray(correct, dtype=float)).groupby(names, sort=False, dropna=False)
    hits, sizes = np.array(sorted(zip(grouped.sum(), grouped.size(), strict=True))).T
    estimate, m = float(hits.sum() / sizes.sum()), len(sizes)
    if m == 1:
        return Estimate(estimate, 0.0, 1.0, 1)
    if np.ptp(hits / sizes) == 0:
        low = wilson(math.floor(round(estimate * m, 9)), m, confidence)[0]
        high = wilson(math.ceil(round(estimate * m, 9)), m, confidence)[1]
        return Estimate(estimate, low, high, m)

    drawn = np.random.default_rng(seed).integers(m, size=(n, m))
    scores = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    z = math.sqrt(m / (m - 1)) * stats.t.ppf((1 + confidence) / 2, m - 1)
    low, high = np.quantile(scores, [stats.norm.cdf(-z), stats.norm.cdf(z)])
    return Estimate(estimate, float(low), float(high), m)


def cluster_wilson(correct: Sequence[bool], clusters: Sequence[Hashable], confidence: float = 0.95) -> Estimate:
    """A share with Wilson's interval over clusters, whatever trials of one cluster have to do with each other.

    The interval is as wide as if all trials of a cluster succeeded or failed together, which is the worst that clusters
    of one size allow. Nothing is resampled: where next to all trials succeed, resampling sees next to no difference
    between clusters, and would give 99 of 100 a narrower interval than 100 of 100.

    Parameters
    ----------
    correct : bool [n_trials]
    clusters : hashables [n_trials]
        What trials have in common, such as the excerpt.

    Returns
    -------
    Estimate
        Whose ``n`` is the number of clusters.

    Raises
    ------
    InputError
        When the lengths differ or are 0, or the confidence is not between 0 and 1.

    Notebook: book/06_ensembles.ipynb
    """
    if len(correct) != len(clusters):
        raise InputError(f"{len(correct)} results and {len(clusters)} clusters do not pair; give one cluster each.")
    if not len(correct):
        raise InputError("There is no result to give a share of; try at least one excerpt.")
    _check_confidence(confidence)
    # As in `wilson`, whose counts of successes are whole.
    share, m = float(np.mean(np.asarray(correct, dtype=bool))), len(set(clusters))
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2
    centre = (share + z2 / (2 * m)) / (1 + z2 / m)
    half = math.sqrt(z2 * share * (1 - share) / m + (z2 / (2 * m)) ** 2) / (1 + z2 / m)
    # Roundings may leave a share of 0 or 1 a little outside.
    return Estimate(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share), m)


def cluster_statistic(
    hits: npt.ArrayLike,
    sizes: npt.ArrayLike,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    seed: int,
    n: int = 2000,
    confidence: float = 0.95,
    unit: str = "fraction difference",
) -> Estimate:
    """Any statistic of several accuracies, with an interval by resampling clusters, as in :func:`cluster_bootstrap`.

    The same artists are drawn for all accuracies at once, so what they share does not count as uncertainty of
    a difference.

    Parameters
    ----------
    hits, sizes : arrays ``[n_clusters, n_accuracies]``
        Right answers and tests of each cluster, for each accuracy. A cluster may have none of some.
    statistic : function
        From accuracies ``[..., n_accuracies]`` to ``[...]``.
    seed, n, confidence
        As in :func:`cluster_bootstrap`.
    unit : str
        Of the statistic.

    Returns
    -------
    Estimate
        Whose ``n`` is the number of clusters. Where one cluster is all there is, or nothing varies between
        clusters, they say nothing of others: -1 to 1.

    Raises
    ------
    InputError
        When the arrays do not pair, there are more hits than tests, or an accuracy has no test.

    Paper: Table 1
    Notebook: book/04_baselines.ipynb
    """
    hits, sizes = np.asarray(hits, dtype=float), np.asarray(sizes, dtype=float)
    if hits.shape != sizes.shape or hits.ndim != 2 or not hits.size:
        raise InputError(
            f"hits {hits.shape} and sizes {sizes.shape} do not pair; give both [n_clusters, n_accuracies]."
        )
    if (hits > sizes).any() or (hits < 0).any():
        raise InputError("A cluster has more right answers than tests, or fewer than none; count again.")
    if not sizes.sum(axis=0).all():
        raise InputError("An accuracy has no test at all; leave it out.")
    _check_confidence(confidence)
    # By content: the order of clusters must not matter.
    order = np.lexsort(np.concatenate([hits, sizes], axis=1).T)
    hits, sizes, m = hits[order], sizes[order], len(hits)
    estimate = float(statistic(hits.sum(axis=0) / sizes.sum(axis=0)))
    if m == 1:
        return Estimate(estimate, -1.0, 1.0, 1, unit)
    counts = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=n)
    # A draw without a single test of some accuracy says nothing and is left out.
    values = statistic(_ratio(counts @ hits, counts @ sizes))
    if np.nanmin(values) == np.nanmax(values):
        return Estimate(estimate, -1.0, 1.0, m, unit)
    z = math.sqrt(m / (m - 1)) * stats.t.ppf((1 + confidence) / 2, m - 1)
    low, high = np.nanquantile(values, [stats.norm.cdf(-z), stats.norm.cdf(z)])
    return Estimate(estimate, float(low), float(high), m, unit)


def binomial_p(k: int, n: int, null: float) -> float:
    """Probability of at least ``k`` successes in ``n`` if each had probability ``null`` by chance.

    A small value says only that the system does not choose at random; there is a third way to score
    (Section 5 of the paper): by what training and test data share for no musical reason.

    Raises
    ------
    InputError
        When not ``0 <= k <= n``, ``n`` is 0 or ``null`` is not a probability.

    Paper: Section 5
    """
    _check_counts(k, n)
    if not 0 <= null <= 1:
        raise InputError(f"A chance level of {null} is no probability; give a number from 0 to 1, as 0.1.")
    return float(stats.binomtest(int(k), int(n), null, alternative="greater").pvalue)


# --- comparisons ---


def accuracy_difference(k_a: int, n_a: int, k_b: int, n_b: int, confidence: float = 0.95) -> Estimate:
    """Accuracy on test set A minus accuracy on test set B, which share no excerpt (Newcombe's Wilson interval).

    Newcombe, Statistics in Medicine 17 (1998), method 10. For test sets that overlap, as a random and
    a filtered partition of one dataset do, it is approximate; see :func:`mean_interval` over seeds.

    Raises
    ------
    InputError
        See :func:`wilson`.

    Paper: Table 1
    Notebook: book/02_partitions.ipynb
    """
    low_a, high_a = wilson(k_a, n_a, confidence)
    low_b, high_b = wilson(k_b, n_b, confidence)
    a, b = k_a / n_a, k_b / n_b
    return Estimate(
        a - b,
        a - b - math.hypot(a - low_a, high_b - b),
        a - b + math.hypot(high_a - a, b - low_b),
        min(n_a, n_b),
        "fraction difference",
    )


def paired_difference(a: Sequence[bool], b: Sequence[bool], confidence: float = 0.95) -> Estimate:
    """Share of ``a`` minus share of ``b`` on the same excerpts, with Newcombe's interval for pairs.

    Newcombe, Statistics in Medicine 17 (1998), 2635-2650, method 10: Wilson's intervals of both shares,
    combined with their correlation. It keeps a width where nothing or everything succeeded.

    Parameters
    ----------
    a, b : bool ``[n_excerpts]``

    Raises
    ------
    InputError
        When the lengths differ or are 0.

    Notebook: book/05_adversaries.ipynb
    """
    if len(a) != len(b) or not len(a):
        raise InputError(f"{len(a)} and {len(b)} results do not pair; test both on the same excerpts.")
    a, b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    n = len(a)
    both, neither = int((a & b).sum()), int((~a & ~b).sum())
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    (low_a, high_a), (low_b, high_b) = wilson(both + only_a, n, confidence), wilson(both + only_b, n, confidence)
    share_a, share_b = (both + only_a) / n, (both + only_b) / n
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    product = both * neither - only_a * only_b
    product = max(product - n / 2, 0) if product > 0 else product
    phi = product / math.sqrt(margins) if margins else 0.0

    def combined(x: float, y: float) -> float:
        return math.sqrt(max(x * x - 2 * phi * x * y + y * y, 0.0))

    difference = share_a - share_b
    return Estimate(
        difference,
        difference - combined(share_a - low_a, high_b - share_b),
        difference + combined(high_a - share_a, share_b - low_b),
        n,
        "fraction difference",
    )


def mean_interval(values: Sequence[float], confidence: float = 0.95, unit: str = "fraction difference") -> Estimate:
    """Mean of independent repetitions (one value a seed, say) with Student's interval.

    With the unit ``"fraction"`` the interval is cut off at 0 and 1.

    Raises
    ------
    InputError
        When there are fewer than two values or one is not finite.

    Notebook: book/02_partitions.ipynb
    """
    array = np.asarray(values, dtype=float)
    _check_confidence(confidence)
    if array.size < 2:
        raise InputError(f"{array.size} repetition gives no interval; run at least 2 seeds.")
    if not np.isfinite(array).all():
        raise InputError("A repetition has no finite value; leave it out or find out why.")
    mean = float(array.mean())
    half = float(stats.t.ppf((1 + confidence) / 2, array.size - 1) * array.std(ddof=1) / math.sqrt(array.size))
    low, high = mean - half, mean + half
    if unit == "fraction":  # a share lies between 0 and 1, whatever Student's interval says of few repetitions
        low, high = max(low, 0.0), min(high, 1.0)
    return Estimate(mean, low, high, int(array.size), unit)


def ratio_interval(above: Sequence[float], below: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Ratio of the means of paired repetitions, with Fieller's interval.

    Parameters
    ----------
    above, below : sequences of float, one value a repetition (a seed, say), in the same order

    Returns
    -------
    Estimate
        With the unit ``"fraction"``; not cut off at 0 and 1. The interval is unbounded where the mean of
        ``below`` cannot be told from zero.

    Raises
    ------
    InputError
        When the lengths differ, there are fewer than two pairs, a value is not finite or the mean of
        ``below`` is zero.

    Notebook: book/02_partitions.ipynb
    """
    x, y = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    _check_confidence(confidence)
    if x.shape != y.shape or x.size < 2:
        raise InputError(f"{x.size} and {y.size} repetitions give no ratio; give at least 2 pairs.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or y.mean() == 0:
        raise InputError("A repetition has no finite value, or the mean to divide by is zero; no ratio can be given.")
    n = int(x.size)
    covariance = np.cov(x, y) / n  # of the two means
    t2 = float(stats.t.ppf((1 + confidence) / 2, n - 1)) ** 2
    # All ratios r for which mean(x) - r mean(y) lies within t standard errors of zero: a r^2 - 2 b r + c <= 0.
    a = y.mean() ** 2 - t2 * covariance[1, 1]
    b = x.mean() * y.mean() - t2 * covariance[0, 1]
    c = x.mean() ** 2 - t2 * covariance[0, 0]
    low, high = -math.inf, math.inf
    if a > 0:
        root = math.sqrt(max(b * b - a * c, 0.0))
        low, high = (b - root) / a, (b + root) / a
    return Estimate(float(x.mean() / y.mean()), low, high, n, "fraction")


def mcnemar(correct_a: Sequence[bool], correct_b: Sequence[bool]) -> McNemar:
    """Exact McNemar test of two systems on the same excerpts: is one of them right more often?

    Only excerpts on which they differ count; under the null each is as likely to favour A as B.

    Raises
    ------
    InputError
        When the lengths differ.

    Notebook: book/04_baselines.ipynb
    """
    if len(correct_a) != len(correct_b):
        raise InputError(f"{len(correct_a)} and {len(correct_b)} results do not pair; test both on the same excerpts.")
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    differing = only_a + only_b
    p = float(stats.binomtest(only_a, differing).pvalue) if differing else 1.0
    return McNemar(only_a, only_b, p)


def paired_permutation(
    correct_a: Sequence[bool], correct_b: Sequence[bool], clusters: Sequence[Hashable] | None = None
) -> PairedPermutation:
    """Exact paired permutation test of two systems on the same excerpts, artist by artist.

    The null: the two systems could change names on any artist and nothing would be different. So for each
    artist the excess of A over B has either sign with probability 1/2. The p-value is the probability
    that the accuracies then differ at least as much as they do. It is computed from all ``2^n`` choices
    of signs, by convolution: nothing is drawn, so there is no seed. Where every excerpt is a cluster of
    its own, this is :func:`mcnemar`.

    Parameters
    ----------
    correct_a, correct_b : bool [n_excerpts]
    clusters : hashables [n_excerpts]
        The artist of each excerpt; each excerpt on its own by default.

    Returns
    -------
    PairedPermutation
        ``difference`` is a fraction; ``n`` counts clusters on which one system is right more often.

    Raises
    ------
    InputError
        When the lengths differ or are 0.

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """
    if len(correct_a) != len(correct_b):
        raise InputError(f"{len(correct_a)} and {len(correct_b)} results do not pair; test both on the same excerpts.")
    if not len(correct_a):
        raise InputError("There is no result to compare; choose a partition whose test part is not empty.")
    if clusters is not None and len(clusters) != len(correct_a):
        raise InputError(f"{len(correct_a)} results and {len(clusters)} clusters do not pair; give one cluster each.")
    excess = pd.Series(np.asarray(correct_a, dtype=bool).astype(int) - np.asarray(correct_b, dtype=bool))
    if clusters is not None:
        excess = excess.groupby(pd.Series(list(clusters), dtype=object), sort=False, dropna=False).sum()
    steps = [int(step) for step in excess.abs() if step]
    reach = sum(steps)
    chance = np.zeros(2 * reach + 1)  # of each sum of signed steps, from -reach to reach
    chance[reach] = 1.0
    for step in steps:
        chance = (np.roll(chance, step) + np.roll(chance, -step)) / 2  # nothing is rolled over an end yet
    total = int(excess.sum())
    p = float(chance[np.abs(np.arange(-reach, reach + 1)) >= abs(total)].sum())
    return PairedPermutation(total / len(correct_a), len(steps), min(p, 1.0))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.broadcast_to(below, above.shape) > 0)


def _check_counts(k: int, n: int) -> None:
    if n < 1 or not 0 <= k <= n:
        raise InputError(f"{k} of {n} is no proportion; give a count from 0 to n and n of at least 1.")


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InputError(f"A confidence of {confidence} makes no sense; give a number between 0 and 1, as 0.95.")
