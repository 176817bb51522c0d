"""What is compared with what, and the goals.

Paper: Alg. 1, Section 2.2
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch

from ...networks import DNN
from . import arithmetic, memory, toolbox
from .iteration import Iteration
from .plain import PlainIteration
from .report import Row
from .subjects import SNR, SYSTEMS, iteration, network, noise
from .timing import median_seconds, seconds, threads

FRAME_BY_FRAME = "frame by frame in NumPy"
TOGETHER = "NumPy, all frames through the network at once"
PLAINLY = (FRAME_BY_FRAME, TOGETHER)

IN_A_ROW = 8  # iterations on one excerpt that are timed together: an attack makes them one after the other

# Goals, as ratios.
CONSISTENCY = 3.0  # times the bare transforms, at most
PLAIN = 20.0  # times as fast as the loop in NumPy, DNN-50 with consistency
TOOLBOX = 1.5  # times as fast as ART, DNN-50 with consistency
DIRECT_ARITHMETIC = 1.3  # times the direct arithmetic, forward and input gradient of the CDNN, at most
FLAT = 1.05  # memory of ten times the iterations, at most
LINEAR = 1.2  # memory of one more excerpt in a large batch, relative to a small batch, at most


def run(*, quick: bool = False, n_threads: int = 1, said: Callable[[str], object] = lambda _: None) -> list[Row]:
    """Measure everything.

    Parameters
    ----------
    quick : bool
        Excerpts of 5 s and small batches, in half a minute, to see that it runs. Otherwise excerpts of 30 s in
        batches of 1 and 32, in ten minutes.
    n_threads : int
    said : function
        Called with the name of what is measured next.

    Returns
    -------
    list of Row

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """
    length = 5.0 if quick else 30.0
    many = 2 if quick else 32
    rows: list[Row] = []
    with threads(n_threads):
        for batch in (1, many):
            said(f"consistency, batch of {batch}")
            rows.extend(consistency(batch, length, _rounds(batch, quick)))
        for system in SYSTEMS:
            for batch in (1, many):
                said(f"{SYSTEMS[system]}, batch of {batch}")
                rows.extend(iterations(system, batch, length, _rounds(batch, quick, system)))
    said("memory")
    rows.extend(memories(length))
    return rows


def _rounds(batch: int, quick: bool, system: str = "dnn50") -> int:
    """The number of rounds: fewer for a large network on a large batch, where one round takes a minute."""
    if quick:
        return 3
    return 15 if batch == 1 else {"dnn50": 9, "dnn500": 3, "cdnn": 1}[system]


def consistency(batch: int, length: float, rounds: int) -> Iterator[Row]:
    """The consistency step compared with the bare transforms of the same frames.

    Paper: Eq. (8), Eq. (9)
    Notebook: book/05_adversaries.ipynb
    """
    step = iteration(network("dnn50"), batch, length)
    change = torch.maximum(0.1 * torch.randn(step.exemplar.shape), -step.exemplar)
    transforms = arithmetic.transforms(change.shape[1])
    contestants = {
        "step": lambda: seconds(lambda: step.consistent(change)) / batch,
        "transforms": lambda: seconds(transforms),
    }
    taken = median_seconds(contestants, rounds)
    yield Row(
        "consistency step", batch, 1e3 * taken["step"], "bare irfft + rfft", 1e3 * taken["transforms"], goal=CONSISTENCY
    )


def iterations(system: str, batch: int, length: float, rounds: int) -> Iterator[Row]:
    """Iterations of one system compared with the loop in NumPy, ART, and what cannot be avoided.

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """
    net = network(system)
    steps = {kind: iteration(net, batch, length, kind == "with") for kind in ("with", "without")}
    n_frames = steps["with"].exemplar.shape[1]
    more = max(1, IN_A_ROW // batch)
    transforms = arithmetic.transforms(n_frames)
    contestants: dict[str, Callable[[], float]] = {
        **{kind: partial(_from_start, step, step, more, batch) for kind, step in steps.items()},
        "transforms": lambda: seconds(transforms),
    }
    if isinstance(net, DNN):
        products = arithmetic.products(net, n_frames)
        contestants["unavoidable"] = lambda: seconds(products)
        for kind in steps:
            for how in PLAINLY:
                # One excerpt: in a loop over eight, too large for any cache, each took as long.
                plain = PlainIteration(
                    net, noise(1, length)[0].numpy(), 0, consistency=kind == "with", snr=SNR, together=how == TOGETHER
                )
                contestants[f"{kind}: {how}"] = partial(seconds, partial(plain, plain.exemplar))
    else:
        operations = arithmetic.CDNN_FORWARD_AND_INPUT_GRADIENT * (n_frames // net.slice_length)
        a, b = torch.rand(2, arithmetic.SIDE, arithmetic.SIDE)
        contestants["unavoidable"] = lambda: operations / arithmetic.matrix_rate(a, b)
        step = steps["with"]
        contestants["gradient"] = partial(_from_start, step, step.gradient, 1, batch)
    if toolbox.installed():
        step = steps["with"]
        attack = toolbox.attack(net, step.exemplar, step.targets, float(step.radius.min()))
        contestants["toolbox"] = lambda: toolbox.seconds_per_iteration(attack, more) / batch
    taken = {name: 1e3 * value for name, value in median_seconds(contestants, rounds).items()}

    unavoidable = "its matrix products" if isinstance(net, DNN) else "its direct arithmetic"
    if "gradient" in taken:
        # The networks' own arithmetic is that of whole slices.
        what = f"{SYSTEMS[system]}, forward and input gradient"
        yield Row(what, batch, taken["gradient"], unavoidable, taken["unavoidable"], goal=DIRECT_ARITHMETIC)
    for kind in steps:
        what, hoped = f"{SYSTEMS[system]} {kind} consistency", (system, kind) == ("dnn50", "with")
        for how in PLAINLY if isinstance(net, DNN) else ():
            goal = PLAIN if hoped and how == FRAME_BY_FRAME else None
            yield Row(what, batch, taken[kind], how, taken[f"{kind}: {how}"], faster=True, goal=goal)
        how, art = "PGD of ART, without consistency", taken.get("toolbox", math.nan)
        goal, note = TOOLBOX if hoped else None, "" if "toolbox" in taken else toolbox.MISSING
        yield Row(what, batch, taken[kind], how, art, faster=True, goal=goal, note=note)
        if kind == "with":
            yield Row(
                what, batch, taken[kind], f"irfft + rfft + {unavoidable}", taken["transforms"] + taken["unavoidable"]
            )
        else:
            yield Row(what, batch, taken[kind], unavoidable, taken["unavoidable"])


def _from_start(step: Iteration, call: Callable[[], object], times: int, batch: int) -> float:
    """Seconds per call and excerpt, for several calls in a row from the exemplars; the restart does not count."""
    step.restart()
    return seconds(lambda: [call() for _ in range(times)]) / times / batch


def memories(length: float) -> Iterator[Row]:
    """Memory of more iterations and of larger batches of the DNN-50."""
    if not memory.STATUS.exists():
        note = "the peak of a process's memory is read from /proc, which is not here"
        yield Row("memory", 1, math.nan, "memory", math.nan, unit="MB", goal=FLAT, note=note)
        return
    few, many = memory.growth((10, 100), 1, length)
    needed = {1: few} | {batch: memory.growth((10,), batch, length)[0] for batch in (4, 8)}
    yield Row("memory of 100 iterations", 1, many, "of 10", few, goal=FLAT, unit="MB")
    later, earlier = (needed[8] - needed[4]) / 4, (needed[4] - needed[1]) / 3
    yield Row("memory of each excerpt, 5th to 8th", 8, later, "2nd to 4th", earlier, goal=LINEAR, unit="MB")
