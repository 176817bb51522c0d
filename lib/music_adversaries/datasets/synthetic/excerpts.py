"""The four hundred excerpts: which artist plays what, and how one of them is rendered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np

from ... import cache
from ...errors import InputError
from . import habits
from .artists import ARTISTS_PER_GENRE, Artist, artist
from .composition import Score, compose
from .habits import Habits
from .production import SAMPLE_RATE, produce
from .randomness import generator
from .rendering import render_score, renderer_version
from .styles import GENRES, STYLES

DEFAULT_SEED = 2015
EXCERPTS_PER_ARTIST = 4
EXCERPTS_PER_GENRE = ARTISTS_PER_GENRE * EXCERPTS_PER_ARTIST
SECONDS = {"quick": 6.0, "full": 30.0}

_TITLE_OPENINGS = (
    "A Letter to", "All About", "Almost", "Another", "Before", "Chasing", "Counting", "Eleven Times", "Farewell to",
    "Half of", "In Praise of", "Looking for", "Nobody Told", "Return of", "Seven Views of", "Sleeping Under",
    "Song for",
    "The Trouble with", "Three Days of", "Waiting for", "Without",
)  # fmt: skip
_TITLE_ENDINGS = (
    "the Afternoon", "the Baker", "Cold Tea", "a Corner Shop", "the Crossing", "Distant Cousins", "the Escalator",
    "Fog", "the Gardener", "the Last Tram", "a Lost Glove", "My Upstairs Neighbour", "the North Pier", "Old Maps",
    "Paper Boats", "the Quiet Carriage", "Rain on Tuesday", "a Small Hotel", "the Tide", "Twelve Oranges",
    "the Weather",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What the whole dataset depends on; the fields are the arguments of `recipe`."""

    profile: str = "quick"
    seed: int = DEFAULT_SEED
    production_strength: float = 1.0
    production_genre_correlation: float = 0.0
    habit_strength: float = 1.0

    def __post_init__(self) -> None:
        if self.profile not in SECONDS:
            raise InputError(f"There is no profile {self.profile!r}; choose one of {', '.join(SECONDS)}.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise InputError(f"seed is {self.seed!r}; give a whole number that is not negative.")
        for name in ("production_strength", "production_genre_correlation", "habit_strength"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
                raise InputError(f"{name} is {value!r}; give a number from 0 to 1.")
            object.__setattr__(self, name, float(value))  # 1 and 1.0 are the same dataset
        object.__setattr__(self, "seed", int(self.seed))

    @property
    def seconds(self) -> float:
        """Duration of every excerpt."""
        return SECONDS[self.profile]

    @property
    def n_samples(self) -> int:
        """Length of every excerpt at 22,050 Hz."""
        return round(self.seconds * SAMPLE_RATE)


@dataclass(frozen=True)
class Excerpt:
    """Everything that determines an excerpt's audio. Replace ``artist`` to hear it produced by another."""

    excerpt: str  # e.g. "blues.00000"
    title: str
    artist: Artist
    habits: Habits  # what this piece does: the artist's habits and its own, mixed
    settings: Settings

    @property
    def path(self) -> str:
        """The file, relative to the dataset's folder."""
        return f"{self.artist.genre}/{self.excerpt}.wav"

    @property
    def key(self) -> tuple[int | str, ...]:
        """What the piece's random generators are keyed by."""
        return (self.settings.seed, "excerpt", self.excerpt)

    def score(self) -> Score:
        """The notes; ``excerpt.title`` is the piece they are from."""
        return compose(STYLES[self.excerpt.split(".")[0]], self.habits, self.settings.seconds, self.key)

    def checksum(self) -> str:
        """``recipe:`` and the SHA-256 of everything that determines the excerpt.

        Of the recipe and not of the audio, whose last bit may differ from one processor to the next.
        """
        everything = asdict(self) | renderer_version() | {"code": cache.code_version("datasets/synthetic")}
        canonical = json.dumps(everything, sort_keys=True, separators=(",", ":"))
        return "recipe:" + hashlib.sha256(canonical.encode()).hexdigest()


@lru_cache(maxsize=1024)
def excerpt(excerpt_id: str, settings: Settings) -> Excerpt:
    """Look up an excerpt by its id, e.g. ``"blues.00000"``.

    Raises
    ------
    InputError
        When the dataset has no such excerpt.
    """
    genre, _, digits = excerpt_id.partition(".")
    if genre not in GENRES or len(digits) != 5 or not digits.isdecimal() or int(digits) >= EXCERPTS_PER_GENRE:
        raise InputError(
            f"There is no excerpt {excerpt_id!r}; ids run from {GENRES[0]}.00000 to "
            f"{GENRES[-1]}.{EXCERPTS_PER_GENRE - 1:05d}, {EXCERPTS_PER_GENRE} a genre."
        )
    place, piece = divmod(int(digits), EXCERPTS_PER_ARTIST)
    who = _artist(GENRES.index(genre) * ARTISTS_PER_GENRE + place, settings)
    key = (settings.seed, "excerpt", excerpt_id)
    own = habits.draw(STYLES[genre], generator(*key, "own habits"))
    chosen = habits.mixed(who.habits, own, settings.habit_strength, generator(*key, "choices"))
    return Excerpt(excerpt_id, _title(settings.seed, who.number, piece), who, chosen, settings)


def excerpt_ids() -> list[str]:
    """The ids of all excerpts, in order."""
    return [f"{genre}.{number:05d}" for genre in GENRES for number in range(EXCERPTS_PER_GENRE)]


def artists(settings: Settings) -> list[Artist]:
    """All hundred artists, in order of their numbers."""
    return [_artist(number, settings) for number in range(len(GENRES) * ARTISTS_PER_GENRE)]


def produced_by(piece: Excerpt, name: str) -> Excerpt:
    """The same performance with the production of the artist called ``name``.

    Raises
    ------
    InputError
        When no artist is called so.
    """
    for other in artists(piece.settings):
        if other.name == name:
            return replace(piece, artist=replace(piece.artist, production=other.production))
    raise InputError(f"There is no artist {name!r}; the manifest's column 'artist' holds the names.")


def render_excerpt(piece: Excerpt) -> np.ndarray:
    """Render an excerpt.

    Returns
    -------
    numpy.ndarray
        float32 mono ``[settings.n_samples]`` at 22,050 Hz, quantised to 16 bits (multiples of 1/32768).
    """
    score = piece.score()
    start = round(score.excerpt_start_s * SAMPLE_RATE)
    n_samples = piece.settings.n_samples
    dry = render_score(score, (start + n_samples) / SAMPLE_RATE)
    return produce(dry, piece.artist.production, start, n_samples, generator(*piece.key, "noise"))


@lru_cache(maxsize=1024)
def _artist(number: int, settings: Settings) -> Artist:
    return artist(
        settings.seed, number, settings.production_strength, settings.production_genre_correlation
    )


def _title(seed: int, artist_number: int, piece: int) -> str:
    rng = generator(seed, "titles", artist_number)
    # Drawn without replacement: nobody writes two pieces that begin alike.
    openings = rng.choice(_TITLE_OPENINGS, EXCERPTS_PER_ARTIST, replace=False)
    endings = rng.choice(_TITLE_ENDINGS, EXCERPTS_PER_ARTIST, replace=False)
    return f"{openings[piece]} {endings[piece]}"
