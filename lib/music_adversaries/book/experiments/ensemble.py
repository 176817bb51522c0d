"""The same recordings, every label: does the adversary reach all labels?

Paper: Section 4
Notebook: book/06_ensembles.ipynb
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from tqdm.auto import tqdm

from ... import adversary
from ...evaluation import cluster_wilson, mean_interval
from ...networks import System
from ..datasets import Dataset
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.systems import labels_of, test_set, trained_system
from ..measurements import Measurement, measurement
from ..partitions import clusters
from ..partitions.names import tracks

LOWER_CONFIDENCE = 0.5  # in addition to the configuration's; the paper's two values are lost in our copy
N_SHOWN = 10  # excerpts on the page: as many as in the paper
N_EXCERPTS = 40  # at most, in the record: with ten excerpts, even ten successes would show no more than 72 %


def chosen_excerpts(system: System, dataset: Dataset, count: int = N_EXCERPTS) -> list[str]:
    """Test excerpts to start from: first those that the system labels correctly, with classes alternating.

    A second excerpt of the same recording or artist is taken only if no others are left.

    Notebook: book/06_ensembles.ipynb
    """
    waveforms, truth = test_set(system, dataset)
    excerpts = list(waveforms)
    table = dataset.manifest.table
    kinds = (
        labels_of(dataset),
        dict(zip(excerpts, clusters(dataset.manifest, excerpts), strict=True)),
        dict(zip(table["excerpt"], tracks(table), strict=True)),
    )
    right = [decision.label == label for decision, label in zip(system.classify_all(waveforms), truth, strict=True)]
    return [
        excerpt
        for wanted in (True, False)
        for excerpt in _alternating(
            [e for e, is_right in zip(excerpts, right, strict=True) if is_right == wanted], kinds
        )
    ][:count]


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """How many labels are reached at two confidences (the condition ``confidence``), and at which SNR.

    Attempts on one excerpt are not independent, so ``n`` counts excerpts. ``labels_reached`` and ``labels_confident``
    are shares of all attempts, including those at the excerpt's own label. Wilson's interval is over excerpts, as if
    the labels of an excerpt were reached either all or not at all.

    ``snr`` is first averaged within each excerpt, over the labels reached that it did not have from the start, and then
    over excerpts, with Student's interval. ``snr_drop`` is the SNR at the lower confidence minus that at the higher,
    paired by attempt, over labels reached at both; it is averaged in the same way.
    """
    system = trained_system(config, dataset, progress=progress)
    excerpts = chosen_excerpts(system, dataset)
    confidences = dict.fromkeys((LOWER_CONFIDENCE, config.confidence))
    rows = []
    for excerpt in tqdm(excerpts, desc="ensemble", unit="excerpt", disable=not progress, leave=False):
        waveforms = [dataset.load(excerpt)] * len(system.labels)
        for confidence in confidences:
            attacked = adversary.attack(
                system,
                waveforms,
                system.labels,
                adversary.Budget(config.snr, confidence, config.max_iterations),
                method=adversary.Algorithm1(step=config.step),
                names=[excerpt] * len(waveforms),
                progress=False,
            )
            rows += [{"excerpt": excerpt, "asked_confidence": confidence, **result.report()} for result in attacked]
    rows.sort(key=lambda row: row["asked_confidence"])
    measurements, snrs = [], {}
    for confidence in confidences:
        mine = [row for row in rows if row["asked_confidence"] == confidence]
        for quantity, what in (("labels_reached", "success"), ("labels_confident", "confident")):
            share = cluster_wilson([row[what] for row in mine], [row["excerpt"] for row in mine])
            measurements.append(measurement(quantity, share, confidence=confidence))
        # An excerpt that has the label from the start does not show what another label costs.
        snrs[confidence] = {
            (row["excerpt"], row["target"]): row["snr_magnitude"]
            for row in mine
            if row["success"] and row["target"] != row["original_label"]
        }
        measurements += _mean("snr", snrs[confidence], confidence=confidence)
    lower, higher = snrs[LOWER_CONFIDENCE], snrs[config.confidence]
    measurements += _mean("snr_drop", {job: lower[job] - higher[job] for job in lower if job in higher})
    return measurements, {"by_label": rows}


def _alternating(excerpts: Sequence[str], kinds: Sequence[Mapping[str, str]]) -> list[str]:
    """Sorted so that kinds alternate: the first excerpt of every kind, then the second of every kind, and so on.

    The last of ``kinds`` has the most weight.
    """
    for kind in kinds:
        seen: Counter[str] = Counter()
        turns = {}
        for excerpt in excerpts:
            turns[excerpt] = seen[kind[excerpt]]
            seen[kind[excerpt]] += 1
        excerpts = sorted(excerpts, key=turns.__getitem__)
    return list(excerpts)


def _mean(quantity: str, values: Mapping[tuple[str, str], float], **conditions: float) -> list[Measurement]:
    """The mean over excerpts of their means over labels; nothing with fewer than two excerpts."""
    by_excerpt: dict[str, list[float]] = {}
    for (excerpt, _), value in values.items():
        by_excerpt.setdefault(excerpt, []).append(value)
    if len(by_excerpt) < 2:
        return []
    mean = mean_interval([float(np.mean(v)) for v in by_excerpt.values()], unit="dB")
    return [measurement(quantity, mean, **conditions)]


EXPERIMENT = Experiment(measure, seconds=40.0)
