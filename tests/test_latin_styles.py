"""The ten Latin genres: every name in their tables exists, and composed pieces have the genre's rhythm."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries.book.datasets.synthetic import composition, habits, latin_styles, notation, production, styles
from music_adversaries.book.datasets.synthetic.composition import Part, Score, compose
from music_adversaries.book.datasets.synthetic.latin_styles import LATIN_STYLES
from music_adversaries.book.datasets.synthetic.randomness import generator
from music_adversaries.book.datasets.synthetic.rendering import render_score

GENRES = ("axe", "bachata", "bolero", "forro", "gaucha", "merengue", "pagode", "salsa", "sertaneja", "tango")
TABLES = ("GROOVES", "BASS_LINES", "FIGURES", "RHYTHMS", "DRUMS", "KITS")
SECONDS = 6.0

# What the instruments reach (MIDI pitches), voices and ensembles generously.
REACH = {
    "Accordion": (53, 93),
    "Tango Accordion": (48, 93),
    "Acoustic Guitar (nylon)": (40, 84),
    "Acoustic Guitar (steel)": (40, 86),
    "Electric Guitar (clean)": (40, 86),
    "Banjo": (48, 86),
    "Violin": (55, 103),
    "Fiddle": (55, 103),
    "Trumpet": (54, 84),
    "Muted Trumpet": (54, 84),
    "Trombone": (40, 77),
    "Alto Sax": (49, 82),
    "Tenor Sax": (44, 78),
    "Flute": (59, 96),
    "Harmonica": (55, 96),
    "Voice Oohs": (48, 84),
    "Acoustic Bass": (28, 60),
    "Electric Bass (finger)": (28, 60),
    "Electric Bass (pick)": (28, 60),
    "Fretless Bass": (28, 60),
    "Contrabass": (28, 60),
}


def everything(table: str) -> dict:
    return getattr(styles, table) | getattr(latin_styles, table)


def composed(genre: str, seed: int, **changes: object) -> tuple[habits.Habits, Score]:
    """A piece in a genre of the habits that the seed draws, except for the ``changes``."""
    style = LATIN_STYLES[genre]
    chosen = replace(habits.draw(style, generator("latin test", genre, seed)), **changes)
    return chosen, compose(style, chosen, SECONDS, ("latin test", genre, seed))


def in_strict_time(genre: str, seed: int, **changes: object) -> tuple[float, Score]:
    """The same played without swing and without anybody's looseness, and the length of its bars (s)."""
    style = replace(LATIN_STYLES[genre], looseness=0.0, rubato=0.0)
    chosen = replace(habits.draw(style, generator("latin test", genre, seed)), swing=0.5, **changes)
    return notation.BEATS_PER_BAR * 60 / chosen.tempo_bpm, compose(style, chosen, SECONDS, ("latin test", seed))


def drum_steps(score: Score, bar_s: float, steps: int, *drums: str) -> list[set[int]]:
    """For each bar, the steps (``steps`` a bar) on which a drum is struck."""
    keys = {everything("DRUMS")[drum] for drum in drums}
    at = [round(note.start / bar_s * steps) for note in score.parts[0].notes if note.pitch in keys]
    return [{step % steps for step in at if step // steps == bar} for bar in range(max(at) // steps)]


# The tables


def test_the_genres_are_those_of_the_latin_music_database():
    assert tuple(LATIN_STYLES) == GENRES
    assert not set(LATIN_STYLES) & set(styles.STYLES)


@pytest.mark.parametrize("table", TABLES)
def test_no_name_is_in_both_sets_of_tables(table):
    assert not set(getattr(styles, table)) & set(getattr(latin_styles, table))


@pytest.mark.parametrize("genre", GENRES)
def test_everything_a_style_names_exists(genre):
    style = LATIN_STYLES[genre]
    for chords in style.progressions:
        assert notation.progression(chords)
    for groove in style.grooves:
        assert set(notation.drum_tab(everything("GROOVES")[groove])) <= set(everything("DRUMS"))
    assert set(style.kits) <= set(everything("KITS")) and set(style.scales) <= set(notation.SCALES)
    for layer in style.layers:
        table = {"bass": "BASS_LINES", "chords": "FIGURES", "melody": "RHYTHMS"}[layer.role]
        for figure in layer.figures:
            assert notation.tab(everything(table)[figure])
        for instrument in layer.instruments:
            assert pretty_midi.instrument_name_to_program(instrument) in range(128)
    for options in (style.progressions, style.grooves, *(layer.figures for layer in style.layers)):
        assert len(set(options)) == len(options)
    assert [layer.role for layer in style.layers].count("bass") == 1


def test_every_entry_is_used():
    """What nobody plays would be neither heard nor checked."""
    layers = [layer for style in LATIN_STYLES.values() for layer in style.layers]
    played = {
        table: {figure for layer in layers if layer.role == role for figure in layer.figures}
        for table, role in (("BASS_LINES", "bass"), ("FIGURES", "chords"), ("RHYTHMS", "melody"))
    }
    played["GROOVES"] = {groove for style in LATIN_STYLES.values() for groove in style.grooves}
    played["DRUMS"] = {drum for tab in latin_styles.GROOVES.values() for drum in notation.drum_tab(tab)}
    for table, names in played.items():
        assert set(getattr(latin_styles, table)) <= names, table


def test_tabs_are_as_long_as_their_bars():
    for name, text in latin_styles.GROOVES.items():
        rows = [row.split()[1] for row in text.strip().splitlines()]
        lengths = {len(bar) for row in rows for bar in row.split("|")}
        assert len(lengths) == 1 and lengths <= {8, 16}, name
        assert {row.count("|") for row in rows} == {1 if len(rows[0]) == 17 else 0}, name
        assert set("".join(rows)) <= set("Xxo.|"), name
    for table, marks in (("BASS_LINES", "rR3567fwna.-|"), ("FIGURES", "x0123456789.-|"), ("RHYTHMS", "x.-|")):
        for name, text in getattr(latin_styles, table).items():
            assert {len(bar) for bar in text.split("|")} <= {8, 16} and set(text) <= set(marks), name


def test_drums_are_those_of_general_midi_2_and_each_is_heard():
    for drum, key in latin_styles.DRUMS.items():
        assert 27 <= key <= 87, drum
        stroke = composition.Note(0.05, 0.3, key, 100)
        alone = render_score(Score(120.0, 0, 0.0, (Part("drums", "standard", 100, (stroke,)),)), 0.5)
        assert np.sqrt(np.mean(alone**2)) > 1e-4, drum


def test_fills_are_played_on_drums_that_exist():
    for groove, drums in latin_styles.FILLS.items():
        assert groove in latin_styles.GROOVES and drums and set(drums) <= set(everything("DRUMS"))


def test_hand_drummers_play_neither_toms_nor_cymbals():
    kit = {everything("DRUMS")[drum] for drum in ("snare", "hitom", "midtom", "lowtom", "crash")}
    for genre, groove in (("salsa", "salsa cascara"), ("bachata", "bachata derecho"), ("forro", "baiao")):
        for seed in range(10):
            _, score = composed(genre, seed, groove=groove)
            assert not kit & {note.pitch for note in score.parts[0].notes}


def test_tempi_are_the_dances():
    for genre, style in LATIN_STYLES.items():
        low, high = style.tempo
        assert 60 <= low < high <= 220 and high / low < 1.8, genre
    middle = {genre: np.mean(style.tempo) for genre, style in LATIN_STYLES.items()}
    assert 120 <= LATIN_STYLES["merengue"].tempo[0] and LATIN_STYLES["merengue"].tempo[1] <= 160
    assert min(middle, key=middle.get) == "bolero" and max(middle, key=middle.get) == "salsa"


def test_genres_share_their_sounds():
    """No single instrument or figure gives a genre away: of what a genre may choose, more than half is shared."""
    users: Counter[str] = Counter()
    own = {}
    for genre, style in LATIN_STYLES.items():
        own[genre] = {instrument for layer in style.layers for instrument in layer.instruments}
        users.update(own[genre])
    for genre, instruments in own.items():
        assert sum(users[i] > 1 for i in instruments) > 0.7 * len(instruments), genre
        for layer in LATIN_STYLES[genre].layers:
            assert users[layer.instruments[0]] > 1, genre
    assert users["Accordion"] >= 5


# The rhythms, as percussionists count them: steps from 0, sixteen a bar (salsa: eight)

TWO_SIDE, THREE_SIDE = {2, 4}, {0, 3, 6}
SIGNATURES = [
    ("axe", "samba-reggae", "surdo", {4, 12}),
    ("axe", "galope", "kick", {0, 4, 8, 12}),
    ("bachata", "bachata derecho", "guira", {0, 2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15}),
    ("bachata", "bachata derecho", "lobongo", {12, 14}),
    ("bolero", "bolero cinquillo", "rim", {0, 2, 3, 5, 6, 8, 10, 12, 14}),
    ("bolero", "bolero martillo", "lobongo", {12}),
    ("forro", "baiao", "zabumba", {0, 3, 8, 11}),
    ("forro", "baiao", "triangle", {2, 6, 10, 14}),
    ("gaucha", "vanera", "snare", {3, 4, 6, 11, 12, 14}),
    ("merengue", "merengue derecho", "tambora", {6, 7, 14, 15}),
    ("pagode", "pagode teleco-teco", "tamborim", {0, 2, 4, 5, 7, 9, 11, 13, 14}),
    ("pagode", "partido alto", "surdo", {4, 12}),
    ("sertaneja", "batidao", "kick", {0, 4, 8, 12}),
]


def check_bars(played: list[set[int]], expected: list[set[int]], steps: int) -> None:
    """Every bar is as expected; the last of four may end in a fill, and soft strokes may be left out elsewhere."""
    assert len(played) >= 4
    for bar, struck in enumerate(played):
        want = expected[bar % len(expected)]
        last_beat = {step for step in range(steps) if step >= steps * 3 // 4}
        if bar % composition.SECTION_BARS == composition.SECTION_BARS - 1:
            assert struck - last_beat == want - last_beat
        else:
            assert struck == want


@pytest.mark.parametrize("groove", LATIN_STYLES["salsa"].grooves)
@pytest.mark.parametrize("seed", range(5))
def test_the_son_clave_stands_where_it_must(groove, seed):
    bar_s, score = in_strict_time("salsa", seed, groove=groove)
    check_bars(drum_steps(score, bar_s, 8, "claves"), [TWO_SIDE, THREE_SIDE], 8)


def test_cascara_tumbao_and_bongo_bell_fit_the_clave():
    bar_s, score = in_strict_time("salsa", 0, groove="salsa cascara")
    check_bars(drum_steps(score, bar_s, 8, "shell"), [{0, 2, 4, 5, 7}, {0, 2, 3, 5, 7}], 8)
    check_bars(drum_steps(score, bar_s, 8, "conga"), [{6, 7}], 8)
    bar_s, score = in_strict_time("salsa", 0, groove="salsa bells")
    check_bars(drum_steps(score, bar_s, 8, "cowbell"), [{0, 2, 3, 4, 6, 7}], 8)


@pytest.mark.parametrize("figure", ["montuno", "montuno chords"])
def test_the_montuno_is_on_the_beat_on_the_two_side_only(figure):
    bars = [{stroke.beat * 2 for stroke in bar} for bar in notation.tab(latin_styles.FIGURES[figure])]
    assert bars == [{0, 2, 3, 5, 7}, {1, 3, 5, 7}]


def test_the_bass_tumbao_waits_for_two_and_a_half_and_four():
    chosen = habits.draw(LATIN_STYLES["salsa"], generator("latin test", "salsa", 1))
    layers = (replace(chosen.layers[0], figure="tumbao"), *chosen.layers[1:])
    bar_s, score = in_strict_time("salsa", 1, layers=layers)
    bass = next(part for part in score.parts if part.role == "bass")
    assert {round(note.start / bar_s * 8) % 8 for note in bass.notes} == {3, 6}


def test_both_directions_of_the_clave_occur():
    """2-3 or 3-2: whether a two-bar harmony begins where the clave has two strokes or three."""
    begins_on_two_side = []
    for seed in range(60):
        chosen = habits.draw(LATIN_STYLES["salsa"], generator("latin test", "salsa", seed))
        bar_s, score = in_strict_time("salsa", seed, progression="I|IV", tonic=0, layers=chosen.layers)
        bass = next(part for part in score.parts if part.role == "bass")
        lowest = {
            min(n.pitch for n in bass.notes if bar * bar_s <= n.start + 0.01 < (bar + 1) * bar_s) % 12 for bar in (0, 2)
        }
        begins_on_two_side.append(bool(lowest & {0, 7}))
    assert 12 < sum(begins_on_two_side) < 48


@pytest.mark.parametrize(("genre", "groove", "drum", "steps"), SIGNATURES)
def test_signature_strokes(genre, groove, drum, steps):
    assert groove in LATIN_STYLES[genre].grooves
    bar_s, score = in_strict_time(genre, 0, groove=groove)
    check_bars(drum_steps(score, bar_s, 16, drum), [steps], 16)


def test_tango_has_no_drums_and_marches_in_four():
    for seed in range(40):
        chosen, score = composed("tango", seed)
        assert chosen.groove == "" and all(part.role != "drums" for part in score.parts)
    for table in (latin_styles.BASS_LINES, latin_styles.FIGURES):
        assert [stroke.beat for stroke in notation.tab(table["marcato"])[0]] == [0, 1, 2, 3]
        assert [stroke.beat for stroke in notation.tab(table["three three two"])[0]] == [0, 1.5, 3]
    assert [stroke.beat for stroke in notation.tab(latin_styles.BASS_LINES["habanera"])[0]] == [
        0,
        0.75,
        1,
        1.5,
        2,
        2.75,
        3,
        3.5,
    ]


def test_all_others_have_drums():
    for genre in set(GENRES) - {"tango"}:
        assert composed(genre, 0)[1].parts[0].role == "drums"


# What is composed


@settings(max_examples=100, deadline=None)
@given(genre=st.sampled_from(GENRES), seed=st.integers(0, 2**32 - 1))
def test_every_style_composes(genre, seed):
    chosen, score = composed(genre, seed)
    low, high = LATIN_STYLES[genre].tempo
    assert low <= chosen.tempo_bpm <= high
    end = score.excerpt_start_s + SECONDS
    keys = set(everything("DRUMS").values())
    for part in score.parts:
        assert all(note.end > note.start >= 0 and 1 <= note.velocity <= 127 for note in part.notes)
        if part.role == "drums":
            assert {note.pitch for note in part.notes} <= keys
        else:
            assert all(21 <= note.pitch <= 108 for note in part.notes)
        if part.role != "melody":  # a tune pauses
            bar_s = 4 * 60 / score.tempo_bpm
            starts = np.array([note.start for note in part.notes])
            played = starts[(starts > score.excerpt_start_s) & (starts < end)]
            gaps = np.diff([score.excerpt_start_s, *np.sort(played), end])
            assert gaps.max() < 1.2 * bar_s, f"the {part.role} leave a bar empty"
    assert [part.role for part in score.parts].count("bass") == 1


@pytest.mark.parametrize("genre", GENRES)
def test_instruments_stay_within_reach(genre):
    notes: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    for seed in range(15):
        for part in composed(genre, seed)[1].parts:
            if part.instrument in REACH:
                low, high = REACH[part.instrument]
                notes[f"{part.role} {part.instrument}"] += len(part.notes)
                outside[f"{part.role} {part.instrument}"] += sum(not low <= n.pitch <= high for n in part.notes)
    assert notes
    assert {name: outside[name] / n for name, n in notes.items() if outside[name] > 0.1 * n} == {}


@pytest.mark.parametrize("genre", GENRES)
def test_each_is_heard(genre):
    """Every part sounds, and the mix comes out at everybody's loudness without long holes."""
    _, score = composed(genre, 3)
    start = round(score.excerpt_start_s * production.SAMPLE_RATE)
    n_samples = round(SECONDS * production.SAMPLE_RATE)
    seconds = (start + n_samples) / production.SAMPLE_RATE
    for part in score.parts:
        if any(score.excerpt_start_s < note.start < score.excerpt_start_s + SECONDS for note in part.notes):
            alone = render_score(replace(score, parts=(part,)), seconds)[start:]
            assert np.sqrt(np.mean(alone**2)) > 1e-3, part.instrument
    dry = render_score(score, seconds)
    wave = production.produce(dry, production.NEUTRAL, start, n_samples, generator("latin test noise"))
    assert -20 < 20 * np.log10(np.sqrt(np.mean(wave**2))) < -15
    windows = wave[: len(wave) // 5000 * 5000].reshape(-1, 5000)  # 0.23 s
    assert (np.sqrt(np.mean(windows**2, axis=1)) > 0.003).mean() > 0.95
