"""Projected gradient descent on the waveform, where every iterate is a sound.

The gradient goes through the short-time Fourier transform, so nothing has to be made consistent.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

from .batch import Batch
from .judge import Judge
from .options import check_positive
from .waveforms import direction, feasible, loudest


@dataclass(frozen=True)
class PGD:
    """Steps of equal length against the gradient, kept within the budget (Madry et al. 2018).

    Parameters
    ----------
    step : float
        Length of a step, as a fraction of the budget.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """

    step: float = 0.1
    name = "pgd"

    def __post_init__(self) -> None:
        check_positive(step=self.step)

    def run(self, batch: Batch, judge: Judge) -> None:
        """Attack the excerpts of a batch."""
        perturbation = batch.start()
        for _ in batch.iterations():
            gradient, posterior, loss = batch.waveform_gradient(perturbation)
            going = judge(posterior, loss, (perturbation,))
            if not len(batch):
                return
            if going is not None:
                perturbation, gradient = perturbation[going], gradient[going]
            perturbation = perturbation - self.step * loudest(batch)[:, None] * direction(gradient)
            perturbation = feasible(batch, perturbation)
