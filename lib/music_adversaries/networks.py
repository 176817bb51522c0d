"""The systems: networks from raw magnitudes to logits, and decisions over whole excerpts.

Conventions
    * A network reads raw magnitudes ``[..., 513]``; standardisation is its first, frozen layer,
      so a gradient with respect to its input is a gradient with respect to magnitudes.
    * It returns logits ``[..., n_labels]``, one row a frame.
    * An excerpt's posterior is the *mean* over its frames, its confidence in a label the entry of
      that mean, its label the largest.

Paper: Section 2.2, Section 2.3, Eq. (3), Eq. (4)
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import audio, spectra
from .cache import atomic_path
from .errors import InputError

FORMAT_VERSION = 1


class Standardise(nn.Module):
    """Subtract the training mean and divide by the training standard deviation, bin by bin.

    Parameters
    ----------
    mean, std : Tensor ``[n_bins]``
        Of the training frames, in magnitude units.
    min_std : float
        Smaller deviations count as this one. Bins that hardly vary in training would otherwise be
        blown up without bound. The published code sets bins below 0.05 to zero instead.

    Paper: Section 2.3
    Notebook: book/03_training.ipynb
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, std: Tensor, min_std: float = 0.05) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("scale", 1.0 / std.clamp_min(min_std))

    @classmethod
    def fit(cls, frames: Tensor, min_std: float = 0.05) -> Standardise:
        """From training frames ``[n_frames, n_bins]``."""
        return cls(frames.mean(0), frames.std(0, correction=0), min_std)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale


class DNN(nn.Module):
    """Three fully connected layers of rectified linear units on single frames.

    Parameters
    ----------
    standardise : Standardise
    n_labels : int
    n_units : int
        Units a hidden layer: 50 or 500 in the paper.
    generator : torch.Generator
        For the initial weights, uniform in +-0.1 as in the published configuration; biases zero.

    Paper: Section 2.2, Section 2.3
    Notebook: book/03_training.ipynb
    """

    def __init__(
        self, standardise: Standardise, n_labels: int, n_units: int = 50, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        n_bins = standardise.mean.shape[-1]
        sizes = [n_bins, n_units, n_units, n_units]
        self.standardise = standardise
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.output = nn.Linear(n_units, n_labels)
        for layer in (*self.hidden, self.output):
            nn.init.uniform_(layer.weight, -0.1, 0.1, generator=generator)
            nn.init.zeros_(layer.bias)

    def activations(self, x: Tensor) -> list[Tensor]:
        """Outputs of the three hidden layers, each ``[..., n_units]``, for magnitudes ``[..., n_bins]``."""
        x = self.standardise(x)
        outputs = []
        for layer in self.hidden:
            x = torch.relu(layer(x))
            outputs.append(x)
        return outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.activations(x)[-1])


@dataclass(frozen=True)
class Decision:
    """What a system says of one excerpt."""

    label: str
    confidence: float  #: mean posterior of that label, 0 to 1
    posterior: np.ndarray  #: mean posterior of every label ``[n_labels]``


@dataclass
class System:
    """A trained network, the names of its labels, and where it came from.

    Notebook: book/03_training.ipynb
    """

    network: nn.Module
    labels: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def history(self) -> dict[str, Any]:
        """Learning curves of the training, or an empty mapping."""
        return self.metadata.get("history", {})

    def label_index(self, label: str | int) -> int:
        """Index of a label; `InputError` for one that the system does not have."""
        if isinstance(label, str):
            if label in self.labels:
                return self.labels.index(label)
        elif 0 <= label < len(self.labels):
            return int(label)
        raise InputError(f"{label!r} is not a label of this system; choose one of {', '.join(self.labels)}.")

    @torch.no_grad()
    def frame_posteriors(self, waveform: np.ndarray | Tensor) -> Tensor:
        """Posterior of every frame ``[n_frames, n_labels]`` of a waveform ``[n_samples]`` at 22,050 Hz.

        Paper: Eq. (3)
        Notebook: book/03_training.ipynb
        """
        self.network.eval()
        return torch.softmax(self.network(spectra.magnitudes(torch.as_tensor(waveform))), dim=-1)

    def classify(self, waveform: np.ndarray | Tensor, name: str = "the waveform") -> Decision:
        """Decision over a whole waveform ``[n_samples]``: mean posterior, largest label.

        Raises
        ------
        InputError
            For a waveform that is silent, not finite, or shorter than a frame.

        Paper: Eq. (3), Eq. (4)
        Notebook: book/03_training.ipynb
        """
        audio.check_waveform(np.asarray(waveform), name)
        posterior = self.frame_posteriors(waveform).double().mean(0).numpy()
        best = int(posterior.argmax())
        return Decision(self.labels[best], float(posterior[best]), posterior)

    def classify_all(self, waveforms: Mapping[str, np.ndarray] | Sequence[np.ndarray]) -> list[Decision]:
        """`classify` for each of several waveforms, in their order."""
        named = waveforms.items() if isinstance(waveforms, Mapping) else enumerate(waveforms)
        return [self.classify(waveform, str(name)) for name, waveform in named]

    def save(self, path: Path | str) -> None:
        """Write to one file, atomically."""
        network = self.network
        if not isinstance(network, DNN):
            raise InputError(f"A network of type {type(network).__name__} cannot be saved; use torch.save on it.")
        with atomic_path(path) as temporary:
            torch.save(
                {
                    "format": FORMAT_VERSION,
                    "n_units": network.output.in_features,
                    "labels": list(self.labels),
                    "state": network.state_dict(),
                    "metadata": self.metadata,
                },
                temporary,
            )

    @classmethod
    def load(cls, path: Path | str) -> System:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            When the file is missing, damaged, or of another version.
        """
        try:
            content = torch.load(path, weights_only=True)
            if content["format"] != FORMAT_VERSION:
                raise InputError(f"{path} was saved by another version of this library; delete it and train again.")
            state = content["state"]
            standardise = Standardise(state["standardise.mean"], torch.ones_like(state["standardise.mean"]))
            network = DNN(standardise, len(content["labels"]), content["n_units"])
            network.load_state_dict(state)
        except InputError:
            raise
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist; train the system first.") from error
        except (RuntimeError, KeyError, EOFError, OSError, pickle.UnpicklingError, ValueError, TypeError) as error:
            raise InputError(f"{path} is not a saved system or is damaged; delete it and train again.") from error
        network.eval()
        return cls(network, tuple(content["labels"]), content["metadata"])
