"""A measured number with its interval, and the form in which a record keeps it.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import InputError


class Estimate(NamedTuple):
    """A measured number with its interval.

    Attributes
    ----------
    estimate, low, high : float
        In ``unit``.
    n : int
        The number of excerpts, artists or seeds that the interval is based on.
    unit : str
        ``"fraction"``, ``"fraction difference"`` (these two are shown in per cent and percentage points),
        ``"dB"`` ...
    """

    estimate: float
    low: float
    high: float
    n: int
    unit: str = "fraction"

    def as_record(self) -> dict[str, float | int | str]:
        """The form in which a record keeps it: ``{"estimate", "low", "high", "n", "unit"}``, plain JSON numbers."""
        return {
            "estimate": float(self.estimate),
            "low": float(self.low),
            "high": float(self.high),
            "n": int(self.n),
            "unit": self.unit,
        }


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not between 0 and 1, such as 95.

    Raises
    ------
    InputError
    """
    if not 0 < confidence < 1:
        raise InputError(f"A confidence of {confidence} is not between 0 and 1; give a number such as 0.95.")
