"""Systems by name, their training rows, and their decisions on the test excerpts."""

from __future__ import annotations

import os
import subprocess
import sys

import librosa
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from sklearn.metrics import accuracy_score

from music_adversaries import audio, cli, spectra
from music_adversaries.book import datasets, harness, runs
from music_adversaries.book.experiments import table1
from music_adversaries.book.harness import decisions, grid, recipes, spectrograms, systems
from music_adversaries.book.processes import only_one
from music_adversaries.book.records import recorded
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Representation, System
from small_music import write_music
from small_records import kinds
from small_system import LABELS, recording


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """24 recordings of 2.6 s: three labels, four artists each."""
    return write_music(tmp_path_factory.mktemp("music"), each=8, seconds=2.6)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("MUSIC_ADVERSARIES_STATIC", "1")
    yield
    patch.undo()


@pytest.fixture
def config(music, cache):
    return harness.Config(dataset="folder", path=str(music), system="dnn8", seeds=(0,))


@pytest.fixture
def small(monkeypatch):
    """Small networks and forests, one after the other in this process; returns what was decided."""
    monkeypatch.setattr(recipes, "SIZES", {"quick": (6, 8), "full": (6, 8)})
    monkeypatch.setattr(decisions, "N_TREES", 5)
    monkeypatch.setattr(recipes.Recipe, "schedule", hasty)
    done = []

    def serially(function, jobs, **_):
        return [done.append(job) or function(job) for job in jobs]

    monkeypatch.setattr(decisions, "over_processes", serially)
    return done


published = recipes.Recipe.schedule


def hasty(self, profile, n_rows):
    return published(self, profile, n_rows).but(max_epochs=2, batch_size=100)


# --- by name ---


def test_names_stand_for_the_papers_systems():
    generator, rows = torch.Generator(), torch.rand(2, 100, 513)
    for name, n_units, dropout, representation in (
        ("dnn50", 50, 0.0, "linear"),
        ("dnn500", 500, 0.0, "linear"),
        ("dnn500-dropout", 500, 0.25, "linear"),
        ("dnn50-log", 50, 0.0, "log"),
        ("dnn50-dropout-mel", 50, 0.25, "mel"),
    ):
        network = recipes.recipe(name).network(rows, 10, generator)
        assert isinstance(network, DNN)
        assert network.settings() == {
            "n_units": n_units,
            "dropout": dropout,
            "dropout_scale": "inverted",
            "representation": representation,
        }
        read = network.representation(rows).flatten(0, 1)
        torch.testing.assert_close(network.standardise.mean, read.mean(0))
    assert isinstance(recipes.recipe("cdnn").network(rows, 10, generator), CDNN)


def test_representations_are_what_they_are_called(tmp_path):
    magnitudes = torch.rand(3, 513, dtype=torch.float64) * 10
    assert torch.equal(Representation("linear")(magnitudes), magnitudes)
    torch.testing.assert_close(Representation("log")(magnitudes), torch.log(magnitudes + 0.01))
    filters = librosa.filters.mel(sr=22_050, n_fft=1_024, n_mels=64).astype(float)
    bands = Representation("mel").double()(magnitudes)
    torch.testing.assert_close(bands, torch.from_numpy(np.log(magnitudes.numpy() @ filters.T + 0.01)))
    with pytest.raises(InputError, match="representation is 'cqt'"):
        Representation("cqt")
    # The mel filters are no part of the file and are there again when it is read.
    network = recipes.recipe("dnn50-mel").network(magnitudes.float(), 3, torch.Generator().manual_seed(0))
    System(network, ("a", "b", "c")).save(tmp_path / "mel.pt")
    read = System.load(tmp_path / "mel.pt").network
    assert torch.equal(read(magnitudes.float()), network(magnitudes.float()))


def test_schedules_are_the_published_ones():
    dropout, cdnn = (recipes.recipe(name).schedule("full", 645_500) for name in ("dnn50-dropout", "cdnn"))
    assert (dropout.at(0), dropout.patience, dropout.batch_size) == ((0.1, 0.5), 50, 1_200)
    assert dropout.at(200) == pytest.approx((0.001, 0.9)) and dropout.at(199) != dropout.at(200)
    assert (cdnn.at(0), cdnn.batch_size, cdnn.patience, cdnn.min_epochs) == ((0.001, 0.5), 5, 10, 30)
    assert cdnn.at(100) == pytest.approx((0.00001, 0.9))
    assert recipes.recipe("dnn50").schedule("quick", 645_500) == recipes.recipe("dnn500").schedule("full", 645_500)
    assert dropout.max_epochs > dropout.ramp_epochs + dropout.patience


@pytest.mark.parametrize(
    "name",
    [
        "svm",
        "dnn",
        "dnn0",
        "dnn50-",
        "dnn50 dropout",
        "cdnn-dropout",
        "cdnn-mel",
        "dnn50-mel-log",
        "DNN50",
        "dnn1000000",
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="There is no system"):
        harness.Config(system=name)


def test_slices_overlap_where_there_are_few():
    assert recipes.training_hop(645_000) == 100 and recipes.training_hop(10) == 25
    assert 645_000 // recipes.training_hop(645_000) == pytest.approx(6_000, rel=0.1)
    hops = [recipes.training_hop(n) for n in range(0, 1_000_000, 10_000)]
    assert hops == sorted(hops)


# --- rows for training ---


@pytest.mark.parametrize("backed_from", [0, 2**40])
def test_one_array_of_many_parts(cache, backed_from):
    parts = [torch.rand(n, 7) for n in (3, 1, 5)]
    array = spectrograms.contiguous(iter(parts), 9, (7,), backed_from)
    assert torch.equal(array, torch.cat(parts)) and array.is_contiguous()
    array[0] = 0  # can be written to
    for count in (8, 10):
        with pytest.raises(InputError, match=f"the {count}"):
            spectrograms.contiguous(iter(parts), count, (7,), backed_from)


def test_a_disk_too_small_is_said(cache):
    with pytest.raises(InputError, match="GiB of disk"):
        spectrograms.contiguous(iter([]), 2**45, (513,), 0)


def test_kept_magnitudes_are_the_computed_ones(config, monkeypatch):
    dataset = harness.load_dataset(config)
    excerpts = list(dataset.excerpts[::-5])
    computed, counts = spectrograms.of(dataset, excerpts)
    monkeypatch.setattr(spectrograms, "KEPT_FROM", 0)
    for _ in range(2):  # made, then found
        kept, kept_counts = spectrograms.of(dataset, excerpts)
        assert counts == kept_counts
        assert all(torch.equal(a, b) for a, b in zip(computed, kept, strict=True))
        monkeypatch.setattr(spectrograms, "_write", lambda *a: pytest.fail("written again"))


def test_kept_magnitudes_that_are_not_whole_are_made_anew(config, monkeypatch):
    dataset = harness.load_dataset(config)
    monkeypatch.setattr(spectrograms, "KEPT_FROM", 0)
    excerpt = dataset.excerpts[-1]
    whole = spectrograms.keep(dataset)(excerpt)
    (path,) = (systems.cache_dir() / "magnitudes").glob("folder*.f32")
    for file, damaged in ((path, path.read_bytes()[: -4 * 513]), (path.with_suffix(".json"), b'[["half"')):
        file.write_bytes(damaged)
        assert torch.equal(spectrograms.keep(dataset)(excerpt), whole)


def test_kept_magnitudes_that_were_changed_are_computed(config, monkeypatch):
    dataset = harness.load_dataset(config)
    monkeypatch.setattr(spectrograms, "KEPT_FROM", 0)
    first, last = dataset.excerpts[0], dataset.excerpts[-1]
    whole = [spectrograms.keep(dataset)(excerpt) for excerpt in (first, last)]
    (path,) = (systems.cache_dir() / "magnitudes").glob("folder*.f32")
    content = bytearray(path.read_bytes())
    content[-2] ^= 1 << 6  # a bit of an exponent
    path.write_bytes(content)
    kept = spectrograms.keep(dataset)
    assert all(torch.equal(kept(excerpt), right) for excerpt, right in zip((first, last), whole, strict=True))


def test_labels_do_not_matter_and_older_code_leaves_nothing_behind(config, monkeypatch):
    dataset = harness.load_dataset(config)
    monkeypatch.setattr(spectrograms, "KEPT_FROM", 0)
    spectrograms.keep(dataset)
    folder = systems.cache_dir() / "magnitudes"
    files = sorted(folder.iterdir())
    spectrograms.keep(harness.load_dataset(config.but(labelling="by_artist")))
    assert sorted(folder.iterdir()) == files
    monkeypatch.setattr(spectrograms, "_version", lambda: "newer")
    spectrograms.keep(dataset)
    assert len(files) == len(list(folder.iterdir())) and all("newer" in file.name for file in folder.iterdir())


def test_where_nothing_can_be_kept_magnitudes_are_computed(config, monkeypatch):
    dataset = harness.load_dataset(config)
    monkeypatch.setattr(spectrograms, "KEPT_FROM", 0)
    monkeypatch.setattr(spectrograms, "_version", lambda: "unwritable")
    with monkeypatch.context() as patch:
        patch.setattr(spectrograms, "_write", lambda *a: (_ for _ in ()).throw(InputError("the disk is full")))
        sequences, lengths = spectrograms.of(dataset, dataset.excerpts[:2])
    assert [len(sequence) for sequence in sequences] == lengths


def test_rows_are_the_frames_and_slices_of_the_excerpts(config):
    dataset = harness.load_dataset(config)
    labels = tuple(sorted(LABELS))
    excerpts = list(dataset.excerpts[:3])
    sequences = [spectra.magnitudes(torch.from_numpy(dataset.load(e))) for e in excerpts]
    rows, targets = systems.rows_for_training(dataset, excerpts, labels)
    assert torch.equal(rows, torch.cat(sequences)) and len(rows) == len(targets)
    n = len(sequences[0])
    rows, targets = systems.rows_for_training(dataset, excerpts, labels, 4)
    each = (n - 100) // 4 + 1
    assert rows.shape == (3 * each, 100, 513)
    assert torch.equal(rows[each + 1], sequences[1][4:104])
    assert targets.tolist() == [labels.index(systems.labels_of(dataset)[e]) for e in excerpts for _ in range(each)]


def test_memory_of_a_training_on_mapped_frames_stays_small(tmp_path):
    """2 GB of frames on disk, trained with at most 700 MB of memory of its own."""
    if not sys.platform.startswith("linux"):
        pytest.skip("RLIMIT_DATA counts private memory on Linux only")
    script = f"""
import resource
from pathlib import Path
import torch
from music_adversaries import training
from music_adversaries.book.harness import spectrograms
from music_adversaries.networks import DNN, Standardise

torch.set_num_threads(1)
own = int(next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmData")).split()[1])
resource.setrlimit(resource.RLIMIT_DATA, (1024 * own + {700 * 2**20},) * 2)
block = torch.rand(25_000, 513)
frames = spectrograms.contiguous((block for _ in range(40)), 1_000_000, (513,), 0)
targets = torch.arange(1_000_000) % 3
network = DNN(Standardise.fit(frames[:100_000]), 3, 8, generator=torch.Generator().manual_seed(0))
try:
    torch.empty(2**30 // 4).fill_(1.0)
    print("the limit is none")
except RuntimeError:
    pass
schedule = training.Schedule(batch_size=20_000, max_epochs=1)
training.train(network, frames, targets, frames[:50_000], targets[:50_000], schedule, seed=0)
print("trained")
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "MUSIC_ADVERSARIES_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "trained\n", run.stdout + run.stderr
    assert not list(tmp_path.iterdir())  # nothing is left on the disk


# --- trained systems ---


def test_every_system_can_be_trained_saved_and_asked(config, monkeypatch):
    monkeypatch.setattr(recipes.Recipe, "schedule", hasty)
    dataset = harness.load_dataset(config)
    for name in ("dnn8", "dnn8-dropout", "cdnn"):
        system = harness.trained_system(config.but(system=name), dataset)
        waveforms, _ = harness.test_set(system, dataset)
        assert {decision.label for decision in system.classify_all(waveforms)} <= set(LABELS)
        assert system.metadata["n_rows"]["train"] > 0 and not system.metadata["history"]["notes"]


def test_systems_are_trained_once_and_no_process_is_started_for_those_that_are_there(config, monkeypatch):
    asked = []

    def serially(function, jobs, **_):
        asked.extend(jobs)
        for job in jobs:
            function(job)

    monkeypatch.setattr(grid, "over_processes", serially)
    monkeypatch.setattr(recipes.Recipe, "schedule", hasty)
    wanted = [config.but(system="dnn7", seed=seed) for seed in (4, 5, 4)]
    harness.train_all(wanted)
    assert asked == [wanted[0], wanted[1]]
    harness.train_all([*wanted, config.but(system="dnn7", seed=4, snr=3.0)])
    assert len(asked) == 2


def test_two_processes_do_not_train_the_same_system(tmp_path, monkeypatch):
    """The second waits at the lock until the first has gone, and finds what it made."""
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path))
    script = f"""
import time
from pathlib import Path
from music_adversaries.book.processes import only_one
made = Path({str(tmp_path / "made")!r})
with only_one(made):
    if not made.exists():
        time.sleep(0.5)
        made.touch()
        print("made")
"""
    both = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(one.communicate(timeout=120)[0] for one in both) == ["", "made\n"]


def test_a_cache_that_cannot_be_written_is_said_before_a_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="could not be written"), only_one(tmp_path / "x"):
        pytest.fail("entered")


def test_a_class_without_training_excerpt_is_named(config, monkeypatch):
    dataset = harness.load_dataset(config)
    partition = harness.partition_of(config, dataset)
    parts = partition.parts.where(dataset.manifest.table["label"].to_numpy() != "dark", "test")
    broken = type(partition)(partition.name, parts, partition.notes, partition.labels)
    monkeypatch.setattr(systems, "partition_of", lambda *a: broken)
    with pytest.raises(InputError, match="^dark has no training excerpt in the partition 'random' with seed 77"):
        harness.trained_system(config.but(seed=77), dataset)


def test_recordings_shorter_than_a_slice_are_named(tmp_path, cache):
    for label in LABELS:
        (tmp_path / label).mkdir()
        for i in range(6):
            audio.write_wav(tmp_path / label / f"{i}.wav", recording(label, i, seconds=1.5))
    config = harness.Config(dataset="folder", path=str(tmp_path), system="cdnn")
    with pytest.raises(InputError, match=r"has 63 frames, fewer than one slice of 100; .* or train a dnn"):
        harness.trained_system(config)


# --- decisions ---


def test_decisions_are_what_the_parts_say(config, small):
    dataset = harness.load_dataset(config)
    job = decisions.Job(config, forests=(1, "all"))
    found = decisions.decide(job, dataset)
    assert list(found["said"]) == ["network", "forest 1", "forest all"]
    system = harness.trained_system(config, dataset)
    waveforms, truth = harness.test_set(system, dataset)
    assert found["truth"] == truth and found["excerpts"] == list(waveforms)
    assert found["said"]["network"] == [d.label for d in system.classify_all(waveforms)]
    assert found["n_train"] == len(system.metadata["parts"]["train"])
    baseline = decisions.decide(decisions.Job(config, baselines=True), dataset)
    assert list(baseline["said"]) == ["shared", "per_class"] and baseline["truth"] == truth
    assert baseline["system"] == "mfcc" and baseline["excerpts"] == found["excerpts"]


def test_table_1_has_its_cells_and_they_are_right(config, small):
    record = runs.compute("table1", config)
    assert [job.system for job in small[:5]] == ["dnn6", "dnn6-dropout", "dnn8", "dnn8-dropout", "mfcc"]
    said, tests = record.table("decisions"), record.table("tests")
    forests = said[said["classifier"].str.startswith("forest")]
    assert len(forests) == 2 * 2 * 4 * 2 and len(said) == len(forests) + 4 * 2 + 2 * 2
    for row in said.itertuples():
        truth = tests[tests["partition"] == row.partition].iloc[0]["truth"]
        expected = accuracy_score(truth, row.said)
        measured = record.one("accuracy", system=row.system, classifier=row.classifier, partition=row.partition)
        assert measured["value"] == pytest.approx(expected) and row.correct == expected * row.n_test
        assert measured["low"] <= expected <= measured["high"]
    accuracy = {(r.system, r.classifier, r.partition): r.correct / r.n_test for r in said.itertuples()}
    drops = [
        accuracy[system, classifier, "random"] - accuracy[system, classifier, "artist_filtered"]
        for system, classifier, partition in accuracy
        if partition == "random" and classifier.startswith("forest")
    ]
    assert len(drops) == 16
    for name, value in (("smallest", min(drops)), ("mean", np.mean(drops)), ("largest", max(drops))):
        assert record.one("drop", forests=name)["value"] == pytest.approx(value)
    filtered = [accuracy[key] for key in accuracy if key[1].startswith("forest") and key[2] == "artist_filtered"]
    baseline = accuracy["mfcc", "shared", "artist_filtered"]
    figure = accuracy["dnn8-dropout", "forest all", "artist_filtered"]
    for of, value in (
        ({"forests": "mean"}, np.mean(filtered)),
        ({"forests": "best"}, max(filtered)),
        ({"system": "dnn8-dropout"}, figure),
    ):
        assert record.one("difference", **of)["value"] == pytest.approx(value - baseline)
    assert record.one("accuracy", forests="least")["value"] == pytest.approx(min(filtered))
    assert kinds(record) == kinds(recorded("table1"))


def test_a_run_that_was_stopped_goes_on_where_it_was(config, small, monkeypatch):
    config = config.but(seeds=(5,))
    decide, trained = decisions.decide, []
    train = systems.training.train
    monkeypatch.setattr(systems.training, "train", lambda *a, **k: trained.append(1) or train(*a, **k))

    def killed(job):
        if job.system == "dnn8":
            raise KeyboardInterrupt
        return decide(job)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(decisions, "decide", killed)
        runs.compute("table1", config)
    assert len(trained) == 2  # the two smaller networks
    record = runs.compute("table1", config)
    assert len(trained) == 2 * 4
    again = runs.compute("table1", config)
    assert len(trained) == 2 * 4 and again.measurements == record.measurements and again.tables == record.tables


def test_folds_test_every_excerpt_once_with_every_system(config, small):
    record = runs.compute("systems_folds", config)
    said = record.table("decisions")
    assert set(said["system"]) == {"dnn6", "dnn6-dropout", "dnn8", "dnn8-dropout", "cdnn", "mfcc"}
    for (system, classifier), rows in said.groupby(["system", "classifier"]):
        truth, given = (np.concatenate(rows[name].tolist()) for name in ("truth", "said"))
        assert len(truth) == 24
        measured = record.one("accuracy", system=system, classifier=classifier)
        assert measured["value"] == pytest.approx(np.mean(truth == given)) and measured["n"] == 12
    pairs = record.table("pairs")
    n = said.groupby(["system", "classifier"]).ngroups
    assert len(pairs) == n * (n - 1) / 2
    pair = pairs.iloc[0]
    value = {f"{row.system} {row.classifier}": row.value for row in record.rows("accuracy").itertuples()}
    a, b = (value[pair[side]] for side in ("a", "b"))
    assert pair["difference"] == pytest.approx(a - b) == pytest.approx((pair["only_a"] - pair["only_b"]) / 24)
    against = record.one("difference", system="cdnn", minus="mfcc")["value"]
    assert against == pytest.approx(value["cdnn network"] - value["mfcc shared"])
    assert record.one("chance")["value"] == pytest.approx(1 / 3)
    assert kinds(record) == kinds(recorded("systems_folds", "gtzan-mini", "full"))


def test_the_command_line_knows_systems_devices_and_repeats(config, small, music):
    run = CliRunner().invoke(
        cli.main, ["run", "table1", "--dataset", "folder", "--from", str(music), "--seeds", "1"], catch_exceptions=False
    )
    assert run.exit_code == 0 and "system dnn6-dropout, classifier forest all, partition artist_filtered" in run.output
    assert "paper, GTZAN (500 units)" in run.output and "this run: folder, quick (8 units)" in run.output
    assert len({job.config.seed for job in small}) == 1
    run = CliRunner().invoke(
        cli.main, ["run", "table1", "--dataset", "folder", "--from", str(music), "--device", "cuda:99", "--seeds", "1"]
    )
    assert run.exit_code == 2 and "'cuda:99' is not available here; use --device cpu" in run.output


def test_counts_by_hand():
    decided = pd.DataFrame(
        [
            {"system": "s", "classifier": c, "partition": p, "seed": 0, "excerpt": e, "artist": e[0], "correct": ok}
            for c, p, e, ok in (
                ("x", "random", "a1", True),
                ("x", "random", "a2", False),
                ("x", "random", "b1", True),
                ("x", "filtered", "a1", False),
                ("x", "filtered", "b1", True),
            )
        ]
    )
    counted = table1.accuracies_of(decided)
    places = counted.places([("s", "x", "random"), ("s", "x", "filtered")])
    drop = counted.statistic(lambda a: a[..., places[0]] - a[..., places[1]])
    assert drop.estimate == pytest.approx(2 / 3 - 1 / 2) and drop.n == 2
    assert counted.accuracy(("s", "x", "random")).estimate == pytest.approx(2 / 3)


def test_a_key_follows_from_the_shares_and_from_how_recordings_are_read(monkeypatch):
    config = harness.Config(dataset="gtzan")
    before = config.key(), systems.code_of("book/harness/systems")
    monkeypatch.setattr(datasets, "shares", lambda name: (0.34, 0.33, 0.33))
    assert config.key() != before[0]
    monkeypatch.setattr(harness.config, "code_version", lambda *modules: " ".join(modules))
    assert "book/datasets/base" in systems.code_of("book/harness/systems").split()
