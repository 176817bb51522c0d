"""Classifiers on features, that the networks are held against: scikit-learn estimators.

All of them classify texture windows and let these vote on the label of an excerpt. An excerpt is
one element of a list, whatever it is made of: see each class.

Paper: Section 2.3, Section 5
Notebook: book/04_baselines.ipynb
"""

from .forest import ForestOnActivations
from .mahalanobis import MinimumMahalanobis
from .mfcc import MFCCBaseline, describe_all
from .voting import WindowVote, majority

__all__ = ["ForestOnActivations", "MFCCBaseline", "MinimumMahalanobis", "WindowVote", "describe_all", "majority"]
