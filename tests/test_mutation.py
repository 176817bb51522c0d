"""The tests can fail: each way of breaking Algorithm 1 below must fail its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MUTANTS = {
    "none": ("adversary/algorithm1.py", "", ""),  # the copy itself must pass
    "gradient ascent": ("adversary/gradients.py", "alpha=-length", "alpha=length"),
    "gradient ascent where the gradient is written out": (
        "adversary/gradients.py",
        "change.addcmul_(self.back, step[:, None, None], value=-1.0)",
        "change.addcmul_(self.back, step[:, None, None], value=1.0)",
    ),
    "no consistency step": (
        "adversary/algorithm1.py",
        "change, perturbation = consistent(change, before)",
        "change = descend(change.clone(), gradient, step, consistent.floor); "
        "perturbation, consistent.distance = consistent(change)[1], None",
    ),
    "no ball": ("adversary/projections.py", "radius / distance,", "1.0 * radius / radius,"),
    "negative magnitudes": (
        "adversary/projections.py",
        "return torch.maximum(change, floor, out=out)",
        "return change",
    ),
    "ends blow up": ("spectra.py", "least_power(n_fft, hop_length) if bounded else 1e-12", "1e-12"),
    "budget not kept": ("adversary/judge.py", "if measured >= snr:", "if True:"),
    "wrong success": ("adversary/result.py", "self.label == self.target and", "True and"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant(name, tmp_path):
    file, before, after = MUTANTS[name]
    copy = tmp_path / "lib" / "music_adversaries"
    shutil.copytree(ROOT / "lib" / "music_adversaries", copy)  # with bytecode, which a changed file makes stale
    source = (copy / file).read_text()
    assert source.count(before) == 1 or not before, f"{before!r} stands no longer once in {file}; mend this test"
    (copy / file).write_text(source.replace(before, after, 1) if before else source)

    environment = os.environ | {"PYTHONPATH": str(tmp_path / "lib"), "OMP_NUM_THREADS": "1"}
    where = subprocess.run(
        [sys.executable, "-c", "import music_adversaries; print(music_adversaries.__file__)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(tmp_path)), "the copy is not what would be tested"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(ROOT / "tests/test_adversary.py")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if name == "none":
        assert run.returncode == 0, run.stdout[-2_000:]
    else:
        assert run.returncode == 1 and " failed" in run.stdout, f"mutant {name!r} survived:\n{run.stdout[-2_000:]}"
