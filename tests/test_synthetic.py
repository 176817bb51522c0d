"""The synthetic dataset: what it promises about its excerpts, its artists and its knobs."""

from __future__ import annotations

import errno
import inspect
import json
import subprocess
import sys

import numpy as np
import pretty_midi
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from

from music_adversaries.book.datasets import synthetic
from music_adversaries.book.datasets.manifest import Manifest
from music_adversaries.book.datasets.synthetic import (
    artists,
    damage,
    excerpts,
    generation,
    habits,
    notation,
    planted,
    production,
    shapes,
    styles,
)
from music_adversaries.book.datasets.synthetic.excerpts import Settings
from music_adversaries.book.datasets.synthetic.randomness import generator
from music_adversaries.errors import InputError

ONE_A_GENRE = [f"{genre}.{7 * place:05d}" for place, genre in enumerate(synthetic.GENRES[:5])] + [
    f"{genre}.{39 - place:05d}" for place, genre in enumerate(synthetic.GENRES[5:])
]
THREE = ["jazz.00000", "metal.00001", "jazz.00001"]


@pytest.fixture(scope="module")
def table():
    """The dataset as it is shipped, with its faults."""
    return synthetic.recipe()


@pytest.fixture(scope="module")
def sound():
    """The dataset without faults."""
    return synthetic.recipe(faults=False)


@pytest.fixture(scope="module")
def rendered():
    """One excerpt a genre, without faults."""
    return {excerpt: synthetic.render(excerpt, faults=False) for excerpt in ONE_A_GENRE}


def faulty(table, kind):
    """The rows with that fault, and the ids of their originals."""
    kinds = table["fault"].str.partition(":")
    rows = table[kinds[0] == kind]
    return rows, kinds[2][rows.index].tolist()


# The recipe


def test_ten_genres_of_forty_excerpts_by_ten_artists(sound):
    assert tuple(sound["label"].unique()) == synthetic.GENRES
    assert len(synthetic.GENRES) == 10
    assert (sound.groupby("label").size() == 40).all()
    assert (sound.groupby("label")["artist"].nunique() == 10).all()
    assert (sound.groupby("artist").size() == 4).all()
    assert (sound.groupby("artist")["label"].nunique() == 1).all()
    assert (sound.groupby("artist")["title"].nunique() == 4).all()
    assert set(sound["fault"]) == {""}


def test_ids_and_paths_follow_the_label(table, sound):
    same = ["excerpt", "path", "label", "start_s", "duration_s"]
    assert table[same].equals(sound[same])
    assert table["excerpt"].is_unique and table["path"].is_unique
    assert (table["path"] == table["label"] + "/" + table["excerpt"] + ".wav").all()
    assert (table["excerpt"].str.rpartition(".")[0] == table["label"]).all()


def test_the_recipe_is_a_valid_manifest(table):
    manifest = Manifest.of("synthetic", table).validate()
    assert manifest.labels == synthetic.GENRES and len(manifest) == 400


def test_profiles_differ_in_duration_only(table):
    full = synthetic.recipe("full")
    assert set(table["duration_s"]) == {6.0} and set(full["duration_s"]) == {30.0}
    same = ["excerpt", "path", "label", "artist", "title", "fault"]
    assert full[same].equals(table[same])
    assert not set(full["checksum"]) & set(table["checksum"])


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"production_strength": 0.5},
        {"production_genre_correlation": 0.5},
        {"habit_strength": 0.5},
        {"faults": False},
    ],
)
def test_every_setting_changes_every_checksum(table, change):
    assert not set(synthetic.recipe(**change)["checksum"]) & set(table["checksum"])


def test_checksums_are_distinct_and_repeatable(table):
    assert table["checksum"].is_unique
    assert table["checksum"].str.fullmatch(r"recipe:[0-9a-f]{64}").all()
    for function in (excerpts.excerpt, excerpts._artist, planted.plan):
        function.cache_clear()
    assert synthetic.recipe().equals(table)


def test_the_checksum_covers_code_and_renderer(monkeypatch):
    piece = excerpts.excerpt("pop.00000", Settings())
    before = piece.checksum()
    monkeypatch.setattr(excerpts, "renderer_version", lambda: {"renderer": "another"})
    other_renderer = piece.checksum()
    monkeypatch.setattr(excerpts.source, "code_version", lambda *modules: "another")
    assert len({before, other_renderer, piece.checksum()}) == 3


def test_another_seed_is_another_dataset():
    one, two = (synthetic.render("rock.00000", seed=seed, faults=False) for seed in (1, 2))
    assert not np.array_equal(one, two)


# Audio


def test_length_grid_and_level(rendered):
    for excerpt, waveform in rendered.items():
        assert waveform.dtype == np.float32 and waveform.shape == (132_300,), excerpt
        grid = waveform.astype(np.float64) * 32768
        assert np.array_equal(grid, np.round(grid)), f"{excerpt} is not on the 16-bit grid"
        assert np.abs(waveform).max() <= production.PEAK + 1 / 32768, f"{excerpt} has no headroom"
        rms_dbfs = 20 * np.log10(np.sqrt(np.mean(waveform.astype(np.float64) ** 2)))
        assert -30 < rms_dbfs < -10, f"{excerpt} lies at {rms_dbfs:.1f} dBFS"


def test_excerpts_neither_begin_nor_end_in_silence(rendered):
    for excerpt, waveform in rendered.items():
        rms = np.sqrt(np.mean(waveform**2))
        for edge in (waveform[:22_050], waveform[-22_050:]):
            assert np.sqrt(np.mean(edge**2)) > 0.05 * rms, excerpt


def test_the_full_profile_has_thirty_seconds():
    assert synthetic.render("classical.00000", "full").shape == (661_500,)


def test_the_same_whatever_was_rendered_before(rendered):
    for excerpt in reversed(ONE_A_GENRE[::3]):
        assert np.array_equal(synthetic.render(excerpt, faults=False), rendered[excerpt])


# Production: the confound


def test_a_fingerprint_never_learns_the_genre():
    for own in excerpts.artists(Settings()):
        other = artists.artist(synthetic.DEFAULT_SEED, own.number, synthetic.GENRES[9 - own.number // 10])
        assert other.genre != own.genre and other.habits != own.habits
        assert other.production == own.production
    assert set(inspect.signature(production.latent_fingerprint).parameters) == {"seed", "artist_number"}


def test_fingerprints_differ_between_artists():
    assert len({a.production for a in excerpts.artists(Settings())}) == 100
    assert len({a.name for a in excerpts.artists(Settings())}) == 100


def test_without_strength_every_production_is_neutral():
    for correlation in (0.0, 1.0):
        settings = Settings(production_strength=0, production_genre_correlation=correlation)
        assert {a.production for a in excerpts.artists(settings)} == {production.NEUTRAL}


def test_a_response_is_equaliser_lift_and_band_limits():
    """Written out with powers and decibels; SciPy's spline is shared."""
    from scipy.interpolate import CubicSpline

    made = production.Production.from_latent(np.random.default_rng(5).standard_normal(production.LATENT_SIZE))
    hz = np.geomspace(1, 11_025, 500)
    inside = np.clip(hz, production.EQUALISER_HZ[0], production.EQUALISER_HZ[-1])
    spline = CubicSpline(np.log(production.EQUALISER_HZ), made.equaliser_db, bc_type="natural")
    above = np.clip(np.log2(hz / production.LIFT_FROM_HZ), 0, production.LIFT_OCTAVES)
    low_pass = 1 / np.sqrt(1 + (hz / made.low_pass_hz) ** 8)
    high_pass = 1 / np.sqrt(1 + (made.high_pass_hz / hz) ** 4)
    expected = 10 ** ((spline(np.log(inside)) + production.LIFT_DB * above) / 20) * low_pass * high_pass
    np.testing.assert_allclose(made.response(hz), expected, rtol=1e-12)
    assert made.response(np.zeros(1)) == made.response(np.ones(1))  # no logarithm of nothing


def test_strength_moves_a_production_away_from_neutral():
    for number in range(0, 100, 9):
        gains = [
            np.linalg.norm(artists.artist(3, number, "pop", strength).production.equaliser_db)
            for strength in (0, 0.3, 1)
        ]
        assert gains == sorted(gains) and gains[0] == 0 < gains[1] < gains[2]


def test_full_correlation_gives_a_genre_one_production():
    productions = {}
    for artist in excerpts.artists(Settings(production_genre_correlation=1)):
        productions.setdefault(artist.genre, set()).add(artist.production)
    assert all(len(shared) == 1 for shared in productions.values())
    assert len(set().union(*productions.values())) == 10


def test_correlation_is_what_it_says_and_keeps_the_population(monkeypatch):
    """Read the latent points themselves, for more genres of artists than the dataset has."""
    points = {}
    monkeypatch.setattr(
        production.Production, "from_latent", classmethod(lambda cls, latent: points.setdefault(len(points), latent))
    )
    for number in range(600):
        production.fingerprint(7, number, str(number // 2), genre_correlation=0.5)
    pairs = np.array([points[n] for n in range(600)]).reshape(300, 2, -1)
    assert np.corrcoef(pairs[:, 0].ravel(), pairs[:, 1].ravel())[0, 1] == pytest.approx(0.5, abs=0.05)
    assert pairs.std() == pytest.approx(1, abs=0.03)


def test_the_neutral_point_is_the_middle_of_every_range():
    for name, (low, middle, high) in production.RANGES.items():
        assert getattr(production.NEUTRAL, name) == middle
        assert low < middle < high
    assert set(production.NEUTRAL.equaliser_db) == {0.0}


@pytest.mark.parametrize("size", [-8.0, -1.0, 1.0, 8.0])
def test_productions_stay_in_range(size):
    extreme = production.Production.from_latent(np.full(production.LATENT_SIZE, size))
    for name, (low, _, high) in production.RANGES.items():
        assert low <= getattr(extreme, name) <= high
    gains = extreme.response(np.linspace(0, 11_025, 513))
    assert np.isfinite(gains).all() and (gains >= 0).all()


def test_rerendering_changes_the_production_and_nothing_else(sound, rendered):
    excerpt = ONE_A_GENRE[-1]
    own = sound.set_index("excerpt").loc[excerpt, "artist"]
    other = sound.loc[sound["label"] == "classical", "artist"].iloc[0]
    assert np.array_equal(synthetic.rerender(excerpt, artist=own, faults=False), rendered[excerpt])
    changed = synthetic.rerender(excerpt, artist=other, faults=False)
    assert changed.shape == rendered[excerpt].shape and not np.array_equal(changed, rendered[excerpt])
    # The strokes stay where they are: the loudness of the two rises and falls together.
    assert np.corrcoef(envelope(changed), envelope(rendered[excerpt]))[0, 1] > 0.8
    piece = excerpts.excerpt(excerpt, Settings())
    again = excerpts.produced_by(piece, other)
    assert again.score() == piece.score() and again.artist.production != piece.artist.production
    # Without fingerprints it does not matter who records.
    neutral = {"production_strength": 0.0, "faults": False}
    assert np.array_equal(synthetic.rerender(excerpt, other, **neutral), synthetic.render(excerpt, **neutral))


def envelope(waveform):
    """Level in steps of 50 ms, in dB."""
    frames = waveform[: len(waveform) // 1102 * 1102].reshape(-1, 1102)
    return 10 * np.log10(np.mean(frames.astype(float) ** 2, axis=1) + 1e-6)


def test_production_leaves_the_notes_alone():
    for change in ({"production_strength": 0.0}, {"production_genre_correlation": 1.0}):
        assert (
            excerpts.excerpt("disco.00012", Settings(**change)).score()
            == excerpts.excerpt("disco.00012", Settings()).score()
        )


# Music


def test_without_habits_an_artist_leaves_no_mark_on_the_notes():
    style = styles.STYLES["country"]
    own = habits.draw(style, generator("own"))
    for number in range(20):
        stranger = habits.draw(style, generator("stranger", number))
        assert habits.mixed(stranger, own, 0.0, generator("choices", number)) == own


def test_habits_make_an_artists_pieces_alike():
    def shared(strength):
        """How many of an artist's four pieces are in its favourite key, over all artists."""
        knobs = Settings(habit_strength=strength, faults=False)
        pieces = [excerpts.excerpt(excerpt, knobs) for excerpt in excerpts.excerpt_ids()]
        return sum(piece.habits.tonic == piece.artist.habits.tonic for piece in pieces)

    none, all_of_it = shared(0.0), shared(1.0)
    assert none < 60 < all_of_it  # one key in twelve by chance: 33 of 400


def test_everything_the_styles_name_exists():
    for style in styles.STYLES.values():
        for chords in style.progressions:
            assert notation.progression(chords)
        for groove in style.grooves:
            assert set(notation.drum_tab(styles.GROOVES[groove])) <= set(styles.DRUMS)
        assert set(style.kits) <= set(styles.KITS) and set(style.scales) <= set(notation.SCALES)
        for layer in style.layers:
            figures = {"bass": styles.BASS_LINES, "chords": styles.FIGURES, "melody": styles.RHYTHMS}[layer.role]
            for figure in layer.figures:
                assert notation.tab(figures[figure])
            for instrument in layer.instruments:
                assert pretty_midi.instrument_name_to_program(instrument) in range(128)


def test_genres_share_their_sounds():
    """No instrument gives its genre away: of those that a genre's first choices are, most are shared."""
    users = {}
    for genre, style in styles.STYLES.items():
        for layer in style.layers:
            for instrument in layer.instruments:
                users.setdefault(instrument, set()).add(genre)
    for genre in ("blues", "country", "pop", "rock", "reggae"):
        own = {i for layer in styles.STYLES[genre].layers for i in layer.instruments}
        assert sum(len(users[i]) > 1 for i in own) > len(own) / 2


@pytest.mark.parametrize("genre", synthetic.GENRES)
def test_players_play_in_time(genre):
    score = excerpts.excerpt(f"{genre}.00003", Settings(faults=False)).score()
    notes = [note for part in score.parts for note in part.notes]
    assert all(note.end > note.start >= 0 and 1 <= note.velocity <= 127 for note in notes)
    starts = np.array([note.start for note in notes])
    # The piece neither begins nor ends inside the excerpt.
    assert starts.min() < score.excerpt_start_s < score.excerpt_start_s + 6 < max(note.end for note in notes)
    if styles.STYLES[genre].rubato == 0:
        # Where in its beat a note starts: a quarter of the beat holds most of them. Evenly spread, it holds a quarter.
        counts, _ = np.histogram((starts * score.tempo_bpm / 60 + 1 / 48) % 1, bins=24, range=(0, 1))
        assert np.sort(counts)[-6:].sum() > 0.6 * len(starts)


def test_genres_keep_to_their_tempi():
    for excerpt in ONE_A_GENRE:
        piece = excerpts.excerpt(excerpt, Settings(faults=False))
        low, high = styles.STYLES[piece.artist.genre].tempo
        assert 0.85 * low < piece.habits.tempo_bpm < 1.15 * high


# Faults


def test_faults_stand_in_the_shares_told_of_gtzan(table):
    counts = table["fault"].str.partition(":")[0].value_counts().to_dict()
    del counts[""]
    assert counts == {kind: round(0.4 * n) for kind, n in shapes.GTZAN_FAULTS.items()}


@settings(max_examples=40, deadline=None)
@given(seed=integers(0, 2**32), name=sampled_from(sorted(shapes.SHAPES)))
def test_a_plan_of_faults_is_sane_whatever_the_seed(seed, name):
    outline, faults = shapes.SHAPES[name], planted.plan(seed, name)
    kinds = [fault.kind for fault in faults.values()]
    assert {kind: kinds.count(kind) for kind in outline.faults} == outline.faults and set(kinds) <= set(outline.faults)
    originals = [fault.original for fault in faults.values() if fault.original]
    assert len(set(originals)) == len(originals), "two excerpts repeat one"
    assert not set(originals) & set(faults), "an original is faulty itself"
    for excerpt, fault in faults.items():
        label = shapes.label_of(excerpt)
        if fault.original:
            assert shapes.label_of(fault.original) == label
        if fault.kind == "recording_of":
            assert fault.shift or fault.gain_db or fault.lossy, "it would be an exact replica"
            assert 0 <= fault.shift <= 5 / 12
        if fault.kind == "version_of":
            assert outline.places[excerpt][0] != outline.places[fault.original][0]
        assert (fault.kind == "mislabelled") == (fault.player is not None)
        if fault.player is not None:
            assert outline.artist_genres[fault.player] != label
    for ids in outline.excerpts_of_artists.values():
        assert len(set(ids) & set(faults)) <= max(1, len(ids) // 4) and not set(ids) <= set(faults)


def test_another_seed_has_other_faults():
    assert set(planted.plan(1, "gtzan")) != set(planted.plan(2, "gtzan"))


def test_what_is_not_faulty_is_what_it_is_without_faults(table, sound):
    whole = table["fault"] == ""
    same = ["excerpt", "label", "artist", "title"]
    assert table.loc[whole, same].equals(sound.loc[whole, same])
    original = faulty(table, "replica_of")[1][0]
    assert np.array_equal(synthetic.render(original), synthetic.render(original, faults=False))


def test_an_exact_replica_is_the_same_audio(table):
    rows, originals = faulty(table, "replica_of")
    by_id = table.set_index("excerpt")
    for row, original in zip(rows.itertuples(), originals, strict=True):
        assert by_id.loc[original, ["label", "artist", "title"]].tolist() == [row.label, row.artist, row.title]
        assert by_id.loc[original, "checksum"] != row.checksum
    for excerpt, original in list(zip(rows["excerpt"], originals, strict=True))[:2]:
        assert np.array_equal(synthetic.render(excerpt), synthetic.render(original))


def test_a_recording_replica_is_the_same_performance(table):
    rows, originals = faulty(table, "recording_of")
    by_id = table.set_index("excerpt")
    done = set()
    for row, original in zip(rows.itertuples(), originals, strict=True):
        assert by_id.loc[original, ["label", "artist", "title"]].tolist() == [row.label, row.artist, row.title]
        fault = excerpts.excerpt(row.excerpt, Settings()).fault
        done.add((fault.shift > 0, fault.gain_db < 0, fault.lossy))
        one, other = synthetic.render(original).astype(float), synthetic.render(row.excerpt).astype(float)
        assert one.shape == other.shape and not np.array_equal(one, other)
        lag = round(fault.shift * 6 * 22_050)
        assert 0.5 * 22_050 <= lag <= 2.5 * 22_050 or lag == 0
        one, other = one[lag:], other[: len(other) - lag]
        assert np.corrcoef(one, other)[0, 1] > 0.95, f"{row.excerpt} is another performance"
        # The level of a shifted stretch is set anew, by a decibel or two.
        assert 20 * np.log10(other.std() / one.std()) == pytest.approx(fault.gain_db, abs=2)
    assert len(done) > 3, "of shift, gain and codec, hardly any combination occurs"


def test_a_version_is_the_same_notes_by_another_artist(table):
    rows, originals = faulty(table, "version_of")
    by_id = table.set_index("excerpt")
    for row, original in zip(rows.itertuples(), originals, strict=True):
        first = by_id.loc[original]
        assert (first["label"], first["title"]) == (row.label, row.title) and first["artist"] != row.artist
        piece, cover = (excerpts.excerpt(i, Settings()) for i in (original, row.excerpt))
        assert cover.artist.name == row.artist and cover.artist.production != piece.artist.production
        assert 0.02 < abs(cover.habits.tempo_bpm / piece.habits.tempo_bpm - 1) < 0.09
        for one, other in zip(piece.score().parts, cover.score().parts, strict=True):
            # Up to the last bars: at another tempo, the excerpt takes another number of them.
            n = int(0.8 * min(len(one.notes), len(other.notes)))
            assert one.role == other.role and n > 0
            assert sorted(map(pitch, one.notes[:n])) == sorted(map(pitch, other.notes[:n]))
        assert not np.array_equal(synthetic.render(original), synthetic.render(row.excerpt))


def pitch(note):
    return note.pitch


def test_a_mislabelled_excerpt_is_anothers_music_under_a_wrong_label(table, sound):
    genres = dict(zip(sound["artist"], sound["label"], strict=True))
    rows, _ = faulty(table, "mislabelled")
    for row in rows.itertuples():
        piece = excerpts.excerpt(row.excerpt, Settings())
        assert genres[row.artist] != row.label == piece.label
        assert piece.performance.genre == piece.artist.genre == genres[row.artist]
    elsewhere = table.index.isin(rows.index)
    assert (table.loc[~elsewhere, "artist"].map(genres) == table.loc[~elsewhere, "label"]).all()
    # It is a piece of its own.
    assert not rows.duplicated(["artist", "title"]).any()
    others = set(zip(sound["artist"], sound["title"], strict=True))
    assert not others & set(zip(rows["artist"], rows["title"], strict=True))


def at_the_limit(waveform):
    return np.mean(np.abs(waveform) == np.abs(waveform).max())


def silent_runs(waveform):
    """Lengths of runs of exact zeros that last 20 ms or longer, s."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (waveform == 0).astype(int), [0]])))
    lengths = (edges[1::2] - edges[::2]) / 22_050
    return lengths[lengths >= 0.02]


def test_distortion_can_be_measured(table, rendered):
    rows, _ = faulty(table, "distorted")
    kinds = {}
    for excerpt in rows["excerpt"]:
        kind = excerpts.excerpt(excerpt, Settings()).fault.distortion
        kinds[kind] = kinds.get(kind, 0) + 1
        broken, whole = synthetic.render(excerpt), synthetic.render(excerpt, faults=False)
        assert broken.shape == whole.shape and broken.dtype == np.float32
        if kind == "clipping":
            assert at_the_limit(broken) == pytest.approx(damage.CLIPPED, abs=0.02)
        elif kind == "dropouts":
            gaps = silent_runs(broken)
            assert 5 <= len(gaps) <= 9 and gaps.max() < 0.31
        else:
            last = slice(int(0.4 * len(whole)), None)
            added = broken[last].astype(float) - whole[last]
            # As loud as the music and more, by the crackle, and as strong in the treble as in the bass.
            assert -1 < 20 * np.log10(added.std() / whole[last].std()) < 12
            power = np.abs(np.fft.rfft(added)) ** 2
            assert power[: len(power) // 2].sum() == pytest.approx(power[len(power) // 2 :].sum(), rel=0.3)
            assert np.array_equal(broken[:100], whole[:100])
    assert set(kinds) == set(damage.DISTORTIONS)
    for waveform in rendered.values():
        assert at_the_limit(waveform) < 0.001 and not len(silent_runs(waveform))


def test_faulty_audio_keeps_the_grid_and_the_headroom(table):
    some = [*faulty(table, "distorted")[0]["excerpt"], *faulty(table, "recording_of")[0]["excerpt"]]
    for excerpt in some:
        waveform = synthetic.render(excerpt)
        grid = waveform.astype(np.float64) * 32768
        assert np.array_equal(grid, np.round(grid)) and np.abs(waveform).max() <= production.PEAK + 1 / 32768, excerpt


def test_the_lossy_codec_is_lossy_repeatable_and_fit_for_long_music():
    noise = (np.random.default_rng(0).integers(-9000, 9000, 661_500) / 32768).astype(np.float32)
    once, twice = damage.copied(noise, 0.0, True), damage.copied(noise, 0.0, True)
    assert np.array_equal(once, twice) and once.shape == noise.shape and not np.array_equal(once, noise)


def test_an_unknown_distortion_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="hiss"):
        damage.distorted(np.zeros(10, np.float32), "hiss", generator("x"))


# Files


def test_two_processes_write_what_one_does_and_need_no_main_guard(tmp_path):
    """Started from a script, as a newcomer writes it: the processes must not run the script once more."""
    script = tmp_path / "script.py"
    script.write_text(
        "from music_adversaries.book.datasets import synthetic\n"
        "synthetic.generation._WORTH_A_PROCESS = 1\n"
        f"table = synthetic.generate({str(tmp_path / 'two')!r}, only={THREE!r}, workers=2, progress=False)\n"
        "print('done', len(table))\n"
    )
    finished = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300)
    assert (finished.returncode, finished.stdout.strip()) == (0, "done 3"), finished.stderr

    table = synthetic.generate(tmp_path / "one", only=THREE[::-1], progress=False, workers=1)
    assert set(table["excerpt"]) == set(THREE)
    for row in table.itertuples():
        one, two = (tmp_path / folder / row.path for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
        samples, rate = soundfile.read(one, dtype="float32")
        assert rate == 22_050 and soundfile.info(one).subtype == "PCM_16"
        assert np.array_equal(samples, synthetic.render(row.excerpt))


def test_doses_play_once_and_give_what_each_gives_alone(tmp_path, monkeypatch):
    played = []
    real = excerpts.render_score
    monkeypatch.setattr(excerpts, "render_score", lambda *arguments: played.append(1) or real(*arguments))
    excerpts._dry.cache_clear()
    doses = {tmp_path / str(strength): {"production_strength": strength, "faults": False} for strength in (0, 0.5, 1)}
    tables = synthetic.generate_doses(doses, only=TWO, progress=False, workers=1)
    assert len(played) == len(TWO)
    assert list(tables) == list(doses)
    for folder, knobs in doses.items():
        assert tables[folder].equals(synthetic.generate(folder, only=TWO, progress=False, **knobs))
        for row in tables[folder].itertuples():
            samples, _ = soundfile.read(folder / row.path, dtype="float32")
            assert np.array_equal(samples, synthetic.render(row.excerpt, **knobs))
    # Other notes are other performances.
    synthetic.generate_doses(
        {tmp_path / "h": {"habit_strength": 0.0}, tmp_path / "i": {}}, only=TWO[:1], progress=False, workers=1
    )
    different = [soundfile.read(tmp_path / name / "blues/blues.00000.wav")[0] for name in "hi"]
    assert not np.array_equal(*different)


def test_doses_resume_one_by_one(tmp_path, spy):
    doses = {tmp_path / name: {"production_strength": strength} for name, strength in (("a", 0.0), ("b", 1.0))}
    synthetic.generate_doses(doses, only=TWO, progress=False, workers=1)
    assert spy == [TWO[0], TWO[0], TWO[1], TWO[1]]
    (tmp_path / "b/metal/metal.00001.wav").unlink()
    synthetic.generate_doses(doses, only=TWO, progress=False, workers=1)
    assert spy[4:] == [TWO[1]]


def test_doses_are_of_one_shape(tmp_path):
    with pytest.raises(InputError, match="gtzan, lmd"):
        synthetic.generate_doses({tmp_path / "a": {}, tmp_path / "b": {"shape": "lmd"}}, progress=False)


def test_turning_faults_off_is_not_mistaken_for_the_same_dataset(tmp_path, spy):
    replica = next(excerpt for excerpt, fault in planted.plan(2015, "gtzan").items() if fault.kind == "replica_of")
    synthetic.generate(tmp_path, only=[replica], progress=False)
    first = (tmp_path / f"{shapes.label_of(replica)}/{replica}.wav").read_bytes()
    synthetic.generate(tmp_path, only=[replica], progress=False, faults=False)
    assert spy == [replica, replica]
    assert (tmp_path / f"{shapes.label_of(replica)}/{replica}.wav").read_bytes() != first


@pytest.fixture
def spy(monkeypatch):
    """Names of the excerpts rendered since."""
    names = []
    real = generation.render_excerpt
    monkeypatch.setattr(generation, "render_excerpt", lambda piece: names.append(piece.excerpt) or real(piece))
    return names


TWO = ["blues.00000", "metal.00001"]


def test_finished_files_are_kept_and_damaged_ones_made_anew(tmp_path, spy):
    table = synthetic.generate(tmp_path, only=TWO, progress=False)
    assert spy == TWO
    first, second = (tmp_path / path for path in table["path"])
    whole = second.read_bytes()

    synthetic.generate(tmp_path, only=TWO, progress=False)
    assert spy == TWO, "a finished file was rendered again"

    second.write_bytes(whole[: len(whole) // 2])  # truncated
    synthetic.generate(tmp_path, only=TWO, progress=False)
    assert spy == [*TWO, TWO[1]] and second.read_bytes() == whole

    second.write_bytes(whole[:5000] + bytes(4) + whole[5004:])  # same length, other bytes
    synthetic.generate(tmp_path, only=TWO, progress=False)
    assert spy == [*TWO, TWO[1], TWO[1]] and second.read_bytes() == whole

    first.unlink()
    synthetic.generate(tmp_path, only=TWO, progress=False)
    assert spy[-1] == TWO[0] and len(spy) == 5


def test_an_interrupted_generation_resumes(tmp_path, monkeypatch):
    real = generation.render_excerpt

    def interrupted(piece):
        if piece.excerpt == TWO[1]:
            raise KeyboardInterrupt
        return real(piece)

    monkeypatch.setattr(generation, "render_excerpt", interrupted)
    with pytest.raises(KeyboardInterrupt):
        synthetic.generate(tmp_path, only=TWO, progress=False)
    rendered = []
    monkeypatch.setattr(generation, "render_excerpt", lambda piece: rendered.append(piece.excerpt) or real(piece))
    table = synthetic.generate(tmp_path, only=TWO, progress=False)
    assert rendered == [TWO[1]], "what was finished before the interruption was rendered again"
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == sorted(
        ["index.json", *(path.split("/")[1] for path in table["path"])]
    )


def test_other_settings_are_not_mistaken_for_these(tmp_path, spy):
    synthetic.generate(tmp_path, only=TWO[:1], progress=False)
    synthetic.generate(tmp_path, only=TWO[:1], progress=False, production_strength=0)
    assert spy == [TWO[0], TWO[0]]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"blues/blues.00000.wav": 3}', "\x00\x01", "[" * 100_000])
def test_a_damaged_index_costs_a_rendering_and_no_more(tmp_path, spy, content):
    synthetic.generate(tmp_path, only=TWO[:1], progress=False)
    (tmp_path / generation.INDEX).write_text(content)
    synthetic.generate(tmp_path, only=TWO[:1], progress=False)
    assert len(spy) == 2
    assert list(json.loads((tmp_path / generation.INDEX).read_text())) == ["blues/blues.00000.wav"]


def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("music_adversaries.cache.Path.replace", full)
    with pytest.raises(InputError, match="No space left"):
        synthetic.generate(tmp_path, only=TWO[:1], progress=False)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ({"profile": "huge"}, "huge"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"production_strength": 2}, "production_strength"),
        ({"production_strength": float("nan")}, "production_strength"),
        ({"production_genre_correlation": -0.1}, "production_genre_correlation"),
        ({"habit_strength": "much"}, "habit_strength"),
        ({"faults": "none"}, "faults"),
        ({"shape": "square"}, "square"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, culprit):
    with pytest.raises(InputError, match=culprit):
        synthetic.recipe(**arguments)


@pytest.mark.parametrize(
    "excerpt", ["", "blues", "blues.00040", "blues.0", "polka.00000", "blues.-0001", "blues.00000.wav"]
)
def test_unknown_excerpts_are_refused(excerpt):
    with pytest.raises(InputError, match="no excerpt"):
        synthetic.render(excerpt)


def test_unknown_artists_are_refused():
    with pytest.raises(InputError, match="no artist"):
        synthetic.rerender("blues.00000", artist="Nobody")
