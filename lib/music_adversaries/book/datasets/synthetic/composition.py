"""From a style and a set of habits to notes.

Everything here is musical: this module does not deal with the sound of a recording.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .habits import Habits, LayerHabits
from .notation import BEATS_PER_BAR, SCALES, Chord, Stroke, drum_tab, progression, tab
from .palette import BASS_LINES, DRUMS, FIGURES, FILLS, GROOVES, RHYTHMS
from .randomness import generator
from .styles import Layer, Style

SECTION_BARS = 4
TOMS = ("snare", "hitom", "midtom", "lowtom")
LEAD_IN_S = 2.0  # an excerpt starts at least this far into its piece, so that notes and echoes already sound


@dataclass(frozen=True)
class Note:
    """One note: start and end (s), MIDI pitch (or percussion key) and velocity 1..127."""

    start: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """What one player plays. ``instrument`` is a General MIDI name, or the name of a kit for the drummer."""

    role: str  # "drums", "bass", "chords" or "melody"
    instrument: str
    volume: int
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Score:
    """A piece, long enough for an excerpt that starts after ``excerpt_start_s`` seconds."""

    tempo_bpm: float
    tonic: int
    excerpt_start_s: float
    parts: tuple[Part, ...]


def compose(style: Style, habits: Habits, seconds: float, key: tuple[int | str, ...]) -> Score:
    """Compose a piece in ``style`` with the given ``habits``, for an excerpt of ``seconds``.

    ``key`` seeds what habits leave open (voicings, fills, timing). Every player draws from a
    generator of its own, so a longer excerpt of the same piece begins like a shorter one.
    """
    rng = generator(*key, "form")
    bar_s = BEATS_PER_BAR * 60 / habits.tempo_bpm
    excerpt_start_s = LEAD_IN_S + rng.uniform(0, SECTION_BARS * bar_s)
    piece = _Piece(
        style=style,
        habits=habits,
        harmony=progression(habits.progression),
        first_bar=int(rng.integers(0, 24)),
        n_bars=math.ceil((excerpt_start_s + seconds) * (1 + style.rubato) / bar_s) + 2,
        rubato_phase=float(rng.uniform(0, 2 * np.pi)),
    )
    parts = []
    if habits.groove:
        parts.append(Part("drums", habits.kit, style.drum_volume, _drums(piece, generator(*key, "drums"))))
    players = {"bass": _bass, "chords": _chords, "melody": _melody}
    for number, (layer, habit) in enumerate(zip(style.layers, habits.layers, strict=True)):
        if habit.present:
            notes = players[layer.role](piece, layer, habit, generator(*key, "layer", number))
            parts.append(Part(layer.role, habit.instrument, layer.volume, notes))
    return Score(habits.tempo_bpm, habits.tonic, excerpt_start_s, tuple(parts))


@dataclass(frozen=True)
class _Piece:
    style: Style
    habits: Habits
    harmony: tuple[tuple[Chord, ...], ...]
    first_bar: int  # where in its form the piece begins
    n_bars: int
    rubato_phase: float

    def chord_at(self, bar: int, beat: float) -> Chord:
        bar += int(beat // BEATS_PER_BAR)
        chords = self.harmony[(self.first_bar + bar) % len(self.harmony)]
        return chords[int((beat % BEATS_PER_BAR) * len(chords) / BEATS_PER_BAR)]

    def seconds_at(self, bar: int, beat: float, triplet: bool) -> float:
        """When a position of the score sounds, after swing and rubato."""
        if not triplet:
            beat = _swung(beat, self.habits.swing, self.style.swing_unit)
        beats = bar * BEATS_PER_BAR + beat
        slow = 4 * BEATS_PER_BAR / (2 * np.pi)  # the tempo breathes once every four bars
        drift = self.style.rubato * slow * (math.sin(beats / slow + self.rubato_phase) - math.sin(self.rubato_phase))
        return (beats + drift) * 60 / self.habits.tempo_bpm

    def note(
        self, bar: int, stroke: Stroke, pitch: float, loud: float, articulation: float, rng: np.random.Generator
    ) -> Note:
        start = self.seconds_at(bar, stroke.beat, stroke.triplet)
        end = self.seconds_at(bar, stroke.beat + stroke.beats, stroke.triplet)
        start = max(0.0, start + rng.normal(0, self.style.looseness))
        length = max(0.05, (end - start) * articulation)
        velocity = _within(1, round(loud + rng.normal(0, 5)), 127)
        return Note(round(start, 4), round(start + length, 4), _within(21, pitch, 108), velocity)


def _swung(beat: float, swing: float, unit: float) -> float:
    whole, inside = divmod(beat / unit, 1)
    warped = inside * 2 * swing if inside < 0.5 else swing + (inside - 0.5) * 2 * (1 - swing)
    return (whole + warped) * unit


def _within(least: int, value: float, most: int) -> int:
    # NumPy's `clip` takes more than ten times longer for one number, and there are hundreds of thousands of notes.
    return int(min(max(value, least), most))


def _near(pitch: int, centre: int) -> int:
    """The octave of ``pitch`` nearest to ``centre``."""
    return centre + (pitch - centre + 6) % 12 - 6


def _accent(beat: float) -> float:
    return 8 if beat == 0 else 4 if beat == int(beat) else 0


def _drums(piece: _Piece, rng: np.random.Generator) -> tuple[Note, ...]:
    groove = drum_tab(GROOVES[piece.habits.groove])
    hands = piece.habits.groove in FILLS  # hand drummers have neither toms nor cymbals
    loudness = {"X": 112, "x": 90, "o": 55}
    notes = []
    for bar in range(piece.n_bars):
        last_of_section = bar % SECTION_BARS == SECTION_BARS - 1
        fill = last_of_section and rng.random() < 0.5
        for drum, bars in groove.items():
            for stroke in bars[bar % len(bars)]:
                if fill and stroke.beat >= 3:
                    continue
                if stroke.mark == "o" and rng.random() < 0.25:
                    continue
                loud = loudness[stroke.mark] + _accent(stroke.beat) / 2
                notes.append(piece.note(bar, stroke, DRUMS[drum], loud, 1.0, rng))
        if fill:
            drums = rng.choice(FILLS.get(piece.habits.groove, TOMS), size=4)
            for step, drum in enumerate(drums):
                if rng.random() < 0.8:
                    stroke = Stroke(3 + step / 4, 0.25, "x", False)
                    notes.append(piece.note(bar, stroke, DRUMS[drum], 84 + 6 * step, 1.0, rng))
        if bar % SECTION_BARS == 0 and "crash" not in groove and rng.random() < 0.35 and not hands:
            notes.append(piece.note(bar, Stroke(0, 2, "x", False), DRUMS["crash"], 84, 1.0, rng))
    return tuple(notes)


def _bass(piece: _Piece, layer: Layer, habit: LayerHabits, rng: np.random.Generator) -> tuple[Note, ...]:
    line = tab(BASS_LINES[habit.figure])
    notes = []
    for bar in range(piece.n_bars):
        for stroke in line[bar % len(line)]:
            chord = piece.chord_at(bar, stroke.beat)
            root = _near(piece.habits.tonic + chord.root, layer.centre)
            following = piece.chord_at(bar, stroke.beat + stroke.beats)
            next_root = _near(piece.habits.tonic + following.root, layer.centre)
            fifth = next((t for t in chord.tones if t in (6, 7, 8)), 7)
            steps = {
                "r": 0,
                "R": 12,
                "3": chord.tones[1],
                "5": fifth,
                "6": 9,
                "7": 10,
                "f": -5,
                "w": int(rng.choice((2, *chord.tones[1:]))),
                "n": next_root - root,
                "a": next_root + int(rng.choice((-2, -1, 1))) - root,
            }
            loud = 92 + _accent(stroke.beat)
            notes.append(piece.note(bar, stroke, root + steps[stroke.mark], loud, layer.articulation, rng))
    return tuple(notes)


def _voicing(piece: _Piece, chord: Chord, centre: int) -> list[int]:
    root = piece.habits.tonic + chord.root
    if len(chord.tones) == 2:  # a power chord keeps its root at the bottom
        bottom = _near(root, centre)
        return [bottom, bottom + 7, bottom + 12]
    return sorted({_near(root + tone, centre) for tone in chord.tones})


def _chords(piece: _Piece, layer: Layer, habit: LayerHabits, rng: np.random.Generator) -> tuple[Note, ...]:
    figure = tab(FIGURES[habit.figure])
    centre = layer.centre + habit.transposition
    notes = []
    for bar in range(piece.n_bars):
        for stroke in figure[bar % len(figure)]:
            voicing = _voicing(piece, piece.chord_at(bar, stroke.beat), centre)
            if stroke.mark == "x":
                pitches = voicing
            else:
                octave, tone = divmod(int(stroke.mark), len(voicing))
                pitches = [voicing[tone] + 12 * octave]
            loud = 80 + _accent(stroke.beat)
            notes += [piece.note(bar, stroke, pitch, loud, layer.articulation, rng) for pitch in pitches]
    return tuple(notes)


def _melody(piece: _Piece, layer: Layer, habit: LayerHabits, rng: np.random.Generator) -> tuple[Note, ...]:
    """A motif, repeated over the harmony: three times unchanged, then inverted, as in A A A B."""
    rhythm = tab(RHYTHMS[habit.figure])
    centre = layer.centre + habit.transposition
    scale = SCALES[piece.habits.scale]
    ladder = [p for p in range(centre - 15, centre + 16) if (p - piece.habits.tonic) % 12 in scale]
    notes = []
    silent = False
    for bar in range(piece.n_bars):
        if bar % SECTION_BARS == 0:
            silent = rng.random() < 0.15
        if silent:
            continue
        direction = -1 if bar % SECTION_BARS == SECTION_BARS - 1 else 1
        anchor_chord = piece.chord_at(bar, 0)
        anchor = _nearest(ladder, _near(piece.habits.tonic + anchor_chord.root, centre))
        for position, stroke in enumerate(rhythm[bar % len(rhythm)]):
            step = direction * habit.contour[position % len(habit.contour)]
            if rng.random() < 0.08:
                step += int(rng.choice((-1, 1)))
            pitch = ladder[_within(0, anchor + step, len(ladder) - 1)]
            if stroke.beat in (0, 2) or stroke.beats >= 1.5:
                chord = piece.chord_at(bar, stroke.beat)
                tones = [_near(piece.habits.tonic + chord.root + t, pitch) for t in chord.tones]
                pitch = tones[_nearest(tones, pitch)]
            place = (bar % SECTION_BARS + stroke.beat / 4) / SECTION_BARS
            loud = 92 + _accent(stroke.beat) + 8 * math.sin(math.pi * place)
            notes.append(piece.note(bar, stroke, pitch, loud, layer.articulation, rng))
    return tuple(notes)


def _nearest(ladder: list[int], pitch: int) -> int:
    return min(range(len(ladder)), key=lambda index: abs(ladder[index] - pitch))
