"""A trained network with its labels: decisions over whole excerpts, and files.

Paper: Section 2.2, Eq. (3), Eq. (4)
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor, nn

from .. import audio, spectra
from ..cache import read_tensors, write_tensors
from ..errors import InputError
from .base import Network
from .cdnn import CDNN
from .dnn import DNN
from .standardise import Standardise

FORMAT_VERSION = 2
KINDS: dict[str, type[Network]] = {"DNN": DNN, "CDNN": CDNN}
VOTES = ("mean", "majority")
FRAMES_AT_ONCE = 16_384  # frames that a network reads at a time, so that long recordings do not fill the memory


@dataclass(frozen=True)
class Decision:
    """What a system says about one excerpt."""

    label: str
    confidence: float  #: entry of that label in ``posterior``, 0 to 1
    posterior: np.ndarray  #: mean posterior, or share of votes, of every label ``[n_labels]``


class History(TypedDict, total=False):
    """How a training went: each list has one entry for each epoch."""

    train_loss: list[float]
    valid_loss: list[float]
    valid_error: list[float]  #: share of validation frames with a wrong label
    learning_rate: list[float]
    best_epoch: int  #: counted from 0
    notes: list[str]  #: what did not go as planned


@dataclass
class System:
    """A trained network, the names of its labels, and where it came from.

    Notebook: book/03_training.ipynb
    """

    network: nn.Module
    labels: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def history(self) -> History:
        """Learning curves of the training, or an empty mapping."""
        history: History = self.metadata.get("history", {})
        return history

    def label_index(self, label: str | int) -> int:
        """Index of a label; `InputError` for one that the system does not have."""
        if isinstance(label, str):
            if label in self.labels:
                return self.labels.index(label)
        elif 0 <= label < len(self.labels):
            return int(label)
        raise InputError(f"{label!r} is not a label of this system; choose one of {', '.join(self.labels)}.")

    @torch.no_grad()
    def posteriors(self, waveform: np.ndarray | Tensor) -> Tensor:
        """Posteriors ``[n_rows, n_labels]`` of a waveform ``[n_samples]`` at 22,050 Hz, on the processor.

        A row is a frame or, for a network on slices, a slice; see `slices` for the frames after the
        last whole one.

        Raises
        ------
        InputError
            When the waveform is not finite floating point, or shorter than a frame or a slice.

        Paper: Eq. (2), Eq. (3)
        Notebook: book/03_training.ipynb
        """
        self.network.eval()
        magnitudes = spectra.magnitudes(torch.tensor(audio.as_float32(waveform)))
        like = next(self.network.parameters(), magnitudes)
        magnitudes = magnitudes.to(like.device, like.dtype)
        cut = getattr(self.network, "rows", None)
        rows = magnitudes if cut is None else cut(magnitudes)
        blocks = rows.split(max(1, FRAMES_AT_ONCE // getattr(self.network, "slice_length", 1)))
        return torch.cat([torch.softmax(self.network(block), dim=-1).cpu() for block in blocks])

    def frame_posteriors(self, waveform: np.ndarray | Tensor) -> Tensor:
        """`posteriors` of a network on single frames: ``[n_frames, n_labels]``.

        Paper: Eq. (3)
        Notebook: book/03_training.ipynb
        """
        return self.posteriors(waveform)

    def classify(self, waveform: np.ndarray | Tensor, name: str = "the waveform", *, vote: str = "mean") -> Decision:
        """Decision over a whole waveform ``[n_samples]``, of any length from one frame or slice.

        Parameters
        ----------
        waveform : array or Tensor ``[n_samples]`` at 22,050 Hz
        name : str
            What a message calls it.
        vote : {"mean", "majority"}
            - ``"mean"``: the label with the largest mean posterior, as in the published code (default).
            - ``"majority"``: a hard vote, as the paper describes it: the label that most frames or slices
              have. The posterior is the share of votes. In a tie the mean posterior decides.

        Raises
        ------
        InputError
            For a waveform that is silent, not finite, or shorter than a frame or a slice; for
            another vote.

        Paper: Eq. (3), Eq. (4)
        Notebook: book/03_training.ipynb
        """
        if vote not in VOTES:
            raise InputError(f"vote is {vote!r}; choose one of {', '.join(VOTES)}.")
        waveform = audio.check_waveform(waveform, name)
        self.check_length(len(waveform), name)
        rows = self.posteriors(waveform).double()
        posterior = mean = rows.mean(0).numpy()
        best = int(mean.argmax())
        if vote == "majority":
            votes = np.bincount(rows.argmax(1).numpy(), minlength=len(self.labels))
            best = int(np.lexsort((mean, votes))[-1])
            posterior = votes / len(rows)
        return Decision(self.labels[best], float(posterior[best]), posterior)

    def classify_all(
        self, waveforms: Mapping[str, np.ndarray] | Sequence[np.ndarray], *, vote: str = "mean"
    ) -> list[Decision]:
        """`classify` for each of several waveforms, in their order."""
        named = waveforms.items() if isinstance(waveforms, Mapping) else enumerate(waveforms)
        return [self.classify(waveform, str(name), vote=vote) for name, waveform in named]

    def check_length(self, n_samples: int, name: str) -> None:
        """Refuse a waveform of ``n_samples`` that is shorter than one frame or slice of the network."""
        needed = getattr(self.network, "slice_length", 1)
        n_frames = spectra.n_frames(n_samples)
        if n_frames < needed:
            seconds = (spectra.N_FFT + (needed - 1) * spectra.HOP_LENGTH) / audio.SAMPLE_RATE
            raise InputError(
                f"{name} has {n_frames} frames, fewer than the {needed} of one slice; give {seconds:.2f} s or more."
            )

    def save(self, path: Path | str) -> None:
        """Write to one file, atomically.

        Raises
        ------
        InputError
            When the network is not one of this library's, or the file cannot be written.
        """
        network = self.network
        kind = type(network).__name__
        if KINDS.get(kind) is not type(network):
            raise InputError(f"A network of type {kind} cannot be saved; use torch.save on it.")
        content = {
            "format": FORMAT_VERSION,
            "kind": kind,
            "settings": network.settings(),
            "labels": list(self.labels),
            "state": network.state_dict(),
            "metadata": self.metadata,
        }
        write_tensors(path, content)

    @classmethod
    def load(cls, path: Path | str) -> System:
        """Read what `save` wrote, onto the processor, whatever device it was saved from.

        Raises
        ------
        InputError
            When the file is missing, damaged (also by a single bit), or of another version; when a weight is not
            finite.
        """
        refused = InputError(f"{path} is not a saved system or is damaged; delete it and train again.")
        try:
            content = read_tensors(path, FORMAT_VERSION)
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist; train the system first.") from error
        except ValueError as error:
            raise refused from error
        if content.get("format") != FORMAT_VERSION:
            raise InputError(f"{path} was saved by another version of this library; delete it and train again.")
        try:
            state, labels, metadata = content["state"], tuple(content["labels"]), dict(content["metadata"])
            standardise = Standardise(state["standardise.mean"], torch.ones_like(state["standardise.mean"]))
            network = KINDS[content["kind"]](standardise, len(labels), **content["settings"])
            network.to(state["output.weight"].dtype).load_state_dict(state)
            sound = all(isinstance(label, str) for label in labels) and len(set(labels)) == len(labels) > 0
        except Exception as error:  # what the fields of a file may be is not known
            raise refused from error
        if not (sound and all(values.isfinite().all() for values in network.state_dict().values())):
            raise refused
        network.eval()
        return cls(network, labels, metadata)
