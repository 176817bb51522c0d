"""Crashes, corruption and load: what a killed process, a full disk, a damaged file or an odd label may do, and no more.

Each case was first tried on a version that did worse; see the trial "reliability".
"""

from __future__ import annotations

import contextlib
import copy
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from click.testing import CliRunner

from case import Case, each
from interrupts import answers_ctrl_c
from music_adversaries import adversary, audio, cache, cli, training
from music_adversaries.adversary import Budget, Model, memory
from music_adversaries.audition import Clip, player
from music_adversaries.book import claims, datasets, figures, harness, runs, tables
from music_adversaries.book.attack import _make_folder
from music_adversaries.book.datasets import synthetic
from music_adversaries.book.harness import spectrograms, systems
from music_adversaries.book.harness.config import Config
from music_adversaries.book.harness.grid import over_processes
from music_adversaries.book.measurements import measurement, the_one, without_interval
from music_adversaries.book.records import USUAL, Record, book_folder, read_records
from music_adversaries.errors import InputError
from music_adversaries.evaluation import Estimate
from music_adversaries.networks import DNN, Standardise, System
from small_system import recording
from small_system import system as small_system

TRIAL = "trial reliability"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def small_network() -> DNN:
    return DNN(Standardise(torch.zeros(513), torch.ones(513)), 3, 8, generator=torch.Generator().manual_seed(0))


def small(**metadata: object) -> System:
    return System(small_network(), ("a", "b", "c"), dict(metadata))


def quietly(path: Path) -> list[Record]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_records(path)


# --- processes: each signal ends a command whose workers are at work, and none is left ---

AT_WORK = """
from pathlib import Path
import sys
from music_adversaries.book.harness.grid import over_processes

if __name__ == "__main__":
    over_processes(eval, ["__import__('pathlib').Path(%r).touch() or __import__('time').sleep(600)"], description="")
"""


def test_no_worker_outlives_a_command_however_it_is_ended(tmp_path: Path) -> None:
    signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
    commands = {}
    for number in signals:
        script, at_work = tmp_path / f"{number}.py", tmp_path / f"{number}.at_work"
        script.write_text(AT_WORK % str(at_work))
        commands[number] = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.DEVNULL), at_work
    until = time.monotonic() + 120
    while not all(at_work.exists() for _, at_work in commands.values()) and time.monotonic() < until:
        time.sleep(0.1)
    workers = []
    for number, (command, at_work) in commands.items():
        assert at_work.exists()
        workers += psutil.Process(command.pid).children(recursive=True)
        command.send_signal(number)
        command.wait()
    assert len(workers) >= len(signals)
    _, left = psutil.wait_procs(workers, timeout=30)
    assert not left


def test_a_worker_that_the_system_ends_is_one_sentence() -> None:
    killed = "__import__('os').kill(__import__('os').getpid(), 9)"
    with pytest.raises(InputError, match=r"'training' ended suddenly.*what was finished is kept"):
        over_processes(eval, [killed], description="training")


def test_so_is_one_that_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenProcessPool("A process was terminated abruptly")

    monkeypatch.setattr(synthetic, "generate", broken)
    with pytest.raises(InputError, match="'rendering synthetic' ended suddenly"):
        datasets.load("synthetic", progress=False)


# --- a disk that takes nothing: what was computed is there all the same ---


def refuses(number: int) -> Callable[..., None]:
    def write(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return write


FULL = [
    Case(name, TRIAL, partial(getattr, errno, name), "could not be written")
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EACCES", "EPERM", "EIO")
]


@each(FULL)
def test_a_failed_checkpoint_ends_no_training(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(Path, "write_bytes", refuses(case.make()))
    generator = torch.Generator().manual_seed(1)
    frames, targets = torch.rand(40, 513, generator=generator), torch.arange(40) % 3
    schedule = training.Schedule(max_epochs=2, batch_size=20)
    checkpoint = tmp_path / "x.partial"
    history = training.train(small_network(), frames, targets, frames, targets, schedule, seed=0, checkpoint=checkpoint)
    assert len(history["train_loss"]) == 2 and not list(tmp_path.glob("*partial*"))


@each(FULL)
def test_a_system_that_cannot_be_saved_is_said(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", refuses(case.make()))
    with pytest.raises(InputError, match=case.answer):
        small().save(tmp_path / "s.pt")
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """As a disk would that is full at some byte, whoever writes to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_grows_too_large_ends_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", -1.0)
    frames, targets = torch.rand(40, 513, generator=torch.Generator().manual_seed(1)), torch.arange(40) % 3
    schedule = training.Schedule(max_epochs=2, batch_size=20)
    with files_of_at_most(8_192):
        training.train(
            small_network(), frames, targets, frames, targets, schedule, seed=0, checkpoint=tmp_path / "x.partial"
        )
        with pytest.raises(InputError, match=r"s.pt could not be written \(File too large\)"):
            small().save(tmp_path / "s.pt")
    assert not list(tmp_path.iterdir())


WRITERS: list[tuple[str, Callable[[Path], object]]] = [
    ("write_wav", lambda out: audio.write_wav(out / "a.wav", recording("dark", 0, seconds=8.0))),
    ("a system", lambda out: small().save(out / "s.pt")),
    ("a table", lambda out: tables.write_table(out / "a.csv", pd.DataFrame({"x": range(50_000)}))),
    ("a record", lambda out: Record("table1", "synthetic", "quick", tables={"x": [{"y": "n" * 300_000}]}).write(out)),
    ("a page", lambda out: player(Clip("clip", recording("dark", 0, seconds=8.0))).write(out / "a.html")),
    ("beforehand", lambda out: cache.check_writable(out / "new" / "a.csv")),
    ("an output folder", lambda out: _make_folder(out / "new")),
]


@pytest.mark.parametrize("write", [write for _, write in WRITERS], ids=[name for name, _ in WRITERS])
@pytest.mark.parametrize("of_the_cache", [False, True])
def test_the_folder_that_is_full_is_named_and_what_can_be_done_about_that_one(
    write: Callable[[Path], object], of_the_cache: bool, tmp_path: Path, own_cache: Path
) -> None:
    out = own_cache if of_the_cache else tmp_path / "results"
    out.mkdir()
    with pytest.raises(InputError) as refused, files_of_at_most(8_192):
        write(out)
    other = "set MUSIC_ADVERSARIES_CACHE to another folder" if of_the_cache else "give another place"
    assert str(refused.value).endswith(f"(File too large); free some space in {out}, or {other}.")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        ("ENOSPC", "free some space in {}, or give another place."),
        ("EDQUOT", "free some space in {}, or give another place."),
        ("EROFS", "allow writing to {}, or give another place."),
        ("EACCES", "allow writing to {}, or give another place."),
        ("EIO", "check the disk of {}, or give another place."),
    ],
)
def test_each_reason_has_its_own_remedy(
    number: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", refuses(getattr(errno, number)))
    with pytest.raises(InputError) as refused:
        audio.write_wav(tmp_path / "a.wav", recording("dark", 0, seconds=1.0))
    assert str(refused.value).endswith(remedy.format(tmp_path))


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="put a folder in place of .*/file, or give another place"):
        audio.write_wav(tmp_path / "file" / "new" / "a.wav", recording("dark", 0, seconds=1.0))


def test_a_place_without_a_cache_is_named_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_dir", lambda: (_ for _ in ()).throw(InputError("There is no home folder")))
    monkeypatch.setattr(Path, "write_bytes", refuses(errno.ENOSPC))
    with pytest.raises(InputError, match="free some space in .*, or give another place"):
        audio.write_wav(tmp_path / "a.wav", recording("dark", 0, seconds=1.0))


def test_frames_that_lie_on_the_disk_need_a_cache_that_can_be_written(own_cache: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    with pytest.raises(InputError, match="could not be written"):
        spectrograms.contiguous([torch.zeros(2, 3)], 2, (3,), backed_from=1)


class Trained:
    """`trained_system` with a training that takes no time, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.path = cache.cache_dir() / "systems" / "s.pt"
        monkeypatch.setattr(systems, "system_path", lambda *_: self.path)
        monkeypatch.setattr(systems, "_train", self.train)

    def train(self, *_: object) -> System:
        self.count += 1
        return small(parts={"test": []})

    def __call__(self) -> System:
        return systems.trained_system(Config(), SimpleNamespace(fingerprint="x"), progress=False)  # type: ignore[arg-type]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    return Trained(monkeypatch)


def test_a_trained_system_that_cannot_be_kept_is_used(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", refuses(errno.ENOSPC))
    with pytest.warns(UserWarning, match=r"No space left.*is used now, and trained again next time"):
        assert trained().labels == ("a", "b", "c")


def test_a_cache_that_takes_nothing_is_noticed_before_the_training(trained: Trained, own_cache: Path) -> None:
    own_cache.mkdir()
    (own_cache / "systems").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="could not be written"):
        trained()
    assert trained.count == 0


def test_a_record_that_cannot_be_kept_is_shown(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    made = Record("ensemble", "synthetic", "quick", [without_interval("snr", 5.0, n=3)])
    monkeypatch.setattr(runs, "_dataset", lambda *_: None)
    monkeypatch.setattr(runs, "_key", lambda *_: "key")
    monkeypatch.setattr(runs, "_compute", lambda *_: made)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refuses(errno.ENOSPC))
        with pytest.warns(UserWarning, match=r"No space left.*computed again next time"):
            assert runs.run("ensemble", Config()) == made
    own_cache.rename(own_cache.with_name("before"))
    own_cache.write_text("a file where the folder should be")
    monkeypatch.setattr(runs, "_compute", lambda *_: pytest.fail("hours that cannot be kept"))
    with pytest.raises(InputError, match="could not be written"):
        runs.run("ensemble", Config())


# --- a system's file, changed in one way each ---


def resaved(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """As someone would who opens the file with PyTorch, changes something, and saves it."""

    def make(path: Path) -> None:
        content = torch.load(path, weights_only=True)
        change(content)
        torch.save(content, path)

    return make


def without_seal(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """As from before there were seals."""
    return resaved(lambda content: (content.pop(cache.SEAL), change(content)))


def first_weight(value: float) -> Callable[[dict], object]:
    return lambda content: content["state"]["output.weight"].view(-1)[:1].fill_(value)


DAMAGED = "is not a saved system or is damaged"
SYSTEMS = [
    Case("another weight", TRIAL, resaved(first_weight(0.5)), DAMAGED),
    Case("another label", TRIAL, resaved(lambda c: c["labels"].reverse()), DAMAGED),
    Case("NaN", TRIAL, without_seal(first_weight(np.nan)), DAMAGED),
    Case("infinite", TRIAL, without_seal(first_weight(np.inf)), DAMAGED),
    Case("no metadata", TRIAL, without_seal(lambda c: c.pop("metadata")), DAMAGED),
    Case("metadata that are a list", TRIAL, without_seal(lambda c: c.update(metadata=[1])), DAMAGED),
    Case("labels that are numbers", TRIAL, without_seal(lambda c: c.update(labels=[1, 2, 3])), DAMAGED),
    Case("a label twice", TRIAL, without_seal(lambda c: c.update(labels=["a", "a", "b"])), DAMAGED),
    Case("too few labels", TRIAL, without_seal(lambda c: c.update(labels=["a", "b"])), DAMAGED),
    Case("labels that are none", TRIAL, without_seal(lambda c: c.update(labels=None)), DAMAGED),
    Case("no weights", TRIAL, without_seal(lambda c: c.update(state={})), DAMAGED),
    Case("weights that are a list", TRIAL, without_seal(lambda c: c.update(state=[])), DAMAGED),
    Case("a weight that is a text", TRIAL, without_seal(lambda c: c["state"].update({"output.weight": "x"})), DAMAGED),
    Case("settings that are none", TRIAL, without_seal(lambda c: c.update(settings=None)), DAMAGED),
    Case("a kind that is a list", TRIAL, without_seal(lambda c: c.update(kind=["DNN"])), DAMAGED),
    Case("a list", TRIAL, lambda path: torch.save([1, 2], path), DAMAGED),
    Case("a tensor", TRIAL, lambda path: torch.save(torch.zeros(3), path), DAMAGED),
    Case("empty", TRIAL, lambda path: path.write_bytes(b""), DAMAGED),
    Case("half", TRIAL, lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), DAMAGED),
    Case("more at its end", TRIAL, lambda path: path.write_bytes(path.read_bytes() + b"PK\5\6" + bytes(50)), DAMAGED),
    Case("another version", TRIAL, resaved(lambda c: c.update(format=1)), "another version"),
]


@each(SYSTEMS)
def test_a_damaged_system_is_refused_in_one_sentence_and_trained_again(case: Case, trained: Trained) -> None:
    trained()
    case.make(trained.path)
    with pytest.raises(InputError, match=case.answer) as refused:
        System.load(trained.path)
    assert str(refused.value).count("\n") == 0
    with pytest.warns(UserWarning, match="trained again"):
        assert trained().labels == ("a", "b", "c")
    assert trained.count == 2 and System.load(trained.path).labels == ("a", "b", "c")


def test_flipped_bits_of_a_system_are_noticed(tmp_path: Path) -> None:
    """Any of them loads what was saved, or is refused."""
    path, system = tmp_path / "s.pt", small(history={"best_epoch": 3}, parts={"test": ["x", "y"]})
    system.save(path)
    whole, state, refused = path.read_bytes(), system.network.state_dict(), 0
    rng = np.random.default_rng(0)
    for place in rng.integers(len(whole), size=120):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            back = System.load(path)
        except InputError:
            refused += 1
            continue
        assert back.labels == system.labels and back.metadata == system.metadata
        assert all(torch.equal(state[name], values) for name, values in back.network.state_dict().items())
    assert refused > 60


def test_a_system_from_before_there_were_seals_is_read(tmp_path: Path) -> None:
    small(history={"best_epoch": 3}).save(tmp_path / "s.pt")
    without_seal(lambda _: None)(tmp_path / "s.pt")
    assert System.load(tmp_path / "s.pt").history == {"best_epoch": 3}


# --- records: what is written on one is believed only as it was written ---

ROWS = [
    measurement("success", Estimate(0.6, 0.5, 0.7, 20), attack="Algorithm 1"),
    measurement("difference", Estimate(0.1, -0.1, 0.3, 20, "fraction difference"), minus="mfcc"),
    without_interval("p_artists", 0.02, n=20),
]


def a_record(**changed: object) -> Record:
    return Record("ensemble", "synthetic", "quick", [dict(row) for row in ROWS], key="key", **changed)  # type: ignore[arg-type]


def edit(old: str, new: str) -> Callable[[dict, str], str]:
    return lambda _, text: text.replace(old, new)


def sealed_again(change: Callable[[dict], object]) -> Callable[[dict, str], str]:
    """As a program would write it that makes an error: the hash is right."""

    def make(content: dict, _: str) -> str:
        change(content)
        return json.dumps(cache.sealed(content))

    return make


def in_row(number: int, **changed: object) -> Callable[[dict, str], str]:
    return sealed_again(lambda content: content["measurements"][number].update(changed))


deep = "[" * 100_000 + "]" * 100_000
RECORDS = [
    Case("a value, by hand", TRIAL, edit('"value": 0.6', '"value": 0.65'), "was changed after it was written"),
    Case("a condition, by hand", TRIAL, edit("Algorithm 1", "Algorithm 2"), "was changed after it was written"),
    Case("its key, by hand", TRIAL, edit('"key": "key"', '"key": "yek"'), "was changed after it was written"),
    Case("no hash", TRIAL, lambda content, _: json.dumps(content), "without a hash"),
    Case("700 %", TRIAL, in_row(0, value=7.0, low=6.0, high=8.0), "lies between 0 and 1"),
    Case("a share below none", TRIAL, in_row(0, value=-0.1, low=-0.2, high=0.0), "lies between 0 and 1"),
    Case("beside its interval", TRIAL, in_row(0, value=0.8), "is not in its interval"),
    Case("an interval beyond all", TRIAL, in_row(0, high=1.5), "lies between 0 and 1"),
    Case("an interval turned around", TRIAL, in_row(0, low=0.7, high=0.5), "is not in its interval"),
    Case("half an interval", TRIAL, in_row(0, low=None), "as its interval"),
    Case("a difference of 3", TRIAL, in_row(1, value=3.0, low=2.0, high=4.0), "lies between -1 and 1"),
    Case("p is -1", TRIAL, in_row(2, value=-1.0), "p-value lies between 0 and 1"),
    Case("p is 2", TRIAL, in_row(2, value=2.0), "p-value lies between 0 and 1"),
    Case("NaN", TRIAL, in_row(0, value=float("nan")), "no finite number"),
    Case("infinite", TRIAL, in_row(0, high=float("inf")), "as its interval"),
    Case("a truth value", TRIAL, in_row(0, value=True), "no finite number"),
    Case("n is 0", TRIAL, in_row(0, n=0), "no count"),
    Case("n is 2.5", TRIAL, in_row(0, n=2.5), "no count"),
    Case("n is missing", TRIAL, sealed_again(lambda c: c["measurements"][0].pop("n")), "no field 'n'"),
    Case("a unit that is a number", TRIAL, in_row(0, unit=5), "no text"),
    Case("a condition that is a list", TRIAL, in_row(0, attack=["x"]), "neither a text nor a number"),
    Case("the same twice", TRIAL, sealed_again(lambda c: c["measurements"].append(ROWS[0])), "an earlier one"),
    Case("a row that is a number", TRIAL, sealed_again(lambda c: c["measurements"].append(5)), "has no quantity"),
    Case("tables that are a list", TRIAL, sealed_again(lambda c: c.update(tables=[])), "'tables' is bad"),
    Case("a table of numbers", TRIAL, sealed_again(lambda c: c.update(tables={"x": [1]})), "not a list of rows"),
    Case("a provenance that is a text", TRIAL, sealed_again(lambda c: c.update(provenance="x")), "'provenance' is bad"),
    Case("another's name", TRIAL, sealed_again(lambda c: c.update(experiment="table1")), "holds the record table1"),
    Case("400 digits", TRIAL, edit('"n": 20', f'"n": {"9" * 400}'), "400 digits"),
    Case("5,000 digits", TRIAL, edit('"n": 20', f'"n": {"9" * 5_000}'), "not a readable JSON"),
    Case("too deep", TRIAL, edit('"key": "key"', f'"key": {deep}'), "too deep"),
    Case("a name twice", TRIAL, edit('"key": "key"', '"key": "key", "key": "key"'), "a name twice"),
    Case("half", TRIAL, lambda _, text: text[: len(text) // 2], "not a readable JSON"),
    Case("empty", TRIAL, lambda *_: "", "not a readable JSON"),
    Case("a list", TRIAL, lambda *_: "[]", "is not a record"),
    Case("a text", TRIAL, lambda *_: '"x"', "is not a record"),
    Case("nothing", TRIAL, lambda *_: "null", "is not a record"),
]


@each(RECORDS)
def test_a_record_that_is_not_what_was_written_is_named_and_left_out(case: Case, tmp_path: Path) -> None:
    path = a_record().write(tmp_path)
    content = cache.unsealed(json.loads(path.read_text()))
    path.write_text(case.make(content, path.read_text()))
    with pytest.raises(InputError, match=case.answer) as refused:
        Record.read(path)
    assert str(path) in str(refused.value) and len(str(refused.value)) < 1_000
    other = Record("table1", "synthetic", "quick", ROWS).write(tmp_path)
    with pytest.warns(UserWarning, match="it is left out"):
        assert [record.file for record in read_records(tmp_path)] == [other]


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    assert quietly(tmp_path) == []


def test_another_configuration_replaces_nothing_and_is_said(own_cache: Path) -> None:
    folder = own_cache / "records"
    usual = a_record(config={**USUAL, "dataset": "synthetic"}).write(folder)
    other = a_record(config={**USUAL, "seed": 3, "partition": "artist_filtered"})
    assert usual.name == "ensemble-synthetic-quick.json"
    assert other.write(folder).name == "ensemble-synthetic-quick-partition=artist_filtered-seed=3.json"
    assert len(read_records(folder)) == 2 and other.configuration == "partition artist_filtered, seed 3"
    text = claims.format_table(claims.judgements(read_records(folder)))
    assert "synthetic, quick, partition artist_filtered, seed 3:" in " ".join(text.split())
    many = a_record(config={"seeds": list(range(200))})
    assert len(many.write(folder).name) < 100


def test_what_is_usual_is_the_configuration_by_default() -> None:
    config = Config()
    assert USUAL == {
        name: list(value) if isinstance(value := getattr(config, name, ""), tuple) else value for name in USUAL
    }
    assert set(USUAL) - {"collection"} == {*vars(config)} - {"dataset", "profile", "path"}


def test_the_books_records_are_sealed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_records(book_folder() / "records")
    assert len(found) == len(list((book_folder() / "records").glob("*.json"))) > 30


def test_one_damaged_file_stops_no_command(own_cache: Path) -> None:
    (own_cache / "records").mkdir(parents=True)
    (own_cache / "records" / "ensemble-synthetic-quick.json").write_text(deep)
    with pytest.warns(UserWarning, match="ensemble-synthetic-quick.json .* it is left out"):
        done = CliRunner().invoke(cli.main, ["claims"])
    assert done.exit_code == 0 and "random-above-filtered" in done.output


# --- what else the cache holds ---

CONTENT = {"found": [1, 2.5], "seconds": 3}
KEPT = [
    Case("a list", TRIAL, lambda _: "[1, 2]", None),
    Case("another shape", TRIAL, lambda _: '{"found": 5}', None),
    Case("400 digits", TRIAL, lambda text: text.replace("2.5", "9" * 400), None),
    Case("too deep", TRIAL, lambda _: deep, None),
    Case("a name twice", TRIAL, lambda text: text.replace('"seconds"', '"seconds": 1, "seconds"'), None),
    Case("another number", TRIAL, lambda text: text.replace("2.5", "2.6"), None),
    Case("NaN", TRIAL, lambda text: text.replace("2.5", "NaN"), None),
    Case("half", TRIAL, lambda text: text[:20], None),
    Case("no UTF-8", TRIAL, lambda text: text + "\udcff", None),
    Case("a lone surrogate", TRIAL, lambda text: text.replace("found", "\\ud800"), None),
    Case("as written", TRIAL, lambda text: text, CONTENT),
    Case("laid out otherwise", TRIAL, lambda text: json.dumps(json.loads(text), indent=4), CONTENT),
]


@each(KEPT)
def test_a_kept_file_is_believed_as_it_was_written_or_not_at_all(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert cache.write_json(path, CONTENT) == ""
    path.write_bytes(case.make(path.read_text()).encode(errors="surrogateescape"))
    assert cache.read_json(path) == case.answer


# --- claims.yml ---

ENTRY = """claims:
- id: gain
  claim: It gains.
  where: Section 1
  scope: Here.
  experiment: ensemble
  predicate: {quantity: gain, above: 0.0}
"""
LEDGERS = [
    Case("an experiment that is none", TRIAL, ("ensemble", "ensembel"), "there is no experiment 'ensembel'"),
    Case("a field twice", TRIAL, ("  scope: Here.", "  scope: Here.\n  scope: There."), "scope is there twice"),
    Case("a side twice", TRIAL, ("above: 0.0", "above: 0.0, above: 0.5"), "above is there twice"),
    Case("a list of claims twice", TRIAL, ("claims:", "claims: []\nclaims:"), "claims is there twice"),
    Case("a date that is none", TRIAL, ("Section 1", "2020-13-45"), "cannot be read as YAML"),
    Case("too deep", TRIAL, ("Section 1", "[" * 2_000 + "]" * 2_000), "must be a text"),
    Case("a tag", TRIAL, ("Section 1", "!!python/object:os.system x"), "cannot be read as YAML"),
    Case("a condition that is a list", TRIAL, ("above: 0.0", "above: 0.0, of: {a: [1]}"), "the field of states 'a'"),
    Case("a condition without a name", TRIAL, ("above: 0.0", "above: 0.0, of: {1: 2}"), "the field of states 1"),
    Case("a column as condition", TRIAL, ("above: 0.0", "above: 0.0, of: {quantity: x}"), "the field of states"),
    Case("not a number", TRIAL, ("0.0", ".nan"), "must be a number"),
    Case("a limit of p of 5", TRIAL, ("0.0", "0.0, p_value: {quantity: p, below: 5}"), "between 0 and 1"),
    Case("no UTF-8", TRIAL, ("Here.", "\udcff"), "cannot be read as YAML"),
    Case("two documents", TRIAL, ("claims:", "--- 1\n---\nclaims:"), "cannot be read as YAML"),
]


@each(LEDGERS)
def test_a_bad_ledger_is_one_sentence(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "claims.yml"
    path.write_bytes(ENTRY.replace(*case.make, 1).encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=case.answer) as refused:
        claims.read_claims(path)
    assert str(path) in str(refused.value)


def test_folders_of_records_that_are_none_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["claims", "--records", str(tmp_path / "TYPO")])
    assert done.exit_code == 2 and "TYPO is not a folder" in done.output


# --- findings ---


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "claims.yml"
    finding = ENTRY.replace("claims:", "findings:").replace("claim:", "finding:").replace("where", "chapter")
    finding = finding.replace("  scope: Here.\n", "")
    finding = finding.replace("above: 0.0", "above: 0.0, p_value: {quantity: p_x, below: 0.05}")
    path.write_text(ENTRY + finding)
    gain = measurement("gain", Estimate(0.6, 0.5, 0.7, 20))
    record = Record("ensemble", "synthetic", "quick", [gain], file=tmp_path / "here.json")
    with pytest.raises(InputError, match=r"here.json has no measurement of p_x"):
        claims.finding("gain", record, path=path)
    with pytest.raises(InputError, match=r"The condition system is \['a'\]"):
        claims.finding("gain", record, path=path, system=["a"])
    record.measurements.append(without_interval("p_x", -1.0, n=5))
    with pytest.raises(InputError, match=r"here.json: p_x is -1.0, which is no p-value"):
        claims.finding("gain", record, path=path)
    with pytest.raises(InputError, match=r"2 measurements of gain that nothing tells apart"):
        the_one([gain, gain], claims.read_claims(path)[0].predicate.quantity, "It")
    with pytest.raises(InputError, match="here.json has no measurement of speed"):
        record.one("speed")


# --- labels ---

LABELS = [
    Case("a formula", TRIAL, lambda: "a$b_$", "a\\$b\\_\\$"),
    Case("half a formula", TRIAL, lambda: "$\\frac{", "\\$\\\\frac\\{"),
    Case("a script", TRIAL, lambda: "<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
    Case("a link", TRIAL, lambda: "[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
    Case("code", TRIAL, lambda: "`{raw} html`", "\\`\\{raw\\} html\\`"),
    Case("an underscore first", TRIAL, lambda: "_hidden_", "\\_hidden\\_"),
    Case("an entity", TRIAL, lambda: "&lt;b&gt;", "&amp;lt;b&amp;gt;"),
    Case("lines", TRIAL, lambda: "a\n\n# b", "a \\# b"),
]


@each(LABELS)
def test_a_label_is_shown_as_it_is(case: Case) -> None:
    label = case.make()
    figure = figures.confidence_traces({label: [0.1, 0.2], "other": [0.1, 0.95]}, title=label)
    assert figure.png().startswith(b"\x89PNG")
    assert case.answer in figure.caption
    drawn = [text.get_text().lstrip("\u200b") for text in figure.legends[0].get_texts()]
    assert drawn == ["other", label]


CELLS = [Case(cell, TRIAL, lambda cell=cell: cell, f"'{cell}") for cell in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1")]


@each([*CELLS, Case("a name", TRIAL, lambda: "a=b", "a=b"), Case("a number", TRIAL, lambda: -1.5, -1.5)])
def test_no_cell_of_a_table_is_a_formula(case: Case, tmp_path: Path) -> None:
    tables.write_table(tmp_path / "t.csv", pd.DataFrame({"x": [case.make()]}))
    assert pd.read_csv(tmp_path / "t.csv")["x"][0] == case.answer


def test_a_table_that_may_not_be_read_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("x\n1\n")

    def refused(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "t.csv"))

    tables.check_table(tmp_path / "t.csv", ["x"])
    monkeypatch.setattr(tables, "open", refused, raising=False)
    with pytest.raises(InputError, match="t.csv exists already and cannot be read"):
        tables.check_table(tmp_path / "t.csv", ["x"])


# --- the command: one line, and the right exit code ---


def command(*words: str, set_to: dict[str, str] | None = None, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "music_adversaries", *words],
        env={**os.environ, **(set_to or {})},
        stderr=subprocess.PIPE,
        text=True,
        **{"stdout": subprocess.PIPE, **how},  # type: ignore[call-overload]
    )


def one_line(done: subprocess.CompletedProcess[str]) -> bool:
    return done.stderr.startswith("music-adversaries: ") and done.stderr.count("\n") == 1


def test_a_user_that_is_none() -> None:
    done = command("claims", set_to={"MUSIC_ADVERSARIES_CACHE": "~nosuchuser/cache"})
    assert done.returncode == 2 and one_line(done) and "~nosuchuser" in done.stderr


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSIC_ADVERSARIES_CACHE")

    def unknown(*_: object) -> str:
        raise RuntimeError("could not determine the home directory")

    for answer in (unknown, lambda *_: "~/.cache/music-adversaries"):
        monkeypatch.setattr(cache.platformdirs, "user_cache_dir", answer)
        with pytest.raises(InputError, match="no home folder.*MUSIC_ADVERSARIES_CACHE"):
            cache.cache_dir()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_an_output_that_is_full() -> None:
    with open("/dev/full", "w") as full:
        done = command("claims", stdout=full)
    assert done.returncode == 2 and one_line(done) and "No space left" in done.stderr


def test_an_output_that_nobody_reads() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command("claims", stdout=writer)
    os.close(writer)
    assert done.returncode == 0 and done.stderr == ""


@contextlib.contextmanager
def importing() -> Iterator[subprocess.Popen[str]]:
    """The command, held in the middle of its imports."""
    held = "import builtins, sys, time; before = builtins.__import__\n"
    held += "def hold(name, *rest):\n    if name == 'click':\n        print('at it', flush=True); time.sleep(60)\n"
    held += "    return before(name, *rest)\nbuiltins.__import__ = hold\n"
    held += "from music_adversaries.__main__ import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", held],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=answers_ctrl_c,
    )
    with process:
        yield process


def test_ctrl_c_while_things_are_imported() -> None:
    with importing() as process:
        assert process.stdout is not None and process.stdout.readline() == "at it\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and said == "music-adversaries: interrupted.\n"


HELD = """
import signal, sys
from music_adversaries.book import main
import music_adversaries.cli

class Swallows:  # as NumPy's own imports do
    def find_spec(self, *rest):
        try:
            signal.raise_signal(signal.SIGINT)
        except BaseException:
            raise AttributeError("module has no attribute")

def command():
    sys.meta_path.insert(0, Swallows())
    LATER

music_adversaries.cli.main = command
main.main()
"""


@pytest.mark.parametrize("later", ["import colorsys", "signal.raise_signal(signal.SIGINT)"])
def test_ctrl_c_while_a_command_imports_what_it_needs(later: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELD.replace("LATER", later)],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=answers_ctrl_c,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "music-adversaries: interrupted.\n")


def test_the_harness_has_what_this_file_patches() -> None:
    """A patch of what is not there any more would try nothing."""
    assert harness.trained_system is systems.trained_system


# Memory: what an attack takes of it ----------------------------------------------------------------------------------


@pytest.fixture
def little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a machine with 20 MB to spare, which suffice for 5 s of sound."""
    (tmp_path / "meminfo").write_text("MemTotal: 8000000 kB\nMemFree: 1000 kB\nMemAvailable: 19532 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "none", raising=False)


def never(*_: object, **__: object) -> None:
    raise AssertionError("work began")


def test_what_is_too_long_for_the_memory_is_refused_before_anything_is_attacked(
    little_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = small_system()
    songs = [recording("dark", 0, seconds=1.0), recording("dark", 1, seconds=90.0)]
    monkeypatch.setattr(type(system.network), "forward", never)
    with pytest.raises(InputError) as refused:
        adversary.attack(system, songs, ["even", "even"], names=["short.wav", "long.wav"])
    assert str(refused.value) == (
        "long.wav has 1.5 min, whose attack takes about 0.357 GB of memory, but 0.02 GB are available; attack a part "
        "of it, read with audio.read(..., duration_s=2)."
    )


def test_what_the_refusal_proposes_is_attacked(little_memory: None) -> None:
    budget = Budget(snr=10, max_iterations=1)
    assert adversary.attack(small_system(), [recording("dark", 1, seconds=2.0)], ["even"], budget)


def test_finer_frames_and_float64_take_more(little_memory: None) -> None:
    song = [recording("dark", 1, seconds=2.0)]
    model = Model(copy.deepcopy(small_system().network).double(), small_system().labels, hop_length=256)
    with pytest.raises(InputError, match=r"about 0\.0318 GB of memory"):
        adversary.attack(model, song, ["even"])


def test_the_command_refuses_it_before_a_system_is_trained(
    little_memory: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("music_adversaries.book.harness.kept.kept_system", never)
    audio.write_wav(tmp_path / "long.wav", recording("dark", 1, seconds=90.0))
    done = CliRunner().invoke(cli.main, ["attack", str(tmp_path / "long.wav"), "--target", "blues"])
    assert done.exit_code == 2 and "long.wav has 1.5 min, whose attack takes about 0.357 GB" in done.output


@pytest.mark.parametrize("content", [None, "MemTotal: 8 kB\n", "nothing", "MemAvailable: much\n"])
def test_a_system_that_does_not_say_how_much_is_available(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "meminfo").write_text(content)
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "none", raising=False)
    assert memory.available() == float("inf")


def group(folder: Path, limit: str, taken: int, files: int = 0, *, first: bool = False) -> None:
    """A control group's files, of either version."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("memory.limit_in_bytes" if first else "memory.max")).write_text(f"{limit}\n")
    (folder / ("memory.usage_in_bytes" if first else "memory.current")).write_text(f"{taken}\n")
    sums = "total_" if first else ""
    listed = {"cache": 1, f"{sums}inactive_file": files - files // 4, f"{sums}active_file": files // 4}
    (folder / "memory.stat").write_text("".join(f"{name} {value}\n" for name, value in listed.items()))


def both(root: Path) -> None:
    group(root / "memory" / "docker" / "x", str(30 << 20), 10 << 20, first=True)
    group(root / "memory", str((1 << 63) - 4096), 1 << 33, first=True)


GROUPS = [
    Case("of a container", "containers", lambda root: ("0::/", group(root, str(30 << 20), 10 << 20)), 20 << 20),
    Case("with files at hand", "-", lambda root: ("0::/", group(root, str(30 << 20), 20 << 20, 8 << 20)), 18 << 20),
    Case("of a service", "systemd", lambda root: ("0::/a:b/c", group(root / "a:b/c", str(9 << 20), 1)), (9 << 20) - 1),
    Case("around a service", "-", lambda root: ("0::/a/b/c", group(root / "a", str(9 << 20), 1 << 20)), 8 << 20),
    Case("without a limit", "-", lambda root: ("0::/", group(root, "max", 1 << 20)), 64 << 20),
    Case("wider than the machine", "-", lambda root: ("0::/", group(root, str(1 << 40), 1)), 64 << 20),
    Case("the first version", "-", lambda root: ("4:memory:/docker/x\n3:cpu:/docker/x\n0::/", both(root)), 20 << 20),
    Case(
        "the first version, seen from within",
        "-",
        lambda root: ("4:memory:/docker/x", group(root / "memory", str(9 << 20), 3 << 20, 1 << 20, first=True)),
        7 << 20,
    ),
    Case("damaged", "-", lambda root: ("nothing\n0::/", group(root, "?", 0)), 64 << 20),
]


@each(GROUPS)
def test_a_container_has_no_more_memory_than_its_limit(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemAvailable: 65536 kB\n")
    (tmp_path / "cgroup").write_text(case.make(tmp_path / "groups")[0])
    for name, file in (("MEMINFO", "meminfo"), ("OWN_GROUPS", "cgroup"), ("GROUPS", "groups")):
        monkeypatch.setattr(memory, name, tmp_path / file, raising=False)
    assert memory.available() == case.answer


def test_long_excerpts_are_attacked_a_few_at_a_time_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ["dark", "bright", "even", "dark", "bright", "even"]
    songs = [recording(kind, i, seconds=1 + i / 2) for i, kind in enumerate(kinds)]
    targets, budget = ["even", "dark", "bright"] * 2, Budget(snr=10, max_iterations=5)
    shapes: list[tuple[int, ...]] = []
    made = adversary.attack.__globals__["Batch"]

    class Seen(made):
        def __init__(self, *given: object, **settings: object) -> None:
            super().__init__(*given, **settings)
            shapes.append(tuple(self.x.shape))

    monkeypatch.setitem(adversary.attack.__globals__, "Batch", Seen)
    for method in ("algorithm1", "pgd", "random_search"):
        shapes.clear()
        whole = adversary.attack(small_system(), songs, targets, budget, method=method)
        assert len(shapes) == 1
        with monkeypatch.context() as patch:
            patch.setitem(adversary.attack.__globals__["batches"].__globals__, "SAMPLES_AT_ONCE", 100_000)
            parts = adversary.attack(small_system(), songs, targets, budget, method=method)
        assert [n for n, _ in shapes[1:]] == [2, 1, 1, 1, 1] and all(n * length <= 100_000 for n, length in shapes[1:])
        for one, other in zip(whole, parts, strict=True):
            assert np.abs(one.waveform - other.waveform).max() <= 1 / 32768
            assert one.label == other.label and one.iterations == other.iterations
