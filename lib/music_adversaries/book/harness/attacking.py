"""What the experiments with adversaries share: which excerpts, which targets, at which budgets.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ... import adversary
from ...adversary.methods import Method
from ...networks import System
from ..datasets import Dataset
from .systems import labels_of


@dataclass(frozen=True)
class Chosen:
    """Test excerpts to attack, with their true labels and a target each that the system does not give them yet."""

    excerpts: tuple[str, ...]
    waveforms: tuple[np.ndarray, ...]
    truth: tuple[str, ...]
    targets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.excerpts)


def choose(systems: Sequence[System], dataset: Dataset, count: int, *, seed: int) -> Chosen:
    """Test excerpts, drawn so that labels are as even as they can be, with a target each that no system gives it.

    Parameters
    ----------
    systems : trained on the same partition
    count : int
        At most so many.
    seed : int
        Of the excerpts and of the targets.

    Notebook: book/05_adversaries.ipynb
    """
    label_of, rng = labels_of(dataset), np.random.default_rng(seed)
    test = systems[0].metadata["parts"]["test"]
    groups: dict[str, list[str]] = {}
    for excerpt in test:
        groups.setdefault(label_of[excerpt], []).append(excerpt)
    shuffled = [list(rng.permutation(group)) for group in groups.values()]
    turns = [group[i] for i in range(max(map(len, shuffled))) for group in shuffled if i < len(group)]
    excerpts = tuple(str(e) for e in turns[:count])
    waveforms = tuple(dataset.load(excerpt) for excerpt in excerpts)
    targets = []
    for waveform in waveforms:
        said = {system.classify(waveform).label for system in systems}
        free = [label for label in systems[0].labels if label not in said]
        targets.append(str(rng.choice(free or list(systems[0].labels))))
    return Chosen(excerpts, waveforms, tuple(label_of[e] for e in excerpts), tuple(targets))


def nested(
    attack: Callable[[list[np.ndarray], list[str], list[str], float], list[adversary.AdversaryResult]],
    chosen: Chosen,
    budgets: Sequence[float],
    *,
    description: str,
    progress: bool = False,
    reached: Callable[[adversary.AdversaryResult], bool] = lambda result: result.success,
    fixed_step: bool = False,
) -> list[dict[str, Any]]:
    """One attack at smaller and smaller SNRs; an excerpt that succeeded keeps its adversary.

    A waveform within 30 dB is within 20 dB too, so success can only grow as the budget does, and only those
    not yet reached are attacked again.

    Parameters
    ----------
    fixed_step : bool
        The attack's steps do not depend on the budget, and nothing is drawn. Then one that went the same way within
        two budgets has met neither, and would go that way within any larger one: it is not run again.

    Returns
    -------
    list of dict
        For each excerpt and budget: ``excerpt``, ``target``, ``budget``, ``reached``, and the adversary's ``snr``,
        ``confidence`` in the target and ``iterations`` (of the attack that reached it, or of the one that did not).
    """
    found: dict[int, tuple[float, adversary.AdversaryResult]] = {}
    missed: dict[int, adversary.AdversaryResult] = {}
    settled: set[int] = set()
    rows = []
    for budget in tqdm(sorted(budgets, reverse=True), desc=description, disable=not progress, leave=False):
        todo = [i for i in range(len(chosen)) if i not in found and i not in settled]
        if todo:
            results = attack(
                [chosen.waveforms[i] for i in todo],
                [chosen.targets[i] for i in todo],
                [chosen.excerpts[i] for i in todo],
                budget,
            )
            for i, result in zip(todo, results, strict=True):
                if reached(result):
                    found[i] = budget, result
                else:
                    if fixed_step and i in missed and _same_way(missed[i], result):
                        settled.add(i)
                    missed[i] = result
        for i in range(len(chosen)):
            result = found[i][1] if i in found else missed[i]
            rows.append(
                {
                    "excerpt": chosen.excerpts[i],
                    "target": chosen.targets[i],
                    "budget": budget,
                    "reached": i in found,
                    "snr": _finite(result.snr_magnitude),
                    "confidence": round(result.target_confidence, 4),
                    "iterations": result.iterations,
                }
            )
    return rows


def _same_way(before: adversary.AdversaryResult, now: adversary.AdversaryResult) -> bool:
    """Whether an attack met neither of two budgets, nor was its waveform turned down to the smaller of them."""
    return before.trace == now.trace and now.snr_magnitude >= before.snr_limit


def _finite(snr: float) -> float | str:
    return round(snr, 3) if np.isfinite(snr) else "inf"


def attack_within(
    budgets: Sequence[float],
    system: System,
    method: str | Method,
    chosen: Chosen,
    *,
    confidence: float,
    max_iterations: int,
    description: str,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """One system attacked by one method within each budget in dB: the rows of `nested`.

    Few excerpts at a time: a convolutional network's gradient needs much memory for each.
    """

    def attack(
        waveforms: list[np.ndarray], targets: list[str], names: list[str], snr: float
    ) -> list[adversary.AdversaryResult]:
        return adversary.attack(
            system,
            waveforms,
            targets,
            adversary.Budget(snr, confidence, max_iterations),
            method=method,
            batch_size=4,
            names=names,
        )

    return nested(attack, chosen, budgets, description=description, progress=progress)
