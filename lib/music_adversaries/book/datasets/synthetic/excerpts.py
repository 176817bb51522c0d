"""The excerpts: which artist plays what, what is wrong with it, and how one of them is rendered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TypedDict

import numpy as np

from ....errors import InputError
from ... import source
from . import habits
from .artists import Artist, artist
from .composition import Score, compose
from .damage import copied, distorted
from .habits import Habits
from .palette import STYLES
from .planted import NO_FAULT, Fault, plan
from .production import SAMPLE_RATE, produce
from .randomness import generator
from .rendering import render_score, renderer_version
from .shapes import MISLABELLED, REPLICA, VERSION, Shape, label_of, shape

DEFAULT_SEED = 2015
PROFILES = ("quick", "full")

_TITLE_OPENINGS = (
    "A Letter to",
    "All About",
    "Almost",
    "Another",
    "Before",
    "Chasing",
    "Counting",
    "Eleven Times",
    "Farewell to",
    "Half of",
    "In Praise of",
    "Looking for",
    "Nobody Told",
    "Return of",
    "Seven Views of",
    "Sleeping Under",
    "Song for",
    "The Trouble with",
    "Three Days of",
    "Waiting for",
    "Without",
)
_TITLE_ENDINGS = (
    "the Afternoon",
    "the Baker",
    "Cold Tea",
    "a Corner Shop",
    "the Crossing",
    "Distant Cousins",
    "the Escalator",
    "Fog",
    "the Gardener",
    "the Last Tram",
    "a Lost Glove",
    "My Upstairs Neighbour",
    "the North Pier",
    "Old Maps",
    "Paper Boats",
    "the Quiet Carriage",
    "Rain on Tuesday",
    "a Small Hotel",
    "the Tide",
    "Twelve Oranges",
    "the Weather",
)
_UNLIKE_TITLES = 4  # the first titles of an artist, this many, share no word


class Knobs(TypedDict, total=False):
    """The arguments of `recipe` that control what is planted."""

    production_strength: float
    production_genre_correlation: float
    habit_strength: float
    faults: bool


class Dose(Knobs, total=False):
    """`Knobs`, and the seed."""

    seed: int


class Arguments(Dose, total=False):
    """All arguments of `recipe`."""

    profile: str
    shape: str


@dataclass(frozen=True)
class Settings:
    """What the whole dataset depends on; the fields are the arguments of `recipe`."""

    profile: str = "quick"
    seed: int = DEFAULT_SEED
    production_strength: float = 1.0
    production_genre_correlation: float = 0.0
    habit_strength: float = 1.0
    faults: bool = True
    shape: str = "gtzan"

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise InputError(f"There is no profile {self.profile!r}; choose one of {', '.join(PROFILES)}.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise InputError(f"seed is {self.seed!r}; give a whole number that is not negative.")
        for name in ("production_strength", "production_genre_correlation", "habit_strength"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
                raise InputError(f"{name} is {value!r}; give a number from 0 to 1.")
            object.__setattr__(self, name, float(value))  # 1 and 1.0 are the same dataset
        if not isinstance(self.faults, bool | np.bool_):
            raise InputError(f"faults is {self.faults!r}; give True or False.")
        object.__setattr__(self, "faults", bool(self.faults))
        object.__setattr__(self, "seed", int(self.seed))
        shape(self.shape)

    @property
    def outline(self) -> Shape:
        """Labels, artists, durations."""
        return shape(self.shape)

    @property
    def seconds(self) -> float:
        """How much of every file is used, in seconds."""
        return self.outline.seconds[self.profile]

    @property
    def file_seconds(self) -> float:
        """Duration of every file, in seconds."""
        return self.outline.file_seconds[self.profile]

    @property
    def n_samples(self) -> int:
        """Length of every file at 22,050 Hz."""
        return round(self.file_seconds * SAMPLE_RATE)


@dataclass(frozen=True)
class Performance:
    """Everything that a dry recording depends on: a style, the choices within it, and the seed of what is random."""

    genre: str
    habits: Habits
    seconds: float
    key: tuple[int | str, ...]

    def score(self) -> Score:
        """The notes."""
        return compose(STYLES[self.genre], self.habits, self.seconds, self.key)


@dataclass(frozen=True)
class Excerpt:
    """Everything that determines an excerpt's audio. Replace ``artist`` to hear it produced by another.

    Attributes
    ----------
    excerpt : its id, e.g. ``"blues.00000"``; it begins with the excerpt's label
    title : of the piece it is from
    artist : the artist who plays it
    habits : the choices in this piece: a mixture of the artist's habits and its own
    settings : of the dataset
    composition : id of the excerpt that has the original notes; its own unless it repeats another
    take : id of the excerpt that has the original recording; its own unless it is an exact replica
    fault : what is wrong with it
    """

    excerpt: str
    title: str
    artist: Artist
    habits: Habits
    settings: Settings
    composition: str
    take: str
    fault: Fault = NO_FAULT

    @property
    def label(self) -> str:
        """The label in the dataset: the artist's genre, unless the excerpt is mislabelled."""
        return label_of(self.excerpt)

    @property
    def path(self) -> str:
        """The file, relative to the dataset's folder."""
        return f"{self.label}/{self.excerpt}.wav"

    @property
    def shift_s(self) -> float:
        """How much later it starts than the composition's own excerpt, s."""
        return self.fault.shift * self.settings.seconds

    @property
    def performance(self) -> Performance:
        """What is played, long enough for the excerpt."""
        key = (self.settings.seed, "excerpt", self.composition)
        return Performance(self.artist.genre, self.habits, self.settings.file_seconds + self.shift_s, key)

    def score(self) -> Score:
        """The notes; ``excerpt.title`` is the piece they are from."""
        return self.performance.score()

    def checksum(self) -> str:
        """``recipe:`` and the SHA-256 of everything that determines the excerpt.

        It is that of the recipe, since the last bit of the audio may differ between processors.
        """
        return _checksum(self, source.code_version("book/datasets/synthetic"), tuple(renderer_version().items()))


@lru_cache(maxsize=4096)
def _checksum(piece: Excerpt, code: str, renderer: tuple[tuple[str, str], ...]) -> str:
    everything = asdict(piece) | dict(renderer) | {"code": code}
    canonical = json.dumps(everything, sort_keys=True, separators=(",", ":"))
    return "recipe:" + hashlib.sha256(canonical.encode()).hexdigest()


@lru_cache(maxsize=4096)
def excerpt(excerpt_id: str, settings: Settings) -> Excerpt:
    """Look up an excerpt by its id, e.g. ``"blues.00000"``.

    Raises
    ------
    InputError
        When the dataset has no such excerpt.
    """
    places = settings.outline.places
    if excerpt_id not in places:
        first, *_, last = places
        raise InputError(f"There is no excerpt {excerpt_id!r}; take an id from the manifest, {first} ... {last}.")
    fault = plan(settings.seed, settings.shape).get(excerpt_id, NO_FAULT) if settings.faults else NO_FAULT
    number, piece = places[excerpt_id]
    if fault.kind == VERSION:
        return _version(excerpt_id, fault, _artist(number, settings), settings)
    if fault.original:
        original = excerpt(fault.original, settings)
        take = original.take if fault.kind == REPLICA else excerpt_id
        return replace(original, excerpt=excerpt_id, take=take, fault=fault)
    if fault.kind == MISLABELLED:
        assert fault.player is not None  # this kind of fault always has a player
        number, piece = fault.player, _further_piece(fault.player, excerpt_id, settings)
    who = _artist(number, settings)
    key = (settings.seed, "excerpt", excerpt_id)
    own = habits.draw(STYLES[who.genre], generator(*key, "own habits"))
    chosen = habits.mixed(who.habits, own, settings.habit_strength, generator(*key, "choices"))
    title = _title(settings.seed, who.number, piece)
    return Excerpt(excerpt_id, title, who, chosen, settings, excerpt_id, excerpt_id, fault)


def excerpt_ids(shape_name: str = "gtzan") -> list[str]:
    """The ids of all excerpts, in order."""
    return list(shape(shape_name).places)


def artists(settings: Settings) -> list[Artist]:
    """All artists, in order of their numbers."""
    return [_artist(number, settings) for number in settings.outline.artist_genres]


def produced_by(piece: Excerpt, name: str) -> Excerpt:
    """The same performance with the production of the artist called ``name``.

    Raises
    ------
    InputError
        When there is no artist with this name.
    """
    for other in artists(piece.settings):
        if other.name == name:
            return replace(piece, artist=replace(piece.artist, production=other.production))
    raise InputError(f"There is no artist {name!r}; the manifest's column 'artist' holds the names.")


def render_excerpt(piece: Excerpt) -> np.ndarray:
    """Render an excerpt: the whole file, even if it is longer than the part that is used.

    Returns
    -------
    numpy.ndarray
        float32 mono ``[settings.n_samples]`` at 22,050 Hz, quantised to 16 bits (multiples of 1/32768).
    """
    dry, start = _dry(piece.performance)
    rng = generator(piece.settings.seed, "excerpt", piece.take, "noise")
    shifted = start + round(piece.shift_s * SAMPLE_RATE)
    recording = produce(dry, piece.artist.production, shifted, piece.settings.n_samples, rng, level_from=start)
    if piece.fault.gain_db or piece.fault.lossy:
        recording = copied(recording, piece.fault.gain_db, piece.fault.lossy)
    if piece.fault.distortion:
        rng = generator(piece.settings.seed, "distortion", piece.excerpt)
        recording = distorted(recording, piece.fault.distortion, rng)
    return recording


# Cached: nine tenths of the work is here, and one performance is often produced several times in a row.
@lru_cache(maxsize=2)
def _dry(performance: Performance) -> tuple[np.ndarray, int]:
    """The performance without production, and the sample at which the excerpt starts."""
    score = performance.score()
    start = round(score.excerpt_start_s * SAMPLE_RATE)
    dry = render_score(score, start / SAMPLE_RATE + performance.seconds)
    dry.flags.writeable = False
    return dry, start


def _version(excerpt_id: str, fault: Fault, who: Artist, settings: Settings) -> Excerpt:
    """Another artist plays the original: its notes, on this artist's instruments."""
    original = excerpt(fault.original, settings)
    layers = tuple(
        replace(layer, instrument=own.instrument)
        for layer, own in zip(original.habits.layers, who.habits.layers, strict=True)
    )
    tempo = round(original.habits.tempo_bpm * fault.tempo, 2)
    played = replace(original.habits, tempo_bpm=tempo, kit=who.habits.kit, layers=layers)
    return replace(original, excerpt=excerpt_id, artist=who, habits=played, take=excerpt_id, fault=fault)


def _further_piece(number: int, excerpt_id: str, settings: Settings) -> int:
    """Which of an artist's pieces a mislabelled excerpt is from: one that no other excerpt is from."""
    faults = plan(settings.seed, settings.shape)
    elsewhere = sorted(other for other, fault in faults.items() if fault.player == number)
    return len(settings.outline.excerpts_of_artists[number]) + elsewhere.index(excerpt_id)


@lru_cache(maxsize=4096)
def _artist(number: int, settings: Settings) -> Artist:
    return artist(
        settings.seed,
        number,
        settings.outline.artist_genres[number],
        settings.production_strength,
        settings.production_genre_correlation,
    )


def _title(seed: int, artist_number: int, piece: int) -> str:
    rng = generator(seed, "titles", artist_number)
    # Drawn without replacement, so that an artist's first titles all begin differently.
    openings = rng.choice(_TITLE_OPENINGS, _UNLIKE_TITLES, replace=False)
    endings = rng.choice(_TITLE_ENDINGS, _UNLIKE_TITLES, replace=False)
    titles = [f"{opening} {ending}" for opening, ending in zip(openings, endings, strict=True)]
    if piece >= len(titles):
        others = [f"{opening} {ending}" for opening in _TITLE_OPENINGS for ending in _TITLE_ENDINGS]
        titles += [str(title) for title in rng.permutation([title for title in others if title not in titles])]
    return titles[piece]
