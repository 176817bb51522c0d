"""Training: the schedule by hand, and what must come of it."""

import pytest
import torch

from music_adversaries.errors import InputError
from music_adversaries.networks import DNN, Standardise
from music_adversaries.training import Schedule, train


def blobs(n=300, n_labels=3, spread=0.3, seed=0):
    """Frames of a few classes that a network can tell apart."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.rand(n_labels, 20, generator=torch.Generator().manual_seed(99))
    targets = torch.randint(n_labels, (n,), generator=generator)
    return centres[targets] + spread * torch.randn(n, 20, generator=generator), targets


def network(frames, n_labels=3, seed=0):
    return DNN(Standardise.fit(frames), n_labels, 16, generator=torch.Generator().manual_seed(seed))


def test_schedule_by_hand():
    schedule = Schedule()
    assert schedule.at(0) == (0.01, 0.5)
    rate, momentum = schedule.at(25)
    assert rate == pytest.approx((0.01 + 0.0001) / 2) and momentum == pytest.approx(0.7)
    assert schedule.at(50) == pytest.approx((0.0001, 0.9)) and schedule.at(120) == schedule.at(50)


def test_learns_and_keeps_the_best_epoch():
    frames, targets = blobs()
    valid, valid_targets = blobs(seed=1)
    net = network(frames)
    history = train(net, frames, targets, valid, valid_targets, Schedule(batch_size=10), seed=0)
    assert history["train_loss"][-1] < history["train_loss"][0]
    best = history["best_epoch"]
    assert history["valid_error"][best] == min(history["valid_error"])
    with torch.no_grad():
        error = float((net(valid).argmax(-1) != valid_targets).float().mean())
    assert error == pytest.approx(history["valid_error"][best])  # the weights are those of that epoch
    assert not net.training


def test_overfits_a_handful():
    frames, targets = blobs(10, spread=1.0)
    net = network(frames)
    schedule = Schedule(learning_rate=0.1, batch_size=2, patience=200, ramp_epochs=200)
    history = train(net, frames, targets, frames, targets, schedule, seed=0)
    assert min(history["valid_error"]) == 0


def test_stops_when_validation_stands_still():
    frames, targets = blobs()
    noise_targets = torch.randint(3, (300,), generator=torch.Generator().manual_seed(5))
    history = train(
        network(frames), frames, targets, frames, noise_targets, Schedule(batch_size=50, patience=4), seed=0
    )
    assert len(history["valid_error"]) < 200


def test_same_seed_same_weights():
    frames, targets = blobs()
    nets = [network(frames), network(frames), network(frames)]
    for net, seed in zip(nets, (0, 0, 1), strict=True):
        train(net, frames, targets, frames, targets, Schedule(batch_size=20, max_epochs=3), seed=seed)
    assert torch.equal(nets[0].output.weight, nets[1].output.weight)
    assert not torch.equal(nets[0].output.weight, nets[2].output.weight)


def test_nothing_global_is_seeded():
    frames, targets = blobs()
    net = network(frames)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    train(net, frames, targets, frames, targets, Schedule(batch_size=50, max_epochs=2), seed=7)
    assert torch.equal(torch.rand(1), expected)


def test_bad_input():
    frames, targets = blobs()
    with pytest.raises(InputError, match="no frames"):
        train(network(frames), frames[:0], targets[:0], frames, targets, seed=0)
    with pytest.raises(InputError, match=r"learning rate \S+ and batch size"):
        train(network(frames), frames * 1e3, targets, frames, targets, Schedule(learning_rate=1e30), seed=0)
    with pytest.raises(InputError, match="batch_size is 0"):
        Schedule(batch_size=0)
