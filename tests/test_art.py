"""Algorithm 1 without its consistency, compared with an attack by others: PGD of the Adversarial Robustness Toolbox.

Both descend on magnitudes with steps of the same length, within the same ball, for the same number of iterations.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from art.attacks.evasion import ProjectedGradientDescentPyTorch
from art.estimators.classification import PyTorchClassifier
from torch import nn

from music_adversaries import adversary, spectra
from music_adversaries.adversary import Algorithm1, Budget
from music_adversaries.adversary.batch import Batch
from music_adversaries.adversary.judge import Judge
from music_adversaries.adversary.model import Model
from small_system import LABELS, recording, system

BUDGETS = (30.0, 24.0, 15.0)  # hard, less hard, easy
# Our cross-entropy summed over frames; and theirs of the mean log posterior, as anybody would set it up.
LOSSES = {"the same": nn.NLLLoss(), "theirs": nn.CrossEntropyLoss()}
STEP, ITERATIONS = 0.1, 30
JOBS = [(label, target, seed) for seed in (150, 151) for label in LABELS for target in LABELS if label != target]


class WholeSequence(nn.Module):
    """From magnitudes ``[n, n_frames, n_bins]`` to the mean over frames of the log posterior ``[n, n_labels]``."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, magnitudes):
        return self.network(magnitudes).log_softmax(-1).mean(1)


def by_art(magnitude: torch.Tensor, target: int, snr: float, loss: nn.Module) -> np.ndarray:
    """Magnitudes ``[n_frames, n_bins]`` after all iterations."""
    estimator = PyTorchClassifier(
        WholeSequence(system().network),
        loss=loss,
        input_shape=tuple(magnitude.shape),
        nb_classes=len(LABELS),
        clip_values=(0.0, 1e6),
        device_type="cpu",
    )
    radius = float(torch.linalg.vector_norm(magnitude)) * 10 ** (-snr / 20)
    attack = ProjectedGradientDescentPyTorch(
        estimator, norm=2, eps=radius, eps_step=STEP * radius, max_iter=ITERATIONS, targeted=True, verbose=False
    )
    return attack.generate(magnitude[None].numpy(), y=np.eye(len(LABELS), dtype=np.float32)[[target]])[0]


def decision(magnitude: np.ndarray, target: str) -> tuple[str, float]:
    """Label, and mean posterior of the target, by the network alone."""
    with torch.no_grad():
        posterior = system().network(torch.from_numpy(magnitude)).softmax(-1).mean(0)
    return LABELS[int(posterior.argmax())], float(posterior[LABELS.index(target)])


def test_the_same_loss_gives_the_same_magnitudes():
    """With the loss that we have, iterate by iterate: two implementations of one thing."""
    for start, target, seed in JOBS[:3]:
        wave, index = recording(start, seed, 0.5), LABELS.index(target)
        magnitude = spectra.magnitudes(torch.from_numpy(wave))
        model = Model(system().network, LABELS)
        budget = Budget(snr=24.0, confidence=0.999999, max_iterations=ITERATIONS)
        batch = Batch(model, [wave], [index], ["w"], budget, generators=[np.random.default_rng(0)])
        seen, gradient = [], batch.gradient
        batch.gradient = lambda change, seen=seen, find=gradient: (seen.append(change), find(change))[1]
        Algorithm1(step=STEP, step_unit="budget", consistency="never").run(batch, Judge(batch, model.decide))
        theirs = by_art(magnitude, index, 24.0, LOSSES["the same"])
        moved = np.linalg.norm(theirs - magnitude.numpy())
        assert moved > 0 and np.linalg.norm((magnitude + seen[-1][0]).numpy() - theirs) < 1e-3 * moved


@pytest.fixture(scope="module")
def found():
    """``(who, budget)`` -> for each excerpt the label of the iterate, and the target's mean posterior there."""
    waves, targets = [recording(start, seed, 0.5) for start, _, seed in JOBS], [target for _, target, _ in JOBS]
    made = {}
    for snr in BUDGETS:
        results = adversary.attack(
            system(),
            waves,
            targets,
            Budget(snr, confidence=0.999999, max_iterations=ITERATIONS),
            method=Algorithm1(step=STEP, step_unit="budget", consistency="never"),
        )
        made["ours", snr] = [(result.iterate_label, result.iterate_confidence) for result in results]
        for name, loss in LOSSES.items():
            made[name, snr] = []
            for wave, target in zip(waves, targets, strict=True):
                magnitude = spectra.magnitudes(torch.from_numpy(wave))
                theirs = by_art(magnitude, LABELS.index(target), snr, loss)
                limit = float(torch.linalg.vector_norm(magnitude)) * 10 ** (-snr / 20)
                assert np.linalg.norm(theirs - magnitude.numpy()) <= limit * 1.0001
                made[name, snr].append(decision(theirs, target))
    return made


def successes(decisions: list[tuple[str, float]]) -> int:
    return sum(label == target for (label, _), (_, target, _) in zip(decisions, JOBS, strict=True))


@pytest.mark.parametrize("snr", BUDGETS)
@pytest.mark.parametrize("loss", LOSSES)
def test_at_least_as_successful_and_as_sure(found, loss, snr):
    ours, theirs = found["ours", snr], found[loss, snr]
    assert successes(ours) >= successes(theirs)
    sure, other = (np.array([confidence for _, confidence in side]) for side in (ours, theirs))
    assert sure.mean() >= other.mean()
    if loss == "the same":
        assert (sure >= other - 1e-3).all()  # each of them; float32


def test_the_budgets_are_hard_and_easy(found):
    counts = [successes(found["ours", snr]) for snr in BUDGETS]
    assert len(JOBS) == 12 and 0 < counts[0] < 12 and counts == sorted(counts) and counts[-1] == 12
