"""One iteration of Algorithm 1 as the attack computes it.

Paper: Alg. 1, Eq. (5), Eq. (6), Eq. (7), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import spectra
from ..adversary.algorithm1 import loss_gradient
from ..adversary.consistency import Consistency
from ..adversary.projections import ball_factor


class Iteration:
    """Gradient step, non-negativity, consistency and ball, for a batch of excerpts of one length.

    Everything that outlasts an excerpt is done in place: fresh memory costs more than the arithmetic.
    For the same reason the gradient is taken one excerpt at a time.

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
        self.network, self.targets, self.step, self.consistency = network, targets, step, consistency
        spectrum = spectra.stft(waveforms)
        self.valid = spectrum.real.new_ones(spectrum.shape[:2])
        self.consistent = Consistency(spectrum, waveforms.shape[1], self.valid)
        self.exemplar = self.consistent.exemplar
        self.radius = spectra.radius(torch.linalg.vector_norm(self.exemplar, dim=(-2, -1)), snr)
        self.z = self.exemplar.clone()

    def restart(self) -> None:
        """Go back to the exemplars."""
        self.z.copy_(self.exemplar)

    def gradient_step(self) -> None:
        """Against the gradient of the loss, and back to what is not negative.

        Paper: Eq. (7)
        Notebook: book/05_adversaries.ipynb
        """
        for i in range(len(self.z)):
            one = slice(i, i + 1)
            gradient, _ = loss_gradient(self.network, self.z[one], self.targets[one], self.valid[one])
            self.z[one].sub_(gradient, alpha=self.step).clamp_min_(0.0)

    def __call__(self) -> None:
        """One iteration; the iterates are in ``z``."""
        self.gradient_step()
        if self.consistency:
            self.z, perturbation = self.consistent(self.z)
        for i in range(len(self.z)):
            one = slice(i, i + 1)
            factor = ball_factor(self.z[one], self.exemplar[one], self.radius[one])
            torch.lerp(self.exemplar[one], self.z[one], factor[:, None, None], out=self.z[one])
            if self.consistency:
                perturbation[one].mul_(factor[:, None])
