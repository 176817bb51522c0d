"""Partitions: which excerpts train a system, which validate it and which test it.

The paper's first result is that the score depends on this choice. A random partition puts songs
of one artist on both sides; a system can then score by recognising the artist. An artist-filtered
partition keeps each artist in one part. :func:`audit` counts what a partition leaks.

Conventions
-----------
* A partition gives every excerpt of a manifest one of ``train``, ``valid``, ``test`` or ``""`` (unused).
* Two artists, or two titles, are the same if their letters and digits are the same (see `names`).
* An empty artist is unknown. Unknown artists are never assumed to be different: within a class they are
  treated as one artist.
* The order of the manifest's rows never matters. A class is split in the same way whatever other
  classes the manifest has (unless they share artists).

=============  ==========================================================================
`partition`    what a partition is; restricting one to some classes
`drawn`        random, track-, artist- and fault-filtered partitions, drawn with a seed
`division`     the solver: whole artists, shares as close as possible to those wished
`folds`        repeated grouped folds
`named`        published partitions, and any partition by name
`audit`        what leaks
`names`        which names and which recordings are the same
=============  ==========================================================================

Paper: Section 2.3
Paper: Section 2.4
Notebook: book/02_partitions.ipynb
"""

from typing import TYPE_CHECKING

from ...lazily import attach

if TYPE_CHECKING:
    from .audit import Audit, audit
    from .drawn import artist_filtered, fault_filtered, random, track_filtered
    from .folds import folds
    from .named import DRAWN, named, published
    from .names import UNKNOWN, clusters
    from .partition import PARTS, SHARES, Partition, restrict

__all__ = [
    "DRAWN",
    "PARTS",
    "SHARES",
    "UNKNOWN",
    "Audit",
    "Partition",
    "artist_filtered",
    "audit",
    "clusters",
    "fault_filtered",
    "folds",
    "named",
    "published",
    "random",
    "restrict",
    "track_filtered",
]

attach(
    __name__,
    {
        "audit": ("Audit", "audit"),
        "drawn": ("artist_filtered", "fault_filtered", "random", "track_filtered"),
        "folds": ("folds",),
        "named": ("DRAWN", "named", "published"),
        "names": ("UNKNOWN", "clusters"),
        "partition": ("PARTS", "SHARES", "Partition", "restrict"),
    },
)
