"""The experiments with adversaries, on a folder of small recordings; and what they share."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile

from music_adversaries import adversary, processing, spectra
from music_adversaries.book import harness, runs
from music_adversaries.book.experiments import (
    frequencies,
    gradient,
    gradient_trainings,
    relaxed,
    success_curves,
    survival,
    transfer,
)
from music_adversaries.book.harness import attacking, decisions, forests, parts, recipes, systems
from music_adversaries.book.harness.confirmed import confirmed
from music_adversaries.book.records import book_folder, read_records
from music_adversaries.evaluation import FigureOfMerit
from small_music import write_music
from small_records import kinds
from small_system import LABELS

published = recipes.Recipe.schedule


def hasty(self, profile, n_rows):
    epochs = 2 if self.convolutional else 12
    return published(self, profile, n_rows).but(max_epochs=epochs, min_epochs=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("MUSIC_ADVERSARIES_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("MUSIC_ADVERSARIES_STATIC", "1")
    patch.setattr(recipes.Recipe, "schedule", hasty)
    patch.setattr(recipes, "SIZES", {"quick": (8, 12), "full": (8, 12)})
    for module in (decisions, forests):
        patch.setattr(module, "N_TREES", 10)
    for module in (frequencies, gradient, gradient_trainings, success_curves, survival, transfer):
        patch.setattr(module, "N_EXCERPTS", {"quick": 4, "full": 4})
    patch.setattr(survival, "PROCESSES", {name: processing.PROCESSES[name] for name in ("as written", "-1 dB")})
    patch.setattr(frequencies, "SYSTEMS", ("dnn50", "dnn50-mel"))
    for module in (gradient, success_curves):
        patch.setattr(module, "BUDGETS", (60.0, 15.0, -10.0))
    for module in (gradient, gradient_trainings, relaxed):
        patch.setattr(module, "MAX_ITERATIONS", 4)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    return write_music(tmp_path_factory.mktemp("music"), each=8, seconds=2.6)


@pytest.fixture
def config(music, cache):
    return harness.Config(dataset="folder", path=str(music), step=1.0, max_iterations=30)


def as_stored(name, config):
    """The record of an experiment on small recordings; its rows are of the kinds that the stored record's are."""
    record = runs.compute(name, config)
    stored = next(one for one in read_records(book_folder() / "records") if one.experiment == name)
    assert kinds(record) == kinds(stored)
    assert set(record.tables) == set(stored.tables)
    return record


# --- what they share ---


def test_excerpts_are_spread_over_labels_and_targets_are_news(config):
    dataset = harness.load_dataset(config)
    systems = [harness.trained_system(config.but(system=name), dataset) for name in ("dnn8", "dnn50")]
    chosen = attacking.choose(systems, dataset, 5, seed=0)
    again = attacking.choose(systems, dataset, 5, seed=0)
    assert (chosen.excerpts, chosen.targets) == (again.excerpts, again.targets)
    counts = [chosen.truth.count(label) for label in LABELS]
    assert len(chosen) == len(set(chosen.excerpts)) == 5 and max(counts) - min(counts) <= 1
    assert set(chosen.excerpts) <= set(systems[0].metadata["parts"]["test"])
    for waveform, target in zip(chosen.waveforms, chosen.targets, strict=True):
        said = {system.classify(waveform).label for system in systems}
        assert target not in said or len(said) == len(LABELS)


def test_an_excerpt_that_succeeded_keeps_its_adversary():
    chosen = attacking.Chosen(("a", "b", "c"), (np.zeros(2),) * 3, ("x",) * 3, ("y",) * 3)
    within = {"a": 30.0, "b": 10.0, "c": -100.0}  # the SNR at which each gives in
    asked = []

    def attack(waveforms, targets, names, snr):
        asked.append((snr, tuple(names)))
        return [
            SimpleNamespace(success=snr <= within[n], snr_magnitude=snr + 0.5, target_confidence=0.6, iterations=3)
            for n in names
        ]

    rows = attacking.nested(attack, chosen, (10.0, 40.0, 20.0), description="")
    assert asked == [(40.0, ("a", "b", "c")), (20.0, ("a", "b", "c")), (10.0, ("b", "c"))]
    reached = {(row["excerpt"], row["budget"]): row["reached"] for row in rows}
    assert [reached["a", b] for b in (40.0, 20.0, 10.0)] == [False, True, True]
    assert [reached["b", b] for b in (40.0, 20.0, 10.0)] == [False, False, True]
    assert not any(reached["c", b] for b in (40.0, 20.0, 10.0))
    assert {row["snr"] for row in rows if row["excerpt"] == "a" and row["reached"]} == {20.5}  # keeps what it had


def test_an_attack_that_met_neither_of_two_budgets_is_not_run_again():
    chosen = attacking.Chosen(("a", "b", "c"), (np.zeros(2),) * 3, ("x",) * 3, ("y",) * 3)
    # Each goes as far as the budget or its own steps let it; what c writes is turned down to the budget.
    far, asked = {"a": 35.0, "b": 5.0, "c": 35.0}, []

    def attack(waveforms, targets, names, snr):
        asked.append((snr, tuple(names)))
        return [
            SimpleNamespace(
                success=False,
                snr_magnitude=snr - 1 if n == "c" else max(far[n], snr),
                snr_limit=snr,
                trace=(0.1, max(far[n], snr)),
                target_confidence=0.1,
                iterations=1,
            )
            for n in names
        ]

    budgets = (40.0, 30.0, 20.0, 10.0, 0.0, -10.0, -20.0)
    rows = attacking.nested(attack, chosen, budgets, description="", fixed_step=True)
    times = {name: [snr for snr, names in asked if name in names] for name in "abc"}
    assert times["a"] == [40.0, 30.0, 20.0]  # the same within 30 and 20 dB
    assert times["b"] == [40.0, 30.0, 20.0, 10.0, 0.0, -10.0]
    assert times["c"] == list(budgets)
    assert [row["snr"] for row in rows if row["excerpt"] == "a"] == [40.0, *[35.0] * 6]

    asked.clear()
    attacking.nested(attack, chosen, budgets, description="")
    assert all(names == ("a", "b", "c") for _, names in asked)


def test_what_a_fixed_step_does_within_two_budgets_it_does_within_all(config):
    dataset = harness.load_dataset(config)
    system = harness.trained_system(config, dataset)
    chosen = attacking.choose([system], dataset, 3, seed=0)
    asked = []

    def attack(waveforms, targets, names, snr):
        asked.append(len(names))
        budget = adversary.Budget(snr, max_iterations=5)
        return adversary.attack(system, waveforms, targets, budget, method=adversary.Algorithm1(step=1e-3), names=names)

    budgets = (60.0, 40.0, 20.0, 0.0, -20.0)
    rows = attacking.nested(attack, chosen, budgets, description="", fixed_step=True)
    assert sum(asked) < 3 * len(budgets)
    assert attacking.nested(attack, chosen, budgets, description="") == rows


def test_a_part_that_is_kept_is_not_found_again(config, monkeypatch):
    dataset, found = harness.load_dataset(config), []

    def part(name, settings=(1,), config=config, fails=False):
        def find():
            if fails:
                raise KeyboardInterrupt
            found.append(name)
            return [{"name": name, "pair": (1, 2)}]

        return parts.Part(name, config, settings, find)

    with pytest.raises(KeyboardInterrupt):
        parts.in_turn("gradient", [part("a"), part("b", fails=True), part("c")], dataset)
    assert found == ["a"]
    kept = parts.in_turn("gradient", [part("a"), part("b"), part("c")], dataset)
    assert found == ["a", "b", "c"]
    assert [one["found"] for one in kept] == [[{"name": name, "pair": [1, 2]}] for name in "abc"]
    assert parts.in_turn("gradient", [part("a"), part("b"), part("c")], dataset) == kept and len(found) == 3

    # What else determines it, too: settings, system, experiment, code.
    parts.in_turn("gradient", [part("a", settings=(2,))], dataset)
    parts.in_turn("gradient", [part("a", config=config.but(seed=7))], dataset)
    parts.in_turn("relaxed", [part("a")], dataset)
    monkeypatch.setattr(parts, "code_of", lambda *modules: "edited")
    parts.in_turn("gradient", [part("a")], dataset)
    assert found[3:] == ["a"] * 4


def test_a_second_opinion_does_not_take_the_attacks_word(config):
    dataset = harness.load_dataset(config)
    for name in ("dnn50", "cdnn"):
        system = harness.trained_system(config.but(system=name), dataset)
        chosen = attacking.choose([system], dataset, 2, seed=0)
        (result,) = adversary.attack(
            system,
            [chosen.waveforms[0]],
            [chosen.targets[0]],
            adversary.Budget(snr=-20.0, confidence=0.0),
            method=adversary.Algorithm1(step_unit="budget"),
        )
        assert confirmed(result, system) == result.success
        if result.success:
            assert not confirmed(dataclasses.replace(result, waveform=result.original), system)
            assert not confirmed(dataclasses.replace(result, snr_limit=result.snr_magnitude + 0.1), system)
        claimed = dataclasses.replace(result, target=system.classify(result.waveform).label, snr_limit=-300.0)
        assert confirmed(claimed, system)


# --- the experiments ---


def test_directives(config):
    record = as_stored("directives", config)
    network = {"source": "network", "listener": "network"}
    right, wrong = (record.one("accuracy", directive=f"always {name}", **network) for name in ("right", "wrong"))
    clean = record.one("accuracy", listener="network", directive="none")
    assert right["value"] >= clean["value"] >= wrong["value"]
    assert record.one("obeyed", directive="always right", **network) == right | {"quantity": "obeyed"}  # the same asked
    obeyed = record.rows("obeyed", **network).set_index("directive")
    assert record.one("least_obeyed")["value"] == obeyed["value"].drop("random").min()
    assert obeyed["label"]["always one label"] == "bright"
    for row in record.tables["by_excerpt"]:
        if row["directive"] in ("always right", "always wrong"):
            assert (row["target"] == row["truth"]) == (row["directive"] == "always right")
    aware, unaware = (
        record.one("obeyed", source=source, listener="forest", directive="random") for source in ("forest", "network")
    )
    assert record.one("aware_minus_unaware")["value"] == pytest.approx(aware["value"] - unaware["value"])


def test_success_curves_only_rise(config):
    record = as_stored("success_curves", config)
    curves = record.rows("success")
    assert set(curves["partition"]) == {"random", "artist_filtered"}
    assert set(curves["system"]) == {"dnn8", "dnn12-dropout", "cdnn"}
    assert len(record.tables["parts"]) == 2 * 3 * len(success_curves.METHODS)
    assert len(curves) == len(record.tables["parts"]) * len(success_curves.BUDGETS)
    for _, points in curves.groupby(["system", "partition", "attack"]):
        assert points.sort_values("budget", ascending=False)["value"].is_monotonic_increasing
    assert set(curves["n"]) == {4}


def test_success_curves_go_on_where_they_were(config, monkeypatch):
    dataset = harness.load_dataset(config)
    whole = success_curves.measure(config, dataset, progress=False)

    def refuse(*_, **__):
        raise AssertionError("attacked again")

    monkeypatch.setattr(adversary, "attack", refuse)
    assert success_curves.measure(config, dataset, progress=False) == whole
    with pytest.raises(AssertionError, match="attacked again"):
        success_curves.measure(config.but(confidence=0.8), dataset, progress=False)


def test_long_excerpts_are_fewer(config, monkeypatch):
    monkeypatch.setattr(success_curves, "N_EXCERPTS", {"quick": 30, "full": 20})

    def dataset(seconds):
        table = pd.DataFrame({"duration_s": [seconds] * 3})
        return SimpleNamespace(manifest=SimpleNamespace(table=table))

    full, slow = config.but(profile="full"), config.but(profile="full", system="cdnn")
    assert success_curves.n_excerpts(config, dataset("6.0")) == 30
    assert success_curves.n_excerpts(full, dataset("10.0")) == success_curves.n_excerpts(slow, dataset("10.0")) == 20
    assert success_curves.n_excerpts(full, dataset("30.03")) * 30 == success_curves.SECONDS
    assert success_curves.n_excerpts(slow, dataset("30.03")) * 30 == success_curves.SECONDS_CONVOLUTIONAL
    assert success_curves.n_excerpts(slow, dataset(None)) == success_curves.n_excerpts(slow, dataset("30.0"))
    assert success_curves.n_excerpts(slow, dataset("1000")) == 1


def test_survival(config):
    record = as_stored("survival", config)
    assert {row["process"] for row in record.tables["by_excerpt"]} == {"-1 dB"}
    for case in survival.METHODS:
        assert list(record.rows("success", case=case, process=None)["stage"]) == ["iterate", "waveform", "written"]
    # The waveform attack's iterate is the waveform.
    iterate, waveform = (record.one("success", case="waveform", stage=stage) for stage in ("iterate", "waveform"))
    assert iterate == waveform | {"stage": "iterate"}


def test_frequencies(config):
    bands = as_stored("frequencies", config).tables["by_band"]
    assert {row["of"] for row in bands} >= {"music"}
    for row in bands:
        assert row["low"] < row["high"] and row["level"] <= 0
    music = [row for row in bands if row["of"] == "music"]
    assert 0.5 < sum(10 ** (row["level"] / 10) for row in music) <= 1.0 + 1e-6


def test_frequencies_of_a_tone_are_known():
    tone = np.sin(2 * np.pi * 8_000 * np.arange(22_050) / 22_050)
    powers = frequencies._powers(tone)
    assert frequencies._high(powers) > 0.999 and abs(frequencies._median(powers) - 8_000) < 22
    assert frequencies._high(frequencies._powers(np.sin(2 * np.pi * 500 * np.arange(22_050) / 22_050))) < 0.001


def test_transfer_and_gradient(config):
    record = as_stored("transfer", config)
    pairs = record.rows("success")
    sources, listeners = set(pairs["source"]), set(pairs["listener"])
    others = {"forest on dnn50", "mfcc", "dnn50, seed 1", "dnn50, artist-filtered", "cdnn, artist-filtered"}
    assert sources < listeners and listeners - sources == others
    assert len(pairs) == len(record.rows("changed")) == len(sources) * len(listeners)
    assert record.one("least_white_box")["value"] == pairs[pairs["source"] == pairs["listener"]]["value"].min()
    filtered = set(pairs[pairs["partition"] == "artist_filtered"]["listener"])
    assert filtered == {"dnn50, artist-filtered", "cdnn, artist-filtered"}
    assert set(pairs[pairs["training"] == 1]["listener"]) == {"dnn50, seed 1"}

    record = as_stored("gradient", config)
    at_15 = record.rows("success", budget=15).set_index("case")["value"]
    for pair, a, b in (
        ("chain_rule_minus_published", gradient.CHAIN, gradient.PUBLISHED),
        ("dnn_minus_cdnn", gradient.DNN, gradient.CHAIN),
    ):
        difference = record.one("difference", pair=pair, budget=15)
        assert difference["value"] == pytest.approx(at_15[a] - at_15[b])
    assert set(record.rows("p_artists")["budget"]) == set(gradient.BUDGETS)
    assert set(record.rows("success", system="cdnn")["case"]) == set(gradient.CASES) - {gradient.DNN}
    published = record.rows("success", gradient="published_code")
    assert set(published["case"]) == {gradient.PUBLISHED, gradient.LOOP}
    assert record.tables["heard"] == []  # nobody said that these recordings are free


def test_gradients_on_several_trainings(config):
    """Each seed has the differences of its own cases; put together are their mean, the least and the most."""
    seeds = (0, 1)
    record = as_stored("gradient_trainings", config.but(seeds=seeds))
    all_of_it = runs.compute("gradient", config).table("by_excerpt")
    assert set(record.rows("difference")["pair"]) == set(gradient.PAIRS)
    for pair, (a, b) in gradient.PAIRS.items():
        mine = record.rows("difference", pair=pair)
        assert list(mine["training"]) == list(seeds)
        for row in mine.itertuples():
            shares = [record.one("success", training=row.training, case=case)["value"] for case in (a, b)]
            assert row.value == pytest.approx(shares[0] - shares[1])
            assert row.low <= row.value <= row.high
        mean, least, most = (record.one(f"{which}_difference", pair=pair) for which in ("mean", "least", "most"))
        assert (least["value"], most["value"]) == (mine["value"].min(), mine["value"].max())
        assert mean["value"] == pytest.approx(mine["value"].mean()) and mean["n"] == 2
    table = record.table("by_excerpt")
    assert set(table["budget"]) == {config.snr} and len(table) == len(seeds) * len(gradient.CASES) * 4
    # Seed 0 is the study's: what it reaches within 15 dB, the study reaches, which asks for less change first.
    for case in gradient.CASES:
        alone = table[(table["seed"] == 0) & (table["case"] == case)]
        study = all_of_it[(all_of_it["case"] == case) & (all_of_it["budget"] == config.snr)]
        assert list(alone["excerpt"]) == list(study["excerpt"])
        assert all(there or not here for here, there in zip(alone["reached"], study["reached"], strict=True))


def test_what_is_heard_of_the_two_gradients(config, monkeypatch):
    """The first that the chain rule reached within the budget, from its middle; what is kept is what was judged."""
    dataset = harness.load_dataset(config)
    system = systems.trained_system(config.but(system="cdnn"), dataset)
    chosen = attacking.choose([system], dataset, 3, seed=0)
    rows = [
        {"case": case, "budget": budget, "excerpt": excerpt, "reached": case == gradient.CHAIN and i > 0}
        for case in gradient.CASES
        for budget in gradient.BUDGETS
        for i, excerpt in enumerate(chosen.excerpts)
    ]
    assert gradient._heard(system, chosen, rows, config, dataset) == []
    monkeypatch.setattr(gradient, "OURS", dataset.manifest.table["licence"].iloc[0])
    chain, published = gradient._heard(system, chosen, rows, config, dataset)
    for row, case in ((chain, gradient.CHAIN), (published, gradient.PUBLISHED)):
        assert (row["case"], row["excerpt"], row["target"]) == (case, chosen.excerpts[1], chosen.targets[1])
        heard, rate = soundfile.read(io.BytesIO(base64.b64decode(row["flac"])), dtype="float32")
        assert rate == spectra.SAMPLE_RATE and abs(len(heard) / rate - gradient.SECONDS_HEARD) < 0.01
        start = round(row["start_s"] * rate)
        original = chosen.waveforms[1][start : start + len(heard)]
        assert abs(start + len(heard) / 2 - len(chosen.waveforms[1]) / 2) < 2 and not np.array_equal(heard, original)
        assert row["snr"] >= config.snr
    assert chain["flac"] != published["flac"]
    assert gradient._heard(system, chosen, [row | {"reached": False} for row in rows], config, dataset) == []


def test_a_system_that_has_not_learned_all_labels_does_not_listen(music, cache, monkeypatch):
    """A class of one artist cannot be artist-filtered."""
    lines = music.read_text().splitlines()
    few = music.with_name("few.csv")
    few.write_text("\n".join(re.sub(r"dark artist \d", "dark artist 0", line) for line in lines) + "\n")
    config = harness.Config(dataset="folder", path=str(few), max_iterations=5)
    dataset = harness.load_dataset(config)
    assert systems.partition_of(config.but(partition="artist_filtered"), dataset).labels == ("bright", "even")
    trained = []

    def noted(config, *arguments, **settings):
        trained.append(config)
        quick = config.but(system="dnn50") if config.recipe.convolutional else config
        return systems.trained_system(quick, *arguments, **settings)

    monkeypatch.setattr(transfer, "trained_system", noted)
    measured, _ = transfer.measure(config, dataset, progress=False)
    pairs = [row for row in measured if row["quantity"] == "success"]
    listeners = {row["listener"] for row in pairs}
    assert "dnn50, seed 1" in listeners and not any("artist-filtered" in name for name in listeners)
    assert {one.partition for one in trained} == {"random"}  # and none is trained for nothing
    assert len(pairs) == len({row["source"] for row in pairs}) * len(listeners)


# --- the relaxed attack ---


def test_relaxed(config):
    record = as_stored("relaxed", config)
    rows = record.tables["by_excerpt"]
    system = harness.trained_system(config.but(system="cdnn"))
    test = system.metadata["parts"]["test"]
    assert {row["case"] for row in rows} == set(relaxed.CASES) and len(rows) == len(relaxed.CASES) * len(test)
    first = [row for row in rows if row["case"] == relaxed.SLICE]
    assert [row["target"] for row in first] == adversary.random_targets(system, len(test), seed=config.seed)
    before = FigureOfMerit([r["truth"] for r in first], [r["original_label"] for r in first], system.labels)
    assert record.one("accuracy", attack="none")["value"] == pytest.approx(before.normalised_accuracy)
    for case in relaxed.CASES:
        mine = [row for row in rows if row["case"] == case]
        under = FigureOfMerit([r["truth"] for r in mine], [r["label"] for r in mine], system.labels)
        assert record.one("accuracy", attack=case)["value"] == pytest.approx(under.normalised_accuracy)
        drop = before.normalised_accuracy - under.normalised_accuracy
        assert record.one("drop", attack=case)["value"] == pytest.approx(drop)
        plain = (
            sum(r["original_label"] == r["truth"] for r in mine) - sum(r["label"] == r["truth"] for r in mine)
        ) / len(mine)
        assert record.one("plain_drop", attack=case)["value"] == pytest.approx(plain)
        # An excerpt that has the label already is not counted.
        news = [row for row in mine if row["original_label"] != row["target"]]
        success, confident = (record.one(quantity, attack=case) for quantity in ("success", "confident"))
        assert success["n"] == confident["n"] == len(news) < len(mine)
        assert success["value"] == sum(row["label"] == row["target"] for row in news) / len(news)
        assert confident["value"] <= success["value"]
        assert all(row["snr"] == "inf" or row["snr"] >= relaxed.SNR for row in mine)
    assert record.find("drop_beyond_noise", attack=relaxed.NOISE) is None
    assert record.one("target_is_label_before")["value"] == pytest.approx(1 - len(news) / len(mine))
