"""Projected gradient descent on the waveform that finds its own step.

Paper: Eq. (7)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .batch import Batch
from .options import check_positive
from .pgd import direction, feasible, loudest

MOMENTUM = 0.75
ENOUGH = 0.75  # share of steps that must have lowered the loss since the last checkpoint


@dataclass(frozen=True)
class APGD:
    """Auto-PGD (Croce and Hein 2020): steps start long and are halved where they no longer help.

    At checkpoints that come closer and closer, an excerpt whose loss fell too seldom, or whose best has not
    moved at the same step, halves its step and goes on from its best.

    Parameters
    ----------
    step : float
        The first step, as a part of the budget.

    Paper: Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """

    step: float = 2.0
    name = "apgd"

    def __post_init__(self) -> None:
        check_positive(step=self.step)

    def run(self, batch: Batch) -> None:
        """Attack the excerpts of a batch."""
        x = batch.start()
        before, best, step = x, x, self.step * loudest(batch)
        least = torch.full_like(step, torch.inf)  # loss of the best
        last = -least  # the start is no step that lowered anything
        fell = torch.zeros_like(step)  # steps that lowered the loss since the checkpoint
        halved, least_then = torch.zeros_like(step, dtype=torch.bool), least.clone()
        marks = checkpoints(batch.max_iterations)

        for k in batch.iterations():
            gradient, posterior = batch.waveform_gradient(x)
            loss = batch.loss
            fell += loss < last
            better = loss < least
            best = torch.where(better[:, None], x, best)
            least, last = torch.where(better, loss, least), loss
            going = batch.judge(posterior, (x,))
            if not len(batch):
                return
            if going is not None:
                x, before, best, gradient, step = (t[going] for t in (x, before, best, gradient, step))
                least, last, fell, halved, least_then = (t[going] for t in (least, last, fell, halved, least_then))

            if k in marks[1:]:
                passed = k - marks[marks.index(k) - 1]
                stuck = ~halved & (least >= least_then)
                halve = (fell < ENOUGH * passed) | stuck
                step = torch.where(halve, step / 2, step)
                # From the best, which has the gradient of another place: so it is computed there.
                x = torch.where(halve[:, None], best, x)
                before = torch.where(halve[:, None], best, before)
                if bool(halve.any()):
                    gradient, _ = batch.waveform_gradient(x)
                halved, least_then = halve, least.clone()
                fell = torch.zeros_like(fell)
            z = feasible(batch, x - step[:, None] * direction(gradient))
            after = z if k == 0 else feasible(batch, x + MOMENTUM * (z - x) + (1 - MOMENTUM) * (x - before))
            before, x = x, after


def checkpoints(n: int) -> list[int]:
    """Iterations at which steps may be halved: after 22 % of ``n``, then at intervals that shrink by 3 % to 6 %.

    Notebook: book/05_adversaries.ipynb
    """
    places = [0, 22]  # hundredths: fractions of two would be rounded up where they should not
    while places[-1] < 100:
        places.append(places[-1] + max(places[-1] - places[-2] - 3, 6))
    return sorted({-(-place * n // 100) for place in places if place <= 100})
