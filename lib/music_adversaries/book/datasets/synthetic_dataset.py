"""The invented music of `synthetic`, in GTZAN's shape and with its faults, generated on first use.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from .generated import LICENCE, Generated

__all__ = ["LICENCE", "NAME", "SUMMARY", "check", "get", "info", "load", "load_doses", "manifest"]

NAME = "synthetic"
SUMMARY = "invented music in GTZAN's shape: ten genres, ten invented artists a genre, 40 excerpts a genre, faults"

_GENERATED = Generated(NAME, SUMMARY, shape="gtzan")

manifest = _GENERATED.manifest
info = _GENERATED.info
load = _GENERATED.load
get = _GENERATED.get
check = _GENERATED.check
load_doses = _GENERATED.load_doses
