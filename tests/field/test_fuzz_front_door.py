"""Whatever is passed to an attack, it works or is refused in one sentence, and stays as it was."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from music_adversaries import adversary, audio
from music_adversaries.adversary import Budget, Model
from music_adversaries.adversary.methods import METHODS
from music_adversaries.errors import InputError

LABELS = ["low", "high"]


class Steep(nn.Module):
    """Low or high, by how steep a waveform is."""

    def forward(self, x: Tensor) -> Tensor:
        steep = (x[:, 1:] - x[:, :-1]).square().mean(1) / x.square().mean(1).clamp_min(1e-9)
        return torch.stack([1 - steep, steep - 1], 1)


MODEL = Model(Steep(), LABELS, reads="waveform")

lengths = st.sampled_from([0, 1, 1_023, 1_024, 1_500, 3_000])
scales = st.sampled_from([0.0, 1e-6, 0.1, 1.0, 3.9, 40.0, 32_000.0, float("nan"), float("inf")])
types = st.sampled_from(["float16", "float32", "float64", ">f4", "int16", "uint8", "bool", "complex64", "object", "U3"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.floats(),
    st.text(max_size=4),
    st.binary(max_size=3),
    st.sampled_from([np.int64(1), np.float32(0.5), np.bool_(True), torch.tensor(1), torch.tensor(0.5), Path("a.wav")]),
)


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    n, scale = draw(lengths), draw(scales)
    x = np.random.default_rng(draw(st.integers(0, 9))).standard_normal(n)
    if draw(st.booleans()):
        x = np.cumsum(x) / 30
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = (x * scale).astype(draw(types))
    shape = draw(st.sampled_from([None, (1, n), (n, 1), ()]))
    if shape is not None and np.prod(shape) == n:
        x = x.reshape(shape)
    return x


@st.composite
def waveforms(draw: st.DrawFn) -> Any:
    x = draw(arrays())
    kind = draw(st.sampled_from(["array", "tensor", "Audio", "list", "tuple", "read only"]))
    if kind == "tensor" and x.dtype.kind in "fiubc" and x.dtype.isnative:
        tensor = torch.from_numpy(x)
        return tensor.requires_grad_() if tensor.is_floating_point() and draw(st.booleans()) else tensor
    if kind == "Audio":
        return audio.Audio(x, (), draw(st.sampled_from([22_050, 16_000])))
    if kind in ("list", "tuple"):
        return {"list": list, "tuple": tuple}[kind](x.tolist() if x.ndim else [x])
    if kind == "read only":
        x.flags.writeable = False
    return x


batches = st.one_of(
    scalars,
    waveforms(),
    st.lists(waveforms(), max_size=3),
    st.dictionaries(st.text(max_size=2), waveforms(), max_size=2),
)
targets = st.one_of(
    scalars,
    st.lists(st.one_of(st.sampled_from(["low", "high", 0, 1]), scalars), max_size=3),
    st.builds(torch.tensor, st.lists(st.integers(-1, 2), max_size=3)),
    st.builds(np.array, st.lists(st.sampled_from(LABELS), max_size=3)),
)
good = st.fixed_dictionaries({}, optional={"seed": st.integers(0, 9), "batch_size": st.integers(1, 3)})
odd = st.dictionaries(
    st.sampled_from(["seed", "batch_size", "sample_rate", "names", "judge", "watch", "method", "budget"]),
    scalars,
    max_size=2,
)


def frozen(value: Any) -> Any:
    """What can be compared later."""
    if isinstance(value, Tensor):
        return value.detach().numpy().tobytes()
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype == object else value.tobytes()
    if isinstance(value, audio.Audio):
        return frozen(value.waveform)
    if isinstance(value, dict):
        return {key: frozen(one) for key, one in value.items()}
    return [frozen(one) for one in value] if isinstance(value, list | tuple) else repr(value)


def check(given_waveforms: Any, given_targets: Any, settings_given: dict[str, Any]) -> None:
    before = frozen(given_waveforms), copy.deepcopy(repr(given_targets))
    settings_given = {"budget": Budget(snr=10, max_iterations=2), "method": "pgd"} | settings_given
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = adversary.attack(MODEL, given_waveforms, given_targets, **settings_given)
    except InputError as refusal:
        said = str(refusal)
        assert said.endswith((".", "]")) and "\n" not in said and len(said) < 700, said
    else:
        for result in found:
            assert np.isfinite(result.waveform).all() and np.abs(result.waveform).max() <= 1
            assert result.waveform.shape == result.original.shape
            assert not result.success or result.snr_magnitude >= 10
    assert (frozen(given_waveforms), repr(given_targets)) == before


@given(batches, targets, st.one_of(good, odd))
@example(None, None, {"sample_rate": 1e294})  # found by fuzzing
@settings(max_examples=150, deadline=None)
def test_anything(given_waveforms: Any, given_targets: Any, settings_given: dict[str, Any]) -> None:
    check(given_waveforms, given_targets, settings_given)


@given(st.lists(waveforms(), min_size=1, max_size=3), st.sampled_from(LABELS), st.sampled_from(sorted(METHODS)), good)
@settings(max_examples=100, deadline=None)
def test_waveforms_of_every_kind(
    given_waveforms: Any, target: str, method: str, settings_given: dict[str, Any]
) -> None:
    check(given_waveforms, [target] * len(given_waveforms), {"method": method} | settings_given)


@given(
    st.one_of(
        scalars,
        st.lists(scalars, max_size=3),
        st.dictionaries(scalars.filter(lambda s: not isinstance(s, Tensor)), scalars, max_size=3),
    ),
    st.dictionaries(st.sampled_from(["reads", "sample_rate", "n_fft", "hop_length"]), scalars, max_size=2),
)
@settings(max_examples=150, deadline=None)
def test_models(labels: Any, settings_given: dict[str, Any]) -> None:
    try:
        model = Model(Steep(), labels, **settings_given)
    except InputError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert len(model.labels) >= 2 and all(isinstance(label, str) for label in model.labels)
