"""The paper's hand-crafted baseline.

Paper: Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from .. import features
from .mahalanobis import MinimumMahalanobis
from .voting import ExcerptClassifier, WindowVote, check_pairs


class MFCCBaseline(ExcerptClassifier[np.ndarray]):
    """The paper's hand-crafted baseline over whole excerpts.

    MFCC and zero crossings, mean and variance over texture windows, minimum Mahalanobis distance,
    majority vote over the windows (a tie goes to the label that comes first in sorted order).
    An excerpt is a waveform ``[n_samples]`` at 22,050 Hz, or what `describe` returns for it.

    Parameters
    ----------
    covariance, ridge, shrinkage
        As in :class:`MinimumMahalanobis`.

    Attributes
    ----------
    vote_ : the fitted WindowVote
    classes_ : array ``[n_classes]``, sorted

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """

    def __init__(self, covariance: str = "shared", ridge: float = 1e-3, shrinkage: float = 0.0) -> None:
        self.covariance = covariance
        self.ridge = ridge
        self.shrinkage = shrinkage

    @staticmethod
    def describe(waveform: np.ndarray, name: str = "the waveform") -> np.ndarray:
        """Features of one excerpt ``[n_windows, 28]``.

        Raises
        ------
        InputError
            See :func:`features.mfcc_and_zero_crossings`.
        """
        return features.texture_windows(features.mfcc_and_zero_crossings(waveform, name), spread="var", name=name)

    def fit(self, described: Sequence[np.ndarray], labels: Sequence[Hashable]) -> MFCCBaseline:
        """Fit to excerpts, as waveforms or as `describe` gives them; every window carries its excerpt's label.

        Raises
        ------
        InputError
            When the numbers of labels and excerpts differ or there is none; see also :class:`MinimumMahalanobis`.
        """
        check_pairs(described, labels)
        classifier = MinimumMahalanobis(self.covariance, self.ridge, self.shrinkage)
        self.vote_ = WindowVote(classifier).fit(_described(described), labels)
        self.classes_ = self.vote_.classes_
        return self

    def _votes(self, X: Sequence[np.ndarray]) -> list[np.ndarray]:
        return self.vote_._votes(_described(X))


def _described(excerpts: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [MFCCBaseline.describe(x, f"excerpt {i}") if np.ndim(x) == 1 else x for i, x in enumerate(excerpts)]


def describe_all(waveforms: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`MFCCBaseline.describe` for every excerpt."""
    return {name: MFCCBaseline.describe(waveform, str(name)) for name, waveform in waveforms.items()}
