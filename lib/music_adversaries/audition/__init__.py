"""Hearing adversaries: players for a page.

`compare` plays an original, its adversary and the difference. `compare_changes` adds other changes of the
same size. `player` plays any clips of equal length. `grid` is a table in which every cell plays. All switch
between clips without a gap and share one playhead; they need neither a kernel nor a network. `listening_page`
puts players on a page of their own.

Notebook: book/05_adversaries.ipynb
"""

from typing import TYPE_CHECKING

from ..lazily import attach

if TYPE_CHECKING:
    from .clips import Change, Clip, coarse
    from .grid import Grid, GridRow, grid
    from .page import listening_page
    from .player import Player, compare, compare_changes, player

__all__ = [
    "Change",
    "Clip",
    "Grid",
    "GridRow",
    "Player",
    "coarse",
    "compare",
    "compare_changes",
    "grid",
    "listening_page",
    "player",
]

attach(
    __name__,
    {
        "clips": ("Change", "Clip", "coarse"),
        "grid": ("Grid", "GridRow", "grid"),
        "page": ("listening_page",),
        "player": ("Player", "compare", "compare_changes", "player"),
    },
)
