"""Projected gradient descent on the waveform that finds its own step.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .batch import Batch
from .judge import Judge
from .options import check_positive
from .waveforms import direction, feasible, loudest

MOMENTUM = 0.75
ENOUGH = 0.75  # share of the steps since the last checkpoint that must have lowered the loss


@dataclass(frozen=True)
class APGD:
    """Auto-PGD (Croce and Hein 2020): steps start long and are halved where they no longer help.

    At checkpoints, which follow at shorter and shorter intervals, an excerpt halves its step and continues from its
    best iterate if its loss fell too seldom or its lowest loss did not improve.

    Parameters
    ----------
    step : float
        The first step, as a fraction of the budget.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """

    step: float = 2.0
    name = "apgd"

    def __post_init__(self) -> None:
        check_positive(step=self.step)

    def run(self, batch: Batch, judge: Judge) -> None:
        """Attack the excerpts of a batch."""
        x = batch.start()
        before, best, step = x, x, self.step * loudest(batch)
        least = torch.full_like(step, torch.inf)  # loss of the best iterate
        last = -least  # the start is not a step, so it lowers nothing
        n_falls = torch.zeros_like(step)  # steps since the checkpoint that lowered the loss
        least_at_checkpoint = least.clone()
        halved = torch.zeros_like(step, dtype=torch.bool)
        marks = checkpoints(batch.max_iterations)

        for k in batch.iterations():
            gradient, posterior, loss = batch.waveform_gradient(x)
            n_falls += loss < last
            better = loss < least
            best = torch.where(better[:, None], x, best)
            least, last = torch.where(better, loss, least), loss
            going = judge(posterior, loss, (x,))
            if not len(batch):
                return
            if going is not None:
                x, before, best, gradient, step = (t[going] for t in (x, before, best, gradient, step))
                least, last, least_at_checkpoint = (t[going] for t in (least, last, least_at_checkpoint))
                n_falls, halved = n_falls[going], halved[going]

            if k in marks[1:]:
                passed = k - marks[marks.index(k) - 1]
                stuck = ~halved & (least >= least_at_checkpoint)
                halve = (n_falls < ENOUGH * passed) | stuck
                step = torch.where(halve, step / 2, step)
                x = torch.where(halve[:, None], best, x)
                before = torch.where(halve[:, None], best, before)
                if bool(halve.any()):  # the best iterate has another gradient
                    gradient, *_ = batch.waveform_gradient(x)
                halved, least_at_checkpoint = halve, least.clone()
                n_falls = torch.zeros_like(n_falls)
            z = feasible(batch, x - step[:, None] * direction(gradient))
            after = z if k == 0 else feasible(batch, x + MOMENTUM * (z - x) + (1 - MOMENTUM) * (x - before))
            before, x = x, after


def checkpoints(n: int) -> list[int]:
    """Iterations at which steps may be halved: after 22 % of ``n``, then at intervals that shrink by 3 % to 6 %.

    Notebook: book/05_adversaries.ipynb
    """
    places = [0, 22]  # in whole hundredths: binary fractions would be rounded up too often
    while places[-1] < 100:
        places.append(places[-1] + max(places[-1] - places[-2] - 3, 6))
    return sorted({-(-place * n // 100) for place in places if place <= 100})
