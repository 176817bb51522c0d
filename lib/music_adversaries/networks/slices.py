"""A sequence of frames cut into slices.

Paper: Eq. (2)
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError

SLICE_LENGTH = 100  # frames, 2.35 s
REMAINDERS = ("drop", "overlap")


def slices(sequence: Tensor, length: int = SLICE_LENGTH, hop: int | None = None, *, remainder: str = "drop") -> Tensor:
    """Cut a sequence of frames into slices of equal length.

    Slice ``n`` holds the frames ``n * hop`` to ``n * hop + length - 1``.

    Parameters
    ----------
    sequence : Tensor ``[..., n_frames, n_bins]``
    length : int
        Frames in a slice.
    hop : int
        Frames between the starts of slices; ``length`` by default, so that slices do not overlap,
        as in the paper's equation. An older version of the published code hops by 10.
    remainder : {"drop", "overlap"}
        What becomes of the frames after the last whole slice.

        - ``"drop"``: they are left out, as in the published code (default). These are up to ``hop - 1``
          frames: the last 90 of the 1,290 frames of half a minute.
        - ``"overlap"``: they come in a last slice that ends with the sequence and overlaps the slice before.

    Returns
    -------
    Tensor ``[..., n_slices, length, n_bins]``
        A view of ``sequence``, except with overlap.

    Raises
    ------
    InputError
        When there is not one whole slice, or a setting is out of range.

    Paper: Eq. (2)
    Notebook: book/03_training.ipynb
    """
    hop = length if hop is None else hop
    _check(length, hop, remainder)
    n_frames = sequence.shape[-2]
    if n_frames < length:
        raise InputError(f"The sequence has {n_frames} frames, fewer than one slice of {length}; give a longer one.")
    cut = sequence.unfold(-2, length, hop).transpose(-1, -2)
    if remainder == "overlap" and (n_frames - length) % hop:
        cut = torch.cat([cut, sequence[..., None, n_frames - length :, :]], dim=-3)
    return cut


def _check(length: int, hop: int, remainder: str) -> None:
    if length < 1 or hop < 1:
        raise InputError(f"Slices of {length} frames every {hop} cannot be cut; both must be at least 1.")
    if remainder not in REMAINDERS:
        raise InputError(f"remainder is {remainder!r}; choose one of {', '.join(REMAINDERS)}.")
