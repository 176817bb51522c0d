"""The two projections of Algorithm 1 that are simple sets; the third is `spectra.consistent_perturbation`."""

from __future__ import annotations

import torch
from torch import Tensor


def non_negative(z: Tensor, out: Tensor | None = None) -> Tensor:
    """Nearest magnitudes that are not negative, same shape; into ``out``, which may be ``z``, where it is given.

    Paper: Eq. (5)
    Notebook: book/05_adversaries.ipynb
    """
    return torch.clamp_min(z, 0.0, out=out)


def ball_factor(z: Tensor, centre: Tensor, radius: Tensor, distance: Tensor | None = None) -> Tensor:
    """Factor in (0, 1] that brings each sequence into the ball around its exemplar.

    The nearest point of the ball ``||z - centre|| <= radius`` is ``centre + factor * (z - centre)``.
    If ``z`` and ``centre`` are non-negative, so is that point.

    Parameters
    ----------
    z, centre : Tensor ``[n_excerpts, n_frames, n_bins]``
    radius : Tensor ``[n_excerpts]``
    distance : Tensor ``[n_excerpts]``
        ``||z - centre||``, where it is known already.

    Returns
    -------
    Tensor ``[n_excerpts]``

    Paper: Eq. (5), Eq. (6), Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    if distance is None:
        # One by one: the difference of all of them would be fresh memory, which costs more than the arithmetic.
        distance = torch.stack([torch.dist(one, exemplar) for one, exemplar in zip(z, centre, strict=True)])
    return torch.where(distance > radius, radius / distance, torch.ones_like(distance))


def into_ball(z: Tensor, centre: Tensor, radius: Tensor, distance: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The nearest sequences within the ball, in place of ``z``, and the factors of `ball_factor`.

    Paper: Eq. (5), Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    factor = ball_factor(z, centre, radius, distance)
    for i in torch.nonzero(factor < 1)[:, 0].tolist():
        torch.lerp(centre[i], z[i], factor[i], out=z[i])
    return z, factor
