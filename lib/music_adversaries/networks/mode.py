"""Evaluation mode for a while: without dropout, and afterwards in the mode that the network had.

Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from torch import nn


@contextlib.contextmanager
def evaluated(network: nn.Module) -> Iterator[None]:
    """Within the block the network is in evaluation mode; afterwards each of its modules has its old mode again.

    Parameters
    ----------
    network : nn.Module
        Any network. Gradients are not changed: this only switches off dropout and similar layers.

    Notebook: book/04_baselines.ipynb
    """
    # A frozen module has no mode any more, and an exported one does not let it be changed.
    modes = [(module, module.training) for module in network.modules() if hasattr(module, "training")]
    with contextlib.suppress(NotImplementedError):
        network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
