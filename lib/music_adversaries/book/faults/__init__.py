"""Faults of a dataset, found in its audio: exact replicas, recording replicas, distortion.

::

    report = faults.find(datasets.load("gtzan-mini"))
    report.sentence()
    'gtzan-mini: 0 exact replicas, 0 recording replicas and 0 distorted excerpts among 100 excerpts.'

A benchmark with replicas across its partition measures memory; Sturm found exact and recording replicas in GTZAN
(B. L. Sturm, "The GTZAN dataset", arXiv:1306.1461). Nothing here needs a manifest to say so.

=============  ==========================================================================
`exact`        the same samples
`fingerprint`  which pairs may be of one recording
`alignment`    whether they are
`distortion`   clipping, dropouts, static
`finder`       the pass over a dataset
`report`       what was found, and how it compares with the manifest
=============  ==========================================================================

What is not found: the same composition played again, a copy that runs more than half a percent fast or
slow, two excerpts with less than about a second in common, and wrong labels.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from .finder import find
from .report import Distorted, FaultReport, LeftOut, Pair

__all__ = ["Distorted", "FaultReport", "LeftOut", "Pair", "find"]
