"""Projected gradient descent on the waveform, where every iterate is a sound.

The gradient goes through the short-time Fourier transform, so nothing has to be made consistent.

Paper: Eq. (7)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .. import audio, spectra
from .batch import Batch
from .options import check_positive

STEP_OF_16_BITS = 1 / audio.FULL_SCALE


@dataclass(frozen=True)
class PGD:
    """Steps of equal length against the gradient, kept within the budget (Madry et al. 2018).

    Parameters
    ----------
    step : float
        Length of a step, as a part of the budget.

    Paper: Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """

    step: float = 0.1
    name = "pgd"

    def __post_init__(self) -> None:
        check_positive(step=self.step)

    def run(self, batch: Batch) -> None:
        """Attack the excerpts of a batch."""
        perturbation = batch.start()
        for _ in batch.iterations():
            gradient, posterior = batch.waveform_gradient(perturbation)
            going = batch.judge(posterior, (perturbation,))
            if not len(batch):
                return
            if going is not None:
                perturbation, gradient = perturbation[going], gradient[going]
            perturbation = perturbation - self.step * loudest(batch)[:, None] * direction(gradient)
            perturbation = feasible(batch, perturbation)


def loudest(batch: Batch) -> torch.Tensor:
    """Norm ``[n]`` of a perturbation of the waveform at the budget's SNR, but no more than full scale throughout."""
    return batch.room() * spectra.radius(torch.linalg.vector_norm(batch.x, dim=1), batch.snr)


def feasible(batch: Batch, perturbation: torch.Tensor) -> torch.Tensor:
    """The perturbation ``[n, n_samples]`` cut off where the sum would pass full scale, then within the budget.

    What a file cuts off anyway would be a part of the iterate that nobody ever hears, and at a large budget all
    of it. What turns the perturbation down afterwards keeps it within full scale. One step of 16 bits is left on
    either side, so that the judge still sees, and counts, what is clipped.
    """
    least, most = batch.x.clamp(max=-1.0 - STEP_OF_16_BITS) - batch.x, batch.x.clamp(min=1.0) - batch.x
    return batch.within_budget(torch.clamp(perturbation, least, most))


def direction(gradient: torch.Tensor) -> torch.Tensor:
    """The gradients ``[n, n_samples]`` at length one; zero where there is none."""
    length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    return gradient / length.clamp_min(torch.finfo(gradient.dtype).tiny)
