"""One iteration of Algorithm 1 as the attack computes it.

Paper: Alg. 1, Eq. (5), Eq. (6), Eq. (7), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor

from ... import spectra
from ...adversary.algorithm1 import advance, descend
from ...adversary.consistency import Consistency
from ...adversary.gradients import Dense, Product, gradient_of_magnitudes
from ...adversary.model import Model
from ...adversary.projections import into_ball
from ...networks import CDNN, DNN


class Iteration:
    """Gradient step, non-negativity, consistency and ball, for a batch of excerpts of one length.

    What the attack runs, except for its judge: `algorithm1.advance`, and the gradient excerpt by excerpt.

    Parameters
    ----------
    network : DNN or CDNN
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
        network: DNN | CDNN,
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
        self.exemplar = spectra.modulus(spectrum)
        self.radius = spectra.radius(torch.linalg.vector_norm(self.exemplar, dim=(-2, -1)), snr)
        self.step = torch.full_like(self.radius, step)
        self.change = torch.zeros_like(self.exemplar)
        model = Model(network, [str(i) for i in range(network.output.out_features)])
        self._gradient = gradient_of_magnitudes(network, model.rows_of_magnitudes, self.exemplar.device)

    @property
    def z(self) -> Tensor:
        """The iterates' magnitudes ``[n, n_frames, n_bins]``."""
        return self.exemplar + self.change

    def restart(self) -> None:
        """Go back to the exemplars."""
        self.change.zero_()

    def gradient(self) -> Product | Dense:
        """The gradient of the loss, as the attack computes it.

        Paper: Eq. (7)
        Notebook: book/05_adversaries.ipynb
        """
        return self._gradient(self.change, self.exemplar, self.targets, self.valid)[0]

    def __call__(self) -> None:
        """One iteration; the iterates are in ``change``."""
        if self.consistency:
            self.change, _ = advance(self.change, self.gradient(), self.step, self.radius, self.consistent)
        else:
            self.change = descend(self.change, self.gradient(), self.step, self.consistent.floor)
            into_ball(self.change, self.radius)
