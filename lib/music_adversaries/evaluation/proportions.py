"""Shares of independent trials: Wilson's interval, and whether chance explains them.

Paper: Section 5, Table 1
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import stats

from ..errors import InputError
from .estimates import Estimate, check_confidence


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Parameters
    ----------
    k : int
        Successes.
    n : int
        Independent trials.
    confidence : float

    Returns
    -------
    low, high : float
        Never outside 0 to 1 and never of width zero, unlike the textbook interval.

    Raises
    ------
    InputError
        When not ``0 <= k <= n``, ``n`` is 0 or the confidence is not between 0 and 1.

    >>> [round(float(end), 3) for end in wilson(8, 10)]
    [0.49, 0.943]

    Paper: Table 1
    Notebook: book/02_partitions.ipynb
    """
    _check_counts(k, n)
    check_confidence(confidence)
    interval = stats.binomtest(int(k), int(n)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def share(flags: Iterable[bool]) -> Estimate:
    """How often something holds, with Wilson's interval.

    Parameters
    ----------
    flags : bools, one for each independent trial

    Raises
    ------
    InputError
        When there is no trial.

    Notebook: book/05_adversaries.ipynb
    """
    flags = list(flags)
    k, n = int(sum(flags)), len(flags)
    low, high = wilson(k, n)
    return Estimate(k / n, low, high, n)


def binomial_p(k: int, n: int, null: float) -> float:
    """Probability of at least ``k`` successes in ``n`` trials if each succeeds by chance.

    A small value says only that the system does not choose at random. A system can also score by what
    training and test data share for reasons that are not musical (Section 5 of the paper).

    Parameters
    ----------
    k : int
        Successes.
    n : int
        Independent trials.
    null : float
        Probability of a success by chance.

    Raises
    ------
    InputError
        When not ``0 <= k <= n``, ``n`` is 0 or ``null`` is not a probability.

    >>> round(binomial_p(9, 10, 0.5), 4)
    0.0107

    Paper: Section 5
    """
    _check_counts(k, n)
    if not 0 <= null <= 1:
        raise InputError(f"A chance level of {null} is not a probability; give a number from 0 to 1, such as 0.1.")
    return float(stats.binomtest(int(k), int(n), null, alternative="greater").pvalue)


def fractions(hits: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """``hits / sizes`` in the shape of ``hits``; NaN where ``sizes``, which is broadcast, is 0."""
    out = np.full(np.shape(hits), np.nan)
    return np.divide(hits, sizes, out=out, where=np.broadcast_to(sizes, hits.shape) > 0)


def _check_counts(k: int, n: int) -> None:
    if n < 1 or not 0 <= k <= n:
        raise InputError(f"{k} of {n} is not a proportion; give a count from 0 to n, and n of at least 1.")
