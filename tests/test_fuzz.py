"""Property tests draw the same every time, and `make fuzz` finds what they miss."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import fuzz
from interrupts import answers_ctrl_c

ROOT = fuzz.ROOT

TOY = """
    import os
    from hypothesis import given, settings
    from hypothesis import strategies as st

    def drawn(*what):
        with open(os.environ["DRAWN"], "a") as stream:
            print(*what, file=stream)
"""
DRAWS = """
    from hypothesis import HealthCheck

    if os.environ.get("IMPORT_FIRST"):
        import library  # whose constants Hypothesis would draw

    @given(st.integers(0, 10**9), st.text("abcdefg"), st.floats())
    @settings(max_examples=80, deadline=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_draws(n, text, x):
        own = settings.default
        checks = sorted(check.name for check in own.suppress_health_check)
        drawn("settings", own.max_examples, own.derandomize, own.database, own.deadline, checks)
        drawn("draw", n, text, x)
"""
BUG = """
    @given(st.integers(0, 10**6))
    def test_bug(n):
        drawn(n)
        assert n % 10 != 3

    @given(st.integers())
    def test_beside_it(n):
        pass
"""
CRASH = """
    @given(st.integers())
    def test_crash(n):
        os.kill(os.getpid(), 9)
"""
FINE = """
    @settings(max_examples=30)
    @given(st.integers())
    def test_fine(n):
        drawn(n)

    def test_without_a_property():
        drawn("never")
"""
HUNGRY = """
    @settings(max_examples=2)
    @given(st.integers())
    def test_hungry(n):
        assert len(b"x" * (300 << 20))
"""
SLOW = """
    import time

    calls = []

    @given(st.integers())
    def test_slow(n):
        calls.append(n)
        if len(calls) > 1:
            drawn("twice")
            time.sleep(20)
"""
SLOW_BUG = (
    SLOW
    + """
        assert False
"""
)


@pytest.fixture(autouse=True)
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file to which toy tests write what they draw. Their processes start without the plugins of the notebooks."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "_hypothesis_pytestplugin")
    monkeypatch.setenv("DRAWN", str(tmp_path / "drawn.txt"))
    return tmp_path / "drawn.txt"


def toy(folder: Path, name: str, source: str) -> Path:
    path = folder / f"test_{name}.py"
    path.write_text(textwrap.dedent(TOY) + textwrap.dedent(source))
    return path


# What `make test` draws


def run_toy(path: Path, *options: str, **environment: str) -> list[str]:
    """What a toy draws in a process that has nothing of this project but its plugin."""
    environment = {key: value for key, value in os.environ.items() if key != "CI"} | environment
    environment["PYTHONPATH"] = str(fuzz.TOOLS)
    plugins = ["-p", "property_tests", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *options, path.name]
    drawn = Path(environment["DRAWN"])
    drawn.unlink(missing_ok=True)
    done = subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return drawn.read_text().splitlines()


def test_draws_are_the_same_whatever_the_seed_and_wherever_it_runs(tmp_path: Path):
    path = toy(tmp_path, "draws", DRAWS)
    (tmp_path / "library.py").write_text(f"CONSTANTS = {list(range(10_000, 90_000, 1_234))}, 0.123, 'face'")
    here = run_toy(path, "--hypothesis-seed=1")
    there = run_toy(path, "--hypothesis-seed=2", CI="true", IMPORT_FIRST="yes")
    assert here == there and len(here) == 2 * 80
    # What the profile says holds although the test says otherwise; what it does not mind stays.
    checks = ["function_scoped_fixture", "too_slow"]
    assert {line for line in here if line.startswith("settings")} == {f"settings 80 True None None {checks}"}
    assert not (tmp_path / ".hypothesis" / "examples").exists()


def test_fuzzing_draws_more_and_by_its_seed(tmp_path: Path):
    path = toy(tmp_path, "draws", DRAWS)
    first, again, other = (
        [line for line in run_toy(path, *fuzz.drawing(2.5, seed)) if line.startswith("draw ")] for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(first) == len(other) == 2.5 * 80


# What `make fuzz` finds


def test_what_is_found_is_told_kept_and_tried_again_and_a_crash_ends_no_other(
    tmp_path: Path, drawn: Path, capsys: pytest.CaptureFixture[str]
):
    files = [str(toy(tmp_path, *which)) for which in (("a", CRASH), ("b", BUG), ("c", FINE))]
    kept = tmp_path / "kept"
    options = ["--folder", str(kept), "--rounds", "1"]
    assert fuzz.main([*files, *options, "--seed", "5"]) == 1
    said = capsys.readouterr().out
    assert "test_a.py: its process ended with signal 9" in said
    failing = re.search(r"test_bug\(\nE +n=(\d+),", said)[1]
    assert int(failing) % 10 == 3 and "@reproduce_failure(" in said
    assert "--hypothesis-profile=fuzz --fuzz-factor=1 --fuzz-seed=5" in said
    assert re.search(r"test_c.py, 1 times the examples ... \d+ s, 30 examples, nothing found", said)
    assert "\nFOUND test_b.py::test_bug\n" in said and "\n2 found\n" in said
    assert "@reproduce_failure(" in (kept / "test_b-5.txt").read_text()
    assert "never" not in drawn.read_text(), "a test without a property was run"
    # Another start has another seed, and begins with what was found. The rest of the file is tried without it.
    drawn.unlink()
    assert fuzz.main([files[1], *options[:2], "--rounds", "2", "--seed", "6"]) == 1
    assert drawn.read_text().splitlines()[0] == failing
    said = capsys.readouterr().out
    assert said.count("FOUND") == 2  # with its report, and in the summary
    assert re.search(r"round 2, seed 7: .* examples, nothing found", said)


def test_a_process_that_takes_much_memory_is_found(tmp_path: Path):
    """In a process of its own: what the system counts for a new process begins with that of the one that starts it."""
    files = [str(toy(tmp_path, *which)) for which in (("hungry", HUNGRY), ("fine", FINE))]
    options = ["--folder", str(tmp_path / "kept"), "--rounds", "1", "--seed", "1"]

    def searched(limit: int) -> subprocess.CompletedProcess[str]:
        program = f"import sys, fuzz; fuzz.MOST_BYTES = {limit}; sys.exit(fuzz.main(sys.argv[1:]))"
        words = [sys.executable, "-c", program, *files, *options]
        return subprocess.run(words, cwd=fuzz.TOOLS, text=True, capture_output=True, check=False)

    enough = searched(2 << 30)
    peak = re.search(r"\nThe highest peak of memory was (0\.\d+) GiB, of .*test_hungry\.py\.\n", enough.stdout)
    assert enough.returncode == 0 and 0.3 <= float(peak[1]) < 0.8, enough.stdout + enough.stderr
    few = searched(200 << 20)
    assert few.returncode == 1
    assert few.stdout.endswith("test_hungry.py: its process took more than 0.2 GiB of memory\n1 found\n")


@pytest.mark.parametrize(
    ("source", "code", "last"),
    [(SLOW, 130, "nothing found so far\n"), (SLOW_BUG, 1, "is tried first the next time\n1 found\n")],
)
def test_ctrl_c_ends_with_a_summary(tmp_path: Path, drawn: Path, source: str, code: int, last: str):
    path = toy(tmp_path, "slow", source)
    command = [sys.executable, str(fuzz.TOOLS / "fuzz.py"), str(path), "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=answers_ctrl_c) as process:
        while not drawn.exists():  # which is written when its test was called for the second time
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Stopped after" in said and said.endswith(last)


# Its time


class Hand(fuzz.Clock):
    """A clock that the test moves."""

    def tick(self) -> float:
        return self.seconds


@pytest.mark.parametrize("total", [3.0, 20.0, 60.0])
def test_the_time_is_kept_and_shared(monkeypatch: pytest.MonkeyPatch, total: float):
    """Files whose examples take 0.1 to 30 s, and whose start takes up to a minute."""
    about = {"quick": (5, 0.1), "usual": (8, 5), "slow": (60, 30), "exhausted": (5, 0)}
    search = fuzz.Fuzz([Path(name) for name in about], total, seed=0)
    search.clock = Hand()
    in_tests = dict.fromkeys(about, 0.0)
    begun = []

    def process(self, file, factor, seed):
        start, unit = about[file.path.name]
        begun.append((search.clock.seconds, seed, factor, file.path.name))
        in_tests[file.path.name] += factor * unit
        search.clock.seconds += start + factor * unit
        return fuzz.Outcome(0, f"during generate phase ({factor * unit:.2f} seconds)", start + factor * unit)

    monkeypatch.setattr(fuzz.Fuzz, "_process", process)
    assert search.run() == 0
    # Only what was never timed can take longer than was left.
    first_round = sum(start + unit for start, unit in about.values())
    assert 60 * total - 65 <= search.clock.seconds <= max(60 * total, first_round)
    assert all(factor > 0 for _, _, factor, _ in begun)
    assert len({(seed, name) for _, seed, _, name in begun}) == len(begun)
    if total == 60:
        assert in_tests["slow"] < 1.5 * in_tests["usual"] < 4 * in_tests["quick"]


def test_a_pause_takes_nothing_from_the_time(monkeypatch: pytest.MonkeyPatch):
    times = iter([0.0, 0.1, 0.3, 600.3, 600.5])
    monkeypatch.setattr(fuzz.time, "monotonic", lambda: next(times))
    clock = fuzz.Clock(most=1.0)
    assert [clock.tick() for _ in range(4)] == pytest.approx([0.1, 0.3, 1.3, 1.5])


@pytest.mark.parametrize(
    ("outcome", "said", "found"),
    [
        (fuzz.Outcome(-2, "", 9, "the time was over"), "cut off", []),
        (fuzz.Outcome(-2, "", 9, "the time was over", kept=True), "1 found", ["a failing example was kept"]),
        (fuzz.Outcome(-2, "", 700, "did not end within 700 s"), "1 found", ["did not end within 700 s"]),
        (fuzz.Outcome(4, "no such option", 1), "1 found", ["exit code 4"]),
        (fuzz.Outcome(-2, "", 9, "the time was over", peak=3 << 30), "1 found", ["took more than 2 GiB of memory"]),
        (fuzz.Outcome(-9, "", 9, peak=3 << 30), "2 found", ["took more than 2 GiB of memory", "signal 9"]),
        (fuzz.Outcome(5, "", 1), "there is no property test in it", []),
    ],
)
def test_what_else_may_become_of_a_process(tmp_path: Path, outcome: fuzz.Outcome, said: str, found: list[str]):
    search = fuzz.Fuzz([tmp_path / "test_x.py"], 1, 0, tmp_path)
    assert said in search._judge(search.files[0], 1.0, 0, outcome)
    assert len(search.findings) == len(found)
    for finding, words in zip(search.findings, found, strict=True):
        assert words in finding


def test_every_file_with_property_tests_is_fuzzed():
    files = {path.name for path in fuzz.with_property_tests(ROOT / "tests")}
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    decorated = {name for name, source in sources.items() if re.search(r"^@given\(", source, re.M)}
    assert files == decorated and len(files) >= 20


@pytest.mark.parametrize(
    ("options", "why"),
    [(["--minutes", "0"], "above 0"), (["--minutes", "nan"], "above 0"), (["no.py"], "no such file: no.py")],
)
def test_what_makes_no_sense_is_refused(options: list[str], why: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        fuzz.main(options)
    assert caught.value.code == 2 and why in capsys.readouterr().err
