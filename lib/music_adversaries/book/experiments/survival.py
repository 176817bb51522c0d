"""What remains of an adversary after re-synthesis, rounding, coding, filtering, resampling and a change of level.

Paper: Section 3.1, Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from ... import adversary
from ...adversary import PGD, Algorithm1
from ...adversary.methods import Method
from ...evaluation import share
from ...processing import PROCESSES
from ..datasets import Dataset
from ..harness.attacking import choose
from ..harness.config import Config
from ..harness.experiment import Experiment, Measured
from ..harness.systems import trained_system
from ..measurements import measurement

N_EXCERPTS = {"quick": 40, "full": 26}
METHODS: dict[str, Method] = {
    "each step": Algorithm1(),
    "at the end": Algorithm1(consistency="at_end"),
    "never": Algorithm1(consistency="never"),
    "waveform": PGD(),
}


def measure(config: Config, dataset: Dataset, progress: bool) -> Measured:
    """How often the target's label is given: to the iterate, to the waveform, to the written file, after processing.

    Targets are labels that the system does not give. ``success`` at the ``stage`` "iterate" is what the attack itself
    sees. For Algorithm 1 without consistency the iterate is not the spectrum of any waveform, so some successes are
    lost in re-synthesis. A ``process`` is applied to the written adversaries of Algorithm 1 and of the waveform attack;
    ``original_kept`` is how often the same process leaves the label of the original unchanged.
    """
    system = trained_system(config, dataset, progress=progress)
    chosen = choose([system], dataset, N_EXCERPTS[config.profile], seed=config.seed)
    measurements, rows = [], []
    for case, method in METHODS.items():
        attacked = adversary.attack(
            system,
            list(chosen.waveforms),
            list(chosen.targets),
            adversary.Budget(config.snr, config.confidence, config.max_iterations),
            method=method,
            names=list(chosen.excerpts),
            progress=progress,
        )
        stages = {
            "iterate": [r.iterate_label == r.target for r in attacked],
            "waveform": [r.unrounded_label == r.target for r in attacked],
            "written": [r.success for r in attacked],
        }
        measurements += [measurement("success", share(hits), case=case, stage=s) for s, hits in stages.items()]
        if case not in ("each step", "waveform"):
            continue
        for process, apply in PROCESSES.items():
            if process == "as written":
                continue  # no process: the stage "written" has it
            after = [system.classify(apply(r.waveform)) for r in attacked]
            alone = [system.classify(apply(w)).label for w in chosen.waveforms]
            hits = [d.label == r.target for d, r in zip(after, attacked, strict=True)]
            measurements.append(measurement("success", share(hits), case=case, process=process))
            if case == "each step":
                kept = [label == r.original_label for label, r in zip(alone, attacked, strict=True)]
                measurements.append(measurement("original_kept", share(kept), process=process))
            rows += [
                {"case": case, "process": process, "excerpt": excerpt, "target": r.target, "label": d.label}
                for excerpt, r, d in zip(chosen.excerpts, attacked, after, strict=True)
            ]
    return measurements, {"by_excerpt": rows}


EXPERIMENT = Experiment(measure, recorded=True)
