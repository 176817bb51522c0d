"""One iteration of Algorithm 1 as the attack computes it.

Paper: Alg. 1, Eq. (5), Eq. (6), Eq. (7), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import spectra
from ..adversary.algorithm1 import advance
from ..adversary.batch import loss_gradient
from ..adversary.consistency import Consistency
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
        self.targets, self.step, self.consistency = targets, step, consistency
        self.rows = Model(network, [str(i) for i in range(network.output.out_features)]).rows_of_magnitudes
        spectrum = spectra.stft(waveforms)
        self.valid = spectrum.real.new_ones(spectrum.shape[:2])
        self.consistent = Consistency(spectrum, waveforms.shape[1], self.valid)
        self.exemplar = self.consistent.exemplar
        self.radius = spectra.radius(torch.linalg.vector_norm(self.exemplar, dim=(-2, -1)), snr)
        self.z = self.exemplar.clone()

    def restart(self) -> None:
        """Go back to the exemplars."""
        self.z.copy_(self.exemplar)

    def gradient(self) -> Tensor:
        """Of the loss, one excerpt after the other as in the attack.

        Paper: Eq. (7)
        Notebook: book/05_adversaries.ipynb
        """
        parts = [
            loss_gradient(self.rows, *(t[i : i + 1] for t in (self.z, self.targets, self.valid)))[0]
            for i in range(len(self.z))
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def __call__(self) -> None:
        """One iteration; the iterates are in ``z``."""
        change = self.gradient().mul_(self.step)
        self.z, _ = advance(self.z, change, self.exemplar, self.radius, self.consistent if self.consistency else None)
