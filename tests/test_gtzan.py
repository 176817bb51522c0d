"""GTZAN: the facts in its manifest, and the many shapes in which a user's copy comes."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from music_adversaries import audio
from music_adversaries.book import partitions
from music_adversaries.book.datasets import base, gtzan, gtzan_mini, located
from music_adversaries.book.datasets.manifest import COLUMNS, Manifest
from music_adversaries.errors import InputError
from real_audio import gtzan_mini_or_skip

EXCERPTS = ("blues.00000", "blues.00001", "jazz.00053", "jazz.00054", "rock.00000", "rock.00001")
TREES = {
    "genres.tar.gz": ("genres/{label}/{id}.au", "AU"),
    "mirdata": ("gtzan_genre/genres/{label}/{id}.wav", "WAV"),
    "torchaudio": ("genres/{label}/{id}.wav", "WAV"),
    "Kaggle": ("Data/genres_original/{label}/{id}.wav", "WAV"),
    "inside the copy on Kaggle": ("genres_original/{label}/{id}.wav", "WAV"),
    "a folder for each genre": ("{label}/{id}.flac", "FLAC"),
    "one folder": ("{id}.WAV", "WAV"),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of its own for every test, and no setting of the person who runs it."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    for name in ("GTZAN", "GTZAN_MINI"):
        monkeypatch.delenv(f"MUSIC_ADVERSARIES_{name}", raising=False)


def samples(excerpt: str) -> np.ndarray:
    """A tenth of a second that no other excerpt has."""
    rng = np.random.default_rng(EXCERPTS.index(excerpt))
    return rng.integers(-9_000, 9_000, 2_205, dtype=np.int16)


def write(path: Path, values: np.ndarray, kind: str = "WAV", subtype: str = "PCM_16") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, values, 22_050, format=kind, subtype=subtype)
    return path


def plant(home: Path, pattern: str = "{label}/{id}.wav", kind: str = "WAV", without: tuple[str, ...] = ()) -> Path:
    for excerpt in EXCERPTS:
        if excerpt not in without:
            relative = pattern.format(label=excerpt.partition(".")[0], id=excerpt)
            write(home / relative, samples(excerpt), kind)
    return home


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A manifest of six short excerpts, checksums taken of WAV files as mirdata's are."""
    rows = []
    for excerpt in EXCERPTS:
        label = excerpt.partition(".")[0]
        digest = hashlib.md5(write(tmp_path / "wav" / f"{excerpt}.wav", samples(excerpt)).read_bytes()).hexdigest()
        row = {"excerpt": excerpt, "path": f"{label}/{excerpt}.wav", "label": label, "checksum": f"md5:{digest}"}
        rows.append(row | {"random": "train", "fault_filtered": "test"})
    columns = [*COLUMNS, "random", "fault_filtered"]
    table = Manifest.of("gtzan", pd.DataFrame(rows).reindex(columns=columns, fill_value="")).validate()
    monkeypatch.setattr(gtzan, "manifest", lambda: table)
    return table


def load(home: Path):
    return gtzan.load("quick", home, progress=False)


def get(home: Path | None = None, allow_missing: bool = False):
    return gtzan.get("quick", home, progress=False, allow_missing=allow_missing)


# the manifest


def test_the_manifest_holds_a_thousand_excerpts_a_hundred_a_genre():
    table = gtzan.manifest().table
    assert len(table) == 1_000
    assert set(table.groupby("label").size()) == {100} and table["label"].nunique() == 10
    assert (table["path"] == table["label"] + "/" + table["excerpt"] + ".wav").all()
    assert table["checksum"].str.fullmatch(r"md5:[0-9a-f]{32}").all()
    assert (table["artist"] == "").sum() == 81


def test_the_partitions_have_the_papers_sizes():
    table = gtzan.manifest().table
    assert table["random"].value_counts().to_dict() == {"train": 500, "valid": 250, "test": 250}
    assert table["fault_filtered"].value_counts().to_dict() == {"train": 443, "valid": 197, "test": 290, "": 70}
    assert set(table.groupby(["label", "random"]).size()) == {50, 25}


def test_equal_checksums_and_replicas_are_the_same_thing():
    table = gtzan.manifest().table.set_index("excerpt")
    replicas = table[table["fault"] != ""]
    originals = replicas["fault"].str.removeprefix("replica_of:")
    assert len(replicas) == 14 == table["checksum"].duplicated().sum()
    assert list(replicas["checksum"]) == list(table.loc[originals, "checksum"])
    assert (table.loc[originals, "fault"] == "").all()
    # Two lists by different hands agree: of no such pair does the fault-filtered partition use both.
    used = table["fault_filtered"] != ""
    assert not (used[replicas.index].to_numpy() & used[originals].to_numpy()).any()


def test_gtzan_mini_is_a_part_of_gtzan():
    mini = gtzan_mini.manifest().table
    whole = gtzan.manifest().table
    rows = whole[whole["excerpt"].isin(mini["excerpt"])].reset_index(drop=True)
    assert rows["duration_s"].isna().all() and mini["duration_s"].between(29, 31).all()
    rows = rows.drop(columns=["duration_s", *gtzan.manifest().partitions])
    pd.testing.assert_frame_equal(rows, mini.drop(columns="duration_s"))
    assert gtzan_mini.LICENCE == gtzan.LICENCE == whole["licence"].unique()


def test_the_audits_of_the_papers_partitions_need_no_audio():
    manifest = gtzan.manifest()
    leaks = partitions.audit(manifest, partitions.published(manifest, "random")).overall
    assert (leaks["test_known"], leaks["shared_artist"], leaks["shared_title"]) == (234, 200, 30)
    leaks = partitions.audit(manifest, partitions.published(manifest, "fault_filtered")).overall
    assert (leaks["shared_artist"], leaks["shared_title"]) == (0, 0)


# copies in every shape


@pytest.mark.parametrize("tree", TREES)
def test_every_layout_is_found_and_gives_the_same_sound(small, tmp_path, tree):
    dataset = load(plant(tmp_path / "copy", *TREES[tree]))
    assert dataset.excerpts == EXCERPTS and dataset.notes == {}
    for excerpt, waveform in dataset.load_all(progress=False).items():
        np.testing.assert_array_equal(waveform, samples(excerpt).astype(np.float32) / 32_768)
    assert dataset.manifest.sha == small.sha


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_layouts_may_be_mixed_and_whatever_is_gone_is_named(small, tmp_path_factory, data):
    home = tmp_path_factory.mktemp("copy")
    gone = []
    for excerpt in EXCERPTS:
        place = data.draw(st.sampled_from([None, *TREES.values()]), label=excerpt)
        if place is None:
            gone.append(excerpt)
        else:
            pattern, kind = place
            write(home / pattern.format(label=excerpt.partition(".")[0], id=excerpt), samples(excerpt), kind)
    if len(gone) == len(EXCERPTS):
        with pytest.raises(InputError, match="holds no excerpt of gtzan"):
            gtzan.check("quick", home, progress=False)
    else:
        report = gtzan.check("quick", home, progress=False)
        assert [(problem.excerpt, problem.reason) for problem in report.problems] == [(e, base.MISSING) for e in gone]


def test_what_other_systems_leave_beside_a_file_is_no_recording(small, tmp_path):
    home = plant(tmp_path / "copy")
    (home / "blues" / "._blues.00000.wav").write_bytes(b"no")
    (home / "blues" / "blues.00000.png").write_bytes(b"no")
    (home / "blues" / "blues.00000.mf").write_bytes(b"no")
    assert len(load(home)) == 6


def test_two_files_that_claim_one_excerpt_are_refused(small, tmp_path):
    home = plant(tmp_path / "copy")
    write(home / "genres" / "blues" / "blues.00001.au", samples("blues.00001"), "AU")
    with pytest.raises(InputError, match=r"blues\.00001\.wav and .*blues\.00001\.au are both excerpt blues\.00001"):
        load(home)


def test_one_file_behind_a_link_is_no_second_file(small, tmp_path):
    home = plant(tmp_path / "copy")
    (home / "genres").symlink_to(home, target_is_directory=True)
    assert len(load(home)) == 6


def test_a_tagged_wav_file_is_still_the_recording(small, tmp_path):
    home = plant(tmp_path / "copy")
    with soundfile.SoundFile(home / "blues" / "blues.00000.wav", "w", 22_050, 1, "PCM_16", format="WAV") as file:
        file.title = "One Bourbon"
        file.write(samples("blues.00000"))
    assert len(load(home)) == 6


# what is missing or broken


def breaks(home: Path) -> Path:
    """A copy as it comes: one file not audio, one missing, one cut short, one another recording."""
    plant(home, without=("rock.00000",))
    (home / "jazz" / "jazz.00054.wav").write_bytes(b"\0" * 4_000)
    whole = (home / "jazz" / "jazz.00053.wav").read_bytes()
    (home / "jazz" / "jazz.00053.wav").write_bytes(whole[:3_000])
    write(home / "blues" / "blues.00001.wav", samples("blues.00000"))
    return home


def test_each_trouble_is_named_for_what_it_is(small, tmp_path):
    report = gtzan.check("quick", breaks(tmp_path / "copy"), progress=False)
    assert {problem.excerpt: problem.reason.partition(":")[0] for problem in report.problems} == {
        "blues.00001": base.CORRUPT,
        "jazz.00053": "is cut short",
        "jazz.00054": "is not audio that can be decoded",
        "rock.00000": base.MISSING,
    }
    assert report.n_excerpts == 6 and not report.ok


def test_the_broken_file_of_the_copy_on_kaggle_is_named_and_left_out_only_when_told(small, tmp_path):
    home = plant(tmp_path / "copy", *TREES["Kaggle"])
    (home / "Data/genres_original/jazz/jazz.00054.wav").write_bytes(b"no sound")
    refused = r"jazz\.00054\.wav \(jazz\.00054\) is not audio that can be decoded; .*--allow-missing"
    for ask in (load, get):
        with pytest.raises(InputError, match=refused):
            ask(home)
    with pytest.raises(InputError, match="no copy of gtzan is known"):
        gtzan.load("quick", progress=False)

    report = get(home, allow_missing=True)
    assert report.ok and report.n_excerpts == 5 and report.folder == home
    assert report.notes == (
        "left out, as --allow-missing allowed: 1 of 6 excerpts (jazz.00054: is not audio that can be decoded)",
    )
    dataset = gtzan.load("quick", progress=False)
    assert dataset.excerpts == tuple(excerpt for excerpt in EXCERPTS if excerpt != "jazz.00054")
    assert dataset.notes[""] == report.notes and report.notes[0] in dataset.describe_notes()
    assert dataset.fingerprint != gtzan_fingerprint(small), "a part must never be taken for the whole"
    assert "used without 1 excerpt " in gtzan.info().state


def gtzan_fingerprint(manifest: Manifest) -> str:
    return base.Dataset("gtzan", "quick", manifest, {}).fingerprint


def test_leave_to_go_without_one_excerpt_is_no_leave_for_another(small, tmp_path):
    home = plant(tmp_path / "copy", without=("jazz.00054",))
    get(home, allow_missing=True)
    (home / "rock" / "rock.00001.wav").unlink()
    with pytest.raises(InputError) as refused:
        gtzan.load("quick", progress=False)
    assert "rock.00001" in str(refused.value) and "jazz.00054" not in str(refused.value)
    get(allow_missing=True)
    assert len(gtzan.load("quick", progress=False)) == 4


def test_a_mended_copy_is_whole_again(small, tmp_path):
    home = plant(tmp_path / "copy", without=("jazz.00054",))
    get(home, allow_missing=True)
    plant(home)
    assert len(gtzan.load("quick", progress=False)) == 6
    assert get(home).n_excerpts == 6
    assert "without" not in gtzan.info().state


def test_naming_a_path_again_takes_the_leave_back(small, tmp_path):
    home = plant(tmp_path / "copy", without=("jazz.00054",))
    get(home, allow_missing=True)
    assert get().n_excerpts == 5
    with pytest.raises(InputError, match=r"jazz\.00054\) is missing"):
        get(home)


def test_a_missing_file_is_named_where_the_others_lie(small, tmp_path):
    home = plant(tmp_path / "copy", *TREES["genres.tar.gz"], without=("rock.00001",))
    with pytest.raises(InputError, match=r"copy/genres/rock/rock\.00001\.au \(rock\.00001\) is missing"):
        load(home)


def test_one_label_alone_is_no_dataset(small, tmp_path):
    home = plant(tmp_path / "copy", without=EXCERPTS[2:])
    with pytest.raises(InputError, match=r"gtzan cannot be used: .*jazz\.00053.*; and 1 more"):
        get(home, allow_missing=True)


# not the dataset at all


def louder(values: np.ndarray) -> np.ndarray:
    return (values * 2).astype(np.int16)


@pytest.mark.parametrize("allow_missing", [False, True])
def test_another_edition_is_refused_even_with_allow_missing(small, tmp_path, allow_missing):
    home = plant(tmp_path / "copy")
    for excerpt in EXCERPTS[:4]:
        write(home / excerpt.partition(".")[0] / f"{excerpt}.wav", louder(samples(excerpt)))
    with pytest.raises(InputError, match=r"another edition of gtzan: 4 of its 6 files .* dataset 'folder'"):
        get(home, allow_missing=allow_missing)
    assert not gtzan.LOCATION.memory.exists()


def test_more_bits_are_another_edition(small, tmp_path):
    home = tmp_path / "copy"
    for excerpt in EXCERPTS:
        write(home / f"{excerpt}.wav", samples(excerpt), "WAV", "FLOAT")
    with pytest.raises(InputError, match="6 of its 6 files"):
        load(home)


def test_a_copy_that_is_mostly_missing_is_no_other_edition(small, tmp_path):
    home = plant(tmp_path / "copy", without=EXCERPTS[1:4])
    assert get(home, allow_missing=True).n_excerpts == 3


def test_a_packed_copy_has_to_be_unpacked(small, tmp_path):
    plant(tmp_path / "copy", *TREES["genres.tar.gz"])
    packed = Path(shutil.make_archive(str(tmp_path / "download" / "genres"), "gztar", tmp_path / "copy"))
    with pytest.raises(InputError, match=r"genres\.tar\.gz is an archive; unpack it first"):
        load(packed)
    with pytest.raises(InputError, match=r"no excerpt of gtzan, only the archive genres\.tar\.gz; unpack it first"):
        load(packed.parent)


def test_a_folder_too_high_is_answered_with_the_right_one(small, tmp_path):
    plant(tmp_path / "music" / "old" / "benchmarks", *TREES["mirdata"])
    with pytest.raises(InputError, match=r"is one; give the folder .*benchmarks/gtzan_genre/genres/blues\."):
        load(tmp_path / "music")


def test_an_empty_folder_says_what_belongs_there(small, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no excerpt of gtzan; give the folder that holds blues/blues"):
        get(tmp_path / "empty", allow_missing=True)


def test_without_a_copy_the_list_and_the_error_say_how_to_name_one(small, tmp_path):
    assert gtzan.info().state == "no copy known; name yours with `music-adversaries data get gtzan --from PATH`"
    with pytest.raises(InputError, match="MUSIC_ADVERSARIES_GTZAN=PATH"):
        gtzan.load("quick", progress=False)
    with pytest.raises(InputError, match="nowhere is not a folder"):
        load(tmp_path / "nowhere")


def test_a_remembered_copy_that_is_gone_is_called_gone(small, tmp_path):
    home = plant(tmp_path / "copy")
    get(home)
    assert len(gtzan.load("quick", progress=False)) == 6
    shutil.rmtree(home)
    with pytest.raises(InputError, match=r"the copy of gtzan in .*copy is gone; name your copy with"):
        gtzan.load("quick", progress=False)


def test_the_environment_names_a_copy(small, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_ADVERSARIES_GTZAN", str(plant(tmp_path / "copy")))
    assert len(gtzan.load("quick", progress=False)) == 6
    assert "told by MUSIC_ADVERSARIES_GTZAN" in gtzan.info().state


@pytest.mark.parametrize("content", ["", "{", "[]", '{"path": 3}', '{"path": "/nowhere", "without": 1}'])
def test_a_damaged_memory_is_no_memory(small, content):
    gtzan.LOCATION.memory.parent.mkdir(parents=True)
    gtzan.LOCATION.memory.write_text(content)
    assert gtzan.info().state.startswith("no copy known")


def test_a_cache_that_cannot_be_written_is_told_and_loading_still_works(small, tmp_path, monkeypatch):
    home = plant(tmp_path / "copy")
    (tmp_path / "file").touch()
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "file" / "cache"))
    dataset = load(home)
    assert len(dataset) == 6 and "checksums are verified each time" in dataset.notes[""][0]
    with pytest.raises(InputError, match="cannot be remembered"):
        get(home)


# gtzan-mini in a copy of the whole


def test_gtzan_mini_is_found_in_a_known_copy_of_the_whole(small, tmp_path, monkeypatch):
    part = Manifest("gtzan-mini", small.table.iloc[[0, 4]].reset_index(drop=True))
    monkeypatch.setattr(gtzan_mini, "manifest", lambda: part)
    monkeypatch.setattr(gtzan_mini, "_download", lambda *_: pytest.fail("downloaded"))
    get(plant(tmp_path / "copy", *TREES["Kaggle"]))
    assert gtzan_mini.load("quick", progress=False).excerpts == ("blues.00000", "rock.00000")
    assert gtzan_mini.check("quick", progress=False).ok
    assert gtzan_mini.get("quick", progress=False).folder == tmp_path / "copy"


def test_a_whole_that_lacks_a_part_does_not_stand_in_for_it(small, tmp_path, monkeypatch):
    part = Manifest("gtzan-mini", small.table.iloc[[0, 4]].reset_index(drop=True))
    monkeypatch.setattr(gtzan_mini, "manifest", lambda: part)
    monkeypatch.setattr(gtzan_mini, "_download", lambda *_: plant(tmp_path / "downloaded"))
    get(plant(tmp_path / "copy", without=("rock.00000",)), allow_missing=True)
    dataset = gtzan_mini.load("quick", progress=False)
    assert dataset.files["rock.00000"].is_relative_to(tmp_path / "downloaded")


@pytest.mark.real_audio
def test_real_recordings_pass_in_the_formats_of_the_full_set(tmp_path):
    home = gtzan_mini_or_skip()
    rows = gtzan.manifest().table.set_index("excerpt")
    for excerpt in ("blues.00003", "pop.00004"):
        values, rate = soundfile.read(next(home.rglob(f"{excerpt}.*")), dtype="int16")
        for suffix in ("au", "wav", "flac"):
            path = tmp_path / f"{excerpt}.{suffix}"
            soundfile.write(path, values, rate, subtype="PCM_16")
            assert base.matches(path, rows.loc[excerpt, "checksum"])
            assert len(audio.read(path).waveform) == len(values)


def test_a_problem_keeps_its_own_reason_when_it_can_be_played(tmp_path):
    path = write(tmp_path / "a.wav", samples("blues.00000"))
    problem = base.Problem("a", path, base.CORRUPT)
    assert located._examined(problem) == problem
