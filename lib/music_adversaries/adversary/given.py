"""What callers pass to the attacks, in the forms in which people have it: arrays, tensors, `Audio`, lists.

Each form is taken as what it means, or refused in one sentence before anything long. What is taken is copied, so that
nothing a caller gave is changed later, and nothing that the caller changes later changes a result.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Integral
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor

from ..audio import SAMPLE_RATE, Audio
from ..audio.levels import samples_of
from ..errors import InputError

Given = np.ndarray | Tensor | Audio | Sequence[float]
T = TypeVar("T")
Target = str | int | np.integer | Tensor


def as_list(given: Iterable[Given]) -> list[Given]:
    """The waveforms, each as it is; a single one in place of a list is refused."""
    if isinstance(given, str | Path):
        raise InputError(f"The waveforms are {str(given)!r}; give a list of arrays, such as those of audio.read.")
    if isinstance(given, Audio):
        raise InputError("The waveforms are the one Audio that audio.read returned; put it into a list, [audio].")
    if isinstance(given, np.ndarray | Tensor) and given.ndim < 2 and given.dtype is not np.dtype(object):
        count = np.prod(given.shape, dtype=int)
        raise InputError(f"The waveforms are one array of {count} numbers; put it into a list, [waveform].")
    return _listed(given, "waveforms")


def as_waveform(given: Given, name: str, sample_rate: int) -> np.ndarray:
    """A copy of a waveform as a NumPy array of the type that it has; whether its samples are usable is not checked."""
    if isinstance(given, Audio):
        rate = getattr(given, "sample_rate", SAMPLE_RATE)
        if rate != sample_rate:
            raise InputError(
                f"{name} is at {rate} Hz but the model reads {sample_rate} Hz; read the file with "
                f"audio.read(path, sample_rate={sample_rate})."
            )
        given = given.waveform
    if isinstance(given, str | Path):
        raise InputError(f"{name} is the path {str(given)!r}; give its samples, audio.read(path).waveform.")
    if isinstance(given, tuple):
        raise InputError(f"{name} is a tuple of {len(given)}; give the samples alone, an array [n_samples].")
    return samples_of(given, name).copy()


def as_targets(given: Iterable[Target]) -> list[object]:
    """Targets as labels and whole numbers; a single one in place of a list is refused."""
    if isinstance(given, str | Integral) or (isinstance(given, np.ndarray | Tensor) and given.ndim == 0):
        raise InputError(f"The targets are {given!r}; give a list with one label for each waveform, [{given!r}].")
    return [_number(target) for target in _listed(given, "targets")]


def _number(target: object) -> object:
    """A tensor of one number as that number; everything else as it is, for `Model.label_index` to judge."""
    return target.item() if isinstance(target, Tensor) and target.numel() == 1 else target


def as_names(given: Iterable[str | Path] | None, count: int) -> list[str]:
    """What the waveforms are called in messages."""
    if given is None:
        return [f"waveform {i}" for i in range(count)]
    if isinstance(given, str | Path):
        raise InputError(f"The names are {str(given)!r}; give a list with one for each waveform.")
    return [str(name) for name in _listed(given, "names")]


def as_labels(given: Iterable[str] | Mapping[int, str] | Mapping[str, int]) -> tuple[str, ...]:
    """Labels in the order of the logits, also from a table of them: ``{0: "rock", 1: "pop"}`` or the reverse."""
    if isinstance(given, str) or not _is_iterable(given):
        raise InputError(f"labels is {given!r}; give a sequence of names, such as ['rock', 'pop'].")
    if isinstance(given, Mapping):
        pairs = list(given.items())
        for places, names in (zip(*pairs, strict=True), reversed(list(zip(*pairs, strict=True)))) if pairs else ():
            if all(isinstance(i, Integral) for i in places) and sorted(places) == list(range(len(pairs))):
                given = [name for _, name in sorted(zip(places, names, strict=True))]
                break
        else:
            raise InputError(f"labels is {given!r:.80}; give names in the order of the logits, ['rock', 'pop'].")
    if isinstance(given, Set):
        raise InputError(f"labels is a {type(given).__name__}, which has no order; give them in that of the logits.")
    labels = tuple(str(_number(label)) for label in given)
    if not labels or len(set(labels)) != len(labels):
        raise InputError("A model needs labels, each once, in the order of its logits; give them as labels=[...].")
    if len(labels) == 1:
        raise InputError(
            f"The model has one label only, {labels[0]!r}, which every recording would have; give it two or more, "
            "such as ['music', 'speech'], and a logit for each."
        )
    return labels


def _is_iterable(given: object) -> bool:
    """Whether it can be gone through: an array without dimensions says so, and cannot."""
    return isinstance(given, Iterable) and getattr(given, "ndim", 1) != 0


def _listed(given: Iterable[T], what: str) -> list[T]:
    if isinstance(given, Mapping | Set):
        raise InputError(f"The {what} are a {type(given).__name__}; give a list, in the order of the excerpts.")
    if not _is_iterable(given):
        raise InputError(f"The {what} are {given!r}; give a list with one for each excerpt.")
    return list(given)
