"""Stochastic gradient descent with the paper's schedule, and early stopping on validation.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .errors import InputError


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; the defaults are the published configuration of the DNN.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """

    learning_rate: float = 0.01
    final_learning_rate: float = 0.0001  #: reached linearly after ``ramp_epochs``
    momentum: float = 0.5
    final_momentum: float = 0.9  #: reached linearly after ``ramp_epochs``
    ramp_epochs: int = 50
    batch_size: int = 1_200  #: frames
    patience: int = 10  #: epochs without improvement before stopping
    min_improvement: float = 0.001  #: relative, of the validation error
    max_epochs: int = 200

    def __post_init__(self) -> None:
        for name in ("learning_rate", "batch_size", "patience", "max_epochs", "ramp_epochs"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be greater than zero.")

    def at(self, epoch: int) -> tuple[float, float]:
        """Learning rate and momentum in an epoch counted from 0."""
        ramp = min(1.0, epoch / self.ramp_epochs)
        rate = self.learning_rate + ramp * (self.final_learning_rate - self.learning_rate)
        return rate, self.momentum + ramp * (self.final_momentum - self.momentum)


def train(
    network: nn.Module,
    frames: Tensor,
    targets: Tensor,
    valid_frames: Tensor,
    valid_targets: Tensor,
    schedule: Schedule | None = None,
    *,
    seed: int,
    progress: bool = False,
) -> dict[str, Any]:
    """Train a network in place; it ends with the weights of its best epoch.

    Parameters
    ----------
    network : Module
        From ``frames`` to logits.
    frames, valid_frames : Tensor ``[n_frames, n_bins]``, raw magnitudes
    targets, valid_targets : Tensor ``[n_frames]``, label indices
    seed : int
        Of the order of the frames; nothing global is seeded.

    Returns
    -------
    dict
        ``train_loss``, ``valid_loss``, ``valid_error``, ``learning_rate`` (a list each, one entry an
        epoch) and ``best_epoch``, counted from 0. The error is the share of validation *frames*
        with a wrong label, which is what the published code watches.

    Raises
    ------
    InputError
        When there is nothing to train or validate on, or the loss is not a number.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """
    schedule = schedule or Schedule()
    if len(frames) == 0 or len(valid_frames) == 0:
        raise InputError("There are no frames to train or to validate on; choose a partition with both parts.")
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(network.parameters(), lr=schedule.learning_rate, momentum=schedule.momentum)
    cross_entropy = nn.CrossEntropyLoss()
    history: dict[str, Any] = {key: [] for key in ("train_loss", "valid_loss", "valid_error", "learning_rate")}
    best_error, waited, best_state = math.inf, 0, copy.deepcopy(network.state_dict())
    history["best_epoch"] = 0

    epochs = tqdm(range(schedule.max_epochs), desc="training", unit="epoch", disable=not progress, leave=False)
    for epoch in epochs:
        rate, momentum = schedule.at(epoch)
        for group in optimiser.param_groups:
            group["lr"], group["momentum"] = rate, momentum

        network.train()
        total = torch.zeros((), dtype=torch.float64)
        order = torch.randperm(len(frames), generator=generator)
        for batch in order.split(schedule.batch_size):
            optimiser.zero_grad(set_to_none=True)
            loss = cross_entropy(network(frames[batch]), targets[batch])
            loss.backward()
            optimiser.step()
            total += loss.detach().double() * len(batch)
        train_loss = float(total) / len(frames)
        if not math.isfinite(train_loss):
            network.load_state_dict(best_state)
            raise InputError(
                f"The loss is {train_loss} in epoch {epoch} at learning rate {rate:g} and batch size "
                f"{schedule.batch_size}; lower learning_rate."
            )

        valid_loss, valid_error = _validate(network, valid_frames, valid_targets)
        for key, value in zip(
            ("train_loss", "valid_loss", "valid_error", "learning_rate"),
            (train_loss, valid_loss, valid_error, rate),
            strict=True,
        ):
            history[key].append(value)
        epochs.set_postfix(valid_error=f"{valid_error:.3f}")

        if valid_error < best_error * (1 - schedule.min_improvement):
            waited = 0
        else:
            waited += 1
        if valid_error < best_error:
            best_error, history["best_epoch"] = valid_error, epoch
            best_state = copy.deepcopy(network.state_dict())
        if waited >= schedule.patience:
            break

    network.load_state_dict(best_state)
    network.eval()
    return history


@torch.no_grad()
def _validate(network: nn.Module, frames: Tensor, targets: Tensor) -> tuple[float, float]:
    network.eval()
    loss, wrong = 0.0, 0
    # In blocks, so that the activations of a large validation set do not fill the memory.
    for x, y in zip(frames.split(16_384), targets.split(16_384), strict=True):
        logits = network(x)
        loss += float(nn.functional.cross_entropy(logits, y, reduction="sum"))
        wrong += int((logits.argmax(-1) != y).sum())
    return loss / len(frames), wrong / len(frames)
