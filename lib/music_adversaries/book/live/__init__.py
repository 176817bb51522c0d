"""A live panel for JupyterLab: choose an excerpt, a label and an SNR, watch the attack, and hear what came of it.

========  ===============================================================
`panel`   the panel: controls, the attack in a thread, and a player
`curve`   how the confidence in the wanted label climbs, as a picture
========  ===============================================================

Notebook: book/05_adversaries.ipynb
"""

from typing import TYPE_CHECKING

from ...lazily import attach

if TYPE_CHECKING:
    from .panel import Panel, StaticNote, panel

__all__ = ["Panel", "StaticNote", "panel"]

attach(__name__, {"panel": ("Panel", "StaticNote", "panel")})
