"""The planted faults: which excerpt has which fault. The seed decides, and the manifest names them.

As in GTZAN, there are five kinds of fault. An excerpt has at most one fault; an excerpt that is the original
of another has none.

=====================  ==========================================================================
``replica_of:ID``      the same audio, sample by sample
``recording_of:ID``    the same performance and production: another part of it, another level, a lossy
                       copy, or several of these
``version_of:ID``      the same notes by another artist of the genre: other instruments, another
                       tempo, that artist's production
``distorted``          clipped, full of dropouts, or covered by static
``mislabelled``        music of an artist of another genre than the label; the id follows the label
=====================  ==========================================================================

A faulty excerpt replaces one that its artist would have without faults. No artist loses more than a quarter
of its excerpts in this way, or one excerpt. Paper: Section 2.3. Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from .damage import DISTORTIONS
from .randomness import generator
from .shapes import DISTORTED, MISLABELLED, RECORDING, REPLICA, VERSION, Shape, label_of, shape

# The changes that make a recording replica, used in turn, so that every kind occurs.
COPIES = (("shift",), ("shift", "gain"), ("gain", "lossy"), ("shift", "lossy"), ("gain",), ("shift", "gain", "lossy"))


@dataclass(frozen=True)
class Fault:
    """What is wrong with an excerpt; the fields after ``kind`` give details, if they apply.

    Attributes
    ----------
    kind : a fault of the manifest, without the colon and what follows it; ``""`` for none
    original : id of the excerpt that this one repeats
    shift : how much later than the original it starts, as a share of an excerpt's duration
    gain_db : level above the original's, dB
    lossy : whether it went through a lossy codec
    tempo : tempo relative to the original's
    distortion : one of `damage.DISTORTIONS`
    player : number of the artist who plays, if it is not the artist whose excerpt is replaced
    """

    kind: str = ""
    original: str = ""
    shift: float = 0.0
    gain_db: float = 0.0
    lossy: bool = False
    tempo: float = 1.0
    distortion: str = ""
    player: int | None = None

    def __str__(self) -> str:
        """As in the manifest's column ``fault``."""
        return f"{self.kind}:{self.original}" if self.original else self.kind


NO_FAULT = Fault()


@lru_cache(maxsize=64)
def plan(seed: int, shape_name: str) -> Mapping[str, Fault]:
    """The faults of a dataset: for each faulty excerpt's id, what is wrong with it.

    It depends only on the seed, not on profile, production or habits.
    """
    outline = shape(shape_name)
    rng = generator(seed, "faults", shape_name)
    places = _places(outline, rng)
    kinds = [kind for kind, count in outline.faults.items() for _ in range(count)]
    faulty = [str(place) for place in rng.permutation(places)[: len(kinds)]]
    originals = [str(excerpt) for excerpt in rng.permutation(sorted(set(outline.places) - set(faulty)))]
    counts: dict[str, int] = {}
    faults = {}
    for excerpt, kind in zip(faulty, kinds, strict=True):
        turn = counts[kind] = counts.get(kind, -1) + 1
        original = ""
        if kind in (REPLICA, RECORDING, VERSION):
            original = next(other for other in originals if _may_repeat(outline, excerpt, other, kind))
            originals.remove(original)
        faults[excerpt] = _fault(outline, excerpt, kind, original, turn, generator(seed, "fault", excerpt))
    return MappingProxyType(faults)  # read-only, since the result is cached


def _places(outline: Shape, rng: np.random.Generator) -> list[str]:
    """Excerpts that may be faulty: a quarter of each artist's, or one; an artist's only excerpt is never faulty."""
    places = []
    for ids in outline.excerpts_of_artists.values():
        if len(ids) > 1:
            places += list(rng.choice(ids, max(1, len(ids) // 4), replace=False))
    return places


def _may_repeat(outline: Shape, excerpt: str, other: str, kind: str) -> bool:
    """Whether ``excerpt`` may repeat ``other``: in the same class, as mostly in GTZAN; a version by another artist."""
    if label_of(excerpt) != label_of(other):
        return False
    return kind != VERSION or outline.places[excerpt][0] != outline.places[other][0]


def _fault(outline: Shape, excerpt: str, kind: str, original: str, turn: int, rng: np.random.Generator) -> Fault:
    if kind == RECORDING:
        done = COPIES[turn % len(COPIES)]
        # 0.5 to 2.5 s of 6 s: most of the music is in both.
        shift = round(float(rng.uniform(1 / 12, 5 / 12)), 4) if "shift" in done else 0.0
        gain_db = round(-float(rng.uniform(3, 9)), 2) if "gain" in done else 0.0
        return Fault(kind, original, shift=shift, gain_db=gain_db, lossy="lossy" in done)
    if kind == VERSION:
        # A cover version has another tempo than the original.
        factor = float(rng.uniform(1.03, 1.08)) ** int(rng.choice((-1, 1)))
        return Fault(kind, original, tempo=round(factor, 4))
    if kind == DISTORTED:
        return Fault(kind, distortion=DISTORTIONS[turn % len(DISTORTIONS)])
    if kind == MISLABELLED:
        strangers = [n for n, genre in outline.artist_genres.items() if genre != label_of(excerpt)]
        return Fault(kind, player=int(rng.choice(strangers)))
    return Fault(kind, original)
