"""What a hidden unit responds to: the moments and frequencies that drive it, and how they sound.

Goal
    A unit is a number that rises and falls with the music. This module finds the moments at which it is
    largest, says which frequencies push it there, and makes them audible.

Conventions
    * Layers are counted from 1 and units from 0. Every layer of a `DNN` has units. Of a `CDNN`, only the third,
      dense layer has units: the first two are made of maps.
    * A row is one input of the network: a frame or, for a `CDNN`, a slice.
    * The activation is the unit's output, never negative; the *pre-activation* is the input of the
      rectifier. A unit fires in a row where its pre-activation is greater than zero.
    * The contribution of a magnitude is the gradient of the pre-activation with respect to it, times its
      deviation from the training mean. In the first layer of a `DNN` that is exact: weight times scale times
      deviation, and the contributions of a frame add up to the pre-activation less the unit's bias. In
      deeper layers a network of rectified linear units is still linear around each row, and the
      pre-activation minus the contributions is the bias of that linear piece.

Paper: Section 2.2, Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from .. import audio, spectra
from ..errors import InputError
from ..networks import CDNN, DNN, Network, System, evaluated
from .features import magnitudes_of

FULL_GAIN = 0.9  # quantile of the audible contributions; larger ones are not attenuated
FRAMES_AT_ONCE = 2_400  # that are differentiated at a time


@dataclass(frozen=True)
class Moment:
    """A window of an excerpt, and a unit's mean activation in it."""

    excerpt: str
    start_s: float  #: first sample that the window's frames cover, in seconds
    end_s: float  #: end of the last one
    activation: float  #: mean over the window's frames or slices


def strongest(
    system: System | Network,
    waveforms: Mapping[str, npt.ArrayLike],
    layer: int = 1,
    unit: int = 0,
    *,
    n: int = 4,
    seconds: float = 2.0,
) -> list[Moment]:
    """The moments at which a unit is driven hardest, at most one from each excerpt, the hardest first.

    Parameters
    ----------
    system : trained System, or its network
    waveforms : mapping of excerpt to array ``[n_samples]`` at 22,050 Hz
    layer, unit : int
    n : int
        How many moments; fewer are returned if the unit fires in fewer excerpts.
    seconds : float
        Length of a window: it has the frames, or slices, that lie wholly in this time, but at least one,
        and at most those of the excerpt. 2 s are 85 frames; a slice lasts 2.35 s.

    Returns
    -------
    list of Moment
        Of equal moments in an excerpt, the first is taken; equal moments of several excerpts keep their order.

    Raises
    ------
    InputError
        For a layer or unit that does not exist, a waveform that is silent or too short, no waveform, an
        ``n`` below 1, or ``seconds`` that are not positive and finite.

    Notebook: book/03_training.ipynb
    """
    if n < 1 or not 0 < seconds < math.inf:
        raise InputError(f"{n} moments of {seconds} s cannot be found; give at least one, and a length such as 2.")
    network = _network(system, layer, unit)
    moments = []
    for name, waveform in _some(waveforms).items():
        reading = _read(network, waveform, name)
        activation = _activations(network, reading.rows, layer)[:, unit].double().cpu().numpy()
        total = np.concatenate([[0.0], np.cumsum(activation)])
        length = min(_rows_in(network, seconds), len(activation))
        means = (total[length:] - total[:-length]) / length
        first = int(means.argmax())
        if activation[first : first + length].any():
            start, last = (int(reading.places[row, end]) for row, end in ((first, 0), (first + length - 1, -1)))
            hop, rate = spectra.HOP_LENGTH, spectra.SAMPLE_RATE
            end_s = (last * hop + spectra.N_FFT) / rate
            moments.append(Moment(name, start * hop / rate, end_s, float(means[first])))
    return sorted(moments, key=lambda moment: -moment.activation)[:n]


def contributions(
    system: System | Network, excerpt: npt.ArrayLike | Tensor, layer: int = 1, unit: int = 0
) -> np.ndarray:
    """How much each magnitude of an excerpt adds to a unit's pre-activation, or subtracts from it.

    Parameters
    ----------
    system : trained System, or its network
    excerpt : waveform ``[n_samples]`` at 22,050 Hz, or magnitudes ``[n_frames, n_bins]``
    layer, unit : int

    Returns
    -------
    float64 array ``[n_frames, n_bins]``
        In units of the pre-activation. Zero in frames that no slice holds; where slices overlap, their mean.

    Raises
    ------
    InputError
        For a layer or unit that does not exist, or an excerpt that is silent, not finite, or too short.

    Notebook: book/03_training.ipynb
    """
    network = _network(system, layer, unit)
    reading = _read(network, excerpt, "the excerpt")
    by_row, _ = _contributions(network, reading.rows, layer, unit)
    return _by_frame(by_row, reading).numpy()


def drive(system: System | Network, excerpt: npt.ArrayLike | Tensor, layer: int = 1, unit: int = 0) -> np.ndarray:
    """Which frequencies push a unit up in an excerpt, and which push it down.

    The contributions of a bin are summed over the frames of a row and averaged over the rows.

    Parameters
    ----------
    system : trained System, or its network
    excerpt : waveform ``[n_samples]`` at 22,050 Hz, or magnitudes ``[n_frames, n_bins]``
    layer, unit : int

    Returns
    -------
    float64 array ``[n_bins]``
        In units of the pre-activation; positive if the bin pushes up. In the first layer of a
        `DNN` its sum is the mean pre-activation less the unit's bias.

    Raises
    ------
    InputError
        As `contributions`.

    Notebook: book/03_training.ipynb
    """
    network = _network(system, layer, unit)
    rows = _read(network, excerpt, "the excerpt").rows
    by_row, _ = _contributions(network, rows, layer, unit)
    return by_row.sum(1).mean(0).numpy()


def as_heard(system: System | Network, waveform: npt.ArrayLike, layer: int = 1, unit: int = 0) -> np.ndarray:
    """A recording reduced to the parts that drive a unit up.

    Each magnitude keeps its phase and gets a gain from 0 to 1, in proportion to its contribution ``c``::

        gain = min(1, c / q)    where c > 0, the magnitude exceeds the training mean, and the unit fires,
        gain = 0                elsewhere,

    where ``q`` is the 0.9 quantile of the contributions in the first line. So the gain never
    falls as the contribution grows, and the strongest tenth stays unchanged. Some units are driven by what
    is *absent*, a bin weaker than in training: that cannot be heard, but `drive` shows it.

    Parameters
    ----------
    system : trained System, or its network
    waveform : array ``[n_samples]`` at 22,050 Hz
    layer, unit : int

    Returns
    -------
    float32 array ``[n_samples]``
        At the level of the recording, not normalised. Zero after the last frame (of the last slice), and
        everywhere if the unit never fires or fires only because of absences. It fades at both ends; see
        `spectra.istft`.

    Raises
    ------
    InputError
        As `contributions`.

    Paper: Eq. (9)
    Notebook: book/03_training.ipynb
    """
    waveform = audio.check_waveform(np.asarray(waveform), "the waveform")
    network = _network(system, layer, unit)
    reading = _read(network, waveform, "the waveform")
    by_row, fires = _contributions(network, reading.rows, layer, unit)
    raised = reading.rows.detach().cpu().reshape(by_row.shape) > network.standardise.mean.cpu()
    heard = by_row.clamp_min(0) * (raised & fires[:, None, None])
    gain = _by_frame(heard, reading)
    above = gain[gain > 0].numpy()
    if not len(above):
        return np.zeros(len(waveform), dtype=np.float32)
    gain = (gain / np.quantile(above, FULL_GAIN)).clamp_max(1)
    spectrum = spectra.stft(torch.from_numpy(waveform).double())
    return spectra.istft(spectrum * gain, len(waveform)).float().numpy()


# --- units and labels ---


def by_label(
    system: System,
    waveforms: Mapping[str, npt.ArrayLike],
    labels: Sequence[str],
    layer: int = 1,
    *,
    average: str = "mean",
) -> pd.DataFrame:
    """Mean activation of each unit of a layer, by true label.

    Parameters
    ----------
    system : trained System
    waveforms : mapping of excerpt to array ``[n_samples]`` at 22,050 Hz
    labels : sequence of str
        True labels, one for each excerpt, in the order of the waveforms.
    layer : int
    average : {"mean", "median"}
        Over the excerpts of a label. One loud excerpt can carry a mean, but not a median.

    Returns
    -------
    DataFrame ``[n_labels, n_units]``
        Rows are the system's labels that have an excerpt, in the system's order; columns are units. An
        excerpt's value is its mean over frames or slices, and every excerpt of a label counts the same.

    Raises
    ------
    InputError
        When there is not one label for each excerpt; for a label that the system does not have, no waveform, a
        layer that does not exist, or another average.

    Notebook: book/03_training.ipynb
    """
    if average not in ("mean", "median"):
        raise InputError(f"average is {average!r}; choose 'mean' or 'median'.")
    network = _network(system, layer)
    if len(labels) != len(_some(waveforms)):
        raise InputError(f"There are {len(waveforms)} waveforms but {len(labels)} labels; give one of each.")
    for label in labels:
        system.label_index(label)
    means = [
        _activations(network, _read(network, waveform, name).rows, layer).double().mean(0).cpu().numpy()
        for name, waveform in waveforms.items()
    ]
    table = pd.DataFrame(np.stack(means)).groupby(np.asarray(labels, dtype=object)).agg(average)
    return table.reindex([label for label in system.labels if label in table.index])


def selectivity(activations: pd.DataFrame) -> pd.DataFrame:
    """The label that each unit prefers, and by how much.

    Parameters
    ----------
    activations : DataFrame ``[n_labels, n_units]``
        From `by_label`, of at least two labels.

    Returns
    -------
    DataFrame ``[n_units, 2]``
        ``label``: the one with the largest mean activation; ``gap``: by how much it exceeds the next, in
        units of activation.

    Raises
    ------
    InputError
        With fewer than two labels.

    Notebook: book/03_training.ipynb
    """
    values = activations.to_numpy(dtype=np.float64)
    if len(values) < 2:
        raise InputError(f"The table has {len(values)} labels; a preference needs two, so add excerpts of another.")
    largest = np.sort(values, axis=0)
    preferred = activations.index.to_numpy()[values.argmax(axis=0)]
    return pd.DataFrame({"label": preferred, "gap": largest[-1] - largest[-2]}, index=activations.columns)


def most_selective(activations: pd.DataFrame, label: str | None = None) -> tuple[int, str]:
    """The unit with the largest gap between the label that it prefers and the next, and that label.

    Parameters
    ----------
    activations : DataFrame ``[n_labels, n_units]``
        From `by_label`.
    label : str
        Only units that prefer it; None: all of them.

    Returns
    -------
    (unit, label)
        Of equal gaps, the first unit.

    Raises
    ------
    InputError
        When no unit prefers the label, or with fewer than two labels.

    Notebook: book/03_training.ipynb
    """
    table = selectivity(activations)
    if label is not None:
        table = table[table["label"] == label]
    if not (table["gap"] > 0).any():
        wanted = "any label" if label is None else f"{label!r}"
        raise InputError(f"No unit prefers {wanted}; choose another layer or label.")
    unit = table["gap"].to_numpy().argmax()
    return int(table.index[unit]), str(table["label"].iloc[unit])


# --- rows of a network ---


@dataclass(frozen=True)
class _Reading:
    """An excerpt as a network reads it."""

    rows: Tensor  #: ``[n_rows, n_bins]`` or ``[n_rows, slice_length, n_bins]``
    places: Tensor  #: which frames a row holds, ``[n_rows, slice_length]``
    n_frames: int


def _network(system: System | Network, layer: int, unit: int | None = None) -> DNN | CDNN:
    network = system.network if isinstance(system, System) else system
    linear = _layers(network).get(layer)
    if linear is None or not isinstance(network, DNN | CDNN):
        available = ", ".join(map(str, _layers(network))) or "none"
        raise InputError(f"Layer {layer} of a {type(network).__name__} has no units; choose among: {available}.")
    if unit is not None and not 0 <= unit < linear.out_features:
        raise InputError(f"Layer {layer} has no unit {unit}; choose one from 0 to {linear.out_features - 1}.")
    return network


def _layers(network: nn.Module) -> dict[int, nn.Linear]:
    """The layers that have units, by their numbers."""
    if isinstance(network, DNN):
        return dict(enumerate(network.linear[:-1], start=1))
    return {3: network.dense} if isinstance(network, CDNN) else {}


def _some(waveforms: Mapping[str, npt.ArrayLike]) -> Mapping[str, npt.ArrayLike]:
    if not waveforms:
        raise InputError("There is no waveform to search; give at least one excerpt.")
    return waveforms


def _read(network: DNN | CDNN, excerpt: npt.ArrayLike | Tensor, name: str) -> _Reading:
    magnitudes = magnitudes_of(excerpt, name)
    n_bins = len(network.standardise.mean)
    if magnitudes.shape[1] != n_bins:
        raise InputError(f"{name} has {magnitudes.shape[1]} bins but the network reads {n_bins}; give as many.")
    like = next(network.parameters())
    frames = torch.arange(len(magnitudes))
    places = network.rows(frames[:, None]).reshape(-1, network.slice_length)
    return _Reading(network.rows(magnitudes.to(like.device, like.dtype)), places, len(frames))


def _rows_in(network: Network, seconds: float) -> int:
    """How many rows lie wholly in so many seconds; at least 1."""
    frames = spectra.n_frames(round(seconds * spectra.SAMPLE_RATE))
    hop = getattr(network, "hop", None) or network.slice_length
    return max(1, 1 + (frames - network.slice_length) // hop)


def _blocks(network: Network, rows: Tensor) -> tuple[Tensor, ...]:
    return rows.split(max(1, FRAMES_AT_ONCE // network.slice_length))


def _activations(network: Network, rows: Tensor, layer: int) -> Tensor:
    """Activations of a layer, ``[n_rows, n_units]``."""
    with torch.no_grad(), evaluated(network):
        return torch.cat([network.activations(block)[layer - 1] for block in _blocks(network, rows)])


def _contributions(network: DNN | CDNN, rows: Tensor, layer: int, unit: int) -> tuple[Tensor, Tensor]:
    """Contributions ``[n_rows, slice_length, n_bins]`` in float64, and in which rows the unit fires ``[n_rows]``."""
    linear = _layers(network)[layer]
    found, fires = [], []
    with torch.enable_grad(), evaluated(network):
        for block in _blocks(network, rows):
            x = block.detach().clone().requires_grad_()
            below = network.standardise(x) if layer == 1 else network.activations(x)[layer - 2]
            before = below @ linear.weight[unit] + linear.bias[unit]
            (gradient,) = torch.autograd.grad(before.sum(), x)
            deviation = x.detach() - network.standardise.mean
            found.append((gradient * deviation).reshape(len(x), network.slice_length, -1).double().cpu())
            fires.append((before.detach() > 0).cpu())
    return torch.cat(found), torch.cat(fires)


def _by_frame(by_row: Tensor, reading: _Reading) -> Tensor:
    """Mean over the rows that hold a frame ``[n_frames, n_bins]``; zero for frames in no row."""
    places = reading.places.flatten()
    total = by_row.new_zeros(reading.n_frames, by_row.shape[-1]).index_add_(0, places, by_row.flatten(0, 1))
    count = torch.bincount(places, minlength=reading.n_frames).clamp_min(1)
    return total / count[:, None]
