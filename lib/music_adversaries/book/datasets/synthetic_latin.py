"""Invented music in the shape of the Latin Music Database (LMD), generated on first use.

It has ten Latin genres of unequal size, few artists with many tracks, and many artists with one. Replicas are
kept, as the paper kept LMD's 213. Files are longer than the part that is used, since the paper uses the first
30 s of every track; the manifest's ``duration_s`` gives the length of that part.

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
