"""How much an attack may change, and how long it may try.

Paper: Eq. (6), Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError, is_number
from .options import check_whole


@dataclass(frozen=True)
class Budget:
    """The limits of an attack; the defaults are those of the published code.

    Parameters
    ----------
    snr : float
        dB. ``20 log10(||X|| / ||Z - X||)`` on the magnitudes of the whole excerpt never falls below it, nor on those
        of the excerpt padded with silence, which see its ends too.
    confidence : float
        Mean posterior of the target at which the attack stops, 0 <= confidence < 1.
    max_iterations : int
    restarts : int
        How often an excerpt that is not finished starts again, from noise within the budget. The best attempt counts.

    Raises
    ------
    InputError
        For the first value that makes no sense.

    >>> Budget(snr=20)
    Budget(snr=20, confidence=0.9, max_iterations=100, restarts=0)

    Paper: Eq. (6), Section 4
    Notebook: book/05_adversaries.ipynb
    """

    snr: float = 15.0
    confidence: float = 0.9
    max_iterations: int = 100
    restarts: int = 0

    def __post_init__(self) -> None:
        if not (is_number(self.snr) and -300 <= self.snr <= 300):
            raise InputError(f"snr is {self.snr!r}; give a number of decibels between -300 and 300, such as 15.")
        if not (is_number(self.confidence) and 0 <= self.confidence < 1):
            raise InputError(
                f"confidence is {self.confidence!r}; give a mean posterior from 0 up to, but not including, 1."
            )
        check_whole(1, max_iterations=self.max_iterations)
        check_whole(0, restarts=self.restarts)
        for name in ("snr", "confidence", "max_iterations", "restarts"):
            value = getattr(self, name)
            if isinstance(value, np.generic):  # which JSON does not know
                object.__setattr__(self, name, value.item())


DEFAULT = Budget()
