"""Manifests and the three ways in which music arrives."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import pytest
import soundfile

from music_adversaries import audio
from music_adversaries.book import datasets
from music_adversaries.book.datasets import base, folder, gtzan_mini, manifest, synthetic, synthetic_dataset
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest
from music_adversaries.errors import InputError
from real_audio import gtzan_mini_or_skip

MANIFESTS = Path(__file__).resolve().parents[1] / "data_manifests"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of its own for every test, and no setting of the person who runs it."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    for name in ("DATASET", "PROFILE", "FOLDER", "GTZAN_MINI"):
        monkeypatch.delenv(f"MUSIC_ADVERSARIES_{name}", raising=False)


def tone(hertz: float, seconds: float = 0.2) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 22_050)) / 22_050)).astype(np.float32)


@pytest.fixture
def music(tmp_path):
    """Somebody's own music: two labels, nested folders, two formats."""
    home = tmp_path / "music"
    audio.write_wav(home / "fado" / "one.wav", tone(200))
    audio.write_wav(home / "fado" / "live" / "one.wav", tone(300))
    audio.write_wav(home / "polka" / "two.wav", tone(400))
    soundfile.write(home / "polka" / "two.flac", np.stack([tone(500)] * 2, axis=1), 22_050)
    return home


@pytest.fixture
def tiny_mini(tmp_path, monkeypatch):
    """A stand-in for gtzan-mini: the same shape, four tones, in a folder with WAV files; returns the folder."""
    home = tmp_path / "copy"
    rows = []
    for number, label in enumerate(("blues", "blues", "rock", "rock")):
        excerpt = f"{label}.0000{number}"
        path = home / label / f"{excerpt}.wav"
        audio.write_wav(path, tone(200 + 50 * number))
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        rows.append({"excerpt": excerpt, "path": f"{label}/{excerpt}.wav", "label": label, "checksum": f"md5:{md5}"})
    table = Manifest.of("gtzan-mini", pd.DataFrame(rows).reindex(columns=list(COLUMNS), fill_value=""))
    monkeypatch.setattr(gtzan_mini, "manifest", lambda: table)
    return home


def state_of(name: str) -> str:
    """What the list of datasets says about one."""
    return next(info.state for info in datasets.available() if info.name == name)


def few(monkeypatch, excerpts=("blues.00000", "rock.00001")):
    """Let the synthetic dataset be two excerpts."""
    monkeypatch.setattr(synthetic.excerpts, "excerpt_ids", lambda shape="gtzan": list(excerpts))


# manifests


def test_a_manifest_survives_writing_and_reading(tmp_path):
    first = Manifest.read(MANIFESTS / "gtzan-mini.csv")
    first.write(tmp_path / "gtzan-mini.csv")
    second = Manifest.read(tmp_path / "gtzan-mini.csv")
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.name == second.name == "gtzan-mini"
    assert first.sha == second.sha
    assert (tmp_path / "gtzan-mini.csv").read_bytes() == (MANIFESTS / "gtzan-mini.csv").read_bytes()


def test_any_change_of_content_changes_the_hash():
    first = Manifest.read(MANIFESTS / "gtzan-mini.csv")
    table = first.table.copy()
    table.loc[3, "artist"] = "Somebody Else"
    assert Manifest.of(first.name, table).sha != first.sha


def test_text_is_stripped_and_blanks_are_filled(tmp_path):
    lines = [",".join([*COLUMNS, "split"]), "a,a.wav, jazz ,, ,,,,,,,train", "b,b.wav,rock,,,1.5,2,,,,,"]
    (tmp_path / "m.csv").write_text("\ufeff" + "\n".join(lines) + "\n\n", encoding="utf-8")
    read = Manifest.read(tmp_path / "m.csv")
    assert read.labels == ("jazz", "rock")
    assert read.partitions == ("split",)
    assert read.table["artist"].tolist() == ["", ""]
    assert read.table["start_s"].tolist() == [0.0, 1.5]
    assert np.isnan(read.table["duration_s"][0]) and read.table["duration_s"][1] == 2


def test_gtzan_mini_is_what_it_says():
    table = Manifest.read(MANIFESTS / "gtzan-mini.csv").table
    assert len(table) == 100
    assert set(table.groupby("label").size()) == {10}
    assert Manifest.read(MANIFESTS / "gtzan-mini.csv").partitions == ()
    assert table["checksum"].str.startswith("md5:").all()
    unknown = table[table["artist"] == ""]
    assert unknown["excerpt"].tolist() == ["country.00002", "metal.00006", "metal.00008", "metal.00009"]


def test_the_synthetic_manifest_is_current():
    committed = (MANIFESTS / "synthetic.csv").read_text(encoding="utf-8")
    fresh = synthetic_dataset.manifest("quick").table.to_csv(index=False, lineterminator="\n")
    assert committed == fresh, "write it anew with: python tools/synthetic_manifest.py"


# the registry


def test_available_tells_names_and_states_and_fetches_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "retrieve", None)
    monkeypatch.setattr(synthetic, "generate", None)
    infos = datasets.available()
    assert [info.name for info in infos] == list(datasets.LOADERS)
    assert all(info.summary and info.licence and info.state for info in infos)
    assert not (tmp_path / "cache").exists()


def test_the_default_is_synthetic(monkeypatch):
    few(monkeypatch)
    assert datasets.DEFAULT == "synthetic"
    dataset = datasets.from_environment()
    assert (dataset.name, dataset.profile) == ("synthetic", "quick")


def test_the_environment_chooses(monkeypatch, music):
    monkeypatch.setenv("MUSIC_ADVERSARIES_DATASET", "folder")
    monkeypatch.setenv("MUSIC_ADVERSARIES_PROFILE", "full")
    monkeypatch.setenv("MUSIC_ADVERSARIES_FOLDER", str(music))
    dataset = datasets.from_environment()
    assert (dataset.name, dataset.profile, len(dataset)) == ("folder", "full", 4)


# synthetic


def test_synthetic_is_generated_once_and_read_without_a_note(monkeypatch):
    few(monkeypatch)
    dataset = datasets.load("synthetic", progress=False)
    stamps = {path: path.stat().st_mtime_ns for path in dataset.files.values()}
    again = datasets.load("synthetic", progress=False)
    assert {path: path.stat().st_mtime_ns for path in again.files.values()} == stamps
    assert again.fingerprint == dataset.fingerprint
    waveforms = dataset.load_all(progress=False)
    assert list(waveforms) == ["blues.00000", "rock.00001"]
    assert all(w.dtype == np.float32 and w.shape == (6 * 22_050,) for w in waveforms.values())
    assert dataset.notes == {} and dataset.describe_notes() == []
    assert dataset.labels == ("blues", "rock") and len(dataset) == 2 and dataset.sample_rate == 22_050


def test_synthetic_check_finds_damage_and_loading_mends_it(monkeypatch):
    few(monkeypatch)
    assert datasets.get("synthetic", progress=False).ok
    dataset = datasets.load("synthetic", progress=False)
    missing, damaged = dataset.files.values()
    good = damaged.read_bytes()
    missing.unlink()
    damaged.write_bytes(good[:1_000])
    report = datasets.check("synthetic", progress=False)
    assert [(p.path, p.reason) for p in report.problems] == [(missing, base.MISSING), (damaged, base.CORRUPT)]
    datasets.load("synthetic", progress=False)
    assert damaged.read_bytes() == good
    assert datasets.check("synthetic", progress=False).ok


# gtzan-mini


@pytest.mark.parametrize("layout", ["", "genres", "gtzan_mini-main/genres"])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".au"])
def test_gtzan_mini_is_found_in_any_usual_layout(tiny_mini, tmp_path, layout, flat, suffix):
    home = tmp_path / "other"
    for file in tiny_mini.rglob("*.wav"):
        target = home / layout / ("" if flat else file.parent.name) / f"{file.stem}{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        samples, rate = soundfile.read(file, dtype="int16")
        soundfile.write(target, samples, rate, subtype="PCM_16")
    dataset = datasets.load("gtzan-mini", path=home, progress=False)
    for excerpt, waveform in dataset.load_all(progress=False).items():
        expected = audio.read(tiny_mini / excerpt.split(".")[0] / f"{excerpt}.wav").waveform
        np.testing.assert_array_equal(waveform, expected)


def test_a_flac_of_other_samples_does_not_pass(tiny_mini):
    first = next(tiny_mini.rglob("*.wav"))
    samples, rate = soundfile.read(first, dtype="int32")
    first.unlink()
    # 24 bits: rounded to 16 it would be the same recording, but it is not.
    soundfile.write(first.with_suffix(".flac"), samples + 256, rate, subtype="PCM_24")
    with pytest.raises(InputError, match=first.stem):
        datasets.load("gtzan-mini", path=tiny_mini, progress=False)


def test_loading_again_hashes_nothing(tiny_mini, monkeypatch):
    first = datasets.load("gtzan-mini", path=tiny_mini, progress=False)
    monkeypatch.setattr(base, "matches", None)
    again = datasets.load("gtzan-mini", path=tiny_mini, progress=False)
    assert again.fingerprint == first.fingerprint
    again.load_all(progress=False)


def test_a_place_that_get_was_told_is_remembered(tiny_mini, monkeypatch):
    monkeypatch.setattr(pooch, "retrieve", None)
    report = datasets.get("gtzan-mini", path=tiny_mini, progress=False)
    assert report.ok and report.folder == tiny_mini and report.n_excerpts == 4
    assert len(datasets.load("gtzan-mini", progress=False)) == 4
    assert str(tiny_mini) in state_of("gtzan-mini")


def test_the_environment_tells_where_gtzan_mini_is(tiny_mini, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_GTZAN_MINI", str(tiny_mini))
    assert len(datasets.load("gtzan-mini", progress=False)) == 4
    monkeypatch.setenv("MUSIC_ADVERSARIES_GTZAN_MINI", str(tiny_mini / "nowhere"))
    assert "is not a folder" in state_of("gtzan-mini")
    with pytest.raises(InputError, match="MUSIC_ADVERSARIES_GTZAN_MINI"):
        datasets.load("gtzan-mini", progress=False)


def pack(home: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("gtzan_mini-main/README.md", "hello")
        for file in home.rglob("*.wav"):
            packed.write(file, f"gtzan_mini-main/genres/{file.relative_to(home).as_posix()}")


def serve(monkeypatch, archive: Path) -> list[str]:
    """Let the download copy ``archive``; returns the addresses asked for."""
    asked = []

    def retrieve(url, known_hash, fname, path, **_):
        asked.append(url)
        shutil.copy(archive, Path(path) / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    return asked


def test_gtzan_mini_is_downloaded_once(tiny_mini, tmp_path, monkeypatch):
    pack(tiny_mini, tmp_path / "main.zip")
    asked = serve(monkeypatch, tmp_path / "main.zip")
    dataset = datasets.load("gtzan-mini", progress=False)
    assert len(dataset.load_all(progress=False)) == 4
    assert datasets.get("gtzan-mini", progress=False).ok
    assert asked == [gtzan_mini.URL]
    assert not list((tmp_path / "cache").rglob("*.zip"))


def test_a_download_cut_short_is_not_believed(tiny_mini, tmp_path, monkeypatch):
    pack(tiny_mini, tmp_path / "main.zip")
    content = (tmp_path / "main.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(content[: len(content) // 2])
    asked = serve(monkeypatch, tmp_path / "half.zip")
    with pytest.raises(InputError, match="--from"):
        datasets.load("gtzan-mini", progress=False)
    serve(monkeypatch, tmp_path / "main.zip")
    assert len(datasets.load("gtzan-mini", progress=False)) == 4
    assert asked == [gtzan_mini.URL]


def test_a_changed_recording_in_the_archive_is_refused_by_name(tiny_mini, tmp_path, monkeypatch):
    audio.write_wav(tiny_mini / "rock" / "rock.00003.wav", tone(999))
    pack(tiny_mini, tmp_path / "main.zip")
    serve(monkeypatch, tmp_path / "main.zip")
    with pytest.raises(InputError, match=r"rock/rock.00003.wav .* does not match its checksum"):
        datasets.load("gtzan-mini", progress=False)
    with pytest.raises(InputError, match="no copy of gtzan-mini is known"):
        datasets.check("gtzan-mini", progress=False)


def test_without_a_network_one_sentence_says_how_to_go_on(tiny_mini, monkeypatch):
    def retrieve(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(InputError, match=r"could not be downloaded .* `music-adversaries data get gtzan-mini --from"):
        datasets.load("gtzan-mini", progress=False)


@pytest.mark.real_audio
def test_the_real_recordings_match_their_checksums():
    home = gtzan_mini_or_skip()
    report = datasets.check("gtzan-mini", path=home, progress=False)
    assert report.ok and report.n_excerpts == 100
    dataset = datasets.load("gtzan-mini", path=home, progress=False)
    waveform = dataset.load("classical.00002")
    assert waveform.dtype == np.float32
    rows = dataset.manifest.table.set_index("excerpt")
    assert len(waveform) == round(rows.loc["classical.00002", "duration_s"] * 22_050)
    np.testing.assert_array_equal(waveform, audio.quantise(waveform))
    assert dataset.notes == {}


@pytest.mark.real_audio
def test_a_real_recording_with_one_changed_sample_is_refused(tmp_path):
    home = gtzan_mini_or_skip()
    source = next(home.rglob("blues.00000.*"))
    samples, rate = soundfile.read(source, dtype="int16")
    checksum = Manifest.read(MANIFESTS / "gtzan-mini.csv").table["checksum"][0]
    assert base.matches(source, checksum)
    samples[1_000] += 1
    soundfile.write(tmp_path / "a.flac", samples, rate)
    assert not base.matches(tmp_path / "a.flac", checksum)


# folder


def test_a_folder_for_each_label(music):
    (music / ".git").mkdir()
    (music / ".git" / "a.wav").write_bytes(b"no")
    (music / "fado" / "._one.wav").write_bytes(b"no")
    (music / "fado" / "cover.jpg").write_bytes(b"no")
    (music / "loose.wav").write_bytes(b"no")
    dataset = datasets.load("folder", path=music, progress=False)
    assert dataset.excerpts == ("fado.live.one", "fado.one", "polka.two", "polka.two~2")
    assert dataset.labels == ("fado", "polka")
    assert dataset.notes[""] == (
        "left out: 1 sound file in no label's folder (loose.wav)",
        "left out: 2 junk files and folders (.git/, fado/._one.wav)",
        "left out: 1 file that ends in .jpg (fado/cover.jpg)",
    )
    np.testing.assert_array_equal(dataset.load("fado.one"), audio.quantise(tone(200)))
    dataset.load_all(progress=False)
    assert dataset.notes["polka.two"] == ("stereo mixed to mono",)
    assert "stereo mixed to mono (1 of 4 excerpts)" in dataset.describe_notes()
    assert dataset.manifest.table["artist"].tolist() == [""] * 4
    dataset.manifest.validate()


def test_the_fingerprint_follows_the_content_of_the_files(music, tmp_path):
    first = datasets.load("folder", path=music, progress=False).fingerprint
    assert datasets.load("folder", path=music, progress=False).fingerprint == first
    moved = shutil.copytree(music, tmp_path / "elsewhere")
    assert datasets.load("folder", path=moved, progress=False).fingerprint == first
    audio.write_wav(music / "fado" / "one.wav", tone(201))
    os.utime(music / "fado" / "one.wav", (1, 1))
    assert datasets.load("folder", path=music, progress=False).fingerprint != first


def test_a_file_changed_after_loading_is_refused(music):
    dataset = datasets.load("folder", path=music, progress=False)
    audio.write_wav(music / "fado" / "one.wav", tone(201, seconds=0.3))
    with pytest.raises(InputError, match=r"one\.wav .* does not match its checksum"):
        dataset.load("fado.one")


def test_long_recordings_are_cut_to_30_s_with_a_note(music):
    audio.write_wav(music / "fado" / "long.wav", tone(100, seconds=40))
    dataset = datasets.load("folder", path=music, progress=False)
    assert dataset.notes[""] == ("left out: what follows the first 30 s of 1 of 5 excerpts (fado.long)",)
    assert len(dataset.load("fado.long")) == 30 * 22_050
    assert len(dataset.load("fado.one")) == len(tone(200))


def test_a_csv_with_path_and_label(music):
    audio.write_wav(music / "long.wav", tone(100, seconds=2))
    lines = [
        "path,label,artist,start_s,duration_s,split,bpm",
        "fado/one.wav,fado,Ana,,,train,90",
        "long.wav,fado,,0,0.5,test,",
        "long.wav,polka,Ivo,1,0.5,,120",
        f"{music / 'polka' / 'two.flac'},polka,Ivo,,,valid,",
    ]
    (music / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    dataset = datasets.load("folder", path=music / "list.csv", progress=False)
    assert dataset.manifest.partitions == ("split",)
    assert dataset.notes[""] == ("left out: 1 column that is not used (bpm)",)
    assert dataset.excerpts[:3] == ("fado.one", "long", "long~2")
    assert dataset.manifest.table["artist"].tolist() == ["Ana", "", "Ivo", "Ivo"]
    whole = audio.quantise(tone(100, seconds=2))
    np.testing.assert_array_equal(dataset.load("long~2"), whole[22_050 : 22_050 + 11_025])
    assert len(dataset.load(dataset.excerpts[3])) == len(tone(500))


def test_a_manifest_of_this_project_is_a_csv_for_folder_too(tiny_mini):
    gtzan_mini.manifest().write(tiny_mini / "m.csv")
    dataset = datasets.load("folder", path=tiny_mini / "m.csv", progress=False)
    assert dataset.manifest.table["checksum"].tolist() == gtzan_mini.manifest().table["checksum"].tolist()


def test_folder_check_reports_each_bad_file(music):
    (music / "fado" / "text.wav").write_text("this is not sound")
    audio.write_wav(music / "polka" / "silent.wav", 0 * tone(1))
    report = datasets.check("folder", path=music, progress=False)
    assert not report.ok and report.n_excerpts == 6
    assert [problem.excerpt for problem in report.problems] == ["fado.text", "polka.silent"]
    assert "not audio" in report.problems[0].reason and "silent" in report.problems[1].reason


def test_ids_are_unique_and_stable():
    assert folder._ids(["a/b.wav", "a/b.flac", "./a/c.mp3", "a.b.wav"]) == ["a.b", "a.b~2", "a.c", "a.b~3"]


def test_manifests_are_looked_for_beside_the_library():
    assert manifest.manifests_folder() == MANIFESTS


def test_the_memory_of_what_was_verified_is_small_json(tiny_mini, tmp_path):
    datasets.load("gtzan-mini", path=tiny_mini, progress=False)
    content = json.loads((tmp_path / "cache" / "datasets" / "verified-gtzan-mini.json").read_text())
    assert len(content) == 5  # four files and the seal
