"""The deep network on single frames.

Paper: Section 2.2, Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .base import Network
from .dropout import Dropout
from .representation import Representation
from .standardise import Standardise


class DNN(Network):
    """Three fully connected layers of rectified linear units on single frames.

    Parameters
    ----------
    standardise : Standardise
    n_labels : int
    n_units : int
        Units in each hidden layer: 50 or 500 in the paper.
    dropout : float
        Probability of leaving out a hidden unit in training; 0.25 in the published configuration.
        The magnitudes are never left out.
    dropout_scale : {"inverted", "published"}
        See `Dropout`.
    representation : {"linear", "log", "mel"}
        What is standardised; see `Representation`. The paper's networks read linear magnitudes.
    generator : torch.Generator
        For the initial weights, uniform in +-0.1 as in the published configuration; biases zero.
        Seeds the dropout too.

    Raises
    ------
    InputError
        For a dropout that is not a probability, or an unknown scale or representation.

    >>> import torch
    >>> from music_adversaries.networks import Standardise
    >>> network = DNN(Standardise.fit(torch.rand(20, 513)), n_labels=10, n_units=50)
    >>> tuple(network(torch.rand(3, 513)).shape)
    (3, 10)

    Paper: Section 2.2, Section 2.3
    Notebook: book/03_training.ipynb
    """

    def __init__(
        self,
        standardise: Standardise,
        n_labels: int,
        n_units: int = 50,
        *,
        dropout: float = 0.0,
        dropout_scale: str = "inverted",
        representation: str = "linear",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        n_bins = standardise.mean.shape[-1]
        sizes = [n_bins, n_units, n_units, n_units]
        self.representation = Representation(representation)
        self.standardise = standardise
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.output = nn.Linear(n_units, n_labels)
        for layer in (*self.hidden, self.output):
            nn.init.uniform_(layer.weight, -0.1, 0.1, generator=generator)
            nn.init.zeros_(layer.bias)
        self.dropout: Dropout | None = None
        if dropout:
            seed = int(torch.randint(2**31, (), generator=generator))
            self.dropout = Dropout(dropout, dropout_scale, seed=seed)
        self._settings = {
            "n_units": n_units,
            "dropout": dropout,
            "dropout_scale": dropout_scale,
            "representation": representation,
        }

    @property
    def linear(self) -> tuple[nn.Linear, ...]:
        """The layers that have weights: the hidden layers, then the output."""
        return tuple(layer for layer in (*self.hidden, self.output) if isinstance(layer, nn.Linear))

    def settings(self) -> dict[str, object]:
        """Arguments, besides ``standardise`` and ``n_labels``, that make another network of this shape."""
        return dict(self._settings)

    def _layers(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Output of each hidden layer, and what the next layer reads from it."""
        read = self.standardise(self.representation(x))
        for layer in self.hidden:
            output = torch.relu(layer(read))
            read = output if self.dropout is None else self.dropout(output)
            yield output, read

    def activations(self, x: Tensor) -> list[Tensor]:
        """Outputs of the three hidden layers, each ``[..., n_units]``, for magnitudes ``[..., n_bins]``.

        Paper: Section 2.3
        Notebook: book/04_baselines.ipynb
        """
        return [output for output, _ in self._layers(x)]

    def forward(self, x: Tensor) -> Tensor:
        *_, (_, read) = self._layers(x)
        return self.output(read)
