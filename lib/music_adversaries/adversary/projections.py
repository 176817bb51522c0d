"""The two projections of Algorithm 1 that are simple sets; the third is `spectra.consistent_perturbation`."""

from __future__ import annotations

import torch
from torch import Tensor


def non_negative(z: Tensor) -> Tensor:
    """Nearest magnitudes that are not negative, same shape.

    Paper: Eq. (5)
    Notebook: book/05_adversaries.ipynb
    """
    return z.clamp_min(0.0)


def ball_factor(z: Tensor, centre: Tensor, radius: Tensor) -> Tensor:
    """Factor in (0, 1] that brings each sequence into the ball around its exemplar.

    The nearest point of the ball ``||z - centre|| <= radius`` is ``centre + factor * (z - centre)``.
    If ``z`` and ``centre`` are non-negative, so is that point.

    Parameters
    ----------
    z, centre : Tensor ``[n_excerpts, n_frames, n_bins]``
    radius : Tensor ``[n_excerpts]``

    Returns
    -------
    Tensor ``[n_excerpts]``

    Paper: Eq. (5), Eq. (6), Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    distance = torch.linalg.vector_norm(z - centre, dim=(-2, -1))
    return torch.where(distance > radius, radius / distance, torch.ones_like(distance))
