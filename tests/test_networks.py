"""Systems: shapes, hand arithmetic, gradients, decisions, files."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from music_adversaries import spectra
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Dropout, Standardise, System, evaluated, long_correlation, slices
from music_adversaries.networks.cdnn import layer_sizes
from music_adversaries.training import Schedule, train


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def standardise():
    return Standardise(torch.full((513,), 2.0), torch.full((513,), 0.5))


def magnitudes_like(n, n_frames):
    """Magnitudes ``[n, n_frames, 513]`` in float64 with the mean and deviation that `standardise` takes away."""
    x = torch.randn(n, n_frames, 513, generator=generator(7), dtype=torch.float64)
    return (2 + 0.5 * x).abs()


def make(n_units=50, n_labels=10, seed=0, dtype=torch.float32):
    return DNN(standardise(), n_labels, n_units, generator=generator(seed)).to(dtype)


@pytest.mark.parametrize("n_units", [50, 500])
def test_sizes_are_the_papers(n_units):
    trainable = sum(p.numel() for p in make(n_units).parameters())
    assert trainable == 513 * n_units + n_units + 2 * (n_units**2 + n_units) + n_units * 10 + 10


def test_shapes():
    network = make()
    assert network(torch.rand(2, 7, 513)).shape == (2, 7, 10)
    assert [a.shape for a in network.activations(torch.rand(4, 513))] == [(4, 50)] * 3
    assert all((a >= 0).all() for a in network.activations(torch.rand(4, 513)))


def test_standardise_by_hand():
    frames = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    layer = Standardise.fit(frames, min_std=0.05)
    torch.testing.assert_close(layer(frames), torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
    # The second bin never varies: it is scaled by 1 / 0.05, not by infinity.
    assert layer(torch.tensor([[2.0, 5.1]]))[0, 1] == pytest.approx(2.0, rel=1e-4)


def test_initial_weights_are_uniform_and_seeded():
    weight = make(seed=3).hidden[0].weight.detach()
    assert weight.abs().max() <= 0.1 and abs(float(weight.mean())) < 2e-3
    assert torch.equal(weight, make(seed=3).hidden[0].weight)
    assert not torch.equal(weight, make(seed=4).hidden[0].weight)


def test_gradient_against_finite_differences():
    """Through standardisation and all layers, in float64."""
    network = make(dtype=torch.float64)
    x = (2 + 0.5 * torch.randn(3, 513, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).abs()
    assert torch.autograd.gradcheck(lambda v: network(v).logsumexp(-1).sum(), x.requires_grad_(True), fast_mode=True)


def test_a_model_solved_by_hand():
    """A network that says label 1 as soon as bin 3 exceeds its mean."""
    standardise = Standardise(torch.zeros(513), torch.ones(513))
    network = DNN(standardise, 2, 50)
    with torch.no_grad():
        for layer in (*network.hidden, network.output):
            layer.weight.zero_()
            layer.bias.zero_()
        network.hidden[0].weight[0, 3] = 1.0
        network.hidden[1].weight[0, 0] = 1.0
        network.hidden[2].weight[0, 0] = 1.0
        network.output.weight[1, 0] = 2.0
    frame = torch.zeros(513)
    frame[3] = 0.7
    torch.testing.assert_close(network(frame), torch.tensor([0.0, 1.4]))


def test_decision_is_the_mean_posterior():
    system = System(make(), tuple("abcdefghij"))
    waveform = np.random.default_rng(0).normal(0, 0.1, 8_000).astype(np.float32)
    frames = system.frame_posteriors(waveform)
    assert frames.shape == (spectra.n_frames(8_000), 10)
    torch.testing.assert_close(frames.sum(1), torch.ones(len(frames)))
    decision = system.classify(waveform)
    np.testing.assert_allclose(decision.posterior, frames.double().mean(0).numpy())
    assert decision.label == system.labels[int(np.argmax(decision.posterior))]
    assert decision.confidence == decision.posterior.max()
    assert system.classify_all({"x": waveform})[0].label == decision.label


def test_labels_are_checked():
    system = System(make(), tuple("abcdefghij"))
    assert system.label_index("c") == 2 and system.label_index(2) == 2
    for wrong in ("polka", 10, -1):
        with pytest.raises(InputError, match="not a label of this system"):
            system.label_index(wrong)


def test_save_and_load(tmp_path):
    system = System(make(), tuple("abcdefghij"), {"history": {"best_epoch": 3}})
    system.save(tmp_path / "s.pt")
    back = System.load(tmp_path / "s.pt")
    x = torch.rand(5, 513)
    assert torch.equal(back.network(x), system.network(x))
    assert back.labels == system.labels and back.history == {"best_epoch": 3}


def test_damaged_or_missing_systems_are_refused(tmp_path):
    path = tmp_path / "s.pt"
    with pytest.raises(InputError, match="does not exist"):
        System.load(path)
    System(make(), tuple("abcdefghij")).save(path)
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(InputError, match="damaged"):
        System.load(path)
    path.write_bytes(b"not a system")
    with pytest.raises(InputError, match="damaged"):
        System.load(path)
    torch.save({"format": 0}, path)
    with pytest.raises(InputError, match="another version"):
        System.load(path)


# --- Standardise -----------------------------------------------------------------------------------------------------


def test_near_constant_bins_can_be_masked():
    frames = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    layer = Standardise.fit(frames, near_constant="mask")
    torch.testing.assert_close(layer(torch.tensor([[3.0, 99.0]])), torch.tensor([[1.0, 0.0]]))


def test_published_statistics_by_hand():
    """Class 0: 0, 2 (mean 1, variance 1). Class 1: 2, 8 and 5 (mean 5, variance 6). Variance of 1 and 6: 6.25."""
    frames = torch.tensor([[0.0], [2.0], [2.0], [8.0], [5.0]])
    targets = torch.tensor([0, 0, 1, 1, 1])
    layer = Standardise.fit(frames, statistics="published", targets=targets)
    assert layer.mean.item() == pytest.approx(3.0)
    assert 1 / layer.scale.item() == pytest.approx(2.5)
    ordinary = Standardise.fit(frames)
    assert ordinary.mean.item() == pytest.approx(3.4)
    assert 1 / ordinary.scale.item() == pytest.approx(float(np.std([0, 2, 2, 8, 5])))


def test_slices_and_frames_standardise_alike():
    x = torch.rand(4, 20, 513)
    for statistics in ("frames", "published"):
        by_slice = Standardise.fit(x, statistics=statistics, targets=torch.tensor([0, 1, 1, 0]))
        by_frame = Standardise.fit(
            x.reshape(-1, 513), statistics=statistics, targets=torch.tensor([0, 1, 1, 0]).repeat_interleave(20)
        )
        torch.testing.assert_close(by_slice.mean, by_frame.mean)
        torch.testing.assert_close(by_slice.scale, by_frame.scale)


def test_standardise_refuses():
    frames = torch.rand(4, 3)
    for options, message in (
        ({"near_constant": "drop"}, "near_constant is 'drop'"),
        ({"min_std": 0.0}, "min_std is 0.0"),
        ({"statistics": "robust"}, "statistics is 'robust'"),
        ({"statistics": "published"}, "give one target a frame"),
        ({"statistics": "published", "targets": torch.zeros(3)}, "give one target a frame"),
        ({"statistics": "published", "targets": torch.zeros(4)}, "two classes"),
    ):
        with pytest.raises(InputError, match=message):
            Standardise.fit(frames, **options)
    with pytest.raises(InputError, match="no frames"):
        Standardise.fit(frames[:0])


# --- Dropout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "kept", "mean"), [("inverted", 4 / 3, 1.0), ("published", 2.0, 1.5)])
def test_dropout_by_hand(scale, kept, mean):
    layer = Dropout(0.25, scale, seed=1)
    out = layer(torch.ones(200, 500))
    assert out.unique().tolist() == [0.0, pytest.approx(kept)]
    assert float(out.mean()) == pytest.approx(mean, abs=0.01)
    layer.eval()
    assert torch.equal(layer(torch.ones(5)), torch.ones(5))


def test_dropout_is_seeded_and_leaves_the_global_generator_alone():
    networks = [DNN(standardise(), 3, 20, dropout=0.25, generator=generator(s)) for s in (0, 0, 1)]
    x = torch.rand(4, 513)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    outputs = [network(x) for network in networks]
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(outputs[0], outputs[1]) and not torch.equal(outputs[0], outputs[2])
    assert not torch.equal(networks[0](x), outputs[0])  # another mask every time


def test_dropout_spares_the_magnitudes():
    """Every unit of the first layer is as without dropout; those of the second are not."""
    plain, dropping = (DNN(standardise(), 3, 20, dropout=p, generator=generator()) for p in (0.0, 0.25))
    x = torch.rand(4, 513) * 5
    first, second, _ = dropping.activations(x)
    torch.testing.assert_close(first, plain.activations(x)[0])
    assert not torch.allclose(second, plain.activations(x)[1])
    dropping.eval()
    torch.testing.assert_close(dropping(x), plain(x))


def test_dropout_reaches_all_three_inputs():
    """With all weights 1 the logit counts what is kept: it varies as three layers do."""
    network = DNN(Standardise(torch.zeros(513), torch.ones(513)), 1, 4, dropout=0.5)
    with torch.no_grad():
        for layer in (*network.hidden, network.output):
            layer.weight.fill_(1.0)
    out = network(torch.full((20_000, 513), 1 / 513))[:, 0].detach()
    # Kept of 4 units, doubled, three times over: mean 4^3, variance of a product of three binomials.
    assert float(out.mean()) == pytest.approx(64, rel=0.02)
    assert float(out.var()) == pytest.approx((16 * 1.25) ** 3 - 64**2, rel=0.1)


def test_dropout_refuses():
    with pytest.raises(InputError, match="dropout is 1.0"):
        DNN(standardise(), 3, dropout=1.0)
    with pytest.raises(InputError, match="dropout_scale is 'twice'"):
        DNN(standardise(), 3, dropout=0.25, dropout_scale="twice")


# --- The long correlation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "piece"),
    [
        ((2, 7, 30), (3, 4, 20), None),
        ((1, 4, 20), (2, 4, 20), None),  # one position
        ((3, 5, 9), (1, 1, 1), None),
        ((2, 6, 41), (2, 3, 17), 5),  # pieces that do not divide the kernel
        ((2, 6, 40), (2, 2, 10), 99),
        ((1, 3, 64), (4, 2, 63), 1),
    ],
)
def test_long_correlation_is_conv2d(x_shape, weight_shape, piece):
    x = torch.randn(x_shape, generator=generator(0), dtype=torch.float64, requires_grad=True)
    weight = torch.randn(weight_shape, generator=generator(1), dtype=torch.float64, requires_grad=True)
    out = long_correlation(x, weight, piece=piece)
    direct = F.conv2d(x[:, None], weight[:, None])
    torch.testing.assert_close(out, direct, rtol=0, atol=1e-11)
    towards = torch.randn(out.shape, generator=generator(2), dtype=torch.float64)
    for got, expected in zip(
        torch.autograd.grad(out, (x, weight), towards), torch.autograd.grad(direct, (x, weight), towards), strict=True
    ):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)


def test_long_correlation_in_float32_at_the_papers_size():
    """Within 1e-4 of the largest entry, forward and backward; the direct sum in float64 is the truth."""
    x = torch.randn(2, 100, 513, generator=generator(0), dtype=torch.float64)
    weight = 0.1 * torch.randn(32, 4, 400, generator=generator(1), dtype=torch.float64)
    towards = torch.randn(2, 32, 97, 114, generator=generator(2), dtype=torch.float64)

    def everything(correlate, dtype):
        a, b = (t.to(dtype, copy=True).requires_grad_() for t in (x, weight))
        out = correlate(a, b)
        return out.detach(), *torch.autograd.grad(out, (a, b), towards.to(dtype))

    truth = everything(lambda a, b: F.conv2d(a[:, None], b[:, None]), torch.float64)
    for got, expected in zip(everything(long_correlation, torch.float32), truth, strict=True):
        assert float((got - expected).abs().max()) < 1e-5 * float(expected.abs().max())


def test_a_kernel_of_one_tap_shifts():
    x = torch.rand(1, 6, 12)
    weight = torch.zeros(1, 3, 8)
    weight[0, 2, 5] = 1.0
    torch.testing.assert_close(long_correlation(x, weight)[0, 0], x[0, 2:6, 5:10], rtol=0, atol=1e-6)


def test_long_correlation_after_inference_mode():
    """What it keeps between calls must serve autograd, whoever called first."""
    x, weight = torch.rand(1, 5, 37), torch.rand(2, 2, 11)
    with torch.inference_mode():
        long_correlation(x, weight)
    long_correlation(x, weight.requires_grad_()).sum().backward()
    assert weight.grad is not None


def test_a_kernel_too_large_is_refused():
    with pytest.raises(InputError, match="does not fit"):
        long_correlation(torch.rand(1, 3, 399), torch.rand(2, 4, 400))


# --- CDNN ------------------------------------------------------------------------------------------------------------


def small_cdnn(n_labels=3, dtype=torch.float32, scale=1.0, **options):
    """Slices of 20 frames, four filters; maps 17x114, 8x56, 5x49, 2x24."""
    network = CDNN(
        standardise(),
        n_labels,
        6,
        n_frames=20,
        n_filters=4,
        kernels=((4, 400), (4, 8)),
        generator=generator(),
        **options,
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(scale)
    return network.to(dtype)


def test_sizes_of_the_maps_are_the_papers():
    assert layer_sizes(100, 513, ((4, 400), (8, 8))) == [(97, 114), (48, 56), (41, 49), (20, 24)]
    network = CDNN(standardise(), 10)
    assert network.sizes == [(97, 114), (48, 56), (41, 49), (20, 24)]
    assert network.dense.in_features == 15_360
    assert [a.shape for a in network.activations(torch.rand(2, 100, 513))] == [(2, 32 * 48 * 56), (2, 15_360), (2, 50)]
    assert network(torch.rand(3, 2, 100, 513)).shape == (3, 2, 10) and network(torch.rand(100, 513)).shape == (10,)


@pytest.mark.parametrize("size", range(1, 14))
def test_pooled_sizes_are_pytorchs(size):
    pooled = F.max_pool2d(torch.rand(1, 1, size, size), 4, 2, ceil_mode=True) if size >= 4 else None
    assert layer_sizes(size, size, ((1, 1),))[1] == ((1, 1) if pooled is None else tuple(pooled.shape[-2:]))


def test_parameters_by_hand():
    def counts(network):
        return {name: p.numel() for name, p in network.named_parameters()}

    weights = {"weight1": 51_200, "weight2": 65_536, "dense.weight": 768_000, "dense.bias": 50}
    weights |= {"output.weight": 500, "output.bias": 10}
    assert counts(CDNN(standardise(), 10)) == weights | {"bias1": 32, "bias2": 32}
    untied = counts(CDNN(standardise(), 10, biases="untied"))
    assert untied == weights | {"bias1": 353_856, "bias2": 64_288}
    assert sum(untied.values()) == 1_303_440


def test_initial_weights_of_the_cdnn():
    network = CDNN(standardise(), 10, generator=generator(3))
    for name, p in network.named_parameters():
        if "bias" in name:
            assert not p.any()
        else:
            assert 0.0095 < p.abs().max() <= 0.01 and p.mean().abs() < 1e-3
    assert torch.equal(network.weight1, CDNN(standardise(), 10, generator=generator(3)).weight1)


@pytest.mark.parametrize("biases", ["tied", "untied"])
def test_both_convolutions_and_plain_modules_agree(biases):
    """The network against its definition in plain modules: logits and every gradient, the input's too."""
    network = small_cdnn(biases=biases, dtype=torch.float64, scale=10.0)
    with torch.no_grad():
        for bias in (network.bias1, network.bias2):
            bias.copy_(0.3 * torch.randn(bias.shape, generator=generator(5)))
    direct = small_cdnn(biases=biases, dtype=torch.float64, convolution="direct")
    direct.load_state_dict(network.state_dict())
    x = magnitudes_like(3, 20)

    def plain(v):
        h = network.standardise(v)[:, None]
        h = F.max_pool2d(torch.relu(F.conv2d(h, network.weight1) + network.bias1), 4, 2, ceil_mode=True)
        h = F.max_pool2d(torch.relu(F.conv2d(h, network.weight2) + network.bias2), 4, 2, ceil_mode=True)
        return network.output(torch.relu(network.dense(h.flatten(1))))

    def everything(call, parameters):
        v = x.clone().requires_grad_()
        out = call(v)
        return out.detach(), *torch.autograd.grad(out.logsumexp(-1).sum(), (v, *parameters))

    expected = everything(plain, network.parameters())
    assert float(expected[1].abs().max()) > 0
    for net in (network, direct):
        for got, wanted in zip(everything(net, net.parameters()), expected, strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-8, atol=1e-12)


def test_gradients_of_the_cdnn_against_finite_differences():
    """With respect to raw magnitudes and to every parameter, through standardisation, in float64."""
    network = small_cdnn(dtype=torch.float64, scale=10.0, biases="untied")
    names, values = zip(*network.named_parameters(), strict=True)
    x = magnitudes_like(2, 20)

    def loss(v, *parameters):
        out = torch.func.functional_call(network, dict(zip(names, parameters, strict=True)), v)
        return out.logsumexp(-1).sum()

    inputs = [x.requires_grad_(), *(v.detach().clone().requires_grad_() for v in values)]
    assert float(torch.autograd.grad(loss(*inputs), inputs[0])[0].abs().max()) > 1e-6
    assert torch.autograd.gradcheck(loss, inputs, fast_mode=True)


def test_gradient_of_the_papers_cdnn():
    network = CDNN(standardise(), 10, generator=generator()).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(10)
    x = magnitudes_like(1, 100).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: network(v).logsumexp(-1).sum(), x, fast_mode=True)


def test_gradients_of_the_dnn_weights():
    network = make(dtype=torch.float64)
    names, values = zip(*network.named_parameters(), strict=True)
    x = magnitudes_like(1, 3)[0]

    def loss(*parameters):
        return torch.func.functional_call(network, dict(zip(names, parameters, strict=True)), x).logsumexp(-1).sum()

    assert torch.autograd.gradcheck(loss, [v.detach().clone().requires_grad_() for v in values], fast_mode=True)


def test_a_cdnn_solved_by_hand():
    """One tap in each layer: label 1 as soon as an early frame has a low bin above its mean; pooling forgets which."""
    network = CDNN(Standardise(torch.zeros(513), torch.ones(513)), 2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.weight1[0, 0, 0, 0] = 1.0
        network.weight2[0, 0, 0, 0] = 1.0
        network.dense.weight[0, 0] = 1.0
        network.output.weight[1, 0] = 2.0

    def logit(frame, frequency, value=0.7):
        x = torch.zeros(1, 100, 513)
        x[0, frame, frequency] = value
        out = network(x)[0].detach()
        assert out[0] == 0
        return float(out[1])

    # Pooled twice over 4 by 4, stride 2: the first unit hears 4 + 3 * 2 = 10 frames and bins.
    assert logit(3, 5) == pytest.approx(1.4, abs=1e-5)
    assert logit(9, 9) == pytest.approx(1.4, abs=1e-5)
    assert logit(10, 5) == pytest.approx(0.0, abs=1e-5) and logit(3, 10) == pytest.approx(0.0, abs=1e-5)
    assert logit(3, 5, value=-0.7) == pytest.approx(0.0, abs=1e-5)


def test_many_slices_without_gradient_in_blocks(monkeypatch):
    network = small_cdnn()
    x = torch.rand(2, 27, 20, 513)
    whole = network(x).detach()
    met = []
    activations = network.activations
    monkeypatch.setattr(network, "activations", lambda v: met.append(v.shape[:-2].numel()) or activations(v))
    with torch.no_grad():
        torch.testing.assert_close(network(x), whole, rtol=1e-4, atol=1e-6)
        assert met == [24, 24, 6]
        assert network(x[0, 0]).shape == (3,)  # a single slice
    network(x)
    assert met[-1] == 54


def test_cdnn_refuses():
    for options, message in (
        ({"biases": "some"}, "biases is 'some'"),
        ({"convolution": "slow"}, "convolution is 'slow'"),
        ({"n_frames": 10}, "does not fit"),
        ({"hop": 0}, "Slices of 100 frames every 0"),
        ({"remainder": "pad"}, "remainder is 'pad'"),
    ):
        with pytest.raises(InputError, match=message):
            CDNN(standardise(), 3, **options)
    with pytest.raises(InputError, match="reads slices of 20 x 513"):
        small_cdnn()(torch.rand(21, 513))


def test_a_cdnn_overfits_ten_excerpts():
    """Ten recordings of noise with labels drawn at random: learned by heart, and decided over whole excerpts."""
    rng = np.random.default_rng(0)
    waveforms = [rng.normal(0, 0.1, 22_050).astype(np.float32) for _ in range(10)]
    truth = rng.integers(0, 3, 10).tolist()
    sequences = [spectra.magnitudes(torch.from_numpy(w)) for w in waveforms]
    network = CDNN(
        Standardise.fit(torch.cat(sequences)),
        3,
        n_frames=20,
        n_filters=8,
        kernels=((4, 400), (4, 8)),
        remainder="overlap",
        generator=generator(),
    )
    x = torch.cat([network.rows(s) for s in sequences])
    y = torch.tensor(truth).repeat_interleave(len(x) // 10)
    schedule = Schedule(learning_rate=0.02, momentum=0.9, batch_size=5, patience=70, ramp_epochs=100, max_epochs=70)
    history = train(network, x, y, x, y, schedule, seed=0)
    assert min(history["valid_error"]) == 0
    decisions = System(network, ("a", "b", "c")).classify_all(waveforms)
    assert [d.label for d in decisions] == ["abc"[i] for i in truth]


# --- Slices ----------------------------------------------------------------------------------------------------------


def test_slices_by_hand():
    x = torch.arange(23.0)[:, None].expand(23, 2)
    cut = slices(x, 10)
    assert cut.shape == (2, 10, 2)
    assert cut[:, 0, 0].tolist() == [0, 10] and cut[:, -1, 1].tolist() == [9, 19]
    assert slices(x, 10, 3)[:, 0, 0].tolist() == [0, 3, 6, 9, 12]
    assert slices(x, 10, remainder="overlap")[:, 0, 0].tolist() == [0, 10, 13]
    assert slices(x[:20], 10, remainder="overlap")[:, 0, 0].tolist() == [0, 10]
    assert slices(x[:10], 10).shape == (1, 10, 2)
    assert slices(torch.rand(4, 3, 23, 5), 10).shape == (4, 3, 2, 10, 5)
    assert slices(torch.rand(1_290, 1)).shape == (12, 100, 1)  # the paper's half minute
    with pytest.raises(InputError, match="9 frames, fewer than one slice of 10"):
        slices(x[:9], 10)


@given(n=st.integers(1, 60), length=st.integers(1, 20), hop=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_every_slice_is_a_stretch_and_little_is_left(n, length, hop):
    x = torch.arange(float(n))[:, None]
    if n < length:
        with pytest.raises(InputError):
            slices(x, length, hop)
        return
    starts = slices(x, length, hop)[:, 0, 0]
    assert torch.equal(slices(x, length, hop)[..., 0], starts[:, None] + torch.arange(length))
    assert n - hop < starts[-1] + length <= n
    assert slices(x, length, hop, remainder="overlap")[-1, -1, 0] == n - 1


def test_gradients_reach_the_sequence_through_slices():
    for remainder in ("drop", "overlap"):
        x = torch.rand(23, 2, requires_grad=True)
        (gradient,) = torch.autograd.grad(slices(x, 10, remainder=remainder).sum(), x)
        expected = [1.0] * 13 + [1.0 + (remainder == "overlap")] * 7 + [float(remainder == "overlap")] * 3
        assert gradient[:, 0].tolist() == expected


def test_sequences_in_a_padded_batch():
    """Two excerpts, one padded: each has the rows it has alone."""
    network = small_cdnn()
    long, short = torch.rand(67, 513), torch.rand(45, 513)
    batch = torch.stack([long, torch.cat([short, torch.zeros(22, 513)])])
    valid = (torch.arange(67) < torch.tensor([[67], [45]])).float()
    rows = network.valid_rows(valid)
    assert rows.tolist() == [[1, 1, 1], [1, 1, 0]]
    logits = network.sequence_logits(batch)
    torch.testing.assert_close(logits[1, :2], network.sequence_logits(short), rtol=1e-4, atol=1e-6)
    assert [a.shape[:-1] for a in network.sequence_activations(batch)] == [(2, 3)] * 3
    with pytest.raises(InputError, match="one length together"):
        small_cdnn(remainder="overlap").valid_rows(valid)
    dnn = make()
    assert torch.equal(dnn.sequence_logits(batch), dnn(batch)) and torch.equal(dnn.valid_rows(valid), valid)


# --- Systems on slices, votes, files ---------------------------------------------------------------------------------


def noise(n_frames, seed=0):
    n = spectra.N_FFT + (n_frames - 1) * spectra.HOP_LENGTH
    return np.random.default_rng(seed).normal(0, 0.1, n).astype(np.float32)


def test_decision_over_slices():
    system = System(small_cdnn(scale=5.0), ("a", "b", "c"))
    waveform = noise(67)
    posteriors = system.posteriors(waveform)
    assert posteriors.shape == (3, 3)
    by_hand = torch.softmax(system.network(spectra.magnitudes(torch.from_numpy(waveform))[20:40]), -1)
    torch.testing.assert_close(posteriors[1], by_hand.detach(), rtol=1e-4, atol=1e-6)
    decision = system.classify(waveform)
    np.testing.assert_allclose(decision.posterior, posteriors.double().mean(0).numpy())
    # The seven frames after the third slice are not heard ...
    np.testing.assert_array_equal(system.classify(waveform[: spectra.N_FFT + 59 * 512]).posterior, decision.posterior)
    # ... unless the last slice may overlap.
    system.network.remainder = "overlap"
    assert system.posteriors(waveform).shape == (4, 3)


def test_shorter_than_a_slice():
    system = System(small_cdnn(), ("a", "b", "c"))
    assert system.posteriors(noise(20)).shape == (1, 3)
    with pytest.raises(InputError, match=r"song has 19 frames, fewer than the 20 of one slice; give 0\.49 s or more"):
        system.classify(noise(19), "song")


class Scripted(torch.nn.Module):
    """Posteriors as told, whatever it hears."""

    def __init__(self, posteriors):
        super().__init__()
        self.logits = torch.tensor(posteriors).log()

    def forward(self, x):
        return self.logits[: len(x)]


def test_votes_by_hand():
    """Two frames lean to a, one is sure of b: the mean says b, the majority a."""
    system = System(Scripted([[0.6, 0.4], [0.55, 0.45], [0.05, 0.95]]), ("a", "b"))
    mean, hard = system.classify(noise(3)), system.classify(noise(3), vote="majority")
    assert (mean.label, mean.confidence) == ("b", pytest.approx(0.6))
    assert (hard.label, hard.confidence) == ("a", pytest.approx(2 / 3))
    np.testing.assert_allclose(hard.posterior, [2 / 3, 1 / 3])
    assert system.classify_all([noise(3)], vote="majority")[0].label == "a"
    # One vote each: the surer one has it, whichever comes first.
    for rows, winner in (([[0.6, 0.4], [0.1, 0.9]], "b"), ([[0.9, 0.1], [0.4, 0.6]], "a")):
        assert System(Scripted(rows), ("a", "b")).classify(noise(2), vote="majority").label == winner
    with pytest.raises(InputError, match="vote is 'loudest'"):
        system.classify(noise(3), vote="loudest")


def test_long_recordings_are_read_in_blocks(monkeypatch):
    system = System(make(), tuple("abcdefghij"))
    whole = system.posteriors(noise(50))
    monkeypatch.setattr("music_adversaries.networks.system.FRAMES_AT_ONCE", 7)
    torch.testing.assert_close(system.posteriors(noise(50)), whole)


@pytest.mark.parametrize(
    "network",
    [
        lambda: small_cdnn(biases="untied", hop=7, remainder="overlap"),
        lambda: small_cdnn(dtype=torch.float64, convolution="direct"),
        lambda: DNN(standardise(), 3, 20, dropout=0.25, dropout_scale="published", generator=generator()).eval(),
    ],
)
def test_every_network_saves_and_loads(tmp_path, network):
    network = network()
    System(network, ("a", "b", "c")).save(tmp_path / "s.pt")
    back = System.load(tmp_path / "s.pt").network
    assert type(back) is type(network) and back.settings() == network.settings()
    x = torch.rand(45, 513, dtype=next(network.parameters()).dtype)
    assert torch.equal(back.sequence_logits(x), network.sequence_logits(x))
    assert str(back) == str(network)


def test_other_networks_and_kinds_are_refused(tmp_path):
    with pytest.raises(InputError, match="Scripted cannot be saved"):
        System(Scripted([[1.0, 0.0]]), ("a", "b")).save(tmp_path / "s.pt")
    System(make(), tuple("abcdefghij")).save(tmp_path / "s.pt")
    content = torch.load(tmp_path / "s.pt", weights_only=True)
    for change, message in (
        ({"format": 1}, "another version"),
        ({"kind": "RNN"}, "damaged"),
        ({"settings": {"n_units": 50, "dropout": 7.0}}, "damaged"),
        ({"settings": {"n_units": 51}}, "damaged"),
    ):
        torch.save(content | change, tmp_path / "t.pt")
        with pytest.raises(InputError, match=message):
            System.load(tmp_path / "t.pt")


def test_a_network_is_evaluated_for_a_while_and_left_as_it_was():
    network = DNN(standardise(), 3, 20, dropout=0.5, generator=generator())
    network.dropout.eval()
    modes = {name: module.training for name, module in network.named_modules()}
    assert set(modes.values()) == {True, False}
    with pytest.raises(KeyboardInterrupt), evaluated(network):
        assert not any(module.training for module in network.modules())
        raise KeyboardInterrupt
    assert {name: module.training for name, module in network.named_modules()} == modes
