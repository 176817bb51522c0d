"""Faults of a dataset, found in its audio: exact replicas, recording replicas, distortion.

::

    report = faults.find(datasets.load("gtzan-mini"))
    report.sentence()
    'gtzan-mini: 0 exact replicas, 0 recording replicas and 0 distorted excerpts among 100 excerpts.'

If there are replicas across the parts of a partition, a benchmark measures memory. Sturm found exact and recording
replicas in GTZAN (B. L. Sturm, "The GTZAN dataset", arXiv:1306.1461). This package finds them without a manifest.

=============  ==========================================================================
`exact`        the same samples
`fingerprint`  which pairs may be of one recording
`alignment`    whether a pair is of one recording
`distortion`   clipping, dropouts, static
`finder`       the pass over a dataset
`report`       what was found, and how it compares with the manifest
=============  ==========================================================================

Not found are: the same composition played again, a copy that runs more than half a per cent fast or
slow, two excerpts with less than about a second in common, and wrong labels.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from .finder import find
from .report import Distorted, FaultReport, LeftOut, Pair

__all__ = ["Distorted", "FaultReport", "LeftOut", "Pair", "find"]
