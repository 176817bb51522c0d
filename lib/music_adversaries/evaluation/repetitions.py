"""Means and ratios over independent repetitions, such as trainings with different seeds.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from ..errors import InputError
from .estimates import Estimate, check_confidence


def mean_interval(values: Sequence[float], confidence: float = 0.95, unit: str = "fraction difference") -> Estimate:
    """Mean of independent repetitions with Student's interval.

    Parameters
    ----------
    values : floats ``[n_repetitions]``, such as one for each seed
    confidence : float
    unit : str
        With ``"fraction"`` the interval is cut off at 0 and 1.

    Raises
    ------
    InputError
        When there are fewer than two values, one is not finite or the confidence is not between 0 and 1.

    >>> found = mean_interval([0.1, 0.2, 0.3], unit="fraction")
    >>> round(found.estimate, 2), found.n
    (0.2, 3)

    Notebook: book/02_partitions.ipynb
    """
    array = np.asarray(values, dtype=float)
    check_confidence(confidence)
    if array.size < 2:
        raise InputError(f"{array.size} repetition gives no interval; run at least 2 seeds.")
    if not np.isfinite(array).all():
        raise InputError("The value of a repetition is not finite; leave it out or find out why.")
    mean = float(array.mean())
    half = float(stats.t.ppf((1 + confidence) / 2, array.size - 1) * array.std(ddof=1) / math.sqrt(array.size))
    low, high = mean - half, mean + half
    if unit == "fraction":  # a share lies between 0 and 1, whatever Student's interval of few repetitions says
        low, high = max(low, 0.0), min(high, 1.0)
    return Estimate(mean, low, high, int(array.size), unit)


def ratio_interval(above: Sequence[float], below: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Ratio of the means of paired repetitions, with Fieller's interval.

    Parameters
    ----------
    above, below : floats ``[n_repetitions]``, in the same order
    confidence : float

    Returns
    -------
    Estimate
        With the unit ``"fraction"``; not cut off at 0 and 1. The interval is unbounded if the mean of
        ``below`` is not significantly different from zero.

    Raises
    ------
    InputError
        When the lengths differ, there are fewer than two pairs, a value is not finite, the mean of
        ``below`` is zero or the confidence is not between 0 and 1.

    Notebook: book/02_partitions.ipynb
    """
    x, y = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    check_confidence(confidence)
    if x.shape != y.shape or x.size < 2:
        raise InputError(f"{x.size} and {y.size} repetitions give no ratio; give at least 2 pairs.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or y.mean() == 0:
        raise InputError("The value of a repetition is not finite, or the mean to divide by is zero; leave it out.")
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
