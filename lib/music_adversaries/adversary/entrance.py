"""One entrance to all attacks.

Paper: Section 3.1, Section 4, Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import dataclasses
import math
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn
from tqdm.auto import tqdm

from ..book.features import evaluated
from ..errors import InputError
from ..networks import Decision, Network, System
from .algorithm1 import Algorithm1
from .apgd import APGD
from .batch import Batch
from .model import Model
from .noise import Noise
from .options import check_whole, is_number
from .pgd import PGD
from .random_search import RandomSearch
from .result import AdversaryResult


class Method(Protocol):
    """An attack: a frozen dataclass of its options with a loop over a `Batch`."""

    name: str

    def run(self, batch: Batch) -> None:
        """Show the batch one iterate after the other, until it says that nobody is left."""


UNUSED_DB = 10.0  # above the limit: of somebody's own model, an excerpt without success there is worth a warning
METHODS: dict[str, type[Method]] = {method.name: method for method in (Algorithm1, PGD, APGD, RandomSearch, Noise)}


def attack(
    model: System | Model | nn.Module,
    waveforms: Sequence[np.ndarray],
    targets: Sequence[str | int],
    *,
    method: str | Method = "algorithm1",
    snr: float = 15.0,
    confidence: float = 0.9,
    max_iterations: int = 100,
    restarts: int = 0,
    batch_size: int = 16,
    names: Sequence[str] | None = None,
    judge: Callable[[np.ndarray], Decision] | None = None,
    seed: int = 0,
    progress: bool | None = None,
    watch: Callable[[int, list[float]], None] | None = None,
    labels: Sequence[str] | None = None,
    reads: str | None = None,
    sample_rate: int | None = None,
    n_fft: int | None = None,
    hop_length: int | None = None,
    **options: Any,
) -> list[AdversaryResult]:
    """Change each waveform a little, so that the model gives it the wanted label.

    An excerpt is finished as soon as its waveform, rounded to 16 bits and analysed anew, has the
    target label with more than the wanted confidence and no less than the wanted SNR. What is not
    finished after ``max_iterations`` comes back as the best waveform found, marked as such. An
    excerpt that is already labelled as wanted, that surely, comes back as 16 bits hold it: its SNR is
    infinite if its samples are steps of 16 bits.

    Parameters
    ----------
    model : System, Model or nn.Module
        Attacked as it is in use: without dropout. Of a module say ``labels`` and, where they differ from
        the defaults of `Model`, ``reads``, ``sample_rate``, ``n_fft`` and ``hop_length``.
    waveforms : sequence of arrays ``[n_samples]``
        Mono, full scale 1, at the model's rate; lengths may differ.
    targets : sequence of labels or label indices
        One a waveform.
    method : str or Method
        ``"algorithm1"`` (the paper's), ``"pgd"``, ``"apgd"``, ``"random_search"``, ``"noise"``; ``options`` are its
        options, such as ``step=0.1``. Or an instance, such as ``Algorithm1(consistency="never")``.
        The step of ``"algorithm1"`` multiplies the gradient; it suits the book's systems, and for a module of one's
        own ``step_unit="budget"`` is the better choice. A warning says where its steps turned out too short.
    snr : float
        Budget in dB: ``20 log10(||X|| / ||Z - X||)`` on the magnitudes of the whole excerpt never
        falls below it.
    confidence : float
        Mean posterior of the target at which to stop, 0 <= confidence < 1.
    max_iterations, batch_size : int
    restarts : int
        How often those that are not finished start again, from noise within the budget; the best counts.
    names : sequence of str
        What to call the waveforms in messages.
    judge : callable
        Decides in place of the model what label a written waveform ``[n_samples]`` has, and returns a `Decision`;
        for a system whose gradient only a stand-in has.
    seed : int
        Of all that is drawn; what one excerpt gets does not depend on the others.
    progress : bool
        Whether a bar shows how far the attack is; left out, one does in a terminal.
    watch : callable
        Called after each iteration with its number and the targets' mean posteriors.
    sample_rate : int
        Hz, of the waveforms; refused where the model is known to read another.

    Returns
    -------
    list of AdversaryResult, in the order of the waveforms

    Raises
    ------
    InputError
        For unusable waveforms (silent, not finite, too short, not of full scale 1), unknown labels, a
        model that refuses what it is given or answers in another shape, a judge that returns no `Decision`, and
        settings that make no sense.

    Warns
    -----
    UserWarning
        Where a module's answers look like probabilities of several labels at once, or most of the budget was left
        unused (see ``method``).

    Paper: Alg. 1, Section 4
    Notebook: book/05_adversaries.ipynb
    """
    model = Model.of(model, labels=labels, reads=reads, sample_rate=sample_rate, n_fft=n_fft, hop_length=hop_length)
    method = _chosen(method, options)
    waveforms, targets = _as_lists(waveforms, targets)
    names = [f"waveform {i}" for i in range(len(waveforms))] if names is None else list(names)
    check_settings(
        snr=snr,
        confidence=confidence,
        max_iterations=max_iterations,
        restarts=restarts,
        batch_size=batch_size,
        seed=seed,
    )
    _check_lengths(waveforms, targets, names)
    waveforms = [model.check(waveform, name) for waveform, name in zip(waveforms, names, strict=True)]
    wanted = [model.label_index(target) for target in targets]
    judge = model.judge if judge is None else _checked_judge(judge, len(model.labels))
    results: dict[int, AdversaryResult] = {}
    with (
        evaluated(model.network),
        tqdm(total=len(waveforms), desc=method.name, unit="excerpt", disable=_no_bar(progress), leave=False) as bar,
    ):
        # One of each length, the shortest first: a model may need so many samples at least, or exactly so many.
        firsts = {len(waveforms[i]): i for i in reversed(range(len(waveforms)))}
        for _, i in sorted(firsts.items()):
            model.refuse_unsteady(waveforms[i], names[i])
        if model.within_one:
            warnings.warn(
                "The model's answers all lie within 0 and 1, like the probabilities of a multi-label model; logits are "
                "expected, so give it without its sigmoid.",
                stacklevel=2,
            )
        watched = _watched(bar, max_iterations, watch)
        for attempt in range(restarts + 1):
            todo = [i for i in range(len(waveforms)) if attempt == 0 or not results[i].confident]
            for chosen in _batches(todo, waveforms, batch_size, model.pads):
                batch = Batch(
                    model, [waveforms[i] for i in chosen], [wanted[i] for i in chosen], [names[i] for i in chosen],
                    snr=snr, confidence=confidence, max_iterations=max_iterations, judge=judge,
                    generators=[np.random.default_rng([seed, i, attempt]) for i in chosen],
                    random_start=attempt > 0, watch=watched, method=method.name,
                )  # fmt: skip
                method.run(batch)
                for position, i in enumerate(chosen):
                    found = dataclasses.replace(batch.results[position], attempts=attempt + 1)
                    best = results.get(i)
                    if best is not None and _merit(found) <= _merit(best):
                        found = dataclasses.replace(best, attempts=attempt + 1)
                    results[i] = found
                    if attempt == restarts or found.confident:
                        bar.update()
    if model.system is None and not isinstance(model.network, Network):
        unused = _unused(results.values(), method)
        if unused:
            warnings.warn(unused, stacklevel=2)
    return [results[i] for i in range(len(waveforms))]


def _unused(results: Collection[AdversaryResult], method: Method) -> str:
    """A sentence on excerpts without success where steps by the gradient's length left the budget unused; or ``""``."""
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
        f'budget of {limit:g} dB unused: the steps are too short for this model\'s gradient; give step_unit="budget", '
        f"or a longer step than {method.step:g}."
    )


def _checked_judge(judge: Callable[[np.ndarray], Decision], n_labels: int) -> Callable[[np.ndarray], Decision]:
    """The judge, refused where it gives anything but a `Decision` over the model's labels."""
    if not callable(judge):
        raise InputError(f"judge is {judge!r}; give a function from a waveform to a Decision.")

    def judged(waveform: np.ndarray) -> Decision:
        decision = judge(waveform)
        if not isinstance(decision, Decision):
            raise InputError(
                f"The judge returned {decision!r:.60}; let it return a networks.Decision(label, confidence, posterior)."
            )
        if np.shape(decision.posterior) != (n_labels,):
            raise InputError(
                f"The judge's posterior has the shape {list(np.shape(decision.posterior))}, but the model has "
                f"{n_labels} labels; give one number for each, in their order."
            )
        return decision

    return judged


def _no_bar(progress: bool | None) -> bool:
    """What tqdm calls ``disable``. Its own look for a terminal takes a notebook for one."""
    return not (sys.stderr.isatty() if progress is None else progress)


def _watched(
    bar: tqdm, max_iterations: int, watch: Callable[[int, list[float]], None] | None
) -> Callable[[int, list[float]], None] | None:
    """``watch``, and a bar that moves within a batch, which may take minutes."""
    if bar.disable:
        return watch

    def both(k: int, values: list[float]) -> None:
        bar.set_postfix_str(f"step {k} of {max_iterations}, {len(values)} unfinished")
        if watch is not None:
            watch(k, values)

    return both


def _merit(result: AdversaryResult) -> tuple[bool, bool, float]:
    return result.confident, result.success, result.target_confidence


def _batches(todo: list[int], waveforms: Sequence[np.ndarray], size: int, pads: bool) -> list[list[int]]:
    """Excerpts of like length together, so that little is padded; of one length where nothing may be."""
    batches: list[list[int]] = []
    for i in sorted(todo, key=lambda i: len(waveforms[i])):
        fits = batches and len(batches[-1]) < size
        if fits and (pads or len(waveforms[batches[-1][0]]) == len(waveforms[i])):
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


def method(name: str, **options: Any) -> Method:
    """An attack by its name, with its options.

    Raises
    ------
    InputError
        When there is no such attack or option, naming those that there are.

    Notebook: book/05_adversaries.ipynb
    """
    if name not in METHODS:
        raise InputError(f"There is no attack {name!r}; choose one of {', '.join(METHODS)}.")
    known = [field.name for field in dataclasses.fields(METHODS[name])]
    for option in options:
        if option not in known:
            raise InputError(f"{name} has no option {option!r}; it has {', '.join(known)}.")
    return METHODS[name](**options)


def _chosen(given: str | Method, options: dict[str, Any]) -> Method:
    if isinstance(given, str):
        return method(given, **options)
    if isinstance(given, type) or not hasattr(given, "run"):
        name = getattr(given, "__name__", repr(given))
        raise InputError(f"The method is {name}; give the name of an attack or an instance, such as PGD().")
    if options:
        raise InputError(f"The method is given whole, and {', '.join(options)} as well; put it into the method.")
    return given


def _as_lists(waveforms: Any, targets: Any) -> tuple[list, list]:
    """Both as lists; refused where one thing is given that should be a sequence of such things."""
    if isinstance(waveforms, str | Path):
        raise InputError(f"The waveforms are {str(waveforms)!r}; give a list of arrays, such as those of audio.read.")
    if isinstance(waveforms, np.ndarray | Tensor) and waveforms.ndim == 1 and waveforms.dtype is not np.dtype(object):
        raise InputError(f"The waveforms are one array of {len(waveforms)} numbers; put it into a list, [waveform].")
    if isinstance(targets, str | Integral):
        raise InputError(f"The targets are {targets!r}; give a list with one label for each waveform, [{targets!r}].")
    for what, given in (("waveforms", waveforms), ("targets", targets)):
        if not isinstance(given, Iterable):
            raise InputError(f"The {what} are {given!r}; give a list with one for each excerpt.")
    return list(waveforms), list(targets)


def check_settings(
    *,
    snr: float = 15.0,
    confidence: float = 0.9,
    max_iterations: int = 100,
    restarts: int = 0,
    batch_size: int = 16,
    seed: int = 0,
) -> None:
    """Refuse settings of `attack` that make no sense, before there is a model or a waveform.

    Raises
    ------
    InputError
        For the first of them.

    Notebook: book/05_adversaries.ipynb
    """
    if not (is_number(snr) and -300 <= snr <= 300):
        raise InputError(f"snr is {snr!r}; give a number of decibels between -300 and 300, such as 15.")
    if not (is_number(confidence) and 0 <= confidence < 1):
        raise InputError(f"confidence is {confidence!r}; give a mean posterior from 0 up to, but not including, 1.")
    check_whole(1, max_iterations=max_iterations, batch_size=batch_size)
    check_whole(0, restarts=restarts, seed=seed)


def _check_lengths(waveforms: list, targets: list, names: list) -> None:
    if len(waveforms) == 0:
        raise InputError("There is no waveform to attack; give at least one.")
    if len(targets) != len(waveforms):
        raise InputError(f"There are {len(waveforms)} waveforms but {len(targets)} targets; give one target each.")
    if len(names) != len(waveforms):
        raise InputError(f"There are {len(names)} names for {len(waveforms)} waveforms; give one name each.")
