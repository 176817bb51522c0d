"""Attacking many files: written as they are made, gone on with after an interruption, never lost, never replaced."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from music_adversaries import adversary, audio
from music_adversaries.adversary import Budget
from music_adversaries.adversary.methods import method
from music_adversaries.book import attack as command
from music_adversaries.book import files
from music_adversaries.book.files import Folder, attack_files, jobs_for
from music_adversaries.errors import InputError
from small_system import recording
from small_system import system as small_system

BUDGET = Budget(snr=10, max_iterations=5)
SETTINGS = {"budget": "of the test"}


@pytest.fixture(scope="module")
def system():
    return small_system()


@pytest.fixture
def songs(tmp_path) -> list[Path]:
    folder = tmp_path / "songs"
    folder.mkdir()
    paths = []
    for i, kind in enumerate(("dark", "even", "bright", "dark", "even")):
        paths.append(folder / f"{kind} {i}.wav")
        audio.write_wav(paths[-1], recording(kind, i, seconds=1.0))
    return paths


def run(system, songs, out: Path, *, labels=("even",), name="random_search", overwrite=False, settings=SETTINGS):
    out.mkdir(exist_ok=True)
    folder = Folder(out, settings, overwrite=overwrite)
    jobs = jobs_for(songs, labels, folder.outputs)
    folder.refuse_taken(jobs, overwrite=overwrite)
    said = []
    attack_files(system, jobs, folder, BUDGET, method=method(name), say=lambda job, result: said.append(job.file))
    return folder, jobs, said


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_few_at_a_time_are_in_memory_and_then_in_the_folder(system, songs, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 2)
    real, calls = adversary.attack, []

    def attack(model, waveforms, *rest, **settings):
        calls.append((len(waveforms), len(list((tmp_path / "out").glob("*.wav")))))
        return real(model, waveforms, *rest, **settings)

    monkeypatch.setattr(adversary, "attack", attack)
    run(system, songs, tmp_path / "out")
    assert calls == [(2, 0), (2, 2), (1, 4)]


def test_long_files_are_fewer_at_a_time(system, songs, tmp_path, monkeypatch):
    real, calls = adversary.attack, []

    def attack(model, waveforms, *rest, **settings):
        calls.append(len(waveforms))
        return real(model, waveforms, *rest, **settings)

    monkeypatch.setattr(adversary, "attack", attack)
    run(system, songs, tmp_path / "whole")
    monkeypatch.setattr(files, "SAMPLES_AT_ONCE", 44_100)
    run(system, songs, tmp_path / "parts")
    assert calls == [5, 2, 2, 1]
    whole, parts = contents(tmp_path / "whole"), contents(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(whole[name] == parts[name] for name in whole if name.endswith(".wav"))


def test_an_interrupted_run_goes_on_and_ends_as_if_nothing_had_happened(system, songs, tmp_path, monkeypatch):
    """With a method that draws: what is drawn for a file depends on its place in the command alone."""
    monkeypatch.setattr(files, "AT_ONCE", 2)
    folder, jobs, _ = run(system, songs, tmp_path / "whole")
    folder.write_pages(jobs)

    real, calls = adversary.attack, []

    def attack(*given, **settings):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*given, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(adversary, "attack", attack)
        with pytest.raises(KeyboardInterrupt):
            run(system, songs, tmp_path / "broken")
    kept = contents(tmp_path / "broken")
    assert len(json.loads(kept["report.json"])) == 2 == len([name for name in kept if name.endswith(".wav")])

    folder, jobs, said = run(system, songs, tmp_path / "broken")
    folder.write_pages(jobs)
    assert said == songs[2:]
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")
    # And once more there is nothing to do.
    assert run(system, songs, tmp_path / "broken")[2] == []


def test_a_file_that_changed_or_an_output_that_is_gone_is_made_again(system, songs, tmp_path):
    out = tmp_path / "out"
    run(system, songs, out)
    audio.write_wav(songs[1], recording("bright", 77, seconds=1.0))
    (out / jobs_for(songs, ["even"])[3].output).unlink()
    assert run(system, songs, out)[2] == [songs[1], songs[3]]


def test_other_files_and_targets_are_added_to_the_report(system, songs, tmp_path):
    out = tmp_path / "out"
    run(system, songs[:2], out)
    run(system, songs[2:], out)
    assert {entry["file"] for entry in json.loads((out / "report.json").read_text())} == set(map(str, songs))


@pytest.mark.parametrize("overwrite", [False, True])
def test_files_of_one_name_stay_apart_from_run_to_run(system, songs, tmp_path, overwrite):
    """An album of tracks called 01.wav after another."""
    out = tmp_path / "out"
    twins = [tmp_path / album / "01.wav" for album in ("first", "second")]
    for twin, song in zip(twins, songs, strict=False):
        twin.parent.mkdir()
        twin.write_bytes(song.read_bytes())
    run(system, twins[:1], out)
    before = contents(out)
    run(system, twins[1:], out, overwrite=overwrite)
    entries = json.loads((out / "report.json").read_text())
    assert len({entry["output"] for entry in entries}) == 2 == len(list(out.glob("*.wav")))
    assert before.items() - contents(out).items() <= {("report.json", before["report.json"])}
    # In the other order each is found again.
    assert run(system, twins[::-1], out)[2] == []


def test_two_commands_at_once_lose_nothing_of_each_other(system, songs, tmp_path, monkeypatch):
    """The report of each would be without what the other one made meanwhile."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"

    def one(song: Path) -> None:
        with command._alone_in(out):
            run(system, [song], out)

    out.mkdir()
    with ThreadPoolExecutor() as threads:
        list(threads.map(one, songs))
    assert len(json.loads((out / "report.json").read_text())) == len(songs) == len(list(out.glob("*.wav")))


def test_a_cache_that_is_only_read_stops_no_attack(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    with command._alone_in(tmp_path):
        pass


def test_another_recording_of_the_same_name_is_said(system, songs, tmp_path):
    folder, (job,), _ = run(system, songs[:1], tmp_path / "out")
    assert not folder.replaced(job)
    audio.write_wav(songs[0], recording("bright", 77, seconds=1.0))
    assert folder.replaced(job)


def test_other_settings_do_not_replace_what_is_there(system, songs, tmp_path):
    out = tmp_path / "out"
    run(system, songs[:1], out)
    before = contents(out)
    with pytest.raises(InputError, match="other settings.*--out.*--overwrite"):
        run(system, songs[:1], out, settings={"budget": "another"})
    assert contents(out) == before
    run(system, songs[:1], out, settings={"budget": "another"}, overwrite=True)
    (entry,) = json.loads((out / "report.json").read_text())
    assert entry["settings"] == {"budget": "another"}


def test_systems_of_one_description_are_told_apart_by_their_weights():
    """Such as two that were trained on folders of the same name."""
    first, second = small_system(0), small_system(1)
    assert files.weights_of(first) == files.weights_of(small_system(0)) != files.weights_of(second)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, InputError("a.wav could not be written (No space left)")])
def test_what_was_written_before_the_disk_was_full_is_gone_on_with(system, songs, tmp_path, monkeypatch, stop):
    out = tmp_path / "out"
    real, written = adversary.AdversaryResult.write, []

    def write(result, path):
        if len(written) == 2:
            raise stop
        written.append(path)
        return real(result, path)

    with monkeypatch.context() as patch:
        patch.setattr(adversary.AdversaryResult, "write", write)
        with pytest.raises(type(stop) if isinstance(stop, Exception) else stop):
            run(system, songs, out)
    assert [entry["file"] for entry in json.loads((out / "report.json").read_text())] == list(map(str, songs[:2]))
    assert run(system, songs, out)[2] == songs[2:]


def test_a_file_of_somebody_else_is_not_replaced(system, songs, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / jobs_for(songs, ["even"])[0].output).write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        run(system, songs, out)
    assert len(list(out.iterdir())) == 1


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"file": "a"}]', "[" * 5_000, "\x00"])
def test_a_report_that_is_not_one(system, songs, tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(InputError, match=r"report\.json is not a report"):
        run(system, songs, tmp_path)


def test_many_files_have_several_pages(system, songs, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ON_A_PAGE", 2)
    out = tmp_path / "out"
    folder, jobs, _ = run(system, songs, out, name="noise")
    pages = folder.write_pages(jobs)
    assert [page.name for page in pages] == ["listen.html", "listen-2.html", "listen-3.html"]
    texts = [page.read_text() for page in pages]
    assert [text.count("<music-audition ") for text in texts] == [2, 2, 1]
    for i, text in enumerate(texts):
        assert [f'href="{page.name}"' in text for page in pages] == [i != j for j in range(3)]


@pytest.mark.parametrize(
    "name",
    [
        "a" * 240 + ".wav",
        "é" * 120 + ".wav",
        os.fsdecode(b"caf\xe9.wav"),
        "two\nlines.wav",
        " .wav",
        "...And More.wav",
        "-rf.wav",
        "a<img src=x>.wav",
    ],
)
def test_names_of_every_kind(system, tmp_path, name):
    song = tmp_path / name
    audio.write_wav(tmp_path / "plain.wav", recording("dark", 0, seconds=1.0))
    (tmp_path / "plain.wav").rename(song)
    folder, jobs, said = run(system, [song], tmp_path / "out", name="noise")
    folder.write_pages(jobs)
    assert said == [song] and len(list((tmp_path / "out").glob("*.wav"))) == 1
    (entry,) = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(entry["output"].encode()) < 220
    assert "<img" not in (tmp_path / "out" / "listen.html").read_text()
    assert run(system, [song], tmp_path / "out", name="noise")[2] == []


def test_names_that_would_be_one_file_elsewhere_stay_apart(tmp_path):
    """On file systems that know no case, and in folders of the same name."""
    songs = [Path("a/Song.wav"), Path("b/song.wav"), Path("c/song.flac"), Path("a/Song.wav")]
    outputs = [job.output for job in jobs_for(songs, ["x", "X"])]
    assert len(outputs) == 6 == len({output.casefold() for output in outputs})


def test_the_same_seed_for_the_same_place():
    songs = [Path("a.wav"), Path("b.wav")]
    assert [job.seed for job in jobs_for(songs, ["x", "y"])] == [0, 1, 2, 3]


def test_seeds_of_each_waveform(system):
    x = recording("dark", 3, seconds=1.0)
    seeds = [4, 5, 4]
    found = adversary.attack(system, [x] * 3, ["even"] * 3, BUDGET, method="noise", seed=seeds)
    np.testing.assert_array_equal(found[0].waveform, found[2].waveform)
    assert (found[0].waveform != found[1].waveform).any()
    for bad in ([1, 2], [1, 2, -1], "123", [1, 2, None]):
        with pytest.raises(InputError, match="seed"):
            adversary.attack(system, [x] * 3, ["even"] * 3, BUDGET, seed=bad)
