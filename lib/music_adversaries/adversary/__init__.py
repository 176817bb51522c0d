"""Adversaries: small changes of a recording that make a system say what the adversary wants.

All attacks start with `attack`. Whatever the method, it returns waveforms that are judged as a 16-bit file holds them::

    attack(model, waveforms, targets, Budget(snr=20), method="pgd")

=================  ====================================================================
`attack`           the function of that name: excerpts, targets, budget, method
`smallest`         the function of that name: the highest SNR at which an excerpt falls
`asked`            what callers of both pass, checked
`budget`           how much may change, and how long an attack may try
`ends`             how that is measured, so that no sample is unseen
`given`            the forms in which callers pass waveforms, targets and labels
`methods`          the attacks by name: the one list
`model`            any module, from magnitudes or waveforms to logits, as attacks see it
`batch`            excerpts attacked together, their gradients and distances
`judge`            the rule of every attack: only the 16-bit file counts
`gradients`        gradient of the loss, by PyTorch or by hand, and a step along it
`algorithm1`       the paper's attack on magnitudes
`projections`      its projections onto simple sets
`consistency`      its step towards the spectrum of a waveform
`waveforms`        what attacks on waveforms share
`pgd`, `apgd`      projected gradient descent on the waveform; `apgd` adapts its step
`random_search`    a black-box attack, without gradients
`noise`            noise in place of an attack
`disturbances`     noise and coding errors at a given SNR
`directives`       which label for which excerpt
`result`           what is reported about each excerpt
`options`          checks of numbers and choices
`memory`           how much is attacked at once, and what is too long
=================  ====================================================================

To add an attack, write a module with its class and a line in `methods.METHODS`.

Paper: Section 3.1, Alg. 1
Notebook: book/05_adversaries.ipynb
"""

from typing import TYPE_CHECKING

from ..lazily import attach

if TYPE_CHECKING:
    from .algorithm1 import Algorithm1
    from .apgd import APGD
    from .attack import attack
    from .budget import Budget
    from .directives import always, always_right, always_wrong, every_label, random_targets, right_with_probability
    from .disturbances import at_snr, coded, shaped_noise, snrs, white_noise
    from .methods import METHODS, method
    from .model import Model
    from .noise import Noise
    from .pgd import PGD
    from .random_search import RandomSearch
    from .result import AdversaryResult
    from .smallest import smallest

__all__ = [
    "APGD",
    "METHODS",
    "PGD",
    "AdversaryResult",
    "Algorithm1",
    "Budget",
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
    "smallest",
    "snrs",
    "white_noise",
]

attach(
    __name__,
    {
        "algorithm1": ("Algorithm1",),
        "apgd": ("APGD",),
        "attack": ("attack",),
        "budget": ("Budget",),
        "directives": (
            "always",
            "always_right",
            "always_wrong",
            "every_label",
            "random_targets",
            "right_with_probability",
        ),
        "disturbances": ("at_snr", "coded", "shaped_noise", "snrs", "white_noise"),
        "methods": ("METHODS", "method"),
        "model": ("Model",),
        "noise": ("Noise",),
        "pgd": ("PGD",),
        "random_search": ("RandomSearch",),
        "result": ("AdversaryResult",),
        "smallest": ("smallest",),
    },
)
