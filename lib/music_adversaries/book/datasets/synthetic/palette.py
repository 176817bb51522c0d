"""The tables of both sets of genres in one: each table joins those of `styles` and `latin_styles`."""

from __future__ import annotations

from typing import TypeVar

from . import latin_styles, styles
from .styles import Style

T = TypeVar("T")


def _joined(one: dict[str, T], other: dict[str, T]) -> dict[str, T]:
    twice = sorted(one.keys() & other.keys())
    if twice:  # the meaning of the name would depend on the order here
        raise ValueError(f"styles and latin_styles both define {', '.join(twice)}")
    return one | other


DRUMS: dict[str, int] = _joined(styles.DRUMS, latin_styles.DRUMS)
KITS: dict[str, int] = _joined(styles.KITS, latin_styles.KITS)
GROOVES: dict[str, str] = _joined(styles.GROOVES, latin_styles.GROOVES)
BASS_LINES: dict[str, str] = _joined(styles.BASS_LINES, latin_styles.BASS_LINES)
FIGURES: dict[str, str] = _joined(styles.FIGURES, latin_styles.FIGURES)
RHYTHMS: dict[str, str] = _joined(styles.RHYTHMS, latin_styles.RHYTHMS)
FILLS: dict[str, tuple[str, ...]] = latin_styles.FILLS
STYLES: dict[str, Style] = _joined(styles.STYLES, latin_styles.LATIN_STYLES)
