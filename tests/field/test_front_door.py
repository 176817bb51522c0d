"""One front door: whatever callers pass works or is refused in one sentence, and nothing they gave is changed."""

from __future__ import annotations

import ast
import base64
import copy
import importlib
import io
import json
import re
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from torch import Tensor, nn

from case import Case, each
from music_adversaries import adversary, audio, audition, processing
from music_adversaries.adversary import Algorithm1, Budget, Model
from music_adversaries.adversary.methods import METHODS
from music_adversaries.errors import InputError
from music_adversaries.networks import Decision
from small_system import system as small_system

LABELS = ["low", "high"]
BUDGET = Budget(snr=5, confidence=0.6, max_iterations=30)


class Bright(nn.Module):
    """Low or high, by the energy of a waveform's differences; computes out of place."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(20.0))

    def forward(self, x: Tensor) -> Tensor:
        steep = (x[:, 1:] - x[:, :-1]).square().mean(1)
        share = steep / (steep + x.square().mean(1))
        return torch.stack([-share, share], 1) * self.scale + torch.tensor([8.0, -8.0])


def wave(length: int = 4096, seed: int = 0) -> np.ndarray:
    """Somewhere between the two labels."""
    rng = np.random.default_rng(seed)
    t = np.arange(length) / 22_050
    return (0.3 * np.sin(2 * np.pi * 300 * t) + 0.1 * rng.standard_normal(length)).astype("float32")


def model_of(module: nn.Module, **settings: Any) -> Model:
    return Model(module, **{"labels": LABELS, "reads": "waveform"} | settings)


def other(model: Model, x: np.ndarray) -> str:
    return LABELS[1 - LABELS.index(model.decide(x).label)]


def reached(module: nn.Module, **settings: Any) -> adversary.AdversaryResult:
    """PGD on a model of the module, which must succeed just as it does on `Bright`."""
    model, x = model_of(module), wave()
    (found,) = adversary.attack(model, [x], [other(model, x)], BUDGET, method="pgd", **settings)
    assert found.success
    return found


# --- modules: what `reached` does with them ---


class InPlace(Bright):
    """As `Bright`, after it has changed its input in some way that leaves the answer alone."""

    def __init__(self, change: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.change = change

    def forward(self, x: Tensor) -> Tensor:
        self.change(x)
        return super().forward(x)


def normalise(x: Tensor) -> None:
    x /= x.abs().amax(1, keepdim=True)


def assign(x: Tensor) -> None:
    x[:, :] = x * 2


def through_data(x: Tensor) -> None:
    x.data.mul_(2)


IN_PLACE = [
    Case("x /= peak", "auto-attack #13", lambda: InPlace(normalise), None),
    Case("mul_", "auto-attack #13", lambda: InPlace(lambda x: x.mul_(2)), None),
    Case("clamp_", "auto-attack #13", lambda: InPlace(lambda x: x.clamp_(-1, 1)), None),
    Case("sub_ of the mean", "auto-attack #13", lambda: InPlace(lambda x: x.sub_(x.mean(1, keepdim=True))), None),
    Case("x[:, :] = ...", "auto-attack #13", lambda: InPlace(assign), None),
    Case("x.data", "reliability 1", lambda: InPlace(through_data), None),
]


@each(IN_PLACE)
@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_model_that_works_in_place_changes_nothing_of_ours(case, name):
    model, x = model_of(case.make()), wave()
    before = x.copy()
    plain = model_of(Bright())
    target = other(plain, x)
    method = Algorithm1(step_unit="budget") if name == "algorithm1" else name
    (found,) = adversary.attack(model, [x], [target], BUDGET, method=method)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(found.original, before)
    changed = found.waveform.astype(float) - before
    if changed.any():
        by_hand = 20 * np.log10(np.linalg.norm(before) / np.linalg.norm(changed))
        assert found.snr_time == pytest.approx(by_hand, abs=1e-3)
    assert model.decide(found.waveform).label == found.label
    for decide in (model.decide, lambda y: model.decide(torch.from_numpy(y))):
        decide(x)
        np.testing.assert_array_equal(x, before)


def test_a_model_on_magnitudes_may_work_in_place():
    class Log(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            z.add_(1e-3).log_()
            return torch.stack([z[..., :100].mean((1, 2)), z[..., 100:].mean((1, 2))], 1)

    model, x = Model(Log(), LABELS), wave()
    target = other(model, x)
    for name in METHODS:
        (found,) = adversary.attack(model, [x.copy()], [target], Budget(max_iterations=3), method=name)
        np.testing.assert_array_equal(found.original, x)


def test_a_judge_may_work_in_place():
    model, x = model_of(Bright()), wave()
    before = x.copy()

    def judge(waveform: np.ndarray) -> Decision:
        decision = model.decide(waveform)
        waveform[:] = 0
        return decision

    (found,) = adversary.attack(model, [x], [other(model, x)], BUDGET, method="pgd", judge=judge)
    assert found.success and found.waveform.any()
    np.testing.assert_array_equal(x, before)


def test_what_the_caller_changes_later_changes_no_result():
    model, x = model_of(Bright()), wave()
    (found,) = adversary.attack(model, [x], [other(model, x)], BUDGET, method="pgd")
    x[:] = 0
    assert found.original.any() and found.perturbation.any()


MODULES = [
    Case("scripted", "foolbox #614", lambda: torch.jit.script(Plain()), None),
    Case("scripted, in training mode", "foolbox #614", lambda: torch.jit.script(Plain()).train(), None),
    Case("traced", "foolbox #666", lambda: torch.jit.trace(Plain(), torch.zeros(2, 4096)), None),
    Case("frozen", "foolbox #614", lambda: torch.jit.freeze(torch.jit.script(Plain().eval())), None),
    Case("exported", "foolbox #614", lambda: torch.export.export(Plain(), (torch.zeros(1, 4096),)).module(), None),
    Case("compiled", "foolbox #614", lambda: torch.compile(Plain(), backend="eager"), None),
    Case("of torch.fx", "foolbox #614", lambda: torch.fx.symbolic_trace(Plain()), None),
    Case("DataParallel", "foolbox #666", lambda: nn.DataParallel(Plain()), None),
    Case("in a Sequential", "foolbox #666", lambda: nn.Sequential(nn.Identity(), Plain()), None),
    Case("without weights of its own", "foolbox #614", lambda: Weightless(), None),
    Case("of float64", "foolbox #614", lambda: Plain().double(), None),
    Case("without gradients for its weights", "foolbox #614", lambda: Plain().requires_grad_(False), None),
    Case("answering in bfloat16", "foolbox #614", lambda: Answering(torch.bfloat16), None),
    Case("answering in float64", "foolbox #614", lambda: Answering(torch.float64), None),
]


class Plain(nn.Module):
    """`Bright` for a compiler of PyTorch's."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(20.0))

    def forward(self, x: Tensor) -> Tensor:
        steep = (x[:, 1:] - x[:, :-1]).square().mean(1)
        share = steep / (steep + x.square().mean(1))
        logit = share * self.scale - 8.0
        return torch.stack([-logit, logit], 1)


class Weightless(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Plain().requires_grad_(False)(x)


class Answering(Plain):
    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).to(self.dtype)


@each(MODULES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_modules_of_every_kind(case):
    reached(case.make())


REFUSED_MODULES = [
    Case("a function", "foolbox #614", lambda: Plain().forward, "torch.nn.Module"),
    Case("a class", "foolbox #614", lambda: Plain, "torch.nn.Module"),
    Case("an exported program", "foolbox #614", lambda: torch.export.export(Plain(), (torch.zeros(1, 9),)), "Module"),
    Case("half precision", "foolbox #614", lambda: Plain().half(), "float32"),
    Case("bfloat16", "foolbox #614", lambda: Plain().bfloat16(), "float32"),
    Case("on the device meta", "reliability 15", lambda: Plain().to("meta"), "meta"),
    Case("lazy", "foolbox #614", lambda: nn.Sequential(nn.LazyLinear(2)), "no shape yet"),
    Case("whole numbers", "foolbox #614", lambda: Answering(torch.int64), "float32"),
    Case("complex numbers", "foolbox #614", lambda: Answering(torch.complex64), "float32"),
]


class Backwards(torch.autograd.Function):
    """The identity, with a gradient of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, found: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.found = found
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.found(gradient), None


class After(Plain):
    """`Plain` after some change of its input, or before one of its output."""

    def __init__(self, before: Callable[[Tensor], Tensor], after: Callable[[Tensor], Any] = lambda y: y) -> None:
        super().__init__()
        self.before, self.after = before, after

    def forward(self, x: Tensor) -> Any:
        return self.after(super().forward(self.before(x)))


def out_of_memory(x: Tensor) -> Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 90 GiB.")


def unable(gradient: Tensor) -> Tensor:
    raise NotImplementedError


class Remembers(Plain):
    """Answers by the loudness of its last input, too."""

    last = torch.zeros(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        before, self.last = self.last, x.detach().abs().mean(1, keepdim=True)
        return super().forward(x) + before * torch.tensor([1.0, -1.0])


def recomputed(x: Tensor) -> Tensor:
    return torch.utils.checkpoint.checkpoint(lambda y: y * 1, x, use_reentrant=True)


REFUSED_MODULES += [
    Case(
        "no gradient of its own", "-", lambda: After(lambda x: Backwards.apply(x, unable)), "gradient.*NotImplemented"
    ),
    Case(
        "a gradient of another shape", "-", lambda: After(lambda x: Backwards.apply(x, lambda g: g[:, 9:])), "gradient"
    ),
    Case("recomputed by halves", "pytorch checkpoint", lambda: After(recomputed), "use_reentrant=False"),
    Case("out of memory", "foolbox #614", lambda: After(out_of_memory), "memory; give a smaller batch_size"),
    Case("out of memory, backwards", "-", lambda: After(lambda x: Backwards.apply(x, out_of_memory)), "batch_size"),
    Case("sparse", "-", lambda: After(lambda x: x, Tensor.to_sparse), "gave Tensor"),
    Case("no rows", "-", lambda: After(lambda x: x, lambda y: y[:, None][:, :0]), r"gave \[1, 0, 2\]"),
    Case("a memory of the last call", "-", Remembers, "from call to call"),
]


def test_recurrent_layers_are_kept_from_cudnn_which_has_no_gradient_of_them():
    class Listens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.out, self.seen = nn.LSTM(64, 8, batch_first=True), nn.Linear(8, 2), set()

        def forward(self, x: Tensor) -> Tensor:
            self.seen.add(torch.backends.cudnn.enabled)
            return self.out(self.lstm(x.unfold(1, 64, 64))[0][:, -1] * 5)

    torch.manual_seed(0)
    module, before = Listens(), torch.backends.cudnn.enabled
    model, x = model_of(module), wave()
    target = [other(model, x)]
    module.seen.clear()
    adversary.attack(model, [x], target, Budget(max_iterations=1), method="pgd")
    assert module.seen == {False} and torch.backends.cudnn.enabled == before


@each(REFUSED_MODULES)
@pytest.mark.filterwarnings("ignore:None of the inputs")
def test_modules_that_are_refused(case):
    with pytest.raises(InputError, match=case.answer) as refusal:
        reached(case.make())
    one_sentence(refusal)


def test_weights_made_under_inference_mode_are_refused():
    with torch.inference_mode():
        module = Plain()
    with pytest.raises(InputError, match="inference_mode") as refusal:
        model_of(module)
    one_sentence(refusal)


def one_sentence(refusal: pytest.ExceptionInfo[InputError]) -> None:
    message = str(refusal.value)
    assert "\n" not in message and len(message) < 400 and message.endswith("."), message


# --- contexts around the call ---


@pytest.mark.parametrize(
    "context",
    [
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        torch.inference_mode,
        torch.no_grad,
        torch.enable_grad,
        lambda: torch.autograd.set_detect_anomaly(True),
        lambda: warnings.catch_warnings(),
        lambda: np.errstate(all="raise"),
    ],
)
def test_contexts_around_the_call_change_nothing(context):
    module = Bright()
    plain = reached(module)
    with context():
        found = reached(module)
    np.testing.assert_array_equal(found.waveform, plain.waveform)
    assert found.confidence == plain.confidence


@pytest.mark.parametrize("reads", ["waveform", "magnitudes"])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_inference_mode_and_autocast_with_every_method(name, reads):
    class Bands(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(513, 2)

        def forward(self, z: Tensor) -> Tensor:
            return self.linear(z.mean(1))

    torch.manual_seed(0)
    model = model_of(Bright()) if reads == "waveform" else Model(Bands(), LABELS)
    x, budget = wave(), Budget(max_iterations=3)
    target = [other(model, x)]
    (plain,) = adversary.attack(model, [x], target, budget, method=name)
    for context in (torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16)):
        with context:
            (found,) = adversary.attack(model, [x], target, budget, method=name)
        np.testing.assert_array_equal(found.waveform, plain.waveform)


def test_a_default_type_of_float64_changes_nothing():
    plain = reached(Bright())
    module = Bright()
    torch.set_default_dtype(torch.float64)
    try:
        found = reached(module)
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.snr_magnitude == pytest.approx(plain.snr_magnitude, abs=0.2)


def test_modes_are_given_back():
    module = nn.Sequential(Bright(), nn.Dropout(0.0))
    module[1].eval()
    reached(module)
    assert module.training and not module[1].training


# --- waveforms ---

X = wave()
WAVEFORMS = [
    Case("an array of float64", "ART", lambda: [X.astype(float)], None),
    Case("an array that cannot be written to", "numpy", lambda: [read_only(X)], None),
    Case("an array with strides", "numpy", lambda: [np.stack([X, X], 1)[:, 0]], None),
    Case("an array in the other byte order", "numpy", lambda: [X.astype(">f4")], None),
    Case("an array backwards", "numpy", lambda: [X[::-1].copy()[::-1]], None),
    Case("one array of two dimensions", "ART", lambda: X[None], None),
    Case("a tensor", "foolbox #614", lambda: [torch.from_numpy(X)], None),
    Case("one tensor of two dimensions", "foolbox #614", lambda: torch.from_numpy(X)[None], None),
    Case("a tensor that wants a gradient", "foolbox #614", lambda: [torch.tensor(X, requires_grad=True)], None),
    Case("a tensor of float64", "foolbox #614", lambda: [torch.from_numpy(X).double()], None),
    Case("a tensor that is a parameter", "foolbox #614", lambda: [nn.Parameter(torch.from_numpy(X))], None),
    Case("a sparse tensor", "foolbox #614", lambda: [torch.from_numpy(X).to_sparse()], None),
    Case("what audio.read returns", "foolbox #666", lambda: [audio.Audio(X, ())], None),
    Case("a list of numbers", "foolbox #666", lambda: [X.tolist()], None),
    Case("a generator", "foolbox #666", lambda: (x for x in [X]), None),
    Case("a tuple of arrays", "foolbox #666", lambda: (X,), None),
    Case("an array of objects", "numpy", lambda: np.array([X, None], dtype=object)[:1], None),
    Case("an array from bytes", "numpy", lambda: [np.frombuffer(X.astype(">f8").tobytes(), ">f8")], None),
    Case("a masked array with nothing masked", "numpy", lambda: [np.ma.array(X, mask=0 * X)], None),
    Case("a column of a table", "pandas", lambda: [pd.Series(X, index=range(len(X), 0, -1), dtype="Float32")], None),
    Case("what has an array", "xarray", lambda: [Holds(X)], None),
    Case("a quantity without a unit", "astropy", lambda: [quantity(X, "")], None),
    Case("a memoryview", "numpy", lambda: [memoryview(X)], None),
]


class Holds:
    """As the arrays of other libraries do, which are none of NumPy's."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if isinstance(self.x, Exception):
            raise self.x
        return self.x


class Quantity(np.ndarray):
    """As astropy has it: an array with a unit."""

    unit = ""


def quantity(x: np.ndarray, unit: str) -> Quantity:
    made = x.view(Quantity)
    made.unit = unit
    return made


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


@each(WAVEFORMS)
def test_waveforms_of_every_kind(case):
    model = model_of(Bright())
    target = [other(model, X)]
    (plain,) = adversary.attack(model, [X], target, BUDGET, method="pgd")
    given = case.make()
    (found,) = adversary.attack(model, given, target, BUDGET, method="pgd")
    np.testing.assert_array_equal(found.waveform, plain.waveform)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_tensors_of_half_precision_are_what_they_hold(dtype):
    model, x = model_of(Bright()), torch.from_numpy(X).to(dtype)
    (found,) = adversary.attack(model, [x], [other(model, X)], BUDGET, method="pgd")
    np.testing.assert_array_equal(found.original, x.float().numpy())


REFUSED_WAVEFORMS = [
    Case("one array", "foolbox #666", lambda: X, r"put it into a list, \[waveform\]"),
    Case("one tensor", "foolbox #666", lambda: torch.from_numpy(X), r"put it into a list"),
    Case("one Audio", "foolbox #666", lambda: audio.Audio(X, ()), r"put it into a list, \[audio\]"),
    Case("a path", "foolbox #666", lambda: "song.wav", "audio.read"),
    Case("a list of paths", "foolbox #666", lambda: ["song.wav"], "audio.read"),
    Case("samples and rate", "librosa.load", lambda: [(X, 22_050)], "samples alone"),
    Case("a dict", "foolbox #666", lambda: {"a": X}, "give a list"),
    Case("whole numbers", "soundfile #226", lambda: [(X * 32768).astype("int16")], "full scale 1"),
    Case("complex numbers", "numpy", lambda: [X.astype(complex)], "floating-point"),
    Case("a tensor of complex numbers", "numpy", lambda: [torch.from_numpy(X).cfloat()], "floating-point"),
    Case("two channels", "foolbox #666", lambda: [np.stack([X, X])], "one channel"),
    Case("nothing", "foolbox #666", lambda: [], "at least one"),
    Case("None", "foolbox #666", lambda: None, "give a list"),
    Case("a list of None", "foolbox #666", lambda: [None], "waveform 0"),
    Case("ragged lists", "numpy", lambda: [[[1.0], [1.0, 2.0]]], "waveform 0"),
    Case("words", "numpy", lambda: [["a", "b"]], "floating-point"),
    Case("true and false", "numpy", lambda: [X > 0], "floating-point"),
    Case("not a number", "numpy", lambda: [np.where(X > 0, X, np.nan)], "NaN"),
    Case("a masked array", "numpy", lambda: [np.ma.masked_less(X, 0)], "masked samples; fill them"),
    Case("masked arrays in one", "numpy", lambda: np.ma.masked_less(np.stack([X]), 0), "masked samples; fill them"),
    Case("a column with nothing in some rows", "pandas", lambda: [pd.Series(X, dtype="Float64").where(X > 0)], "NaN"),
    Case("what has a masked array", "xarray", lambda: [Holds(np.ma.masked_less(X, 0))], "masked samples; fill them"),
    Case("what has no array after all", "xarray", lambda: [Holds(KeyError("x"))], "no array of numbers but Holds"),
    Case("a quantity with a unit", "astropy", lambda: [quantity(X, "mV")], "has a unit, mV; give it without one"),
    Case("silence", "numpy", lambda: [0 * X], "silent"),
    Case("too few samples", "numpy", lambda: [X[:100]], "fewer than one frame"),
]


@each(REFUSED_WAVEFORMS)
def test_waveforms_that_are_refused(case):
    with pytest.raises(InputError, match=case.answer) as refusal:
        adversary.attack(model_of(Bright()), case.make(), ["low"], BUDGET)
    one_sentence(refusal)


def quantised(x: np.ndarray) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.from_numpy(x), 0.01, 0, torch.qint8)


# In the forms of a waveform that are one, and in those that are none, for every function that takes one.
FUNCTIONS: dict[str, Callable[[Any, Path], object]] = {
    "write_wav": lambda x, path: audio.write_wav(path, x),
    "to_flac_bytes": lambda x, path: audio.to_flac_bytes(x),
    "quantise": lambda x, path: audio.quantise(x),
    "resample": lambda x, path: audio.resample(x, 22_050, 16_000),
    "check_waveform": lambda x, path: audio.check_waveform(x),
    "compare": lambda x, path: audition.compare(x, x, seconds=0.1)._repr_html_(),
    "player": lambda x, path: audition.player(audition.Clip("a", x))._repr_html_(),
    "grid": lambda x, path: audition.grid([audition.GridRow("a", x, [audition.Change(x)])], ["b"])._repr_html_(),
    "decide": lambda x, path: model_of(Bright()).decide(x),
    "classify": lambda x, path: small_system().classify(x),
    "posteriors": lambda x, path: small_system().posteriors(x),
    "processing": lambda x, path: processing.gain(x, -1.0),
}
FORMS = [
    case for case in WAVEFORMS if isinstance(case.make(), list) and not isinstance(case.make()[0], audio.Audio)
] + [
    Case("a tensor of bfloat16", "foolbox #614", lambda: [torch.from_numpy(X).bfloat16()], None),
    Case("an array of float16", "numpy", lambda: [X.astype("float16")], None),
    Case("a tensor of inference", "foolbox #614", lambda: [in_inference(X)], None),
]
NO_FORMS = [
    *(lambda: (X * 32768).astype("int16"), lambda: X > 0, lambda: X + 0j, lambda: X.astype(object), lambda: None),
    *(lambda: "a.wav", lambda: 0.5, lambda: [[1.0], [1.0, 2.0]], lambda: (x for x in X), lambda: np.stack([X, X])),
    *(lambda: torch.from_numpy(X).to("meta"), lambda: quantised(X), lambda: torch.from_numpy(X).cfloat()),
    *(lambda: np.where(X > 0, X, np.nan), lambda: X.astype(float) * 1e300, lambda: b"abc", lambda: {"a": X}),
    *(lambda: np.ma.masked_less(X, 0), lambda: Holds(np.ma.masked_less(X, 0)), lambda: Holds(KeyError("x"))),
    *(lambda: quantity(X, "mV"), lambda: pd.Series(X, dtype="Float64").where(X > 0)),
]


def in_inference(x: np.ndarray) -> Tensor:
    with torch.inference_mode():
        return torch.from_numpy(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_takes_a_waveform_in_every_form(name, tmp_path):
    plain = FUNCTIONS[name](X, tmp_path / "a.wav")
    for case in FORMS:
        (given,) = case.make()
        before = given.tolist() if isinstance(given, np.ndarray) else None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = FUNCTIONS[name](given, tmp_path / "b.wav")
        assert type(found) is type(plain), case.name
        if isinstance(given, np.ndarray):
            assert given.tolist() == before


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore:overflow")
def test_every_function_refuses_what_is_no_waveform(name, tmp_path):
    for make in NO_FORMS:
        with pytest.raises(InputError) as refusal:
            FUNCTIONS[name](make(), tmp_path / "a.wav")
        one_sentence(refusal)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "setting",
    [
        *({"sample_rate": value} for value in (None, -1, 0, np.nan, np.inf, "22050", True, [1], 22_050.5, 1j)),
        *({"start_s": value} for value in ("1", [1], np.nan, -1, 1j)),
        *({"seconds": value} for value in (None, "1", [1], 0, np.nan, 1j)),
        *(
            {name: value}
            for name in ("original_label", "adversary_label", "title", "caption")
            for value in (1, b"x", X)
        ),
        *({"snr_db": value} for value in ("15", [1], np.nan, 1j)),
        *({"difference_gain_db": value} for value in (None, "loud", 1e300, [1], np.nan)),
    ],
    ids=lambda setting: f"{next(iter(setting))}={str(next(iter(setting.values()))):.8}",
)
def test_settings_of_a_player_that_are_refused(setting):
    with pytest.raises(InputError) as refusal:
        audition.compare(X, X * 0.9, **setting)._repr_html_()
    one_sentence(refusal)


# --- targets, labels, names and numbers ---


@pytest.mark.parametrize(
    "make",
    [
        lambda i: [LABELS[i]],
        lambda i: (LABELS[i],),
        lambda i: [i],
        lambda i: torch.tensor([i]),
        lambda i: [torch.tensor(i)],
        lambda i: [torch.tensor([i])],
        lambda i: np.array([i]),
        lambda i: [np.int64(i)],
        lambda i: np.array([LABELS[i]]),
        lambda i: iter([LABELS[i]]),
    ],
)
def test_targets_of_every_kind(make):
    model = model_of(Bright())
    wanted = other(model, X)
    (found,) = adversary.attack(model, [X], make(LABELS.index(wanted)), BUDGET, method="pgd")
    assert found.target == wanted and found.success


@pytest.mark.parametrize(
    "given",
    ["low", 1, np.int64(1), torch.tensor(1), {"low": 1}, {"low"}, None, [True], [1.0], [2], [-1], ["mid"], [None]],
)
def test_targets_that_are_refused(given):
    with pytest.raises(InputError, match="[Tt]arget|not a label") as refusal:
        adversary.attack(model_of(Bright()), [X], given, BUDGET)
    one_sentence(refusal)


@pytest.mark.parametrize(
    "labels",
    [
        ("low", "high"),
        np.array(LABELS),
        {0: "low", 1: "high"},
        {1: "high", 0: "low"},
        {"high": 1, "low": 0},
        iter(LABELS),
        (label for label in LABELS),
    ],
)
def test_labels_of_every_kind(labels):
    assert model_of(Bright(), labels=labels).labels == ("low", "high")


def test_labels_may_be_numbers():
    assert model_of(Bright(), labels=range(2)).labels == ("0", "1")
    assert model_of(Bright(), labels=torch.arange(2)).labels == ("0", "1")


@pytest.mark.parametrize(
    "labels",
    ["low", None, 2, [], ["low", "low"], {"low", "high"}, frozenset(LABELS), {"a": "b"}, {1: "a", 2: "b"}, {}, ["low"]],
)
def test_labels_that_are_refused(labels):
    with pytest.raises(InputError, match="label") as refusal:
        model_of(Bright(), labels=labels)
    one_sentence(refusal)


@pytest.mark.parametrize(
    "settings",
    [
        {"names": "song.wav"},
        {"names": 5},
        {"names": ["a", "b"]},
        {"names": {"a": 1}},
        {"watch": 3},
        {"judge": 3},
        {"seed": -1},
        {"seed": 0.5},
        {"batch_size": 0},
        {"sample_rate": "22050"},
        {"sample_rate": True},
        {"sample_rate": float("inf")},
        {"sample_rate": float("nan")},
        {"sample_rate": 0},
        {"sample_rate": 16_000},
        {"method": "no such"},
        {"budget": 15},
        {"budget": {"snr": 15}},
    ],
    ids=str,
)
def test_settings_that_are_refused(settings):
    with pytest.raises(InputError) as refusal:
        adversary.attack(model_of(Bright()), [X], ["low"], **({"budget": BUDGET} | settings))
    one_sentence(refusal)
    name = {"method": "attack", "sample_rate": "Hz"}.get(next(iter(settings)), next(iter(settings)).split("_")[0])
    assert name in str(refusal.value)


@pytest.mark.parametrize("rate", ["22050", True, float("inf"), float("nan"), 0, -1, 22_050.5, None])
def test_rates_that_are_refused(rate):
    with pytest.raises(InputError, match="sample_rate") as refusal:
        model_of(Bright(), sample_rate=rate)
    one_sentence(refusal)


def test_a_budget_of_numpy_numbers_can_be_reported():
    model = model_of(Bright())
    budget = Budget(np.float32(5), np.float64(0.6), np.int64(30), np.int8(0))
    (found,) = adversary.attack(model, [X], [other(model, X)], budget, method="pgd", seed=np.int64(3))
    assert json.loads(json.dumps(found.report()))["snr_limit"] == 5


def test_a_rate_of_another_model_is_refused_with_the_remedy():
    model = model_of(Bright(), sample_rate=16_000)
    with pytest.raises(InputError, match="sample_rate=16000") as refusal:
        adversary.attack(model, [audio.Audio(X, ())], ["low"], BUDGET)
    one_sentence(refusal)


@pytest.mark.parametrize("rate", [44_100, 44_100.0, np.float32(44_100)])
def test_the_remedy_for_a_rate_can_be_followed(rate):
    with pytest.raises(InputError) as refusal:
        adversary.attack(model_of(Bright()), [X], ["low"], BUDGET, sample_rate=rate)
    before, after = map(
        ast.literal_eval, re.search(r"audio\.resample\(waveform, (.*), (.*)\)", str(refusal.value)).groups()
    )
    assert len(audio.resample(X, before, after)) == 2_048


def test_one_model_attacked_twice_gives_the_same():
    model = model_of(Bright())
    target = [other(model, X)]
    first, second = (adversary.attack(model, [X], target, BUDGET, method="pgd")[0] for _ in range(2))
    np.testing.assert_array_equal(first.waveform, second.waveform)
    np.testing.assert_array_equal(copy.deepcopy(first).waveform, second.waveform)


# --- a rate that travels with its samples ---


def test_a_model_at_16_khz_from_the_file_to_the_page(tmp_path):
    """As in the README: read, attacked, written and heard at the model's rate."""
    audio.write_wav(tmp_path / "song.wav", wave(22_050))
    model = model_of(Bright(), sample_rate=16_000)
    song = audio.read(tmp_path / "song.wav", sample_rate=16_000)
    assert len(song.waveform) == 16_000 and song.sample_rate == 16_000
    (found,) = adversary.attack(model, [song], [other(model, song.waveform)], BUDGET, method="pgd")
    assert found.success and found.sample_rate == found.report()["sample_rate"] == 16_000

    found.write(tmp_path / "adversary.wav")
    header = (tmp_path / "adversary.wav").read_bytes()
    assert struct.unpack("<I", header[24:28]) == (16_000,)
    again = audio.read(tmp_path / "adversary.wav", sample_rate=16_000)
    np.testing.assert_array_equal(again.waveform, found.waveform)
    assert again.notes == () and model.decide(again).label == found.target

    player = audition.compare(found.original, found.waveform, sample_rate=found.sample_rate, seconds=0.5)
    assert player.seconds == 0.5
    data = json.loads(re.search(r"<script[^>]*json[^>]*>(.*?)</script>", player._repr_html_(), re.S)[1])
    assert data["rate"] == 16_000 and data["seconds"] == 0.5
    for clip in data["clips"]:
        sound, rate = soundfile.read(io.BytesIO(base64.b64decode(clip["audio"].split(",")[1])))
        assert rate == 16_000 and len(sound) == 8_000


def test_rates_that_differ_are_refused():
    clips = [audition.Clip("a", X, 16_000), audition.Clip("b", X, 22_050)]
    with pytest.raises(InputError, match=r"audio\.resample") as refusal:
        audition.player(*clips)
    one_sentence(refusal)
    with pytest.raises(InputError, match="browsers play") as refusal:
        audition.player(audition.Clip("a", X, 4_000))
    one_sentence(refusal)


def test_every_function_that_a_message_names_exists():
    """`audio.resample` was advised for a year before it existed."""
    import music_adversaries

    root, missing, found = Path(music_adversaries.__file__).parent, [], 0
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                continue
            for module, name in re.findall(
                r"\b(audio|adversary|audition|spectra|networks|processing)\.([a-z_]\w+)\b", node.value
            ):
                if name in ("wav", "html", "json"):  # a file's name
                    continue
                found += 1
                holder = importlib.import_module(f"music_adversaries.{module}")
                try:
                    importlib.import_module(f"music_adversaries.{module}.{name}")
                except ImportError:
                    if not hasattr(holder, name):
                        missing.append(f"{path.name}: {module}.{name}")
    assert not missing and found > 20
