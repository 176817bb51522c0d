"""Adversaries made for one system and given to another: which of them transfer.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import adversary
from ...adversary import Algorithm1
from ...evaluation import share
from ...networks import System
from ..baselines import MFCCBaseline
from ..datasets import Dataset
from ..harness.attacking import choose
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.forests import forest_on
from ..harness.recipes import networks
from ..harness.systems import labels_of, partition_of, trained_system
from ..measurements import measurement

N_EXCERPTS = {"quick": 30, "full": 20}
FOREST, BASELINE = "forest on dnn50", "mfcc"

Listener = Callable[[np.ndarray], str]  #: from a waveform ``[n_samples]`` to a label


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """For every pair of systems, how often an adversary of the first gets its target from the second.

    Adversaries are within 15 dB at confidence 0.9; every step is a tenth of the budget long. All systems of the
    configuration's partition are trained on the same excerpts, and not on the test excerpts; systems of other
    partitions may be. The forest and the hand-crafted baseline are only listeners.

    A listener must have the same labels. If some labels cannot be artist-filtered, as in gtzan-mini, no system of that
    partition listens: it could never give a target that it has not learned.

    ``success``: the listener gives the target; ``changed``: it gives another label than to the original. The
    conditions are ``source``, ``listener``, and what the listener is trained on: ``partition`` and ``training`` (the
    seed).
    """
    sources = ("dnn50", networks(config.profile)[-1], "dnn50-log", "dnn50-mel", "cdnn")
    labels = partition_of(config, dataset).labels
    # Only systems of this partition are attacked: the test excerpts are new to all of them.
    configs = {name: config.but(system=name) for name in sources} | {
        name: one for name, one in _of_other_partitions(config).items() if partition_of(one, dataset).labels == labels
    }
    systems = {name: trained_system(one, dataset, progress=progress) for name, one in configs.items()}
    listeners = {name: _listener(system) for name, system in systems.items()}
    listeners |= _others(systems["dnn50"], dataset)
    chosen = choose([systems[name] for name in sources], dataset, N_EXCERPTS[config.profile], seed=config.seed)
    clean = {name: [listen(w) for w in chosen.waveforms] for name, listen in listeners.items()}

    measurements, white_box = [], []
    for source in sources:
        attacked = adversary.attack(
            systems[source],
            list(chosen.waveforms),
            list(chosen.targets),
            adversary.Budget(config.snr, config.confidence, config.max_iterations),
            method=Algorithm1(step_unit="budget"),
            batch_size=8,
            names=list(chosen.excerpts),
            progress=progress,
        )
        for name, listen in listeners.items():
            heard = [listen(r.waveform) for r in attacked]
            hit = [h == r.target for h, r in zip(heard, attacked, strict=True)]
            changed = [h != c for h, c in zip(heard, clean[name], strict=True)]
            one = configs.get(name, config)
            of = {"source": source, "listener": name, "partition": one.partition, "training": one.seed}
            measurements += [measurement("success", share(hit), **of), measurement("changed", share(changed), **of)]
            if name == source:
                white_box.append(share(hit))
    measurements.append(measurement("least_white_box", min(white_box, key=lambda one: one.estimate)))
    return measurements, {}


def _of_other_partitions(config: Config) -> dict[str, Config]:
    """Networks that only listen: drawn with another seed, or artist-filtered."""
    return {
        "dnn50, seed 1": config.but(system="dnn50", seed=config.seed + 1),
        "dnn50, artist-filtered": config.but(system="dnn50", partition="artist_filtered"),
        "cdnn, artist-filtered": config.but(system="cdnn", partition="artist_filtered"),
    }


def _listener(system: System) -> Listener:
    return lambda w: system.classify(w).label


def _others(system: System, dataset: Dataset) -> dict[str, Listener]:
    """Listeners that are not networks: a forest on the network's activations, and the hand-crafted baseline."""
    parts, label_of = system.metadata["parts"], labels_of(dataset)
    learned = [*parts["train"], *parts["valid"]]
    waveforms = [dataset.load(excerpt) for excerpt in learned]
    truth = [label_of[excerpt] for excerpt in learned]
    forest, _ = forest_on(system, dataset)
    baseline = MFCCBaseline("shared").fit([MFCCBaseline.describe(w) for w in waveforms], truth)
    return {
        FOREST: lambda w: str(forest.predict([w])[0]),
        BASELINE: lambda w: str(baseline.predict([MFCCBaseline.describe(w)])[0]),
    }


EXPERIMENT = Experiment(measure, recorded=True, partitions=lambda config, _: (config.partition, "artist_filtered"))
