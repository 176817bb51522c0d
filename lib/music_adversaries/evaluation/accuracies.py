"""Accuracies of several classifiers on the same artists, and statistics of them, with intervals over artists.

Paper: Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from .clusters import check_pairs, cluster_bootstrap, cluster_statistic, numbered
from .estimates import Estimate
from .proportions import wilson

Name = TypeVar("Name", bound=Hashable)


class Accuracies(Generic[Name]):
    """Accuracies on the same clusters, so that any statistic of them has an interval over clusters.

    Parameters
    ----------
    tests : mapping
        From the name of each accuracy (any hashable) to ``(correct, clusters)``: whether each test went right
        and the artist of its excerpt, both ``[n_tests]``. A cluster need not occur under every name.

    Raises
    ------
    InputError
        When there is not one cluster for each result, or a name has no test.

    Attributes
    ----------
    names : list
        In the order of the mapping.

    Paper: Table 1
    Notebook: book/04_baselines.ipynb
    """

    def __init__(self, tests: Mapping[Name, tuple[Sequence[bool], Sequence[Hashable]]]) -> None:
        for correct, clusters in tests.values():
            check_pairs(correct, clusters)
        self.names, self._tests = list(tests), tests
        members = numbered(cluster for _, clusters in tests.values() for cluster in clusters)
        columns = np.repeat(np.arange(len(tests)), [len(clusters) for _, clusters in tests.values()])
        self._hits = np.zeros((members.max(initial=-1) + 1, len(tests)))
        self._sizes = np.zeros_like(self._hits)
        np.add.at(self._hits, (members, columns), [flag for correct, _ in tests.values() for flag in correct])
        np.add.at(self._sizes, (members, columns), 1)

    def places(self, names: Iterable[Name]) -> list[int]:
        """The indices of some accuracies in the last axis of what :meth:`statistic` gives to its function."""
        return [self.names.index(name) for name in names]

    def accuracy(self, name: Name) -> Estimate:
        """One accuracy; see :func:`cluster_bootstrap`."""
        return cluster_bootstrap(*self._tests[name], seed=0)

    def statistic(self, function: Callable[[np.ndarray], np.ndarray], unit: str = "fraction difference") -> Estimate:
        """Any statistic, from all accuracies ``[..., n_names]`` to ``[...]``; see :func:`cluster_statistic`."""
        return cluster_statistic(self._hits, self._sizes, function, seed=0, unit=unit)


class NormalisedAccuracies:
    """Normalised accuracies of several classifiers on the same excerpts, and their differences.

    Parameters
    ----------
    correct : mapping
        From the name of a classifier to whether it labelled each excerpt rightly, bool ``[n_excerpts]``.
    truth : sequence of str ``[n_excerpts]``
    clusters : hashables ``[n_excerpts]``
        The artist of each excerpt.

    Paper: Section 2.4
    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self, correct: Mapping[str, Sequence[bool]], truth: Sequence[str], clusters: Sequence[Hashable]
    ) -> None:
        labels = list(dict.fromkeys(truth))
        # The recalls of a classifier stand next to each other.
        tests: dict[tuple[str, str], tuple[Sequence[bool], Sequence[Hashable]]] = {}
        for name, flags in correct.items():
            rows = list(zip(flags, truth, clusters, strict=True))
            for label in labels:
                mine = [(flag, cluster) for flag, true, cluster in rows if true == label]
                tests[name, label] = [flag for flag, _ in mine], [cluster for _, cluster in mine]
        self._recalls = Accuracies(tests)
        self._places = {name: slice(i * len(labels), (i + 1) * len(labels)) for i, name in enumerate(correct)}

    def accuracy(self, name: str) -> Estimate:
        """Mean recall, 0 to 1; with Wilson's interval over artists if they do not differ from each other."""
        found = self._recalls.statistic(lambda recalls: recalls[..., self._places[name]].mean(-1), unit="fraction")
        low, high = found.low, found.high
        if found.n > 1 and (low, high) == (-1.0, 1.0):
            low, high = wilson(round(found.estimate * found.n), found.n)
        return found._replace(low=max(low, 0.0), high=min(high, 1.0))

    def difference(self, a: str, b: str) -> Estimate:
        """Mean recall of ``a`` minus that of ``b``, paired by artist."""
        at_a, at_b = self._places[a], self._places[b]
        return self._recalls.statistic(lambda recalls: (recalls[..., at_a] - recalls[..., at_b]).mean(-1))
