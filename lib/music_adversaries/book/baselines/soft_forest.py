"""A gradient through the random forest: every split made soft.

Goal
    A forest's posterior is constant almost everywhere, so no gradient shows how to change its decision. The paper
    attacks without knowledge of the forest: through the network below it. Here a split ``feature <= threshold``
    becomes a probability of going left, ``sigmoid((threshold - feature) / temperature)``. An input reaches a leaf
    with the product of the probabilities along its path. As the temperature tends to zero, this becomes the forest
    itself.

Conventions
    * The unit of the temperature is the feature's own standard deviation over given windows, so that one number
      fits features of any scale.
    * An attack is judged by the real forest: the soft forest only gives the gradient.

Paper: Section 2.3, Table 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor, nn

from ...errors import InputError
from ...networks import Network, System, evaluated
from .. import features
from .forest import ForestOnActivations

TEMPERATURE = 0.3  # standard deviations of a feature
FLOOR = 1e-6  # added to posteriors before their logarithm


class SoftForest(nn.Module):
    """A fitted random forest whose splits are sigmoids.

    Parameters
    ----------
    forest : fitted RandomForestClassifier
    windows : array ``[n_windows, n_features]``
        What the forest was fitted to, or similar windows. A feature's standard deviation over them is the unit of
        the temperature. (1 if the feature is constant: no split uses such a feature.)
    temperature : float
        Above 0. The smaller it is, the closer to the forest, and the fewer inputs have a gradient.

    Raises
    ------
    InputError
        For a temperature that is not above 0, or windows of other features than the forest's.

    Paper: Section 2.3
    Notebook: book/05_adversaries.ipynb
    """

    feature: Tensor
    threshold: Tensor
    spread: Tensor
    order: Tensor
    leaves: Tensor

    def __init__(
        self, forest: RandomForestClassifier, windows: npt.ArrayLike, temperature: float = TEMPERATURE
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise InputError(f"temperature is {temperature}; give a number above 0, such as {TEMPERATURE}.")
        windows = np.asarray(windows, dtype=np.float64)
        if windows.ndim != 2 or windows.shape[1] != forest.n_features_in_:
            shape = list(windows.shape)
            raise InputError(
                f"The windows have the shape {shape}; give [n_windows, {forest.n_features_in_}], as the forest reads."
            )
        spread = windows.std(axis=0)
        spread[spread == 0] = 1.0
        left, right, feature, threshold, value, nodes = _nodes(forest)
        self.n_trees = len(nodes)
        self.temperature = temperature
        levels, ended, orders = [], [], []
        # All trees at once, level by level. On each level, the nodes that split come first.
        nodes = nodes[np.argsort(left[nodes] < 0, kind="stable")]
        while len(nodes):
            inner, ends = nodes[left[nodes] >= 0], nodes[left[nodes] < 0]
            levels.append(inner)
            ended.append(ends)
            nodes = np.concatenate([left[inner], right[inner]])
            order = np.argsort(left[nodes] < 0, kind="stable")
            orders.append(order)
            nodes = nodes[order]
        self.n_splits = [len(inner) for inner in levels]  # on each level
        splits, leaves = np.concatenate(levels), np.concatenate(ended)
        self.register_buffer("feature", torch.from_numpy(feature[splits]))
        self.register_buffer("threshold", torch.from_numpy(threshold[splits]).float())
        self.register_buffer("spread", torch.from_numpy(spread[feature[splits]]).float())
        self.register_buffer("order", torch.from_numpy(np.concatenate(orders)))
        self.register_buffer("leaves", torch.from_numpy(value[leaves]).float())

    def forward(self, windows: Tensor) -> Tensor:
        """Posterior ``[..., n_classes]``, classes as the forest's, of texture windows ``[..., n_features]``.

        Notebook: book/05_adversaries.ipynb
        """
        columns = windows.reshape(-1, windows.shape[-1]).T  # one row for each feature: whole rows are quicker to gather
        distance = (self.threshold[:, None] - columns[self.feature]) / self.spread[:, None]
        goes_left = torch.sigmoid(distance / self.temperature)
        reach = columns.new_ones(self.n_trees, columns.shape[1])  # probability of reaching each node of a level
        ends = []
        for left, order in zip(
            goes_left.split(self.n_splits), self.order.split([2 * n for n in self.n_splits]), strict=True
        ):
            parents, leaves = reach.split([len(left), len(reach) - len(left)])
            ends.append(leaves)
            to_left = parents * left
            reach = torch.cat([to_left, parents - to_left])[order]
        posterior = torch.cat(ends).T @ self.leaves / self.n_trees
        return posterior.reshape(*windows.shape[:-1], -1)


class AwareForest(Network):
    """From magnitudes to the forest's posterior for every texture window, with a gradient.

    A `Network` on whole sequences whose rows are texture windows, so that ``System(AwareForest(...), labels)`` can
    be attacked by `adversary.attack`. Excerpts may be padded to a common length, if each fills a window.
    (A `System` cuts recordings of more than six minutes, and windows do not cross its cuts.)

    Parameters
    ----------
    system : System
        The network below the forest, and the labels and their order.
    forest : fitted ForestOnActivations
        On that network; its layers, window and hop are used here too.
    windows : array ``[n_windows, n_features]``
        See `SoftForest`; such as ``forest.describe(excerpt).matrix(forest.layers)`` of several excerpts, concatenated.
    temperature : float
        See `SoftForest`.

    Raises
    ------
    InputError
        When the system's network is not a `Network`, or the forest has a class that is not a label of the system;
        see also `SoftForest`.

    Paper: Section 2.3, Section 4
    Notebook: book/05_adversaries.ipynb
    """

    network: Network
    columns: Tensor

    def __init__(
        self,
        system: System,
        forest: ForestOnActivations,
        windows: npt.ArrayLike,
        temperature: float = TEMPERATURE,
    ) -> None:
        super().__init__()
        if not isinstance(system.network, Network):
            kind = type(system.network).__name__
            raise InputError(f"{kind} has no activations for a forest to read; give a System of a DNN or CDNN.")
        self.network = system.network
        self.soft_forest = SoftForest(forest.forest_, windows, temperature)
        self.layers = forest.layers
        self.texture = features.texture(forest.window, forest.hop)
        columns = [system.label_index(label) for label in forest.classes_.tolist()]
        self.register_buffer("columns", torch.tensor(columns))
        self.n_labels = len(system.labels)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Logits ``[..., n_windows, n_labels]`` of sequences ``[..., n_frames, n_bins]``.

        Their softmax is the soft forest's posterior, except for the floor. The floor gives a gradient also to labels
        whose posterior is zero.

        Raises
        ------
        InputError
            When the sequences are shorter than the slices that the network reads.

        Notebook: book/05_adversaries.ipynb
        """
        posterior = self.soft_forest(self.windows(magnitudes))
        of_labels = posterior.new_zeros(*posterior.shape[:-1], self.n_labels).index_copy(-1, self.columns, posterior)
        return torch.log(of_labels + FLOOR)

    def windows(self, magnitudes: Tensor) -> Tensor:
        """What the forest reads ``[..., n_windows, n_features]``, from sequences ``[..., n_frames, n_bins]``.

        Means and standard deviations as in :func:`features.activation_windows`, layers side by side.

        Notebook: book/05_adversaries.ipynb
        """
        with evaluated(self.network):
            outputs = self.network.sequence_activations(magnitudes)
        chosen = features.chosen_layers(self.layers, range(1, len(outputs) + 1))
        return torch.cat([mean_and_std(self._cut(outputs[layer - 1])) for layer in chosen], dim=-1)

    def valid_rows(self, valid: Tensor) -> Tensor:
        """Which windows lie completely in frames that an excerpt has ``[..., n_windows]``; see `Network.valid_rows`.

        Raises
        ------
        InputError
            When a padded excerpt does not fill one window.

        Notebook: book/05_adversaries.ipynb
        """
        rows = self._cut(self.network.valid_rows(valid)[..., None]).squeeze(-2).amin(-1)
        if not bool((rows.amax(-1) > 0).all()):
            raise InputError(
                f"An excerpt shorter than a texture window of {self.texture.window} frames is padded to the length of "
                "another; attack it alone, with batch_size=1."
            )
        return rows

    def _cut(self, rows: Tensor) -> Tensor:
        """Texture windows ``[..., n_windows, n_units, n_rows_in_window]`` of ``[..., n_rows, n_units]``."""
        frames_a_row = getattr(self.network, "hop", None) or self.network.slice_length
        window, hop = (max(1, round(frames / frames_a_row)) for frames in self.texture)
        return rows.unfold(-2, min(window, rows.shape[-2]), hop)


def mean_and_std(windows: Tensor) -> Tensor:
    """Means, then standard deviations, over the last dimension: ``[..., n_units, n_rows]`` to ``[..., 2 * n_units]``.

    The standard deviation divides by the number of rows. Where nothing varies, its gradient is zero.

    Notebook: book/05_adversaries.ipynb
    """
    variance, mean = torch.var_mean(windows, dim=-1, correction=0)
    varies = variance > 0
    std = torch.where(varies, torch.where(varies, variance, 1.0).sqrt(), 0.0)
    return torch.cat([mean, std], dim=-1)


def _nodes(forest: RandomForestClassifier) -> tuple[np.ndarray, ...]:
    """Children (-1: a leaf), features, thresholds and class distributions of the nodes of all trees, and the roots."""
    trees: list[Any] = [estimator.tree_ for estimator in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

    def children(name: str) -> np.ndarray:
        parts = [getattr(tree, name) for tree in trees]
        return np.concatenate([np.where(part < 0, -1, part + root) for part, root in zip(parts, roots, strict=True)])

    left, right = children("children_left"), children("children_right")
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    value = np.concatenate([tree.value[:, 0] for tree in trees])
    return left, right, feature, threshold, value / value.sum(axis=1, keepdims=True), roots
