"""Checks of the numbers and choices that a user gives."""

from __future__ import annotations

import math
from numbers import Integral

from ..audio.sources import RATES
from ..errors import InputError, is_number


def check_choices(**options: tuple[str, tuple[str, ...]]) -> None:
    """Refuse the first option whose value is not one of its choices."""
    for name, (value, choices) in options.items():
        if value not in choices:
            raise InputError(f"{name} is {value!r}; choose one of {', '.join(choices)}.")


def check_whole(least: int, **numbers: int) -> None:
    """Refuse the first number that is not whole or is below ``least``."""
    for name, value in numbers.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise InputError(f"{name} is {value!r}; give a whole number of at least {least}.")


def check_rate(sample_rate: float) -> None:
    """Refuse what is not a sampling rate in whole Hz."""
    if not (is_number(sample_rate) and 0 < sample_rate <= RATES[1] and sample_rate == int(sample_rate)):
        raise InputError(f"sample_rate is {sample_rate!r}; give the rate of the audio in whole Hz, such as 22050.")


def check_positive(**numbers: float) -> None:
    """Refuse the first number that is not finite and greater than zero."""
    for name, value in numbers.items():
        if not (is_number(value) and math.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value!r}; give a number greater than zero, such as 0.1.")
