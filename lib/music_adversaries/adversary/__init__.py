"""Adversaries: small changes of a recording that make a system say what the adversary wants.

`attack` is the paper's Algorithm 1. `random_targets`, `always` and `every_label` are its
directives. What comes back are waveforms, judged as they read back from a 16-bit file.

Paper: Section 3.1, Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from .algorithm1 import attack
from .directives import always, every_label, random_targets
from .result import AdversaryResult

__all__ = ["AdversaryResult", "always", "attack", "every_label", "random_targets"]
