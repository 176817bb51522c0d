"""Training steps of the network on frames, with the gradient written out by hand in NumPy.

A layer of 50 units on a batch of a hundred frames needs little arithmetic, so that PyTorch spends most of a step on
recording operations and on calls. Written out in NumPy, on the processor, a step takes less than half the time. For
all other networks and devices, PyTorch computes the gradient.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .dnn import DNN

Array = npt.NDArray[np.floating]


def can_step(network: nn.Module) -> TypeGuard[DNN]:
    """Whether `StepsByHand` does what PyTorch would: true for a plain `DNN` on the processor with nothing frozen."""
    if type(network) is not DNN:
        return False
    plain = [part for layer in (*network.hidden, network.output) for part in (layer.weight, layer.bias)]
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return (
        # No parameters besides those of its layers, and none that something else computes (as `weight_norm` does).
        [id(parameter) for parameter in network.parameters()] == [id(parameter) for parameter in plain]
        and all(p.requires_grad and p.device.type == "cpu" and not p._backward_hooks for p in plain)
        and network.output.weight.dtype in (torch.float32, torch.float64)
        and not any(getattr(module, name) for module in network.modules() for name in hooks)
    )


class StepsByHand:
    """Stochastic gradient descent with momentum on the mean cross-entropy of a `DNN`.

    As `torch.optim.SGD` with ``momentum``: the velocity is ``momentum * velocity + gradient``, and the weights change
    by ``-rate * velocity``. All weights lie in one array, so that this takes three operations. The network's
    parameters are views of that array until `release`.

    Parameters
    ----------
    network : DNN for which `can_step` is true

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """

    def __init__(self, network: DNN) -> None:
        self.network = network
        parameters = list(network.parameters())
        self.weights: Array = torch.cat([p.detach().reshape(-1) for p in parameters]).numpy()
        self.velocity, self.gradient = np.zeros_like(self.weights), np.zeros_like(self.weights)
        ends = np.cumsum([p.numel() for p in parameters])[:-1]
        shapes = [tuple(p.shape) for p in parameters]
        parts = [part.reshape(shape) for part, shape in zip(np.split(self.weights, ends), shapes, strict=True)]
        slopes = [part.reshape(shape) for part, shape in zip(np.split(self.gradient, ends), shapes, strict=True)]
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.data = torch.from_numpy(part)
        # For each layer, the output's last: its weights and biases, and where their gradients go.
        self.layers = list(zip(parts[::2], parts[1::2], strict=True))
        self.slopes = list(zip(slopes[::2], slopes[1::2], strict=True))
        self.mean = network.standardise.mean.numpy()
        self.scale = network.standardise.scale.numpy()
        self._spare = np.empty_like(self.weights)
        self._rooms: dict[int, _Room] = {}

    def step(self, x: Tensor, targets: Tensor, rate: float, momentum: float, pieces: int = 1) -> float:
        """One step on a batch; returns the mean loss before it.

        Parameters
        ----------
        x : Tensor ``[n, n_bins]``, raw magnitudes
        targets : Tensor ``[n]``, label indices
        pieces : int
            The batch is computed in this number of pieces. Their gradients add up to the same step.
        """
        if pieces == 1:
            loss = self.loss_gradient(x, targets)
        else:
            total, loss = np.zeros_like(self.gradient), 0.0
            for some, answers in zip(x.chunk(pieces), targets.chunk(pieces), strict=True):
                share = len(some) / len(x)
                loss += share * self.loss_gradient(some, answers)
                total += share * self.gradient
            self.gradient[:] = total
        self.velocity *= momentum
        self.velocity += self.gradient
        np.multiply(self.velocity, rate, out=self._spare)
        self.weights -= self._spare
        return loss

    def loss_gradient(self, x: Tensor, targets: Tensor) -> float:
        """The mean loss of a batch; its gradient is then in ``gradient``."""
        n_rows, network = len(x), self.network
        if n_rows not in self._rooms:
            if len(self._rooms) == 4:  # one for a batch and one for the last batch, each whole and in pieces
                self._rooms.clear()
            self._rooms[n_rows] = _Room(n_rows, self.layers)
        room = self._rooms[n_rows]
        dropout = network.dropout if network.training else None
        raw = x if network.representation.kind == "linear" else network.representation(x)
        with np.errstate(all="ignore"):  # the caller reports a loss that is not a number
            read = room.reads[0]
            np.subtract(raw.numpy(), self.mean, out=read)
            read *= self.scale
            masks = []
            for (weight, bias), output, following in zip(self.layers, room.outputs, room.reads[1:], strict=False):
                np.matmul(read, weight.T, out=output)
                output += bias
                np.maximum(output, 0, out=output)
                read = output
                if dropout:
                    masks.append(dropout.mask(torch.from_numpy(output)).numpy())
                    read = np.multiply(output, masks[-1], out=following)
            # One row for each label: sums over labels then run along whole rows.
            weight, bias = self.layers[-1]
            logits, posterior = room.logits, room.posterior
            np.matmul(weight, read.T, out=logits)
            logits += bias[:, None]
            logits -= np.maximum.reduce(logits, 0)
            np.exp(logits, out=posterior)
            total = np.add.reduce(posterior, 0)
            places = targets.numpy() * n_rows
            places += room.numbers
            loss = float(np.add.reduce(np.log(total)) - np.add.reduce(logits.ravel()[places])) / n_rows

            # Backwards: first d loss / d logits.
            posterior /= total
            posterior.ravel()[places] -= 1
            posterior *= posterior.dtype.type(1 / n_rows)
            delta = posterior.T
            for index in range(len(self.layers) - 1, -1, -1):
                slope, offset = self.slopes[index]
                np.matmul(delta.T, room.reads[index] if dropout or not index else room.outputs[index - 1], out=slope)
                np.matmul(room.ones, delta, out=offset)  # the sum over rows
                if index:
                    output = room.outputs[index - 1]
                    below = np.matmul(delta, self.layers[index][0], out=room.deltas[index - 1])
                    if dropout:
                        below *= masks[index - 1]
                    below *= output > 0
                    delta = below
        return loss

    def release(self) -> None:
        """Give every parameter memory of its own again."""
        for parameter in self.network.parameters():
            parameter.data = parameter.detach().clone()


class _Room:
    """Memory for batches of a given number of rows: new memory for each batch would take as long as the arithmetic."""

    def __init__(self, n_rows: int, layers: Sequence[tuple[Array, Array]]) -> None:
        kind = layers[0][0].dtype
        self.reads = [np.empty((n_rows, weight.shape[1]), kind) for weight, _ in layers]
        self.outputs = [np.empty((n_rows, weight.shape[0]), kind) for weight, _ in layers[:-1]]
        self.deltas = [np.empty_like(output) for output in self.outputs]
        self.logits = np.empty((len(layers[-1][1]), n_rows), kind)
        self.posterior = np.empty_like(self.logits)
        self.ones, self.numbers = np.ones(n_rows, kind), np.arange(n_rows)
