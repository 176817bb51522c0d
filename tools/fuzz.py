"""Search for failures that the property tests miss, with new random examples, for a given time; `make fuzz` runs this.

    python tools/fuzz.py [--minutes 10] [--seed N] [tests/test_this.py ...]

It runs all files with property tests in turn, each in its own process and each for about the same time. So quick tests
run much more often than in `make test`. Every start has new seeds. A failure is printed at once, with the lines that
reproduce it. It is kept in .hypothesis/fuzz, and the next start tries it first. A process that hangs, or that takes
more than 2 GiB of memory, is a failure, too. The exit code is 1 if something was found, 130 if Ctrl-C ended the search
before.

Only the minutes in which the search is running count: time in which the machine sleeps or the processes are stopped
does not.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
KEPT = ROOT / ".hypothesis" / "fuzz"  # ignored by git, removed by `make clean`

SLICE_S = 45.0  # for the examples of one file in one round; importing and fixtures take additional time
LEAST_S = 5.0  # with less time, a start is not worthwhile
HANG_S = 1200.0  # a process that takes this much longer than its slice is considered to hang
MOST_BYTES = 2 << 30  # a process with a higher peak of memory is a finding
GROWTH = 20.0  # at most this many times more examples than in the round before, since its times are a guess
MOST = 10_000.0  # times the examples that a test asks for: small spaces are exhausted long before

CUT_SHORT = "a failing example was kept and is tried first the next time"
PHASE = re.compile(r"during \w+ phase \(([\d.]+) seconds\)")
CASES = re.compile(r"(\d+) passing, (\d+) failing, and (\d+) invalid test cases")
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.M)
REPORT = re.compile(
    r"^=+ (?:FAILURES|ERRORS) =+$.*?(?=^=+ (?:Hypothesis Statistics|short test summary info) =+$)", re.M | re.S
)


class Clock:
    """Seconds in which this process was running; the time between two ticks counts as at most ``most``."""

    def __init__(self, most: float = 1.0) -> None:
        self.seconds, self._most, self._last = 0.0, most, time.monotonic()

    def tick(self) -> float:
        """Add the time since the last tick, and return the sum."""
        now = time.monotonic()
        self.seconds += min(now - self._last, self._most)
        self._last = now
        return self.seconds


@dataclass
class File:
    """One file of tests, and what is known about it so far."""

    path: Path
    found: list[str] = field(default_factory=list)
    """Tests that failed; they are left out from then on."""
    examples: int = 0
    factor: float = 0.0
    """Times the examples that its tests ask for, in the last round."""
    start_s: float = 0.0
    """Seconds that one process took in addition to its examples."""
    unit_s: float = 0.0
    """What the examples take at a factor of 1."""
    peak: int = 0
    """Most bytes that one of its processes had in memory at a time."""

    def next_factor(self, slice_s: float, left_s: float) -> float:
        """The factor that fills a slice, or the time that is left; 0 if a start alone takes longer than that."""
        if not self.factor:
            return 1.0 if left_s > 0 else 0.0
        seconds = min(slice_s, left_s - self.start_s)
        return max(0.0, min(seconds / max(self.unit_s, 1e-3), GROWTH * self.factor, MOST))


@dataclass
class Outcome:
    """The result of one process."""

    code: int
    output: str
    seconds: float
    cut: str = ""
    """Why it was stopped, if it was."""
    kept: bool = False
    """Whether Hypothesis kept a failing example in the meantime."""
    peak: int = 0
    """Most bytes that it had in memory at a time."""

    @property
    def cases(self) -> int:
        return sum(sum(map(int, counts)) for counts in CASES.findall(self.output))

    @property
    def in_tests_s(self) -> float:
        return sum(map(float, PHASE.findall(self.output)))


class Fuzz:
    """A search, round after round.

    Parameters
    ----------
    paths : files of tests
    minutes : float
        How long to search.
    seed : int
        Seed of the first round; the next round has the next seed.
    folder : Path
        Where failing examples and reports are kept.
    slice_s : float
        Seconds for the examples of one file in one round.
    rounds : int
        End after this many rounds, even if there is time left.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        minutes: float,
        seed: int,
        folder: Path = KEPT,
        slice_s: float = SLICE_S,
        rounds: int | None = None,
    ) -> None:
        self.files = [File(path) for path in paths]
        self.budget_s, self.seed, self.folder, self.slice_s = 60 * minutes, seed, folder, slice_s
        self.clock = Clock()
        self.rounds, self.most_rounds = 0, rounds
        self.findings: list[str] = []

    def run(self) -> int:
        """Search until the time is over, print what was found, and return the exit code."""
        stopped = False
        try:
            told(f"{len(self.files)} files with property tests, {self.budget_s / 60:g} min, seed {self.seed}")
            while self._round():
                pass
        except KeyboardInterrupt:
            stopped = True
        self._summary(stopped)
        return 1 if self.findings else 130 if stopped else 0

    @property
    def left_s(self) -> float:
        return self.budget_s - self.clock.seconds

    def _round(self) -> bool:
        """One round, and whether there is time for another."""
        self.rounds += 1
        seed = self.seed + self.rounds - 1
        begun = False
        # In another order each time, and with less time for each in the last round, so that no file is always left out.
        files = random.Random(seed).sample(self.files, len(self.files))
        for place, file in enumerate(files):
            fair_s = self.left_s / (len(files) - place) - file.start_s
            factor = file.next_factor(min(self.slice_s, max(fair_s, LEAST_S)), self.left_s)
            if not factor:
                continue
            begun = True
            told(f"round {self.rounds}, seed {seed}: {name(file.path)}, {factor:.3g} times the examples", end=" ... ")
            outcome = self._process(file, factor, seed)
            cases = outcome.cases
            file.examples += cases
            file.peak = max(file.peak, outcome.peak)
            # After a failure its tests stopped early, so the times mean nothing.
            if outcome.code == 0:
                file.factor, file.unit_s = factor, outcome.in_tests_s / factor
                file.start_s = max(0.0, outcome.seconds - outcome.in_tests_s)
            said = self._judge(file, factor, seed, outcome)
            told(f"{outcome.seconds:.0f} s, {cases:,} examples, {said}; {minutes(self.left_s)} left")
        return begun and self.left_s > 0 and self.rounds != self.most_rounds

    def _process(self, file: File, factor: float, seed: int) -> Outcome:
        """Run the file's property tests once. This process continues, whatever happens to the other."""
        before = self._examples_kept()
        log = self.folder / "output.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "w", encoding="utf-8") as stream:
            started = self.clock.tick()
            process = subprocess.Popen(
                [*command(file.path, factor, seed), *(f"--deselect={test}" for test in file.found)],
                cwd=home(file.path),
                env=environment(self.folder),
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
            cut = ""
            try:
                while (peak := peak_at_end(process, 0.1)) is None:
                    took = self.clock.tick() - started
                    if took > self.slice_s + HANG_S:
                        cut = f"did not end within {took:.0f} s"
                    elif self.left_s < -self.slice_s:  # its number of examples was far too large
                        cut = "the time was over"
                    if cut:
                        peak = end(process)
                        break
            except BaseException:  # usually Ctrl-C
                end(process)
                if self._examples_kept() - before:
                    self.findings.append(f"{name(file.path)}: {CUT_SHORT}")
                raise
        output = log.read_text(encoding="utf-8", errors="replace")
        kept = bool(self._examples_kept() - before)
        return Outcome(process.returncode, output, self.clock.tick() - started, cut, kept, peak)

    def _judge(self, file: File, factor: float, seed: int, outcome: Outcome) -> str:
        """Print and keep what was found, if anything; returns a few words about it."""
        what: list[str] = []
        report = outcome.output[-4000:]
        if outcome.peak > MOST_BYTES:
            what.append(f"{name(file.path)}: its process took more than {gib(MOST_BYTES)} of memory")
        if outcome.cut:
            if outcome.cut == "the time was over" and not outcome.kept and not what:
                return f"cut off, {outcome.cut}"
            if outcome.cut != "the time was over" or outcome.kept:
                what.append(f"{name(file.path)}: {outcome.cut}" + f"; {CUT_SHORT}" * outcome.kept)
        elif outcome.code == 0:
            if not what:
                return "nothing found"
        elif outcome.code == 5:
            return "no property test is left in it" if file.found else "there is no property test in it"
        elif outcome.code == 1 and (failed := FAILED.findall(outcome.output)):
            file.found += sorted(set(failed))
            what += sorted(set(failed))
            match = REPORT.search(outcome.output)
            report = match[0] if match else outcome.output
        else:
            how = f"signal {-outcome.code}" if outcome.code < 0 else f"exit code {outcome.code}"
            what.append(f"{name(file.path)}: its process ended with {how}")
        new = [one for one in what if one not in self.findings]
        self.findings += new
        again = f"python -m pytest {name(file.path)} -m hypothesis {' '.join(drawing(factor, seed))}"
        text = "\n".join([*what, "", f"Again: {again}", "", report.strip(), ""])
        path = self.folder / f"{file.path.stem}-{seed}.txt"
        path.write_text(text, encoding="utf-8")
        told(f"FOUND\n{text}\nThis is kept in {name(path)}.")
        return f"{len(what)} found"

    def _examples_kept(self) -> set[Path]:
        return {path for path in (self.folder / "examples").rglob("*") if path.is_file()}

    def _summary(self, stopped: bool) -> None:
        processor = os.times()
        examples = sum(file.examples for file in self.files)
        told(
            f"\n{'Stopped' if stopped else 'Done'} after {self.clock.seconds / 60:.1f} min "
            f"({(processor.children_user + processor.children_system) / 60:.1f} min of processor time), "
            f"{self.rounds} rounds, seeds {self.seed} to {self.seed + self.rounds - 1}, {examples:,} examples:"
        )
        for file in self.files:
            told(f"{file.examples:12,}  {name(file.path)}")
        most = max(self.files, key=lambda file: file.peak)
        told(f"The highest peak of memory was {gib(most.peak)}, of {name(most.path)}.")
        for what in self.findings:
            told(f"FOUND {what}")
        nothing = "nothing found so far" if stopped else "OK: nothing found"
        told(f"{len(self.findings)} found" if self.findings else nothing)


def command(path: Path, factor: float, seed: int) -> list[str]:
    """The command of one process."""
    return [
        *(sys.executable, "-m", "pytest", str(path), "-m", "hypothesis", "-p", "property_tests"),
        *drawing(factor, seed),
        *("--hypothesis-show-statistics", "-q", "-rfE", "--color=no", "-p", "no:cacheprovider"),
        *("-o", "tmp_path_retention_policy=none"),
    ]


def drawing(factor: float, seed: int) -> list[str]:
    """The options that decide what is drawn."""
    return ["--hypothesis-profile=fuzz", f"--fuzz-factor={factor:.4g}", f"--fuzz-seed={seed}"]


def home(path: Path) -> Path:
    """The folder in which its process runs, so that the names of its tests start there."""
    return ROOT if path.is_relative_to(ROOT) else path.parent


def environment(folder: Path) -> dict[str, str]:
    """Environment of one process: it finds this plugin, and Hypothesis keeps its files in that folder."""
    paths = [str(TOOLS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder),
        "PYTHONPATH": os.pathsep.join(paths),
        "COLUMNS": "120",
    }


def peak_at_end(process: subprocess.Popen[bytes], within_s: float) -> int | None:
    """Most bytes that a process had in memory, if it ends within that time; `Popen` would not keep it."""
    until = time.monotonic() + within_s
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if time.monotonic() >= until:
            return None
        time.sleep(min(0.1, within_s))


def end(process: subprocess.Popen[bytes]) -> int:
    """Interrupt a process, and kill it if that does not help; returns the peak of its memory in bytes."""
    for number in (signal.SIGINT, signal.SIGKILL):
        os.kill(process.pid, number)
        peak = peak_at_end(process, 15)
        if peak is not None:
            return peak
    process.wait()
    return 0


def with_property_tests(folder: Path) -> list[Path]:
    """The files of tests that import Hypothesis."""
    return [path for path in sorted(folder.rglob("test_*.py")) if _imports_hypothesis(path)]


def _imports_hypothesis(path: Path) -> bool:
    source = path.read_bytes()
    nodes = ast.walk(ast.parse(source)) if b"hypothesis" in source else ()
    return any(isinstance(node, ast.ImportFrom) and node.module == "hypothesis" for node in nodes)


def name(path: Path) -> str:
    """Relative to the root of the project, if the path is in it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def minutes(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60} min {whole % 60:02} s"


def gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.2g} GiB"


def told(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="files of tests; all with property tests by default")
    parser.add_argument("--minutes", type=float, default=10, help="how long to search (default 10)")
    parser.add_argument("--seed", type=int, help="seed of the first round; by default another one each time")
    parser.add_argument("--slice", type=float, default=SLICE_S, help="seconds for one file in one round (default 45)")
    parser.add_argument("--rounds", type=int, help="end after this many rounds, even if there is time left")
    parser.add_argument("--folder", type=Path, default=KEPT, help="where what is found is kept")
    options = parser.parse_args(arguments)
    if not options.minutes > 0 or not options.slice > 0:
        parser.error("minutes and slice must be above 0")
    if missing := [str(path) for path in options.files if not path.is_file()]:
        parser.error(f"no such file: {', '.join(missing)}")
    paths = [path.resolve() for path in options.files] or with_property_tests(ROOT / "tests")
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    return Fuzz(paths, options.minutes, seed, options.folder.resolve(), options.slice, options.rounds).run()


if __name__ == "__main__":
    sys.exit(main())
