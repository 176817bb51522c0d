"""The judge of every attack: only the 16-bit file counts.

An excerpt is finished when its waveform, rounded to 16 bits and analysed again, has the target's label with more than
the wanted confidence and within the budget. What the attack's own iterate says does not count.

Paper: Alg. 1, Eq. (6)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import audio, spectra
from ..networks import Decision
from .batch import Batch
from .ends import snr_from
from .model import Model
from .result import AdversaryResult

Decide = Callable[[np.ndarray], Decision]
Realise = Callable[..., Tensor]
Watch = Callable[[int, list[float]], None]


class Judge:
    """Looks at the iterates of an attack, and takes excerpts out of the batch when they are finished.

    Parameters
    ----------
    batch : Batch
    decide : callable
        From a written waveform ``[n_samples]`` to a `Decision`.
    method : str
        Name of the attack, for the results.
    watch : callable
        Called after each iteration with its number and the targets' mean posteriors.

    Attributes
    ----------
    results : dict
        From the place of an excerpt in the batch to its `AdversaryResult`.

    Notebook: book/05_adversaries.ipynb
    """

    def __init__(self, batch: Batch, decide: Decide, *, method: str = "", watch: Watch | None = None) -> None:
        self.results: dict[int, AdversaryResult] = {}
        self._batch, self._decide, self._method, self._watch = batch, decide, method, watch
        self._before = [decide(waveform) for waveform in batch.originals]
        self._traces: list[list[float]] = [[] for _ in batch.originals]
        self._losses: list[list[float]] = [[] for _ in batch.originals]
        self._best: tuple[Tensor, ...] | None = None
        self._best_posterior = torch.full((len(batch),), -1.0, dtype=batch.x.dtype, device=batch.x.device)

    def __call__(
        self,
        posterior: Tensor,
        loss: Tensor,
        state: tuple[Tensor, ...],
        realise: Realise | None = None,
        change: Tensor | None = None,
        *,
        trust_iterate: bool = False,
        give_up: Tensor | None = None,
    ) -> Tensor | None:
        """Look at an iterate; excerpts that are finished leave the batch.

        Parameters
        ----------
        posterior : Tensor ``[n, n_labels]``
        loss : Tensor ``[n]``
        state : tensors with one row for each excerpt
            ``realise(*state, rows)`` turns them into the waveform of the perturbation ``[rows, n_samples]``; without
            ``realise`` the only tensor is that waveform. The judge copies what it keeps.
        change : Tensor ``[n, n_frames, n_bins]``
            Of the magnitudes for which ``posterior`` was computed; given if perhaps no waveform has them.
        trust_iterate : bool
            An excerpt whose iterate has the wanted confidence is finished, whatever the waveform says.
        give_up : Tensor ``[n]`` of bool
            Excerpts that make no more progress: they are finished as they are.

        Returns
        -------
        Tensor ``[n]`` of bool: the excerpts that go on; the caller keeps their rows of its own tensors. None if all
        go on.
        """
        batch = self._batch
        wanted = posterior.gather(1, batch.targets[:, None])[:, 0]
        batch.refuse_not_finite(wanted, "answer")
        last = batch.iteration == batch.max_iterations
        now = (*state, posterior, _distances(posterior, change))
        improved = wanted > self._best_posterior
        if self._best is None:
            self._best = tuple(new.clone() for new in now)
        elif bool(improved.any()):
            for best, new in zip(self._best, now, strict=True):
                if bool(improved.all()):
                    best.copy_(new)
                else:
                    best[improved] = new[improved]
        self._best_posterior = torch.where(improved, wanted, self._best_posterior)
        rows, values, losses = batch.rows.tolist(), wanted.tolist(), loss.tolist()
        if self._watch is not None:
            self._watch(batch.iteration, values)

        going = torch.ones(len(rows), dtype=torch.bool, device=posterior.device)
        for i, row in enumerate(rows):
            self._traces[row].append(values[i])
            self._losses[row].append(losses[i])
            stalled = give_up is not None and bool(give_up[i])
            confident = values[i] > batch.budget.confidence
            if not (last or stalled or confident):
                continue
            # The iterate may have the label; the waveform decides.
            result = self._result(i, self._best if last and not confident else now, realise)
            if last or stalled or trust_iterate or result.confident:
                self.results[row] = result
                going[i] = False
        if bool(going.all()):
            return None
        batch.keep(going)
        self._best_posterior, self._best = self._best_posterior[going], tuple(t[going] for t in self._best)
        return going

    def _result(self, i: int, shown: tuple[Tensor, ...], realise: Realise | None) -> AdversaryResult:
        """Round to 16 bits, stay within the budget, analyse again, classify."""
        batch, model = self._batch, self._batch.model
        row, target, picked = int(batch.rows[i]), int(batch.targets[i]), slice(i, i + 1)
        *state, posterior, distance = (t[picked] for t in shown)
        original = batch.originals[row]
        change = (state[0] if realise is None else realise(*state, picked))[0, : len(original)]
        exact, waveform, snr_magnitude = written_within_budget(
            original, change.to("cpu", torch.float32).numpy(), batch.budget.snr, model.n_fft, model.hop_length
        )
        after = self._decide(waveform)
        iterate_snr = snr_magnitude
        if float(distance) >= 0:
            ratio = torch.linalg.vector_norm(batch.magnitude[i]).double() / distance.double()
            iterate_snr = 20 * float(torch.log10(ratio))
        return result_of(
            model,
            self._decide,
            original,
            exact,
            self._before[row],
            after,
            target,
            snr_magnitude=snr_magnitude,
            snr_limit=batch.budget.snr,
            confidence_limit=batch.budget.confidence,
            iterations=batch.iteration,
            iterate_label=model.labels[int(posterior.argmax())],
            iterate_confidence=float(posterior[0, target]),
            iterate_snr=iterate_snr,
            method=self._method,
            trace=tuple(self._traces[row]),
            losses=tuple(self._losses[row]),
        )


def result_of(
    model: Model,
    decide: Decide,
    original: np.ndarray,
    exact: np.ndarray,
    before: Decision,
    after: Decision,
    target: int,
    **known: Any,
) -> AdversaryResult:
    """What is reported of an adversary, by its waveform before rounding and the decision on the written one.

    Parameters
    ----------
    original, exact : ``float32 [n_samples]``
    before, after : Decision
        On the original, and on ``exact`` as a 16-bit file holds it.
    target : int
        Index of the wanted label.
    known : the other fields of an `AdversaryResult`

    Notebook: book/05_adversaries.ipynb
    """
    waveform = audio.quantise(exact)
    return AdversaryResult(
        original=original,
        waveform=waveform,
        target=model.labels[target],
        label=after.label,
        confidence=after.confidence,
        target_confidence=float(after.posterior[target]),
        original_label=before.label,
        original_confidence=before.confidence,
        snr_time=float(spectra.snr_db(torch.from_numpy(original), torch.from_numpy(waveform))),
        unrounded_label=decide(exact).label,
        n_clipped=audio.count_clipped(exact),
        sample_rate=model.sample_rate,
        **known,
    )


def _distances(posterior: Tensor, change: Tensor | None) -> Tensor:
    """Distance ``[n]`` of an iterate's magnitudes from the exemplar's; -1 if the iterate is a waveform."""
    if change is None:
        return posterior.new_full((len(posterior),), -1.0)
    return torch.linalg.vector_norm(change, dim=(-2, -1))


def written_within_budget(
    original: np.ndarray,
    perturbation: np.ndarray,
    snr: float,
    n_fft: int = spectra.N_FFT,
    hop_length: int = spectra.HOP_LENGTH,
) -> tuple[np.ndarray, np.ndarray, float]:
    """The sum, the sum as a 16-bit file holds it, and the magnitude SNR of the latter in dB.

    Re-synthesis and rounding change a sequence of magnitudes a little. Where that breaks the budget, the perturbation
    is turned down until the budget holds again.

    Parameters
    ----------
    original, perturbation : array ``[n_samples]``
    snr : float
        Least magnitude SNR in dB.

    Notebook: book/05_adversaries.ipynb
    """
    snr_of = snr_from(original, n_fft, hop_length)
    gain = 1.0
    for _ in range(20):
        exact = original + np.float32(gain) * perturbation
        waveform = audio.quantise(exact)
        measured = snr_of(waveform)
        if measured >= snr:
            break
        gain *= 0.999 * math.pow(10.0, (measured - snr) / 20.0)
    return exact, waveform, measured
