"""Gradient of the loss with respect to the input of a network.

Goal
    The loss is the cross-entropy with the target, summed over the rows (frames or slices) of an
    excerpt. `loss_gradient` leaves its gradient to PyTorch, for any network. `FrameGradient` computes
    it by hand, layer by layer, for a network on frames: the same numbers up to rounding, in half the
    time, because standardisation becomes a part of the first layer, the exemplars' share of that
    layer is computed once, and nothing is recorded. Both gradients have a method ``step``.

Paper: Eq. (3)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..networks import DNN, Network

Rows = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
Found = tuple[Tensor, Tensor, Tensor]  # gradient, posterior, loss
Find = Callable[[Tensor, Tensor, Tensor], Found]


@dataclass(frozen=True)
class Product:
    """A gradient as two factors: what comes back to the first layer, and the weights of this layer.

    With 50 units it takes a tenth of the memory of the gradient itself, which is rarely needed: a step along it is one
    matrix product.

    Parameters
    ----------
    back : Tensor ``[n, n_frames, n_units]``
    weight : Tensor ``[n_units, n_bins]``

    Notebook: book/05_adversaries.ipynb
    """

    back: Tensor
    weight: Tensor

    def __getitem__(self, index: Any) -> Product:
        """The gradient of some excerpts, or of some of their frames."""
        return Product(self.back[index], self.weight)

    def dense(self) -> Tensor:
        """The gradient ``[n, n_frames, n_bins]``."""
        return self.back @ self.weight

    def step(self, change: Tensor, step: Tensor) -> None:
        """Subtract ``step`` ``[n]`` times the gradient from ``change`` ``[n, n_frames, n_bins]``, in place."""
        for one, back, length in zip(change, self.back, step.tolist(), strict=True):
            one.addmm_(back, self.weight, alpha=-length)


@dataclass(frozen=True)
class Dense:
    """A gradient written out, with the methods of `Product`.

    Parameters
    ----------
    back : Tensor ``[n, n_frames, n_bins]``

    Notebook: book/05_adversaries.ipynb
    """

    back: Tensor

    def __getitem__(self, index: Any) -> Dense:
        """The gradient of some excerpts, or of some of their frames."""
        return Dense(self.back[index])

    def dense(self) -> Tensor:
        """The gradient ``[n, n_frames, n_bins]``, without a copy."""
        return self.back

    def step(self, change: Tensor, step: Tensor) -> None:
        """Subtract ``step`` ``[n]`` times the gradient from ``change`` ``[n, n_frames, n_bins]``, in place."""
        change.addcmul_(self.back, step[:, None, None], value=-1.0)


FindAfterChange = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Product | Dense, Tensor, Tensor]]


Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def cross_entropy(log_posterior: Tensor, weights: Tensor, targets: Tensor) -> Tensor:
    """Summed over the rows of each excerpt ``[n]``: the loss of the paper.

    Parameters
    ----------
    log_posterior : Tensor ``[n, n_rows, n_labels]``
    weights : Tensor ``[n, n_rows]``, 1 for rows that count
    targets : Tensor ``[n]``, label indices

    Paper: Eq. (3)
    Notebook: book/05_adversaries.ipynb
    """
    picked = log_posterior.gather(-1, targets[:, None, None].expand(-1, log_posterior.shape[1], 1)).squeeze(-1)
    return -(picked * weights).sum(1)


def loss_gradient(rows: Rows, z: Tensor, targets: Tensor, valid: Tensor, loss: Loss = cross_entropy) -> Found:
    """Gradient of the loss with respect to the network's input, posteriors, and the loss of each excerpt.

    Parameters
    ----------
    rows : callable
        From ``z`` and ``valid`` to logits ``[n, n_rows, n_labels]`` and which rows count ``[n, n_rows]``, such as
        `Model.rows_of_magnitudes`.
    z : Tensor ``[n, ...]``, magnitudes or waveforms
    targets : Tensor ``[n]``, label indices; or what else the loss expects
    valid : Tensor ``[n, n_frames]``
    loss : callable, like `cross_entropy`

    Returns
    -------
    gradient : Tensor, as ``z``
    posterior : Tensor ``[n, n_labels]``, the mean over rows
    loss : Tensor ``[n]``, the mean over rows

    Raises
    ------
    InputError
        When the logits do not depend on ``z`` by operations that have a gradient.

    Paper: Eq. (3)
    Notebook: book/05_adversaries.ipynb
    """
    z = z.detach().requires_grad_(True)
    try:
        return _gradient(rows, z, targets, valid, loss)
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
    # The module overwrote what its gradient needs, as x /= x.abs().amax() does. PyTorch keeps copies, which is slow.
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        return _gradient(rows, z, targets, valid, loss)


def because(error: Exception, remedy: str) -> str:
    """What an exception of a module says in its first line, or else its type, and the remedy."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        remedy = "give a smaller batch_size or shorter recordings"
    return f"{(str(error).splitlines() or [type(error).__name__])[0].rstrip('.')}; {remedy}."


def _gradient(rows: Rows, z: Tensor, targets: Tensor, valid: Tensor, loss_of: Loss) -> Found:
    with torch.enable_grad():
        logits, weights = rows(z, valid)
        log_posterior = torch.log_softmax(logits, dim=-1)
        loss = loss_of(log_posterior, weights, targets)
        try:
            gradient = torch.autograd.grad(loss.sum(), z, allow_unused=True)[0] if loss.requires_grad else None
        except Exception as error:  # what a module's own function raises
            if "inplace operation" in str(error):
                raise
            said = because(error, "remove what stops it, or use random_search")
            raise InputError(f"The gradient of the model cannot be computed: {said}") from error
    if gradient is None:
        raise InputError(
            "The model's logits have no gradient with respect to its input; remove what stops it, such as detach or "
            "no_grad, or use random_search."
        )
    count = weights.sum(1)
    posterior = (log_posterior.detach().exp() * weights[..., None]).sum(1) / count[:, None]
    return gradient, posterior, loss.detach() / count


def one_by_one(rows: Rows, z: Tensor, targets: Tensor, valid: Tensor, loss: Loss = cross_entropy) -> Found:
    """The same as `loss_gradient`, one excerpt after the other, so that its data stay in the processor's cache.

    Paper: Eq. (3)
    Notebook: book/05_adversaries.ipynb
    """
    each = [slice(i, i + 1) for i in range(len(z))]
    parts = [loss_gradient(rows, z[i], targets[i], valid[i], loss) for i in each]
    if len(parts) == 1:
        return parts[0]
    gradients, posteriors, losses = zip(*parts, strict=True)
    return torch.cat(gradients), torch.cat(posteriors), torch.cat(losses)


def differentiated(network: nn.Module, rows: Rows, device: torch.device, loss: Loss = cross_entropy) -> Find:
    """`loss_gradient` of ``rows`` in the order that suits the device: a function of ``z``, targets and ``valid``."""
    alone = device.type == "cpu" and isinstance(network, Network)
    return partial(one_by_one if alone else loss_gradient, rows, loss=loss)


def after_change(find: Find) -> FindAfterChange:
    """A gradient as a function of the change of the magnitudes, the exemplars' magnitudes, targets and ``valid``."""

    def found(change: Tensor, exemplar: Tensor, targets: Tensor, valid: Tensor) -> tuple[Dense, Tensor, Tensor]:
        gradient, posterior, loss = find(exemplar + change, targets, valid)
        return Dense(gradient), posterior, loss

    return found


def gradient_of_magnitudes(network: nn.Module, rows: Rows, device: torch.device) -> FindAfterChange:
    """The quickest way to the gradient with respect to magnitudes: by hand where possible, else `differentiated`.

    Parameters
    ----------
    network : nn.Module
    rows : callable, from magnitudes through the network to logits; see `loss_gradient`
    device : where the magnitudes will be

    Returns
    -------
    callable
        See `after_change`.

    Paper: Eq. (3)
    Notebook: book/05_adversaries.ipynb
    """
    if device.type == "cpu" and FrameGradient.fits(network):
        return FrameGradient(network)
    return after_change(differentiated(network, rows, device))


class FrameGradient:
    """What `loss_gradient` gives for a `DNN` that reads linear magnitudes, without PyTorch's differentiation.

    Parameters
    ----------
    network : DNN
        One that it `fits`. The weights are those of now: make another where they have changed.

    Paper: Eq. (3)
    Notebook: book/05_adversaries.ipynb
    """

    def __init__(self, network: DNN) -> None:
        layers = (*network.hidden, network.output)
        self._weights = [layer.weight.detach() for layer in layers]
        self._biases = [layer.bias.detach() for layer in layers]
        # W ((x - mean) scale) + b = (W scale) x + (b - (W scale) mean); the sum in double precision, for it is large.
        self._weights[0] = self._weights[0] * network.standardise.scale
        shift = self._weights[0].double() @ network.standardise.mean.double()
        self._biases[0] = (self._biases[0].double() - shift).to(shift.device, self._biases[0].dtype)
        self._back: Tensor | None = None
        self._exemplar: Tensor | None = None
        self._share: list[Tensor] = []

    @staticmethod
    def fits(network: nn.Module) -> TypeGuard[DNN]:
        """Whether the network is one whose layers this knows: linear magnitudes in, nothing left out at random."""
        if type(network) is not DNN or network.representation.kind != "linear" or network.training:
            return False
        # Rectifiers can hide a weight that is not finite from the posterior; PyTorch's gradient shows it.
        return all(bool(torch.isfinite(tensor).all()) for tensor in network.state_dict().values())

    @torch.no_grad()
    def __call__(
        self, change: Tensor, exemplar: Tensor, targets: Tensor, valid: Tensor
    ) -> tuple[Product, Tensor, Tensor]:
        """Gradient, posteriors and losses, as `loss_gradient` returns them for ``exemplar + change``.

        The gradient is kept in a buffer of this object, and lasts until its next call.

        Parameters
        ----------
        change, exemplar : Tensor ``[n, n_frames, n_bins]``
            Magnitudes are their sum. What the exemplars contribute to the first layer is computed once for each
            tensor of them: it must not be changed in place.
        targets : Tensor ``[n]``, label indices
        valid : Tensor ``[n, n_frames]``

        Paper: Eq. (3)
        Notebook: book/05_adversaries.ipynb
        """
        if self._exemplar is not exemplar:
            self._exemplar = exemplar
            self._share = [torch.addmm(self._biases[0], one, self._weights[0].T) for one in exemplar]
        if self._back is None or self._back.shape[:2] != change.shape[:2]:
            self._back = change.new_empty(*change.shape[:2], self._weights[0].shape[0])
        # One excerpt after the other: its data stay in the processor's cache.
        found = [self._one(*one) for one in zip(change, self._share, targets.tolist(), valid, self._back, strict=True)]
        posterior, loss = map(torch.stack, zip(*found, strict=True))
        return Product(self._back, self._weights[0]), posterior, loss

    def _one(self, change: Tensor, share: Tensor, target: int, valid: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior and loss of one excerpt; what comes back to the first layer goes into ``back``."""
        outputs = [torch.addmm(share, change, self._weights[0].T).relu_()]
        for weight, bias in zip(self._weights[1:-1], self._biases[1:-1], strict=True):
            outputs.append(torch.addmm(bias, outputs[-1], weight.T).relu_())
        # Labels by frames: a softmax over the few labels of each frame is slow where they are next to each other.
        logits = torch.addmm(self._biases[-1][:, None], self._weights[-1], outputs[-1].T)
        log_posterior = logits.log_softmax(0)
        error, count = log_posterior.exp(), valid.sum()
        posterior, loss = error @ valid / count, -(log_posterior[target] @ valid) / count
        error[target] -= 1.0
        error = (error * valid).T
        for weight, output in zip(self._weights[:1:-1], outputs[:0:-1], strict=True):
            error = torch.mm(error, weight).mul_(output.sign_())  # rectified, so 0 or 1
        torch.mm(error, self._weights[1], out=back).mul_(outputs[0].sign_())
        return posterior, loss
