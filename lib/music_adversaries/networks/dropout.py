"""Units left out at random in training.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import InputError

SCALES = ("inverted", "published")
PUBLISHED_SCALE = 2.0  # correct for an inclusion probability of one half; the published probability is 0.75


class Dropout(nn.Module):
    """Set each unit to zero with some probability while training, and scale the others.

    Parameters
    ----------
    probability : float
        Probability of leaving a unit out, 0 <= probability < 1.
    scale : {"inverted", "published"}
        - ``"inverted"``: ``1 / (1 - probability)``; a unit's mean is then the same in training and in use (default).
        - ``"published"``: 2, whatever the probability. With the published probability of 0.25, units are then
          1.5 times larger in training than in use.
    seed : int
        Seed of this layer's own random numbers. Global random states are neither used nor changed.

    Raises
    ------
    InputError
        For another scale, or a probability out of range.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """

    def __init__(self, probability: float = 0.25, scale: str = "inverted", *, seed: int = 0) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise InputError(f"dropout is {probability}; give a probability from 0 up to, but not including, 1.")
        if scale not in SCALES:
            raise InputError(f"dropout_scale is {scale!r}; choose one of {', '.join(SCALES)}.")
        self.probability = probability
        self.factor = PUBLISHED_SCALE if scale == "published" else 1.0 / (1.0 - probability)
        self.seed = seed
        self._generators: dict[torch.device, torch.Generator] = {}

    def generator_states(self) -> dict[str, Tensor]:
        """States of its random numbers, by device; needed to continue an interrupted training."""
        return {str(device): generator.get_state() for device, generator in self._generators.items()}

    def set_generator_states(self, states: dict[str, Tensor]) -> None:
        """Continue from what `generator_states` returned."""
        for name, state in states.items():
            device = torch.device(name)
            self._generators[device] = torch.Generator(device)
            self._generators[device].set_state(state.cpu())

    def extra_repr(self) -> str:
        return f"probability={self.probability:g}, factor={self.factor:g}"

    def mask(self, x: Tensor) -> Tensor:
        """A newly drawn mask of the shape of ``x`` that multiplies the units in training: 0, or the factor."""
        if x.device not in self._generators:
            self._generators[x.device] = torch.Generator(x.device).manual_seed(self.seed)
        kept = torch.empty_like(x).bernoulli_(1.0 - self.probability, generator=self._generators[x.device])
        return kept.mul_(self.factor)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.mask(x) if self.training else x
