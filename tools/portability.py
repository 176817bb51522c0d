"""The chapters, and the tests of experiments, under other arithmetics: do the findings depend on the processor?

    python tools/portability.py [--list] [--only NAME ...] [--by-date] [--fresh]

Another processor rounds differently, and so trains slightly different networks. Here the same processor computes
differently, by variables that PyTorch, its matrix library and NumPy read. Under each of these arithmetics everything is
trained again, the chapters are executed and compared with their stored outputs (nbval), and the tests run that train or
attack. An arithmetic that changes no trained weight on this processor would show nothing, and is refused.

Trained systems are kept in _build/portability/NAME, so a run that was stopped continues where it was; --fresh empties
that folder.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import refresh
from steps import Steps

ROOT = refresh.ROOT
FOLDER = ROOT / "_build" / "portability"
MUSIC = Path("datasets") / f"{refresh.DATASET}-{refresh.PROFILE}"  # in a cache folder
MYSELF = str(Path(__file__).resolve())

#: Tests that train a network or attack one: their results depend on the last bits too. The other tests do not train;
#: `make test` runs them.
TESTS = (
    "adversary",
    "any_model",
    "art",
    "attacks",
    "baselines",
    "confound",
    "consistency",
    "directives",
    "doctests",
    "experiments",
    "experiments_attacks",
    "features",
    "field/budget",
    "field/files",
    "field/front_door",
    "field/fuzz_front_door",
    "field/reports",
    "gradients",
    "networks",
    "noise",
    "recipes",
    "smallest",
    "soft_forest",
    "systems",
    "training",
    "units",
)


@dataclass(frozen=True)
class Arithmetic:
    """Another way to compute the same, set by variables that libraries read when they start."""

    name: str
    how: str  #: in words
    variables: dict[str, str]
    renders: bool = False  #: whether the music is rendered again, since NumPy and SciPy compute differently too


#: The variables that choose kernels; values that are set already would hide the arithmetic to be tried.
CHOOSERS = (
    "ATEN_CPU_CAPABILITY",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_DEBUG_CPU_TYPE",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
)

ARITHMETICS = (
    Arithmetic(
        "no-vectors",
        "PyTorch's own kernels without vector instructions",
        {"ATEN_CPU_CAPABILITY": "default"},
    ),
    Arithmetic(
        "old-products",
        "matrix products of NumPy as on a processor of 2011, those of PyTorch by the code that any x86-64 has",
        {"OPENBLAS_CORETYPE": "Sandybridge", "MKL_CBWR": "COMPATIBLE"},
    ),
    Arithmetic(
        "old-processor",
        "MKL, OpenBLAS and NumPy by the code for processors without AVX2; the music is rendered again",
        {
            # oneDNN is not changed: without AVX2 its gradient of a convolution takes sixty times as long.
            "MKL_CBWR": "AVX",
            "OPENBLAS_CORETYPE": "Nehalem",
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        },
        renders=True,
    ),
)


FRAMES = "weights of a network on frames"  # what the chapters train


class PortabilityError(Exception):
    """An arithmetic that changes nothing, or that does not run; the message says which, and why."""


def of_day(day: datetime.date) -> Arithmetic:
    """The arithmetic of a day; they take turns."""
    return ARITHMETICS[day.toordinal() % len(ARITHMETICS)]


def environment(arithmetic: Arithmetic | None, cache: Path | None = None) -> dict[str, str]:
    """The variables for a child that computes in this arithmetic, or in the processor's own if it is None."""
    kept = {name: value for name, value in os.environ.items() if name not in CHOOSERS}
    chosen = arithmetic.variables if arithmetic else {}
    return kept | chosen | ({"MUSIC_ADVERSARIES_CACHE": str(cache)} if cache else {})


def python(arguments: Sequence[str], variables: dict[str, str], **options) -> subprocess.CompletedProcess:
    """This interpreter in the root of the project, with other variables: they are read when libraries load."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=variables, **options)


# What the arithmetic changes


def probe(path: Path) -> None:
    """Train two small networks on known noise, fit a hand-crafted baseline, and write the result of each.

    This is quick, and enough to distinguish arithmetics: results that differ in the last bits after the first step
    differ clearly after some hundred steps.
    """
    import numpy as np
    import torch

    from music_adversaries import spectra, training
    from music_adversaries.book.baselines import MFCCBaseline
    from music_adversaries.book.harness.recipes import recipe
    from music_adversaries.networks import slices

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 3)
    # Noise; the higher its label, the steeper its spectrum falls.
    spectrum = np.fft.rfft(rng.normal(size=(len(labels), 3 * spectra.SAMPLE_RATE)))
    falls = np.linspace(1, 20, spectrum.shape[1])[None] ** (-0.2 * labels[:, None])
    music = (0.1 * np.fft.irfft(spectrum * falls)).astype(np.float32)
    sequences = [spectra.magnitudes(torch.from_numpy(waveform)) for waveform in music]

    def trained(name: str, epochs: int, parts: list[torch.Tensor]) -> np.ndarray:
        rows = torch.cat(parts)
        counts = torch.tensor([len(part) for part in parts])
        targets = torch.repeat_interleave(torch.from_numpy(labels[: len(parts)]), counts)
        network = recipe(name).network(rows, 4, torch.Generator().manual_seed(0))
        schedule = recipe(name).schedule("quick", len(rows)).but(max_epochs=epochs, min_epochs=1)
        training.train(network, rows, targets, rows, targets, schedule, seed=0)
        return torch.cat([parameter.detach().flatten() for parameter in network.parameters()]).numpy()

    described = [MFCCBaseline.describe(waveform) for waveform in music]
    found = {
        FRAMES: trained("dnn50", 12, sequences),
        # Two steps: a slice of each of ten recordings.
        "weights of a convolutional network": trained("cdnn", 1, [slices(one, hop=25)[:1] for one in sequences[:10]]),
        "features by hand": np.concatenate(described).ravel(),
    }
    np.savez(path, **found)


def differences(native: Path, other: Path) -> dict[str, tuple[float, float]]:
    """For each quantity of two probes: the largest difference, and the norm of the difference over the first's norm."""
    import numpy as np

    result = {}
    with np.load(native) as a, np.load(other) as b:
        for name in a.files:
            x, y = a[name].astype(float), b[name].astype(float)
            result[name] = float(np.abs(y - x).max()), float(np.linalg.norm(y - x) / np.linalg.norm(x))
    return result


def shown(changes: dict[str, tuple[float, float]]) -> str:
    """The differences in words, one line each."""
    return "\n".join(
        f"  {name}: " + (f"by up to {largest:.2g}, {relative:.2g} of their norm" if largest else "the same to the bit")
        for name, (largest, relative) in changes.items()
    )


def check(arithmetic: Arithmetic, changes: dict[str, tuple[float, float]]) -> None:
    """Refuse an arithmetic that changes no weight.

    Raises
    ------
    PortabilityError
        When no weight changes.
    """
    if not changes[FRAMES][0]:
        raise PortabilityError(
            f"{arithmetic.name}: no weight of a small trained network differs from this processor's own, so running "
            "under it would show nothing; choose other variables for this processor in tools/portability.py."
        )


def compare(arithmetic: Arithmetic) -> dict[str, tuple[float, float]]:
    """What an arithmetic changes in the small trainings.

    Raises
    ------
    PortabilityError
        When a child does not run, or nothing changes.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, one in enumerate((None, arithmetic)):
            paths.append(Path(folder) / f"{number}.npz")
            if python([MYSELF, "--probe", str(paths[-1])], environment(one)).returncode:
                raise PortabilityError(f"{arithmetic.name}: the small training failed, see above.")
        changes = differences(*paths)
    print(f"{arithmetic.how} ({' '.join(f'{k}={v}' for k, v in arithmetic.variables.items())}) changes")
    print(shown(changes), flush=True)
    check(arithmetic, changes)
    return changes


# Everything under it


STAMP = "arithmetic.json"


def stamp(arithmetic: Arithmetic) -> dict[str, str]:
    """What, besides the code, decides the result of a training; with another stamp, trained systems are not reused."""
    from music_adversaries.book.provenance import LIBRARIES, processor

    return {"processor": processor(), **arithmetic.variables} | {name: metadata.version(name) for name in LIBRARIES}


def read_stamp(cache: Path) -> object:
    """The stamp of a folder, or None."""
    try:
        return json.loads((cache / STAMP).read_text())
    except (OSError, ValueError):
        return None


def share_dataset(source: Path, target: Path) -> None:
    """Put the generated music of one cache into another, without copying if the disk allows it.

    Files are replaced and never written into, so that files of one run do not change those of another.
    """

    def link(a: str, b: str) -> None:
        try:
            os.link(a, b)
        except OSError:
            shutil.copy2(a, b)

    if not (target / MUSIC).exists():
        (target / MUSIC).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source / MUSIC, target / MUSIC, copy_function=link)


def rendered_otherwise(source: Path, target: Path) -> str:
    """How many excerpts of the music in two caches differ, in words."""
    ours, theirs = (
        {name: entry["sha256"] for name, entry in json.loads((cache / MUSIC / "index.json").read_text()).items()}
        for cache in (source, target)
    )
    different = sum(ours[name] != theirs.get(name) for name in ours)
    return f"{different} of {len(ours)} excerpts are rendered otherwise, to the bit."


def trained_otherwise(source: Path, target: Path) -> tuple[float, str]:
    """How different trained systems of two caches are: the smallest relative difference of weights, and in words.

    Systems are identified by their file names, which also depend on the dataset's content and the code.
    """
    import torch

    from music_adversaries.networks import System

    def weights(path: Path) -> torch.Tensor:
        return torch.cat([parameter.detach().flatten() for parameter in System.load(path).network.parameters()])

    apart = []
    for theirs in sorted((target / "systems").glob("*.pt")):
        ours = source / "systems" / theirs.name
        if ours.exists():
            a, b = weights(ours), weights(theirs)
            apart.append(float((b - a).norm() / a.norm()))
    if not apart:
        return math.inf, "trained systems not compared, since this processor has not trained them by its own arithmetic"
    return min(apart), f"weights of {len(apart)} trained systems {min(apart):.1g} to {max(apart):.1g}"


def experiments() -> int:
    """Compute every record that the notebooks show, with a bar; in a child, under its arithmetic."""
    refresh.set_environment(refresh.DATASET, refresh.PROFILE)

    def work() -> None:
        refresh.prepare_dataset(refresh.DATASET, refresh.PROFILE)
        refresh.run_experiments()

    return refresh.told(work)


def test_file(name: str) -> Path:
    """The file of a name in `TESTS`, which may be in a folder of the tests."""
    folder, _, last = name.rpartition("/")
    return ROOT / "tests" / folder / f"test_{last}.py"


def pytest_arguments() -> list[str]:
    """The chapters and the tests, as in tools/check.py on two workers."""
    tests = [str(test_file(name)) for name in TESTS]
    chapters = [str(path) for path in refresh.chapters()]
    return ["-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", *chapters, *tests]


def run(arithmetic: Arithmetic, fresh: bool) -> tuple[str, list[str]]:
    """Everything under one arithmetic; returns how different trained systems are, in words, and what failed."""
    from music_adversaries.cache import cache_dir

    cache = FOLDER / arithmetic.name
    if fresh or read_stamp(cache) != stamp(arithmetic):
        shutil.rmtree(cache, ignore_errors=True)
    else:
        print("Systems that an earlier run trained in this arithmetic are used again; --fresh trains them again.")
    cache.mkdir(parents=True, exist_ok=True)
    (cache / STAMP).write_text(json.dumps(stamp(arithmetic), sort_keys=True))
    if not arithmetic.renders:
        share_dataset(cache_dir(), cache)
    variables = environment(arithmetic, cache)
    steps, failed, said = Steps(), [], ""
    name = "experiments, systems trained anew"
    with steps.step(f"{arithmetic.name}: {name}"):
        if python([MYSELF, "--experiments"], variables).returncode:
            failed.append(name)
        else:
            least, said = trained_otherwise(cache_dir(), cache)
            print(f"Relative differences from this processor's own arithmetic: {said}.")
            if arithmetic.renders:
                print(rendered_otherwise(cache_dir(), cache))
            if not least:
                failed.append("a trained system is the same to the bit")
    name = "chapters, compared with what is stored; tests that train or attack"
    with steps.step(f"{arithmetic.name}: {name}"):
        if python(pytest_arguments(), variables).returncode:
            failed.append(name)
    print(f"\n{steps.summary()}", flush=True)
    return said, failed


def main(arguments: Sequence[str] | None = None) -> int:
    names = [arithmetic.name for arithmetic in ARITHMETICS]
    parser = argparse.ArgumentParser(description="Chapters and tests of experiments under other arithmetics.")
    parser.add_argument("--list", action="store_true", help="only list the arithmetics")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"some of {', '.join(names)}")
    parser.add_argument("--by-date", action="store_true", help="one of them, another each day")
    parser.add_argument("--fresh", action="store_true", help="train again, too, what an earlier run has kept")
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)  # of a child: the small training
    parser.add_argument("--experiments", action="store_true", help=argparse.SUPPRESS)  # of a child
    options = parser.parse_args(arguments)
    if options.probe:
        probe(options.probe)
        return 0
    if options.experiments:
        return experiments()
    chosen = [one for one in ARITHMETICS if not options.only or one.name in options.only]
    if options.by_date:
        chosen = [of_day(datetime.date.today())]
    if options.list:
        for one in chosen:
            print(f"{one.name}: {one.how}\n    {' '.join(f'{k}={v}' for k, v in one.variables.items())}")
        return 0

    if platform.machine().lower() not in ("x86_64", "amd64"):
        print(f"NOTHING WAS CHECKED: these variables are for x86-64 processors, and this is {platform.machine()}.")
        return 0
    refresh.set_environment(refresh.DATASET, refresh.PROFILE)
    code = refresh.told(lambda: refresh.prepare_dataset(refresh.DATASET, refresh.PROFILE))
    if code:
        return code
    rows = []
    for one in chosen:
        print(f"\n==== {one.name}", flush=True)
        start = time.monotonic()
        try:
            compare(one)
            said, failed = run(one, options.fresh)
        except PortabilityError as error:
            print(error, file=sys.stderr)
            said, failed = "not tried", [str(error)]
        rows.append((one.name, said, failed, time.monotonic() - start))
    print("\nOther arithmetics, by how much they change what is trained (relative), and what came of it:")
    for name, said, failed, seconds in rows:
        outcome = f"FAILED ({'; '.join(failed)})" if failed else "passed"
        print(f"  {name}: {said}; {outcome} after {seconds:.0f} s")
    return 1 if any(failed for _, _, failed, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
