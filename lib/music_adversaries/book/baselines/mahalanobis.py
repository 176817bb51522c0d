"""The class whose mean is nearest, in units of the spread within classes.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ...errors import InputError


class MinimumMahalanobis(ClassifierMixin, BaseEstimator):
    """The class whose mean is nearest; distances are measured in units of the spread within classes.

    ``d(x, c)^2 = (x - mean_c)^T S_c^-1 (x - mean_c)``, where ``S_c`` is a covariance that divides by the
    number of examples. The paper does not say whether it is shared. By default it is shared, and the rule
    is linear discriminant analysis with equal priors. With one covariance for each class it is *not*
    quadratic discriminant analysis: there is no ``log det S_c``, so wide classes attract more.

    **Few examples.** A class of ``n`` examples has a covariance of rank below ``n``. With fewer examples
    than features it says that the class does not vary at all in some directions, and distances explode
    there. There are two remedies, both on features scaled to unit deviation, so that all features are
    treated alike: ``S_c + ridge * v * I`` with ``v`` the mean variance within classes, and
    ``(1 - shrinkage) * S_c + shrinkage * S_shared``, before the ridge. Even a class of one example can
    then be fitted. Windows of one excerpt, and excerpts of one artist, are not independent examples: the
    number of artists is what counts.

    Parameters
    ----------
    covariance : {"shared", "per_class"}
        - ``"shared"``: one, pooled within classes (default).
        - ``"per_class"``: one for each class.
    ridge : float
        Share of the mean variance within classes that is added to the diagonal.
    shrinkage : float, 0 to 1
        How far a class's own covariance is moved towards the shared one; without effect on a shared one.

    Attributes
    ----------
    classes_ : array ``[n_classes]``, sorted
    means_ : array ``[n_classes, n_features]``
    covariances_ : array ``[n_classes, n_features, n_features]``
        Regularised, in the units of the features.

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """

    def __init__(self, covariance: str = "shared", ridge: float = 1e-3, shrinkage: float = 0.0) -> None:
        self.covariance = covariance
        self.ridge = ridge
        self.shrinkage = shrinkage

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> MinimumMahalanobis:
        """Fit to ``X [n_examples, n_features]`` with labels ``y [n_examples]``.

        Raises
        ------
        InputError
            For an unknown option, or when a covariance is singular and ``ridge`` is 0.
        """
        if self.covariance not in ("shared", "per_class"):
            raise InputError(f"covariance is {self.covariance!r}; choose 'shared' or 'per_class'.")
        if not (self.ridge >= 0 and 0 <= self.shrinkage <= 1):
            raise InputError(
                f"ridge is {self.ridge} and shrinkage {self.shrinkage}; give a ridge of at least 0 and a shrinkage "
                "from 0 to 1."
            )
        x: np.ndarray
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        self.means_ = np.stack([x[index == c].mean(0) for c in range(len(self.classes_))])
        # Features differ in scale by orders of magnitude; the ridge must mean the same for each of them.
        deviation = x.std(0)
        self.scale_ = np.where(deviation > 0, deviation, 1.0)
        within = (x - self.means_[index]) / self.scale_
        shared = _covariance(within)
        ridge = self.ridge * (np.trace(shared) / len(shared) or 1.0) * np.eye(len(shared))
        if self.covariance == "shared":
            root = self._root(shared + ridge, "all classes")
            self.roots_ = np.stack([root] * len(self.classes_))
        else:
            s = self.shrinkage
            own = [_covariance(within[index == c]) for c in range(len(self.classes_))]
            self.roots_ = np.stack(
                [
                    self._root((1 - s) * one + s * shared + ridge, f"class {name!s}")
                    for one, name in zip(own, self.classes_, strict=True)
                ]
            )
        return self

    @property
    def covariances_(self) -> np.ndarray:
        """The regularised covariance of each class ``[n_classes, n_features, n_features]``."""
        scaled = self.roots_ @ self.roots_.transpose(0, 2, 1)
        return scaled * np.outer(self.scale_, self.scale_)

    @staticmethod
    def _root(covariance: np.ndarray, whose: str) -> np.ndarray:
        """Lower triangular matrix whose product with its transpose is the covariance."""
        least, *_, most = np.linalg.eigvalsh(covariance) if len(covariance) > 1 else [covariance[0, 0]] * 2
        if least <= len(covariance) * np.finfo(float).eps * most:
            raise InputError(
                f"The covariance of {whose} is singular; give a ridge above 0, more examples, or fewer features."
            )
        return np.linalg.cholesky(covariance)

    def squared_distances(self, X: npt.ArrayLike) -> np.ndarray:
        """Squared Mahalanobis distances ``[n_examples, n_classes]`` of ``X [n_examples, n_features]``."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        columns = []
        for mean, root in zip(self.means_, self.roots_, strict=True):
            columns.append(np.square(np.linalg.solve(root, ((X - mean) / self.scale_).T)).sum(0))
        return np.stack(columns, axis=1)

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Labels ``[n_examples]`` of the nearest classes; in a tie, the first in ``classes_``."""
        check_is_fitted(self)
        return self.classes_[self.squared_distances(X).argmin(1)]


def _covariance(centred: np.ndarray) -> np.ndarray:
    return centred.T @ centred / len(centred)
