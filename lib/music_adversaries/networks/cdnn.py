"""The convolutional network on slices of 100 frames.

Paper: Section 2.2, Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import InputError
from .base import Network
from .convolution import long_correlation
from .slices import SLICE_LENGTH, slices
from .standardise import Standardise

BIASES = ("tied", "untied")
CONVOLUTIONS = ("fourier", "direct")
POOL, POOL_STRIDE = 4, 2
SLICES_AT_ONCE = 24  # when no gradient is needed; each slice takes about 6 MB of maps


def layer_sizes(n_frames: int, n_bins: int, kernels: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Frames x bins of each map: after a convolution, after its pooling, after the next convolution, ...

    For the paper's slices and kernels (97, 114), (48, 56), (41, 49), (20, 24). Pooling is over 4 x 4
    with stride 2; what is left at the edge is pooled too.

    Raises
    ------
    InputError
        When a kernel is larger than the map it meets.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """
    size, sizes = (n_frames, n_bins), []
    for kernel in kernels:
        after = size[0] - kernel[0] + 1, size[1] - kernel[1] + 1
        if min(after) < 1:
            raise InputError(
                f"A kernel of {kernel[0]} x {kernel[1]} does not fit into a map of {size[0]} x {size[1]}; "
                "give longer slices or smaller kernels."
            )
        size = _pooled(after[0]), _pooled(after[1])
        sizes += [after, size]
    return sizes


def _pooled(size: int) -> int:
    return max(0, -(-(size - POOL) // POOL_STRIDE)) + 1


class CDNN(Network):
    """Two layers of 32 convolutional rectified linear units with pooling, then 50 dense ones, on slices.

    Kernels of 4 frames x 400 bins, then of 8 x 8; each followed by max-pooling over 4 x 4, stride 2.

    Parameters
    ----------
    standardise : Standardise
    n_labels : int
    n_units : int
        Units of the dense layer.
    biases : {"tied", "untied"}
        - ``"tied"``: one bias for each filter (default).
        - ``"untied"``: one for each filter and position, as in the published code: 353,856 and 64,288 of them.
    hop, remainder
        How `slices` cuts a sequence.
    convolution : {"fourier", "direct"}
        How the first layer is computed. The result is the same.

        - ``"fourier"``: by `long_correlation` (default).
        - ``"direct"``: by PyTorch's ``conv2d``.
    n_frames, n_filters, kernels
        Frames in a slice, filters in a layer, and frames x bins of their kernels.
    generator : torch.Generator
        For the initial weights, uniform in +-0.01 as in the published configuration; biases zero.

    Raises
    ------
    InputError
        For an unknown option, or kernels that do not fit.

    Paper: Section 2.2, Section 2.3
    Notebook: book/03_training.ipynb
    """

    def __init__(
        self,
        standardise: Standardise,
        n_labels: int,
        n_units: int = 50,
        *,
        biases: str = "tied",
        hop: int | None = None,
        remainder: str = "drop",
        convolution: str = "fourier",
        n_frames: int = SLICE_LENGTH,
        n_filters: int = 32,
        kernels: tuple[tuple[int, int], tuple[int, int]] = ((4, 400), (8, 8)),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if biases not in BIASES:
            raise InputError(f"biases is {biases!r}; choose one of {', '.join(BIASES)}.")
        if convolution not in CONVOLUTIONS:
            raise InputError(f"convolution is {convolution!r}; choose one of {', '.join(CONVOLUTIONS)}.")
        self.slice_length, self.hop, self.remainder, self.convolution = n_frames, hop, remainder, convolution
        self.n_bins = standardise.mean.shape[-1]
        self.sizes = layer_sizes(n_frames, self.n_bins, kernels)
        self.standardise = standardise
        self.weight1 = nn.Parameter(torch.empty(n_filters, 1, *kernels[0]))
        self.weight2 = nn.Parameter(torch.empty(n_filters, n_filters, *kernels[1]))
        shapes = [(1, 1), (1, 1)] if biases == "tied" else [self.sizes[0], self.sizes[2]]
        self.bias1, self.bias2 = (nn.Parameter(torch.zeros(n_filters, *shape)) for shape in shapes)
        self.dense = nn.Linear(n_filters * self.sizes[3][0] * self.sizes[3][1], n_units)
        self.output = nn.Linear(n_units, n_labels)
        for weight in (self.weight1, self.weight2, self.dense.weight, self.output.weight):
            nn.init.uniform_(weight, -0.01, 0.01, generator=generator)
        nn.init.zeros_(self.dense.bias)
        nn.init.zeros_(self.output.bias)
        self._settings = {
            "n_units": n_units,
            "biases": biases,
            "hop": hop,
            "remainder": remainder,
            "convolution": convolution,
            "n_frames": n_frames,
            "n_filters": n_filters,
            "kernels": tuple(map(tuple, kernels)),
        }
        self.rows(torch.zeros(n_frames, 1))  # refuses a bad hop or remainder now, not later

    def settings(self) -> dict[str, object]:
        """Arguments, besides ``standardise`` and ``n_labels``, that make another network of this shape."""
        return dict(self._settings)

    def extra_repr(self) -> str:
        (filters, _, *first), (*_, h, w) = self.weight1.shape, self.weight2.shape
        maps = ", ".join(f"{a}x{b}" for a, b in self.sizes)
        return f"{filters} filters of {first[0]}x{first[1]} and {h}x{w}, {self._settings['biases']} biases, maps {maps}"

    def rows(self, magnitudes: Tensor) -> Tensor:
        """Slices ``[..., n_slices, n_frames, n_bins]`` of a sequence; see `slices`.

        Paper: Eq. (2)
        Notebook: book/03_training.ipynb
        """
        return slices(magnitudes, self.slice_length, self.hop, remainder=self.remainder)

    def valid_rows(self, valid: Tensor) -> Tensor:
        """Which slices lie completely in frames that an excerpt has ``[..., n_slices]``; see `Network.valid_rows`.

        Raises
        ------
        InputError
            When excerpts of different lengths are padded to one length and the remainder overlaps: the
            last slice of a shorter excerpt would not lie at its own end.

        Notebook: book/05_adversaries.ipynb
        """
        if self.remainder == "overlap" and not bool((valid != 0).all()):
            raise InputError(
                'Padded excerpts have no common last slice with remainder "overlap"; take those of one length together.'
            )
        return self.rows(valid[..., None]).squeeze(-1).amin(-1)

    def activations(self, x: Tensor) -> list[Tensor]:
        """Pooled maps of both convolutional layers, flattened, and the dense layer.

        Parameters
        ----------
        x : Tensor ``[..., n_frames, n_bins]``, slices of magnitudes
            A whole sequence goes to ``sequence_activations``.

        Returns
        -------
        list of Tensor
            ``[..., 86016]``, ``[..., 15360]`` and ``[..., 50]`` with the paper's sizes; maps are
            flattened in the order filter, frame, bin.

        Raises
        ------
        InputError
            When ``x`` is not made of such slices.

        Paper: Section 2.2, Section 2.3
        Notebook: book/04_baselines.ipynb
        """
        if x.shape[-2:] != (self.slice_length, self.n_bins):
            raise InputError(
                f"The network reads slices of {self.slice_length} x {self.n_bins} but got {list(x.shape)}; "
                "cut a sequence with slices(), or give it to sequence_logits or sequence_activations."
            )
        leading = x.shape[:-2]
        x = self.standardise(x).reshape(-1, *x.shape[-2:])
        if self.convolution == "fourier":
            maps = long_correlation(x, self.weight1[:, 0])
        else:
            maps = F.conv2d(x[:, None], self.weight1)
        # The maximum of rectified values is the rectified maximum, so rectification, and a tied bias too, can be
        # applied after the pooling.
        first = torch.relu(self._pool_and_add(maps, self.bias1))
        # Frequency first: this is how the maps above lie in memory, so PyTorch pools and convolves without copying.
        maps = F.conv2d(first.transpose(2, 3), self.weight2.transpose(2, 3)).transpose(2, 3)
        second = torch.relu(self._pool_and_add(maps, self.bias2))
        first, second = (maps.reshape(*leading, -1) for maps in (first, second))
        return [first, second, torch.relu(self.dense(second))]

    @staticmethod
    def _pool_and_add(maps: Tensor, bias: Tensor) -> Tensor:
        tied = bias.shape[-2:] == (1, 1)
        maps = maps if tied else maps + bias
        # Transposed and back: PyTorch's fast pooling needs the memory layout of long_correlation.
        maps = F.max_pool2d(maps.transpose(2, 3), POOL, POOL_STRIDE, ceil_mode=True).transpose(2, 3)
        return maps + bias if tied else maps

    def forward(self, x: Tensor) -> Tensor:
        leading = x.shape[:-2]
        if torch.is_grad_enabled() or leading.numel() <= SLICES_AT_ONCE:
            return self.output(self.activations(x)[-1])
        blocks = x.reshape(-1, *x.shape[-2:]).split(SLICES_AT_ONCE)
        return torch.cat([self.output(self.activations(block)[-1]) for block in blocks]).reshape(*leading, -1)
