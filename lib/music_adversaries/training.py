"""Stochastic gradient descent with the paper's schedule, and early stopping on validation.

Paper: Section 2.2
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .cache import read_tensors, write_tensors
from .errors import InputError
from .networks import Dropout, History
from .networks.by_hand import StepsByHand, can_step

CHECKPOINT_SECONDS = 30.0
FORMAT = 2  # of checkpoints


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; the defaults are the published configuration of the DNN.

    >>> Schedule(max_epochs=3).but(batch_size=50).batch_size
    50

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
    min_epochs: int = 1  #: no stopping before that many
    max_epochs: int = 200

    def __post_init__(self) -> None:
        for name in ("learning_rate", "batch_size", "patience", "min_epochs", "max_epochs", "ramp_epochs"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be greater than zero.")

    def but(self, **changes: Any) -> Schedule:
        """The same schedule with some fields changed."""
        return dataclasses.replace(self, **changes)

    def at(self, epoch: int) -> tuple[float, float]:
        """Learning rate and momentum in an epoch counted from 0."""
        ramp = min(1.0, epoch / self.ramp_epochs)
        rate = self.learning_rate + ramp * (self.final_learning_rate - self.learning_rate)
        return rate, self.momentum + ramp * (self.final_momentum - self.momentum)


def device_of(name: str) -> torch.device:
    """The device of a name, as ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    InputError
        When PyTorch does not know the device, or this machine does not have it.

    Notebook: book/03_training.ipynb
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"The device {name!r} is not available here; use --device cpu.") from error
    return device


def train(
    network: nn.Module,
    frames: Tensor,
    targets: Tensor,
    valid_frames: Tensor,
    valid_targets: Tensor,
    schedule: Schedule | None = None,
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: Path | str | None = None,
    progress: bool = False,
) -> History:
    """Train a network in place; it ends with the weights of its best epoch, on the device.

    When memory runs out, batches are computed in smaller and smaller pieces whose gradients add up to the same
    step. When the loss is no longer a number, training stops and keeps the best epoch so far. In both cases
    there is a note in the history, and a warning.

    Parameters
    ----------
    network : Module
        From ``frames`` to logits.
    frames, valid_frames : Tensor ``[n_frames, n_bins]``, raw magnitudes, or slices ``[n_slices, n_frames, n_bins]``
        On the processor; may be memory-mapped. They go to the device as a whole if they fit, else batch by batch.
    targets, valid_targets : Tensor ``[n_frames]``, label indices
    seed : int
        Seed of the order of the frames; no global random state is seeded.
    device : str
        ``"cpu"`` or ``"cuda"``.
    checkpoint : path
        A file with what is needed to continue after an interruption, written at most twice a minute and
        removed at the end. The result is the same, to the last bit, as without an interruption.

    Returns
    -------
    History
        ``train_loss``, ``valid_loss``, ``valid_error``, ``learning_rate`` (lists with one entry for each
        epoch) and ``best_epoch``, counted from 0. The error is the share of validation *frames*
        with a wrong label; the published code watches it too. ``notes``: what did not go as planned.

    Raises
    ------
    InputError
        When there is nothing to train or validate on, the device is not available, the loss is not a number
        in the first epoch, or memory does not suffice for a single row.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """
    schedule = schedule or Schedule()
    if len(frames) == 0 or len(valid_frames) == 0:
        raise InputError("There are no frames to train or to validate on; choose a partition with both parts.")
    where = device_of(device)
    network.to(where)
    frames, targets, valid_frames, valid_targets = _placed(where, frames, targets, valid_frames, valid_targets)
    state = _State(network, schedule, seed, (len(frames), len(valid_frames)))
    if checkpoint is not None:
        state.resume(Path(checkpoint))
    history = state.history
    buffer = frames.new_empty(min(schedule.batch_size, len(frames)), *frames.shape[1:])
    _keep_freed_memory()
    saved = time.monotonic()

    with contextlib.ExitStack() as at_the_end:
        if state.by_hand is not None:
            at_the_end.callback(state.by_hand.release)
        epochs = tqdm(
            range(state.epoch, schedule.max_epochs),
            desc="training",
            unit="epoch",
            disable=not progress,
            leave=False,
            initial=state.epoch,
            total=schedule.max_epochs,
        )
        for epoch in epochs:
            if state.finished(epoch):
                break
            state.begin_epoch(epoch)
            network.train()
            losses: list[Tensor | float] = []
            order = torch.randperm(len(frames), generator=state.generator)
            batches = order.to(frames.device).split(schedule.batch_size)
            answers = targets[order.to(targets.device)].split(schedule.batch_size)
            for batch, y in zip(batches, answers, strict=True):
                # Row by row into memory that is already allocated: a third of the time of frames[batch].
                x = torch.index_select(frames, 0, batch, out=buffer[: len(batch)])
                losses.append(state.step(x.to(where), y))
            weighted = zip(_numbers(losses), map(len, batches), strict=True)
            train_loss = sum(value * n for value, n in weighted) / len(frames)
            if not math.isfinite(train_loss):
                said = (
                    f"The loss is {train_loss} in epoch {epoch + 1} at learning rate {state.rate:g} and batch size "
                    f"{schedule.batch_size}; lower learning_rate."
                )
                if epoch == 0:
                    raise InputError(said)
                state.note(f"{said} Training stopped, and epoch {history['best_epoch'] + 1} was kept.")
                break

            valid_loss, valid_error = _validate(network, valid_frames, valid_targets, where)
            state.end_epoch(epoch, train_loss, valid_loss, valid_error)
            epochs.set_postfix(valid_error=f"{valid_error:.3f}")
            if checkpoint is not None and time.monotonic() - saved > CHECKPOINT_SECONDS:
                state.save(Path(checkpoint))
                saved = time.monotonic()

    network.load_state_dict(state.best)
    network.eval()
    if checkpoint is not None:
        with contextlib.suppress(OSError):  # a training that is done does not end by what is left behind
            Path(checkpoint).unlink(missing_ok=True)
    return history


def _placed(where: torch.device, *arrays: Tensor) -> list[Tensor]:
    """The arrays on the device if they fit into half of its free memory; else only the targets go there."""
    if where.type == "cpu":
        return list(arrays)
    n_bytes = sum(array.numel() * array.element_size() for array in arrays)
    fits = where.type != "cuda" or n_bytes < torch.cuda.mem_get_info(where)[0] // 2
    return [array.to(where) if fits or array.dim() == 1 else array for array in arrays]


def _numbers(losses: list[Tensor | float]) -> list[float]:
    """The losses of an epoch as numbers. Steps by hand give numbers; for tensors, one transfer from the device."""
    on_device = [loss for loss in losses if isinstance(loss, Tensor)]
    return torch.stack(on_device).tolist() if on_device else [float(loss) for loss in losses]


class _State:
    """The state of a training: everything that changes from epoch to epoch."""

    def __init__(self, network: nn.Module, schedule: Schedule, seed: int, sizes: tuple[int, int]) -> None:
        self.network, self.schedule = network, schedule
        self.generator = torch.Generator().manual_seed(seed)
        self.by_hand = StepsByHand(network) if can_step(network) else None
        self.rate, self.momentum = schedule.at(0)
        self.optimiser: torch.optim.SGD | None = None  # not needed for steps by hand; making one takes 2 s of imports
        if self.by_hand is None:
            self.optimiser = torch.optim.SGD(network.parameters(), lr=self.rate, momentum=self.momentum)
        self.cross_entropy = nn.CrossEntropyLoss()
        self.history: History = {
            "train_loss": [],
            "valid_loss": [],
            "valid_error": [],
            "learning_rate": [],
            "best_epoch": 0,
            "notes": [],
        }
        self.best_error, self.waited, self.epoch = math.inf, 0, 0
        self.best = copy.deepcopy(network.state_dict())
        self.pieces = 1
        # A checkpoint can be continued only if this is equal.
        shapes = {name: tuple(value.shape) for name, value in self.best.items()}
        self.of = repr((FORMAT, self.by_hand is not None, schedule, seed, sizes, shapes))

    def begin_epoch(self, epoch: int) -> None:
        """Set the rates of an epoch."""
        self.rate, self.momentum = self.schedule.at(epoch)
        if self.optimiser is not None:
            for group in self.optimiser.param_groups:
                group["lr"], group["momentum"] = self.rate, self.momentum

    def step(self, x: Tensor, y: Tensor) -> Tensor | float:
        """One step on a batch; returns its loss. If memory runs out, tries again in twice as many pieces."""
        while True:
            try:
                return self._step(x, y)
            except (RuntimeError, MemoryError) as error:
                if not _out_of_memory(error):
                    raise
            if self.pieces >= len(x):
                raise InputError(
                    "Memory does not suffice for a single row of the network; close other programs or take a smaller "
                    "network."
                )
            self.pieces = min(2 * self.pieces, len(x))
            self.note(
                f"Memory ran out: batches of {len(x)} are computed in {self.pieces} pieces of up to "
                f"{-(-len(x) // self.pieces)} rows from epoch {self.epoch + 1} on, which makes the same steps slower."
            )
            if x.is_cuda:
                torch.cuda.empty_cache()

    def _step(self, x: Tensor, y: Tensor) -> Tensor | float:
        if self.by_hand is not None:
            return self.by_hand.step(x, y, self.rate, self.momentum, self.pieces)
        assert self.optimiser is not None
        self.optimiser.zero_grad(set_to_none=True)
        if self.pieces == 1:
            loss = self.cross_entropy(self.network(x), y)
            loss.backward()
        else:
            loss = torch.zeros((), device=x.device, dtype=torch.float32)
            for some, answers in zip(x.chunk(self.pieces), y.chunk(self.pieces), strict=True):
                part = self.cross_entropy(self.network(some), answers) * (len(some) / len(x))
                part.backward()
                loss = loss + part.detach()
        self.optimiser.step()
        return loss.detach()

    def end_epoch(self, epoch: int, train_loss: float, valid_loss: float, valid_error: float) -> None:
        """Record how an epoch went, and keep its weights if they are the best so far."""
        self.history["train_loss"].append(train_loss)
        self.history["valid_loss"].append(valid_loss)
        self.history["valid_error"].append(valid_error)
        self.history["learning_rate"].append(self.rate)
        self.waited = 0 if valid_error < self.best_error * (1 - self.schedule.min_improvement) else self.waited + 1
        if valid_error < self.best_error:
            self.best_error, self.history["best_epoch"] = valid_error, epoch
            self.best = copy.deepcopy(self.network.state_dict())
        self.epoch = epoch + 1

    def finished(self, epoch: int) -> bool:
        """Whether enough epochs went by without improvement."""
        return self.waited >= self.schedule.patience and epoch >= self.schedule.min_epochs

    def note(self, said: str) -> None:
        """Keep a note in the history, and warn."""
        self.history["notes"].append(said)
        warnings.warn(said, stacklevel=4)

    def save(self, path: Path) -> None:
        """Write the whole state, atomically. If the disk is full, training continues without a checkpoint."""
        content = {
            "format": FORMAT,
            "of": self.of,
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "best": self.best,
            "optimiser": self.optimiser and self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "history": self.history,
            "velocity": None if self.by_hand is None else torch.from_numpy(self.by_hand.velocity),
            "best_error": self.best_error,
            "waited": self.waited,
            "pieces": self.pieces,
            "dropout": [module.generator_states() for module in self._dropouts()],
        }
        with contextlib.suppress(InputError, OSError, MemoryError):
            write_tensors(path, content)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint, if there is an intact one of this training."""
        try:
            content = read_tensors(path, FORMAT)
            if content["of"] != self.of:
                return
            self.network.load_state_dict(content["network"])
            if self.optimiser is not None:
                self.optimiser.load_state_dict(content["optimiser"])
            self.generator.set_state(content["generator"].cpu())
            for module, states in zip(self._dropouts(), content["dropout"], strict=True):
                module.set_generator_states(states)
            if self.by_hand is not None:
                self.by_hand.velocity[:] = content["velocity"].numpy()
        except (RuntimeError, KeyError, ValueError, OSError, TypeError):
            # Not there, or damaged: begin again, with the weights that the network had at the beginning.
            self.network.load_state_dict(self.best)
            return
        self.best, self.history = content["best"], content["history"]
        self.best_error, self.waited = content["best_error"], content["waited"]
        self.epoch, self.pieces = content["epoch"], content["pieces"]

    def _dropouts(self) -> list[Dropout]:
        return [module for module in self.network.modules() if isinstance(module, Dropout)]


def _out_of_memory(error: BaseException) -> bool:
    # PyTorch has an error class for this on a GPU; on the processor only the message shows it.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "not enough memory" in str(error)


@torch.no_grad()
def _validate(network: nn.Module, frames: Tensor, targets: Tensor, where: torch.device) -> tuple[float, float]:
    network.eval()
    loss, wrong = 0.0, 0
    for x, y in zip(frames.split(16_384), targets.split(16_384), strict=True):
        # In pieces of 4 MB: activations then do not fill the memory, and what a layer writes is still in the cache
        # when the next layer reads it. No piece is small: on a few rows a matrix product rounds in another order.
        rows = 1 << max(1, (1 << 20) // x[0].numel()).bit_length() - 1
        pieces = x.tensor_split(tuple(range(rows, len(x) - rows + 1, rows)))
        logits = torch.cat([network(piece.to(where)) for piece in pieces])
        loss += float(nn.functional.cross_entropy(logits, y, reduction="sum"))
        wrong += int((logits.argmax(-1) != y).sum())
    return loss / len(frames), wrong / len(frames)


def _keep_freed_memory() -> None:
    """Make the C library keep the memory that a step frees for the next step.

    The GNU C library gives blocks above a threshold back to the system at once, and the system
    clears every page again: 2 ms of a step of 5 ms. The library raises the threshold, up to 32 MiB,
    to the largest block that was freed so far. So this function frees one large block without
    touching its pages. With other C libraries it does nothing.
    """
    torch.empty(31 << 20, dtype=torch.uint8)
