"""Adversaries: small changes of a recording that make a system say what the adversary wants.

`attack` is the one entrance. What comes back are waveforms, judged as they read back from a 16-bit
file, whatever the method.

================  =====================================================================
`entrance`        `attack`, the one entrance: excerpts, targets, method, budget
`model`           any module, from magnitudes or waveforms to logits, as attacks see it
`batch`           excerpts attacked together, and the judge
`gradients`       gradient of the loss, by PyTorch for any network, by hand for the quickest
`algorithm1`      the paper's attack on magnitudes
`projections`     its projections onto simple sets
`consistency`     its step towards the spectrum of a waveform
`pgd`, `apgd`     projected gradient descent on the waveform; with a step that adapts
`random_search`   a black-box attack, without gradients
`noise`           what is no attack: noise and coding errors at the same SNR
`directives`      which label for which excerpt
`result`          what is reported of each excerpt
================  =====================================================================

Paper: Section 3.1, Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from .algorithm1 import Algorithm1
from .apgd import APGD
from .directives import always, always_right, always_wrong, every_label, random_targets, right_with_probability
from .entrance import METHODS, attack, method
from .model import Model
from .noise import Noise, at_snr, coded, shaped_noise, white_noise
from .pgd import PGD
from .random_search import RandomSearch
from .result import AdversaryResult

__all__ = [
    "APGD",
    "METHODS",
    "PGD",
    "AdversaryResult",
    "Algorithm1",
    "Model",
    "Noise",
    "RandomSearch",
    "always",
    "always_right",
    "always_wrong",
    "at_snr",
    "attack",
    "coded",
    "every_label",
    "method",
    "random_targets",
    "right_with_probability",
    "shaped_noise",
    "white_noise",
]
