"""What a musician of some style usually does: keys, tempo, harmony, groove, instruments, riffs.

An artist has habits, and so does every piece. `mixed` decides for each choice which of the two is
followed. With ``habit_strength=0`` every piece chooses freely, and artists have no influence on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .notation import SCALES, progression
from .styles import Style

# How often an artist of full habit strength follows its habits.
FAITHFULNESS = 0.5

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class LayerHabits:
    """One voice's habits; the fields name entries of the style's palette."""

    present: bool
    instrument: str
    figure: str
    transposition: int  # semitones from the layer's usual register
    contour: tuple[int, ...]  # the motif: steps on the scale, relative to the chord's root


@dataclass(frozen=True)
class Habits:
    """All choices that `composition.compose` needs."""

    tempo_bpm: float
    tonic: int  # pitch class, 0 = C
    progression: str
    scale: str
    kit: str
    groove: str  # empty: no drums
    swing: float
    layers: tuple[LayerHabits, ...]


def draw(style: Style, rng: np.random.Generator) -> Habits:
    """Draw habits from what a style allows."""
    chords = _choice(style.progressions, rng)
    scales = [scale for scale in style.scales if _fits(scale, chords)] or list(style.scales)
    return Habits(
        tempo_bpm=round(float(rng.uniform(*style.tempo)), 2),
        tonic=int(rng.integers(12)),
        progression=chords,
        scale=_choice(scales, rng),
        kit=_choice(style.kits, rng) if style.kits else "",
        groove=_choice(style.grooves, rng) if style.grooves else "",
        swing=round(float(rng.uniform(*style.swing)), 3),
        layers=tuple(
            LayerHabits(
                present=bool(rng.random() < layer.presence),
                instrument=_choice(layer.instruments, rng),
                figure=_choice(layer.figures, rng),
                transposition=int(rng.choice((-5, -3, 0, 0, 2, 4))),
                contour=_contour(rng),
            )
            for layer in style.layers
        ),
    )


def mixed(artist: Habits, own: Habits, strength: float, rng: np.random.Generator) -> Habits:
    """Follow the ``artist`` in a share ``strength * FAITHFULNESS`` of the choices, the piece's ``own`` in the rest."""

    def follows() -> bool:
        return bool(rng.random() < strength * FAITHFULNESS)

    def pick(a: Choice, b: Choice) -> Choice:
        return a if follows() else b

    harmony = artist if follows() else own  # a scale belongs to its progression
    layers = tuple(
        LayerHabits(
            present=pick(a.present, b.present),
            instrument=pick(a.instrument, b.instrument),
            figure=pick(a.figure, b.figure),
            transposition=pick(a.transposition, b.transposition),
            contour=pick(a.contour, b.contour),
        )
        for a, b in zip(artist.layers, own.layers, strict=True)
    )
    # No artist always plays at exactly one tempo, so the artist's tempo varies a little.
    tempo = artist.tempo_bpm * float(rng.normal(1, 0.03)) if follows() else own.tempo_bpm
    return Habits(
        tempo_bpm=round(tempo, 2),
        progression=harmony.progression,
        scale=harmony.scale,
        layers=layers,
        tonic=pick(artist.tonic, own.tonic),
        kit=pick(artist.kit, own.kit),
        groove=pick(artist.groove, own.groove),
        swing=pick(artist.swing, own.swing),
    )


def _choice(options: Sequence[str], rng: np.random.Generator) -> str:
    """One of the options; styles name typical options first, and these are drawn more often."""
    weights = 1 / np.arange(1, len(options) + 1)
    return str(rng.choice(options, p=weights / weights.sum()))


def _fits(scale: str, chords: str) -> bool:
    """Whether a tune on ``scale`` agrees with the third of the tonic chord (the blues scale goes with both)."""
    tonics = [c for bar in progression(chords) for c in bar if c.root == 0]
    if scale == "blues" or not tonics or len(tonics[0].tones) == 2:
        return True
    return tonics[0].tones[1] in SCALES[scale]


def _contour(rng: np.random.Generator) -> tuple[int, ...]:
    """A motif of eight notes that moves in small steps and returns to its start."""
    steps = rng.choice((-2, -1, -1, 0, 1, 1, 2, 3), size=8)
    walk = np.cumsum(steps) - steps[0]
    walk = walk - np.round(np.linspace(0, walk[-1], 8)).astype(int)
    return tuple(int(step) for step in np.clip(walk, -5, 6))
