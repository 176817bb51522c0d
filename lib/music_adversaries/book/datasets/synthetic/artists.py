"""The invented artists: a name, a genre, musical habits and a production fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

from . import habits
from .habits import Habits
from .palette import STYLES
from .production import Production, fingerprint
from .randomness import generator

# Three words, so that no name is likely to be that of a real artist. None of them suggests a genre.
_QUALITIES = (
    "Amber",
    "Borrowed",
    "Brass",
    "Buttoned",
    "Candid",
    "Copper",
    "Damp",
    "Folded",
    "Frosted",
    "Gentle",
    "Half-Price",
    "Hollow",
    "Inflatable",
    "Laminated",
    "Lopsided",
    "Misplaced",
    "Overdue",
    "Paper",
    "Patient",
    "Polite",
    "Portable",
    "Quilted",
    "Reluctant",
    "Second-Hand",
    "Spare",
    "Tidy",
    "Ticklish",
    "Untied",
    "Velvet",
    "Wooden",
)
_THINGS = (
    "Abacus",
    "Artichoke",
    "Bathtub",
    "Biscuit",
    "Cardigan",
    "Compass",
    "Doorbell",
    "Envelope",
    "Ferret",
    "Gherkin",
    "Hedgehog",
    "Ironing-Board",
    "Kettle",
    "Ladder",
    "Lampshade",
    "Marmalade",
    "Napkin",
    "Otter",
    "Parsnip",
    "Penguin",
    "Postbox",
    "Pudding",
    "Radiator",
    "Sandwich",
    "Spoon",
    "Teapot",
    "Thimble",
    "Turnip",
    "Umbrella",
    "Wardrobe",
)
_GATHERINGS = (
    "Assembly",
    "Bureau",
    "Collective",
    "Committee",
    "Cooperative",
    "Department",
    "Exchange",
    "Federation",
    "Guild",
    "Institute",
    "Laboratory",
    "Society",
    "Syndicate",
    "Workshop",
)


@dataclass(frozen=True)
class Artist:
    """An invented artist. Its ``number`` is unique, over both datasets together."""

    number: int
    name: str
    genre: str
    habits: Habits
    production: Production


def artist_name(seed: int, number: int) -> str:
    """An invented name; different numbers have different names."""
    # Thirty steps through the first list, then one step in the second: 900 pairs before one repeats.
    rng = generator(seed, "names")
    qualities, things = rng.permutation(_QUALITIES), rng.permutation(_THINGS)
    turn, step = divmod(number, len(_QUALITIES))
    gathering = generator(seed, "gathering", number).choice(_GATHERINGS)
    return f"{qualities[step]} {things[(step + turn) % len(_THINGS)]} {gathering}"


def artist(
    seed: int,
    number: int,
    genre: str,
    production_strength: float = 1.0,
    production_genre_correlation: float = 0.0,
) -> Artist:
    """The artist with this number and genre; the other arguments are those of `recipe`."""
    return Artist(
        number=number,
        name=artist_name(seed, number),
        genre=genre,
        habits=habits.draw(STYLES[genre], generator(seed, "habits", number)),
        production=fingerprint(seed, number, genre, production_strength, production_genre_correlation),
    )
