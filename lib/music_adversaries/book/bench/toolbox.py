"""Projected gradient descent of the Adversarial Robustness Toolbox, if it is installed.

Its own `ProjectedGradientDescentPyTorch`, on the same network and sequences: one ball in the L2 norm
around a whole sequence, without consistency. Its steps have a fixed length; this does not change the time.

Paper: Eq. (7)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ...networks import CDNN, DNN
from .timing import seconds

MISSING = "ART is not installed (pip install adversarial-robustness-toolbox)"


def installed() -> bool:
    """Whether ART can be imported."""
    return importlib.util.find_spec("art") is not None


class Summed(nn.Module):
    """Log posteriors summed over the rows of a sequence ``[n, n_labels]``; from them follows Algorithm 1's loss.

    Paper: Eq. (3)
    Notebook: book/05_adversaries.ipynb
    """

    def __init__(self, network: DNN | CDNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, magnitudes: Tensor) -> Tensor:
        return torch.log_softmax(self.network.sequence_logits(magnitudes), dim=-1).sum(1)


def attack(
    network: DNN | CDNN, magnitudes: Tensor, targets: Tensor, radius: float, step: float = 0.1
) -> Callable[[int], np.ndarray]:
    """ART's attack as a function of the number of iterations.

    Parameters
    ----------
    network : DNN or CDNN
    magnitudes : Tensor ``[n, n_frames, n_bins]``
    targets : Tensor ``[n]``
    radius : float
        Radius of the ball.
    step : float
        Length of a step.

    Returns
    -------
    function
        From a number of iterations to magnitudes ``[n, n_frames, n_bins]``.

    Paper: Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    n_labels = network.output.out_features
    estimator = PyTorchClassifier(
        Summed(network),
        loss=nn.NLLLoss(reduction="sum"),
        input_shape=tuple(magnitudes.shape[1:]),
        nb_classes=n_labels,
        clip_values=(0.0, float(np.finfo(np.float32).max)),
        device_type="cpu",
    )
    x, y = magnitudes.numpy(), np.eye(n_labels, dtype=np.float32)[targets.numpy()]

    def run(n_iterations: int) -> np.ndarray:
        method = ProjectedGradientDescentPyTorch(
            estimator,
            norm=2,
            eps=radius,
            eps_step=step,
            max_iter=n_iterations,
            targeted=True,
            batch_size=len(x),
            verbose=False,
        )
        return method.generate(x, y)

    return run


def seconds_per_iteration(run: Callable[[int], np.ndarray], more: int) -> float:
    """Seconds of one iteration, from the difference of ``1 + more`` and 1, so that nothing else counts."""
    return (seconds(lambda: run(1 + more)) - seconds(lambda: run(1))) / more
