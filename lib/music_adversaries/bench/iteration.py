"""One iteration of Algorithm 1 as the attack computes it.

Paper: Alg. 1, Eq. (5), Eq. (6), Eq. (7), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import spectra
from ..adversary.algorithm1 import advance
from ..adversary.consistency import Consistency
from ..adversary.gradients import gradient_of_magnitudes
from ..adversary.model import Model


class Iteration:
    """Gradient step, non-negativity, consistency and ball, for a batch of excerpts of one length.

    What the attack runs but for its judge: `algorithm1.advance` and the gradient excerpt by excerpt.

    Parameters
    ----------
    network : nn.Module
    waveforms : Tensor ``[n, n_samples]``
    targets : Tensor ``[n]``, label indices
    consistency : bool
    snr : float
        dB.
    step : float
        In magnitude units.

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self,
        network: nn.Module,
        waveforms: Tensor,
        targets: Tensor,
        *,
        consistency: bool = True,
        snr: float = 15.0,
        step: float = 0.1,
    ) -> None:
        self.targets, self.consistency = targets, consistency
        spectrum = spectra.stft(waveforms)
        self.valid = spectrum.real.new_ones(spectrum.shape[:2])
        self.consistent = Consistency(spectrum, waveforms.shape[1], self.valid)
        self.exemplar = self.consistent.exemplar
        self.radius = spectra.radius(torch.linalg.vector_norm(self.exemplar, dim=(-2, -1)), snr)
        self.step = torch.full_like(self.radius, step)
        self.z = self.exemplar.clone()
        model = Model(network, [str(i) for i in range(network.output.out_features)])
        self._gradient = gradient_of_magnitudes(network, model.rows_of_magnitudes, self.z.device)

    def restart(self) -> None:
        """Go back to the exemplars."""
        self.z.copy_(self.exemplar)

    def gradient(self) -> Tensor:
        """Of the loss, as the attack computes it.

        Paper: Eq. (7)
        Notebook: book/05_adversaries.ipynb
        """
        return self._gradient(self.z, self.targets, self.valid)[0]

    def __call__(self) -> None:
        """One iteration; the iterates are in ``z``."""
        consistent = self.consistent if self.consistency else None
        self.z, _ = advance(self.z, self.gradient(), self.step, self.exemplar, self.radius, consistent)
