"""What an attack sees of a classifier: logits for magnitudes or for waveforms, with a gradient.

Goal
    The systems of the book read magnitudes at 22,050 Hz. A researcher's model may read a waveform at
    any rate, through any front end. To an attack they look alike.

Conventions
    * A module gives logits ``[n, n_labels]`` for whole excerpts, or ``[n, n_rows, n_labels]`` for
      parts of them, such as frames; the posterior of an excerpt is the *mean* over its rows.
    * Waveforms have full scale 1.
    * A budget is always measured on magnitudes as `spectra` analyses them.

Paper: Eq. (3), Eq. (4)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from .. import audio, spectra
from ..errors import InputError
from ..networks import CDNN, Decision, Network, System, evaluated
from .given import Given, as_labels, as_waveform
from .gradients import because
from .options import check_rate, check_whole

READS = ("magnitudes", "waveform")
BEYOND_SCALE = 4.0  # recordings may pass full scale a little; 16-bit samples pass it by thousands
TINY = 1e-20  # added under a square root: far below the square of any magnitude


class Model:
    """Any ``torch.nn.Module`` as the attacks see it.

    Parameters
    ----------
    network : nn.Module
        From ``[n, n_frames, n_bins]`` magnitudes or ``[n, n_samples]`` waveforms to logits
        ``[n, n_labels]`` or ``[n, n_rows, n_labels]``. Its weights are not changed.
    labels : sequence of str
        In the order of the logits, at least two; or a table of them, ``{0: "rock", 1: "pop"}``.
    reads : {"magnitudes", "waveform"}
    sample_rate : int
        Hz, of the audio on which it was trained.
    n_fft, hop_length : int
        Samples in a frame and between frames, for the magnitudes that it reads and that a budget is measured on;
        analysed by `spectra.stft`. ``hop_length`` must divide ``n_fft``, and frames must overlap.
    system : System
        Decides over whole recordings, if given; otherwise the module itself does.

    Raises
    ------
    InputError
        When the network is not a module, there are no labels, or a setting makes no sense.

    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self,
        network: nn.Module,
        labels: Iterable[str] | Mapping[int, str] | Mapping[str, int],
        *,
        reads: str = "magnitudes",
        sample_rate: int = spectra.SAMPLE_RATE,
        n_fft: int = spectra.N_FFT,
        hop_length: int | None = None,
        system: System | None = None,
    ) -> None:
        if not isinstance(network, nn.Module):
            raise InputError(f"The network is a {type(network).__name__}; give a torch.nn.Module.")
        if reads not in READS:
            raise InputError(f"reads is {reads!r}; choose one of {', '.join(READS)}.")
        check_rate(sample_rate)
        check_whole(2, n_fft=n_fft)
        hop_length = n_fft // 2 if hop_length is None else hop_length
        check_whole(1, hop_length=hop_length)
        if n_fft % hop_length:
            raise InputError(f"hop_length {hop_length} does not divide n_fft {n_fft}; choose one that does.")
        if hop_length == n_fft:
            raise InputError(
                f"hop_length {hop_length} is a whole frame, and the window is zero at its ends: no waveform can "
                "be made of such frames; choose one that divides n_fft at least twice."
            )
        self.network: nn.Module = network
        self.labels: tuple[str, ...] = as_labels(labels)
        self.reads: str = reads
        self.system: System | None = system
        self.sample_rate: int = int(sample_rate)
        self.n_fft: int = int(n_fft)
        self.hop_length: int = int(hop_length)
        self.within_one: bool | None = None  # whether all answers of a module so far lie within 0 and 1
        self._refuse_weights()

    @classmethod
    def of(cls, model: Model | System) -> Model:
        """The `Model` of a `System`; a `Model` is returned as it is.

        Raises
        ------
        InputError
            For anything else. A bare module does not say what its logits stand for.
        """
        if isinstance(model, System):
            return cls(model.network, model.labels, system=model)
        if isinstance(model, Model):
            return model
        name = type(model).__name__
        if isinstance(model, nn.Module):
            raise InputError(
                f"The model is a bare module, {name}, which does not say what its logits stand for; "
                "wrap it as Model(module, labels=[...])."
            )
        raise InputError(f"The model is a {name}; give a System, or any module as Model(module, labels=[...]).")

    def _refuse_weights(self) -> None:
        """Refuse weights that cannot be computed or differentiated with."""
        for name, tensor in chain(self.network.named_parameters(), self.network.named_buffers()):
            if nn.parameter.is_lazy(tensor):
                raise InputError(f"The model's {name} has no shape yet; call the module once on an input of its size.")
            if tensor.is_meta:
                raise InputError(f"The model's {name} is on the device meta, without values; load its weights first.")
            if tensor.is_inference():
                raise InputError(
                    f"The model's {name} was made under torch.inference_mode, which rules out gradients; make the "
                    "model outside of it."
                )
        if self.like().dtype not in (torch.float32, torch.float64):
            raise InputError(f"The model computes in {self.like().dtype}; give it in float32, as model.float().")

    @property
    def pads(self) -> bool:
        """Whether excerpts of different lengths can be padded to one length and taken together."""
        if not isinstance(self.network, Network):
            return False
        return not (isinstance(self.network, CDNN) and self.network.remainder == "overlap")

    def like(self) -> Tensor:
        """A tensor with the device and type that the network computes with."""
        held = chain(self.network.parameters(), self.network.buffers())
        return next((tensor for tensor in held if tensor.is_floating_point()), torch.empty(0))

    def label_index(self, label: object) -> int:
        """Index of a label; `InputError` for one that the model does not have."""
        if isinstance(label, str):
            if label in self.labels:
                return self.labels.index(label)
        elif isinstance(label, int | np.integer) and not isinstance(label, bool) and 0 <= label < len(self.labels):
            return int(label)
        raise InputError(f"{label!r} is not a label of this model; choose one of {', '.join(self.labels)}.")

    def check(self, waveform: Given, name: str) -> np.ndarray:
        """A copy of the waveform as float32 ``[n_samples]``, or `InputError` where it cannot be attacked."""
        return self.check_array(as_waveform(waveform, name, self.sample_rate), name)

    def check_array(self, array: np.ndarray, name: str) -> np.ndarray:
        """`check` for an array of our own, which need not be copied."""
        if array.dtype.kind not in "fiu":
            raise InputError(f"{name} is of type {array.dtype}; give floating-point samples with full scale 1.")
        loudest = np.abs(array).max(initial=0.0)
        if np.issubdtype(array.dtype, np.integer) or BEYOND_SCALE < loudest < np.inf:
            raise InputError(
                f"{name} does not have full scale 1 (its largest sample is {loudest:g}); divide 16-bit samples by "
                "32768."
            )
        if array.ndim == 1 and len(array) < self.n_fft:
            raise InputError(
                f"{name} has {len(array)} samples, fewer than one frame of {self.n_fft}; give a longer one."
            )
        array = audio.check_waveform(array, name, min_samples=1)
        n_frames = spectra.n_frames(len(array), self.n_fft, self.hop_length)
        needed = getattr(self.network, "slice_length", 1)
        if n_frames < needed:
            raise InputError(f"{name} has {n_frames} frames, fewer than the {needed} of one slice; give a longer one.")
        return array

    def magnitudes(self, waveforms: Tensor) -> Tensor:
        """Magnitudes ``[..., n_frames, n_bins]``, with a finite gradient also where they are zero."""
        spectrum = spectra.stft(waveforms, self.n_fft, self.hop_length)
        return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + TINY)

    def rows_of_magnitudes(self, magnitudes: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``[n, n_rows, n_labels]`` of magnitudes ``[n, n_frames, n_bins]``, and which rows count.

        ``valid [n, n_frames]`` is 1 where an excerpt has a frame and 0 where it is padded.
        """
        if isinstance(self.network, Network):
            return self.network.sequence_logits(magnitudes), self.network.valid_rows(valid)
        return self._checked(magnitudes)

    def rows_of_waveforms(self, waveforms: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``[n, n_rows, n_labels]`` of waveforms ``[n, n_samples]``, and which rows count."""
        if self.reads == "waveform":
            return self._checked(waveforms)
        return self.rows_of_magnitudes(self.magnitudes(waveforms), valid)

    def decide(self, waveform: Given, name: str = "the waveform") -> Decision:
        """Decision over a whole waveform ``[n_samples]``.

        Paper: Eq. (4)
        Notebook: book/05_adversaries.ipynb
        """
        if self.system is not None:
            return self.system.classify(as_waveform(waveform, name, self.sample_rate), name)
        with evaluated(self.network):
            return self.decide_unchecked(self.check(waveform, name))

    def decide_unchecked(self, waveform: np.ndarray) -> Decision:
        """`decide` without checks: an unrounded ``float32 [n_samples]`` may be far beyond full scale."""
        if self.system is not None:
            return self.system.classify(waveform)
        like = self.like()
        with torch.no_grad():
            x = torch.from_numpy(waveform)[None].to(like.device, like.dtype)
            valid = x.new_ones(1, spectra.n_frames(x.shape[1], self.n_fft, self.hop_length))
            logits, weights = self.rows_of_waveforms(x, valid)
            mean = (logits.double().softmax(-1) * weights[..., None]).sum(1) / weights.sum(1, keepdim=True)
        posterior = mean[0].cpu().numpy()
        best = int(posterior.argmax())
        return Decision(self.labels[best], float(posterior[best]), posterior)

    def refuse_unsteady(self, waveform: np.ndarray, name: str = "the waveform") -> None:
        """Refuse a module that answers differently when asked twice, or whose output is not logits."""
        if self.system is not None:
            return
        try:
            # Another one between, for what a module keeps from its last call.
            another = np.clip(waveform * np.linspace(1, 2, len(waveform)), -1, 1)
            first, _, second = (self.decide(w, name).posterior for w in (waveform, another, waveform))
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        if not np.isfinite(first).all():
            raise InputError(
                f"The model's logits are not finite for {name}; check its weights, and what range of input it expects."
            )
        if not np.allclose(first, second, atol=1e-4):
            raise InputError(
                "The model gives two answers for one input; switch off what is random in it, such as dropout, "
                "and what it keeps from call to call."
            )

    def _checked(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of a researcher's own module, with a dimension of rows."""
        try:
            # A clone: a module may work in place, on what would be the caller's samples or a leaf.
            logits = self.network(x.clone())
        except Exception as error:
            right = "[n, n_samples]" if self.reads == "waveform" else "[n, n_frames, n_bins]"
            said = because(error, f"it must accept {right}")
            raise InputError(f"The model refused {self.reads} of shape {list(x.shape)}: {said}") from error
        good = isinstance(logits, Tensor) and logits.layout is torch.strided
        if not good or logits.ndim not in (2, 3) or len(logits) != len(x) or not logits.numel():
            shape = list(logits.shape) if good else type(logits).__name__
            raise InputError(
                f"The model gave {shape} for {len(x)} excerpts; it must give [n, n_labels] or [n, n_rows, n_labels]."
            )
        if logits.shape[-1] != len(self.labels):
            raise InputError(f"The model gives {logits.shape[-1]} logits, but there are {len(self.labels)} labels.")
        if not logits.is_floating_point():
            raise InputError(f"The model's answers are of type {logits.dtype}; it must give logits, as float32.")
        logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
        values = logits.detach()
        if bool((values >= 0).all()) and bool(((values.sum(-1) - 1).abs() < 1e-4).all()):
            raise InputError("The model gives probabilities; give it without its softmax, or take their logarithm.")
        self.within_one = self.within_one is not False and bool(((values >= 0) & (values <= 1)).all())
        logits = logits[:, None] if logits.ndim == 2 else logits
        return logits, logits.new_ones(logits.shape[:2])
