"""Finding replicas and damage: what must not change the result, and how many planted faults are found."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from music_adversaries import audio
from music_adversaries.book import datasets, faults
from music_adversaries.book.datasets import synthetic
from music_adversaries.book.datasets.base import Dataset
from music_adversaries.book.datasets.manifest import Manifest
from music_adversaries.book.faults import alignment, distortion, exact, finder, fingerprint
from music_adversaries.errors import InputError
from real_audio import gtzan_mini_or_skip

RATE = 22_050
SIX = 6 * RATE


class InMemory(Dataset):
    """A dataset of waveforms, which needs no files."""

    waveforms: dict[str, np.ndarray]

    def load(self, excerpt: str) -> np.ndarray:
        if not self.waveforms[excerpt].any():
            raise InputError(f"{excerpt} is silent; give a recording with sound in it.")
        return self.waveforms[excerpt]


def in_memory(waveforms: dict[str, np.ndarray], planted: dict[str, str] | None = None) -> InMemory:
    columns = ("artist", "title", "start_s", "duration_s", "checksum", "licence", "source")
    rows = [
        {"excerpt": e, "path": f"{e}.wav", "label": "music", "fault": (planted or {}).get(e, "")}
        | dict.fromkeys(columns, "")
        for e in waveforms
    ]
    manifest = Manifest.of("planted", pd.DataFrame(rows)).validate()
    dataset = InMemory("planted", "quick", manifest, {e: Path(e) for e in waveforms})
    dataset.waveforms = waveforms
    return dataset


def find(waveforms: dict[str, np.ndarray], planted: dict[str, str] | None = None) -> faults.FaultReport:
    return faults.find(in_memory(waveforms, planted), workers=1)


def coded(waveform: np.ndarray, container: str, subtype: str, level: float) -> np.ndarray:
    """Through a lossy codec and back."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", RATE, 1, format=container, subtype=subtype, compression_level=level) as file:
        for start in range(0, len(waveform), 4096):  # libsndfile overflows its stack on long writes of OGG
            file.write(waveform[start : start + 4096])
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")[0]


def mp3(waveform: np.ndarray, level: float = 0.8) -> np.ndarray:
    return coded(waveform, "MP3", "MPEG_LAYER_III", level)


def ogg(waveform: np.ndarray, level: float = 0.8) -> np.ndarray:
    return coded(waveform, "OGG", "VORBIS", level)


@pytest.fixture(scope="module")
def recordings() -> dict[str, np.ndarray]:
    """Twenty recordings of half a minute, two by one artist of each genre: the likest that there are."""
    ids = [f"{genre}.{number:05d}" for genre in synthetic.GENRES for number in (8, 9)]
    return {excerpt: synthetic.render(excerpt, "full", faults=False) for excerpt in ids}


@pytest.fixture(scope="module")
def piece(recordings) -> np.ndarray:
    return recordings["jazz.00008"]


def cut(recording: np.ndarray, start_s: float = 2.0, seconds: float = 6.0) -> np.ndarray:
    start = round(start_s * RATE)
    return recording[start : start + round(seconds * RATE)]


# What is planted


def test_planted_replicas_are_found_and_nothing_else(recordings):
    """The issue asks for precision and recall of 0.95 for exact and recording replicas."""
    rng = np.random.default_rng(4)
    copies = itertools.cycle(
        (
            lambda r, s: 0.3 * cut(r),
            lambda r, s: cut(r, 2 + s),
            lambda r, s: mp3(cut(r)),
            lambda r, s: ogg(0.5 * cut(r, 2 + s)),
            lambda r, s: -mp3(cut(r, 2 - s / 2)),
        )
    )
    names = [artist.rsplit(".", 1)[0] for artist in recordings]
    waveforms, planted = {}, {}
    for number, (excerpt, recording) in enumerate(recordings.items()):
        waveforms[excerpt] = cut(recording)
        if number % 2 == 0:
            waveforms[f"{excerpt} again"], planted[f"{excerpt} again"] = cut(recording).copy(), f"replica_of:{excerpt}"
        else:
            copy = next(copies)(recording, rng.uniform(0.5, 3))
            waveforms[f"copy of {excerpt}"], planted[f"copy of {excerpt}"] = copy, f"recording_of:{excerpt}"
    assert len(names) == 20
    dataset = in_memory(waveforms, planted)
    report = faults.find(dataset, workers=1)
    table = report.compare(dataset.manifest)
    for kind in ("replica_of", "recording_of"):
        assert table.loc[kind, "planted"] == 10
        assert table.loc[kind, "precision"] >= 0.95, report.lines()
        assert table.loc[kind, "recall"] >= 0.95, report.lines()
    assert table.loc["distorted", "found"] == 0, report.lines()


def test_half_minutes_that_share_ten_seconds_are_one_recording(recordings):
    """GTZAN's length: the later part of one is the beginning of the other."""
    one, other = recordings["rock.00008"], recordings["rock.00009"]
    long = np.concatenate([one, other])  # a minute; both excerpts hold its seconds 20 to 30
    report = find({"a": cut(long, 0, 30), "b": 0.4 * mp3(cut(long, 20, 30)), "c": recordings["pop.00008"]})
    (pair,) = report.recordings
    assert (pair.first, pair.second) == ("a", "b")
    assert pair.offset_s == pytest.approx(20, abs=0.06)  # an MP3 begins with 50 ms of padding, in some decoders
    assert pair.overlap_s == pytest.approx(10, abs=0.2)


def test_every_planted_damage_is_found(recordings):
    rng = np.random.default_rng(7)
    waveforms, planted = {}, {}
    for number, (excerpt, recording) in enumerate(recordings.items()):
        whole = cut(recording)
        if number % 2:
            planted[excerpt] = "distorted"
            whole = (clipped, holed, noisy)[number // 2 % 3](whole, 0.2, rng)
        waveforms[excerpt] = whole
    dataset = in_memory(waveforms, planted)
    table = faults.find(dataset, workers=1).compare(dataset.manifest)
    assert table.loc["distorted", ["planted", "precision", "recall"]].tolist() == [10, 1, 1]


@pytest.mark.real_audio
def test_real_music_is_left_alone_and_replicas_among_it_are_found():
    dataset = datasets.load("gtzan-mini", path=gtzan_mini_or_skip(), progress=False)
    some = {excerpt: dataset.load(excerpt)[: 15 * RATE] for excerpt in dataset.excerpts[::5]}
    planted = {}
    for number, excerpt in enumerate(list(some)[::2]):
        whole = dataset.load(excerpt)
        copy = 0.5 * mp3(whole[5 * RATE : 20 * RATE]) if number % 2 else whole[: 15 * RATE].copy()
        some[f"copy of {excerpt}"] = copy
        planted[f"copy of {excerpt}"] = f"{'recording_of' if number % 2 else 'replica_of'}:{excerpt}"
    mixed = in_memory(some, planted)
    report = faults.find(mixed, workers=1)
    table = report.compare(mixed.manifest)
    assert table.loc["replica_of", ["planted", "precision", "recall"]].tolist() == [5, 1, 1], report.lines()
    assert table.loc["recording_of", ["planted", "precision", "recall"]].tolist() == [5, 1, 1], report.lines()
    assert not report.distorted


# What makes two excerpts one recording, and what does not


@settings(max_examples=12, deadline=None)
@given(
    gain=st.floats(0.02, 1.0),
    turned=st.booleans(),
    shift_s=st.floats(-1.9, 3.0),
    codec=st.sampled_from([None, mp3, ogg]),
)
def test_gain_polarity_shift_and_codec_change_nothing(piece, gain, turned, shift_s, codec):
    copy = cut(piece, 2 + shift_s)
    copy = copy if codec is None else codec(copy)
    report = find({"a": cut(piece), "b": (-gain if turned else gain) * copy})
    if report.replicas:  # the very same samples
        assert codec is None and not turned
        return
    (pair,) = report.recordings
    assert pair.offset_s == pytest.approx(shift_s, abs=0.06)
    assert pair.score > 0.9 and pair.unevenness_db < finder.ONE_PRODUCTION_DB


@pytest.mark.parametrize("speed", [0.997, 1.003])
def test_a_copy_may_run_a_little_fast_or_slow(piece, speed):
    fast = soxr.resample(piece, RATE * speed, RATE).astype(np.float32)
    (pair,) = find({"a": cut(piece), "b": cut(fast)}).recordings
    assert pair.speed == pytest.approx(speed, abs=2e-4)


def test_another_artists_production_of_a_performance_is_no_replica():
    own = synthetic.render("country.00008", faults=False)
    recipe = synthetic.recipe(faults=False)
    others = recipe.loc[recipe["label"] == "country", "artist"].unique()[-3:]
    versions = {name: synthetic.rerender("country.00008", name, faults=False) for name in others}
    report = find({"own": own} | versions)
    assert not report.recordings and not report.replicas
    assert report.clusters() == []
    assert all(fault.startswith("version_of:") for fault in report.table()["fault"])


def test_two_pieces_with_one_drum_loop_are_two_recordings(recordings):
    """The very same samples of a drum loop at the same places, under different music of the same level."""
    rng = np.random.default_rng(1)
    stroke = rng.standard_normal(4000) * np.exp(-np.arange(4000) / 600)
    loop = np.zeros(RATE // 2)
    for place, level in ((0, 1.0), (2756, 0.3), (5512, 0.7), (8268, 0.3)):
        loop[place : place + 2700] += level * stroke[:2700]
    drums = np.tile(loop, 12)[:SIX]
    pieces = {}
    for excerpt in ("blues.00008", "disco.00008", "jazz.00008"):
        music = cut(recordings[excerpt])
        beat = drums / np.sqrt(np.mean(drums**2)) * np.sqrt(np.mean(music**2))
        pieces[excerpt] = (0.5 * (music + beat)).astype(np.float32)
    # They do share landmarks, or the test would show nothing.
    assert fingerprint.candidates([fingerprint.landmarks(waveform) for waveform in pieces.values()])
    report = find(pieces)
    assert not report.recordings and not report.versions, report.lines()


def test_silence_in_common_is_nothing_in_common(recordings):
    quiet = {}
    for excerpt in ("metal.00008", "pop.00008"):
        quiet[excerpt] = cut(recordings[excerpt]).copy()
        quiet[excerpt][RATE:] = 0
    report = find(quiet)
    assert not report.recordings and not report.versions
    assert len(fingerprint.landmarks(np.zeros(SIX, np.float32)).keys) == 0


def test_noise_has_nothing_in_common_with_noise():
    rng = np.random.default_rng(0)
    noise = {f"{n}": (0.1 * rng.standard_normal(SIX)).astype(np.float32) for n in range(6)}
    report = find(noise)
    assert not report.recordings and not report.versions


def test_candidates_need_no_audio_in_common_to_be_none():
    empty = fingerprint.landmarks(np.zeros(0, np.float32))
    assert fingerprint.candidates([]) == []
    assert fingerprint.candidates([empty, empty]) == []


@given(
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=60),
    budget=st.integers(1, 10_000),
)
def test_landmarks_are_kept_from_the_rarest_on_until_memory_is_full(sizes, budget):
    limit = fingerprint._common(np.array(sizes), budget)
    kept = [n for n in sizes if n <= limit]
    assert limit <= fingerprint.COMMON
    assert limit == 2 or sum(n * (n - 1) // 2 for n in kept) <= budget


def test_too_little_overlap_is_no_alignment(piece):
    a, b = cut(piece, 0), cut(piece, 5.5)
    assert alignment.align(a, b, round(5.5 * RATE)) is None
    assert alignment.align(a, b, 10 * RATE) is None


# Exact replicas


@given(st.lists(st.sampled_from("abcd"), min_size=2, max_size=12))
def test_groups_hold_what_is_the_same_and_only_that(letters):
    checksums = {f"{number:02d}": letter for number, letter in enumerate(letters)}
    groups = exact.groups(checksums)
    together = {pair for group in groups for pair in itertools.combinations(group, 2)}
    expected = {pair for pair in itertools.combinations(sorted(checksums), 2) if len({checksums[e] for e in pair}) == 1}
    assert together == expected


def test_the_checksum_is_of_the_sound(piece):
    zeros = np.zeros(4, np.float32)
    assert exact.checksum(zeros) == exact.checksum(-zeros)
    nearly = piece.copy()
    nearly[1000] += 1 / 32768
    assert exact.checksum(nearly) != exact.checksum(piece)
    assert exact.checksum(piece[::2].copy()) == exact.checksum(piece[::2])


@pytest.fixture
def folder(tmp_path, monkeypatch, recordings):
    """Files of two labels: a WAV, its FLAC, a copy 1 s later, other music, something short."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "music"
    one = recordings["reggae.00008"]
    audio.write_wav(home / "x" / "one.wav", cut(one))
    soundfile.write(home / "x" / "same.flac", np.rint(cut(one) * 32768).astype(np.int16), RATE)
    (home / "y").mkdir()
    audio.write_wav(home / "y" / "later.wav", cut(one, 3))
    audio.write_wav(home / "y" / "other.wav", cut(recordings["hiphop.00008"]))
    audio.write_wav(home / "y" / "short.wav", cut(recordings["hiphop.00009"], 2, 0.5))
    return home


def test_a_wav_file_and_its_flac_are_replicas(folder):
    report = faults.find(datasets.load("folder", path=folder, progress=False))
    ((one, same),) = report.replicas
    assert {one, same} == {"x.one", "x.same"}
    assert [len(group) for group in report.clusters()] == [3]
    assert report.sentence().endswith(
        "1 exact replica, 1 recording replica and 0 distorted excerpts among 5 excerpts; 1 left out."
    )


def test_what_cannot_be_looked_at_is_left_out_by_name(folder):
    dataset = datasets.load("folder", path=folder, progress=False)
    (folder / "y" / "other.wav").unlink()
    report = faults.find(dataset)
    reasons = {excerpt.split(".")[-1]: reason for excerpt, reason in report.left_out}
    assert set(reasons) == {"short", "other"}
    assert "0.50 s is too short for a fingerprint" in reasons["short"]
    assert "missing" in reasons["other"]
    assert any(line.startswith("left out: ") for line in report.lines())


def test_several_processes_report_what_one_does(folder, monkeypatch):
    dataset = datasets.load("folder", path=folder, progress=False)
    alone = faults.find(dataset, workers=1)
    monkeypatch.setattr(finder, "_WORTH_A_PROCESS", 1)
    assert faults.find(dataset, workers=2) == alone


def test_too_few_excerpts_are_refused(piece):
    with pytest.raises(InputError, match="planted has 1 excerpt"):
        find({"only": cut(piece)})
    with pytest.raises(InputError, match="no excerpt of planted can be read; of the first: a is silent"):
        find({"a": np.zeros(SIX, np.float32), "b": np.zeros(SIX, np.float32)})


# The report


@pytest.fixture(scope="module")
def family(recordings) -> dict[str, np.ndarray]:
    """Three stretches of one recording, one of them twice, and a stranger that is clipped."""
    one = recordings["metal.00008"]
    stranger = clipped(cut(recordings["blues.00009"]), 0.2, np.random.default_rng(0))
    return {"c": cut(one, 2), "b": cut(one, 3.5), "d": cut(one, 2).copy(), "a": cut(one, 5), "z": stranger}


def test_the_order_of_rows_is_irrelevant(family):
    report = find(family)
    for order in (sorted(family), sorted(family, reverse=True)):
        assert find({excerpt: family[excerpt] for excerpt in order}) == report


def test_excerpts_of_one_recording_are_one_cluster(family):
    report = find(family)
    assert report.clusters() == [("a", "b", "c", "d")]
    table = report.table()
    assert table["excerpt"].tolist() == ["b", "c", "d", "z"]
    assert table["fault"].tolist() == ["recording_of:a", "recording_of:a", "replica_of:c", "distorted"]
    assert table["evidence"].str.len().gt(0).all()
    assert len(report.lines()) == len(table) + 1
    assert all(pair.first < pair.second for pair in report.recordings)


def test_the_sign_of_an_offset_does_not_depend_on_the_names(piece):
    early, late = cut(piece, 2), cut(piece, 3)
    (forward,) = find({"a": early, "b": late}).recordings
    (backward,) = find({"a": late, "b": early}).recordings
    assert forward.offset_s == pytest.approx(1, abs=1e-3)
    assert backward.offset_s == pytest.approx(-1, abs=1e-3)
    assert "beginning 1.000 s later" in forward.evidence and "beginning 1.000 s earlier" in backward.evidence


@pytest.mark.parametrize(
    "planted",
    [
        {"d": "replica_of:c", "b": "recording_of:a", "c": "recording_of:a", "z": "distorted"},
        {"c": "replica_of:d", "a": "recording_of:b", "b": "recording_of:c", "z": "distorted"},
    ],
)
def test_whichever_the_manifest_calls_the_original(family, planted):
    table = find(family, planted).compare(in_memory(family, planted).manifest)
    assert table["precision"].tolist() == table["recall"].tolist() == [1, 1, 1]
    assert (table["precision_low"] < 1).all() and (table["precision_high"] == 1).all()


def test_comparison_counts_what_is_wrong_and_what_is_missed():
    pair = faults.Pair("a", "b", 0.0, 6.0, 1.0, 1.0, 0.0, 1.0)
    report = faults.FaultReport(
        "x", 8, replicas=(("c", "d"), ("e", "f")), recordings=(pair,), distorted=(faults.Distorted("a", "static", 0.5),)
    )
    nothing = np.zeros(1, np.float32)
    planted = {"d": "replica_of:c", "h": "replica_of:g", "b": "version_of:a", "g": "distorted"}
    table = report.compare(in_memory(dict.fromkeys("abcdefgh", nothing), planted).manifest)
    assert table.loc["replica_of", ["planted", "found", "right", "recalled"]].tolist() == [2, 2, 1, 1]
    assert table.loc["recording_of", ["planted", "found", "right"]].tolist() == [0, 1, 0]
    assert np.isnan(table.loc["recording_of", "recall"])
    assert table.loc["distorted", ["precision", "recall"]].tolist() == [0, 0]


# Damage


def clipped(waveform: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """So large a share of the samples cut off, at 0.6 of full scale."""
    ceiling = np.quantile(np.abs(waveform), 1 - share)
    return np.round(np.clip(waveform / ceiling, -1, 1) * 0.6 * 32768).astype(np.float32) / 32768


def gaps(n_samples: int, share: float, rng: np.random.Generator) -> list[slice]:
    """Gaps of 50 ms that do not touch, in so large a share of the time."""
    gap = RATE // 20
    chosen = rng.choice(n_samples // (2 * gap), round(share * n_samples / gap), replace=False)
    starts = [2 * gap * int(slot) + int(rng.integers(gap // 2)) for slot in chosen]
    return [slice(start, start + gap) for start in starts]


def holed(waveform: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """So large a share of the time muted."""
    broken = waveform.copy()
    for gap in gaps(len(waveform), share, rng):
        broken[gap] = 0
    return broken


def noisy(waveform: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Noise as loud as the music over so large a share of it."""
    stretch = round(share * len(waveform))
    broken = waveform.copy()
    broken[-stretch:] += (np.sqrt(np.mean(waveform**2)) * rng.standard_normal(stretch)).astype(np.float32)
    return np.clip(broken, -1, 1)


def stretches(steps: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last sample of the longest stretches in which neighbours differ by at most so many steps."""
    last = np.append(np.flatnonzero(np.abs(np.diff(steps)) > most), len(steps) - 1)
    return np.append(0, last[:-1] + 1), last


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.005, 0.3), seed=st.integers(0, 19))
@example(share=0.015625, seed=6)  # disco: of 2,069 samples cut off, 611 are seen
def test_clipped_samples_are_counted(recordings, share, seed):
    """No share of those cut off can be promised: where all peaks are narrow (cymbals), each leaves one or two samples,
    which is what any peak looks like. What is seen follows from the shape of what is left.
    """
    waveform = clipped(cut(list(recordings.values())[seed]), share, np.random.default_rng(seed))
    counted = round(distortion.clipped_share(waveform) * SIX)
    steps = np.rint(32768 * waveform).astype(int)
    largest = np.abs(steps) == np.abs(steps).max()
    # Three or more equal ones at the top are a plateau. It is surely no smooth peak where one of its ends is a jump,
    # and the neighbours of both are lower by more than a step, so that it ends there for every measure.
    first, last = stretches(steps, 0)
    inside = largest[first] & (last - first >= 2) & (first > 0) & (last < SIX - 1)
    first, last = first[inside], last[inside]
    falls = np.abs(steps[first] - steps[[first - 1, last + 1]])
    seen = np.sum((last - first + 1)[(falls.min(axis=0) > 1) & (falls.max(axis=0) >= 16)])
    # And nothing is counted that is not level, to a step, for three samples.
    first, last = stretches(steps, 1)
    level = np.sum((last - first + 1)[last - first >= 2])
    assert seen <= counted <= level
    if seen >= distortion.LIMITS["clipping"] * SIX:
        assert "clipping" in [damage.kind for damage in distortion.distortions(waveform)]


def test_clipping_below_full_scale_and_a_few_clipped_peaks(piece):
    whole = cut(piece, seconds=20)
    rng = np.random.default_rng(0)
    assert distortion.clipped_share(0.25 * clipped(whole, 0.05, rng)) > distortion.LIMITS["clipping"]
    assert distortion.clipped_share(clipped(whole, 0.0005, rng)) < distortion.LIMITS["clipping"]


@pytest.mark.parametrize("hertz", [30, 60, 440, 5000])
def test_pure_tones_are_not_clipped(hertz):
    tone = np.sin(2 * np.pi * hertz * np.arange(SIX) / RATE)
    for level in (1, 0.1):
        waveform = np.round(32767 * level * tone).astype(np.float32) / 32768
        assert distortion.clipped_share(waveform) < distortion.LIMITS["clipping"]


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.01, 0.3), seed=st.integers(0, 19))
@example(share=0.01, seed=17)  # the one gap stands beside a rest
@example(share=0.0167, seed=9)  # one of the two does
def test_muted_time_is_measured(recordings, share, seed):
    """A gap in the midst of sound is measured whole. One beside a rest is no fault that could be told from the rest."""
    whole = cut(list(recordings.values())[seed])
    holes = gaps(len(whole), share, np.random.default_rng(seed))
    broken = holed(whole, share, np.random.default_rng(seed))
    measured = distortion.muted_share(broken)
    level = np.sqrt(np.mean(broken.astype(float) ** 2))
    sound, edge = np.abs(broken) >= 0.1001 * level, 33  # samples, 1.5 ms
    amidst = [hole for hole in holes if sound[hole.start - edge : hole.start].any() and sound[hole.stop :][:edge].any()]
    quiet = np.count_nonzero(np.abs(broken) <= max(1.25 / 32768, 0.00317 * level))  # at -50 dB, in gaps or elsewhere
    assert sum(hole.stop - hole.start for hole in amidst) <= round(measured * len(whole)) <= quiet


def test_rests_fades_and_silent_ends_are_no_dropouts(piece):
    whole = cut(piece).copy()
    whole[: RATE // 2] = 0  # begins late
    whole[-RATE // 2 :] = 0  # ends early
    fade = np.linspace(1, 0, RATE)
    whole[2 * RATE : 3 * RATE] *= fade
    whole[3 * RATE : 4 * RATE] = 0  # a rest, after which it begins at full level
    assert distortion.muted_share(whole) == 0


def test_static_is_noise_or_clicks_but_not_drums(recordings):
    rng = np.random.default_rng(3)
    limit = distortion.LIMITS["static"]
    for recording in recordings.values():
        whole = cut(recording)
        assert distortion.static_share(whole) < limit
        assert distortion.static_share(noisy(whole, 0.5, rng)) > 0.2
        crackling = whole.copy()
        crackling[rng.choice(SIX, 180, replace=False)] = 0.95
        assert distortion.static_share(crackling) > limit


@pytest.mark.parametrize("n_samples", [0, 1, 511, 1024])
def test_measures_of_next_to_nothing(n_samples):
    waveform = np.full(n_samples, 0.1, np.float32)
    assert distortion.clipped_share(waveform) == distortion.muted_share(waveform) == 0
    assert distortion.static_share(waveform) == 0
    assert fingerprint.landmarks(waveform).n_frames == 0
