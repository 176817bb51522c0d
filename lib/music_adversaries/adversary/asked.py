"""What an attack is asked to do, checked before anything long, and how it begins.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm.auto import tqdm

from ..errors import InputError
from ..networks import Decision, System, evaluated
from .given import Given, as_list, as_names
from .judge import Decide
from .memory import BYTES, BYTES_ON_SLICES, SAMPLES_AT_ONCE, refuse_too_long
from .model import Model
from .options import check_rate, check_whole


class Asked(NamedTuple):
    """Excerpts to be attacked, usable and copied."""

    model: Model
    arrays: list[np.ndarray]  #: each ``float32 [n_samples]``
    names: list[str]  #: for messages
    seeds: list[list[int]]  #: what begins the seed of each excerpt's draws
    decide: Decide  #: which label a written waveform has


def asked(
    model: System | Model,
    waveforms: Iterable[Given],
    names: Iterable[str | Path] | None,
    *,
    judge: Decide | None,
    seed: int | Sequence[int],
    sample_rate: int | None,
) -> Asked:
    """Check what callers of `attack` pass, whatever is wanted of the excerpts."""
    model = Model.of(model)
    if sample_rate is not None:
        check_rate(sample_rate)
        if sample_rate != model.sample_rate:
            raise InputError(
                f"The audio is at {sample_rate:.0f} Hz but the model reads {model.sample_rate} Hz; "
                f"bring it to that rate with audio.resample(waveform, {sample_rate:.0f}, {model.sample_rate})."
            )
    given = as_list(waveforms)
    called = as_names(names, len(given))
    if len(given) == 0:
        raise InputError("There is no waveform to attack; give at least one.")
    if len(called) != len(given):
        raise InputError(f"There are {len(called)} names for {len(given)} waveforms; give one name each.")
    seeds = _seeds(seed, len(given))
    arrays = [model.check(waveform, name) for waveform, name in zip(given, called, strict=True)]
    if model.like().device.type == "cpu":
        share = model.like().itemsize / 4 * model.n_fft / (2 * model.hop_length)
        per_sample = share * (BYTES_ON_SLICES if getattr(model.network, "slice_length", 1) > 1 else BYTES)
        refuse_too_long(*max(zip(map(len, arrays), called, strict=True)), model.sample_rate, per_sample)
    decide = model.decide_unchecked if judge is None else _checked_judge(judge, len(model.labels))
    return Asked(model, arrays, called, seeds, decide)


@contextlib.contextmanager
def begun(what: Asked, name: str, progress: bool | None) -> Iterator[tqdm]:
    """Within the block the model can be attacked: it is in evaluation mode and answers steadily; yields a bar."""
    model, arrays, called, *_ = what
    with (
        _plainly(model.network, model.like().device),
        evaluated(model.network),
        tqdm(total=len(arrays), desc=name, unit="excerpt", disable=_no_bar(progress), leave=False) as bar,
    ):
        # One of each length, the shortest first: a model may need a least number of samples, or an exact one.
        firsts = {len(arrays[i]): i for i in reversed(range(len(arrays)))}
        for _, i in sorted(firsts.items()):
            model.refuse_unsteady(arrays[i], called[i])
        if model.within_one:
            warnings.warn(
                "The model's answers all lie within 0 and 1, like the probabilities of a multi-label model; logits are "
                "expected, so give it without its sigmoid.",
                stacklevel=4,
            )
        yield bar


def batches(todo: Iterable[int], waveforms: Sequence[np.ndarray], size: int, pads: bool) -> list[list[int]]:
    """Excerpts of similar length together, so that little is padded; of one length where nothing may be padded."""
    together: list[list[int]] = []
    for i in sorted(todo, key=lambda i: len(waveforms[i])):
        fits = together and len(together[-1]) < min(size, SAMPLES_AT_ONCE // len(waveforms[i]))
        if fits and (pads or len(waveforms[together[-1][0]]) == len(waveforms[i])):
            together[-1].append(i)
        else:
            together.append([i])
    return together


def _seeds(seed: int | Sequence[int], count: int) -> list[list[int]]:
    """What begins the seed of each excerpt's draws."""
    if isinstance(seed, Sequence) and not isinstance(seed, str):
        if len(seed) != count:
            raise InputError(f"There are {len(seed)} seeds for {count} waveforms; give one seed, or one each.")
        check_whole(0, **{f"seed {i}": one for i, one in enumerate(seed)})
        return [[int(one)] for one in seed]
    check_whole(0, seed=seed)
    return [[int(seed), i] for i in range(count)]


def _checked_judge(judge: Decide, n_labels: int) -> Decide:
    """The judge, checked to return a `Decision` over the model's labels."""
    if not callable(judge):
        raise InputError(f"judge is {judge!r}; give a function from a waveform to a Decision.")

    def judged(waveform: np.ndarray) -> Decision:
        decision = judge(waveform.copy())  # a judge may work in place
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


@contextlib.contextmanager
def _plainly(network: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Computing in full precision and outside of inference mode, whatever the caller's context says."""
    kinds = torch.autocast("cpu", enabled=False), torch.autocast(device.type, enabled=False)
    cudnn = torch.backends.cudnn
    before = cudnn.enabled
    # In evaluation mode cuDNN has no gradient of recurrent layers; PyTorch itself does.
    cudnn.enabled = before and not any(isinstance(module, torch.nn.RNNBase) for module in network.modules())
    try:
        with torch.inference_mode(False), kinds[0], kinds[1]:
            yield
    finally:
        cudnn.enabled = before


def _no_bar(progress: bool | None) -> bool:
    """What tqdm calls ``disable``. Its own check takes a notebook for a terminal."""
    return not (sys.stderr.isatty() if progress is None else progress)
