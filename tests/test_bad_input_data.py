"""Bad data is refused in one sentence that names the culprit and the remedy."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from music_adversaries import audio, cache
from music_adversaries.audio import sources
from music_adversaries.book import datasets
from music_adversaries.book.datasets import gtzan_mini, synthetic
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest
from music_adversaries.errors import InputError

RATE = 22_050


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of its own for every test, and no setting of the person who runs it."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    for name in ("DATASET", "PROFILE", "FOLDER", "GTZAN_MINI"):
        monkeypatch.delenv(f"MUSIC_ADVERSARIES_{name}", raising=False)


def refused(*words: str):
    """Expect an InputError of one sentence that holds all the words."""
    return pytest.raises(InputError, match="".join(f"(?=.*{re.escape(word)})" for word in words) + r"[^\n]*\.$")


def noise(n: int = RATE) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(n)).astype(np.float32)


# files


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> None:
    soundfile.write(path, samples, rate, subtype="FLOAT")


def with_one(value: float) -> np.ndarray:
    samples = noise()
    samples[7] = value
    return samples


BAD_FILES = {
    "missing": (lambda path: None, ("does not exist", "check the file's name")),
    "folder": (lambda path: path.mkdir(), ("is a folder",)),
    "empty": (lambda path: path.touch(), ("is empty",)),
    "text": (lambda path: path.write_text("hello " * 1_000), ("is not audio", "WAV, FLAC, OGG, MP3")),
    "random bytes": (lambda path: path.write_bytes(np.random.default_rng(1).bytes(50_000)), ("is not audio",)),
    "half a header": (lambda path: path.write_bytes(audio.to_wav_bytes(noise())[:20]), ("is not audio",)),
    "damaged": (
        lambda path: path.write_bytes(audio.to_flac_bytes(noise())[:20_000]),
        ("is damaged", "copy or download it again"),
    ),
    "no samples": (lambda path: write(path, noise(0)), ("holds no samples",)),
    "silent": (lambda path: write(path, 0 * noise()), ("is silent",)),
    "silent with 16 bits": (lambda path: write(path, 1e-6 * noise()), ("is silent",)),
    "NaN": (lambda path: write(path, with_one(np.nan)), ("1 samples that are NaN or infinite", "sample 7")),
    "infinite": (lambda path: write(path, with_one(np.inf)), ("NaN or infinite",)),
    "one frame less a sample": (lambda path: write(path, noise(1_023)), ("too short", "1,023", "1,024")),
    "too short once resampled": (lambda path: write(path, noise(2_000), 44_100), ("too short", "1,000")),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files(tmp_path, case):
    make, words = BAD_FILES[case]
    path = tmp_path / "the recording.wav"
    make(path)
    with refused(str(path), *words):
        audio.read(path)


def test_raw_samples_are_not_audio(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(5_000))
    with refused("a.raw", "is not audio"):
        audio.read(tmp_path / "a.raw")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    audio.write_wav(tmp_path / "a.wav", noise())
    monkeypatch.setattr(sources, "open", denied, raising=False)  # root, who runs CI, may read everything
    with refused("a.wav", "Permission denied", "check its permissions"):
        audio.read(tmp_path / "a.wav")


def test_exactly_one_frame_is_enough(tmp_path):
    write(tmp_path / "a.wav", noise(1_024))
    assert len(audio.read(tmp_path / "a.wav").waveform) == 1_024


def test_a_start_after_the_end(tmp_path):
    write(tmp_path / "a.wav", noise())
    with refused("a.wav", "ends after 1.00 s", "earlier start"):
        audio.read(tmp_path / "a.wav", start_s=2)


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_length_that_makes_no_sense(tmp_path, value):
    write(tmp_path / "a.wav", noise())
    with refused("max_seconds", "above 0"):
        audio.read(tmp_path / "a.wav", max_seconds=value)


# arrays


@pytest.mark.parametrize(
    ("waveform", "words"),
    [
        (np.zeros((2, RATE), np.float32), ("shape [2, 22050]", "one channel")),
        (np.float32(0.5), ("shape []",)),
        (np.ones(RATE, np.int16), ("int16", "floating-point")),
        (noise(100), ("too short", "100")),
        (0 * noise(), ("silent",)),
        (with_one(np.nan), ("NaN", "sample 7")),
    ],
)
def test_bad_waveforms(waveform, words):
    with refused("excerpt blues.00000", *words):
        audio.check_waveform(waveform, "excerpt blues.00000")


def test_more_samples_may_be_asked_for():
    with refused("the waveform", "too short", "51,712"):
        audio.check_waveform(noise(), min_samples=51_712)


@pytest.mark.parametrize("waveform", [with_one(np.nan), with_one(-np.inf), np.zeros((2, 4)), np.ones(9, int)])
def test_what_cannot_be_written_is_refused_and_leaves_no_file(tmp_path, waveform):
    with refused("the waveform"):
        audio.write_wav(tmp_path / "a.wav", waveform)
    assert not list(tmp_path.iterdir())


# writing


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_no_file_and_keeps_the_old_one(tmp_path, monkeypatch):
    audio.write_wav(tmp_path / "old.wav", noise())
    before = (tmp_path / "old.wav").read_bytes()
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    for name in ("old.wav", "new.wav"):
        with refused(name, "No space left on device", "free some space"):
            audio.write_wav(tmp_path / name, 2 * noise())
    assert [path.name for path in tmp_path.iterdir()] == ["old.wav"]
    assert (tmp_path / "old.wav").read_bytes() == before


def test_an_interrupted_write_leaves_no_file(tmp_path, monkeypatch):
    def interrupted(path, content):
        with open(path, "wb") as file:
            file.write(content[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        audio.write_wav(tmp_path / "a.wav", noise())
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").touch()
    with refused(str(tmp_path / "out" / "a.wav"), "could not be written"):
        audio.write_wav(tmp_path / "out" / "a.wav", noise())


def read_only(monkeypatch):
    """Make every folder read-only, for root too, who may write anywhere."""

    def mkstemp(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(cache.tempfile, "mkstemp", mkstemp)


# manifests


def row(**changes: object) -> dict[str, object]:
    return dict.fromkeys(COLUMNS, "") | {"excerpt": "a", "path": "a.wav", "label": "jazz"} | changes


BAD_ROWS = {
    "duplicate id": ({"excerpt": "first"}, "excerpt", "repeats the id of row 2"),
    "empty id": ({"excerpt": " "}, "excerpt", "is empty"),
    "empty path": ({"path": ""}, "path", "is empty"),
    "empty label": ({"label": ""}, "label", "is empty"),
    "absolute path": ({"path": "/music/a.wav"}, "path", "leaves the dataset's folder"),
    "path with a drive": ({"path": "C:\\music\\a.wav"}, "path", "leaves the dataset's folder"),
    "path that climbs": ({"path": "jazz/../../a.wav"}, "path", "leaves the dataset's folder"),
    "start in words": ({"start_s": "soon"}, "start_s", "'soon' is not a number"),
    "negative start": ({"start_s": "-1"}, "start_s", "0 or more"),
    "start nan": ({"start_s": "nan"}, "start_s", "not a number"),
    "infinite duration": ({"duration_s": "inf"}, "duration_s", "above 0"),
    "no duration": ({"duration_s": "0"}, "duration_s", "above 0"),
    "bare checksum": ({"checksum": "d41d8cd98f00b204e9800998ecf8427e"}, "checksum", "sha256: or md5:"),
    "short checksum": ({"checksum": "md5:d41d8cd98f"}, "checksum", "is not a checksum"),
    "other algorithm": ({"checksum": "crc32:d41d8cd9"}, "checksum", "is not a checksum"),
    "unknown fault": ({"fault": "ugly"}, "fault", "'ugly' is not a known fault"),
    "fault of nothing": ({"fault": "replica_of:"}, "fault", "replica_of:ID"),
    "bad part": ({"split": "validation"}, "split", "'validation' is not a part"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_named_with_column_and_reason(tmp_path, case):
    change, column, reason = BAD_ROWS[case]
    table = pd.DataFrame([row(excerpt="first", split="train"), row(split="", **{})])
    table.loc[1, list(change)] = list(change.values())
    table.to_csv(tmp_path / "m.csv", index=False)
    with refused("m.csv", "row 3", f"column {column}", reason):
        Manifest.read(tmp_path / "m.csv")


def test_the_rows_above_are_otherwise_good(tmp_path):
    pd.DataFrame([row(excerpt="first", split="train"), row(split="")]).to_csv(tmp_path / "m.csv", index=False)
    assert len(Manifest.read(tmp_path / "m.csv")) == 2


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_column(tmp_path, column):
    pd.DataFrame([row()]).drop(columns=column).to_csv(tmp_path / "m.csv", index=False)
    with refused("m.csv", f"lacks the column {column}", "add it"):
        Manifest.read(tmp_path / "m.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("is empty",)),
        (",".join(COLUMNS).encode(), ("has no rows",)),
        (b"path,label\na.wav,jazz,rock\n", ("row 2 has 3 cells under 2 headings", "quotes")),
        (b"path,label\na.wav\n", ("row 2 has 1 cells",)),
        (b"path,label,label\na.wav,b,b\n", ("two columns called 'label'",)),
        (b"path,label,\na.wav,b,b\n", ("a column without a heading",)),
        (b'path,label\n"a.wav,b\n', ("is not a CSV table",)),
        ("path,label\nä.wav,b\n".encode("latin-1"), ("UTF-8",)),
        (b"\x00\x01\x02", ("m.csv",)),
        (b"path;label\na.wav;jazz\n", ("lacks the column", "path;label")),
    ],
)
def test_bad_tables(tmp_path, content, words):
    (tmp_path / "m.csv").write_bytes(content)
    with refused("m.csv", *words):
        Manifest.read(tmp_path / "m.csv")


def test_a_missing_manifest(tmp_path):
    with refused("nowhere.csv", "does not exist"):
        Manifest.read(tmp_path / "nowhere.csv")


# names


def test_an_unknown_dataset():
    with refused("'gtzan-minni'", "did you mean 'gtzan-mini'?", "synthetic, synthetic-latin, gtzan-mini, gtzan"):
        datasets.load("gtzan-minni")
    for function in (datasets.get, datasets.check):
        with refused("'ballroom'", "synthetic, synthetic-latin, gtzan-mini, gtzan"):
            function("ballroom")


def test_an_unknown_profile(monkeypatch):
    with refused("'fast'", "quick, full"):
        datasets.load("synthetic", profile="fast")
    monkeypatch.setenv("MUSIC_ADVERSARIES_PROFILE", "ful")
    with refused("'ful'", "did you mean 'full'?"):
        datasets.from_environment()


def test_a_path_for_synthetic_is_not_ignored(tmp_path):
    with refused("synthetic", str(tmp_path), "needs no path"):
        datasets.load("synthetic", path=tmp_path)


# datasets


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A stand-in for gtzan-mini: three WAV files and their manifest; returns the folder."""
    home = tmp_path / "copy"
    rows = []
    for number in range(3):
        path = home / f"jazz.0000{number}.wav"
        audio.write_wav(path, (number + 1) / 4 * noise())
        rows.append(
            row(excerpt=path.stem, path=f"jazz/{path.name}", checksum=f"sha256:{datasets.base.file_digest(path)}")
        )
    table = Manifest.of("gtzan-mini", pd.DataFrame(rows))
    monkeypatch.setattr(gtzan_mini, "manifest", lambda: table)
    return home


def test_an_unknown_excerpt(copy):
    dataset = datasets.load("gtzan-mini", path=copy, progress=False)
    with refused("excerpt 'jazz.0002'", "did you mean 'jazz.00002'?"):
        dataset.load("jazz.0002")


def test_a_missing_file(copy):
    (copy / "jazz.00001.wav").unlink()
    with refused("jazz.00001", "is missing", "--from PATH"):
        datasets.load("gtzan-mini", path=copy, progress=False)
    report = datasets.check("gtzan-mini", path=copy, progress=False)
    assert [(problem.excerpt, problem.reason) for problem in report.problems] == [("jazz.00001", "missing")]


def test_a_wrong_checksum(copy):
    audio.write_wav(copy / "jazz.00001.wav", 0.9 * noise())
    with refused(str(copy / "jazz.00001.wav"), "does not match its checksum"):
        datasets.load("gtzan-mini", path=copy, progress=False)
    report = datasets.check("gtzan-mini", path=copy, progress=False)
    assert [problem.path.name for problem in report.problems] == ["jazz.00001.wav"]


def test_a_file_that_goes_bad_after_it_was_verified(copy):
    dataset = datasets.load("gtzan-mini", path=copy, progress=False)
    (copy / "jazz.00002.wav").write_bytes(b"RIFF")
    with refused(str(copy / "jazz.00002.wav"), "does not match its checksum"):
        dataset.load("jazz.00002")
    (copy / "jazz.00002.wav").unlink()
    with refused(str(copy / "jazz.00002.wav"), "missing"):
        dataset.load("jazz.00002")


def test_an_empty_folder_names_a_few_files_only(copy, tmp_path):
    (tmp_path / "empty").mkdir()
    with refused("holds no excerpt of gtzan-mini", "jazz.00000", str(tmp_path / "empty")):
        datasets.get("gtzan-mini", path=tmp_path / "empty", progress=False)
    with refused("is not a folder"):
        datasets.get("gtzan-mini", path=tmp_path / "nowhere", progress=False)


def test_a_bad_copy_is_not_remembered(copy):
    (copy / "jazz.00001.wav").unlink()
    with pytest.raises(InputError):
        datasets.get("gtzan-mini", path=copy, progress=False)
    with refused("no copy of gtzan-mini is known", "--from"):
        datasets.check("gtzan-mini", progress=False)


def test_a_half_written_memory_is_not_believed(copy, tmp_path):
    datasets.get("gtzan-mini", path=copy, progress=False)
    for file in (tmp_path / "cache" / "datasets").glob("*.json"):
        file.write_text(file.read_text()[:-20])
    with refused("no copy"):
        datasets.check("gtzan-mini", progress=False)
    audio.write_wav(copy / "jazz.00001.wav", 0.9 * noise())
    with refused("does not match its checksum"):
        datasets.load("gtzan-mini", path=copy, progress=False)


def test_a_read_only_cache_costs_time_but_not_the_music(copy, monkeypatch):
    read_only(monkeypatch)
    dataset = datasets.load("gtzan-mini", path=copy, progress=False)
    assert len(dataset.load("jazz.00000")) == RATE
    assert "verified each time" in dataset.notes[""][0]
    with refused("cannot be remembered", "MUSIC_ADVERSARIES_CACHE"):
        datasets.get("gtzan-mini", path=copy, progress=False)


def test_synthetic_music_needs_a_cache_it_can_write(monkeypatch):
    monkeypatch.setattr(synthetic.excerpts, "excerpt_ids", lambda shape="gtzan": ["blues.00000"])
    read_only(monkeypatch)
    with refused("could not be written", "MUSIC_ADVERSARIES_CACHE"):
        datasets.load("synthetic", progress=False)


def test_synthetic_music_that_was_not_generated_cannot_be_checked():
    with refused("has not been generated", "music-adversaries data get synthetic"):
        datasets.check("synthetic")


# folder


@pytest.fixture
def music(tmp_path):
    home = tmp_path / "music"
    audio.write_wav(home / "fado" / "one.wav", noise())
    audio.write_wav(home / "polka" / "two.wav", noise())
    return home


def test_folder_needs_a_path(tmp_path):
    with refused("'folder' needs a path", "MUSIC_ADVERSARIES_FOLDER"):
        datasets.load("folder")
    with refused("nowhere", "does not exist"):
        datasets.load("folder", path=tmp_path / "nowhere")
    (tmp_path / "song.wav").touch()
    with refused("song.wav", "neither a folder nor a CSV"):
        datasets.load("folder", path=tmp_path / "song.wav")


def test_one_label_is_not_enough(music):
    (music / "polka" / "two.wav").unlink()
    with refused(str(music), "one label only, 'fado'", "at least two"):
        datasets.load("folder", path=music, progress=False)


def test_an_empty_folder(tmp_path):
    (tmp_path / "music" / "jazz").mkdir(parents=True)
    with refused("music", "no sound files in folders"):
        datasets.load("folder", path=tmp_path / "music", progress=False)


@pytest.mark.parametrize(("content", "word"), [(b"", "is empty"), (b"no sound" * 99, "is not audio")])
def test_a_bad_file_in_a_folder_is_named_before_anything_runs(music, content, word):
    (music / "polka" / "bad.mp3").write_bytes(content)
    with refused(str(music / "polka" / "bad.mp3"), word):
        datasets.load("folder", path=music, progress=False)


def test_a_silent_file_in_a_folder_is_named_when_it_is_read(music):
    audio.write_wav(music / "polka" / "silent.wav", 0 * noise())
    with refused(str(music / "polka" / "silent.wav"), "is silent"):
        datasets.load("folder", path=music, progress=False).load_all(progress=False)


def test_music_in_a_format_not_read_is_not_left_out_in_silence(music):
    (music / "polka" / "song.m4a").write_bytes(b"music")
    said = "left out: 1 music file in a format not read here, .m4a (polka/song.m4a); convert them to WAV or FLAC"
    assert datasets.load("folder", path=music, progress=False).left_out == (said,)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("path,genre\nfado/one.wav,fado", ("lacks the column label", "path, genre")),
        ("path,label\nfado/one.wav,fado\nfado/none.wav,polka", ("row 3", "none.wav", "does not exist")),
        ("path,label\nfado/one.wav,fado\n,polka", ("row 3", "column excerpt", "is empty")),
        ("path,label\nfado/one.wav,fado\npolka/two.wav,", ("row 3", "column label", "is empty")),
        ("path,label,excerpt\nfado/one.wav,fado,a\npolka/two.wav,polka,a", ("row 3", "repeats the id of row 2")),
        ("path,label,start_s\nfado/one.wav,fado,0\npolka/two.wav,polka,60", ("row 3", "start_s", "ends after 1.00 s")),
        ("path,label,split\nfado/one.wav,fado,train\npolka/two.wav,polka,tst", ("row 3", "'tst' is not a part")),
        (
            f"path,label,checksum\nfado/one.wav,fado,md5:{'0' * 32}\npolka/two.wav,polka,",
            ("one.wav", "does not match its checksum"),
        ),
    ],
)
def test_bad_csv_of_ones_own(music, lines, words):
    (music / "list.csv").write_text(lines)
    with refused("music", *words):
        datasets.load("folder", path=music / "list.csv", progress=False)
