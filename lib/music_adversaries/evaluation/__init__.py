"""Evaluation: the figure of merit, and how far a number can be trusted.

Goal
    Say how often a system reproduces the ground truth, where it errs, and within which interval these
    numbers lie. Compare two systems on one test set, or one system on two test sets.

Conventions
-----------
* Accuracies are fractions, 0 to 1. So are differences of accuracies (0.3 is 30 percentage points).
* *Accuracy* is the share of excerpts whose label is reproduced. *Normalised accuracy* is the mean
  recall over classes. The two agree only if all classes are equally large: the paper's
  Table 1 says normalised, yet its fault-filtered numbers are all k/290, which is plain accuracy.
* A confusion matrix has a column for each true label and a row for each label given, as the paper draws it.
* A *cluster* is a group of excerpts that are not independent of each other, such as those of one artist.
* Intervals are two-sided, 95 % by default.

=================  ==========================================================================
`estimates`        a number with its interval
`proportions`      a share of independent trials: Wilson's interval, and chance
`clusters`         a share, or any statistic of several, with an interval over artists
`accuracies`       accuracies of several classifiers on the same artists, plain and normalised
`repetitions`      means and ratios over independent repetitions, such as seeds
`comparisons`      two systems on the same excerpts, or one system on two test sets
`figure_of_merit`  confusion matrix, recall, precision, F-score, both accuracies
=================  ==========================================================================

Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from .accuracies import Accuracies, NormalisedAccuracies
from .clusters import cluster_bootstrap, cluster_statistic, cluster_wilson
from .comparisons import (
    McNemar,
    PairedPermutation,
    accuracy_difference,
    mcnemar,
    paired_difference,
    paired_permutation,
)
from .estimates import Estimate
from .figure_of_merit import FigureOfMerit, confusion
from .proportions import binomial_p, share, wilson
from .repetitions import mean_interval, ratio_interval

__all__ = [
    "Accuracies",
    "Estimate",
    "FigureOfMerit",
    "McNemar",
    "NormalisedAccuracies",
    "PairedPermutation",
    "accuracy_difference",
    "binomial_p",
    "cluster_bootstrap",
    "cluster_statistic",
    "cluster_wilson",
    "confusion",
    "mcnemar",
    "mean_interval",
    "paired_difference",
    "paired_permutation",
    "ratio_interval",
    "share",
    "wilson",
]
