"""The contents of the two datasets: numbers of labels, artists, excerpts and faults, and durations.

``gtzan``: ten genres, ten artists a genre, four excerpts an artist. Its faults are meant to have the shares
that Sturm reports for GTZAN's 1,000 excerpts (arXiv 1306.1461): 50 exact replicas, 21 recording replicas,
13 versions, 106 mislabelled, 17 distorted. We could not check these figures against his text: take them as
our choice. Their size is plausible: the paper's fault-filtered partition leaves out 70 excerpts, and in
Sturm's index 76 excerpts repeat another's artist and title. Paper: Section 2.3

``lmd``: a tenth of the Latin Music Database. It has ten unequal classes; their sizes are those commonly given
for LMD, which we could not check either. In each class few artists have many tracks and many have one. Their
shares are counted in the public artist-filtered folds of LMD (julianofoleiss/lmd_3f_stratified_artist_filter
on GitHub, 90 tracks a class). The share of replicas is that of the paper, 213 in 3,229; we chose that two
thirds of them are exact. Files are longer than the part that is used.
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ....errors import InputError
from .styles import GENRES

REPLICA, RECORDING, VERSION = "replica_of", "recording_of", "version_of"
DISTORTED, MISLABELLED = "distorted", "mislabelled"

# Of 1,000 excerpts.
GTZAN_FAULTS = {REPLICA: 50, RECORDING: 21, VERSION: 13, DISTORTED: 17, MISLABELLED: 106}

LMD_TRACKS = {
    "axe": 313,
    "bachata": 313,
    "bolero": 315,
    "forro": 313,
    "gaucha": 311,
    "merengue": 315,
    "pagode": 307,
    "salsa": 311,
    "sertaneja": 322,
    "tango": 408,
}
# Tracks of each artist among the 90 of a class in the public folds.
LMD_TRACKS_OF_ARTISTS = {
    "axe": (20, 8, 7, 7, 7, 6, 5, 4, 4, 3, *5 * (2,), *9 * (1,)),
    "bachata": (13, 10, 6, 6, 6, 5, 4, 4, 4, 3, 2, 2, *25 * (1,)),
    "bolero": (22, 8, 5, 4, 3, 3, 3, 3, 2, 2, 2, *33 * (1,)),
    "forro": (20, 16, 16, 8, 7, 7, 4, 4, *8 * (1,)),
    "gaucha": (12, 12, 7, 7, 6, 5, 3, 2, 2, *34 * (1,)),
    "merengue": (16, 15, 13, 3, 3, 3, *6 * (2,), *25 * (1,)),
    "pagode": (15, 13, 12, 9, 9, 8, 7, 6, 6, 2, *3 * (1,)),
    "salsa": (16, 12, 7, 6, 5, 5, 5, 4, 3, 2, 2, 2, *21 * (1,)),
    "sertaneja": (30, 25, 11, 8, 6, 5, 5),
    "tango": (77, 5, 4, 4),
}
LMD_REPLICAS = 213 / 3229


@dataclass(frozen=True)
class Shape:
    """The numbers that describe a dataset.

    Attributes
    ----------
    name : ``"gtzan"`` or ``"lmd"``
    sizes : for each label, in order, how many excerpts each of its artists has
    seconds : length of the part of a file that is used, by profile
    file_seconds : how long a file is, by profile
    faults : how many excerpts have a fault, by kind
    first_artist : number of the first artist; artists of different datasets have different numbers
    """

    name: str
    sizes: dict[str, tuple[int, ...]]
    seconds: dict[str, float]
    file_seconds: dict[str, float]
    faults: dict[str, int]
    first_artist: int = 0

    @cached_property
    def artist_genres(self) -> dict[int, str]:
        """The genre of each artist, by number."""
        genres = [genre for genre, sizes in self.sizes.items() for _ in sizes]
        return dict(enumerate(genres, start=self.first_artist))

    @cached_property
    def places(self) -> dict[str, tuple[int, int]]:
        """For each excerpt's id, in order: its artist's number without faults, and its index among that artist's."""
        places = {}
        number = self.first_artist
        for label, sizes in self.sizes.items():
            excerpt = 0
            for size in sizes:
                for piece in range(size):
                    places[f"{label}.{excerpt:05d}"] = (number, piece)
                    excerpt += 1
                number += 1
        return places

    @cached_property
    def excerpts_of_artists(self) -> dict[int, tuple[str, ...]]:
        """The ids of each artist's excerpts without faults, by number."""
        ids: dict[int, tuple[str, ...]] = {}
        for excerpt, (number, _) in self.places.items():
            ids[number] = (*ids.get(number, ()), excerpt)
        return ids


def label_of(excerpt_id: str) -> str:
    """The label of an excerpt."""
    return excerpt_id.rpartition(".")[0]


def shape(name: str) -> Shape:
    """The shape with this name.

    Raises
    ------
    InputError
        When there is no such shape.
    """
    if name not in SHAPES:
        raise InputError(f"There is no shape {name!r}; choose one of {', '.join(SHAPES)}.")
    return SHAPES[name]


def _thinned(tracks_of_artists: tuple[int, ...], n_tracks: int) -> tuple[int, ...]:
    """Keep ``n_tracks`` evenly spaced tracks; returns the number for each artist, without artists that keep none."""
    owners = [artist for artist, size in enumerate(tracks_of_artists) for _ in range(size)]
    kept = [owners[int((track + 0.5) * len(owners) / n_tracks)] for track in range(n_tracks)]
    return tuple(kept.count(artist) for artist in sorted(set(kept)))


def _gtzan() -> Shape:
    sizes: dict[str, tuple[int, ...]] = {genre: 10 * (4,) for genre in GENRES}
    share = sum(map(sum, sizes.values())) / 1000
    seconds = {"quick": 6.0, "full": 30.0}
    return Shape("gtzan", sizes, seconds, seconds, {kind: round(n * share) for kind, n in GTZAN_FAULTS.items()})


def _lmd() -> Shape:
    sizes = {genre: _thinned(LMD_TRACKS_OF_ARTISTS[genre], round(LMD_TRACKS[genre] / 10)) for genre in LMD_TRACKS}
    replicas = round(sum(map(sum, sizes.values())) * LMD_REPLICAS)
    exact = round(replicas * 2 / 3)
    return Shape(
        "lmd",
        sizes,
        seconds={"quick": 6.0, "full": 30.0},
        file_seconds={"quick": 10.0, "full": 45.0},
        faults={REPLICA: exact, RECORDING: replicas - exact},
        first_artist=300,
    )


SHAPES: dict[str, Shape] = {shape.name: shape for shape in (_gtzan(), _lmd())}
