"""tools/portability.py: each arithmetic has its day, reaches the children, and is refused if it changes nothing."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
from pathlib import Path

import nbformat
import numpy as np
import pytest

import portability
import small_system
from portability import ARITHMETICS, Arithmetic

DAY = datetime.date(2026, 2, 27)
#: Tests that train or attack and are not run under other arithmetics, each with its reason.
LEFT_OUT = {
    "audition": "draws and plays what an attack gave, whatever that is",
    "benchmarks/bench_training": "a benchmark",
    "browser/lab": "drives a browser",
    "portability": "this file names the functions",
    "notebooks_stored": "so does that",
    "field/reliability": "trains two epochs whose checkpoints fail, whatever they find",
    "start_up": "asks what is imported, of a system that it writes itself",
}


def test_every_arithmetic_is_another_and_has_its_day() -> None:
    assert len({arithmetic.name for arithmetic in ARITHMETICS}) == len(ARITHMETICS) >= 3
    assert all(set(arithmetic.variables) <= set(portability.CHOOSERS) for arithmetic in ARITHMETICS)
    for first in range(10):
        days = [DAY + datetime.timedelta(first + i) for i in range(len(ARITHMETICS))]
        assert {portability.of_day(day).name for day in days} == {arithmetic.name for arithmetic in ARITHMETICS}


def test_they_are_listed_and_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert portability.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{one.name}: {one.how}" in listed for one in ARITHMETICS)
    assert portability.main(["--list", "--only", ARITHMETICS[1].name]) == 0
    listed = capsys.readouterr().out
    assert ARITHMETICS[1].name in listed and ARITHMETICS[0].name not in listed
    assert portability.main(["--list", "--by-date"]) == 0
    listed = capsys.readouterr().out
    assert sum(f"{one.name}:" in listed for one in ARITHMETICS) == 1
    with pytest.raises(SystemExit) as stopped:
        portability.main(["--only", "decimal"])
    assert stopped.value.code == 2 and "decimal" in capsys.readouterr().err


def test_what_was_set_before_does_not_hide_what_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    monkeypatch.setenv("KEPT", "1")
    native = portability.environment(None)
    assert not set(native) & set(portability.CHOOSERS) and native["KEPT"] == "1"
    for one in ARITHMETICS:
        variables = portability.environment(one, tmp_path)
        assert {name: variables.get(name) for name in portability.CHOOSERS} == {
            name: one.variables.get(name) for name in portability.CHOOSERS
        }
        assert variables["MUSIC_ADVERSARIES_CACHE"] == str(tmp_path)
    assert os.environ["ATEN_CPU_CAPABILITY"] == "avx2"


def test_the_kernels_that_nbval_starts_compute_in_it(tmp_path: Path) -> None:
    source = "import torch\nprint(torch.backends.cpu.get_cpu_capability())"
    output = nbformat.v4.new_output("stream", text="DEFAULT\n")
    cell = nbformat.v4.new_code_cell(source, outputs=[output], execution_count=1)
    path = tmp_path / "which.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    arguments = ["-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-c", os.devnull, str(path)]
    arguments += ["--rootdir", str(tmp_path)]
    plain = Arithmetic("plain", "no vectors", {"ATEN_CPU_CAPABILITY": "default"})
    # Into a file: a kernel that outlives a failing run would hold a pipe open.
    with (tmp_path / "log").open("w+") as log:
        done = portability.python(arguments, portability.environment(plain), stdout=log, stderr=log, timeout=600)
    assert done.returncode == 0, (tmp_path / "log").read_text()


def test_an_arithmetic_that_changes_nothing_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """Two small trainings in processes of their own, with the same variables."""
    with pytest.raises(portability.PortabilityError, match="as-it-is: no weight of a small trained network differs"):
        portability.compare(Arithmetic("as-it-is", "the same arithmetic", {}))
    said = capfd.readouterr().out
    assert len(re.findall("weights of .* the same to the bit", said)) == 2


def write(path: Path, **arrays: list[float]) -> Path:
    np.savez(path, **{name.replace("_", " "): np.array(values) for name, values in arrays.items()})
    return path


def test_differences_are_measured_and_weights_must_differ(tmp_path: Path) -> None:
    a = write(tmp_path / "a.npz", weights_of_a_network_on_frames=[3.0, 4.0], features=[1.0])
    b = write(tmp_path / "b.npz", weights_of_a_network_on_frames=[3.0, 4.5], features=[1.0])
    c = write(tmp_path / "c.npz", weights_of_a_network_on_frames=[3.0, 4.0], features=[2.0])
    changes = portability.differences(a, b)
    assert changes == {portability.FRAMES: (0.5, pytest.approx(0.1)), "features": (0.0, 0.0)}
    portability.check(ARITHMETICS[0], changes)
    assert portability.shown(changes).splitlines() == [
        f"  {portability.FRAMES}: by up to 0.5, 0.1 of their norm",
        "  features: the same to the bit",
    ]
    with pytest.raises(portability.PortabilityError, match="no weight of a small"):
        portability.check(ARITHMETICS[0], portability.differences(a, c))


def test_a_child_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portability, "python", lambda *_, **__: subprocess.CompletedProcess([], 1))
    with pytest.raises(portability.PortabilityError, match="small training failed"):
        portability.compare(ARITHMETICS[0])


@pytest.mark.parametrize(
    ("fails", "apart", "outcome"),
    [
        ([], 0.1, "weights 0.1; passed after"),
        (["--experiments"], 0.1, "FAILED (experiments, systems trained anew) after"),
        (["pytest"], 0.1, "weights 0.1; FAILED (chapters, compared with what is stored"),
        ([], 0.0, "FAILED (a trained system is the same to the bit) after"),
    ],
)
def test_what_runs_under_it_and_what_is_told(
    fails: list[str],
    apart: float,
    outcome: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without computing: which commands, in which cache, and the exit code."""
    ran = []

    def python(arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess:
        ran.append((arguments, variables))
        return subprocess.CompletedProcess(arguments, int(any(name in arguments for name in fails)))

    monkeypatch.setattr(portability, "python", python)
    monkeypatch.setattr(portability, "compare", lambda _: {})
    monkeypatch.setattr(portability, "trained_otherwise", lambda *_: (apart, "weights 0.1"))
    monkeypatch.setattr(portability, "share_dataset", lambda *_: None)
    monkeypatch.setattr(portability.refresh, "prepare_dataset", lambda *_: None)
    monkeypatch.setattr(portability.refresh, "set_environment", lambda *_: None)
    monkeypatch.setattr(portability, "FOLDER", tmp_path)
    name = ARITHMETICS[0].name
    (tmp_path / name / "systems").mkdir(parents=True)
    (tmp_path / name / portability.STAMP).write_text(json.dumps(portability.stamp(ARITHMETICS[0])))
    assert portability.main(["--only", name]) == (0 if "passed" in outcome else 1)
    (experiments, first), (pytest_, second) = ran
    assert experiments == [portability.MYSELF, "--experiments"] and pytest_ == portability.pytest_arguments()
    for variables in (first, second):
        assert variables["MUSIC_ADVERSARIES_CACHE"] == str(tmp_path / name)
        assert ARITHMETICS[0].variables.items() <= variables.items()
    assert (tmp_path / name / "systems").exists(), "what an earlier run trained is lost"
    told = capsys.readouterr().out
    assert outcome in told and f"  {name}: " in told
    for arguments, stamp in ((["--fresh"], portability.stamp(ARITHMETICS[0])), ([], portability.stamp(ARITHMETICS[1]))):
        (tmp_path / name / "systems").mkdir(exist_ok=True)
        (tmp_path / name / portability.STAMP).write_text(json.dumps(stamp))
        portability.main(["--only", name, *arguments])
        assert not (tmp_path / name / "systems").exists()


def test_music_is_shared_and_what_is_trained_is_not(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    music = portability.MUSIC / "blues" / "1.wav"
    (ours / music).parent.mkdir(parents=True)
    (ours / music).write_bytes(b"sound")
    (ours / "systems").mkdir()
    portability.share_dataset(ours, theirs)
    assert (theirs / music).read_bytes() == b"sound" and [path.name for path in theirs.iterdir()] == ["datasets"]
    (theirs / music).unlink()
    assert (ours / music).exists()
    portability.share_dataset(ours, theirs)  # as it is: the library mends what is not whole
    assert not (theirs / music).exists()


def test_how_far_trained_systems_lie_apart(tmp_path: Path) -> None:
    for cache, seed in (("a", 0), ("b", 0), ("c", 1)):
        small_system.system(seed).save(tmp_path / cache / "systems" / "s.pt")
    assert portability.trained_otherwise(tmp_path / "a", tmp_path / "b")[0] == 0
    apart, said = portability.trained_otherwise(tmp_path / "a", tmp_path / "c")
    assert 0.1 < apart < 3 and said.startswith("weights of 1 trained systems")
    none, said = portability.trained_otherwise(tmp_path / "nowhere", tmp_path / "c")
    assert none > 0 and "not compared" in said


def test_music_that_is_rendered_otherwise_is_counted(tmp_path: Path) -> None:
    for cache, digests in (("a", "xyz"), ("b", "xYz")):
        folder = tmp_path / cache / portability.MUSIC
        folder.mkdir(parents=True)
        entries = ", ".join(f'"{i}.wav": {{"sha256": "{digest}"}}' for i, digest in enumerate(digests))
        (folder / "index.json").write_text(f"{{{entries}}}")
    assert portability.rendered_otherwise(tmp_path / "a", tmp_path / "b").startswith("1 of 3 excerpts")


def test_every_test_that_trains_or_attacks_is_run() -> None:
    tests = Path(__file__).parent
    trains = re.compile(r"small_system|\btrained_system\(|\btrain\(|adversary\.attack\(|runs\.(run|compute)\(")
    found = {path for path in tests.rglob("test_*.py") if trains.search(path.read_text())}
    left_out = {portability.test_file(name) for name in LEFT_OUT}
    named = {portability.test_file(name) for name in portability.TESTS}
    assert found - left_out <= named, "name it in tools/portability.py, or say why not"
    assert all(path.is_file() for path in named | left_out)


def test_what_was_trained_otherwise_is_not_used_again(tmp_path: Path) -> None:
    first, second = portability.ARITHMETICS[:2]
    assert portability.read_stamp(tmp_path) is None
    (tmp_path / portability.STAMP).write_text(json.dumps(portability.stamp(first)))
    assert portability.read_stamp(tmp_path) == portability.stamp(first) != portability.stamp(second)


def test_on_another_kind_of_processor_it_says_that_nothing_was_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(portability.platform, "machine", lambda: "arm64")
    assert portability.main([]) == 0
    assert "NOTHING WAS CHECKED" in capsys.readouterr().out
