"""Numbers as text for readers.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations


def show(value: float, unit: str, *, bare: bool = False) -> str:
    """A number as text: fractions in per cent, differences of fractions in points, dB with one decimal.

    >>> show(0.1234, "fraction"), show(21.14, "dB")
    ('12.3 %', '21.1 dB')
    """
    if unit in ("fraction", "fraction difference"):
        text, sign = f"{100 * value:.1f}", "%" if unit == "fraction" else "points"
    else:
        text, sign = {"dB": f"{value:.1f}", "Hz": f"{value:.0f}"}.get(unit, f"{value:.3g}"), unit
    text = text.removeprefix("-") if float(text) == 0 else text
    return text if bare or not sign else f"{text} {sign}"
