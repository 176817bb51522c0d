"""The gradient by hand equals the one that PyTorch finds, and is not used for networks that it does not know."""

import pytest
import torch

from music_adversaries.adversary import Model
from music_adversaries.adversary.gradients import (
    Dense,
    FrameGradient,
    differentiated,
    gradient_of_magnitudes,
    loss_gradient,
    one_by_one,
)
from music_adversaries.networks import CDNN, DNN, Standardise

N_BINS, N_FRAMES, LABELS = 21, 13, ("a", "b", "c")
CPU = torch.device("cpu")


def dense(dtype=torch.float64, n_units=17, **options):
    """A network with biases, on bins of unequal mean and scale, one of them masked."""
    generator = torch.Generator().manual_seed(1)
    std = torch.linspace(0.01, 3.0, N_BINS)
    standardise = Standardise(torch.linspace(0.1, 5.0, N_BINS), std, near_constant="mask")
    network = DNN(standardise, len(LABELS), n_units, generator=generator, **options)
    for layer in (*network.hidden, network.output):
        torch.nn.init.normal_(layer.bias, generator=generator)
    return network.to(dtype).eval()


def sequences(dtype=torch.float64, n=4):
    """Magnitudes, targets, and which frames count: all, some, one."""
    z = 6 * torch.rand(n, N_FRAMES, N_BINS, generator=torch.Generator().manual_seed(2), dtype=dtype)
    valid = torch.ones(n, N_FRAMES, dtype=dtype)
    valid[1, 9:] = 0
    valid[-1, 1:] = 0
    return z, torch.arange(n) % len(LABELS), valid


def parted(z, targets, valid):
    """The same as a change of exemplars: what `FrameGradient` is given."""
    exemplar = 6 * torch.rand(z.shape, generator=torch.Generator().manual_seed(4), dtype=z.dtype)
    return z - exemplar, exemplar, targets, valid


def dense_of(found):
    """The gradient written out, posterior and loss."""
    return found[0].dense(), *found[1:]


def rows_of(network):
    return Model(network, LABELS).rows_of_magnitudes


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
@pytest.mark.parametrize("n_units", [1, 17])
def test_by_hand_as_by_pytorch(dtype, limit, n_units):
    network, inputs = dense(dtype, n_units), sequences(dtype)
    expected, by_hand = loss_gradient(rows_of(network), *inputs), FrameGradient(network)(*parted(*inputs))
    for found, wanted in zip(dense_of(by_hand), expected, strict=True):
        assert found.shape == wanted.shape and found.dtype == dtype
        assert (found - wanted).abs().max() <= limit * wanted.abs().max()
    assert expected[0].abs().max() > 0
    assert not expected[0][1, 9:].any() and not by_hand[0].back[1, 9:].any()  # no such frames


def test_by_hand_against_finite_differences():
    """Of the loss summed over frames, in a direction at random, far from the corners of the rectifiers."""
    network, (z, targets, valid) = dense(), sequences()
    by_hand = FrameGradient(network)
    direction = torch.randn(z.shape, generator=torch.Generator().manual_seed(3), dtype=z.dtype)
    change, exemplar = z - 2.0, torch.full_like(z, 2.0)
    slope = (by_hand(change, exemplar, targets, valid)[0].dense() * direction).sum((1, 2))
    step = 1e-6
    losses = (by_hand(change + s * direction, exemplar, targets, valid)[2] for s in (step, -step))
    above, below = (loss * valid.sum(1) for loss in losses)
    torch.testing.assert_close((above - below) / (2 * step), slope, rtol=1e-6, atol=1e-8)


def test_the_weights_of_the_network_are_left_alone():
    network = dense()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    FrameGradient(network)(*parted(*sequences()))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())


def test_exemplars_may_be_others_the_next_time():
    by_hand, (change, exemplar, targets, valid) = FrameGradient(dense()), parted(*sequences())
    product = by_hand(change, exemplar, targets, valid)[0]
    first = product.dense()
    few = [tensor[:2] for tensor in (change, exemplar, targets, valid)]
    torch.testing.assert_close(by_hand(*few)[0].dense(), first[:2])  # others have left the batch
    torch.testing.assert_close(by_hand(change - exemplar, 2 * exemplar, targets, valid)[0].dense(), first)
    assert not torch.equal(by_hand(change + 1, exemplar, targets, valid)[0].dense(), first)
    found = by_hand(change, exemplar, targets, valid)[0]
    assert torch.equal(found.dense(), first)  # whatever was kept
    by_hand(change + 1, exemplar, targets, valid)
    assert not torch.equal(found.dense(), first)  # its buffer is the next call's
    assert torch.equal(product.dense(), first)  # one of another shape is not


@pytest.mark.parametrize("kind", ["product", "written out"])
def test_a_product_is_its_gradient(kind):
    """Some excerpts of it, some frames of it, and a step along it, of a length of its own for each excerpt."""
    gradient, change = FrameGradient(dense())(*parted(*sequences()))[0], sequences()[0]
    gradient = gradient if kind == "product" else Dense(gradient.dense())
    going, step = torch.tensor([True, False, True, True]), torch.tensor([0.1, 0.0, 3.0, 0.5])
    torch.testing.assert_close(gradient[going].dense(), gradient.dense()[going])
    torch.testing.assert_close(gradient[1:3, 4:9].dense(), gradient.dense()[1:3, 4:9])
    moved = change.clone()
    gradient.step(moved, step)
    torch.testing.assert_close(moved, change - step[:, None, None] * gradient.dense())
    assert torch.equal(moved[1], change[1])


@pytest.mark.parametrize("options", [{"representation": "log"}, {"dropout": 0.25}])
def test_what_it_does_not_know_is_left_to_pytorch(options):
    network = dense(**options)
    assert FrameGradient.fits(network) == ("dropout" in options)  # in use nothing is left out
    network.train()
    assert not FrameGradient.fits(network)


def test_a_kind_of_its_own_is_left_to_pytorch():
    class Other(DNN):
        def forward(self, x):
            return super().forward(x) * 2

    plain = dense()
    other = Other(plain.standardise, len(LABELS), 17).double().eval()
    assert not FrameGradient.fits(other)
    assert isinstance(gradient_of_magnitudes(plain, rows_of(plain), CPU), FrameGradient)
    assert not isinstance(gradient_of_magnitudes(other, rows_of(other), CPU), FrameGradient)
    inputs = sequences()
    for found, wanted in zip(
        dense_of(gradient_of_magnitudes(other, rows_of(other), CPU)(*parted(*inputs))),
        loss_gradient(rows_of(other), *inputs),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted)


def test_weights_that_are_not_finite_are_left_to_pytorch():
    """A rectifier hides such a unit from every posterior; the gradient shows it."""
    network = dense()
    with torch.no_grad():
        network.hidden[0].weight[0] = -torch.inf
    assert not FrameGradient.fits(network)


def test_one_by_one_is_all_at_once():
    standardise = Standardise(torch.ones(N_BINS), torch.full((N_BINS,), 2.0))
    network = (
        CDNN(
            standardise,
            len(LABELS),
            5,
            n_frames=12,
            n_filters=2,
            kernels=((2, 3), (2, 2)),
            generator=torch.Generator().manual_seed(0),
        )
        .double()
        .eval()
    )
    inputs = sequences()[0][:2], torch.tensor([0, 2]), torch.ones(2, N_FRAMES, dtype=torch.float64)
    together, alone = (f(rows_of(network), *inputs) for f in (loss_gradient, one_by_one))
    for found, wanted in zip(alone, together, strict=True):
        torch.testing.assert_close(found, wanted)
    assert differentiated(network, rows_of(network), CPU).func is one_by_one
    assert differentiated(torch.nn.Identity(), rows_of(network), CPU).func is loss_gradient
