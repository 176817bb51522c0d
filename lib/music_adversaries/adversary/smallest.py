"""The smallest perturbation: how little it takes to make a system give a label.

Goal
    An attack within a budget says whether an excerpt falls at one SNR; systems that all fall there look alike. Here
    each excerpt has an SNR of its own: the highest at which the written file is answered as wanted. One search gives
    the success at every budget at once, and differences between systems in decibels.

How it searches
    As minimum-norm attacks do (DDN, Rony et al. 2019; FMN, Pintor et al. 2021): every iterate lies at a wanted SNR,
    which rises after an iterate that is answered as wanted and falls after one that is not, by less and less. Steps
    follow the gradient of the *decision*: the logarithm of the mean posterior of the wanted label against that of the
    strongest other one. The loss of the paper, a mean over frames of logarithms, is ruled by the frames that are
    hardest to change; a decision needs only enough of the easy ones. A little of that loss is kept, and more while the
    wanted label is far behind, since the decision alone has hardly a gradient where no frame is near that label yet.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import audio
from ..errors import InputError
from ..networks import Decision, System
from .asked import Asked, asked, batches, begun
from .batch import Batch
from .budget import Budget
from .ends import snr_from
from .given import Given, Target, as_targets
from .judge import Decide, result_of
from .model import Model
from .options import check_whole
from .result import AdversaryResult
from .waveforms import direction, within_scale

NAME = "smallest"
_START, _RESTART = 60.0, 15.0  # dB: where a search begins, and by how much louder each further one
_REACH = 100.0  # dB by which the SNR falls in one search while an excerpt is never answered as wanted
_SWING = (3.0, 0.02)  # dB by which the SNR then rises or falls: at first, at last
_STEP = (0.25, 0.02)  # of the length of the perturbation: at first, at last
_BLEND = (0.02, 0.3)  # of the mean loss over rows, beside the decision's: near a decision, and more where it is far


def smallest(
    model: System | Model,
    waveforms: Iterable[Given],
    targets: Iterable[Target] | None = None,
    *,
    away_from: Iterable[Target] | None = None,
    confidence: float = 0.0,
    max_iterations: int = 100,
    restarts: int = 0,
    names: Iterable[str | Path] | None = None,
    judge: Decide | None = None,
    seed: int | Sequence[int] = 0,
    batch_size: int = 16,
    sample_rate: int | None = None,
    progress: bool | None = None,
) -> list[AdversaryResult]:
    """The adversary of each waveform that changes it least: the written file with the highest SNR that was found.

    It is an upper bound: a smaller perturbation may exist, and never a larger one is needed. An excerpt that is
    answered as wanted before it is attacked is only rounded to 16 bits.

    Parameters
    ----------
    model : System or Model
        As for `attack`.
    waveforms : sequence of arrays or tensors ``[n_samples]``, or of `Audio`
        Mono, full scale 1, at the model's rate; lengths may differ. They are copied.
    targets : sequence of labels or label indices
        The wanted label of each waveform.
    away_from : sequence of labels or label indices
        In place of ``targets``: of each waveform, the label that it is not to have; any other is wanted.
    confidence : float
        Mean posterior that the wanted label must exceed, 0 <= confidence < 1; at 0 it needs only to be the label.
    max_iterations : int
        Steps of one search.
    restarts : int
        How many more searches begin, from noise and at a lower SNR each. The best one counts, so more restarts are
        never worse.
    names, judge, seed, batch_size, sample_rate, progress
        As for `attack`.

    Returns
    -------
    list of AdversaryResult, in the order of the waveforms
        ``snr_magnitude`` is what was minimised; ``target`` is the label that was reached. Where none was found,
        ``success`` is False, and ``waveform`` the excerpt rounded to 16 bits, whose SNR says nothing.

    Raises
    ------
    InputError
        As for `attack`; and when not exactly one of ``targets`` and ``away_from`` is given.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    if (targets is None) == (away_from is None):
        raise InputError("Give either targets, the wanted labels, or away_from, the labels to be left.")
    wishes = as_targets(targets if targets is not None else away_from or ())
    limits = Budget(_START, confidence, max_iterations, restarts)
    check_whole(1, batch_size=batch_size)
    what = asked(model, waveforms, names, judge=judge, seed=seed, sample_rate=sample_rate)
    if len(wishes) != len(what.arrays):
        raise InputError(f"There are {len(what.arrays)} waveforms but {len(wishes)} labels; give one label each.")
    n_labels = len(what.model.labels)
    wanted = [[(k == what.model.label_index(wish)) == (away_from is None) for k in range(n_labels)] for wish in wishes]
    best = [_Best() for _ in wanted]
    with begun(what, NAME, progress) as bar:
        before = [what.decide(waveform) for waveform in what.arrays]
        todo = []
        for i, waveform in enumerate(what.arrays):
            if _accepted(what.decide(audio.quantise(waveform)), wanted[i], limits.confidence):
                best[i].change = np.zeros_like(waveform)
                bar.update()
            else:
                todo.append(i)
        for attempt in range(limits.restarts + 1):
            for together in batches(todo, what.arrays, batch_size, what.model.pads):
                batch = Batch(
                    what.model,
                    [what.arrays[i] for i in together],
                    [wanted[i] for i in together],
                    [what.names[i] for i in together],
                    replace(limits, snr=max(0.0, _START - _RESTART * attempt)),
                    generators=[np.random.default_rng([*what.seeds[i], attempt]) for i in together],
                    random_start=attempt > 0,
                    loss=partial(decision_loss, confidence=limits.confidence),
                )
                found = _search(batch, what.decide, asks_judge=judge is not None)
                for i, one in zip(together, found, strict=True):
                    if attempt == 0 or one.snr > best[i].snr:
                        best[i] = one
                bar.update(len(together) if attempt == limits.restarts else 0)
        return [_result(what, i, best[i], before[i], wanted[i], limits) for i in range(len(best))]


def decision_loss(log_posterior: Tensor, weights: Tensor, wanted: Tensor, confidence: float = 0.0) -> Tensor:
    """How far each excerpt ``[n]`` is from being answered as wanted; negative where it is, up to the blended loss.

    Parameters
    ----------
    log_posterior : Tensor ``[n, n_rows, n_labels]``
    weights : Tensor ``[n, n_rows]``, 1 for rows that count
    wanted : Tensor ``[n, n_labels]`` of bool
    confidence : float
        That the mean posterior of a wanted label must exceed.

    Paper: Eq. (3), Eq. (4)
    Notebook: book/05_adversaries.ipynb
    """
    count = weights.sum(1)
    in_rows = weights.clamp_min(torch.finfo(weights.dtype).tiny).log()[..., None]
    mean = torch.logsumexp(log_posterior + in_rows, 1) - count.log()[:, None]
    inside = mean.masked_fill(~wanted, -math.inf).amax(1)
    outside = mean.masked_fill(wanted, -math.inf).amax(1)
    if confidence > 0:
        outside = outside.clamp_min(math.log(confidence))
    rows = torch.logsumexp(log_posterior.masked_fill(~wanted[:, None], -math.inf), -1)
    ahead = outside - inside
    blend = _BLEND[0] + _BLEND[1] * ahead.detach().clamp(0.0, 1.0)
    return ahead - blend * (rows * weights).sum(1) / count


@dataclass
class _Best:
    """The highest SNR so far, and what has it."""

    change: np.ndarray | None = None  #: of the waveform, before rounding
    snr: float = -math.inf
    iteration: int = 0
    trace: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def _search(batch: Batch, decide: Decide, *, asks_judge: bool) -> list[_Best]:
    """One search for each excerpt of a batch; see the head of this file."""
    n, confidence = len(batch), batch.budget.confidence
    best = [_Best() for _ in range(n)]
    loudness = torch.linalg.vector_norm(batch.x, dim=1)
    change, level = batch.start(), torch.full_like(loudness, batch.budget.snr)
    found_at, descent = torch.full_like(level, math.inf), _REACH / batch.max_iterations
    for k in batch.iterations():
        heard = _rounded(batch.x + change) - batch.x
        gradient, posterior, _ = batch.waveform_gradient(heard)
        batch.refuse_not_finite(posterior, "answer")
        snr = 20 * torch.log10(batch.room(heard, 0.0))
        inside = posterior.masked_fill(~batch.targets, -1).amax(1)
        outside = posterior.masked_fill(batch.targets, -1).amax(1).clamp_min(confidence)
        good = (inside > outside).tolist()
        for i, one in enumerate(best):
            higher = float(snr[i]) > one.snr
            if asks_judge or (good[i] and higher):  # the model as it is used has the last word
                waveform = batch.originals[i]
                exact = change[i, : len(waveform)].to("cpu", torch.float32).numpy().copy()
                good[i] = _accepted(decide(audio.quantise(waveform + exact)), batch.targets[i].tolist(), confidence)
                if good[i] and higher:
                    one.change, one.snr, one.iteration = exact, float(snr[i]), k
            one.trace.append(float(inside[i]))
            one.losses.append(float(outside[i].log() - inside[i].log()))
        reached = torch.tensor(good, device=level.device)
        found_at = torch.where(reached, found_at.clamp(max=k), found_at)
        found = torch.isfinite(found_at)
        passed = torch.where(found, (k - found_at) / (batch.max_iterations - found_at).clamp_min(1), 0.0)
        swing, step = (last + (first - last) * (1 + torch.cos(math.pi * passed)) / 2 for first, last in (_SWING, _STEP))
        up = torch.minimum(torch.maximum(level, snr), level + _SWING[0]) + swing
        level = torch.where(reached, up, level - torch.where(found, swing, descent))
        quiet = torch.pow(10.0, -level / 20)
        change = within_scale(batch, change - (step * loudness * quiet)[:, None] * direction(gradient))
        factor = batch.room(change, 0.0) * quiet
        change = change * torch.where(torch.isfinite(factor), factor, 1.0)[:, None]
    return best


def _rounded(waveforms: Tensor) -> Tensor:
    """As 16-bit files hold them: `audio.quantise` of a batch."""
    steps = audio.FULL_SCALE
    return torch.round(waveforms * steps).clamp(-steps, steps - 1) / steps


def _accepted(decision: Decision, wanted: Sequence[bool], confidence: float) -> bool:
    """Whether a wanted label is given, surely enough."""
    posterior = np.where(wanted, decision.posterior, -1.0)
    others = np.where(wanted, -1.0, decision.posterior)
    return bool(posterior.max() > max(float(others.max()), confidence))


def _result(
    what: Asked, i: int, best: _Best, before: Decision, wanted: Sequence[bool], limits: Budget
) -> AdversaryResult:
    model, original = what.model, what.arrays[i]
    exact = original if best.change is None else original + best.change
    waveform = audio.quantise(exact)
    after = what.decide(waveform)
    target = int(np.where(wanted, after.posterior, -1.0).argmax())
    snr = snr_from(original, model.n_fft, model.hop_length)(waveform)
    return result_of(
        model,
        what.decide,
        original,
        exact,
        before,
        after,
        target,
        snr_magnitude=snr,
        snr_limit=-math.inf,
        confidence_limit=limits.confidence,
        iterations=best.iteration,
        iterate_label=after.label,
        iterate_confidence=float(after.posterior[target]),
        iterate_snr=snr,
        method=NAME,
        trace=tuple(best.trace),
        losses=tuple(best.losses),
        attempts=limits.restarts + 1,
    )
