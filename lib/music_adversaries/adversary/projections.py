"""The two projections of Algorithm 1 that are simple sets; the third is `spectra.consistent_perturbation`.

Both work on the *change* of the magnitudes, ``Z - X``: what is kept within the ball is the change, and magnitudes are
not negative where it is not below ``-X``.
"""

from __future__ import annotations

import torch
from torch import Tensor


def non_negative(change: Tensor, floor: Tensor, out: Tensor | None = None) -> Tensor:
    """The nearest change after which no magnitude is negative.

    Parameters
    ----------
    change : Tensor
    floor : Tensor, same shape
        ``-X``, the change that leaves nothing.
    out : Tensor, same shape
        Where it is to be written; may be ``change``.

    Returns
    -------
    Tensor, same shape

    Paper: Eq. (5)
    Notebook: book/05_adversaries.ipynb
    """
    return torch.maximum(change, floor, out=out)


def ball_factor(change: Tensor, radius: Tensor, distance: Tensor | None = None) -> Tensor:
    """Factor in (0, 1] that brings the change of each sequence into the ball: the nearest one is ``factor * change``.

    If no magnitude is negative after ``change``, none is after that one.

    Parameters
    ----------
    change : Tensor ``[n_excerpts, n_frames, n_bins]``
    radius : Tensor ``[n_excerpts]``
    distance : Tensor ``[n_excerpts]``
        ``||change||``, where it is known already.

    Returns
    -------
    Tensor ``[n_excerpts]``

    Paper: Eq. (5), Eq. (6), Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    if distance is None:
        distance = torch.linalg.vector_norm(change, dim=(-2, -1))
    return torch.where(distance > radius, radius / distance, torch.ones_like(distance))


def into_ball(change: Tensor, radius: Tensor, distance: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The nearest changes within the ball, in place of ``change``, and the factors of `ball_factor`.

    Paper: Eq. (5), Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    factor = ball_factor(change, radius, distance)
    for i in torch.nonzero(factor < 1)[:, 0].tolist():
        change[i].mul_(factor[i])
    return change, factor
