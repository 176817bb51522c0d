"""Classifiers that the networks are held against.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from . import features
from .errors import InputError


class MinimumMahalanobis(ClassifierMixin, BaseEstimator):
    """The class whose mean is nearest, distances measured in units of the spread within classes.

    ``d(x, c)^2 = (x - mean_c)^T S^-1 (x - mean_c)``. The paper does not say whether ``S`` is shared.

    Parameters
    ----------
    covariance : {"shared", "per_class"}
        Pooled within classes (default), or each class its own.
    ridge : float
        Share of the mean variance added to the diagonal, so that few examples do not make ``S`` singular.

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """

    def __init__(self, covariance: str = "shared", ridge: float = 1e-3) -> None:
        self.covariance = covariance
        self.ridge = ridge

    def fit(self, X, y) -> MinimumMahalanobis:
        """Fit to ``X [n_examples, n_features]`` with labels ``y [n_examples]``."""
        if self.covariance not in ("shared", "per_class"):
            raise InputError(f"covariance is {self.covariance!r}; choose 'shared' or 'per_class'.")
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        self.means_ = np.stack([X[index == c].mean(0) for c in range(len(self.classes_))])
        # Features differ in scale by orders of magnitude; the ridge must mean the same to each.
        self.scale_ = np.where(X.std(0) > 0, X.std(0), 1.0)
        within = (X - self.means_[index]) / self.scale_
        if self.covariance == "shared":
            groups = [within] * len(self.classes_)
        else:
            groups = [within[index == c] for c in range(len(self.classes_))]
        self.precisions_ = np.stack([self._precision(group) for group in groups])
        return self

    def _precision(self, centred: np.ndarray) -> np.ndarray:
        covariance = centred.T @ centred / len(centred)
        size = len(covariance)
        floor = self.ridge * max(np.trace(covariance) / size, np.finfo(float).tiny ** 0.5)
        return np.linalg.pinv(covariance + floor * np.eye(size), hermitian=True)

    def squared_distances(self, X) -> np.ndarray:
        """Squared Mahalanobis distances ``[n_examples, n_classes]``."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        difference = (X[:, None, :] - self.means_[None]) / self.scale_
        return np.einsum("ncf,cfg,ncg->nc", difference, self.precisions_, difference)

    def predict(self, X) -> np.ndarray:
        """Labels ``[n_examples]`` of the nearest classes."""
        check_is_fitted(self)
        return self.classes_[self.squared_distances(X).argmin(1)]


class MFCCBaseline:
    """The paper's hand-crafted baseline over whole excerpts.

    MFCC and zero crossings, mean and variance over texture windows, minimum Mahalanobis distance,
    majority vote over the windows (a tie goes to the label that comes first in the alphabet).

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """

    def __init__(self, covariance: str = "shared") -> None:
        self.classifier = MinimumMahalanobis(covariance)

    @staticmethod
    def describe(waveform: np.ndarray) -> np.ndarray:
        """Features of one excerpt ``[n_windows, 28]``."""
        return features.texture_windows(features.mfcc_and_zero_crossings(waveform), spread="var")

    def fit(self, described: Sequence[np.ndarray], labels: Sequence[str]) -> MFCCBaseline:
        """Fit to excerpts as `describe` gives them; every window carries its excerpt's label."""
        counts = [len(windows) for windows in described]
        self.classifier.fit(np.concatenate(list(described)), np.repeat(np.asarray(labels), counts))
        return self

    def predict(self, described: Sequence[np.ndarray]) -> list[str]:
        """A label an excerpt."""
        return [majority(self.classifier.predict(windows)) for windows in described]


def majority(votes: Sequence[str] | np.ndarray) -> str:
    """The most frequent label; of several equally frequent ones, the first in the alphabet."""
    labels, counts = np.unique(np.asarray(votes), return_counts=True)
    return str(labels[counts.argmax()])


def describe_all(waveforms: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`MFCCBaseline.describe` for every excerpt."""
    return {name: MFCCBaseline.describe(waveform) for name, waveform in waveforms.items()}
