"""Collections as they lie on people's disks: what is read, and what is left out, counted and named.

A case makes a folder of music beside two good labels; its answer is what the folder then holds: the excerpts besides
those of the two labels, and what the notes say; or the words of the refusal.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest
import soundfile

from case import Case, each
from music_adversaries import audio, cli
from music_adversaries.book import claims, datasets, records, runs
from music_adversaries.book.datasets import folder, located, walk
from music_adversaries.book.datasets.base import CORRUPT, Problem
from music_adversaries.book.experiments import table1
from music_adversaries.book.harness import Config, spectrograms
from music_adversaries.book.harness.decisions import LAYERS
from music_adversaries.book.records import Record
from music_adversaries.errors import InputError

GOOD = ("fado.one", "fado.three", "fado.two", "polka.one", "polka.three", "polka.two")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSIC_ADVERSARIES_FOLDER", raising=False)


def sound(path: Path, hertz: float = 300.0, **how: str) -> Path:
    """A sound of 0.1 s; what format it has, soundfile tells from the name's ending unless told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(2_205) / 22_050)
    if how:
        soundfile.write(path, samples, 22_050, **how)
    else:
        path.write_bytes(audio.to_wav_bytes(samples))
    return path


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two labels of three files each."""
    home = tmp_path / "music"
    for label in ("fado", "polka"):
        for number, name in enumerate(("one", "two", "three")):
            sound(home / label / f"{name}.wav", 300 + 50 * number + 7 * (label == "polka"))
    return home


def name_of_bytes(name: bytes) -> Callable[[Path], object]:
    return lambda home: sound(home / "fado" / os.fsdecode(name))


def link(name: str, target: str) -> Callable[[Path], object]:
    def make(home: Path) -> None:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(target)

    return make


def all_of(*makers: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda home: [make(home) for make in makers]


def listen(path: Path) -> None:
    """Leave a socket; its name would be too long for one whole."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


# What is read: the excerpts besides the good ones.
READ = [
    Case(
        "dots first",
        "quodlibet #3916",
        lambda home: sound(home / "fado" / "...And More" / "a.wav"),
        ["fado....And More.a"],
    ),
    Case(
        "one dot first",
        "jellyfin #15891",
        lambda home: sound(home / "fado" / ".5" / ".hidden.wav"),
        ["fado..5..hidden"],
    ),
    Case("bytes that are not text", "mutagen #648", name_of_bytes(b"caf\xe9.wav"), ["fado.caf\\xe9"]),
    Case(
        "two names that differ in such bytes",
        "mutagen #648",
        all_of(name_of_bytes(b"\xe9.wav"), name_of_bytes(b"\xe8.wav"), name_of_bytes(b"\\xe8.wav")),
        ["fado.\\xe8", "fado.\\xe8~2", "fado.\\xe9"],
    ),
    Case(
        "two normalisation forms",
        "trial 1",
        all_of(name_of_bytes("é.wav".encode()), name_of_bytes(unicodedata.normalize("NFD", "é.wav").encode())),
        ["fado.é", "fado.é~2"],
    ),
    Case("a long name", "wrtag #224", name_of_bytes(b"a" * 251 + b".wav"), ["fado." + "a" * 251]),
    Case("spaces at the ends", "trial 1", name_of_bytes(b" a .wav "), ["fado. a"]),
    Case("a line break", "trial 1", name_of_bytes(b"a\nb.wav"), ["fado.a\\nb"]),
    Case("signs of CSV", "trial 1", name_of_bytes(b'a,"b;\tc.wav'), ['fado.a,"b;\\tc']),
    Case("a name like a quoted one", "trial 1", lambda home: sound(home / "file:x" / "a%20.wav"), ["file:x.a%20"]),
    Case("an ending alone", "trial 1", name_of_bytes(b".wav"), ["fado..wav"]),
    Case("capitals", "trial 1", name_of_bytes(b"A.WAV"), ["fado.A"]),
    Case("AIFF", "headphones #2573", lambda home: sound(home / "fado" / "a.aif", format="AIFF"), ["fado.a"]),
    Case("a linked file", "trial 2", link("fado/other.wav", "../../store/song.wav"), ["fado.other"]),
    Case("a linked label", "trial 2", link("jazz", "../store"), ["jazz.song"]),
    Case("a linked folder in a label", "trial 2", link("fado/more", "../../store"), ["fado.more.song"]),
    Case(
        "a link through a link",
        "trial 2",
        all_of(link("../way", "store"), link("fado/more", "../../way")),
        ["fado.more.song"],
    ),
]


@each(READ)
def test_what_is_read(music, tmp_path, case):
    sound(tmp_path / "store" / "song.wav", 1_000)
    case.make(music)
    dataset = datasets.load("folder", path=music, progress=False)
    assert sorted(set(dataset.excerpts) - set(GOOD)) == sorted(case.answer) and set(GOOD) < set(dataset.excerpts)
    assert len(dataset.load_all(progress=False)) == len(dataset)
    kept = spectrograms.keep(dataset, kept_from=0)
    assert kept is not None and set(kept.spans) == set(dataset.excerpts)
    # It is found again from the row, also once that was written.
    json.dumps(dataset.excerpts, ensure_ascii=False).encode()
    dataset.manifest.write(music / "list.csv")
    again = datasets.load("folder", path=music / "list.csv", progress=False)
    assert again.files == dataset.files and again.manifest.sha == dataset.manifest.sha


@pytest.mark.parametrize("suffix", walk.SOUND)
def test_every_ending_that_is_read_can_be(music, suffix):
    formats = {".w64": "W64", ".rf64": "RF64", ".flac": "FLAC", ".mp3": "MP3", ".caf": "CAF"}
    formats |= dict.fromkeys((".wav", ".wave", ".bwf"), "WAV") | dict.fromkeys((".au", ".snd"), "AU")
    formats |= dict.fromkeys((".ogg", ".oga", ".opus"), "OGG") | dict.fromkeys((".aif", ".aiff", ".aifc"), "AIFF")
    sound(music / "fado" / f"a{suffix}", format=formats[suffix])
    assert len(datasets.load("folder", path=music, progress=False).load("fado.a")) > 2_000


# What takes no part: the notes on it.
LEFT_OUT = [
    Case(
        "junk",
        "trial 1",
        all_of(
            *(name_of_bytes(name) for name in (b"._one.wav", b".DS_Store", b"Thumbs.db", b"desktop.ini")),
            *(lambda home, name=name: sound(home / name / "a.wav") for name in (".git", ".svn", "__MACOSX", "@eaDir")),
        ),
        ["left out: 8 junk files and folders (.git/, .svn/, @eaDir/ and 5 more)"],
    ),
    Case(
        "pictures",
        "trial 1",
        lambda home: [(home / "fado" / f"{number}.JPG").touch() for number in range(5)],
        ["left out: 5 files that end in .jpg (fado/0.JPG, fado/1.JPG, fado/2.JPG and 2 more)"],
    ),
    Case(
        "other music",
        "headphones #2573",
        lambda home: (home / "fado" / "a.m4a").touch(),
        ["left out: 1 music file in a format not read here, .m4a (fado/a.m4a); convert them to WAV or FLAC"],
    ),
    Case(
        "no ending",
        "trial 1",
        lambda home: (home / "fado" / "READ ME.").touch(),
        ["left out: 1 file that ends in nothing known (fado/READ ME.)"],
    ),
    Case(
        "loose", "trial 1", lambda home: sound(home / "a.wav"), ["left out: 1 sound file in no label's folder (a.wav)"]
    ),
    Case(
        "no sound",
        "trial 1",
        lambda home: (home / "jazz" / "b").mkdir(parents=True),
        ["left out: 1 folder without sound files (jazz)"],
    ),
    Case(
        "a pipe",
        "trial 2",
        lambda home: os.mkfifo(home / "fado" / "a.wav"),
        ["left out: 1 pipe, socket or device (fado/a.wav)"],
    ),
    Case(
        "a socket",
        "trial 2",
        lambda home: listen(home / "fado" / "s.wav"),
        ["left out: 1 pipe, socket or device (fado/s.wav)"],
    ),
    Case(
        "a linked device",
        "trial 2",
        link("fado/a.wav", "/dev/zero"),
        ["left out: 1 pipe, socket or device (fado/a.wav)"],
    ),
    Case(
        "a link to itself above",
        "trial 2",
        link("fado/loop", ".."),
        ["left out: 1 link back to a folder around it (fado/loop)"],
    ),
    Case(
        "a link far above",
        "trial 2",
        link("fado/loop", "/"),
        ["left out: 1 link back to a folder around it (fado/loop)"],
    ),
    Case(
        "labels linked in a ring",
        "trial 2",
        all_of(link("fado/p", "../polka"), link("polka/f", "../fado")),
        ["left out: 2 other names of folders read already (fado/p, polka/f)"],
    ),
    Case(
        "a file by a link too",
        "trial 2",
        link("fado/again.wav", "../polka/one.wav"),
        ["left out: 1 other name of a file read already (fado/again.wav)"],
    ),
    Case(
        "a name that is not text",
        "mutagen #648",
        lambda home: (home / "fado" / os.fsdecode(b"\xe9\n.txt")).touch(),
        ["left out: 1 file that ends in .txt (fado/\\xe9\\n.txt)"],
    ),
    Case(
        "labels that are written alike",
        "trial 1",
        all_of(lambda home: sound(home / "fado " / "a.wav"), lambda home: sound(home / "\u0301e" / "a.wav")),
        ["made one label of 2 folders that are written alike (fado, fado )"],
    ),
]


def invoke(*words: object) -> str:
    """What a command writes to both streams, once it has ended well."""
    done = click.testing.CliRunner().invoke(cli.main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@each(LEFT_OUT)
def test_what_takes_no_part_is_counted_and_named(music, case):
    case.make(music)
    dataset = datasets.load("folder", path=music, progress=False)
    assert list(dataset.notes[""]) == case.answer
    assert datasets.check("folder", path=music, progress=False).notes == tuple(case.answer)
    said = invoke("data", "get", "folder", "--from", music)
    assert [line for line in case.answer if f"note: {line}\n" not in said] == []


@each([case for case in LEFT_OUT if case.name in ("junk", "other music", "labels that are written alike")])
def test_every_command_says_so_and_the_record_too(music, case, monkeypatch, tmp_path):
    case.make(music)
    for command in ("check", "audit", "faults"):
        said = invoke("data", command, "folder", "--from", music)
        assert [line for line in case.answer if f"note: {line}\n" not in said] == []
    nothing = dataclasses.replace(table1.EXPERIMENT, measure=lambda *_: ([], {}))
    monkeypatch.setattr(runs, "declared", lambda name: nothing)
    said = invoke("run", "ensemble", "--dataset", "folder", "--from", music, "--out", tmp_path / "out")
    (written,) = (tmp_path / "out").glob("ensemble-folder-quick-collection=music-*.json")
    record = json.loads(written.read_text(encoding="utf-8"))
    left_out = [line for line in case.answer if line.startswith("left out")]
    assert record["provenance"]["left_out"][: len(left_out)] == left_out
    assert [line for line in left_out if f"note: {line}\n" not in said] == []


def test_folders_may_be_nested_deeper_than_python_calls(music):
    deepest = music / "fado"
    try:
        for _ in range(1_100):
            deepest = Path(f"{deepest}/d")
            os.mkdir(deepest)
        sound(deepest / "a.wav")
        assert "fado." + "d." * 1_100 + "a" in datasets.load("folder", path=music, progress=False).excerpts
    finally:
        subprocess.run(["rm", "-r", music], check=True)  # pytest tidies up by recursion, and would fail


def test_the_spectrograms_of_sounds_with_names_that_are_not_text_can_be_kept(music):
    """Met with 400 files: so many that their spectrograms are kept."""
    name_of_bytes(b"caf\xe9.wav")(music)
    dataset = datasets.load("folder", path=music, progress=False)
    assert spectrograms.keep(dataset, kept_from=0) is not None


def test_hard_links_are_like_copies(music):
    os.link(music / "fado" / "one.wav", music / "polka" / "four.wav")
    assert "polka.four" in datasets.load("folder", path=music, progress=False).excerpts


# What is refused: a part of the sentence.
REFUSED = [
    Case(
        "a broken link",
        "trial 2",
        link("fado/gone.wav", "nowhere.wav"),
        "fado/gone.wav is a link that leads nowhere; restore",
    ),
    Case(
        "links to themselves",
        "trial 2",
        all_of(link("fado/a", "a"), link("fado/b", "b")),
        "fado/a is a link that leads nowhere, as is 1 more",
    ),
    Case(
        "an empty sound", "trial 1", lambda home: sound(home / "fado" / "a.wav").write_bytes(b""), "fado/a.wav is empty"
    ),
    Case(
        "no samples",
        "trial 1",
        lambda home: (home / "fado" / "a.wav").write_bytes(audio.to_wav_bytes(np.zeros(0))),
        "fado/a.wav holds no samples",
    ),
]


@each(REFUSED)
def test_what_is_refused(music, case):
    case.make(music)
    with pytest.raises(InputError) as refused:
        datasets.load("folder", path=music, progress=False)
    assert case.answer in str(refused.value) and "row" not in str(refused.value)


def test_a_folder_that_may_not_be_read_is_refused_by_name(music, monkeypatch):
    scandir = os.scandir

    def denied(path):
        if Path(path).name == "polka":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)  # root, who runs CI, may read everything
    with pytest.raises(InputError, match=r"music/polka cannot be read \(Permission denied\); correct its permissions"):
        datasets.load("folder", path=music, progress=False)


# What is given as the collection: the words of the refusal.
SOURCES = [
    Case("a pipe", "trial 2", lambda home: os.mkfifo(home / "pipe") or home / "pipe", "neither a folder nor a CSV"),
    Case("a home of nobody", "trial 2", lambda home: Path("~nosuchuser/music"), "home folder"),
    Case("a link to itself", "trial 2", lambda home: (home / "a").symlink_to("a") or home / "a", "cannot be found"),
    Case("a name too long", "trial 2", lambda home: home / ("a" * 300), "cannot be found"),
]


@each(SOURCES)
def test_what_is_no_collection(music, case):
    with pytest.raises(InputError, match=case.answer):
        datasets.load("folder", path=case.make(music), progress=False)


ROWS = [
    Case(
        "a file that is not there", "trial 1", lambda home: "fado/none.wav", "row 4.* does not exist; correct its path"
    ),
    Case("a part too long", "trial 2", lambda home: "a" * 300 + ".wav", "row 4.* does not exist; correct its path"),
    Case("a pipe", "trial 2", lambda home: os.mkfifo(home / "pipe.wav") or "pipe.wav", "row 4.* is not a file"),
]


@each(ROWS)
def test_rows_of_a_table_that_are_refused(music, case):
    lines = ["path,label", "fado/one.wav,fado", "polka/one.wav,polka", f"{case.make(music)},polka"]
    (music / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=case.answer):
        datasets.load("folder", path=music / "list.csv", progress=False)


@pytest.mark.parametrize("name", ["a.wav", os.fsdecode(b"caf\xe9.wav"), "two\nlines.wav"])
def test_what_is_wrong_with_a_file_is_said_without_its_name(tmp_path, name):
    """Where a report names the file itself."""
    (tmp_path / name).write_bytes(b"")
    assert located._examined(Problem("a", tmp_path / name, CORRUPT)).reason == "is empty"


def test_files_that_cannot_be_used_are_all_named_and_the_others_kept(music, monkeypatch):
    for name in ("a", "b", "c"):
        (music / "fado" / f"{name}.wav").write_bytes(b"")
    with pytest.raises(InputError, match=r"fado/a\.wav is empty.*; 2 more cannot be used \(fado\.b, fado\.c\)"):
        datasets.load("folder", path=music, progress=False)
    opened = []
    real = audio.duration
    monkeypatch.setattr(audio, "duration", lambda file: opened.append(file.name) or real(file))
    with pytest.raises(InputError):
        datasets.load("folder", path=music, progress=False)
    assert opened == ["a.wav", "b.wav", "c.wav"]


def test_what_was_opened_before_ctrl_c_is_not_opened_again(music, monkeypatch):
    opened = []
    real = audio.duration

    def duration(file: Path) -> float:
        if len(opened) == 4:
            opened.append(None)
            raise KeyboardInterrupt
        opened.append(file)
        return real(file)

    monkeypatch.setattr(audio, "duration", duration)
    with pytest.raises(KeyboardInterrupt):
        datasets.load("folder", path=music, progress=False)
    datasets.load("folder", path=music, progress=False)
    assert len(opened) - 1 == 6 == len(set(opened) - {None})


def test_a_blank_row_within_a_table_is_refused(music):
    rows = ["path,label", "fado/one.wav,fado", "", "polka/one.wav,polka"]
    (music / "list.csv").write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match="row 3 is blank; delete it"):
        datasets.load("folder", path=music / "list.csv", progress=False)
    (music / "list.csv").write_text("\n".join([*filter(None, rows), "", "", ""]), encoding="utf-8")
    assert len(datasets.load("folder", path=music / "list.csv", progress=False)) == 2


def test_a_table_names_a_file_in_either_normalisation_form(music):
    sound(music / "polka" / unicodedata.normalize("NFD", "é.wav"))
    (music / "list.csv").write_text("path,label,mood,year\nfado/one.wav,fado,,\npolka/é.wav,polka,,", encoding="utf-8")
    dataset = datasets.load("folder", path=music / "list.csv", progress=False)
    assert len(dataset.load("polka.é")) == 2_205
    assert dataset.left_out == ("left out: 2 columns that are not used (mood, year)",)


# classes and artists


def decided(jobs, dataset, progress):
    """Stands for `decide_all`: every classifier is right, without training."""
    found = []
    for job in jobs:
        names = ["network", *(f"forest {layers}" for layers in LAYERS)] if job.forests else ["shared", "per_class"]
        table = dataset.manifest.table
        tested = table[table["label"].isin(job.config.labels or dataset.labels)]
        truth = tested["label"].tolist()
        found.append(
            {
                "system": job.system,
                "partition": job.config.partition,
                "seed": job.config.seed,
                "labels": sorted(set(truth)),
                "excerpts": tested["excerpt"].tolist(),
                "truth": truth,
                "said": dict.fromkeys(names, truth),
                **{"n_train": 1, "epochs": 1, "seconds": 0.0},
            }
        )
    return found


def test_genre_folders_without_artists_have_the_random_half_of_table_1(music, monkeypatch, tmp_path):
    sound(music / "jazz" / "alone.wav", 2_000)
    monkeypatch.setattr(table1, "decide_all", decided)
    said = invoke("run", "table1", "--dataset", "folder", "--from", music, "--out", tmp_path)
    (written,) = tmp_path.glob("table1-folder-quick-collection=music-*.json")
    record = Record.read(written)
    notes = record.provenance["left_out"]
    assert notes[1] == (
        "left out: 1 class that the partition random cannot divide "
        "(jazz has 1 excerpt; three parts need at least three)"
    )
    assert notes[0].startswith("left out: the artists, of which none is known; ")
    assert record.find("accuracy", system="dnn50", classifier="network", partition="random")["n"] == 7
    assert notes[2].startswith("left out: whatever needs the partition artist_filtered. ")
    assert "a CSV with the columns path, label and artist" in notes[2]
    assert len(notes) == 3 and all(f"note: {note}\n" in said for note in notes)
    assert "100.0 (-)" in said and "\n  drop" not in said
    # To run it again would not help the claims on the other half; what would is said.
    because = {row["because"] for row in claims.judgements([record]) if row["id"] == "drop-persists"}
    assert len(because) == 1 and "give the artists" in because.pop()


def test_two_collections_have_records_of_their_own(music, monkeypatch, tmp_path):
    """Though both are the dataset called folder."""
    monkeypatch.setattr(table1, "decide_all", decided)
    shutil.copytree(music, tmp_path / "other" / "music")
    sound(tmp_path / "other" / "music" / "fado" / "four.wav")
    for home in (music, tmp_path / "other" / "music", music):
        said = invoke("run", "table1", "--dataset", "folder", "--from", home, "--out", tmp_path / "out")
        assert "table1 on folder, profile quick, collection music-" in said
    assert sorted(Record.read(path).provenance["excerpts"] for path in (tmp_path / "out").iterdir()) == [6, 7]
    assert len(records.read_records(tmp_path / "cache" / "records")) == 2


def test_with_artists_table_1_has_both_halves(music, monkeypatch, tmp_path):
    rows = [f"{path.relative_to(music)},{path.parent.name},{path.stem}" for path in sorted(music.rglob("*.wav"))]
    (music / "list.csv").write_text("\n".join(["path,label,artist", *rows]), encoding="utf-8")
    monkeypatch.setattr(table1, "decide_all", decided)
    said = invoke("run", "table1", "--dataset", "folder", "--from", music / "list.csv", "--out", tmp_path)
    assert "100.0 (100.0)" in said and "\n  drop" in said and "note:" not in said


@pytest.mark.parametrize("experiment", ["baseline", "partition_gap", "partition_folds", "success_curves", "transfer"])
def test_what_needs_artists_is_refused_with_the_remedy(music, experiment):
    done = click.testing.CliRunner().invoke(cli.main, ["run", experiment, "--dataset", "folder", "--from", str(music)])
    assert done.exit_code == 2 and "a CSV with the columns path, label and artist" in done.output


def a_list(home: Path) -> Path:
    (home / "list.csv").write_text("path,label\nfado/one.wav,fado\npolka/one.wav,polka\n", encoding="utf-8")
    return home / "list.csv"


# What can be known before any work: command, and words of the refusal.
BEFOREHAND = [
    Case("one seed", "trial 2", lambda home: ["run", "baseline", "--seeds", 1], "run at least 2 seeds"),
    Case(
        "made for the invented music",
        "trial 15",
        lambda home: ["run", "dose_response"],
        "folder has no such knobs; run it on synthetic",
    ),
    Case("many seeds", "trial 2", lambda home: ["run", "baseline", "--seeds", 2_000_000_000], "1<=x<=1000"),
    Case("a seed of 24 digits", "trial 2", lambda home: ["run", "baseline", "--seed", 10**23], "0<=x<=4294967295"),
    Case(
        "no such partition",
        "trial 2",
        lambda home: ["run", "table1", "--partition", "artists"],
        "no partition 'artists'",
    ),
    Case(
        "no such partition, attacking",
        "trial 15",
        lambda home: ["attack", home / "fado" / "one.wav", "--target", "fado", "--partition", "artists"],
        "no partition 'artists'",
    ),
    Case(
        "no such partition, looked through",
        "trial 15",
        lambda home: ["data", "audit", "folder", "--partition", "artists"],
        "no partition 'artists'",
    ),
    Case(
        "out is a recording",
        "trial 15",
        lambda home: ["data", "faults", "folder", "--out", home / "fado" / "two.wav"],
        "two.wav exists already, and is no earlier result",
    ),
    Case(
        "out is the list of recordings",
        "trial 15",
        lambda home: ["data", "faults", "folder", "--out", a_list(home)],
        "list.csv exists already, and is no earlier result",
    ),
    Case(
        "out is another table",
        "trial 15",
        lambda home: ["bench", "--quick", "--out", a_list(home)],
        "list.csv exists already, and is no earlier result",
    ),
    Case(
        "out is a file",
        "trial 2",
        lambda home: ["run", "table1", "--out", home / "fado" / "one.wav"],
        "could not be written",
    ),
    Case(
        "out lies in a file",
        "trial 2",
        lambda home: ["data", "faults", "folder", "--out", home / "fado" / "one.wav" / "a.csv"],
        "could not be written",
    ),
    Case(
        "out is a folder",
        "trial 2",
        lambda home: ["data", "faults", "folder", "--out", home / "fado"],
        "is a folder; give the name of a file",
    ),
]


@each(BEFOREHAND)
def test_what_can_be_known_beforehand_is_refused_beforehand(music, case, monkeypatch):
    for where in ("decide_all", "possible"):
        monkeypatch.setattr(table1, where, lambda *_, **__: pytest.fail("work began"))
    words = [str(word) for word in case.make(music)]
    monkeypatch.setattr(audio, "duration", lambda *_: pytest.fail("a file was opened"))
    which = ["--dataset", "folder"] if words[0] in ("run", "attack") else []
    where = [] if words[0] == "bench" else ["--from", str(music)]
    before = {path: path.read_bytes() for path in music.rglob("*") if path.is_file()}
    done = click.testing.CliRunner().invoke(cli.main, [*words, *which, *where])
    assert {path: path.read_bytes() for path in before} == before
    assert done.exit_code == 2 and case.answer in done.output.replace("\n", " ")


@pytest.mark.parametrize("seeds", [{"seed": -1}, {"seed": 2**32}, {"seeds": (0, -1)}])
def test_seeds_of_a_configuration(seeds):
    with pytest.raises(InputError, match="choose one from 0 to 4,294,967,295"):
        Config(**seeds)


def test_names_in_the_manifest_of_a_folder_are_text(music):
    sound(music / os.fsdecode(b"\xff\n") / "a.wav")
    table, _ = folder.scan(music)
    assert "\\xff\\n" in set(table["label"])
    table.to_csv().encode()
