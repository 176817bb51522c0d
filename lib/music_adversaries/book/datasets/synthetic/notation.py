"""The small notation in which `styles` writes music: chord symbols, scales and tabs.

A *tab* is a string with one character for each step, and ``|`` between bars: ``"x...x...x...x..."`` is four
strokes in a bar of sixteen steps. All music here is in 4/4, so sixteen characters are semiquavers,
eight are quavers and twelve are quaver triplets. ``.`` is a rest and ``-`` holds the note before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

BEATS_PER_BAR = 4

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
}

_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}

_MAJOR_QUALITIES = {
    "": (0, 4, 7),
    "5": (0, 7),
    "6": (0, 4, 7, 9),
    "7": (0, 4, 7, 10),
    "9": (0, 4, 7, 10, 14),
    "maj7": (0, 4, 7, 11),
    "sus4": (0, 5, 7),
}
_MINOR_QUALITIES = {
    "": (0, 3, 7),
    "5": (0, 7),
    "6": (0, 3, 7, 9),
    "7": (0, 3, 7, 10),
    "9": (0, 3, 7, 10, 14),
    "7b5": (0, 3, 6, 10),
}


@dataclass(frozen=True)
class Chord:
    """A chord relative to the tonic, in semitones: its root, and its tones above that root."""

    root: int
    tones: tuple[int, ...]


@cache
def chord(symbol: str) -> Chord:
    """Read a chord symbol such as ``I``, ``vi``, ``bVII5``, ``ii7`` or ``Imaj7`` (lower case: minor)."""
    flat = symbol.startswith("b")
    body = symbol.removeprefix("b")
    numeral = next(n for n in sorted(_DEGREES, key=len, reverse=True) if body.lower().startswith(n))
    qualities = _MAJOR_QUALITIES if body[0].isupper() else _MINOR_QUALITIES
    return Chord((_DEGREES[numeral] - flat) % 12, qualities[body[len(numeral) :]])


@cache
def progression(symbols: str) -> tuple[tuple[Chord, ...], ...]:
    """Read a progression such as ``"I vi | ii7 V7"``: the chords of each bar, all of equal length."""
    return tuple(tuple(chord(s) for s in bar.split()) for bar in symbols.split("|"))


@dataclass(frozen=True)
class Stroke:
    """One event of a tab: where it starts in its bar and how long it lasts (beats), and its character."""

    beat: float
    beats: float
    mark: str
    triplet: bool


@cache
def tab(text: str) -> tuple[tuple[Stroke, ...], ...]:
    """Read a tab: the strokes of each of its bars."""
    bars = []
    for bar in text.split("|"):
        steps_per_beat, remainder = divmod(len(bar), BEATS_PER_BAR)
        if remainder or not steps_per_beat:
            raise ValueError(f"the bar {bar!r} does not divide into {BEATS_PER_BAR} beats")
        strokes = []
        for step, mark in enumerate(bar):
            if mark in ".-":
                continue
            length = 1
            while step + length < len(bar) and bar[step + length] == "-":
                length += 1
            strokes.append(Stroke(step / steps_per_beat, length / steps_per_beat, mark, steps_per_beat % 3 == 0))
        bars.append(tuple(strokes))
    return tuple(bars)


@cache
def drum_tab(text: str) -> dict[str, tuple[tuple[Stroke, ...], ...]]:
    """Read a drum tab, one line for each drum: its name, then its tab (``X`` loud, ``x`` normal, ``o`` soft)."""
    return {name: tab(line) for name, line in (row.split() for row in text.strip().splitlines())}
