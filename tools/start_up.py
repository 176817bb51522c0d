"""How long commands take to start, compared with ``import torch``, which every command that computes needs.

    python tools/start_up.py [--rounds N]

Seconds differ from machine to machine; their ratios to an import of PyTorch in the same minutes differ much less. So
each round runs every command once, and medians are printed, of seconds on the clock and of processor time. The goals
are about seconds on the clock. Processor time is more reliable on a machine that does other work too. Nothing here
fails because it is slow: ``tests/test_start_up.py`` tests what a command may import.

The attack is on 30 s of the synthetic music. If its system is not trained yet, this happens in a round that does not
count (a few minutes).
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import cache_from_source
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 30
REFERENCE = "import torch"
# Goals: how long each command may take, in units of an import of PyTorch.
GOALS = {"--help": 0.2, "claims": 0.5, "attack": 1.7}
OTHERS = (("--version",), ("data", "list"), ("data", "audit", "gtzan"))


def run(code: str, *words: str, folder: Path | None = None) -> tuple[float, float]:
    """Seconds that a fresh interpreter takes for some code: on the clock, and of processor time.

    Raises
    ------
    SystemExit
        When the code fails, with its output.
    """
    paths = os.pathsep.join(filter(None, (str(ROOT / "lib"), os.environ.get("PYTHONPATH"))))
    start, before = time.perf_counter(), _processor_time()
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=os.environ | {"PYTHONPATH": paths},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - start, _processor_time() - before
    # An attack that did not succeed ends with 1; its time counts too.
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        sys.exit(f"{' '.join(words) or code} failed:\n{done.stdout}{done.stderr}")
    return seconds


def _processor_time() -> float:
    """Seconds that all finished child processes have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def music(path: Path) -> str:
    """Half a minute of the synthetic music in a file; returns a label that it does not have."""
    from music_adversaries import audio
    from music_adversaries.book import datasets

    dataset = datasets.load("synthetic")
    first = dataset.excerpts[0]
    waveform = dataset.load(first)
    audio.write_wav(path, np.resize(waveform, SECONDS * audio.SAMPLE_RATE))
    return next(label for label in dataset.labels if not first.startswith(label))


def measure(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds (see `run`) of each command in each round, after one that is not counted."""
    command = "from music_adversaries.cli import main; main()"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = music(folder / "half a minute.wav")
        attack = ("attack", "half a minute.wav", "--target", target)
        calls = {REFERENCE: (REFERENCE,)}
        calls |= {" ".join(words): (command, *words) for words in (("--help",), ("claims",), *OTHERS)}
        calls["attack"] = (command, *attack)
        taken: dict[str, list[tuple[float, float]]] = {what: [] for what in calls}
        for number in range(rounds + 1):
            for what, call in calls.items():
                seconds = run(*call, folder=folder)
                if number:
                    taken[what].append(seconds)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = max(1, parser.parse_args().rounds)
    # Otherwise every start would compile, if bytecode may not be written.
    compileall.compile_dir(ROOT / "lib", quiet=2)
    import torch

    if not Path(cache_from_source(torch.__file__)).exists():
        print("note: PyTorch has no bytecode here, so its import compiles it each time and the ratios say little")
    taken = measure(rounds)
    medians = {what: [statistics.median(kind) for kind in zip(*rows, strict=True)] for what, rows in taken.items()}
    print(f"{'':<20} {'seconds':>8} {'ratio':>6} {'goal':>5} {'processor':>10} {'ratio':>6}   medians of {rounds}")
    for what, (clock, processor) in medians.items():
        ratios = clock / medians[REFERENCE][0], processor / medians[REFERENCE][1]
        print(f"{what:<20} {clock:8.2f} {ratios[0]:6.2f} {GOALS.get(what, ''):>5} {processor:10.2f} {ratios[1]:6.2f}")


if __name__ == "__main__":
    main()
