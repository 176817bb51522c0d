"""How far apart two accuracies are: two systems on the same excerpts, or one system on two test sets.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from ..errors import InputError
from .clusters import numbered
from .estimates import Estimate
from .proportions import wilson


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


def accuracy_difference(k_a: int, n_a: int, k_b: int, n_b: int, confidence: float = 0.95) -> Estimate:
    """Accuracy on test set A minus accuracy on test set B, for sets without common excerpts (Newcombe's interval).

    Newcombe, Statistics in Medicine 17 (1998), method 10, from Wilson's intervals. For test sets that
    overlap, as a random and a filtered partition of one dataset do, it is approximate; see
    :func:`mean_interval` over seeds.

    Parameters
    ----------
    k_a, k_b : int
        Right answers.
    n_a, n_b : int
        Excerpts.
    confidence : float

    Returns
    -------
    Estimate
        Its ``n`` is the size of the smaller test set.

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
    combined with their correlation. Its width is not zero even if nothing or everything succeeded.

    Parameters
    ----------
    a, b : bool ``[n_excerpts]``
    confidence : float

    Raises
    ------
    InputError
        When the lengths differ or are 0, or the confidence is not between 0 and 1.

    Notebook: book/05_adversaries.ipynb
    """
    _check_pairs(a, b)
    of_a, of_b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    n = len(of_a)
    both, neither = int((of_a & of_b).sum()), int((~of_a & ~of_b).sum())
    only_a, only_b = int((of_a & ~of_b).sum()), int((~of_a & of_b).sum())
    (low_a, high_a), (low_b, high_b) = wilson(both + only_a, n, confidence), wilson(both + only_b, n, confidence)
    share_a, share_b = (both + only_a) / n, (both + only_b) / n
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    product: float = both * neither - only_a * only_b
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


def mcnemar(correct_a: Sequence[bool], correct_b: Sequence[bool]) -> McNemar:
    """Exact McNemar test of two systems on the same excerpts: is one of them right more often?

    Only excerpts on which they differ count; under the null each is as likely to favour A as B.

    Parameters
    ----------
    correct_a, correct_b : bool ``[n_excerpts]``

    Raises
    ------
    InputError
        When the lengths differ or are 0.

    >>> mcnemar([True] * 6 + [False], [False] * 6 + [False]).p
    0.03125

    Notebook: book/04_baselines.ipynb
    """
    _check_pairs(correct_a, correct_b)
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    differing = only_a + only_b
    p = float(stats.binomtest(only_a, differing).pvalue) if differing else 1.0
    return McNemar(only_a, only_b, p)


def paired_permutation(
    correct_a: Sequence[bool], correct_b: Sequence[bool], clusters: Sequence[Hashable] | None = None
) -> PairedPermutation:
    """Exact paired permutation test of two systems on the same excerpts, artist by artist.

    The null hypothesis: on any artist, the two systems could be exchanged and nothing would be different.
    So for each artist the excess of A over B has either sign with probability 1/2. The p-value is the
    probability that the accuracies then differ at least as much as they do. It is computed from all
    ``2^n`` choices of signs, by convolution: nothing is drawn, so there is no seed. If every excerpt is a
    cluster of its own, this is :func:`mcnemar`.

    Parameters
    ----------
    correct_a, correct_b : bool [n_excerpts]
    clusters : hashables [n_excerpts]
        The artist of each excerpt; None and NaN are one cluster. By default each excerpt is on its own.

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
    _check_pairs(correct_a, correct_b)
    if clusters is None:
        clusters = range(len(correct_a))
    if len(clusters) != len(correct_a):
        raise InputError(f"{len(correct_a)} results and {len(clusters)} clusters do not pair; give one cluster each.")
    excess = np.zeros(len(correct_a), dtype=int)
    np.add.at(
        excess, numbered(clusters), np.asarray(correct_a, dtype=bool).astype(int) - np.asarray(correct_b, dtype=bool)
    )
    steps = [int(step) for step in np.abs(excess) if step]
    reach = sum(steps)
    chance = np.zeros(2 * reach + 1)  # of each sum of signed steps, from -reach to reach
    chance[reach] = 1.0
    for step in steps:
        chance = (np.roll(chance, step) + np.roll(chance, -step)) / 2  # nothing is rolled over an end yet
    total = int(excess.sum())
    p = float(chance[np.abs(np.arange(-reach, reach + 1)) >= abs(total)].sum())
    return PairedPermutation(total / len(correct_a), len(steps), min(p, 1.0))


def _check_pairs(a: Sequence[bool], b: Sequence[bool]) -> None:
    if len(a) != len(b):
        raise InputError(f"{len(a)} and {len(b)} results do not pair; test both on the same excerpts.")
    if not len(a):
        raise InputError("There is no result to compare; test both on at least one excerpt.")
