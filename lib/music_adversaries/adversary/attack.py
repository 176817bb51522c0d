"""The function that starts every attack.

Paper: Section 3.1, Section 4, Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ..errors import InputError
from ..networks import Network, System
from .algorithm1 import Algorithm1
from .asked import asked, batches, begun
from .batch import Batch
from .budget import DEFAULT, Budget
from .given import Given, Target, as_targets
from .judge import Decide, Judge, Watch
from .methods import Method, chosen
from .model import Model
from .options import check_whole
from .result import AdversaryResult

UNUSED_DB = 10.0  # a researcher's own model: an excerpt that fails so far above the SNR's limit is worth a warning


def attack(
    model: System | Model,
    waveforms: Iterable[Given],
    targets: Iterable[Target],
    budget: Budget = DEFAULT,
    *,
    method: str | Method = "algorithm1",
    names: Iterable[str | Path] | None = None,
    judge: Decide | None = None,
    seed: int | Sequence[int] = 0,
    batch_size: int = 16,
    sample_rate: int | None = None,
    progress: bool | None = None,
    watch: Watch | None = None,
) -> list[AdversaryResult]:
    """Change each waveform a little, so that the model gives it the wanted label.

    An excerpt is finished as soon as its waveform, rounded to 16 bits and analysed again, has the target label with
    more than the wanted confidence and within the budget. An excerpt that is not finished after the last iteration
    comes back as the best waveform found, marked as such. An excerpt that already has the target with this confidence
    is only rounded to 16 bits: its SNR is infinite if its samples are 16-bit values already.

    Parameters
    ----------
    model : System or Model
        Attacked as it is used, without dropout. Wrap a module of your own: ``Model(module, labels=[...])``.
    waveforms : sequence of arrays or tensors ``[n_samples]``, or of `Audio`
        Mono, full scale 1, at the model's rate; lengths may differ. They are copied.
    targets : sequence of labels or label indices, or tensor of indices
        One for each waveform.
    budget : Budget
        Least SNR, confidence to reach, iterations and restarts.
    method : str or Method
        A name in `METHODS`, or an instance with its options, such as ``PGD(step=0.2)`` or
        ``Algorithm1(consistency="never")``. The step of ``"algorithm1"`` multiplies the gradient, which suits the
        book's systems. For a module of your own ``Algorithm1(step_unit="budget")`` is the better choice; a warning
        tells you if steps were too short.
    names : sequence of str
        What to call the waveforms in messages.
    judge : callable
        Decides in place of the model which label a written waveform ``[n_samples]`` has, and returns a `Decision`.
        For a system that has no gradient, when ``model`` is a stand-in for it.
    seed : int, or one for each waveform
        Of all random draws. The draws for one excerpt do not depend on the others.
    batch_size : int
        Largest number of excerpts attacked together; long ones are fewer, of `memory.SAMPLES_AT_ONCE` in all.
    sample_rate : int
        Hz, of the waveforms; refused if the model reads another rate.
    progress : bool
        Whether a progress bar is shown; if not given, it is shown in a terminal.
    watch : callable
        Called after each iteration with its number and the targets' mean posteriors.

    Returns
    -------
    list of AdversaryResult, in the order of the waveforms

    Raises
    ------
    InputError
        For unusable waveforms (silent, not finite, too short, too long for the memory, not of full scale 1), unknown
        labels, a model that refuses its input or answers in another shape, a judge that does not return a `Decision`,
        and settings that make no sense.

    Warns
    -----
    UserWarning
        Where a module's answers look like probabilities of several labels at once, or most of the budget was left
        unused (see ``method``).

    Paper: Alg. 1, Section 4
    Notebook: book/05_adversaries.ipynb
    """
    method = chosen(method)
    wishes = as_targets(targets)
    if not isinstance(budget, Budget):
        raise InputError(f"budget is {budget!r}; give a Budget, such as Budget(snr=15).")
    check_whole(1, batch_size=batch_size)
    if watch is not None and not callable(watch):
        raise InputError(f"watch is {watch!r}; give a function of the iteration and the targets' posteriors.")
    what = asked(model, waveforms, names, judge=judge, seed=seed, sample_rate=sample_rate)
    model, arrays, called, seeds, decide = what
    if len(wishes) != len(arrays):
        raise InputError(f"There are {len(arrays)} waveforms but {len(wishes)} targets; give one target each.")
    wanted = [model.label_index(label) for label in wishes]
    results: dict[int, AdversaryResult] = {}
    with begun(what, method.name, progress) as bar:
        watched = _watched(bar, budget.max_iterations, watch)
        for attempt in range(budget.restarts + 1):
            todo = [i for i in range(len(arrays)) if attempt == 0 or not results[i].confident]
            for together in batches(todo, arrays, batch_size, model.pads):
                batch = Batch(
                    model,
                    [arrays[i] for i in together],
                    [wanted[i] for i in together],
                    [called[i] for i in together],
                    budget,
                    generators=[np.random.default_rng([*seeds[i], attempt]) for i in together],
                    random_start=attempt > 0,
                )
                judging = Judge(batch, decide, method=method.name, watch=watched)
                method.run(batch, judging)
                for position, i in enumerate(together):
                    found = dataclasses.replace(judging.results[position], attempts=attempt + 1)
                    best = results.get(i)
                    if best is not None and _merit(found) <= _merit(best):
                        found = dataclasses.replace(best, attempts=attempt + 1)
                    results[i] = found
                    if attempt == budget.restarts or found.confident:
                        bar.update()
    if model.system is None and not isinstance(model.network, Network):
        unused = _unused(results.values(), method)
        if unused:
            warnings.warn(unused, stacklevel=2)
    return [results[i] for i in range(len(arrays))]


def _unused(results: Collection[AdversaryResult], method: Method) -> str:
    """A warning if excerpts failed because steps by the gradient's length left the budget unused; else ``""``."""
    if not isinstance(method, Algorithm1) or method.step_unit != "magnitude":
        return ""
    above = [r.snr_magnitude - r.snr_limit for r in results if not r.success]
    above = [decibels for decibels in above if decibels > UNUSED_DB]
    if not above:
        return ""
    share = 100 * (1 - 10 ** (-min(above) / 20))
    limit = next(iter(results)).snr_limit
    return (
        f"{len(above)} of {len(results)} excerpts did not get their target, with at least {math.floor(share)} % of the "
        f"budget of {limit:g} dB unused: the steps are too short for this model's gradient; use "
        f'Algorithm1(step_unit="budget"), or a longer step than {method.step:g}.'
    )


def _watched(bar: tqdm, max_iterations: int, watch: Watch | None) -> Watch | None:
    """``watch``, with a bar that moves within a batch, which may take minutes."""
    if bar.disable:
        return watch

    def both(k: int, values: list[float]) -> None:
        bar.set_postfix_str(f"step {k} of {max_iterations}, {len(values)} unfinished")
        if watch is not None:
            watch(k, values)

    return both


def _merit(result: AdversaryResult) -> tuple[bool, bool, float]:
    """The key by which attempts are compared; larger is better."""
    return result.confident, result.success, result.target_confidence
