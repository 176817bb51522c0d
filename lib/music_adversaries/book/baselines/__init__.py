"""Classifiers on features, to compare the networks with: scikit-learn estimators.

All of them classify texture windows and let these vote on the label of an excerpt. An excerpt is
one element of a list; each class says what it consists of.

Paper: Section 2.3, Section 5
Notebook: book/04_baselines.ipynb
"""

from .forest import ForestOnActivations
from .mahalanobis import MinimumMahalanobis
from .mfcc import MFCCBaseline, describe_all
from .voting import WindowVote, majority

__all__ = ["ForestOnActivations", "MFCCBaseline", "MinimumMahalanobis", "WindowVote", "describe_all", "majority"]
