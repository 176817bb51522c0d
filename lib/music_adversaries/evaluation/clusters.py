"""Shares of trials that are not independent: intervals over whole clusters, such as artists.

Excerpts of one artist succeed or fail together more often than excerpts of different artists. An interval that
treats them as independent is too narrow.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import InputError
from .estimates import Estimate, check_confidence
from .proportions import fractions, wilson


def cluster_bootstrap(
    correct: Sequence[bool],
    clusters: Sequence[Hashable],
    *,
    seed: int,
    n: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Accuracy with an interval by resampling clusters: excerpts of one artist are not independent trials.

    Whole clusters are drawn with replacement and the accuracy over their excerpts is taken, ``n`` times.
    The quantiles are widened for few clusters (Hesterberg's expanded percentile interval): without that, an
    interval from ten artists would miss the true value far more often than it says.
    If all clusters have the same score (such as all right), nothing varies. Wilson's interval over the number
    of clusters is given then. From one cluster nothing can be said about others: the interval is 0 to 1.

    Parameters
    ----------
    correct : bool [n_excerpts]
    clusters : hashables [n_excerpts]
        The artist of each excerpt; see :func:`partitions.clusters`. None and NaN are one cluster.
    seed : int
    n : int
        Number of resamples.
    confidence : float

    Returns
    -------
    Estimate
        Its ``n`` is the number of clusters.

    Raises
    ------
    InputError
        When the lengths differ or are 0, ``n`` is below 1 or the confidence is not between 0 and 1.

    Notebook: book/02_partitions.ipynb
    """
    check_pairs(correct, clusters)
    if n < 1:
        raise InputError(f"{n} resamples cannot be drawn; give at least 1, better 2000.")
    check_confidence(confidence)
    members = numbered(clusters)
    hits, sizes = np.bincount(members, weights=np.asarray(correct, dtype=float)), np.bincount(members)
    order = np.lexsort((sizes, hits))  # by content, so that neither the names nor the order of excerpts matter
    hits, sizes, m = hits[order], sizes[order], len(sizes)
    estimate = float(hits.sum() / sizes.sum())
    if m == 1:
        return Estimate(estimate, 0.0, 1.0, 1)
    if np.ptp(hits / sizes) == 0:
        low = wilson(math.floor(round(estimate * m, 9)), m, confidence)[0]
        high = wilson(math.ceil(round(estimate * m, 9)), m, confidence)[1]
        return Estimate(estimate, low, high, m)
    drawn = np.random.default_rng(seed).integers(m, size=(n, m))
    scores = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(scores, _levels(m, confidence))
    return Estimate(estimate, float(low), float(high), m)


def cluster_wilson(correct: Sequence[bool], clusters: Sequence[Hashable], confidence: float = 0.95) -> Estimate:
    """A share with Wilson's interval over clusters, whatever the dependence between the trials of one cluster.

    The interval is as wide as if all trials of a cluster succeeded or failed together. That is the worst case for
    clusters of one size. Nothing is resampled: if nearly all trials succeed, resampling sees nearly no difference
    between clusters, and would give 99 of 100 a narrower interval than 100 of 100.

    Parameters
    ----------
    correct : bool [n_trials]
    clusters : hashables [n_trials]
        What trials have in common, such as the excerpt.
    confidence : float

    Returns
    -------
    Estimate
        Its ``n`` is the number of clusters.

    Raises
    ------
    InputError
        When the lengths differ or are 0, or the confidence is not between 0 and 1.

    Notebook: book/06_ensembles.ipynb
    """
    check_pairs(correct, clusters)
    check_confidence(confidence)
    # `wilson` itself takes whole numbers of successes only.
    share, m = float(np.mean(np.asarray(correct, dtype=bool))), int(numbered(clusters).max()) + 1
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2
    centre = (share + z2 / (2 * m)) / (1 + z2 / m)
    half = math.sqrt(z2 * share * (1 - share) / m + (z2 / (2 * m)) ** 2) / (1 + z2 / m)
    # By rounding, a share of 0 or 1 may lie a little outside its interval.
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

    The same artists are drawn for all accuracies at once. What these accuracies share therefore does not count as
    uncertainty of a difference.

    Parameters
    ----------
    hits, sizes : arrays ``[n_clusters, n_accuracies]``
        Right answers and tests of each cluster, for each accuracy. A cluster may have no test for some accuracies.
    statistic : function
        From accuracies ``[..., n_accuracies]`` to ``[...]``.
    seed, n, confidence
        As in :func:`cluster_bootstrap`.
    unit : str
        Unit of the statistic.

    Returns
    -------
    Estimate
        Its ``n`` is the number of clusters. If there is only one cluster, or nothing varies between
        clusters, nothing can be said about other clusters: the interval is -1 to 1.

    Raises
    ------
    InputError
        When the arrays differ in shape, there are more hits than tests, or an accuracy has no test.

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
        raise InputError("An accuracy has no test; leave it out.")
    check_confidence(confidence)
    # Sorted by content: the order of clusters must not matter.
    order = np.lexsort(np.concatenate([hits, sizes], axis=1).T)
    hits, sizes, m = hits[order], sizes[order], len(hits)
    estimate = float(statistic(hits.sum(axis=0) / sizes.sum(axis=0)))
    if m == 1:
        return Estimate(estimate, -1.0, 1.0, 1, unit)
    counts = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=n)
    # A draw without a test of some accuracy says nothing and is left out.
    values = statistic(fractions(counts @ hits, counts @ sizes))
    if np.nanmin(values) == np.nanmax(values):
        return Estimate(estimate, -1.0, 1.0, m, unit)
    low, high = np.nanquantile(values, _levels(m, confidence))
    return Estimate(estimate, float(low), float(high), m, unit)


def numbered(clusters: Iterable[Hashable]) -> np.ndarray:
    """The clusters ``[n_trials]`` as numbers from 0, in the order in which they first occur; None and NaN are one."""
    numbers: dict[Hashable, int] = {}
    known = (None if isinstance(cluster, float) and math.isnan(cluster) else cluster for cluster in clusters)
    return np.array([numbers.setdefault(cluster, len(numbers)) for cluster in known], dtype=int)


def check_pairs(correct: Sequence[bool], clusters: Sequence[Hashable]) -> None:
    """Refuse results without one cluster each, and no result at all.

    Raises
    ------
    InputError
    """
    if len(correct) != len(clusters):
        raise InputError(f"{len(correct)} results and {len(clusters)} clusters do not pair; give one cluster each.")
    if not len(correct):
        raise InputError("There is no result to evaluate; test at least one excerpt.")


def _levels(m: int, confidence: float) -> list[float]:
    """The quantiles to take for ``m`` clusters: further out than those of a normal distribution if ``m`` is small."""
    z = math.sqrt(m / (m - 1)) * stats.t.ppf((1 + confidence) / 2, m - 1)
    return [stats.norm.cdf(-z), stats.norm.cdf(z)]
