"""Training against adversaries.

This module has the single sign-gradient step from which the paper's Algorithm 2 makes its training
examples. It does not have the training itself.

Paper: Section 3.2, Alg. 2
Notebook: book/07_adversarial_training.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .errors import InputError


def sign_gradient_step(network: nn.Module, frames: Tensor, labels: Tensor, size: float = 0.25) -> Tensor:
    """Move every magnitude by ``size`` in the direction that makes ``labels`` more likely; clip at zero.

    The single step of Goodfellow and others (2015), towards a wanted label. It has no SNR budget,
    and the result need not be the spectrum of any waveform.

    Parameters
    ----------
    network : Module
        From frames to logits.
    frames : Tensor ``[n_frames, n_bins]``, magnitudes
    labels : Tensor ``[n_frames]``, the adversary's label indices
    size : float
        In magnitude units; 0.25 in the published code.

    Returns
    -------
    Tensor ``[n_frames, n_bins]``

    Paper: Section 3.2, Alg. 2
    Notebook: book/07_adversarial_training.ipynb
    """
    if not size >= 0:
        raise InputError(f"size is {size}; it must not be negative.")
    x = frames.detach().requires_grad_(True)
    with torch.enable_grad():
        loss = nn.functional.cross_entropy(network(x), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
    return (frames - size * gradient.sign()).clamp_min(0.0)
