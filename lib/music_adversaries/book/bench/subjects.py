"""What is measured: networks of the paper's sizes, recordings, and an iteration on them.

Networks have random weights and recordings are noise: neither changes how long an iteration takes.

Paper: Alg. 1, Section 2.2
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor

from ... import spectra
from ...networks import CDNN, DNN, Network, Standardise
from .iteration import Iteration

SYSTEMS = {"dnn50": "DNN-50", "dnn500": "DNN-500", "cdnn": "CDNN"}
N_LABELS = 10
SNR = 15.0  # dB


def network(system: str) -> Network:
    """A network of the paper's size with random weights, for ten labels.

    Parameters
    ----------
    system : one of `SYSTEMS`

    Paper: Section 2.2
    Notebook: book/05_adversaries.ipynb
    """
    standardise = Standardise(torch.full((spectra.N_BINS,), 2.0), torch.full((spectra.N_BINS,), 3.0))
    generator = torch.Generator().manual_seed(0)
    if system == "cdnn":
        return CDNN(standardise, N_LABELS, generator=generator).eval()
    return DNN(standardise, N_LABELS, int(system.removeprefix("dnn")), generator=generator).eval()


def noise(batch: int, length: float) -> Tensor:
    """Recordings ``[batch, n_samples]`` of white noise, ``length`` seconds each."""
    generator = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(batch, round(length * spectra.SAMPLE_RATE), generator=generator)


def iteration(network: Network, batch: int, length: float, consistency: bool = True) -> Iteration:
    """An iteration on ``batch`` excerpts of ``length`` seconds.

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """
    targets = torch.arange(batch) % N_LABELS
    return Iteration(network, noise(batch, length), targets, consistency=consistency, snr=SNR)
