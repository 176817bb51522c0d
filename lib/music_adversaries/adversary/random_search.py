"""A black-box attack: it asks for posteriors and sees no gradient.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .batch import Batch
from .judge import Judge
from .options import check_positive
from .waveforms import feasible, loudest


@dataclass(frozen=True)
class RandomSearch:
    """Patches of band-limited noise, kept where they raise the target's posterior.

    The idea of the Square attack (Andriushchenko et al. 2020) for sound: every step proposes noise in a random
    stretch of time and band of frequency, and keeps it if it helps. It is a check on the other attacks: if this one
    does better, their gradients are misleading.

    Parameters
    ----------
    step : float
        Length of a proposal, as a fraction of the budget.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """

    step: float = 0.3
    name = "random_search"

    def __post_init__(self) -> None:
        check_positive(step=self.step)

    def run(self, batch: Batch, judge: Judge) -> None:
        """Attack the excerpts of a batch."""
        proposal = kept = batch.start()
        least = None
        for _ in batch.iterations():
            posterior, loss = batch.posterior(proposal)
            if least is None:
                least = loss
            else:
                better = loss < least
                kept = torch.where(better[:, None], proposal, kept)
                least = torch.where(better, loss, least)
            going = judge(posterior, loss, (proposal,))
            if not len(batch):
                return
            if going is not None:
                kept, least = kept[going], least[going]
            proposal = feasible(batch, kept + self.step * loudest(batch)[:, None] * self._patches(batch))

    @staticmethod
    def _patches(batch: Batch) -> Tensor:
        """One patch of noise for each excerpt ``[n, n_samples]``, scaled to length one."""
        patches = torch.zeros_like(batch.x)
        for i, row in enumerate(batch.rows.tolist()):
            rng, n = batch.generators[row], len(batch.originals[row])
            length = min(n, int(n * rng.uniform(0.05, 1.0)))
            start = int(rng.integers(0, n - length + 1))
            spectrum = np.fft.rfft(rng.standard_normal(length))
            # Bands are equally likely on a logarithmic scale of frequency, down to a thousandth of the highest.
            low, high = np.sort(10.0 ** rng.uniform(-3, 0, size=2)) * len(spectrum)
            spectrum[: int(low)] = 0
            spectrum[int(high) + 1 :] = 0
            noise = np.fft.irfft(spectrum, length)
            norm = np.linalg.norm(noise)
            if norm > 0:
                patches[i, start : start + length] = torch.from_numpy(noise / norm).to(patches)
        return patches
