"""The paper's random forest on a trained network, and its gradient.

Paper: Section 2.3, Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...networks import Decision, System
from ..baselines import ForestOnActivations
from ..baselines.soft_forest import AwareForest
from ..datasets import Dataset
from .decisions import N_TREES
from .systems import labels_of


def forest_on(system: System, dataset: Dataset) -> tuple[ForestOnActivations, System]:
    """A forest on all layers, fitted to training and validation excerpts, and the same with soft splits.

    Returns
    -------
    forest : ForestOnActivations
    aware : System
        From magnitudes to the soft forest's posterior of every window. It is only for attacks: the real forest
        decides.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    parts, label_of = system.metadata["parts"], labels_of(dataset)
    learned = [*parts["train"], *parts["valid"]]
    forest = ForestOnActivations(system, "all", n_estimators=N_TREES)
    described = [forest.describe(dataset.load(excerpt), excerpt) for excerpt in learned]
    forest.fit(described, [label_of[excerpt] for excerpt in learned])
    windows = np.concatenate([one.matrix("all") for one in described])
    return forest, System(AwareForest(system, forest, windows), system.labels)


def decider(forest: ForestOnActivations, labels: tuple[str, ...]) -> Callable[[np.ndarray], Decision]:
    """A judge: the real forest's decision on a waveform ``[n_samples]``; its posterior is the share of votes."""
    columns = [labels.index(label) for label in forest.classes_.tolist()]

    def decide(waveform: np.ndarray) -> Decision:
        votes = forest.predict_proba([waveform])[0]
        label = str(forest.predict([waveform])[0])
        posterior = np.zeros(len(labels))
        posterior[columns] = votes
        return Decision(label, float(posterior[labels.index(label)]), posterior)

    return decide
