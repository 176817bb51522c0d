"""Hand-crafted features, and texture windows that summarise any features over some seconds.

Goal
    A forest or a distance classifies some seconds at a time. This module makes the row that it reads:
    mean and spread, over a texture window, of a network's activations or of cepstral coefficients.

Conventions
    * Lengths of texture windows are in frames. Five seconds are 215 frames, half of that is 107. The
      published code has 200 and 100: :data:`PUBLISHED_WINDOW`, :data:`PUBLISHED_HOP`.
    * Only whole windows count: the frames after the last window are left out; they are fewer than one hop.
      (If the last window ends with the excerpt, the published code leaves that window out too.)
    * A sequence shorter than a window is one window of the frames it has, or is refused with
      ``short="refuse"``. Its spread is computed from fewer frames, so do not mix lengths in one experiment.
    * Layers of a network are counted from 1.

Paper: Section 2.3, Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .. import audio, spectra
from ..errors import InputError
from ..networks import Network, System, evaluated

N_MFCC = 13
TEXTURE_SECONDS = 5.0
PUBLISHED_WINDOW = 200  # frames, of the published code
PUBLISHED_HOP = 100

Layers = int | str | Sequence[int]


def texture_frames(seconds: float = TEXTURE_SECONDS) -> int:
    """Frames in a texture window of this length in seconds (215 for the paper's 5 s)."""
    return round(seconds * spectra.SAMPLE_RATE / spectra.HOP_LENGTH)


class Texture(NamedTuple):
    """Length and distance of texture windows, in frames."""

    window: int
    hop: int

    def starts(self, n_frames: int) -> range:
        """First frames of the windows over ``n_frames`` frames; one window if the frames do not fill any."""
        return range(0, max(n_frames - self.window, 0) + 1, self.hop)


def texture(window: int | None = None, hop: int | None = None) -> Texture:
    """Texture windows by their length and hop in frames: by default 5 s, hopped by half a window.

    Raises
    ------
    InputError
        When either is below 1.

    Paper: Section 2.3
    """
    window = texture_frames() if window is None else window
    hop = max(1, window // 2) if hop is None else hop
    if window < 1 or hop < 1:
        raise InputError(f"The texture window is {window} frames and its hop {hop}; give at least 1 for each.")
    return Texture(int(window), int(hop))


def texture_windows(
    features: npt.ArrayLike,
    window: int | None = None,
    hop: int | None = None,
    *,
    spread: str = "std",
    short: str = "one_window",
    name: str = "the sequence",
) -> np.ndarray:
    """Mean and spread of features over windows of some seconds.

    Parameters
    ----------
    features : array ``[n_frames, n_features]``
    window, hop : int
        In frames; by default the paper's 5 s, hopped by half a window. Frames after the last whole
        window are left out.
    spread : {"std", "var"}
        Both divide by the number of frames.

        - ``"std"``: standard deviation, as for the paper's activations.
        - ``"var"``: variance, as for its hand-crafted features.
    short : {"one_window", "refuse"}
        What happens to a sequence shorter than one window.

        - ``"one_window"``: one window of all its frames.
        - ``"refuse"``: an error.
    name : str
        What a message calls the sequence.

    Returns
    -------
    float64 array ``[n_windows, 2 * n_features]``
        Means first, then spreads. Rows are in the order of the sequence.

    Raises
    ------
    InputError
        When there is no frame, a feature is not finite, the array does not have two axes, a sequence that
        is too short is refused, or an option is not one of those above.

    Paper: Section 2.3, Section 5
    Notebook: book/04_baselines.ipynb
    """
    if spread not in ("std", "var"):
        raise InputError(f"spread is {spread!r}; choose 'std' or 'var'.")
    cut = texture(window, hop)
    frames = np.asarray(features)
    if frames.ndim != 2:
        raise InputError(f"The features of {name} have {frames.ndim} axes; give [n_frames, n_features].")
    n_frames = len(frames)
    if n_frames == 0:
        raise InputError(f"There are no frames to summarise in {name}; give a longer excerpt.")
    _check_length(n_frames, cut.window, short, name)
    if not np.isfinite(frames).all():
        raise InputError(f"A feature of {name} is not finite; find out which recording or network made it.")
    starts = cut.starts(n_frames)
    summary = np.empty((len(starts), 2, frames.shape[1]))
    for row, start in zip(summary, starts, strict=True):
        block = frames[start : start + cut.window]
        block.mean(axis=0, dtype=np.float64, out=row[0])
        block.var(axis=0, dtype=np.float64, out=row[1])
    if spread == "std":
        np.sqrt(summary[:, 1], out=summary[:, 1])
    return summary.reshape(len(starts), -1)


def _check_length(n_frames: int, window: int, short: str, name: str) -> None:
    if short not in ("one_window", "refuse"):
        raise InputError(f"short is {short!r}; choose 'one_window' or 'refuse'.")
    if n_frames < window and short == "refuse":
        raise InputError(
            f"{name} has {n_frames} frames, fewer than one texture window of {window}; "
            "give a longer excerpt, a shorter window or short='one_window'."
        )


def mfcc_and_zero_crossings(waveform: np.ndarray, name: str = "the waveform") -> np.ndarray:
    """13 mel-frequency cepstral coefficients and the zero-crossing rate of every frame, by librosa.

    128 mel bands up to 11,025 Hz. Decibels have a floor of 1e-10 and no floor relative to the loudest
    frame, so that the features of a frame do not depend on its neighbours.

    Parameters
    ----------
    waveform : floating-point array ``[n_samples]`` at 22,050 Hz
    name : str
        What a message calls the waveform.

    Returns
    -------
    float64 array ``[n_frames, 14]``
        On the same frames of 1,024 samples as everything else; the rate is in crossings a sample.

    Raises
    ------
    InputError
        For a waveform that is silent, not finite, or shorter than a frame.

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """
    import librosa  # imported here, since it takes long to import and nothing else needs it

    waveform = audio.check_waveform(waveform, name)
    power = spectra.magnitudes(torch.from_numpy(waveform)).square().numpy().T
    mel = librosa.feature.melspectrogram(S=power, sr=spectra.SAMPLE_RATE, n_fft=spectra.N_FFT)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=N_MFCC)
    crossings = librosa.feature.zero_crossing_rate(
        waveform, frame_length=spectra.N_FFT, hop_length=spectra.HOP_LENGTH, center=False
    )
    return np.concatenate([mfcc, crossings[:, : mfcc.shape[1]]]).T.astype(np.float64)


# --- activations of a network ---


@dataclass(frozen=True)
class ActivationWindows:
    """Texture windows of one excerpt over the activations of a network, layer by layer.

    Describe an excerpt once, and fit forests on any of its layers.

    Attributes
    ----------
    by_layer : dict of float32 arrays ``[n_windows, 2 * n_units]``
        Keyed by the number of the layer, from 1. Means first, then standard deviations.
    texture : Texture
        In frames.

    Paper: Section 2.3
    Notebook: book/04_baselines.ipynb
    """

    by_layer: dict[int, np.ndarray]
    texture: Texture

    def matrix(self, layers: Layers = "all") -> np.ndarray:
        """The features of some layers in the order of their numbers: ``[n_windows, sum of 2 * n_units]``.

        Raises
        ------
        InputError
            For a layer that was not described.
        """
        return np.concatenate([self.by_layer[layer] for layer in chosen_layers(layers, self.by_layer)], axis=1)


def chosen_layers(layers: Layers, available: Iterable[int]) -> tuple[int, ...]:
    """The numbers of the layers that ``"all"``, ``2`` or ``(1, 3)`` mean, sorted, each number once.

    Raises
    ------
    InputError
        For a layer that is not available, or none at all.
    """
    if isinstance(layers, str):
        if layers != "all":
            raise InputError(f"layers is {layers!r}; choose 'all', the number of a layer, or several numbers.")
        return tuple(sorted(available))
    wanted = tuple(sorted({layers} if isinstance(layers, int | np.integer) else set(layers)))
    strange = [layer for layer in wanted if layer not in available]
    if strange or not wanted:
        names = ", ".join(map(str, sorted(available)))
        raise InputError(f"layers is {layers!r}; choose 'all' or some of {names}.")
    return wanted


def activation_windows(
    network: nn.Module | System,
    excerpt: npt.ArrayLike | Tensor,
    *,
    layers: Layers = "all",
    window: int | None = None,
    hop: int | None = None,
    short: str = "one_window",
    name: str = "the excerpt",
) -> ActivationWindows:
    """Mean and standard deviation of a network's activations over texture windows of one excerpt.

    Parameters
    ----------
    network : trained network, or the System around it
        Its ``sequence_activations(magnitudes [n_frames, n_bins])`` gives a tensor ``[n_rows, n_units]`` for each
        hidden layer. A row is a frame or, with a CDNN, a slice; windows are then rounded to slices.
        (A CDNN's first two layers have 86,016 and 15,360 units: choose layer 3, or be patient.)
    excerpt : magnitudes ``[n_frames, n_bins]``, or a waveform ``[n_samples]`` at 22,050 Hz
    layers : ``"all"``, the number of a layer from 1, or several
    window, hop, short
        As in :func:`texture_windows`, in frames.
    name : str
        What a message calls the excerpt.

    Returns
    -------
    ActivationWindows

    Raises
    ------
    InputError
        See :func:`texture_windows`, :func:`chosen_layers` and :func:`magnitudes_of`; also for a sequence shorter
        than the slices that a network reads.

    Paper: Section 2.3
    Notebook: book/04_baselines.ipynb
    """
    cut = texture(window, hop)
    trained: Any = getattr(network, "network", network)
    if not hasattr(trained, "sequence_activations"):
        kind = type(trained).__name__
        raise InputError(f"{kind} has no activations to summarise; give a trained DNN, CDNN or System.")
    magnitudes = magnitudes_of(excerpt, name)
    _check_length(len(magnitudes), cut.window, short, name)
    outputs = _outputs(trained, magnitudes)
    slice_hop: int | None = getattr(trained, "hop", None)
    frames_a_row = slice_hop or int(getattr(trained, "slice_length", 1))  # 1: no slices
    by_layer = {}
    for layer in chosen_layers(layers, range(1, len(outputs) + 1)):
        rows = outputs[layer - 1].flatten(1).cpu().numpy()
        in_rows = [max(1, round(frames / frames_a_row)) for frames in cut]
        by_layer[layer] = texture_windows(rows, *in_rows, name=name).astype(np.float32)
    return ActivationWindows(by_layer, cut)


def _outputs(network: Network, magnitudes: Tensor) -> list[Tensor]:
    reference = next(iter(network.parameters()), magnitudes)
    with torch.no_grad(), evaluated(network):
        return list(network.sequence_activations(magnitudes.to(reference.device, reference.dtype)))


def magnitudes_of(excerpt: npt.ArrayLike | Tensor, name: str = "the excerpt") -> Tensor:
    """Magnitudes ``[n_frames, n_bins]`` of an excerpt given as magnitudes or as a waveform ``[n_samples]``.

    Raises
    ------
    InputError
        For another shape, values that are not finite, and a waveform that is silent or shorter than a frame.
    """
    if isinstance(excerpt, Tensor):
        excerpt = excerpt.detach().cpu()
    if np.ndim(excerpt) == 1:
        return spectra.magnitudes(torch.from_numpy(audio.check_waveform(np.asarray(excerpt), name)))
    magnitudes = torch.as_tensor(excerpt)
    if magnitudes.ndim != 2 or not len(magnitudes):
        shape = list(magnitudes.shape)
        raise InputError(f"{name} has the shape {shape}; give magnitudes [n_frames, n_bins] or a waveform [n_samples].")
    if not torch.isfinite(magnitudes).all():
        raise InputError(f"A magnitude of {name} is not finite; find out which recording made it.")
    return magnitudes
