"""Every attack and every option of Algorithm 1: against independent loops, closed forms and what must always hold."""

from __future__ import annotations

import copy
import dataclasses
import io
import sys
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import ceil

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from music_adversaries import adversary, cli, spectra
from music_adversaries.adversary import APGD, METHODS, PGD, Algorithm1, Budget, Noise, RandomSearch
from music_adversaries.adversary.apgd import checkpoints
from music_adversaries.adversary.attack import _merit
from music_adversaries.adversary.batch import Batch
from music_adversaries.adversary.gradients import loss_gradient
from music_adversaries.adversary.judge import Judge
from music_adversaries.adversary.model import Model
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Decision, Network, Standardise, System
from small_system import LABELS, recording, system

EVERY = tuple(name for name in METHODS if name != "noise")  # every attack
WHITE_BOX = tuple(name for name in EVERY if name != "random_search")
JOBS = [(label, target) for label in LABELS for target in LABELS if label != target]


def of(name: str, **options):
    """The attack of that name; magnitudes of noise are larger than those of music: longer steps than the paper's."""
    return adversary.method(name, **({"step": 1.0} if name == "algorithm1" else {}) | options)


def small_cdnn(near_constant: str = "floor", std: torch.Tensor | None = None) -> CDNN:
    """Slices of 40 frames, in float64; weights of a size that lets a gradient through."""
    generator = torch.Generator().manual_seed(3)
    std = torch.rand(513, generator=generator) + 0.5 if std is None else std
    standardise = Standardise(torch.rand(513, generator=generator), std, near_constant=near_constant)
    network = CDNN(standardise, 3, 8, n_frames=40, n_filters=2, generator=generator).double()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.normal_(generator=generator).div_(weight[0].numel() ** 0.5)
    return network.eval()


@lru_cache(maxsize=1)
def small_dnn() -> DNN:
    """The trained network, in float64."""
    return copy.deepcopy(system().network).double().eval()


def run(method, network, waveforms, targets, *, snr=10.0, n=3):
    """The results, and the magnitudes ``[n, n_frames, n_bins]`` at which the method asks for a gradient.

    At this confidence no excerpt is finished before the last iteration.
    """
    model = Model(network, LABELS)
    batch = Batch(
        model,
        waveforms,
        [LABELS.index(target) for target in targets],
        [f"waveform {i}" for i in range(len(targets))],
        Budget(snr, confidence=1 - 1e-12, max_iterations=n),
        generators=[np.random.default_rng(i) for i in range(len(targets))],
    )
    seen, gradient = [], batch.gradient

    def watched(change):
        seen.append(batch.magnitude + change)
        return gradient(change)

    batch.gradient, judge = watched, Judge(batch, model.decide)
    method.run(batch, judge)
    return [judge.results[i] for i in range(len(targets))], seen


def slope(network: Network, z: torch.Tensor, target: int) -> torch.Tensor:
    """Gradient of the summed cross-entropy of one excerpt ``[n_frames, n_bins]``, by autograd alone."""
    z = z.clone().requires_grad_(True)
    nn.functional.cross_entropy(
        network(network.rows(z)), torch.full((len(network.rows(z)),), target), reduction="sum"
    ).backward()
    return z.grad


def exemplar(waveform: np.ndarray) -> torch.Tensor:
    return spectra.magnitudes(torch.from_numpy(waveform).double())


def magnitude_snr(a: np.ndarray, b: np.ndarray) -> float:
    """By NumPy alone, in float64."""
    x, z = (
        np.stack([np.abs(np.fft.rfft(w[m : m + 1024] * np.hanning(1024))) for m in range(0, len(w) - 1023, 512)])
        for w in (a.astype(float), b.astype(float))
    )
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.linalg.norm(x) / np.linalg.norm(z - x))


# --- Algorithm 1, option by option ---------------------------------------------------------------


def projected(z: np.ndarray, x: np.ndarray, radius: float) -> np.ndarray:
    """The published code's projection onto the ball, by its Lagrange multiplier."""
    nu = max(0.0, np.linalg.norm(z - x) / radius - 1)
    return (z + nu * x) / (1 + nu)


@pytest.mark.parametrize("consistency", ["at_end", "never"])
@pytest.mark.parametrize(("step_unit", "step"), [("magnitude", 10.0), ("budget", 0.4)])
def test_without_consistency_it_is_plain_projected_gradient_descent(consistency, step_unit, step):
    network, wave = small_dnn(), recording("dark", 100, 0.5)
    method = Algorithm1(step=step, step_unit=step_unit, consistency=consistency)
    _, seen = run(method, network, [wave], ["bright"], snr=12.0, n=4)
    x = exemplar(wave).numpy()
    radius = np.linalg.norm(x) * 10 ** (-12 / 20)
    z, at_the_edge = x, False
    for iterate in seen:
        np.testing.assert_allclose(iterate[0].numpy(), z, rtol=1e-9, atol=1e-9)
        g = slope(network, torch.from_numpy(z), 2).numpy()
        length = step if step_unit == "magnitude" else step * radius / np.linalg.norm(g)
        z = np.maximum(z - length * g, 0)
        at_the_edge |= np.linalg.norm(z - x) > radius
        z = projected(z, x, radius)
    assert len(seen) == 5 and at_the_edge


def test_a_step_in_parts_of_the_budget_has_that_length():
    network, wave = small_dnn(), recording("even", 101, 0.5)
    x = exemplar(wave)
    for snr in (0.0, 30.0):
        _, seen = run(
            Algorithm1(step=0.25, step_unit="budget", consistency="never"), network, [wave], ["dark"], snr=snr, n=1
        )
        change, g = (seen[1] - seen[0])[0], slope(network, x, 0)
        free = seen[1][0] > 0  # where the step was not cut off at zero
        length = g.norm() * change[free].norm() / g[free].norm()
        assert length.item() == pytest.approx(0.25 * x.norm().item() * 10 ** (-snr / 20), rel=1e-9)


def test_a_step_in_parts_of_the_budget_where_there_is_no_gradient_is_none():
    """A network that is dead: nothing can be reached, which is no error."""
    network = DNN(Standardise(torch.zeros(513), torch.ones(513)), 3, 4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
    model, budget, method = (
        System(network, LABELS),
        Budget(snr=-100.0, max_iterations=3),
        Algorithm1(step_unit="budget"),
    )
    (result,) = adversary.attack(model, [recording("dark", 102, 0.3)], ["bright"], budget, method=method)
    assert result.outcome == "failed" and not result.perturbation.any()


def test_steps_per_frame_are_longer_by_the_length_of_a_slice():
    network, wave = small_cdnn(), recording("dark", 103, 2.0)
    x, step = exemplar(wave), 1e-4
    change = {}
    for per in ("slice", "frame"):
        method = Algorithm1(step=step, step_per=per, consistency="never")
        _, seen = run(method, network, [wave], ["bright"], snr=-60.0, n=1)
        change[per] = seen[1][0]
    g = slope(network, x, 2)
    assert g.abs().max() > 0
    torch.testing.assert_close(change["slice"], (x - step * g).clamp_min(0))
    torch.testing.assert_close(change["frame"], (x - 40 * step * g).clamp_min(0))


def test_steps_per_frame_are_no_other_for_a_network_on_frames():
    wave = recording("dark", 104, 0.5)
    a, b = (run(Algorithm1(step_per=per), small_dnn(), [wave], ["even"])[1] for per in ("slice", "frame"))
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("kind", ["dnn", "cdnn"])
def test_published_gradient_undoes_the_standardisation_of_the_gradient(kind):
    """(g / istd + mean) * mask, with g with respect to what the first layer after the standardisation reads."""
    std = torch.rand(513, generator=torch.Generator().manual_seed(5)) + 0.5
    std[::7] = 0.01  # near-constant bins, masked
    network = small_cdnn("mask", std)
    if kind == "dnn":
        network = DNN(network.standardise, 3, 8, generator=torch.Generator().manual_seed(1)).double()
    wave = recording("even", 105, 2.0)
    x, step = exemplar(wave), 1e-3
    method = Algorithm1(step=step, gradient="published_code", consistency="never")
    _, seen = run(method, network, [wave], ["dark"], snr=-80.0, n=1)

    mean, scale = network.standardise.mean, network.standardise.scale
    read = ((x - mean) * scale).requires_grad_(True)
    bare = copy.deepcopy(network)
    bare.standardise = nn.Identity()
    logits = bare(bare.rows(read))
    nn.functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long), reduction="sum").backward()
    istd, mask = scale.numpy(), scale.numpy() > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        published = np.where(mask, read.grad.numpy() / istd + mean.numpy(), 0.0)
    assert not mask[::7].any() and mask.sum() == 513 - len(std[::7])
    np.testing.assert_allclose(seen[1][0].numpy(), np.maximum(x.numpy() - step * published, 0), rtol=1e-7, atol=1e-9)
    assert torch.equal(seen[1][0][:, ::7], x[:, ::7])
    chain = slope(network, x, 0).numpy()
    assert np.corrcoef(chain[:, mask].ravel(), published[:, mask].ravel())[0, 1] < 0.9  # it is another direction


def test_published_gradient_leaves_frames_alone_that_an_excerpt_does_not_have():
    """Beside a longer excerpt, the mean there would be a part of the length by which steps are measured."""
    network = DNN(small_cdnn("floor", torch.ones(513)).standardise, 3, 8, generator=torch.Generator().manual_seed(1))
    long, short = recording("even", 105, 2.0), recording("bright", 106, 1.0)
    method = Algorithm1(step=0.05, step_unit="budget", gradient="published_code", consistency="never")
    _, together = run(method, network.double(), [long, short], ["dark", "dark"], snr=0.0, n=3)
    _, alone = run(method, network.double(), [short], ["dark"], snr=0.0, n=3)
    n_frames = spectra.n_frames(len(short))
    for both, one in zip(together, alone, strict=True):
        assert not both[1, n_frames:].any()
        torch.testing.assert_close(both[1, :n_frames], one[0])


class Bare(nn.Module):
    """No standardisation anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(513, 3)

    def forward(self, x):
        return self.layer(x)


@pytest.mark.parametrize("kind", ["log", "mel", "bare", "waveform"])
def test_published_gradient_is_refused_where_it_makes_no_sense(kind):
    if kind == "bare":
        model = Model(Bare(), LABELS)
    elif kind == "waveform":
        model = Model(Linear(recording("dark", 106, 0.3)), LABELS[:2], reads="waveform")
    else:
        n = 64 if kind == "mel" else 513
        model = System(DNN(Standardise(torch.zeros(n), torch.ones(n)), 3, 4, representation=kind), LABELS)
    with pytest.raises(InputError, match="standardises linear magnitudes"):
        adversary.attack(model, [recording("dark", 106, 0.3)], ["even"], method=Algorithm1(gradient="published_code"))


def test_each_iterate_is_made_consistent_once():
    network, wave = small_dnn(), recording("bright", 107, 0.5)
    _, seen = run(Algorithm1(step=2.0), network, [wave], ["dark"], snr=12.0, n=3)
    spectrum = spectra.stft(torch.from_numpy(wave).double())
    x, unit = spectra.modulus(spectrum), spectra.phasor(spectrum)
    radius = torch.linalg.vector_norm(x) * 10 ** (-12 / 20)
    z = x
    for iterate in seen:
        torch.testing.assert_close(iterate[0], z)
        wanted = (z - 2.0 * slope(network, z, 0)).clamp_min(0)
        change = spectra.istft((wanted - x) * unit, len(wave))
        z = spectra.modulus(spectrum + spectra.stft(change))
        z = torch.from_numpy(projected(z.numpy(), x.numpy(), float(radius)))


def published_loop(network, wave, target, *, step, snr, n, floor):
    """The published code's loop of gradient, re-synthesis with its own phase, and ball, in NumPy.

    ``floor`` keeps the sum of squared windows from zero at the ends: theirs is nothing, ours 0.5.
    """
    window = np.hanning(1024)
    starts = range(0, len(wave) - 1023, 512)

    def analyse(w):
        return np.stack([np.fft.rfft(w[m : m + 1024] * window) for m in starts])

    original = analyse(wave.astype(float))
    x, phase = np.abs(original), np.angle(original)
    radius = np.linalg.norm(x) / len(x) / 10 ** (snr / 20)
    y, iterates = x.copy(), [x]
    for _ in range(n):
        z = y - step * slope(network, torch.from_numpy(y), target).numpy()
        z *= z > 0
        # Where the divisor is bounded the recording itself must not fade: so what is inverted is the change.
        change = z * np.exp(1j * phase) - (original if floor > 1e-6 else 0)
        out, total = np.zeros(len(wave)), np.zeros(len(wave))
        for m, frame in zip(starts, np.fft.irfft(change), strict=True):
            out[m : m + 1024] += frame * window
            total[m : m + 1024] += window**2
        out = out / np.maximum(total, floor) + (wave if floor > 1e-6 else 0)
        new = analyse(out)
        z, phase = np.abs(new), np.angle(new)
        nu = max(0.0, np.linalg.norm(z - x) / len(x) / radius - 1)
        y = (z + nu * x) / (1 + nu)
        iterates.append(y)
    return iterates


def test_phase_of_the_resynthesis_is_the_published_code_in_the_middle():
    """Without a budget no frame knows of another, so the ends, which the code leaves unbounded, can be left out."""
    network, wave = small_dnn(), recording("dark", 108, 0.7)
    method = Algorithm1(step=2.0, phase="resynthesis")
    _, seen = run(method, network, [wave], ["bright"], snr=-100.0, n=2)
    expected = published_loop(network, wave, 2, step=2.0, snr=-100.0, n=2, floor=1e-12)
    for iterate, other in zip(seen, expected, strict=True):
        np.testing.assert_allclose(iterate[0, 3:-3].numpy(), other[3:-3], rtol=1e-6, atol=1e-8)
    _, kept = run(Algorithm1(step=2.0), network, [wave], ["bright"], snr=-100.0, n=2)
    torch.testing.assert_close(kept[1], seen[1])  # the first phase is the exemplar's
    assert (kept[2] - seen[2])[0, 3:-3].abs().max() > 1e-3


def test_phase_of_the_resynthesis_with_a_budget_and_bounded_ends():
    network, wave = small_dnn(), recording("dark", 109, 0.7)
    wave = wave[: 1024 + 512 * ((len(wave) - 1024) // 512)]
    _, seen = run(Algorithm1(step=2.0, phase="resynthesis"), network, [wave], ["bright"], snr=18.0, n=4)
    expected = published_loop(network, wave, 2, step=2.0, snr=18.0, n=4, floor=spectra.least_power())
    for iterate, other in zip(seen, expected, strict=True):
        np.testing.assert_allclose(iterate[0].numpy(), other, rtol=1e-6, atol=1e-8)
    limit = np.linalg.norm(expected[0]) * 10 ** (-18 / 20)
    assert max(np.linalg.norm(z - expected[0]) for z in expected) == pytest.approx(limit)  # the budget was felt


def test_momentum_extrapolates_from_what_was_extrapolated():
    """FISTA's sequence 1, 1.62, 2.19, ...; but from the extrapolated iterate, as in the published code."""
    network, wave = small_dnn(), recording("bright", 110, 0.5)
    method = Algorithm1(step=3.0, consistency="never", momentum="after_projections")
    _, seen = run(method, network, [wave], ["dark"], snr=12.0, n=8)
    x = exemplar(wave).numpy()
    radius = np.linalg.norm(x) * 10 ** (-12 / 20)
    y, old, t_old, outside, negative = x, x, 1.0, False, False
    for iterate in seen:
        np.testing.assert_allclose(iterate[0].numpy(), y, rtol=1e-8, atol=1e-8)
        outside |= np.linalg.norm(y - x) > radius * (1 + 1e-6)
        negative |= bool((y < 0).any())
        g = slope(network, torch.from_numpy(y), 0).numpy()
        y = projected(np.maximum(y - 3.0 * g, 0), x, radius)
        t = 0.5 + np.sqrt(1 + 4 * t_old**2) / 2
        y = y + (t_old - 1) / t * (y - old)
        old, t_old = y, t
    assert outside and negative  # what the projections had made sure of is lost


def test_momentum_may_leave_the_ball_but_no_file_does():
    jobs = [(recording(label, 111), target) for label, target in JOBS]
    results = adversary.attack(
        system(),
        *map(list, zip(*jobs, strict=True)),
        Budget(snr=20.0, confidence=0.999999, max_iterations=40),
        method=Algorithm1(step=3.0, consistency="never", momentum="after_projections"),
    )
    assert min(result.iterate_snr for result in results) < 20.0
    assert all(magnitude_snr(result.original, result.waveform) >= 20.0 for result in results)


@pytest.mark.parametrize(("consistency", "stops"), [("never", True), ("at_end", False), ("each_step", False)])
def test_only_without_consistency_the_iterate_is_trusted(consistency, stops):
    """A judge that is never content with any waveform."""

    def judge(waveform):
        return Decision("dark", 1.0, np.array([1.0, 0.0, 0.0]))

    budget, method = Budget(snr=5.0, max_iterations=60), Algorithm1(step=1.0, consistency=consistency)
    (result,) = adversary.attack(system(), [recording("dark", 112)], ["bright"], budget, method=method, judge=judge)
    assert result.iterate_label == "bright" and not result.success
    if stops:
        assert result.iterations < 60 and result.trace[-1] > 0.9 >= max(result.trace[:-1])
    else:
        assert result.iterations == 60 and max(result.trace) > 0.9


STALLING = Budget(snr=30.0, confidence=0.9, max_iterations=60)


@pytest.mark.parametrize("phase", ["exemplar", "resynthesis"])
def test_a_stall_stops(phase):
    jobs = [(recording(label, 113), target) for label, target in JOBS]
    waves, targets = map(list, zip(*jobs, strict=True))
    method = Algorithm1(step=3.0, stall="stop", phase=phase)
    results = adversary.attack(system(), waves, targets, STALLING, method=method)
    stalled = [result for result in results if not result.confident]
    assert stalled and all(result.iterations < 60 for result in stalled)
    for result in stalled:
        rises = np.diff(result.trace)
        assert rises[-1] < 1e-4 and (rises[1:-1] >= 1e-4).all()
        assert result.trace[1] >= 1e-4  # the first is compared to nothing, as in the published code
    on = adversary.attack(system(), waves, targets, STALLING, method=Algorithm1(step=3.0, phase=phase))
    assert all(result.iterations == 60 for result in on if not result.confident)


def test_a_stall_ends_one_excerpt_only():
    """Excerpts that are finished, or stall, beside one that goes on leave its own stalling as it is."""
    waves = [recording(label, seed, 0.4) for label, _ in JOBS for seed in (114, 115)]
    targets = [target for _, target in JOBS for _ in range(2)]
    settings = {
        "budget": dataclasses.replace(STALLING, snr=22.0, confidence=0.6),
        "method": Algorithm1(step=3.0, stall="stop"),
    }
    together, alone = (adversary.attack(system(), waves, targets, batch_size=n, **settings) for n in (12, 1))
    finished, stalled = ({r.iterations for r in alone if r.confident is kind} for kind in (True, False))
    assert len(finished | stalled) > 2 and finished & stalled  # some are finished when others stall
    assert [result.iterations for result in together] == [result.iterations for result in alone]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.waveform, b.waveform, atol=2 / 32_768)


def test_what_a_stalled_excerpt_shows_is_its_last_iterate():
    """With the defaults an iterate is a waveform's spectrum, and it is this waveform that comes back."""
    waves, targets = [recording("dark", 113)], ["bright"]
    (result,) = adversary.attack(system(), waves, targets, STALLING, method=Algorithm1(step=3.0, stall="stop"))
    assert not result.confident and result.iterations < 60
    assert result.target_confidence == pytest.approx(result.trace[-1], abs=2e-3)
    assert result.iterate_snr == result.snr_magnitude


@pytest.mark.parametrize("consistency", ["each_step", "at_end", "never"])
@pytest.mark.parametrize("phase", ["exemplar", "resynthesis"])
@pytest.mark.parametrize("momentum", ["none", "after_projections"])
def test_every_combination_keeps_the_budget_alone_and_beside_others(consistency, phase, momentum):
    waves = [recording("dark", 116, 0.3)[:-200], recording("even", 117, 0.45)]
    targets = ["bright", "dark"]
    others = product(("magnitude", "budget"), ("slice", "frame"), ("chain_rule", "published_code"), ("go_on", "stop"))
    for step_unit, step_per, gradient, stall in others:
        method = Algorithm1(
            step=0.3,
            step_unit=step_unit,
            step_per=step_per,
            gradient=gradient,
            consistency=consistency,
            phase=phase,
            momentum=momentum,
            stall=stall,
        )
        settings = {"method": method, "budget": Budget(snr=15.0, max_iterations=4, confidence=0.99)}
        together, alone = (adversary.attack(system(), waves, targets, batch_size=n, **settings) for n in (2, 1))
        for a, b in zip(together, alone, strict=True):
            assert magnitude_snr(a.original, a.waveform) == pytest.approx(a.snr_magnitude, abs=1e-2)
            assert a.snr_magnitude >= 15.0 and np.abs(a.waveform).max() <= 1
            assert a.perturbation.any() or gradient == "published_code"  # which may only make it worse
            assert a.iterations == b.iterations
            # The trace is of the iterates; the waveform has been rounded to 16 bits.
            np.testing.assert_allclose(a.trace, b.trace, atol=1e-4)
            np.testing.assert_allclose(a.waveform, b.waveform, atol=3 / 32_768)


def test_slices_of_a_shorter_excerpt_are_its_own():
    """A network on slices, alone and beside a longer recording that it is padded to."""
    network = small_cdnn().float()
    waves = [recording("dark", 118, 1.0), recording("even", 118, 2.1)]
    assert [spectra.n_frames(len(wave)) // 40 for wave in waves] == [1, 2]
    for method in (Algorithm1(step=0.2, step_unit="budget"), Algorithm1.published_code(stall="go_on"), PGD()):
        settings = {"method": method, "budget": Budget(snr=15.0, max_iterations=3, confidence=0.999)}
        together, alone = (
            adversary.attack(System(network, LABELS), waves, ["bright", "dark"], batch_size=n, **settings)
            for n in (2, 1)
        )
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a.trace, b.trace, atol=1e-4)
            np.testing.assert_allclose(a.waveform, b.waveform, atol=3 / 32_768)


def test_published_code_has_the_options_of_the_published_code():
    assert Algorithm1.published_code(step=0.15) == Algorithm1(
        step=0.15,
        step_unit="magnitude",
        step_per="frame",
        gradient="published_code",
        consistency="each_step",
        phase="resynthesis",
        momentum="after_projections",
        stall="stop",
    )
    assert Algorithm1.published_code(gradient="chain_rule").gradient == "chain_rule"


# --- what holds of every attack ------------------------------------------------------------------

BUDGETS = (60.0, 30.0, 15.0, 0.0, -10.0)


@pytest.fixture(scope="module")
def at_budgets():
    """Each attack at each budget, on every pair of labels."""
    waves, targets = [recording(label, 120, 0.4) for label, _ in JOBS], [target for _, target in JOBS]
    return {
        (method, snr): adversary.attack(system(), waves, targets, Budget(snr, max_iterations=40), method=of(method))
        for method, snr in product(EVERY, BUDGETS)
    }


@pytest.mark.parametrize("method", EVERY)
def test_no_file_breaks_its_budget(at_budgets, method):
    for snr in BUDGETS:
        for result in at_budgets[method, snr]:
            assert result.method == method and result.snr_limit == snr
            assert magnitude_snr(result.original, result.waveform) >= snr - 1e-3
            assert result.snr_magnitude >= snr


@pytest.mark.parametrize("method", EVERY)
def test_success_grows_with_the_budget(at_budgets, method):
    shares = [np.mean([result.success for result in at_budgets[method, snr]]) for snr in BUDGETS]
    assert shares == sorted(shares) and shares[0] < 1
    sure = [np.mean([result.target_confidence for result in at_budgets[method, snr]]) for snr in BUDGETS[:3]]
    assert (np.diff(sure) > -0.02).all()
    if method in WHITE_BOX:
        assert shares[-1] == shares[-2] == 1


def test_gradients_find_what_chance_finds(at_budgets):
    """Where a black box does better, gradients hide something."""
    for snr in BUDGETS:
        blind = np.mean([result.target_confidence for result in at_budgets["random_search", snr]])
        for method in WHITE_BOX:
            assert np.mean([result.target_confidence for result in at_budgets[method, snr]]) >= blind - 0.02


def hard(method, options=None, seed=0, **changes):
    """At 25 dB, where not everything succeeds; no excerpt is finished early."""
    waves, targets = [recording(label, 121, 0.6) for label, _ in JOBS], [target for _, target in JOBS]
    budget = Budget(**{"snr": 25.0, "confidence": 0.999999, "max_iterations": 40} | changes)
    return adversary.attack(system(), waves, targets, budget, method=of(method, **options or {}), seed=seed)


@pytest.mark.parametrize("method", EVERY)
def test_more_iterations_never_hurt_and_the_loss_falls(method):
    runs = [hard(method, max_iterations=n) for n in (5, 15, 45)]
    sure = np.array([[result.target_confidence for result in results] for results in runs])
    assert (np.diff(sure, axis=0) > -0.01).all()
    assert sure[-1].mean() > sure[0].mean() or method == "algorithm1"
    for result in runs[-1]:
        assert len(result.losses) == len(result.trace) == result.iterations + 1 == 46
        assert min(result.losses[15:]) < min(result.losses[:3])
        assert result.iterate_confidence == pytest.approx(max(result.trace))
    if method in ("algorithm1", "pgd"):
        assert all((np.diff(result.losses[:4]) < 0).all() for result in runs[-1])


@pytest.mark.parametrize("method", EVERY)
def test_a_seed_repeats_itself_and_batches_do_not_matter(method):
    waves = [recording("dark", 122, 0.5), recording("even", 122, 0.9), recording("bright", 122, 0.5)]
    settings = {"method": of(method), "budget": Budget(snr=18.0, max_iterations=12, restarts=1)}
    runs = [
        adversary.attack(system(), waves, ["even", "bright", "dark"], batch_size=n, seed=3, **settings)
        for n in (3, 3, 1, 2)
    ]
    for a, b, c, d in zip(*runs, strict=True):
        np.testing.assert_array_equal(a.waveform, b.waveform)
        assert a.report() == b.report()
        assert a.iterations == c.iterations == d.iterations and a.attempts == c.attempts == d.attempts
        for other in (c, d):  # rows of another batch are summed in another order: float32
            np.testing.assert_allclose(a.waveform, other.waveform, atol=4 / 32_768)
            assert a.target_confidence == pytest.approx(other.target_confidence, abs=2e-3)


def test_what_is_drawn_depends_on_the_seed():
    a, b = (hard("random_search", seed=seed, max_iterations=5)[0] for seed in (0, 1))
    assert not np.array_equal(a.waveform, b.waveform)


@pytest.mark.parametrize("method", EVERY)
def test_restarts_are_counted_and_never_make_it_worse(method):
    none, two = (hard(method, restarts=n, confidence=0.5, max_iterations=15) for n in (0, 2))
    assert all(result.attempts == 1 for result in none)
    for once, again in zip(none, two, strict=True):
        assert again.attempts == 1 if once.confident else 2 <= again.attempts <= 3
        if not again.confident:
            assert again.attempts == 3
        assert (again.confident, again.success) >= (once.confident, once.success)
        if again.success == once.success:
            assert again.target_confidence >= once.target_confidence
        assert again.snr_magnitude >= 25.0
    assert any(not result.confident for result in none)


def test_restarts_begin_at_other_noise_within_the_budget(monkeypatch):
    starts, plain = [], Batch.start

    def start(batch):
        starts.append((plain(batch), batch.radius.clone()))
        assert (batch.distance(starts[-1][0]) <= batch.radius * (1 + 1e-5)).all()
        return starts[-1][0]

    monkeypatch.setattr(Batch, "start", start)
    wave = recording("dark", 143, 0.4)
    adversary.attack(system(), [wave], ["bright"], Budget(snr=60.0, max_iterations=1, restarts=2), method="pgd")
    (first, _), (second, _), (third, _) = starts
    assert not first.any() and second.any() and third.any() and cosine(second, third) < 0.1


def test_the_best_attempt_is_a_success_before_it_is_a_sure_failure():
    won = hard("pgd", snr=5.0, confidence=0.0, max_iterations=30)[0]
    assert won.success and won.confident
    surer = dataclasses.replace(won, label="none", target_confidence=0.999)
    unsure = dataclasses.replace(won, confidence_limit=0.99)
    assert not surer.success and unsure.success and not unsure.confident
    assert _merit(won) > _merit(unsure) > _merit(surer)


@pytest.mark.parametrize("method", EVERY)
def test_each_excerpt_leaves_on_its_own_and_is_watched_until_then(method):
    waves, targets = [recording(label, 123, 0.6) for label, _ in JOBS], [target for _, target in JOBS]
    calls = []
    budget = Budget(12.0, 0.5, max_iterations=60) if method in WHITE_BOX else Budget(0.0, 0.1, max_iterations=60)
    results = adversary.attack(
        system(), waves, targets, budget, method=of(method), watch=lambda k, values: calls.append((k, values))
    )
    lasts = [result.iterations for result in results]
    assert len(set(lasts)) > 1
    assert [k for k, _ in calls] == list(range(max(lasts) + 1))
    for k, values in calls:
        there = [result for result in results if result.iterations >= k]
        assert values == [result.trace[k] for result in there]
    assert all(result.confident or result.iterations == 60 for result in results)


def test_checkpoints_are_those_of_croce_and_hein():
    """p0 = 0, p1 = 0.22, p(j+1) = p(j) + max(p(j) - p(j-1) - 0.03, 0.06), rounded up; with exact fractions."""
    assert checkpoints(100) == [0, 22, 41, 57, 70, 80, 87, 93, 99]
    p = [Fraction(0), Fraction(22, 100)]
    while p[-1] < 1:
        p.append(p[-1] + max(p[-1] - p[-2] - Fraction(3, 100), Fraction(6, 100)))
    for n in range(1, 400):
        assert checkpoints(n) == sorted({ceil(place * n) for place in p if place <= 1})


class Scripted:
    """What APGD asks of a batch, with losses as written down and no budget but full scale: 8 samples an excerpt."""

    budget, n = Budget(snr=0.0), 8

    def __init__(self, losses: np.ndarray) -> None:
        self.losses, self.seen = torch.from_numpy(losses), []
        self.max_iterations = losses.shape[1] - 1
        self.x = torch.full((len(losses), self.n), 1e-3, dtype=torch.float64)
        generator = torch.Generator().manual_seed(0)
        self.turn = torch.randn(self.n, self.n, generator=generator, dtype=torch.float64)

    def __len__(self) -> int:
        return len(self.losses)

    def slope(self, x: torch.Tensor) -> torch.Tensor:
        return 1.0 + 300 * x @ self.turn

    def start(self):
        return torch.zeros_like(self.x)

    def iterations(self):
        for k in range(self.max_iterations + 1):
            self.k = k
            yield k

    def waveform_gradient(self, x):
        return self.slope(x), None, self.losses[:, self.k]

    def within_budget(self, x):
        return x

    def share_within_full_scale(self):
        return torch.ones(len(self), dtype=torch.float64)

    def judge(self, posterior, loss, state):
        self.seen.append(state[0].clone())


def by_the_book(losses: np.ndarray, slope, step: float) -> tuple[np.ndarray, set[tuple[bool, bool]]]:
    """Croce and Hein's Algorithm 1 for one excerpt: its iterates, and which conditions were met at checkpoints."""
    marks = checkpoints(len(losses) - 1)
    x = before = best = torch.zeros(8, dtype=torch.float64)
    least = least_at_checkpoint = np.inf
    n_falls, halved, iterates, met = 0, False, [], set()
    for k, loss in enumerate(losses):
        iterates.append(x.numpy())
        n_falls += k > 0 and loss < losses[k - 1]
        if loss < least:
            least, best = loss, x
        if k and k in marks:
            seldom = n_falls < 0.75 * (k - marks[marks.index(k) - 1])
            stuck = not halved and least >= least_at_checkpoint
            met.add((seldom, stuck))
            halved = seldom or stuck
            if halved:
                step, x, before = step / 2, best, best
            n_falls, least_at_checkpoint = 0, least
        gradient = slope(x)
        z = x - step * gradient / gradient.norm()
        before, x = x, z if k == 0 else x + 0.75 * (z - x) + 0.25 * (x - before)
    return np.stack(iterates), met


def test_auto_pgd_is_that_of_croce_and_hein():
    """Iterate by iterate, for losses that fall often or seldom, and with a best that moves or does not."""
    rng = np.random.default_rng(0)
    falls = rng.random((40, 61)) < rng.choice([0.5, 0.75, 0.9, 1.0], size=(40, 1))
    losses = 50 + np.cumsum(np.where(falls, -rng.random((40, 61)), rng.uniform(0, 6, (40, 61))), axis=1)
    losses[::4, 0] = -100  # the start stays the best
    batch = Scripted(losses)
    APGD(step=0.5).run(batch, batch.judge)
    length, met = 0.5 * batch.x[0].norm(), set()
    for i, script in enumerate(losses):
        expected, conditions = by_the_book(script, batch.slope, float(length))
        np.testing.assert_allclose(torch.stack(batch.seen)[:, i].numpy(), expected, rtol=1e-9, atol=1e-12)
        met |= conditions
    assert met == {(False, False), (False, True), (True, False), (True, True)}


def test_a_step_that_adapts_is_as_good_as_one_that_does_not():
    pgd, apgd = hard("pgd"), hard("apgd")
    assert 0 < sum(result.success for result in pgd) < len(JOBS)  # a hard budget
    assert sum(result.success for result in apgd) >= sum(result.success for result in pgd)
    assert np.mean([r.target_confidence for r in apgd]) >= np.mean([r.target_confidence for r in pgd]) - 0.005


def test_steps_that_are_too_long_are_halved():
    """Twice the budget is far too long to keep: that step without halving only jumps about."""
    adapting, fixed = hard("apgd", {"step": 2.0}), hard("pgd", {"step": 2.0})
    for a, b in zip(adapting, fixed, strict=True):
        assert np.mean(a.losses[-5:]) < np.mean(b.losses[-5:])
        assert np.ptp(a.losses[-5:]) < np.ptp(a.losses[1:6])


def test_what_fools_one_system_fools_another_no_better():
    mine, other = system(), system(1)
    waves, targets = [recording(label, 124, 0.6) for label, _ in JOBS], [target for _, target in JOBS]
    assert all(other.classify(wave).label == label for wave, (label, _) in zip(waves, JOBS, strict=True))
    for method in WHITE_BOX:
        results = adversary.attack(mine, waves, targets, method=of(method))
        moved = [other.classify(r.waveform).posterior[LABELS.index(r.target)] for r in results]
        own = [r.target_confidence for r in results]
        assert np.mean(moved) <= np.mean(own)
        assert sum(other.classify(r.waveform).label == r.target for r in results) <= sum(r.success for r in results)


# --- models whose best perturbation is known -----------------------------------------------------


class Linear(nn.Module):
    """Logits (w . z, -w . z): the shortest way to the second label is along -w."""

    def __init__(self, w) -> None:
        super().__init__()
        self.register_buffer("w", torch.as_tensor(w))

    def forward(self, z):
        score = (z * self.w).flatten(1).sum(1)
        return torch.stack([score, -score], dim=-1)


def cosine(a, b) -> float:
    a, b = np.ravel(a), np.ravel(b)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("method", ["pgd", "apgd"])
def test_a_planted_weakness_of_waveforms_is_found_and_used_to_the_full(method):
    """The direction, and the budget at which it just suffices: half a dB beside it on either side."""
    rng = np.random.default_rng(0)
    wave = recording("even", 130, 0.3)
    n = 1024 + 512 * ((len(wave) - 1024) // 512)  # every sample is in a frame
    wave = wave[:n]
    w = rng.normal(size=n).astype(np.float32)
    w[:512] = w[-512:] = 0  # where windows fade, the magnitudes say little of the waveform
    w += 0.002 * np.linalg.norm(w) * wave / np.linalg.norm(wave) ** 2 * 20
    weakest = -float(wave @ w) / float(w @ w) * w
    limit = magnitude_snr(wave, wave + weakest)
    model = Model(Linear(20 * w), ("here", "there"), reads="waveform")
    assert model.decide(wave).label == "here" and 5 < limit < 60
    for snr, enough in ((limit + 0.5, False), (limit - 0.5, True)):
        budget = Budget(snr, confidence=0.0, max_iterations=40)
        (result,) = adversary.attack(model, [wave], ["there"], budget, method=method)
        assert result.success == enough
        if enough:
            assert cosine(result.perturbation, -w) > 0.99


def test_a_planted_weakness_of_magnitudes_is_found_and_used_to_the_full():
    wave = recording("even", 131, 0.3)
    x = spectra.magnitudes(torch.from_numpy(wave))
    w = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)) * x  # never pushes far below zero
    w = w + (0.02 * torch.linalg.vector_norm(x) * torch.linalg.vector_norm(w) - (w * x).sum()) * x / (x * x).sum()
    shortest = float((w * x).sum() / torch.linalg.vector_norm(w))
    limit = 20 * np.log10(float(torch.linalg.vector_norm(x)) / shortest)
    model = Model(Linear(w / 100), ("here", "there"))
    method = Algorithm1(step=0.2, step_unit="budget", consistency="never")
    for snr, enough in ((limit + 0.3, False), (limit - 0.3, True)):
        budget = Budget(snr, confidence=0.5, max_iterations=40)
        (result,) = adversary.attack(model, [wave], ["there"], budget, method=method)
        assert (result.iterate_confidence > 0.5) is enough
    budget = Budget(limit, confidence=0.999999, max_iterations=20)
    batch = Batch(model, [wave], [1], ["w"], budget, generators=[np.random.default_rng(0)])
    seen, gradient = [], batch.gradient
    batch.gradient = lambda change: (seen.append(change), gradient(change))[1]
    method.run(batch, Judge(batch, model.decide))
    assert cosine(seen[-1][0].numpy(), -w.numpy()) > 0.99


# --- the gradient from the waveform to the loss --------------------------------------------------


class Ear(nn.Module):
    """Reads waveforms: two convolutions, rows of logits."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Conv1d(1, 4, 64, 16), nn.Tanh(), nn.Conv1d(4, 3, 8, 4))

    def forward(self, x):
        return 10 * self.net(x[:, None]).transpose(1, 2)


def chains():
    generator = torch.Generator().manual_seed(0)
    dnn = DNN(Standardise(torch.rand(513), torch.rand(513) + 0.1), 3, 16, generator=generator).double()
    return {
        "dnn": (Model(dnn, LABELS), 6_000),
        "cdnn": (Model(small_cdnn(), LABELS), 44_000),
        "waveform": (Model(Ear().double(), LABELS, reads="waveform"), 6_000),
    }


@pytest.mark.parametrize("kind", ["dnn", "cdnn", "waveform"])
def test_gradient_through_the_whole_chain_by_finite_differences(kind):
    model, n = chains()[kind]
    generator = torch.Generator().manual_seed(1)
    x = 0.1 * torch.randn(2, n, generator=generator, dtype=torch.float64)
    x[:, 2_000:4_500] = 0  # digital silence inside the recording: whole frames of it
    targets, valid = torch.tensor([0, 2]), torch.ones(2, spectra.n_frames(n), dtype=torch.float64)
    gradient, posterior, loss = loss_gradient(model.rows_of_waveforms, x, targets, valid)
    assert torch.isfinite(gradient).all() and gradient.abs().max() > 0
    torch.testing.assert_close(posterior.sum(1), torch.ones(2, dtype=torch.float64))

    def total(wave):
        with torch.no_grad():
            if kind == "waveform":
                logits = model.network(wave)
            else:
                logits = model.network.sequence_logits(spectra.magnitudes(wave))
            # Over rows of each excerpt, by a function of PyTorch that the library does not use here.
            rows = [nn.functional.cross_entropy(logits[i], targets[i].expand(len(logits[i]))) for i in range(2)]
            return torch.stack(rows), len(logits[0])

    mean, n_rows = total(x)
    torch.testing.assert_close(loss, mean)
    for _ in range(4):
        # Nothing moves in the silence: a magnitude of zero has a corner there.
        direction = torch.randn(x.shape, generator=generator, dtype=torch.float64) * (x != 0)
        h = 1e-6
        up, down = total(x + h * direction)[0].sum(), total(x - h * direction)[0].sum()
        slope = float(up - down) / (2 * h) * n_rows
        assert slope == pytest.approx(float((gradient * direction).sum()), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("method", EVERY)
def test_silence_inside_a_recording_is_no_obstacle(method):
    wave = recording("dark", 132, 0.8)
    wave[5_000:12_000] = 0
    budget = Budget(snr=10.0, max_iterations=30)
    (result,) = adversary.attack(system(), [wave], ["bright"], budget, method=of(method))
    assert np.isfinite(result.losses).all() and result.snr_magnitude >= 10.0
    assert result.success or method == "random_search"


# --- what comes out ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.filterwarnings("error")
def test_nothing_to_do(method):
    wave = recording("dark", 133)
    result = adversary.attack(system(), [wave], ["dark"], Budget(confidence=0.4), method=method)[0]
    assert result.outcome == "nothing to do" and result.iterations == 0 and result.attempts == 1
    assert result.waveform.tobytes() == wave.tobytes()
    assert result.snr_magnitude == result.snr_time == np.inf and result.report()["snr_time"] == "inf"


def test_nothing_to_do_for_samples_between_the_steps_of_16_bits():
    """What a decoder or a resampler gives: rounded, and no more."""
    wave = recording("dark", 133) * np.float32(0.987654)
    result = adversary.attack(system(), [wave], ["dark"], Budget(confidence=0.4))[0]
    assert result.outcome == "nothing to do" and result.snr_magnitude > 60
    assert np.abs(result.perturbation).max() <= 0.5 / 32_768 + 1e-9


@pytest.mark.parametrize("method", EVERY)
def test_out_of_reach(method):
    budget = Budget(snr=70.0, max_iterations=5, restarts=1)
    (result,) = adversary.attack(system(), [recording("dark", 134)], ["bright"], budget, method=method)
    assert result.outcome == "failed" and result.attempts == 2
    assert result.label == "dark" and 0 <= result.target_confidence < 0.5 < result.confidence
    assert not result.report()["success"]


def test_reached_less_surely_than_wanted():
    outcomes = {result.outcome for result in hard("pgd", snr=15.0)}
    assert "reached, less surely than wanted" in outcomes
    assert {result.outcome for result in hard("pgd", snr=0.0, confidence=0.6)} == {"reached"}


@pytest.mark.parametrize("method", EVERY)
def test_clipping_is_counted_and_never_wraps(method):
    """A recording that just stays below full scale: whatever passes it afterwards is cut off there."""
    loud = recording("bright", 135, 0.6)
    loud *= np.float32(0.97) / np.abs(loud).max()
    long = {"algorithm1": {"step": 30.0}, "pgd": {"step": 0.5}}.get(method, {})
    snr = 0.0 if method == "algorithm1" else -15.0  # the others turn it down first, where there is a choice
    budget = Budget(snr, confidence=0.9999, max_iterations=15)
    (result,) = adversary.attack(system(), [loud], ["dark"], budget, method=of(method, **long))
    assert result.n_clipped > 0 and result.snr_magnitude >= snr
    full = (result.waveform == -1.0) | (result.waveform == np.float32(32_767 / 32_768))
    assert full.sum() >= result.n_clipped


@pytest.mark.parametrize(
    ("method", "options", "says"),
    [
        ("fgsm", {}, "Unknown attack 'fgsm'; choose one of algorithm1, pgd, apgd, random_search, noise"),
        ("pgd", {"momentum": "none"}, "Unknown option 'momentum' of pgd; choose one of step"),
        ("algorithm1", {"consistency": "always"}, "consistency is 'always'; choose one of each_step"),
        ("algorithm1", {"momentum": "fista"}, "momentum is 'fista'; choose one of none"),
        ("algorithm1", {"step": float("inf")}, "step is inf; give a number greater than zero"),
        ("pgd", {"step": -1.0}, "step is -1.0; give a number greater than zero"),
        ("apgd", {"step": float("nan")}, "step is nan"),
        ("random_search", {"step": 0}, "step is 0"),
        ("pgd", {"step": "long"}, "step is 'long'; give a number greater than zero"),
        ("algorithm1", {"step": None}, "step is None; give a number greater than zero"),
        ("noise", {"colour": "pink"}, "colour is 'pink'; choose one of white, shaped"),
    ],
)
def test_options_that_make_no_sense(method, options, says):
    with pytest.raises(InputError, match=says):
        adversary.method(method, **options)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"snr": float("nan")}, "snr is nan; give a number of decibels"),
        ({"snr": 1_000.0}, "snr is 1000"),
        ({"snr": "15"}, "snr is '15'; give a number of decibels"),
        ({"snr": None}, "snr is None; give a number"),
        ({"confidence": 1.0}, "confidence is 1"),
        ({"confidence": -0.1}, "confidence is -0.1"),
        ({"confidence": "high"}, "confidence is 'high'; give a mean posterior"),
        ({"max_iterations": 0}, "max_iterations is 0; give a whole number of at least 1"),
        ({"max_iterations": 7.5}, "max_iterations is 7.5; give a whole number of at least 1"),
        ({"max_iterations": float("nan")}, "max_iterations is nan"),
        ({"max_iterations": True}, "max_iterations is True; give a whole number"),
        ({"restarts": -1}, "restarts is -1"),
        ({"restarts": 1.5}, "restarts is 1.5; give a whole number"),
    ],
)
def test_budgets_that_make_no_sense(limits, says):
    with pytest.raises(InputError, match=says):
        Budget(**limits)


def test_the_budget_is_that_of_the_published_code():
    assert Budget() == Budget(snr=15.0, confidence=0.9, max_iterations=100, restarts=0)
    (result,) = adversary.attack(system(), [recording("dark", 136, 0.3)], ["dark"])
    assert (result.snr_limit, result.confidence_limit, result.method) == (15.0, 0.9, "algorithm1")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"method": "fgsm"}, "Unknown attack 'fgsm'"),
        ({"method": PGD}, "The method is PGD; give .* an instance, such as PGD"),
        ({"method": None}, "The method is None; give"),
        ({"budget": 15.0}, r"budget is 15.0; give a Budget, such as Budget\(snr=15\)"),
        ({"batch_size": 0}, "batch_size is 0; .*at least 1"),
        ({"seed": -1}, "seed is -1; give a whole number of at least 0"),
        ({"seed": None}, "seed is None; give a whole number"),
        ({"names": ["a", "b"]}, "2 names.*1 waveform"),
        ({"sample_rate": 44_100}, "44100 Hz but the model reads 22050 Hz; bring it to that rate"),
    ],
)
def test_settings_that_make_no_sense(settings, says):
    with pytest.raises(InputError, match=says):
        adversary.attack(system(), [recording("dark", 136, 0.3)], ["even"], **settings)


@pytest.mark.parametrize(
    ("waveforms", "targets", "says"),
    [
        (recording("dark", 136, 0.3), ["even"], r"one array of 6615 numbers; put it into a list, \[waveform\]"),
        (torch.zeros(6_615), ["even"], "one array of 6615 numbers"),
        ("song.wav", ["even"], "The waveforms are 'song.wav'; give a list of arrays"),
        (None, ["even"], "The waveforms are None; give a list"),
        ([recording("dark", 136, 0.3)], "even", r"The targets are 'even'; give a list .*, \['even'\]"),
        ([recording("dark", 136, 0.3)], 1, "The targets are 1; give a list"),
        ([recording("dark", 136, 0.3)], None, "The targets are None; give a list"),
    ],
)
def test_one_thing_in_place_of_a_list(waveforms, targets, says):
    with pytest.raises(InputError, match=says):
        adversary.attack(system(), waveforms, targets, method="pgd")


@pytest.mark.parametrize("progress", [True, False, None])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_in_a_terminal_moves_within_a_batch(monkeypatch, progress, terminal):
    class Screen(io.StringIO):
        def isatty(self):
            return terminal

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    calls = []
    adversary.attack(
        system(),
        [recording("dark", 138, 0.3)],
        ["bright"],
        Budget(snr=70.0, max_iterations=7),
        method="pgd",
        progress=progress,
        watch=lambda k, _: calls.append(k),
    )
    assert calls == list(range(8))  # ``watch`` is called in any case
    shown = progress or (progress is None and terminal)
    assert ("step 0 of 7, 1 unfinished" in screen.getvalue()) if shown else not screen.getvalue()


# --- budgets at which a file is full ---


@pytest.mark.parametrize("method", ["pgd", "apgd", "random_search"])
def test_a_budget_beyond_full_scale_is_no_handicap(method):
    """-300 dB allows anything; so what is found at 0 dB can be found there."""
    waves, targets = [recording(label, 139, 0.4) for label, _ in JOBS], [target for _, target in JOBS]
    some, all_ = (
        adversary.attack(system(), waves, targets, Budget(snr, max_iterations=60), method=method)
        for snr in (0.0, -300.0)
    )
    assert sum(result.success for result in all_) >= sum(result.success for result in some)
    for result in all_:
        # The iterate is what the file holds, but for the last step of 16 bits.
        assert result.iterate_confidence == pytest.approx(result.target_confidence, abs=2e-3)


def test_steps_of_the_budget_stay_within_what_a_file_can_hold():
    """The same for Algorithm 1, whose iterates are no waveforms: a step as long as -300 dB allows would be one jump."""
    waves, targets = [recording(label, 139, 0.4) for label, _ in JOBS], [target for _, target in JOBS]
    method = Algorithm1(step_unit="budget")
    some, all_ = (
        adversary.attack(system(), waves, targets, Budget(snr, max_iterations=60), method=method)
        for snr in (0.0, -300.0)
    )
    assert sum(result.success for result in all_) >= sum(result.success for result in some) > 0


@pytest.mark.parametrize("beyond", [0.9, 1.5])
@pytest.mark.parametrize("method", ["pgd", "apgd", "random_search"])
def test_iterates_on_waveforms_stay_within_full_scale_and_budget(monkeypatch, method, beyond):
    """A recording may pass full scale itself; there the attack may not go further."""
    wave = recording("bright", 140, 0.4)
    wave *= np.float32(beyond) / np.abs(wave).max()
    seen, plain = [], Judge.__call__

    def look(judge, posterior, loss, state, *rest, **more):
        batch = judge._batch
        seen.append((state[0].clone(), float(batch.distance(state[0])[0]), float(batch.radius[0])))
        return plain(judge, posterior, loss, state, *rest, **more)

    monkeypatch.setattr(Judge, "__call__", look)
    budget = Budget(snr=-3.0, confidence=0.9999, max_iterations=12)
    adversary.attack(system(), [wave], ["dark"], budget, method=method)
    most, x = max(1.0 + 1 / 32_768, float(np.abs(wave).max())), torch.from_numpy(wave)
    assert len(seen) > 3 and any(bool(p.any()) for p, _, _ in seen)
    for perturbation, distance, radius in seen:
        assert (x + perturbation[0]).abs().max() <= most + 1e-6
        assert distance <= radius * (1 + 1e-5)


@pytest.mark.parametrize("colour", ["white", "shaped"])
def test_noise_is_as_loud_as_the_budget_or_the_file_allows(colour):
    wave = recording("dark", 141, 0.5)
    loudest = {}
    for snr in (100.0, 15.0, -10.0, -60.0, -300.0):
        (result,) = adversary.attack(system(), [wave], ["bright"], Budget(snr), method=Noise(colour))
        assert result.snr_magnitude >= snr
        if -10 <= snr <= 15:
            assert result.snr_magnitude == pytest.approx(snr, abs=0.05)
        loudest[snr] = result
    assert not loudest[100.0].perturbation.any()  # less than a step of 16 bits
    assert loudest[-60.0].snr_magnitude < -10 and loudest[-60.0].n_clipped > 0.5 * len(wave)
    np.testing.assert_array_equal(loudest[-60.0].waveform, loudest[-300.0].waveform)


@pytest.mark.parametrize(("n_fft", "hop_length"), [(256, 128), (2_048, 512)])
def test_noise_is_measured_as_the_model_hears(n_fft, hop_length):
    class Some(nn.Module):
        def forward(self, z):
            return torch.stack([z.mean((1, 2)), z.amax((1, 2))], -1)

    model = Model(Some(), ("a", "b"), n_fft=n_fft, hop_length=hop_length, sample_rate=8_000)
    wave = recording("dark", 142, 0.12 if n_fft == 256 else 0.5)[: 900 if n_fft == 256 else None]
    for colour in ("white", "shaped"):
        (result,) = adversary.attack(model, [wave], ["b"], Budget(snr=9.0), method=Noise(colour))
        assert 9.0 <= result.snr_magnitude <= 9.05


def test_a_method_is_an_instance_or_a_name():
    assert adversary.method("pgd", step=0.2) == PGD(0.2) and adversary.method("noise", colour="shaped") == Noise(
        "shaped"
    )
    wave, budget = recording("dark", 137, 0.4), Budget(max_iterations=4)
    for method in (Algorithm1(), PGD(), APGD(), RandomSearch()):
        a, b = (adversary.attack(system(), [wave], ["even"], budget, method=m)[0] for m in (method, method.name))
        np.testing.assert_array_equal(a.waveform, b.waveform)


@pytest.mark.parametrize("name", METHODS)
def test_an_attack_has_one_name(name):
    """In the list, of its module, and in its results."""
    method = adversary.method(name)
    assert method.name == name and type(method).__module__ == f"music_adversaries.adversary.{name}"
    assert type(method) is getattr(adversary, METHODS[name].kind)


def test_the_help_of_the_command_lists_the_attacks():
    shown = " ".join(CliRunner().invoke(cli.main, ["attack", "--help"]).output.split())
    assert all(f"{name}: {listed.summary}" in shown for name, listed in METHODS.items())


def test_the_function_hides_the_module_of_its_name():
    import music_adversaries.adversary.attack as imported

    assert adversary.attack is imported and callable(imported)
    assert sys.modules["music_adversaries.adversary.attack"].attack is imported
