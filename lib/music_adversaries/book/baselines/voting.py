"""From the labels of texture windows to the label of an excerpt.

Paper: Section 2.3, Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import check_is_fitted

from ...errors import InputError

if TYPE_CHECKING:
    from sklearn.utils import Tags

Described = TypeVar("Described")  #: the form in which an excerpt is given


def majority(votes: Sequence[Hashable] | np.ndarray) -> Hashable:
    """The most frequent label; in a tie, the first in sorted order.

    Raises
    ------
    InputError
        When there is no vote.

    Paper: Section 5
    """
    labels, counts = np.unique(np.asarray(votes), return_counts=True)
    if not len(labels):
        raise InputError("There is no vote to count; give at least one window.")
    winner: Hashable = labels.tolist()[counts.argmax()]
    return winner


class ExcerptClassifier(ClassifierMixin, BaseEstimator, Generic[Described]):
    """What estimators on lists of excerpts share: the vote. ``self._votes(X)`` gives a label for each window."""

    classes_: np.ndarray

    def predict_proba(self, X: Sequence[Described]) -> np.ndarray:
        """Share of an excerpt's windows that vote for each label ``[n_excerpts, n_classes]``, as ``classes_``."""
        check_is_fitted(self, "classes_")
        return np.array([[np.mean(votes == c) for c in self.classes_] for votes in self._votes(X)])

    def predict(self, X: Sequence[Described]) -> np.ndarray:
        """One label for each excerpt ``[n_excerpts]``: that of most windows; in a tie, the first in ``classes_``."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(1)] if len(shares) else self.classes_[:0]

    def _votes(self, X: Sequence[Described]) -> list[np.ndarray]:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # a list of excerpts
        return tags


class WindowVote(MetaEstimatorMixin, ExcerptClassifier[np.ndarray]):
    """Fit any classifier to windows; label an excerpt by the majority of its windows.

    An excerpt is an array ``[n_windows, n_features]``, as :func:`features.texture_windows` gives it.
    Every window has the label of its excerpt, so longer excerpts count more in training.

    A tie goes to the label that comes first in sorted order, as in scikit-learn's own voting:
    the same data give the same answer, but labels late in the alphabet lose ties.
    ``predict_proba`` shows how often there is a tie.

    Parameters
    ----------
    classifier : scikit-learn classifier
        Cloned before it is fitted.

    Attributes
    ----------
    classifier_ : the fitted classifier
    classes_ : array ``[n_classes]``, sorted
    n_features_in_ : int

    Paper: Section 2.3, Section 5
    Notebook: book/04_baselines.ipynb
    """

    def __init__(self, classifier: BaseEstimator) -> None:
        self.classifier = classifier

    def fit(self, X: Sequence[np.ndarray], y: Sequence[Hashable]) -> WindowVote:
        """Fit to excerpts, each ``[n_windows, n_features]``, and one label for each.

        Raises
        ------
        InputError
            When the numbers of labels and excerpts differ, there is none, or an excerpt has no windows or
            other features than the first.
        """
        check_pairs(X, y)
        windows = _checked(X)
        self.n_features_in_ = windows[0].shape[1]
        counts = [len(excerpt) for excerpt in windows]
        self.classifier_ = clone(self.classifier).fit(np.concatenate(windows), np.repeat(np.asarray(y), counts))
        self.classes_ = self.classifier_.classes_
        return self

    def _votes(self, X: Sequence[np.ndarray]) -> list[np.ndarray]:
        if not len(X):
            return []
        windows = _checked(X, self.n_features_in_)
        votes = self.classifier_.predict(np.concatenate(windows))  # all at once: a forest is slow to start
        return np.split(votes, np.cumsum([len(excerpt) for excerpt in windows])[:-1])


def check_pairs(X: Sequence[object], y: Sequence[object]) -> None:
    """Refuse empty lists, and numbers of excerpts and labels that differ.

    Raises
    ------
    InputError
        In either case.
    """
    if len(X) != len(y):
        raise InputError(f"{len(X)} excerpts and {len(y)} labels do not pair; give one label each.")
    if not len(X):
        raise InputError("There is no excerpt to learn from; choose a partition whose training part is not empty.")


def _checked(X: Sequence[np.ndarray], n_features: int | None = None) -> list[np.ndarray]:
    windows = [np.asarray(excerpt) for excerpt in X]
    for index, excerpt in enumerate(windows):
        if excerpt.ndim != 2 or not len(excerpt):
            shape = list(excerpt.shape)
            raise InputError(
                f"Excerpt {index} has the shape {shape}; give at least one window [n_windows, n_features]."
            )
        n_features = excerpt.shape[1] if n_features is None else n_features
        if excerpt.shape[1] != n_features:
            raise InputError(
                f"Excerpt {index} has {excerpt.shape[1]} features and not {n_features}; describe all alike."
            )
    return windows
