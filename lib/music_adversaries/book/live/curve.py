"""A line that climbs while an attack runs: the target's confidence by iteration, as SVG.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import html
from collections.abc import Sequence

WIDTH, HEIGHT = 480, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 10, 18, 22


def confidence_curve(values: Sequence[float], threshold: float, target: str, *, iterations: int = 25) -> str:
    """Confidence by iteration as an SVG element, drawn in the colour of the text around it.

    Parameters
    ----------
    values : sequence of float from 0 to 1
        Mean posterior of the target after iterations 0, 1, ...
    threshold : float
        The confidence at which the attack stops, drawn as a broken line.
    target : str
    iterations : int
        Width of the axis. It doubles when there are more iterations.

    Notebook: book/05_adversaries.ipynb
    """
    while iterations < len(values) - 1:  # 25, 50, and 100, where attacks end by default
        iterations *= 2

    def across(iteration: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * iteration / iterations

    def up(value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value

    points = [(across(i), up(value)) for i, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last = f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3.5" fill="currentColor"/>' if points else ""
    done = len(values) - 1
    now = f"{values[-1]:.2f} after {done} iteration{'' if done == 1 else 's'}" if values else "not begun"
    said = html.escape(f"Confidence in {target}: {now}; wanted: {threshold:.2f}", quote=True)
    label = up(threshold) - 4  # above the line, where the attack has ended
    text = 'fill="currentColor" font-size="11" stroke="none"'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}" fill="none" stroke="currentColor" '
        f'style="display: block; width: 100%; max-width: {WIDTH}px; color: var(--jp-content-font-color1, inherit)">'
        f'<path d="M{_LEFT} {_TOP}V{up(0):g}H{WIDTH - _RIGHT}" stroke-opacity="0.5"/>'
        f'<path d="M{_LEFT} {up(threshold):.1f}H{WIDTH - _RIGHT}" stroke-dasharray="5 4"/>'
        f'<polyline points="{line}" stroke-width="2"/>{last}'
        f'<text x="{_LEFT - 5}" y="{up(1) + 4:g}" text-anchor="end" {text}>1</text>'
        f'<text x="{_LEFT - 5}" y="{up(0) + 4:g}" text-anchor="end" {text}>0</text>'
        f'<text x="{WIDTH - _RIGHT}" y="{label:.1f}" text-anchor="end" {text}>{threshold:.2f} wanted</text>'
        f'<text x="{_LEFT}" y="{HEIGHT - 7}" text-anchor="middle" {text}>0</text>'
        f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 7}" text-anchor="end" {text}>{iterations} iterations</text></svg>'
    )
