"""Noise in place of an attack, judged like an attack: what every attack is compared with.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from .. import audio
from ..errors import InputError
from .batch import Batch
from .disturbances import shaped, snr_against, sum_at_snr, white
from .judge import Judge
from .options import check_choices

COLOURS = {"white": white, "shaped": shaped}

_DEAFENING = 1e4  # of full scale: nearly every sample is clipped
_BEYOND = 1 + 1 / audio.FULL_SCALE  # what the judge counts as clipped


@dataclass(frozen=True)
class Noise:
    """The baseline of all attacks: one draw of noise as loud as the budget allows.

    Parameters
    ----------
    colour : {"white", "shaped"}
        See `white_noise` and `shaped_noise`.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """

    colour: str = "white"
    name = "noise"

    def __post_init__(self) -> None:
        check_choices(colour=(self.colour, tuple(COLOURS)))

    def run(self, batch: Batch, judge: Judge) -> None:
        """Show the judge the excerpts with noise.

        Where 16 bits cannot hold noise this soft, the excerpt stays as it is. Where they cannot hold noise this loud,
        it is clipped, as loud as they can hold.
        """
        batch.max_iterations = 0
        make, frames = COLOURS[self.colour], (batch.model.n_fft, batch.model.hop_length)
        snr = batch.budget.snr
        perturbation = torch.zeros_like(batch.x)
        for i, row in enumerate(batch.rows.tolist()):
            original = batch.originals[row]
            disturbance = make(original, batch.generators[row], *frames)
            noisy = np.clip(original + _DEAFENING * disturbance / np.abs(disturbance).max(), -_BEYOND, _BEYOND)
            loudest = snr_against(original, "magnitude", *frames)(audio.quantise(noisy))
            if loudest < snr:  # true for all but absurd budgets
                try:
                    noisy = _bounded(sum_at_snr(original, disturbance, snr, "magnitude", *frames))
                except InputError:
                    noisy = original
            perturbation[i, : len(original)] = torch.from_numpy(noisy - original).to(perturbation)
        for _ in batch.iterations():
            judge(*batch.posterior(perturbation), (perturbation,))


def _bounded(exact: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the file holds, and slightly beyond it where that is clipped, so that the judge counts those samples."""
    written = audio.quantise(exact)
    return np.where(np.abs(written) < 1 - 1 / audio.FULL_SCALE, written, np.clip(exact, -_BEYOND, _BEYOND))
