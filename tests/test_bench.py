"""The benchmark compares like with like, and judges its goals by the numbers; no test looks at a time."""

import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from music_adversaries import spectra
from music_adversaries.book.bench import arithmetic, measure, memory, subjects, timing, toolbox
from music_adversaries.book.bench.command import command as bench_command
from music_adversaries.book.bench.iteration import Iteration
from music_adversaries.book.bench.plain import PlainIteration
from music_adversaries.book.bench.report import Row, format_table, table


@pytest.mark.parametrize("snr", [0.0, 100.0], ids=["inside the ball", "on it"])
@pytest.mark.parametrize("consistency", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_the_plain_loop_does_the_same(together, consistency, snr):
    """Three iterations in double precision, the ends of the recording included."""
    network = subjects.network("dnn50").double()
    waveforms = subjects.noise(3, 0.3).double()
    ours = Iteration(network, waveforms, torch.tensor([7, 0, 7]), consistency=consistency, snr=snr)
    plain = PlainIteration(network, waveforms[2].numpy(), 7, consistency=consistency, snr=snr, together=together)
    z = plain.exemplar
    for _ in range(3):
        ours()
        z = plain(z)
        np.testing.assert_allclose(ours.z[2].numpy(), z, rtol=0, atol=1e-10 * z.max())
        distance = np.linalg.norm(z - plain.exemplar)
        assert math.isclose(distance, plain.radius) if snr == 100.0 else 0 < distance < plain.radius
    ours.restart()
    assert torch.equal(ours.z, ours.exemplar)


@pytest.mark.may_skip
def test_art_keeps_within_its_ball_and_comes_nearer():
    if not toolbox.installed():
        pytest.skip(toolbox.MISSING)
    network = subjects.network("dnn50")
    step = subjects.iteration(network, 2, 0.5)
    radius = float(step.radius.min())
    found = torch.from_numpy(toolbox.attack(network, step.exemplar, step.targets, radius)(3))
    assert (found >= 0).all()
    distance = torch.linalg.vector_norm(found - step.exemplar, dim=(1, 2))
    assert (distance > 0).all() and (distance <= radius * (1 + 1e-4)).all()
    before, after = (
        toolbox.Summed(network)(z).gather(1, step.targets[:, None]).detach() for z in (step.exemplar, found)
    )
    assert (after > before).all()


def test_arithmetic_of_the_convolutional_network():
    """Two operations for each weight and each place where its kernel lies."""
    network = subjects.network("cdnn")
    first, second = network.sizes[0], network.sizes[2]
    assert arithmetic.CDNN_FIRST == 2 * network.weight1.numel() * first[0] * first[1]
    assert arithmetic.CDNN_SECOND == 2 * network.weight2.numel() * second[0] * second[1]
    assert arithmetic.CDNN_DENSE == 2 * (network.dense.weight.numel() + network.output.weight.numel())


def test_times_are_medians_of_rounds_in_turns():
    said = []
    times = {"a": iter([9.0, 1.0, 9.0, 5.0, 9.0, 2.0]), "b": iter([9.0, 4.0, 9.0, 3.0, 9.0, 8.0])}
    contestants = {name: lambda name=name: (said.append(name), next(times[name]))[1] for name in times}
    assert timing.median_seconds(contestants, 3, pause=0.0) == {
        "a": 2.0,
        "b": 4.0,
    }  # the first of two calls does not count
    assert said == ["a", "a", "b", "b"] * 3


def test_threads_are_put_back():
    before = torch.get_num_threads()
    with timing.threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("faster", "value", "against", "ratio", "met"),
    [
        (False, 6.0, 2.0, 3.0, True),
        (False, 6.1, 2.0, 3.05, False),
        (True, 2.0, 6.0, 3.0, True),
        (True, 2.1, 6.0, 2.857, False),
        (True, 2.0, math.nan, math.nan, None),
    ],
)
def test_goals(faster, value, against, ratio, met):
    row = Row("a", 1, value, "b", against, faster=faster, goal=3.0)
    assert row.ratio == pytest.approx(ratio, rel=1e-3, nan_ok=True) and row.met is met
    said = {True: "met", False: "missed", None: "not measured"}[met]
    assert row.verdict() == f"goal {'at least' if faster else 'at most'} 3: {said}"


def test_a_row_without_goal_has_no_verdict():
    row = Row("a", 1, 6.0, "b", 2.0)
    assert row.met is None and row.verdict() == ""


def test_table():
    rows = [Row("fast", 32, 2.0, "slow", 60.0, faster=True, goal=20), Row("a", 1, 3.0, "b", math.nan, note="no b")]
    header, first, second = format_table(rows).splitlines()
    assert header.split() == ["batch", "compared", "with", "ratio"]
    assert first.split() == "fast 32 2.00 ms slow 60.00 ms 30.00 x as fast goal at least 20: met".split()
    assert second.split() == "a 1 3.00 ms b no b".split()
    found = table(rows)
    assert list(found["met"]) == [True, None] and list(found["batch"]) == [32, 1]


def test_rows_of_a_system(monkeypatch):
    """Every comparison is there; where ART is not, its rows say how to install it."""
    monkeypatch.setattr(toolbox, "installed", lambda: False)
    monkeypatch.setattr(arithmetic, "SIDE", 16)
    rows = {system: list(measure.iterations(system, 2, 2.5, 1)) for system in subjects.SYSTEMS}
    rows[""] = list(measure.consistency(2, 0.5, 1))
    assert {name: len(found) for name, found in rows.items()} == {"dnn50": 8, "dnn500": 8, "cdnn": 5, "": 1}
    goals = [(row.what, row.against, row.goal) for found in rows.values() for row in found if row.goal]
    assert goals == [
        ("DNN-50 with consistency", "frame by frame in NumPy", 20),
        ("DNN-50 with consistency", "PGD of ART, without consistency", 1.5),
        ("CDNN, forward and input gradient", "its direct arithmetic", 1.3),
        ("consistency step", "bare irfft + rfft", 3),
    ]
    for row in (row for found in rows.values() for row in found):
        assert row.batch == 2 and row.value > 0
        assert (row.against_value > 0) != (row.note == toolbox.MISSING)
        assert ("ART" in row.against) == (row.note == toolbox.MISSING)


@pytest.mark.skipif(not memory.STATUS.exists(), reason="memory is measured on Linux only")
def test_memory_is_at_least_that_of_the_tensors():
    """Exemplar and iterate of each excerpt, to begin with."""
    n_frames = spectra.n_frames(5 * spectra.SAMPLE_RATE)
    assert memory.growth((1,), 8, 5.0)[0] > 8 * 2 * n_frames * spectra.N_BINS * 4 / 1e6


def test_command(monkeypatch, tmp_path):
    given = {}

    def run(**options):
        given.update(options)
        return [Row("a", 1, 6.0, "b", 2.0, goal=2.0)]

    monkeypatch.setattr(measure, "run", run)
    result = CliRunner().invoke(bench_command, ["--quick", "--threads", "2", "--out", str(tmp_path / "bench.csv")])
    assert result.exit_code == 0, result.output
    assert given["quick"] is True and given["n_threads"] == 2
    assert "goal at most 2: missed" in result.output
    assert (tmp_path / "bench.csv").read_text().splitlines()[1].startswith("a,1,6.0,ms,b,2.0,3.0")
