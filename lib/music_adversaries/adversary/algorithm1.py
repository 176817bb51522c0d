"""Algorithm 1: projected gradient descent on magnitudes, kept close to those of a waveform.

Paper: Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import spectra
from ..errors import InputError
from ..networks import Standardise
from .batch import Batch
from .consistency import Consistency
from .gradients import Dense, Product
from .judge import Judge, Realise
from .options import check_choices, check_positive
from .projections import into_ball, non_negative


@dataclass(frozen=True)
class Algorithm1:
    """The paper's attack, with an option for each difference between the paper and the published code.

    The defaults are the paper's; `published_code` has those of the code.

    Parameters
    ----------
    step : float
        ``mu``, in the unit of ``step_unit``.
    step_unit : {"magnitude", "budget"}
        ``"magnitude"``: the gradient is multiplied by ``step`` (paper and code).
        ``"budget"``: every step has this fraction of the budget as its length, whatever the gradient's length.
    step_per : {"slice", "frame"}
        ``"slice"``: the loss counts every slice once.
        ``"frame"``: it counts a slice once for each of its frames, as in the published code: steps on slices of 100
        frames are 100 times as long. For networks on frames both are the same.
    gradient : {"chain_rule", "published_code"}
        ``"chain_rule"``: with respect to magnitudes.
        ``"published_code"``: what the published code does for networks on slices. It applies the inverse
        standardisation to the *gradient*: it divides by the scale where the chain rule multiplies, and adds the
        training mean.
    consistency : {"each_step", "at_end", "never"}
        ``"each_step"``: every iterate is brought close to the spectrum of a waveform.
        ``"at_end"``: only what is shown to the judge is brought close.
        ``"never"``: the iterate alone decides when to stop; the nearest waveform that is found is written.
    phase : {"exemplar", "resynthesis"}
        ``"exemplar"``: re-synthesis with the exemplar's phase.
        ``"resynthesis"``: with the phase of the last re-synthesis, as in the published code.
    momentum : {"none", "after_projections"}
        ``"after_projections"``: extrapolate after the projections, as the published code does, so that iterates may
        leave the ball and become negative.
    stall : {"go_on", "stop"}
        ``"stop"``: stop where the target's posterior rises by less than 0.0001, as the published code does.

    Raises
    ------
    InputError
        For an unknown value of an option, or an option that makes no sense for the network.

    >>> Algorithm1(consistency="never").step
    0.1

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """

    step: float = 0.1
    step_unit: str = "magnitude"
    step_per: str = "slice"
    gradient: str = "chain_rule"
    consistency: str = "each_step"
    phase: str = "exemplar"
    momentum: str = "none"
    stall: str = "go_on"

    name = "algorithm1"

    def __post_init__(self) -> None:
        check_positive(step=self.step)
        check_choices(
            step_unit=(self.step_unit, ("magnitude", "budget")),
            step_per=(self.step_per, ("slice", "frame")),
            gradient=(self.gradient, ("chain_rule", "published_code")),
            consistency=(self.consistency, ("each_step", "at_end", "never")),
            phase=(self.phase, ("exemplar", "resynthesis")),
            momentum=(self.momentum, ("none", "after_projections")),
            stall=(self.stall, ("go_on", "stop")),
        )

    @classmethod
    def published_code(cls, **changes: Any) -> Algorithm1:
        """The options of the published code of June 2015 for networks on slices.

        Paper: Section 4
        Notebook: book/05_adversaries.ipynb
        """
        code = {"step_per": "frame", "gradient": "published_code", "phase": "resynthesis"}
        return cls(**code | {"momentum": "after_projections", "stall": "stop"} | changes)

    def run(self, batch: Batch, judge: Judge) -> None:
        """Attack the excerpts of a batch."""
        consistent = Consistency(
            batch.spectrum, batch.n_samples, batch.valid, n_fft=batch.model.n_fft, hop_length=batch.model.hop_length
        )
        # Where a waveform with the iterate's magnitudes is known, the judge sees that waveform.
        direct = self.consistency == "each_step" and self.phase == "exemplar" and self.momentum == "none"
        perturbation = batch.start()
        change = self._change(batch, perturbation)  # Z^(0) - X
        unit = consistent.unit
        old, t, before = change.clone(), 1.0, torch.zeros_like(batch.radius)

        for k in batch.iterations():
            gradient, posterior, loss = self._gradient(batch, change)
            shown = ((perturbation,),) if direct else ((change, unit), self._realise(batch), change)
            wanted = posterior.gather(1, batch.targets[:, None])[:, 0]
            stalled = wanted < before + 1e-4 if k and self.stall == "stop" else None
            going = judge(posterior, loss, *shown, trust_iterate=self.consistency == "never", give_up=stalled)
            if not len(batch):
                return
            before = wanted if k else before
            if going is not None:
                change, unit, old, gradient = change[going], unit[going], old[going], gradient[going]
                before, perturbation, consistent = before[going], perturbation[going], consistent.keep(going)

            step = self._step(batch, gradient)
            if self.consistency != "each_step":
                change = into_ball(descend(change, gradient, step, consistent.floor), batch.radius)[0]
            elif self.phase == "exemplar":
                change, perturbation = advance(change, gradient, step, batch.radius, consistent)
            else:
                change, unit = self._resynthesise(batch, descend(change, gradient, step, consistent.floor), unit)
                change, _ = into_ball(change, batch.radius)
            if self.momentum == "after_projections":
                next_t = 0.5 + (1 + 4 * t**2) ** 0.5 / 2
                change = change + (t - 1) / next_t * (change - old)
                old, t = change.clone(), next_t

    def _gradient(self, batch: Batch, change: Tensor) -> tuple[Product | Dense, Tensor, Tensor]:
        """The gradient according to the options, with posteriors and losses; see `Batch.gradient`."""
        found, posterior, loss = batch.gradient(change)
        network = batch.model.network
        slice_length: int = getattr(network, "slice_length", 1)
        by_frame = self.step_per == "frame" and slice_length != 1
        if not (by_frame or self.step_unit == "budget" or self.gradient == "published_code"):
            return found, posterior, loss
        gradient = found.dense()
        if by_frame:
            gradient = gradient * slice_length
        if self.gradient == "published_code":
            standardise = getattr(network, "standardise", None)
            kind = getattr(getattr(network, "representation", None), "kind", "linear")
            if not isinstance(standardise, Standardise) or kind != "linear":
                raise InputError('gradient="published_code" needs a network that standardises linear magnitudes.')
            scale = standardise.scale
            there = scale > 0
            gradient = torch.where(there, gradient / torch.where(there, scale, 1.0) ** 2 + standardise.mean, 0.0)
            gradient = gradient * batch.valid[..., None]
        return Dense(gradient), posterior, loss

    def _step(self, batch: Batch, gradient: Product | Dense) -> Tensor:
        """Factor ``[n]`` for each excerpt's gradient; for steps in budgets the gradient is scaled to length one."""
        if self.step_unit == "magnitude":
            return torch.full_like(batch.radius, self.step)
        direction = gradient.dense()
        length = torch.linalg.vector_norm(direction, dim=(-2, -1))
        # Divide first, in place: the inverse of a tiny length would overflow.
        direction /= length.clamp_min(torch.finfo(length.dtype).tiny)[:, None, None]
        return self.step * batch.share_within_full_scale() * batch.radius

    @staticmethod
    def _change(batch: Batch, perturbation: Tensor) -> Tensor:
        """Change of the magnitudes by a perturbation of the waveform."""
        if not bool(perturbation.any()):
            return torch.zeros_like(batch.magnitude)
        analysed = spectra.stft(perturbation, batch.model.n_fft, batch.model.hop_length)
        return spectra.modulus(batch.spectrum + analysed) * batch.valid[..., None] - batch.magnitude

    @staticmethod
    def _resynthesise(batch: Batch, change: Tensor, unit: Tensor) -> tuple[Tensor, Tensor]:
        """Change of the magnitudes, and phase, of the waveform made from the changed magnitudes and ``unit``."""
        perturbation = batch.waveform_of((batch.magnitude + change) * unit - batch.spectrum)
        spectrum = batch.spectrum + spectra.stft(perturbation, batch.model.n_fft, batch.model.hop_length)
        magnitude = spectra.modulus(spectrum)
        return magnitude * batch.valid[..., None] - batch.magnitude, spectra.phasor(spectrum, magnitude)

    @staticmethod
    def _realise(batch: Batch) -> Realise:
        return lambda change, unit, rows: batch.waveform_of(
            (batch.magnitude[rows] + change) * unit - batch.spectrum[rows], rows
        )


def descend(change: Tensor, gradient: Product | Dense, step: Tensor, floor: Tensor) -> Tensor:
    """Steps 2.1 and 2.2 of Algorithm 1: against the gradient, without negative magnitudes; overwrites ``change``.

    Parameters
    ----------
    change, floor : Tensor ``[n, n_frames, n_bins]``
        Change of the magnitudes, and -X, the change that makes them zero.
    gradient : Product or Dense ``[n, n_frames, n_bins]``
    step : Tensor ``[n]``

    Paper: Alg. 1, Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    gradient.step(change, step)
    return non_negative(change, floor, out=change)


def advance(
    change: Tensor, gradient: Product | Dense, step: Tensor, radius: Tensor, consistent: Consistency
) -> tuple[Tensor, Tensor]:
    """Steps 2.1 to 2.4 of Algorithm 1: against the gradient, not negative, consistent, within the ball.

    Done in place, since new memory costs more time than the arithmetic: ``change`` is overwritten, and the next call
    overwrites the results.

    Parameters
    ----------
    change : Tensor ``[n, n_frames, n_bins]``
        Of the exemplars' magnitudes, so far.
    gradient : Product or Dense ``[n, n_frames, n_bins]``
    step, radius : Tensor ``[n]``
    consistent : Consistency

    Returns
    -------
    change : Tensor ``[n, n_frames, n_bins]``
    perturbation : Tensor ``[n, n_samples]``
        Of the waveform that has these magnitudes, up to the projection into the ball, which scales both.

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """

    def before(part: Tensor, rows: slice, block: slice) -> None:
        descend(part, gradient[rows, block], step[rows], consistent.floor[rows, block])

    change, perturbation = consistent(change, before)
    change, factor = into_ball(change, radius, consistent.distance)
    if bool((factor < 1).any()):
        perturbation.mul_(factor[:, None])
    return change, perturbation
