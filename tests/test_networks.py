"""Systems: shapes, hand arithmetic, gradients, decisions, files."""

import numpy as np
import pytest
import torch

from music_adversaries import spectra
from music_adversaries.errors import InputError
from music_adversaries.networks import DNN, Standardise, System


def make(n_units=50, n_labels=10, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    standardise = Standardise(torch.full((513,), 2.0), torch.full((513,), 0.5))
    return DNN(standardise, n_labels, n_units, generator=generator).to(dtype)


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
