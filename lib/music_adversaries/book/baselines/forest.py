"""A random forest on the activations of a trained network.

Paper: Section 2.3, Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor, nn

from ...errors import InputError
from ...networks import System
from .. import features
from ..features import ActivationWindows, Layers
from .voting import ExcerptClassifier, WindowVote, check_pairs

Excerpt = npt.ArrayLike | Tensor | ActivationWindows


class ForestOnActivations(ExcerptClassifier[Excerpt]):
    """The paper's classifier: a random forest on a network's activations, and a vote over texture windows.

    An excerpt is a sequence of magnitudes ``[n_frames, n_bins]``, a waveform ``[n_samples]`` at 22,050 Hz,
    or what `describe` returns for either. Describe once to fit several forests, as Table 1 does:
    ``described = [forest.set_params(layers="all").describe(x) for x in excerpts]``.

    The paper trains it on training and validation excerpts together. The network below it has
    seen the training excerpts, so their activations are not like those of unseen music.
    The order of the excerpts does not matter: they are sorted by content before the forest draws from them.
    A tie of the vote goes to the label that comes first in sorted order.

    Parameters
    ----------
    network : trained network, or the System around it
        See :func:`features.activation_windows`. Not changed. A clone of this estimator holds a copy of it.
    layers : ``"all"``, the number of a hidden layer from 1, or several
    window, hop : int
        Texture windows in frames: 215 and 107 (5 s, half) by default; the published code has 200 and 100.
    short : {"one_window", "refuse"}
        What happens to an excerpt shorter than a window; see :func:`features.texture_windows`.
    n_estimators : int
        Trees.
    random_state : int
        The published code's by default. The same number gives the same forest.
    n_jobs : int
        As in scikit-learn. It does not change the result.

    Attributes
    ----------
    forest_ : the fitted RandomForestClassifier, which reads windows ``[n_windows, sum of 2 * n_units]``
    vote_ : the WindowVote around it
    classes_ : array ``[n_classes]``, sorted

    Paper: Section 2.3, Table 1
    Notebook: book/04_baselines.ipynb
    """

    def __init__(
        self,
        network: nn.Module | System,
        layers: Layers = "all",
        *,
        window: int | None = None,
        hop: int | None = None,
        short: str = "one_window",
        n_estimators: int = 500,
        random_state: int | None = 1234,
        n_jobs: int | None = None,
    ) -> None:
        self.network = network
        self.layers = layers
        self.window = window
        self.hop = hop
        self.short = short
        self.n_estimators = n_estimators
        self.random_state = random_state
        self.n_jobs = n_jobs

    def describe(self, excerpt: npt.ArrayLike | Tensor, name: str = "the excerpt") -> ActivationWindows:
        """The windows of one excerpt over the chosen layers.

        Raises
        ------
        InputError
            See :func:`features.activation_windows`.
        """
        return features.activation_windows(
            self.network,
            excerpt,
            layers=self.layers,
            window=self.window,
            hop=self.hop,
            short=self.short,
            name=name,
        )

    def fit(self, X: Sequence[Excerpt], y: Sequence[Hashable]) -> ForestOnActivations:
        """Fit to excerpts and one label for each.

        Raises
        ------
        InputError
            When the numbers of labels and excerpts differ or there is none, and when an excerpt was
            described with other windows or lacks a layer; see also :func:`features.activation_windows`.
        """
        check_pairs(X, y)
        if self.n_estimators < 1:
            raise InputError(f"A forest of {self.n_estimators} trees decides nothing; give n_estimators of at least 1.")
        windows, labels = self._windows(X), list(y)
        order = sorted(range(len(windows)), key=lambda i: _content(windows[i], labels[i]))
        forest = RandomForestClassifier(self.n_estimators, random_state=self.random_state, n_jobs=self.n_jobs)
        self.vote_ = WindowVote(forest).fit([windows[i] for i in order], [labels[i] for i in order])
        self.forest_ = self.vote_.classifier_
        self.classes_ = self.vote_.classes_
        return self

    def _votes(self, X: Sequence[Excerpt]) -> list[np.ndarray]:
        return self.vote_._votes(self._windows(X))

    def _windows(self, X: Sequence[Excerpt]) -> list[np.ndarray]:
        cut = features.texture(self.window, self.hop)
        described = []
        for index, excerpt in enumerate(X):
            if not isinstance(excerpt, ActivationWindows):
                excerpt = self.describe(excerpt, f"excerpt {index}")
            if excerpt.texture != cut:
                raise InputError(
                    f"Excerpt {index} was described by windows of {excerpt.texture.window} frames hopped by "
                    f"{excerpt.texture.hop}, not {cut.window} and {cut.hop}; describe it again."
                )
            described.append(excerpt.matrix(self.layers))
        return described


def _content(windows: np.ndarray, label: Hashable) -> tuple[object, ...]:
    """What to sort excerpts by: features first, since small rounding errors hardly change their order."""
    return windows[0].tolist(), windows[-1].tolist(), len(windows), str(label)
