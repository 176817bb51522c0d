"""What attacks on waveforms share: the longest step, the projection, the direction of a gradient.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor

from .. import audio, spectra
from .batch import Batch

STEP_OF_16_BITS = 1 / audio.FULL_SCALE


def loudest(batch: Batch) -> Tensor:
    """Norm ``[n]`` of a perturbation of the waveform at the budget's SNR, at most that of full scale throughout."""
    return batch.share_within_full_scale() * spectra.radius(torch.linalg.vector_norm(batch.x, dim=1), batch.budget.snr)


def within_scale(batch: Batch, perturbation: Tensor) -> Tensor:
    """The perturbation ``[n, n_samples]``, clipped where the sum would pass full scale.

    A file cannot hold samples beyond full scale: that part of the iterate would never be heard, and at a large budget
    it would be most of it. One step of 16 bits is left on either side, so that the judge still counts clipped samples.
    """
    least, most = batch.x.clamp(max=-1.0 - STEP_OF_16_BITS) - batch.x, batch.x.clamp(min=1.0) - batch.x
    return torch.clamp(perturbation, least, most)


def feasible(batch: Batch, perturbation: Tensor) -> Tensor:
    """The perturbation ``[n, n_samples]`` `within_scale`, then turned down into the budget, which keeps it there."""
    return batch.within_budget(within_scale(batch, perturbation))


def direction(gradient: Tensor) -> Tensor:
    """The gradients ``[n, n_samples]`` scaled to length one; zero where the gradient is zero."""
    length = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    return gradient / length.clamp_min(torch.finfo(gradient.dtype).tiny)
