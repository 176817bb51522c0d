"""Invented music in the shape of the Latin Music Database (LMD), generated on first use.

Ten Latin genres of unequal size, few artists with many tracks and many with one, replicas kept as the
paper kept LMD's 213, and files longer than what is used of them: the manifest's ``duration_s`` says how
much that is, as the paper uses the first 30 s of every track.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from .generated import LICENCE, Generated

__all__ = ["LICENCE", "NAME", "SHARES", "SUMMARY", "check", "get", "info", "load", "load_doses", "manifest"]

NAME = "synthetic-latin"
SUMMARY = "invented music in LMD's shape: ten Latin genres of 31 to 41 tracks, artists of 1 to 35 tracks, replicas"
SHARES = (0.6, 0.2, 0.2)  # of train, validation and test, as the paper divides each class of LMD

_GENERATED = Generated(NAME, SUMMARY, shape="lmd")

manifest = _GENERATED.manifest
info = _GENERATED.info
load = _GENERATED.load
get = _GENERATED.get
check = _GENERATED.check
load_doses = _GENERATED.load_doses
