"""Correlation of one-channel maps with long kernels, in a fifth of the direct arithmetic.

The problem
    The first kernels of the `CDNN` span 4 frames and 400 bins. Moved over 100 x 513 magnitudes
    they cost 1,600 multiplications for each output: nine tenths of the arithmetic of the network.

The solution
    A correlation along frequency is a multiplication after a Fourier transform. Most of a transform
    as long as a frame would be thrown away, since there are only 114 positions. So the kernel is cut
    into pieces of 100 bins. Each piece needs a transform of only 114 + 100 - 1 = 213 points. The
    products of all pieces and of all 4 frames are added up before a single transform back, of which
    only 114 points are computed. All steps are matrix products with matrices of cosines and sines, so
    autograd differentiates them, and nothing depends on the type or the device.

    With real numbers: if ``X = Xr - j Xi`` and ``W = Wr - j Wi`` are the transforms of input and
    kernel, the correlation has the transform ``X conj(W) = (Xr Wr + Xi Wi) + j (Xr Wi - Xi Wr)``.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import InputError


def long_correlation(x: Tensor, weight: Tensor, *, piece: int | None = None) -> Tensor:
    """What ``conv2d(x[:, None], weight[:, None])`` gives, faster for kernels that are long in the last dimension.

    Parameters
    ----------
    x : Tensor ``[n, height, width]``
        For the `CDNN`, ``[n_slices, 100, 513]``.
    weight : Tensor ``[n_filters, kernel_height, kernel_width]``
        For the `CDNN`, ``[32, 4, 400]``.
    piece : int
        Bins of the pieces that the kernel is cut into; a quarter of it by default.

    Returns
    -------
    Tensor ``[n, n_filters, height - kernel_height + 1, width - kernel_width + 1]``
        Laid out in memory as ``[n, width, height, n_filters]``; in float32 within 1e-5 of the
        largest output of the direct sum.

    Raises
    ------
    InputError
        When the kernel is larger than the input.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """
    (n, height, width), (n_filters, kernel_height, kernel_width) = x.shape, weight.shape
    out_height, out_width = height - kernel_height + 1, width - kernel_width + 1
    if min(out_height, out_width) < 1:
        raise InputError(
            f"A kernel of {kernel_height} x {kernel_width} does not fit into {height} x {width}; give a larger input."
        )
    piece = -(-kernel_width // 4) if piece is None else min(piece, kernel_width)
    n_pieces = -(-kernel_width // piece)
    cosine, sine, *back = _transforms(out_width, piece, x.dtype, x.device)
    n_frequencies, length = cosine.shape

    # Spectra of the parts of the input that the pieces meet: [n_frequencies, n, height, n_pieces].
    stretches = F.pad(x, (0, max(0, (n_pieces - 1) * piece + length - width))).unfold(-1, length, piece)
    stretches = stretches[:, :, :n_pieces].reshape(-1, length).T
    x_parts = [(m @ stretches).view(n_frequencies, n, height, n_pieces) for m in (cosine, sine)]
    # Spectra of the pieces: [n_frequencies, kernel_height * n_pieces, n_filters].
    pieces = F.pad(weight, (0, n_pieces * piece - kernel_width)).view(n_filters, kernel_height, n_pieces, piece)
    pieces = pieces.permute(1, 2, 0, 3).reshape(-1, piece).T
    w_real, w_imaginary = ((m[:, :piece] @ pieces).view(n_frequencies, -1, n_filters) for m in (cosine, sine))

    # At each frequency, one matrix product over real and imaginary parts, frames of the kernel, and pieces.
    gathered = torch.cat([part[:, :, i : i + out_height] for part in x_parts for i in range(kernel_height)], dim=-1)
    gathered = gathered.view(n_frequencies, n * out_height, -1)
    real = torch.bmm(gathered, torch.cat([w_real, w_imaginary], dim=1))
    imaginary = torch.bmm(gathered, torch.cat([w_imaginary, -w_real], dim=1))

    # And back: out_width points of n * out_height * n_filters spectra.
    real, imaginary = (part.view(n_frequencies, n, -1).transpose(0, 1) for part in (real, imaginary))
    y = torch.matmul(back[0], real) + torch.matmul(back[1], imaginary)
    return y.view(n, out_width, out_height, n_filters).permute(0, 3, 2, 1)


@lru_cache(maxsize=16)
def _transforms(out_width: int, piece: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    """Cosines and sines of a transform just long enough, ``[n_frequencies, length]``, and of ``out_width`` points back.

    The sines of the transform back are negative, since ``Re((a + j b) exp(j t)) = a cos t - b sin t``.
    The length is odd: then every frequency except 0 counts twice.
    """
    length = out_width + piece - 1
    length += 1 - length % 2
    n_frequencies = length // 2 + 1
    # Kept after the call, so they must not be made in inference mode: autograd cannot use such tensors.
    with torch.inference_mode(False), torch.no_grad():
        steps = torch.outer(torch.arange(n_frequencies), torch.arange(length)) % length
        angle = steps.to(torch.float64) * (2 * math.pi / length)
        count = torch.full((n_frequencies, 1), 2.0 / length, dtype=torch.float64)
        count[0] = 1.0 / length
        there = angle.cos(), angle.sin()
        back = ((count * m)[:, :out_width].T.contiguous() for m in (there[0], -there[1]))
        return tuple(m.to(device, dtype) for m in (*there, *back))
