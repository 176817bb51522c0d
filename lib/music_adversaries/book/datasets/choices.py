"""The names of datasets and profiles, known before any dataset's module is imported.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ...errors import InputError

DEFAULT = "synthetic"
PROFILES = ("quick", "full")
LARGEST_SEED = 2**32 - 1  #: what every generator of random numbers takes
MOST_SEEDS = 1_000


def unknown(what: str, given: object, known: Iterable[str]) -> InputError:
    """The error for an unknown name; it names the closest known one."""
    known = [str(name) for name in known]
    close = difflib.get_close_matches(str(given), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(known) if len(known) <= 12 else f"{', '.join(known[:3])} ... {known[-1]} ({len(known)} in all)"
    return InputError(f"there is no {what} {given!r}; {hint + ' ' if hint else ''}choose from {listed}.")


def check_profile(profile: str) -> str:
    """Return the profile, or refuse it."""
    if profile not in PROFILES:
        raise unknown("profile", profile, PROFILES)
    return profile
