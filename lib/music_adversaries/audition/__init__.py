"""Hearing adversaries: a player for the page, and a live panel for JupyterLab.

`compare` plays an original, its adversary and the difference; `player` plays any clips of equal
length, such as an ensemble. Both switch without a gap at one playhead, and need neither a kernel
nor a network. `panel` runs the attack on a chosen excerpt, live.

Notebook: book/05_adversaries.ipynb
"""

from .panel import Panel, StaticNote, panel
from .player import Clip, Player, compare, player

__all__ = ["Clip", "Panel", "Player", "StaticNote", "compare", "panel", "player"]
