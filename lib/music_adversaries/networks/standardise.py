"""The first layer of every network: training mean 0, training standard deviation 1, frozen.

Paper: Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import InputError

NEAR_CONSTANT = ("floor", "mask")
STATISTICS = ("frames", "published")


class Standardise(nn.Module):
    """Subtract the training mean and divide by the training standard deviation, bin by bin.

    Parameters
    ----------
    mean, std : Tensor ``[n_bins]``
        Mean and standard deviation of the training frames, in magnitude units.
    min_std : float
        A bin with a smaller standard deviation counts as near-constant. Dividing by that deviation would
        amplify it without bound.
    near_constant : {"floor", "mask"}
        What becomes of such a bin.

        - ``"floor"``: it is divided by ``min_std`` (default).
        - ``"mask"``: it is always zero, as in the published code.

    Raises
    ------
    InputError
        When ``near_constant`` is neither, or ``min_std`` is not greater than zero.

    Paper: Section 2.3
    Notebook: book/03_training.ipynb
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, std: Tensor, min_std: float = 0.05, *, near_constant: str = "floor") -> None:
        super().__init__()
        if near_constant not in NEAR_CONSTANT:
            raise InputError(f"near_constant is {near_constant!r}; choose one of {', '.join(NEAR_CONSTANT)}.")
        if not min_std > 0:
            raise InputError(f"min_std is {min_std}; it must be greater than zero, such as 0.05.")
        scale = 1.0 / std.clamp_min(min_std)
        if near_constant == "mask":
            scale = scale * (std > min_std)
        self.register_buffer("mean", mean.clone())
        self.register_buffer("scale", scale)

    @classmethod
    def fit(
        cls,
        frames: Tensor,
        min_std: float = 0.05,
        *,
        near_constant: str = "floor",
        statistics: str = "frames",
        targets: Tensor | None = None,
    ) -> Standardise:
        """From training frames.

        Parameters
        ----------
        frames : Tensor ``[..., n_bins]``, raw magnitudes
            Frames, or slices of them.
        min_std, near_constant : see the class
        statistics : {"frames", "published"}
            - ``"frames"``: mean and variance of all frames (default).
            - ``"published"``: as in the published code since June 2015. The mean is the mean of the class
              means. The variance is *the variance, over classes, of the variances within them*; this is
              not in the units of a variance.
        targets : Tensor ``[...]``, label indices
            One for each frame or slice; only ``"published"`` reads them.

        Raises
        ------
        InputError
            When there is no frame; when ``"published"`` gets no targets, or fewer than two classes.

        Paper: Section 2.3
        Notebook: book/03_training.ipynb
        """
        if frames.numel() == 0:
            raise InputError("There are no frames to standardise by; choose a partition with training excerpts.")
        n_bins = frames.shape[-1]
        if statistics == "frames":
            flat = frames.reshape(-1, n_bins)
            return cls(flat.mean(0), flat.std(0, correction=0), min_std, near_constant=near_constant)
        if statistics != "published":
            raise InputError(f"statistics is {statistics!r}; choose one of {', '.join(STATISTICS)}.")
        if targets is None or targets.shape != frames.shape[: targets.dim()]:
            raise InputError("The published statistics are taken class by class; give one target a frame.")
        classes = [frames[targets == label].reshape(-1, n_bins) for label in targets.unique()]
        if len(classes) < 2:
            raise InputError("The published statistics need frames of two classes at least; add a class.")
        mean = torch.stack([flat.mean(0) for flat in classes]).mean(0)
        variances = torch.stack([flat.var(0, correction=0) for flat in classes])
        return cls(mean, variances.var(0, correction=0).sqrt(), min_std, near_constant=near_constant)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale
