"""The user's own model: any rate, any front end, any shape of output, and what can go wrong with it."""

from __future__ import annotations

import copy
import re
import warnings
from functools import lru_cache

import librosa
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from music_adversaries import adversary, spectra
from music_adversaries.adversary import METHODS, Algorithm1, Budget, Model
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, Decision, Standardise
from small_system import LABELS, recording, system

EVERY = tuple(name for name in METHODS if name != "noise")
BY_BUDGET = Algorithm1(step=0.2, step_unit="budget")


class MelCNN(nn.Module):
    """What a researcher may bring: 16 kHz waveforms, periodic Hann, frames of 400 every 160, log mel, batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(400))
        self.register_buffer("mel", torch.from_numpy(librosa.filters.mel(sr=16_000, n_fft=400, n_mels=24)))
        self.net = nn.Sequential(
            nn.BatchNorm1d(24), nn.Conv1d(24, 16, 5), nn.ReLU(), nn.Dropout(0.3), nn.Conv1d(16, 3, 5)
        )

    def forward(self, x):
        power = torch.stft(x, 400, 160, window=self.window, return_complex=True).abs() ** 2
        return self.net(torch.log(self.mel @ power + 1e-4)).mean(-1)


class Rows(nn.Module):
    """The same, with a row of logits for every few frames."""

    def __init__(self, model: MelCNN) -> None:
        super().__init__()
        self.model = model

    def forward(self, x):
        m = self.model
        power = torch.stft(x, 400, 160, window=m.window, return_complex=True).abs() ** 2
        return m.net(torch.log(m.mel @ power + 1e-4)).transpose(1, 2)


@lru_cache(maxsize=1)
def trained() -> MelCNN:
    """On the coloured noises, taken to be of 16 kHz; and left in training mode, as one may forget."""
    torch.manual_seed(0)
    model = MelCNN()
    x = torch.from_numpy(np.stack([recording(label, seed, 0.4) for label in LABELS for seed in range(16)]))
    y = torch.arange(3).repeat_interleave(16)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        optimiser.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimiser.step()
    optimiser.zero_grad()
    return model


def sixteen(module: nn.Module, labels=LABELS) -> Model:
    """A module that reads waveforms of 16 kHz, as attacks see it."""
    return Model(module, labels, reads="waveform", sample_rate=16_000)


JOBS = [("dark", "bright"), ("even", "bright"), ("bright", "dark")]
WAVES, TARGETS = [recording(label, 70, 0.5) for label, _ in JOBS], [target for _, target in JOBS]


def said(model: nn.Module, wave: np.ndarray) -> str:
    """By the module alone."""
    with torch.no_grad():
        logits = copy.deepcopy(model).eval()(torch.from_numpy(wave)[None])
    return LABELS[int(logits.reshape(-1, 3).softmax(-1).mean(0).argmax())]


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("method", [Algorithm1(step_unit="budget"), "pgd"], ids=["algorithm1", "pgd"])
def test_a_mel_network_on_waveforms_is_fooled(rows, method):
    model = Rows(trained()) if rows else trained()
    assert all(said(model, wave) != target for wave, target in zip(WAVES, TARGETS, strict=True))
    assert rows or [said(model, wave) for wave in WAVES] == [label for label, _ in JOBS]  # it was trained whole
    results = adversary.attack(sixteen(model), WAVES, TARGETS, method=method)
    for result, target in zip(results, TARGETS, strict=True):
        assert result.outcome == "reached" and result.snr_magnitude >= 15.0
        assert said(model, result.waveform) == target
    random = [np.random.default_rng(0).normal(size=len(wave)) for wave in WAVES]
    for wave, noise, result in zip(WAVES, random, results, strict=True):
        noise *= np.linalg.norm(result.perturbation) / np.linalg.norm(noise)
        assert said(model, (wave + noise).astype(np.float32)) != result.target  # the direction matters


class Brightness(nn.Module):
    """Magnitudes of 8 kHz, frames of 512: one band above another, in decibels; no weights at all."""

    def forward(self, magnitudes):
        low, high = magnitudes[..., 8:64].mean(-1), magnitudes[..., 64:].mean(-1)
        score = torch.log((high + 1e-3) / (low + 1e-3)) + 0.6
        return torch.stack([-4 * score, 4 * score], dim=-1)


@pytest.mark.parametrize("hop_length", [None, 128])
@pytest.mark.parametrize("method", EVERY)
def test_magnitudes_of_another_rate_and_frame(method, hop_length):
    model = Model(Brightness(), ("dull", "shrill"), sample_rate=8_000, n_fft=512, hop_length=hop_length)
    wave = recording("dark", 71, 0.3)
    assert model.decide(wave).label == "dull"
    (result,) = adversary.attack(
        model,
        [wave],
        ["shrill"],
        Budget(snr=6.0),
        method=BY_BUDGET if method == "algorithm1" else method,
        sample_rate=8_000,
    )
    before, after = (
        spectra.magnitudes(torch.from_numpy(w), 512, hop_length or 256) for w in (wave, result.waveform)
    )  # the budget is measured as the model hears
    assert 6.0 <= result.snr_magnitude == pytest.approx(float(spectra.snr_db(before, after, n_dims=2)))
    assert result.target_confidence > result.trace[0]
    if method != "random_search":
        assert result.outcome == "reached"
        posterior = Brightness()(after).softmax(-1).mean(0)
        assert posterior[1].item() == pytest.approx(result.target_confidence, abs=1e-5)


def test_a_network_of_the_library_without_its_system():
    """The same as with it, and the label by index as good as by name."""
    wave, budget, method = recording("dark", 72, 0.4), Budget(snr=12.0, max_iterations=20), Algorithm1(step=1.0)
    (whole,) = adversary.attack(system(), [wave], ["bright"], budget, method=method)
    (bare,) = adversary.attack(Model(system().network, np.array(LABELS)), [wave], [2], budget, method=method)
    np.testing.assert_array_equal(whole.waveform, bare.waveform)
    assert whole.iterations == bare.iterations and bare.target == "bright"
    assert bare.target_confidence == pytest.approx(whole.target_confidence, abs=1e-5)


@pytest.mark.parametrize("method", EVERY)
def test_the_model_is_left_as_it_was(method):
    model = trained()
    model.train()
    model.net[0].eval()  # somebody froze the batch norm: each part keeps its own mode
    model.net[1].weight.grad = torch.ones_like(model.net[1].weight)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    try:
        adversary.attack(sixteen(model), WAVES[:1], TARGETS[:1], Budget(max_iterations=3), method=method)
        assert [module.training for module in model.modules()] == modes
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        assert all(p.requires_grad for p in model.parameters())
        assert (model.net[1].weight.grad == 1).all()
        assert all(p.grad is None for name, p in model.named_parameters() if name != "net.1.weight")
        with pytest.raises(InputError):  # also where the attack breaks off
            adversary.attack(sixteen(model, ("a", "bright")), [WAVES[0][:1_100]], ["bright"])
        assert [module.training for module in model.modules()] == modes
    finally:
        model.net[1].weight.grad = None
        model.train()


def test_dropout_in_training_mode_is_switched_off_for_the_attack():
    """It is heard in what the module says in training, and not in what the attack finds."""
    model = trained().train()
    x = torch.from_numpy(WAVES[0])[None]
    with torch.no_grad():
        assert not torch.equal(copy.deepcopy(model)(x), copy.deepcopy(model)(x))
    a, b = (
        adversary.attack(sixteen(one), WAVES[:1], TARGETS[:1], Budget(max_iterations=5), method="pgd")[0]
        for one in (model, copy.deepcopy(model).eval())
    )
    np.testing.assert_array_equal(a.waveform, b.waveform)
    assert model.training


def test_in_float64_and_without_gradients_around():
    model = copy.deepcopy(trained()).double()
    with torch.no_grad():
        results = adversary.attack(sixteen(model), WAVES[:1], TARGETS[:1], method="pgd")
    assert results[0].outcome == "reached" and results[0].waveform.dtype == np.float32


def test_excerpts_of_different_lengths_are_not_padded():
    """A module that is not ours may hear the padding, so it never gets any."""
    shapes, model, budget = [], sixteen(trained()), Budget(max_iterations=6)
    handle = model.network.register_forward_pre_hook(lambda _, args: shapes.append(tuple(args[0].shape)))
    waves = [recording("dark", 73, seconds) for seconds in (0.3, 0.5, 0.3)]
    try:
        together = adversary.attack(model, waves, ["bright"] * 3, budget, method="pgd")
    finally:
        handle.remove()
    assert {length for _, length in shapes} == {len(waves[0]), len(waves[1])}
    assert max(n for n, _ in shapes) == 2
    (alone,) = adversary.attack(model, waves[1:2], ["bright"], budget, method="pgd")
    np.testing.assert_allclose(together[1].waveform, alone.waveform, atol=2 / 32_768)


# --- what goes wrong -----------------------------------------------------------------------------


class Says(nn.Module):
    """Logits by a function of the input, with a weight so that it is a module like others."""

    def __init__(self, function) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.function = function

    def forward(self, x):
        return self.function(x, self.weight)


def means(x, weight):
    """[n, 3] logits with a gradient, for waveforms."""
    return torch.stack([x.square().mean(-1), x.abs().mean(-1), x.mean(-1)], dim=-1) * weight


def refuses(*_):
    raise ValueError("I read stereo.")


def fails_silently(*_):
    raise AssertionError


BROKEN = {
    "always-on dropout": (lambda x, w: 20 * means(F.dropout(x, 0.5, True), w), "two answers.*dropout"),
    "probabilities": (lambda x, w: means(x, w).softmax(-1), "gives probabilities; give it without its softmax"),
    "too many logits": (lambda x, w: means(x, w).repeat(1, 2), "gives 6 logits, but there are 3 labels"),
    "one answer for all": (lambda x, w: means(x, w)[0], r"gave \[3\] for 1 excerpts; it must give \[n, n_labels\]"),
    "a pair": (lambda x, w: (means(x, w), x), "gave tuple for 1 excerpts; it must give"),
    "refuses": (refuses, r"refused waveform of shape \[1, 6615\]: I read stereo; it must accept \[n, n_samples\]"),
    "fails without a word": (fails_silently, "refused waveform.*AssertionError; it must accept"),
    "logits not finite": (
        lambda x, w: means(x, w) * float("nan"),
        "not finite for waveform 0; check its weights",
    ),
    "no gradient": (lambda x, w: means(x.detach(), w.detach()), "no gradient.*input; remove.*or use random_search"),
    "gradient of the weights only": (lambda x, w: means(x.detach(), w), "no gradient.*input; remove"),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("method", ["algorithm1", "pgd"])
def test_a_model_that_is_broken_gets_one_sentence(case, method):
    torch.manual_seed(0)
    function, says = BROKEN[case]
    with pytest.raises(InputError, match=says) as caught:
        adversary.attack(sixteen(Says(function)), [recording("dark", 74, 0.3)], ["even"], method=method)
    assert "\n" not in str(caught.value)


def test_a_model_without_gradient_can_be_asked():
    model, budget = sixteen(Says(lambda x, w: 1e4 * means(x.detach(), w.detach()))), Budget(snr=5.0, max_iterations=4)
    (result,) = adversary.attack(model, [recording("dark", 74, 0.3)], ["even"], budget, method="random_search")
    assert result.iterations <= 4 and result.snr_magnitude >= 5.0


def sqrt_of_the_loudest(x, weight):
    """Infinite slope where a recording has a sample at a full tenth: the second one of two."""
    edge = torch.sqrt((0.5 - x.amax(-1)).clamp_min(0))
    return means(x, weight) + edge[:, None] * torch.tensor([1.0, 0, 0])


@pytest.mark.parametrize("method", ["algorithm1", "pgd", "apgd"])
def test_a_gradient_that_is_not_finite_names_its_excerpt(method):
    fine, bad = recording("dark", 75, 0.3) / 4, recording("dark", 76, 0.3) / 4
    bad[3_000] = 0.5
    with pytest.raises(InputError, match="gradient of the model is not finite for b.wav; check its weights"):
        model = sixteen(Says(sqrt_of_the_loudest))
        adversary.attack(model, [fine, bad], ["even"] * 2, names=["a.wav", "b.wav"], method=method)


@pytest.mark.parametrize("method", EVERY)
def test_an_answer_that_is_not_finite_names_its_excerpt(method):
    def answer(x, w):
        return means(x, w) + torch.where(x.amax(-1) >= 0.5, torch.nan, 0.0)[:, None]

    fine, bad = recording("dark", 75, 0.3) / 4, recording("dark", 76, 0.3) / 4
    bad[3_000] = 0.5
    with pytest.raises(InputError, match="not finite for b.wav"):
        model = sixteen(Says(answer))
        adversary.attack(model, [fine, bad], ["even"] * 2, names=["a.wav", "b.wav"], method=method)


BAD_AUDIO = {
    "integers": ((recording("dark", 77, 0.3) * 32_768).astype(np.int16), "x.wav does not have full scale 1.*32768"),
    "scale of integers": (recording("dark", 77, 0.3) * 32_768, "x.wav does not have full scale 1.*divide"),
    "silence": (np.zeros(8_000, np.float32), "x.wav is silent; give"),
    "not finite": (np.full(8_000, np.nan, np.float32), "x.wav has 8,000 samples that are NaN"),
    "infinite": (np.full(8_000, np.inf, np.float32), "x.wav has 8,000 samples that are NaN or infinite"),
    "two channels": (np.ones((2, 8_000), np.float32), r"x.wav has shape \[2, 8000\]; give one channel"),
    "shorter than a frame": (recording("dark", 77, 0.02), "x.wav has 441 samples, fewer than one frame of 1024; give"),
    "empty": (np.zeros(0, np.float32), "x.wav"),
    "no numbers": (np.array([None] * 2_000), "x.wav is of type object; give floating-point samples"),
    "a path": ("song.wav", "x.wav is the path 'song.wav'; give its samples"),
}


@pytest.mark.parametrize("case", BAD_AUDIO)
def test_audio_that_cannot_be_attacked(case):
    wave, says = BAD_AUDIO[case]
    for model in (sixteen(trained()), system()):
        with pytest.raises(InputError, match=says) as caught:
            adversary.attack(model, [recording("dark", 78, 0.3), wave], ["even"] * 2, names=["ok", "x.wav"])
        assert "22,050" not in str(caught.value)  # the model may read another rate


def test_an_excerpt_too_short_for_a_slice_of_a_bare_network():
    network = CDNN(Standardise(torch.ones(513), torch.ones(513)), 3, 4, n_frames=40, n_filters=2)
    waves = [recording("dark", 79, 1.2), recording("dark", 79, 0.3)]
    with pytest.raises(InputError, match="song.wav has 11 frames, fewer than the 40 of one slice"):
        adversary.attack(Model(network, LABELS), waves, ["even"] * 2, names=["long", "song.wav"])


BAD_ABOUT = {
    "labels twice": ({"labels": ["a", "a", "b"]}, "labels, each once"),
    "empty labels": ({"labels": []}, "needs labels"),
    "reads": ({"labels": LABELS, "reads": "mel"}, "reads is 'mel'; choose one of magnitudes, waveform"),
    "rate": ({"labels": LABELS, "sample_rate": 0}, "sample_rate is 0; give"),
    "labels as a string": ({"labels": "abc"}, "labels is 'abc'; give a sequence of names"),
    "labels counted": ({"labels": 3}, "labels is 3; give a sequence of names"),
    "rate in words": ({"labels": LABELS, "sample_rate": "16k"}, "sample_rate is '16k'; give"),
    "part of a sample": ({"labels": LABELS, "n_fft": 512.0}, "n_fft is 512.0; give a whole number"),
    "no hop": ({"labels": LABELS, "hop_length": 0}, "hop_length is 0; give a whole number"),
    "hop": ({"labels": LABELS, "n_fft": 512, "hop_length": 200}, "hop_length 200 does not divide n_fft 512"),
    "no overlap": ({"labels": LABELS, "n_fft": 512, "hop_length": 512}, "hop_length 512 is a whole frame"),
}


@pytest.mark.parametrize("case", BAD_ABOUT)
def test_what_is_said_of_a_module_makes_no_sense(case):
    about, says = BAD_ABOUT[case]
    with pytest.raises(InputError, match=says):
        Model(trained(), **about)


@pytest.mark.parametrize("target", ["polka", 3, -1, 1.5, None, True])
def test_targets_that_are_no_label(target):
    for model in (sixteen(trained()), system()):
        with pytest.raises(InputError, match="is not a label of this model; choose one of dark, even, bright"):
            adversary.attack(model, WAVES[:1], [target])


def test_what_is_no_model():
    with pytest.raises(InputError, match=r"The model is a function; give a System, or any module as Model\(module"):
        adversary.attack(means, WAVES[:1], TARGETS[:1])
    with pytest.raises(
        InputError, match=r"bare module, MelCNN, .* logits stand for; wrap it as Model\(module, labels=\["
    ):
        adversary.attack(trained(), WAVES[:1], TARGETS[:1])
    with pytest.raises(InputError, match="The network is a str; give a torch.nn.Module"):
        Model("network.pt", LABELS)
    with pytest.raises(InputError, match="at 16000 Hz but the model reads 22050 Hz; bring it to that rate"):
        adversary.attack(system(), WAVES[:1], TARGETS[:1], sample_rate=16_000)


def test_magnitudes_of_the_wrong_width_say_which_shape():
    with pytest.raises(InputError, match=r"refused magnitudes of shape \[1, 11, 513\].*n_frames, n_bins"):
        adversary.attack(Model(nn.Linear(257, 3), LABELS), [recording("dark", 80, 0.3)], ["even"])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_model_of_half_precision_says_what_to_do(dtype):
    with pytest.raises(InputError, match=r"computes in torch.*float16; give it in float32, as model.float\(\)"):
        sixteen(copy.deepcopy(trained()).to(dtype))


class Counting(nn.Module):
    """The only tensor that it holds is one of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1, dtype=torch.long))

    def forward(self, magnitudes):
        return Brightness()(magnitudes)


def test_a_model_that_holds_whole_numbers_only_gets_waveforms_all_the_same():
    wave, about = recording("dark", 81, 0.3), {"sample_rate": 8_000, "n_fft": 512}
    a, b = (Model(network, ("dull", "shrill"), **about).decide(wave) for network in (Counting(), Brightness()))
    np.testing.assert_array_equal(a.posterior, b.posterior)


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("snr", [-10.0, -40.0, -300.0])
def test_at_any_budget_a_module_is_judged_by_its_file(method, snr):
    """Before rounding the sum may pass full scale by any factor, which is not a mistake of the caller."""
    wave = recording("dark", 82, 0.3)
    wave *= np.float32(0.95) / np.abs(wave).max()
    chosen = Algorithm1(step=0.3, step_unit="budget") if method == "algorithm1" else method
    (result,) = adversary.attack(sixteen(trained()), [wave], ["bright"], Budget(snr, max_iterations=4), method=chosen)
    assert result.label == said(trained(), result.waveform) and np.abs(result.waveform).max() <= 1
    assert result.snr_magnitude >= snr


@pytest.mark.filterwarnings("error")
def test_arrays_of_any_kind_are_one_waveform():
    """Read-only, strided, of other types and byte orders, tensors with a gradient: the same adversary of each."""
    wave = recording("dark", 83, 0.3)
    fixed = wave.copy()
    fixed.flags.writeable = False
    kinds = [
        wave,
        fixed,
        np.repeat(wave, 2)[::2],
        wave.astype(">f4"),
        wave.astype(np.float64),
        torch.from_numpy(wave.copy()).requires_grad_(),
    ]
    budget = Budget(max_iterations=3)
    results = adversary.attack(sixteen(trained()), iter(kinds), iter(["bright"] * 6), budget, method="pgd")
    for result in results[1:]:
        np.testing.assert_allclose(result.waveform, results[0].waveform, atol=2 / 32_768)
    assert not fixed.flags.writeable and np.array_equal(fixed, wave)


def test_the_excerpt_that_a_model_cannot_hear_is_named():
    def answer(x, w):
        return means(x, w) * (float("nan") if x.shape[1] < 6_000 else 1.0)

    waves = [recording("dark", 84, 0.4), recording("dark", 84, 0.2)]
    with pytest.raises(InputError, match="not finite for short.wav"):
        adversary.attack(sixteen(Says(answer)), waves, ["even"] * 2, names=["long.wav", "short.wav"])


def test_every_length_is_tried_before_an_attack_begins():
    def of_one_length(x, w):
        if x.shape[1] != 8_000:
            raise ValueError("I want 8,000 samples.")
        return means(x, w)

    waves = [recording("dark", 85, 0.5)[:n] for n in (8_000, 8_000, 9_000)]
    with pytest.raises(InputError, match=r"^long.wav: The model refused waveform of shape \[1, 9000\]: I want 8,000"):
        adversary.attack(
            sixteen(Says(of_one_length)),
            waves,
            ["even"] * 3,
            names=["a.wav", "b.wav", "long.wav"],
            watch=lambda *_: pytest.fail("the attack began"),
        )


# --- judges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        (lambda w: "bright", r"The judge returned 'bright'; let it return a networks.Decision\(label, conf"),
        (lambda w: None, "The judge returned None; let it return"),
        (lambda w: np.zeros(10_000), r"The judge returned array\(.{,60}; let it return"),
        (lambda w: Decision("bright", 0.9, np.array([0.1, 0.9])), r"posterior has the shape \[2\].*has 3 labels"),
        ("bright", "judge is 'bright'; give a function from a waveform to a Decision"),
    ],
)
def test_a_judge_that_returns_no_decision_gets_one_sentence(judge, says):
    with pytest.raises(InputError, match=says) as caught:
        adversary.attack(system(), WAVES[:1], TARGETS[:1], Budget(max_iterations=1), judge=judge)
    assert "\n" not in str(caught.value)


def test_a_judge_that_decides_is_heeded():
    always = Decision("bright", 0.9, np.array([0.05, 0.05, 0.9]))
    assert tuple(LABELS).index("bright") == 2
    (result,) = adversary.attack(system(), WAVES[:1], ["bright"], Budget(confidence=0.5), judge=lambda _: always)
    assert result.outcome in ("reached", "nothing to do") and result.confidence == 0.9


# --- warnings ------------------------------------------------------------------------------------


def told(model, waves=WAVES, targets=TARGETS, method="algorithm1", **limits) -> list[str]:
    """The warnings of one attack."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        adversary.attack(model, waves, targets, Budget(**limits), method=method)
    assert all(warning.category is UserWarning and warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


def test_sigmoid_outputs_are_warned_of_once():
    sigmoid = sixteen(Says(lambda x, w: trained()(x).sigmoid()))
    trained().eval()
    (said_once,) = told(sigmoid, method="pgd", max_iterations=3)
    assert "within 0 and 1" in said_once and "multi-label" in said_once and "logits are expected" in said_once
    assert len(told(sigmoid, method="pgd", max_iterations=1)) == 1  # once an attack, not once for all
    assert told(sixteen(trained()), method="pgd", max_iterations=3) == []
    assert told(system(), max_iterations=1) == []


class Faint(nn.Module):
    """Logits so small that their gradient moves magnitudes by next to nothing."""

    def forward(self, magnitudes):
        score = 1e-3 * torch.log(magnitudes[..., 64:].mean(-1) / magnitudes[..., 8:64].mean(-1)) - 1.0
        return torch.stack([-score, score], dim=-1)


def test_a_budget_left_unused_is_warned_of_with_its_remedy():
    model = Model(Faint(), ("dull", "shrill"), sample_rate=8_000, n_fft=512)
    limits = {"max_iterations": 3, "snr": 20.0}
    (warned,) = told(model, WAVES[:2], ["shrill"] * 2, **limits)
    match = re.fullmatch(
        r"2 of 2 excerpts did not get their target, with at least (\d+) % of the budget of 20 dB unused: the steps "
        r"are too short for this model.s gradient; use Algorithm1\(step_unit=.budget.\), or a longer step than 0\.1\.",
        warned,
    )
    assert 90 <= int(match[1]) <= 100
    assert told(model, WAVES[:2], ["dull"] * 2, **limits) == []  # they have it
    assert told(model, WAVES[:2], ["shrill"] * 2, method=Algorithm1(step_unit="budget"), **limits) == []
    assert told(model, WAVES[:2], ["shrill"] * 2, method="pgd", **limits) == []


def test_of_the_books_own_systems_an_unused_budget_is_not_warned_of():
    limits, method = {"max_iterations": 1, "snr": 10.0}, Algorithm1(step=1e-6)
    (result,) = adversary.attack(system(), WAVES[:1], TARGETS[:1], Budget(**limits), method=method)
    assert not result.success and result.snr_magnitude > 20
    assert told(system(), WAVES[:1], TARGETS[:1], method, **limits) == []
    assert told(Model(system().network, LABELS), WAVES[:1], TARGETS[:1], method, **limits) == []
