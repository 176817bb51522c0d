"""Experiments and the command line, from end to end on a folder of small recordings."""

import json

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

from music_adversaries import audio, cli
from music_adversaries.book import datasets, harness, runs
from music_adversaries.book.experiments import ensemble
from music_adversaries.book.harness import recipes, systems
from music_adversaries.book.measurements import COLUMNS, named
from music_adversaries.book.records import Record, book_folder, read_records
from music_adversaries.errors import InputError
from music_adversaries.evaluation import wilson
from music_adversaries.networks import System
from small_music import write_music
from small_records import kinds
from small_system import LABELS, recording


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A CSV manifest of 36 recordings: three labels, four artists each."""
    return write_music(tmp_path_factory.mktemp("music"), each=12, seconds=1.5)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One cache for the module, so that a system is trained once."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("MUSIC_ADVERSARIES_STATIC", "1")
    yield
    patch.undo()


@pytest.fixture
def config(music, cache):
    return harness.Config(dataset="folder", path=str(music), seeds=(0, 1), step=1.0)


def test_configurations_are_frozen_and_hashed(config):
    assert config.key() == config.but().key() != config.but(seed=1).key()
    assert hash(config) == hash(config.but())
    with pytest.raises(AttributeError):
        config.seed = 3
    with pytest.raises(InputError, match="no system 'svm'"):
        harness.Config(system="svm")


def test_batches_give_as_many_updates_as_the_papers():
    assert recipes.batch_size(645_500) == 1_200 and recipes.batch_size(10) == 32
    assert recipes.batch_size(100_000) == round(100_000 / 538)


def test_a_system_is_trained_once(config, monkeypatch):
    first = harness.trained_system(config)
    assert first.labels == tuple(sorted(LABELS))
    monkeypatch.setattr(systems, "_train", lambda *a: pytest.fail("trained again"))
    again = harness.trained_system(config.but(snr=3.0))  # what the attack is does not matter
    x = torch.rand(2, 513)
    assert torch.equal(first.network(x), again.network(x))
    with pytest.raises(pytest.fail.Exception):
        harness.trained_system(config.but(seed=9))


def test_an_interrupted_training_leaves_nothing(config, monkeypatch):
    monkeypatch.setattr(System, "save", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        harness.trained_system(config.but(seed=8))
    monkeypatch.undo()
    assert not list((systems.cache_dir() / "systems").glob("*-8-*"))


def test_test_set_is_unseen_and_artist_filter_holds(config):
    system = harness.trained_system(config.but(partition="artist_filtered"))
    dataset = harness.load_dataset(config)
    artist = dict(zip(dataset.manifest.table["excerpt"], dataset.manifest.table["artist"], strict=True))
    parts = {k: {artist[e] for e in v} for k, v in system.metadata["parts"].items()}
    assert not parts["test"] & (parts["train"] | parts["valid"])
    waveforms, truth = harness.test_set(system, dataset)
    assert len(waveforms) == len(truth) == len(system.metadata["parts"]["test"])


@pytest.mark.parametrize("name", sorted({*runs.for_book(harness.Config(dataset="folder"))} - {"table1"}))
def test_every_experiment_gives_a_record(config, name):
    record = runs.run(name, config)
    for row in record.measurements:
        assert set(row) >= set(COLUMNS) and (row["low"] is None or row["low"] <= row["value"] <= row["high"]), row
    assert len({named(row) for row in record.measurements}) == len(record.measurements) > 0
    assert record.provenance["libraries"]["torch"] and record.provenance["wall_seconds"] >= 0
    assert "path" not in record.config  # no path of this machine in a record
    again = runs.run(name, config)
    assert again == record
    path = systems.cache_dir() / "records" / record.filename
    assert Record.read(path) == record
    # Another configuration is another record; a damaged file is computed again.
    path.write_text(path.read_text()[:100])
    assert runs.run(name, config).measurements == record.measurements


def test_folds_test_every_excerpt_once_a_repeat(config):
    record = runs.run("partition_folds", config)
    n_excerpts = len(harness.load_dataset(config))
    rows = record.table("by_seed")
    assert set(rows["partition"]) == {"random", "artist_filtered"}  # no track has several excerpts here
    assert (rows["n_test"] == n_excerpts).all()
    means = rows.groupby("partition")["accuracy"].mean()
    for name in means.index:
        assert record.one("accuracy", partition=name)["value"] == pytest.approx(means[name])
    difference = means["random"] - means["artist_filtered"]
    assert record.one("difference", minus="artist_filtered")["value"] == pytest.approx(difference)
    assert record.one("difference_over_artists")["n"] == 12


@pytest.mark.parametrize(
    "name",
    ["attack_random_target", "baseline", "ensemble", "meaningless_labels", "partition_folds", "partition_gap"],
)
def test_a_fresh_record_has_the_rows_of_the_stored_ones(config, name):
    stored = [record for record in read_records(book_folder() / "records") if record.experiment == name]
    assert stored and {frozenset(kinds(record)) for record in stored} == {frozenset(kinds(runs.run(name, config)))}


def test_records_and_experiments_are_checked(config, tmp_path):
    with pytest.raises(InputError, match="no experiment 'table9'"):
        runs.run("table9", config)
    with pytest.raises(InputError, match="does not exist"):
        Record.read(tmp_path / "none.json")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="is not a record: its field 'experiment'"):
        Record.read(tmp_path / "x.json")
    with pytest.raises(InputError, match="no measurement of speed"):
        runs.run("ensemble", config).one("speed")


def test_attack_record_counts_what_the_results_say(config):
    record = runs.run("attack_random_target", config)
    rows = record.table("by_excerpt")
    for attack, table in (("Algorithm 1", "by_excerpt"), ("waveform", "by_excerpt_waveform")):
        rows = record.table(table)
        assert record.one("success", attack=attack)["value"] == rows["success"].mean()
        assert record.one("accuracy", attack=attack)["value"] == (rows["label"] == rows["truth"]).mean()
    rows = record.table("by_excerpt")
    assert record.one("accuracy", attack="none")["value"] == (rows["original_label"] == rows["truth"]).mean()
    noise = (rows["label_with_noise"] == rows["target"]).mean()
    assert record.one("success", attack="white noise")["value"] == noise < rows["success"].mean()
    assert record.one("chance")["value"] == pytest.approx(1 / 3)


def test_an_ensemble_counts_excerpts_and_not_attempts(config):
    record = runs.run("ensemble", config)
    rows = record.table("by_label")
    n = rows["excerpt"].nunique()
    assert len(rows) == 2 * n * len(LABELS) and set(rows["asked_confidence"]) == {0.5, 0.9}
    for confidence in (0.5, 0.9):
        mine = rows[rows["asked_confidence"] == confidence]
        reached = record.one("labels_reached", confidence=confidence)
        assert (reached["value"], reached["n"]) == (mine["success"].mean(), n)
        if reached["value"] == 1:
            assert reached["low"] == pytest.approx(wilson(n, n)[0])
        new = mine[mine["success"] & (mine["target"] != mine["original_label"])]
        means = new.groupby("excerpt")["snr_magnitude"].apply(lambda values: values.astype(float).mean())
        snr = record.one("snr", confidence=confidence)
        assert (snr["value"], snr["n"]) == (pytest.approx(means.mean()), len(means))
    keys = ["excerpt", "target"]
    lower, higher = (
        rows[(rows["asked_confidence"] == c) & rows["success"] & (rows["target"] != rows["original_label"])]
        .set_index(keys)["snr_magnitude"]
        .astype(float)
        for c in (0.5, 0.9)
    )
    drop = (lower - higher).dropna().groupby("excerpt").mean()
    assert record.one("snr_drop")["value"] == pytest.approx(drop.mean())


def test_an_ensemble_takes_other_recordings_artists_and_labels_first(config):
    dataset = harness.load_dataset(config)
    system = harness.trained_system(config, dataset)
    waveforms, truth = harness.test_set(system, dataset)
    label_of = dict(zip(waveforms, truth, strict=True))
    chosen = ensemble.chosen_excerpts(system, dataset)
    assert sorted(chosen) == sorted(waveforms)
    right = [system.classify(waveforms[excerpt]).label == label_of[excerpt] for excerpt in chosen]
    assert right == sorted(right, reverse=True)
    assert ensemble.chosen_excerpts(system, dataset, 2) == chosen[:2]

    labels = dict(zip("abcdef", "xxxxyy", strict=True))
    artists = dict(zip("abcdef", "112223", strict=True))
    recordings = dict(zip("abcdef", "ppqrst", strict=True))
    assert ensemble._alternating("abcdef", (labels,)) == list("aebfcd")
    assert ensemble._alternating("abcdef", (labels, artists)) == list("aefbcd")
    assert ensemble._alternating("abcdef", (labels, artists, recordings)) == list("aefcdb")


# --- the command line ----------------------------------------------------------------------------


def invoke(*words):
    return CliRunner().invoke(cli.main, [str(word) for word in words])


def test_attack_command(config, music, tmp_path):
    out = tmp_path / "out"
    source = tmp_path / "a song.wav"
    stereo = np.stack([recording("dark", 80, seconds=3.0)] * 2, axis=1)
    soundfile.write(source, stereo, 22_050)
    result = invoke(
        "attack",
        source,
        "--target",
        "even",
        "--snr",
        "10",
        "--step",
        "1",
        "--out",
        out,
        "--dataset",
        "folder",
        "--from",
        music,
    )
    assert result.exit_code == 0, result.output
    (report,) = json.loads((out / "report.json").read_text())
    written, rate = soundfile.read(out / report["output"], dtype="float32")
    system = harness.trained_system(config)
    decision = system.classify(written)
    assert rate == 22_050 and decision.label == report["label"] == "even" and report["success"]
    assert decision.confidence == pytest.approx(report["confidence"], abs=1e-5)
    assert report["snr_magnitude"] >= 10
    assert "mono" in result.output and "confidence" in result.output
    assert "<audio" not in (out / "listen.html").read_text() and "http" not in (out / "listen.html").read_text()


def test_attack_command_tells_failure_by_its_exit_code(config, music, tmp_path):
    result = invoke(
        "attack",
        music.parent / "dark0.wav",
        "--target",
        "bright",
        "--snr",
        "70",
        "--max-iterations",
        "2",
        "--out",
        tmp_path,
        "--dataset",
        "folder",
        "--from",
        music,
    )
    assert result.exit_code == 1 and "NOT bright" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["attack", "MISSING.wav", "--target", "even"], "MISSING.wav"),
        (["attack", "NOT.wav", "--target", "even"], "NOT.wav"),
        (["attack", "SILENT.wav", "--target", "even"], "SILENT.wav"),
        (["attack", "GOOD.wav", "--target", "polka"], "polka"),
        (["attack", "GOOD.wav", "--target", "even", "--snr", "nan"], "snr"),
        (["attack", "GOOD.wav", "--target", "even", "--confidence", "2"], "confidence"),
        (["attack", "GOOD.wav", "--target", "even", "--system", "svm"], "svm"),
        (["attack", "GOOD.wav", "--target", "even", "--partition", "lunar"], "lunar"),
        (["data", "get", "gtzam"], "gtzam"),
        (["run", "table9"], "table9"),
    ],
)
def test_mistakes_get_one_sentence_and_exit_code_2(words, says, config, music, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "NOT.wav").write_text("this is no audio")
    soundfile.write(tmp_path / "SILENT.wav", np.zeros(30_000), 22_050)
    audio.write_wav(tmp_path / "GOOD.wav", recording("dark", 81))
    if words[0] != "data":
        words = [*words, "--dataset", "folder", "--from", music]
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    lines = [line for line in result.output.splitlines() if line.startswith("music-adversaries:")]
    assert len(lines) == 1 and says in lines[0]
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--target", "polka"], "'polka' is not a label of folder; choose one of bright, dark, even, or 'every'."),
        (["--target", "even", "--out", "NOT.wav/out"], "(Not a directory); put a folder in place of NOT.wav"),
        (["--target", "even", "--out", "NOT.wav"], "(Not a directory); put a folder in place of NOT.wav"),
        (["--target", "even", "--snr", "inf"], "snr is inf"),
        (["--target", "even", "--confidence", "1"], "confidence is 1.0"),
        (["--target", "even", "--max-iterations", "0"], "max_iterations is 0"),
        (["--target", "even", "MISSING.wav"], "MISSING.wav does not exist"),
        (["--target", "even", "NOT.wav"], "NOT.wav"),
        (["--target", "even", "--device", "cuda:99"], "'cuda:99' is not available"),
    ],
)
def test_attack_refuses_before_it_trains(words, says, config, music, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(harness, "trained_system", lambda *_: pytest.fail("a system was trained or loaded"))
    (tmp_path / "NOT.wav").write_text("this is no audio")
    audio.write_wav(tmp_path / "GOOD.wav", recording("dark", 81))
    result = invoke("attack", "GOOD.wav", *words, "--dataset", "folder", "--from", music)
    assert result.exit_code == 2 and says in result.output
    assert not (tmp_path / "out").exists(), "a refusal left an empty folder behind"


def test_an_unknown_target_is_refused_before_music_is_made(tmp_path, monkeypatch):
    audio.write_wav(tmp_path / "GOOD.wav", recording("dark", 81))
    monkeypatch.setattr(datasets, "load", lambda *_, **__: pytest.fail("the dataset was loaded"))
    result = invoke("attack", tmp_path / "GOOD.wav", "--target", "polka", "--dataset", "synthetic")
    assert result.exit_code == 2 and "'polka' is not a label of synthetic; choose one of blues" in result.output


def test_a_target_that_the_partition_leaves_out_is_refused(config, music, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "trained_system", lambda *_: pytest.fail("a system was trained or loaded"))
    few, text = tmp_path / "few.csv", music.read_text()
    for i in range(4):  # then all dark recordings are by one artist, who cannot be in two parts
        text = text.replace(f"dark artist {i}", "dark artist")
    for label in LABELS:
        text = text.replace(f"\n{label}", f"\n{music.parent}/{label}")
    few.write_text(text)
    result = invoke(
        "attack",
        music.parent / "dark0.wav",
        "--target",
        "dark",
        "--dataset",
        "folder",
        "--from",
        few,
        "--partition",
        "artist_filtered",
    )
    assert result.exit_code == 2
    assert (
        "'dark' is not a label of folder in the partition 'artist_filtered'; choose one of bright, even"
        in result.output
    )


def test_data_commands(config, music):
    listed = invoke("data", "list")
    assert listed.exit_code == 0
    assert all(info.name in listed.output for info in datasets.available())
    got = invoke("data", "get", "folder", "--from", music)
    assert got.exit_code == 0 and "36 of 36 excerpts intact" in got.output
    broken = music.parent / "dark0.wav"
    content = broken.read_bytes()
    try:
        broken.write_bytes(content[:30])
        checked = invoke("data", "check", "folder", "--from", music)
        assert checked.exit_code != 0 and "dark0" in checked.output
    finally:
        broken.write_bytes(content)


def test_run_command(config, music, tmp_path):
    result = invoke("run", "partition_gap", "--seeds", "2", "--dataset", "folder", "--from", music, "--out", tmp_path)
    assert result.exit_code == 0
    row = Record.read(next(tmp_path.glob("partition_gap-folder-quick-seeds=0_1-collection=*.json"))).one("difference")
    shown = " ".join(result.output.split())
    ends = f"[{row['low']:.3f}, {row['high']:.3f}] n = 2 fraction difference"
    assert f"difference (partition random, minus artist_filtered) {row['value']:.3f} {ends}" in shown
