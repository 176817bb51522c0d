"""The paper's figure of merit: confusion matrix, recall, precision, F-score and mean recall.

Paper: Section 2.4
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .estimates import Estimate
from .proportions import fractions, wilson

if TYPE_CHECKING:
    import pandas as pd


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
        ``counts[i, j]``: excerpts given ``labels[i]`` whose truth is ``labels[j]``. There is a column for
        each truth, as in the paper; in scikit-learn it is the other way round.

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
        raise InputError(f"Label {strange[0]!r} is not among {', '.join(labels)}; give all labels that occur.")
    place = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    for given, true in zip(predicted, truth, strict=True):
        counts[place[given], place[true]] += 1
    return counts


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

    >>> merit = FigureOfMerit(["rock", "rock", "pop"], ["rock", "pop", "pop"], ("pop", "rock"))
    >>> round(merit.accuracy, 3), merit.normalised_accuracy
    (0.667, 0.75)

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
        return fractions(np.diag(self.counts), self.counts.sum(axis=0))

    @property
    def precision(self) -> np.ndarray:
        """[n_labels] ``counts[i, i] / sum_true counts[i, true]``; NaN for a label that was never given."""
        return fractions(np.diag(self.counts), self.counts.sum(axis=1))

    @property
    def f_score(self) -> np.ndarray:
        """[n_labels] Harmonic mean of recall and precision; NaN for a label that neither occurs nor is given."""
        return fractions(2 * np.diag(self.counts), self.counts.sum(axis=0) + self.counts.sum(axis=1))

    @property
    def accuracy(self) -> float:
        """Share of excerpts whose label is reproduced; this is what Table 1 of the paper really holds."""
        return float(np.trace(self.counts) / self.n)

    @property
    def normalised_accuracy(self) -> float:
        """Mean recall over the labels that occur; the corner of the figure of merit."""
        return float(np.nanmean(self.recall))

    @cached_property
    def interval(self) -> Estimate:
        """Accuracy with its Wilson interval. It treats excerpts as independent: too narrow if artists repeat."""
        return Estimate(self.accuracy, *wilson(int(np.trace(self.counts)), self.n), self.n)

    @property
    def percentages(self) -> np.ndarray:
        """[n_labels, n_labels] ``counts`` in per cent of their column's truth; NaN where no excerpt has the label."""
        return 100 * fractions(self.counts, self.counts.sum(axis=0))

    def table(self) -> pd.DataFrame:
        """The figure as the paper draws it, in per cent.

        Confusions with recall on the diagonal, precision in the column ``Pr``, F-score in the row ``F``,
        mean recall in their corner.
        """
        import pandas as pd  # imported here, since only this table needs it

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
