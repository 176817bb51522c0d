"""Training steps of the network on frames, with its gradient by hand, in NumPy.

A layer of 50 units on a batch of a hundred frames is so little arithmetic that most of a step in PyTorch goes into
recording it and into calls. Written out in NumPy, on the processor, a step takes less than half the time. Any other
network, and any other device, leaves its gradient to PyTorch.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .dnn import DNN

Array = npt.NDArray[np.floating]


def can_step(network: nn.Module) -> bool:
    """Whether `StepsByHand` does what PyTorch would: for a plain `DNN` on the processor, of which nothing is frozen."""
    if type(network) is not DNN:
        return False
    plain = [part for layer in (*network.hidden, network.output) for part in (layer.weight, layer.bias)]
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return (
        # None beside those of its layers, and none that something else computes (as `weight_norm` does).
        [id(parameter) for parameter in network.parameters()] == [id(parameter) for parameter in plain]
        and all(p.requires_grad and p.device.type == "cpu" and not p._backward_hooks for p in plain)
        and network.output.weight.dtype in (torch.float32, torch.float64)
        and not any(getattr(module, name) for module in network.modules() for name in hooks)
    )


class StepsByHand:
    """Stochastic gradient descent with momentum on the mean cross-entropy of a `DNN`.

    As `torch.optim.SGD` with ``momentum``: the velocity is ``momentum * velocity + gradient``, and the weights go by
    ``-rate * velocity``. All weights lie in one array, so that this is three operations; the network's parameters are
    views of it until `release`.

    Parameters
    ----------
    network : DNN, for which `can_step` holds

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
        # Of each layer, the output's last: its weights and biases, and where their gradients go.
        self.layers = list(zip(parts[::2], parts[1::2], strict=True))
        self.slopes = list(zip(slopes[::2], slopes[1::2], strict=True))
        self.mean = network.standardise.mean.numpy()
        self.scale = network.standardise.scale.numpy()
        self._room: Array = np.empty((0, len(self.mean)), self.mean.dtype)

    def step(self, x: Tensor, targets: Tensor, rate: float, momentum: float, pieces: int = 1) -> float:
        """One step on a batch; returns the mean loss before it.

        Parameters
        ----------
        x : Tensor ``[n, n_bins]``, raw magnitudes
        targets : Tensor ``[n]``, label indices
        pieces : int
            The batch is computed in that many pieces whose gradients add up to the same step.
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
        self.weights -= rate * self.velocity
        return loss

    def loss_gradient(self, x: Tensor, targets: Tensor) -> float:
        """The mean loss of a batch; its gradient is then in ``gradient``."""
        dropout, places = self.network.dropout, np.arange(len(x))
        with np.errstate(all="ignore"):  # a loss that is no number is told where it is looked at
            read = self._standardised(self.network.representation(x).numpy())
            reads, outputs, masks = [read], [], []
            for weight, bias in self.layers[:-1]:
                output = read @ weight.T
                output += bias
                np.maximum(output, 0, out=output)
                mask = dropout.mask(torch.from_numpy(output)).numpy() if dropout and self.network.training else None
                read = output if mask is None else output * mask
                outputs.append(output)
                masks.append(mask)
                reads.append(read)
            weight, bias = self.layers[-1]
            logits = read @ weight.T
            logits += bias
            logits -= logits.max(1, keepdims=True)
            posterior = np.exp(logits)
            total = posterior.sum(1, keepdims=True)
            wanted = targets.numpy()
            loss = float((np.log(total[:, 0]) - logits[places, wanted]).mean())

            # Backwards: first d loss / d logits.
            posterior /= total
            posterior[places, wanted] -= 1
            posterior /= len(x)
            delta = posterior
            for index in range(len(self.layers) - 1, -1, -1):
                slope, offset = self.slopes[index]
                np.matmul(delta.T, reads[index], out=slope)
                np.sum(delta, 0, out=offset)
                if index:
                    delta = delta @ self.layers[index][0]
                    if masks[index - 1] is not None:
                        delta *= masks[index - 1]
                    delta *= np.sign(outputs[index - 1])  # 1 where the unit is on, 0 where it is off
        return loss

    def _standardised(self, rows: Array) -> Array:
        """As `Standardise`, into memory at hand: new memory for every batch takes as long as the arithmetic."""
        if len(self._room) < len(rows):
            self._room = np.empty(rows.shape, rows.dtype)
        read = self._room[: len(rows)]
        np.subtract(rows, self.mean, out=read)
        np.multiply(read, self.scale, out=read)
        return read

    def release(self) -> None:
        """Give every parameter memory of its own again."""
        for parameter in self.network.parameters():
            parameter.data = parameter.detach().clone()
