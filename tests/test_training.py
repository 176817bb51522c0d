"""Training: the schedule by hand, and properties that every training must have."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from music_adversaries import training
from music_adversaries.errors import InputError
from music_adversaries.networks import CDNN, DNN, Representation, Standardise
from music_adversaries.networks.by_hand import StepsByHand, can_step
from music_adversaries.training import Schedule, train


def blobs(n=300, n_labels=3, spread=0.3, seed=0):
    """Frames of a few classes that a network can tell apart."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.rand(n_labels, 20, generator=torch.Generator().manual_seed(99))
    targets = torch.randint(n_labels, (n,), generator=generator)
    return centres[targets] + spread * torch.randn(n, 20, generator=generator), targets


def network(frames, n_labels=3, seed=0):
    return DNN(Standardise.fit(frames), n_labels, 16, generator=torch.Generator().manual_seed(seed))


class Written(DNN):
    """A network that somebody wrote: what its gradient is, PyTorch finds out."""


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


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("batch_size", [7, 100, 1_000])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_same_bits_as_the_plain_loop(one_thread, batch_size, dropout):
    """What makes a step fast changes no result: not the weights, not the losses.

    For networks that PyTorch differentiates; those stepped by hand round in another order.
    """
    frames, targets = blobs()
    wide = torch.cat([frames, frames], 1)[:, 20:]  # rows that do not lie side by side
    schedule = Schedule(batch_size=batch_size, max_epochs=6, ramp_epochs=4, patience=100, min_improvement=0)
    generator = torch.Generator().manual_seed(0)
    plain = Written(Standardise.fit(frames), 3, 16, dropout=dropout, generator=generator)
    quick = copy.deepcopy(plain)
    history = train(quick, wide, targets, frames, targets, schedule, seed=3)

    generator = torch.Generator().manual_seed(3)
    optimiser = torch.optim.SGD(plain.parameters(), lr=1.0, momentum=0.5)
    best = 1.0
    for epoch in range(schedule.max_epochs):
        plain.train()
        optimiser.param_groups[0]["lr"], optimiser.param_groups[0]["momentum"] = schedule.at(epoch)
        total = 0.0
        for batch in torch.randperm(len(frames), generator=generator).split(batch_size):
            optimiser.zero_grad()
            loss = cross_entropy(plain(frames[batch]), targets[batch])
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(batch)
        assert history["train_loss"][epoch] == total / len(frames)
        plain.eval()
        with torch.no_grad():
            logits = plain(frames)
        error = int((logits.argmax(-1) != targets).sum()) / len(frames)
        assert history["valid_error"][epoch] == error
        assert history["valid_loss"][epoch] == float(cross_entropy(logits, targets, reduction="sum")) / len(frames)
        if error < best:
            best, weights = error, copy.deepcopy(plain.state_dict())
    assert all(torch.equal(weights[name], value) for name, value in quick.state_dict().items())


def by_hand(dropout=0.0, n_units=16, representation="linear", n_labels=3):
    frames, targets = blobs()
    if representation == "mel":
        frames = torch.rand(len(frames), 513, generator=torch.Generator().manual_seed(1))
    elif representation == "log":
        frames = frames.abs()
    read = Representation(representation)(frames)
    net = DNN(
        Standardise.fit(read),
        n_labels,
        n_units,
        dropout=dropout,
        representation=representation,
        generator=torch.Generator().manual_seed(0),
    ).double()
    return net, frames.double(), targets


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("representation", ["linear", "log", "mel"])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_steps_by_hand_are_those_of_pytorch(dropout, representation, pieces):
    """Loss, weights and what dropout draws, over many steps, in double precision."""
    plain, frames, targets = by_hand(dropout, representation=representation)
    quick = copy.deepcopy(plain)
    steps = StepsByHand(quick)
    optimiser = torch.optim.SGD(plain.parameters(), lr=1.0, momentum=0.5)
    order = torch.Generator().manual_seed(3)
    for number in range(60):
        batch = torch.randperm(len(frames), generator=order)[:40]
        rate, momentum = 0.3 / (1 + number), 0.5 + number / 200
        optimiser.param_groups[0]["lr"], optimiser.param_groups[0]["momentum"] = rate, momentum
        optimiser.zero_grad()
        pairs = zip(frames[batch].chunk(pieces), targets[batch].chunk(pieces), strict=True)
        loss = sum(cross_entropy(plain(x), y, reduction="sum") / 40 for x, y in pairs)
        loss.backward()
        optimiser.step()
        assert steps.step(frames[batch], targets[batch], rate, momentum, pieces) == pytest.approx(float(loss), rel=1e-9)
    for a, b in zip(plain.parameters(), quick.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10)
    assert not torch.equal(plain.hidden[0].weight, by_hand(dropout, representation=representation)[0].hidden[0].weight)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_gradients_by_hand_are_differences_of_the_loss(dropout):
    """Weight by weight, with the units that dropout left out held fixed."""
    net, frames, targets = by_hand(dropout, n_units=5)
    steps, few = StepsByHand(net), slice(0, 6)

    def loss():
        if dropout:
            net.dropout._generators.clear()  # it draws the same again
        return steps.loss_gradient(frames[few], targets[few])

    loss()
    gradient = steps.gradient.copy()
    assert np.count_nonzero(gradient) > len(gradient) // 4
    for place in range(0, len(gradient), 5):
        kept = steps.weights[place]
        steps.weights[place] = kept + 1e-6
        above = loss()
        steps.weights[place] = kept - 1e-6
        below = loss()
        steps.weights[place] = kept
        assert (above - below) / 2e-6 == pytest.approx(gradient[place], abs=1e-7)


def test_gradients_by_hand_of_batches_of_any_size():
    """Memory is kept for the last few sizes; none of it may show in the next batch."""
    net, frames, targets = by_hand(n_units=5)
    steps = StepsByHand(net)
    for size in (9, 5, 7, 3, 8, 9, 1, 5):
        loss = steps.loss_gradient(frames[:size], targets[:size])
        net.zero_grad()
        expected = cross_entropy(net(frames[:size]), targets[:size])
        expected.backward()
        assert loss == pytest.approx(float(expected), rel=1e-12)
        slopes = np.concatenate([parameter.grad.numpy().ravel() for parameter in net.parameters()])
        np.testing.assert_allclose(steps.gradient, slopes, rtol=1e-9, atol=1e-12)


def test_who_is_stepped_by_hand():
    frames, _ = blobs()
    frozen, hooked, normed, watched = (network(frames) for _ in range(4))
    torch.nn.utils.parametrizations.weight_norm(normed.hidden[1])
    watched.hidden[0].register_full_backward_hook(lambda *_: None)
    frozen.hidden[0].weight.requires_grad_(False)
    hooked.output.register_forward_hook(lambda *_: None)
    assert can_step(network(frames)) and can_step(with_dropout())
    for other in (frozen, hooked, normed, watched, Written(Standardise.fit(frames), 3, 16), Narrow(network(frames), 5)):
        assert not can_step(other)
    assert not can_step(CDNN(Standardise.fit(torch.rand(2, 100, 513)), 3)) and not can_step(network(frames).half())


def test_a_trained_network_shares_no_memory_and_a_frozen_part_stays(one_thread):
    frames, targets = blobs()
    net, half = network(frames), network(frames)
    half.hidden[0].weight.requires_grad_(False)
    before = half.hidden[0].weight.clone()
    for one in (net, half):
        train(one, frames, targets, frames, targets, Schedule(batch_size=20, max_epochs=2), seed=0)
    assert torch.equal(half.hidden[0].weight, before) and not torch.equal(half.output.weight, net.output.weight)
    stopped = network(frames)
    with pytest.raises(InputError, match="The loss is"):
        train(stopped, frames * 1e3, targets, frames, targets, Schedule(learning_rate=1e30, batch_size=20), seed=0)
    for parameter in (*net.parameters(), *stopped.parameters()):
        assert parameter.untyped_storage().nbytes() == parameter.nbytes and parameter.grad is None


@pytest.mark.parametrize("n", [1, 1_025, 2_047, 2_049, 5_000])
def test_validation_in_pieces(one_thread, n):
    """Whatever the number of frames, the pieces give what one block gives, to rounding, and every frame counts once."""
    frames = torch.rand(n, 513, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(n) % 10
    net = DNN(Standardise.fit(frames), 10, 50, generator=torch.Generator().manual_seed(0))
    loss, error = training._validate(net, frames, targets, torch.device("cpu"))
    with torch.no_grad():
        logits = net(frames)
    assert loss == pytest.approx(float(cross_entropy(logits, targets)), rel=1e-6)
    assert error == pytest.approx(float((logits.argmax(-1) != targets).float().mean()), rel=1e-6)


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
        train(
            network(frames), frames * 1e3, targets, frames, targets, Schedule(learning_rate=1e30, batch_size=20), seed=0
        )
    with pytest.raises(InputError, match="batch_size is 0"):
        Schedule(batch_size=0)


# --- when it does not go as planned ---


def learn(net, schedule=None, **options):
    frames, targets = blobs()
    valid, valid_targets = blobs(seed=1)
    schedule = schedule or Schedule(batch_size=20, max_epochs=8, patience=50)
    return train(net, frames, targets, valid, valid_targets, schedule, seed=3, **options)


def with_dropout():
    frames, _ = blobs()
    return DNN(Standardise.fit(frames), 3, 16, dropout=0.5, generator=torch.Generator().manual_seed(0))


def stop_at(monkeypatch, epoch):
    """Interrupt a training when it validates that epoch."""
    calls = []
    validate = training._validate

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == epoch:
            raise KeyboardInterrupt
        return validate(*arguments)

    monkeypatch.setattr(training, "_validate", interrupted)


def test_an_interrupted_training_goes_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    whole, first, second = with_dropout(), with_dropout(), with_dropout()
    expected = learn(whole)
    checkpoint = tmp_path / "net.partial"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, 5)
        learn(first, checkpoint=checkpoint)
    assert checkpoint.exists()
    epochs = []
    monkeypatch.setattr(training._State, "end_epoch", counted(training._State.end_epoch, epochs))
    assert learn(second, checkpoint=checkpoint) == expected
    assert epochs == [4, 5, 6, 7]  # and not from the beginning
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))
    assert not checkpoint.exists()


def counted(method, epochs):
    def wrapped(self, epoch, *arguments):
        epochs.append(epoch)
        return method(self, epoch, *arguments)

    return wrapped


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(b"half"), lambda p: p.write_bytes(p.read_bytes()[:900])])
def test_a_damaged_checkpoint_or_one_of_another_training_is_not_believed(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    expected = learn(with_dropout())
    checkpoint = tmp_path / "net.partial"
    for schedule, spoil in ((None, damage), (Schedule(batch_size=30, max_epochs=8), lambda p: None)):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stop_at(patch, 4)
            learn(with_dropout(), schedule, checkpoint=checkpoint)
        spoil(checkpoint)
        assert learn(with_dropout(), checkpoint=checkpoint) == expected


def test_no_stopping_before_the_least_number_of_epochs():
    frames, targets = blobs()
    still = Schedule(batch_size=300, learning_rate=1e-9, final_learning_rate=1e-9, patience=2, max_epochs=30)
    for least, expected in ((1, 3), (9, 9)):
        history = train(network(frames), frames, targets, frames, targets, still.but(min_epochs=least), seed=0)
        assert len(history["valid_error"]) == expected


def test_a_loss_that_is_no_number_keeps_the_best_epoch(monkeypatch):
    net = with_dropout()
    with pytest.MonkeyPatch.context() as patch:
        at = Schedule.at
        patch.setattr(Schedule, "at", lambda self, epoch: (1e30, 0.9) if epoch == 3 else at(self, epoch))
        with pytest.warns(UserWarning, match=r"epoch 4 at learning rate 1e\+30 and batch size 20; lower"):
            history = learn(net)
    assert len(history["valid_error"]) == 3 and "epoch" in history["notes"][0]
    assert all(torch.isfinite(p).all() for p in net.parameters())
    valid, targets = blobs(seed=1)
    with torch.no_grad():
        error = float((net(valid).argmax(-1) != targets).float().mean())
    assert error == pytest.approx(history["valid_error"][history["best_epoch"]])


class Narrow(torch.nn.Module):
    """A network for whose rows there is little memory."""

    def __init__(self, inner, room):
        super().__init__()
        self.inner, self.room = inner, room

    def forward(self, x):
        if self.training and len(x) > self.room:
            raise torch.OutOfMemoryError("no more")
        return self.inner(x)


def test_out_of_memory_the_same_steps_are_made_in_pieces():
    frames, _ = blobs()
    whole, narrow = network(frames).double(), network(frames).double()
    schedule = Schedule(batch_size=20, max_epochs=4)
    both = []
    for net in (whole, Narrow(narrow, 5)):
        x, y = blobs()
        both.append((net, x.double(), y))
    train(both[0][0], both[0][1], both[0][2], both[0][1], both[0][2], schedule, seed=0)
    with pytest.warns(UserWarning, match="computed in 4 pieces of up to 5 rows from epoch 1"):
        history = train(both[1][0], both[1][1], both[1][2], both[1][1], both[1][2], schedule, seed=0)
    assert len(history["notes"]) == 2  # two pieces, then four
    for a, b in zip(whole.parameters(), narrow.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)
    x, y = blobs()
    with pytest.raises(InputError, match="single row"), pytest.warns(UserWarning):
        train(Narrow(network(x), 0), x, y, x, y, schedule, seed=0)


def test_out_of_memory_steps_by_hand_are_made_in_pieces(monkeypatch):
    frames, targets = blobs()
    whole, narrow = network(frames).double(), network(frames).double()
    schedule = Schedule(batch_size=20, max_epochs=3)
    arguments = frames.double(), targets, frames.double(), targets, schedule
    train(whole, *arguments, seed=0)
    gradient = StepsByHand.loss_gradient

    def refuses(self, x, y):
        if len(x) > 5:
            raise MemoryError
        return gradient(self, x, y)

    monkeypatch.setattr(StepsByHand, "loss_gradient", refuses)
    with pytest.warns(UserWarning, match="computed in 4 pieces of up to 5 rows from epoch 1"):
        train(narrow, *arguments, seed=0)
    for a, b in zip(whole.parameters(), narrow.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    class Broken(torch.nn.Linear):
        def forward(self, x):
            raise RuntimeError("something else")

    x, y = blobs()
    with pytest.raises(RuntimeError, match="something else"):
        train(Broken(20, 3), x, y, x, y, seed=0)


@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there(device):
    with pytest.raises(InputError, match=f"'{device}' is not available here; use --device cpu"):
        learn(with_dropout(), device=device)
