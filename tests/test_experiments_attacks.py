"""The experiments with adversaries, on a folder of small recordings; and what they share."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from music_adversaries import adversary, experiments, processing
from music_adversaries.experiments import (
    attacking,
    decisions,
    directives,
    forests,
    frequencies,
    gradient,
    recipes,
    success_curves,
    survival,
    table1,
    transfer,
)  # fmt: skip
from music_adversaries.experiments.confirmed import confirmed
from small_music import write_music
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
    patch.setattr(table1, "SIZES", {"quick": (8, 12), "full": (8, 12)})
    for module in (decisions, forests):
        patch.setattr(module, "N_TREES", 10)
    for module in (frequencies, gradient, success_curves, survival, transfer):
        patch.setattr(module, "N_EXCERPTS", {"quick": 4, "full": 4})
    patch.setattr(survival, "PROCESSES", {name: processing.PROCESSES[name] for name in ("as written", "-1 dB")})
    patch.setattr(frequencies, "SYSTEMS", ("dnn50", "dnn50-mel"))
    for module in (gradient, success_curves):
        patch.setattr(module, "BUDGETS", (60.0, 15.0, -10.0))
    patch.setattr(gradient, "MAX_ITERATIONS", 4)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    return write_music(tmp_path_factory.mktemp("music"), each=8, seconds=2.6)


@pytest.fixture
def config(music, cache):
    return experiments.Config(dataset="folder", path=str(music), step=1.0, max_iterations=30)


def shares(results):
    return {name: one for name, one in results.items() if one["unit"] == "fraction"}


# --- what they share ---


def test_excerpts_are_spread_over_labels_and_targets_are_news(config):
    dataset = config.load_dataset()
    systems = [experiments.trained_system(config.but(system=name), dataset) for name in ("dnn8", "dnn50")]
    chosen = attacking.choose(systems, dataset, 5, seed=0)
    again = attacking.choose(systems, dataset, 5, seed=0)
    assert (chosen.excerpts, chosen.targets) == (again.excerpts, again.targets)
    counts = [chosen.truth.count(label) for label in LABELS]
    assert len(chosen) == len(set(chosen.excerpts)) == 5 and max(counts) - min(counts) <= 1
    assert set(chosen.excerpts) <= set(systems[0].metadata["parts"]["test"])
    for waveform, target in zip(chosen.waveforms, chosen.targets, strict=True):
        said = {system.classify(waveform).label for system in systems}
        assert target not in said or len(said) == len(LABELS)


def test_whom_an_attack_has_reached_it_leaves_alone():
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


def test_a_second_opinion_does_not_take_the_attacks_word(config):
    dataset = config.load_dataset()
    for name in ("dnn50", "cdnn"):
        system = experiments.trained_system(config.but(system=name), dataset)
        chosen = attacking.choose([system], dataset, 2, seed=0)
        (result,) = adversary.attack(
            system, [chosen.waveforms[0]], [chosen.targets[0]], snr=-20.0, confidence=0.0, step_unit="budget"
        )
        assert confirmed(result, system) == result.success
        if result.success:
            assert not confirmed(dataclasses.replace(result, waveform=result.original), system)
            assert not confirmed(dataclasses.replace(result, snr_limit=result.snr_magnitude + 0.1), system)
        claimed = dataclasses.replace(result, target=system.classify(result.waveform).label, snr_limit=-300.0)
        assert confirmed(claimed, system)


# --- the experiments ---


def test_directives(config):
    dataset = config.load_dataset()
    results, tables = directives.measure(config, dataset, progress=False)
    right, wrong = (results[f"network, always {name}: accuracy"] for name in ("right", "wrong"))
    assert right["estimate"] >= results["network, clean: accuracy"]["estimate"] >= wrong["estimate"]
    assert results["network, always right: obeyed"] == right  # the same question
    assert results["least_obeyed"]["estimate"] == min(
        results[f"network, {name}: obeyed"]["estimate"] for name in ("always right", "always wrong", "always bright")
    )
    rows = tables["by_excerpt"]
    for row in rows:
        if row["directive"] in ("always right", "always wrong"):
            assert (row["target"] == row["truth"]) == (row["directive"] == "always right")
    assert 0 <= results["forest aware, random: obeyed"]["estimate"] <= 1


def test_success_curves_only_rise(config):
    results, tables = success_curves.measure(config, config.load_dataset(), progress=False)
    curves = tables["curves"]
    assert {row["partition"] for row in curves} == {"random", "artist_filtered"}
    by = {}
    for row in curves:
        by.setdefault((row["system"], row["partition"], row["method"]), []).append((row["budget"], row["estimate"]))
    for points in by.values():
        heights = [height for _, height in sorted(points, reverse=True)]
        assert heights == sorted(heights)
    assert all(one["n"] == 4 for one in shares(results).values())


def test_survival(config):
    results, tables = survival.measure(config, config.load_dataset(), progress=False)
    assert {row["process"] for row in tables["by_excerpt"]} == {"-1 dB"}
    for case in survival.METHODS:
        assert {f"{case}: {stage}" for stage in ("iterate", "waveform", "written")} <= set(results)
    # The waveform attack's iterate is the waveform.
    assert results["waveform: iterate"] == results["waveform: waveform"]


def test_frequencies(config):
    results, tables = frequencies.measure(config, config.load_dataset(), progress=False)
    assert {row["of"] for row in tables["by_band"]} >= {"music"}
    for row in tables["by_band"]:
        assert row["low"] < row["high"] and row["level"] <= 0
    music = [row for row in tables["by_band"] if row["of"] == "music"]
    assert 0.5 < sum(10 ** (row["level"] / 10) for row in music) <= 1.0 + 1e-6


def test_frequencies_of_a_tone_are_known():
    tone = np.sin(2 * np.pi * 8_000 * np.arange(22_050) / 22_050)
    powers = frequencies._powers(tone)
    assert frequencies._high(powers) > 0.999 and abs(frequencies._median(powers) - 8_000) < 22
    assert frequencies._high(frequencies._powers(np.sin(2 * np.pi * 500 * np.arange(22_050) / 22_050))) < 0.001


def test_transfer_and_gradient(config):
    dataset = config.load_dataset()
    results, tables = transfer.measure(config, dataset, progress=False)
    matrix = tables["matrix"]
    sources, listeners = ({row[key] for row in matrix} for key in ("source", "listener"))
    assert sources < listeners and {"forest on dnn50", "mfcc"} <= listeners - sources
    assert len(matrix) == len(sources) * len(listeners)
    own = [row["target"] for row in matrix if row["source"] == row["listener"]]
    assert results["least_white_box"]["estimate"] == min(own)

    results, tables = gradient.measure(config, dataset, progress=False)
    at_15 = {case: results[f"{case}: success at 15 dB"]["estimate"] for case in gradient.CASES}
    difference = at_15[gradient.CHAIN] - at_15[gradient.PUBLISHED]
    assert results["chain_rule_minus_published"]["estimate"] == pytest.approx(difference)
    assert results["dnn_minus_cdnn"]["estimate"] == pytest.approx(at_15[gradient.DNN] - at_15[gradient.CHAIN])
    assert {row["budget"] for row in tables["tests"]} == set(gradient.BUDGETS)
