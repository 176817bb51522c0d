"""Arithmetic that no iteration can avoid: Fourier transforms of the frames, and matrix products of the network.

Paper: Section 2.2, Eq. (1), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ... import spectra
from ...adversary.consistency import FRAMES_AT_ONCE
from ...networks import DNN
from .timing import seconds

# Multiplications and additions of a forward pass of the `CDNN` on a slice, with the paper's sizes, layer by layer.
CDNN_FIRST = 2 * 32 * 97 * 114 * 4 * 400
CDNN_SECOND = 2 * 32 * 41 * 49 * 32 * 8 * 8
CDNN_DENSE = 2 * (15_360 * 50 + 50 * 10)
CDNN_FORWARD_AND_INPUT_GRADIENT = 2 * (CDNN_FIRST + CDNN_SECOND + CDNN_DENSE)

SIDE = 1_024


def transforms(n_frames: int) -> Callable[[], None]:
    """The inverse transform of ``n_frames`` frames, and the transform back.

    They are computed in blocks that stay in the cache, and the results are dropped at once. On whole excerpts the
    same calls take up to three times as long, mostly for new memory.

    Paper: Eq. (1), Eq. (9)
    Notebook: book/05_adversaries.ipynb
    """
    spectrum = torch.randn(n_frames, spectra.N_BINS, dtype=torch.complex64)
    frames = torch.randn(n_frames, spectra.N_FFT)

    def both() -> None:
        for block in spectrum.split(FRAMES_AT_ONCE):
            torch.fft.irfft(block, n=spectra.N_FFT)
        for block in frames.split(FRAMES_AT_ONCE):
            torch.fft.rfft(block)

    return both


def products(network: DNN, n_frames: int) -> Callable[[], None]:
    """Matrix products of a forward pass and of the gradient with respect to the input, and nothing else.

    Paper: Section 2.2
    Notebook: book/05_adversaries.ipynb
    """
    weights = [layer.weight.detach() for layer in (*network.hidden, network.output)]
    sizes = [weights[0].shape[1], *(len(weight) for weight in weights)]
    reads, results = ([torch.rand(n_frames, size) for size in sizes] for _ in range(2))

    def all_of_them() -> None:
        for i, weight in enumerate(weights):
            torch.mm(reads[i], weight.T, out=results[i + 1])
            torch.mm(reads[i + 1], weight, out=results[i])

    return all_of_them


def matrix_rate(a: Tensor, b: Tensor) -> float:
    """Multiplications and additions per second, in the quickest of four products of two matrices ``[SIDE, SIDE]``."""
    return 2 * SIDE**3 / min(seconds(lambda: a @ b) for _ in range(4))
