"""Algorithm 1: its projections, its guarantees, and that a written file reads back the same."""

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from music_adversaries import adversary, audio, spectra
from music_adversaries.adversary import Algorithm1, Budget
from music_adversaries.adversary.gradients import loss_gradient
from music_adversaries.adversary.judge import written_within_budget
from music_adversaries.adversary.model import Model
from music_adversaries.adversary.projections import ball_factor, into_ball, non_negative
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Standardise, System
from small_system import LABELS, recording, system

LONG = Algorithm1(step=1.0)  # noise has larger magnitudes than music; the paper's 0.1 would take longer


def test_the_system_to_be_attacked_works():
    right = [system().classify(recording(label, 50)).label == label for label in LABELS]
    assert all(right)


# --- projections ---------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 9_999), radius=st.floats(0.01, 20), size=st.floats(0.1, 10))
def test_ball_projection_is_one(seed, radius, size):
    generator = torch.Generator().manual_seed(seed)
    floor = -torch.rand(2, 4, 5, generator=generator, dtype=torch.float64)
    wanted = non_negative(size * torch.randn(2, 4, 5, generator=generator, dtype=torch.float64), floor)
    limit = torch.full((2,), radius, dtype=torch.float64)
    point, factor = into_ball(wanted.clone(), limit)
    assert torch.equal(factor, ball_factor(wanted, limit))
    distance = torch.linalg.vector_norm(point, dim=(-2, -1))
    assert (distance <= radius * (1 + 1e-12)).all()  # feasible
    assert (point >= floor).all()  # and no magnitude negative
    torch.testing.assert_close(into_ball(point.clone(), limit)[0], point)  # idempotent
    # Nearest: no feasible point is nearer to what was wanted.
    for _ in range(5):
        other, _ = into_ball(torch.randn(2, 4, 5, generator=generator, dtype=torch.float64), limit)
        ours, theirs = (torch.linalg.vector_norm(wanted - p, dim=(-2, -1)) for p in (point, other))
        assert (ours <= theirs + 1e-9).all()


def test_non_negative_is_the_nearest():
    """Magnitudes 1, 1, 1 and 0.3, changed by more than there is, by less, upwards, and not at all."""
    change, floor = torch.tensor([-2.0, -0.5, 2.0, 0.0]), -torch.tensor([1.0, 1.0, 1.0, 0.3])
    assert non_negative(change, floor).tolist() == [-1.0, -0.5, 2.0, 0.0]
    assert torch.equal(non_negative(non_negative(change, floor), floor), non_negative(change, floor))
    assert non_negative(change, floor, out=change) is change


# --- the gradient --------------------------------------------------------------------------------


def test_gradient_is_that_of_the_loss_by_finite_differences():
    """In float64, from magnitudes through standardisation and network to the summed cross-entropy."""
    generator = torch.Generator().manual_seed(0)
    network = DNN(Standardise(torch.rand(513), torch.rand(513)), 3, 16, generator=generator).double()
    x = torch.rand(2, 4, 513, generator=generator, dtype=torch.float64)
    targets, valid = torch.tensor([0, 2]), torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0]], dtype=torch.float64)
    model = Model(network, tuple("abc"))
    gradient, posteriors, _ = loss_gradient(model.rows_of_magnitudes, x, targets, valid)
    posterior = posteriors.gather(1, targets[:, None])[:, 0]

    def loss(v):
        log_posterior = torch.log_softmax(network(v), -1)
        rows = [-(log_posterior[i, :, t] * valid[i]).sum() for i, t in enumerate(targets.tolist())]
        return sum(rows).item()

    for place in [(0, 0, 3), (0, 3, 500), (1, 2, 77), (1, 3, 9)]:
        h = torch.zeros_like(x)
        h[place] = 1e-6
        assert gradient[place].item() == pytest.approx((loss(x + h) - loss(x - h)) / 2e-6, rel=1e-4, abs=1e-9)
    assert (gradient[1, 3] == 0).all()  # a padded frame has no say
    expected = torch.softmax(network(x[1, :3]), -1)[:, 2].mean()
    assert posterior[1].item() == pytest.approx(expected.item())


# --- the attack ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attacked():
    """Every other label, from one recording of each class."""
    jobs = [(label, target) for label in LABELS for target in LABELS if label != target]
    waveforms = [recording(label, 60) for label, _ in jobs]
    return adversary.attack(system(), waveforms, [target for _, target in jobs], Budget(snr=10.0), method=LONG)


def test_every_label_is_reached_within_the_budget(attacked):
    assert all(result.success for result in attacked)
    assert all(result.snr_magnitude >= 10.0 for result in attacked)
    assert sum(result.confident for result in attacked) >= 5  # of 6


def test_steps_of_the_budget_reach_the_label_too():
    """Their gradient is written out, that of the steps above is not."""
    method = Algorithm1(step=0.1, step_unit="budget")
    (result,) = adversary.attack(system(), [recording("dark", 70)], ["bright"], Budget(snr=10.0), method=method)
    assert result.confident and result.snr_magnitude >= 10.0


def test_success_is_what_the_written_file_says(attacked, tmp_path):
    """By code that shares nothing with the attack but the network: numpy from the file to the posterior."""
    network = system().network.double()
    try:
        for i, result in enumerate(attacked):
            soundfile.write(tmp_path / f"{i}.wav", result.waveform, 22_050, subtype="PCM_16")
            pair = [soundfile.read(tmp_path / f"{i}.wav")[0], result.original.astype(float)]
            window = np.hanning(1024)
            read, clean = (
                np.stack([np.abs(np.fft.rfft(w[m : m + 1024] * window)) for m in range(0, len(w) - 1023, 512)])
                for w in pair
            )
            posterior = torch.softmax(network(torch.from_numpy(read)), -1).mean(0)
            assert LABELS[int(posterior.argmax())] == result.label == result.target
            assert posterior.max().item() == pytest.approx(result.confidence, abs=1e-4)
            snr = 20 * np.log10(np.linalg.norm(clean) / np.linalg.norm(read - clean))
            assert snr == pytest.approx(result.snr_magnitude, abs=1e-3) and snr >= 10.0
    finally:
        network.float()


def test_the_ends_are_sound(attacked):
    """In the first and last half window the adversary differs from the original about as much as elsewhere."""
    for result in attacked:
        delta = np.abs(result.perturbation)
        middle = delta[512:-1024].max()
        # Noise varies; ends that are not bounded exceed the middle tenfold and more.
        assert delta[:512].max() <= 1.5 * middle and delta[-1024:].max() <= 1.5 * middle
        assert result.snr_time > 5.0  # at blown-up ends it falls far below zero


def test_iterates_are_spectra_of_waveforms(attacked):
    """What the algorithm believes of its iterate, the re-synthesised waveform confirms."""
    for result in attacked:
        assert result.target_confidence == pytest.approx(result.iterate_confidence, abs=0.05)


def test_perturbation_is_consistent():
    """After one iteration, the reported waveform has the magnitudes of the iterate (not only in the limit)."""
    x = recording("dark", 61)
    (result,) = adversary.attack(system(), [x], ["even"], Budget(snr=-20.0, confidence=0.0, max_iterations=1))
    exemplar = torch.from_numpy(x)
    spectrum = spectra.stft(exemplar)
    magnitude = spectra.modulus(spectrum)
    rows = Model(system().network, LABELS).rows_of_magnitudes
    gradient, *_ = loss_gradient(rows, magnitude[None], torch.tensor([1]), torch.ones(1, len(magnitude)))
    wanted = magnitude + non_negative(-0.1 * gradient[0], -magnitude)
    delta = spectra.consistent_perturbation(wanted, magnitude, spectra.phasor(spectrum), len(x))
    # 0.6 steps of 16 bits: rounding to a grid, and float32.
    np.testing.assert_allclose(result.perturbation, delta.numpy(), atol=0.6 / 32_768)


def test_each_iteration_raises_the_target(attacked):
    for result in attacked:
        assert result.trace[-1] > result.trace[0]
        assert len(result.trace) == result.iterations + 1


def test_more_budget_never_hurts():
    waveforms = [recording(label, 62) for label in LABELS]
    targets = ["bright", "dark", "even"]

    def reached_at(snr):
        results = adversary.attack(system(), waveforms, targets, Budget(snr, max_iterations=60), method=LONG)
        return sum(result.target_confidence for result in results)

    reached = [reached_at(snr) for snr in (60.0, 30.0, 5.0)]
    assert reached[0] <= reached[1] + 0.02 and reached[1] <= reached[2] + 0.02
    assert reached[2] > reached[0]


def test_noise_of_the_same_size_does_nothing(attacked):
    """The null: it is the direction that matters."""
    rng = np.random.default_rng(0)
    fooled = 0
    for result in attacked:
        noise = rng.normal(size=len(result.original)).astype(np.float32)
        noise *= np.linalg.norm(result.perturbation) / np.linalg.norm(noise)
        fooled += system().classify(audio.quantise(result.original + noise)).label == result.target
    assert fooled < len(attacked) / 2


def test_lengths_and_batches_do_not_matter():
    """Padding is not heard by the attack: alone or beside a longer recording, the result is the same."""
    short, long = recording("dark", 63, seconds=0.7), recording("even", 64, seconds=1.9)
    settings_ = {"budget": Budget(snr=10.0, max_iterations=40), "method": LONG}
    together = adversary.attack(system(), [short, long], ["bright", "dark"], **settings_)
    alone = [adversary.attack(system(), [w], [t], **settings_)[0] for w, t in ((short, "bright"), (long, "dark"))]
    one_by_one = adversary.attack(system(), [short, long], ["bright", "dark"], batch_size=1, **settings_)
    for a, b, c in zip(together, alone, one_by_one, strict=True):
        assert len(a.waveform) == len(a.original)
        assert a.iterations == b.iterations == c.iterations
        np.testing.assert_allclose(a.waveform, b.waveform, atol=2 / 32_768)
        np.testing.assert_array_equal(b.waveform, c.waveform)


def test_repeats_itself():
    wave = recording("dark", 65)
    a, b = (adversary.attack(system(), [wave], ["even"], Budget(snr=10.0), method=LONG)[0] for _ in range(2))
    np.testing.assert_array_equal(a.waveform, b.waveform)


def test_a_target_that_is_there_already_costs_nothing():
    x = recording("dark", 66)
    result = adversary.attack(system(), [x], ["dark"], Budget(confidence=0.5))[0]
    assert result.success and result.iterations == 0 and np.array_equal(result.waveform, x)
    assert result.snr_magnitude == np.inf and result.report()["snr_magnitude"] == "inf"


def test_an_unreachable_target_is_marked_failed():
    result = adversary.attack(system(), [recording("dark", 67)], ["bright"], Budget(snr=80.0, max_iterations=5))[0]
    assert not result.success and not result.confident
    assert result.snr_magnitude >= 80.0 and result.target_confidence < 0.9


def test_clipping_is_counted_and_never_wraps():
    loud = np.clip(recording("dark", 68) * 12, -1, 32_767 / 32_768).astype(np.float32)
    result = adversary.attack(system(), [loud], ["dark"], Budget(snr=5.0, max_iterations=20), method=LONG)[0]
    assert result.n_clipped > 0
    assert np.abs(result.perturbation).max() < 1.0  # a wrapped sample would jump by 2


def test_written_within_budget_keeps_the_budget():
    x = recording("even", 69)
    huge = np.random.default_rng(1).normal(0, 1, len(x)).astype(np.float32)
    _, waveform, snr = written_within_budget(x, huge, 15.0)
    reference, written = (spectra.magnitudes(torch.from_numpy(w)) for w in (x, waveform))
    assert snr == pytest.approx(float(spectra.snr_db(reference, written, n_dims=2))) and 15.0 <= snr < 15.5


def test_directives():
    assert adversary.always(system(), "even", 3) == ["even"] * 3
    targets = adversary.random_targets(system(), 3_000, seed=0)
    assert targets == adversary.random_targets(system(), 3_000, seed=0)
    assert targets != adversary.random_targets(system(), 3_000, seed=1)
    for label in LABELS:  # uniform: within five standard deviations
        assert abs(targets.count(label) - 1_000) < 5 * np.sqrt(3_000 * (1 / 3) * (2 / 3))
    ensemble = adversary.every_label(system(), recording("dark", 70), Budget(snr=10.0), method=LONG)
    assert [r.target for r in ensemble] == list(LABELS) and all(r.success for r in ensemble)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"targets": ["polka"]}, "'polka' is not a label"),
        ({"targets": ["dark", "even"]}, "one target each"),
        ({"waveforms": []}, "no waveform"),
        ({"waveforms": [np.zeros(5_000, np.float32)]}, "silent"),
        ({"waveforms": [np.full(5_000, np.nan, np.float32)]}, "NaN"),
        ({"waveforms": [np.ones(800, np.float32)]}, "short|sample"),
    ],
)
def test_bad_input(changes, says):
    arguments = {"waveforms": [recording("dark", 71)], "targets": ["even"]} | changes
    if not arguments["waveforms"]:
        arguments["targets"] = []
    with pytest.raises(InputError, match=says):
        adversary.attack(system(), **arguments)


def test_gradients_that_are_not_finite_are_refused():
    standardise = Standardise(torch.zeros(513), torch.ones(513))
    network = DNN(standardise, 3, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.output.weight.fill_(float("nan"))
    with pytest.raises(InputError, match="not finite"):
        adversary.attack(type(system())(network, LABELS), [recording("dark", 72)], ["even"])


# --- networks on slices ---


def small_cdnn() -> CDNN:
    """Slices of 40 frames; weights large enough for a gradient to be seen."""
    network = CDNN(
        Standardise(torch.ones(513), torch.ones(513)),
        3,
        4,
        n_frames=40,
        n_filters=2,
        generator=torch.Generator().manual_seed(3),
    ).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(20)
    return network.eval()


def test_gradient_through_slices_is_the_slope_of_the_loss_and_ends_with_the_excerpt():
    network = small_cdnn()
    generator = torch.Generator().manual_seed(4)
    x = torch.rand(2, 95, 513, generator=generator, dtype=torch.float64)
    valid = torch.ones(2, 95, dtype=torch.float64)
    valid[1, 70:] = 0  # the second excerpt has one whole slice, the first two
    targets = torch.tensor([0, 2])
    model = Model(network, tuple("abc"))
    gradient, posteriors, _ = loss_gradient(model.rows_of_magnitudes, x, targets, valid)
    posterior = posteriors.gather(1, targets[:, None])[:, 0]
    assert gradient[0, :80].abs().max() > 0 and gradient[1, :40].abs().max() > 0
    assert (gradient[0, 80:] == 0).all() and (gradient[1, 40:] == 0).all()

    with torch.no_grad():
        slices = network.sequence_logits(x).softmax(-1)
    assert posterior[0] == pytest.approx(float(slices[0, :, 0].mean()))
    assert posterior[1] == pytest.approx(float(slices[1, 0, 2]))

    def loss(y):
        logits = network.sequence_logits(y).log_softmax(-1).detach()
        return float(-(logits[0, :, 0].sum() + logits[1, 0, 2]))

    direction = torch.rand(x.shape, generator=generator, dtype=torch.float64) - 0.5
    h = 1e-6
    slope = (loss(x + h * direction) - loss(x - h * direction)) / (2 * h)
    assert slope == pytest.approx(float((gradient * direction).sum()), rel=1e-5)


def test_an_excerpt_without_one_slice_is_refused_by_name():
    short = np.sin(np.arange(22_050 // 4) / 10).astype(np.float32)
    with pytest.raises(InputError, match="song.wav has 9 frames, fewer than the 40 of one slice"):
        adversary.attack(System(small_cdnn().float(), ("a", "b", "c")), [short], ["a"], names=["song.wav"])
