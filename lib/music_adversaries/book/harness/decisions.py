"""The label that every system gives to every test excerpt: the basis of Table 1 and of all comparisons.

For one partition and seed: a network's own decisions, those of random forests on its activations, and those
of the hand-crafted baselines. The result of a job is kept in the cache as soon as it is finished, so a stopped run
continues after the last finished job.

Paper: Table 1
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import torch
from tqdm.auto import tqdm

from ...cache import cache_dir, read_json, write_json
from ...networks import System
from .. import features
from ..baselines import ForestOnActivations, MFCCBaseline
from ..datasets import Dataset
from . import spectrograms
from .config import Config, code_of
from .data import loaded
from .grid import n_frames, n_processes, over_processes
from .recipes import BASELINE
from .systems import labels_of, one_thread, partition_of, test_set, trained_system

LAYERS: tuple[int | str, ...] = (1, 2, 3, "all")
N_TREES = 500
COVARIANCES = ("shared", "per_class")  # of the hand-crafted baseline


@dataclass(frozen=True)
class Job:
    """One network with the forests on it, or the baselines; on one partition with one seed."""

    config: Config
    baselines: bool = False  #: the hand-crafted baselines instead of a network
    forests: tuple[int | str, ...] = ()  #: for each entry, a forest on these layers

    @property
    def system(self) -> str:
        """The network's name, or ``"mfcc"``."""
        return BASELINE if self.baselines else self.config.system

    def expected(self, frames: int) -> float:
        """Roughly how many multiplications and additions it takes, for so many training frames."""
        return 1e9 if self.baselines else self.config.recipe.arithmetic(self.config.profile, frames)


def decide(job: Job, dataset: Dataset | None = None) -> dict[str, Any]:
    """The labels that the systems of a job give to the test excerpts; from the cache, or computed now and kept.

    Returns
    -------
    dict
        ``system``, ``partition``, ``seed``; ``excerpts`` and ``truth`` (true labels) of the test part;
        ``said``: from the name of each classifier (``"network"``, ``"forest 1"`` to ``"forest 3"``, ``"forest all"``,
        ``"shared"``, ``"per_class"``) to the labels that it gives; ``labels``; ``n_train``; ``epochs``, ``seconds``.

    Paper: Table 1
    Notebook: book/04_baselines.ipynb
    """
    config = job.config
    dataset = dataset or loaded(config)
    key = config.of_system().key(
        dataset.fingerprint,
        code_of("book/harness/decisions"),
        torch.__version__,
        repr((job.baselines, job.forests)),
    )
    path = cache_dir() / "decisions" / f"{job.system}-{config.partition}-{config.seed}-{key}.json"
    kept = read_json(path)
    if kept is not None:
        return kept
    start = time.perf_counter()
    with one_thread():
        found = _baselines(config, dataset) if job.baselines else _network(job, dataset)
    found = {
        "system": job.system,
        "partition": config.partition,
        "seed": config.seed,
        **found,
        "seconds": round(time.perf_counter() - start, 1),
    }
    write_json(path, found)
    return found


def decide_all(
    jobs: Iterable[Job], dataset: Dataset, *, progress: bool = False, executor: Executor | None = None
) -> list[dict[str, Any]]:
    """`decide` for every job, in parallel processes; the progress bar estimates the remaining time."""
    jobs = list(jobs)
    device = jobs[0].config.device if jobs else "cpu"
    spectrograms.keep(dataset, progress=progress)  # once, before each process computes it for itself
    frames = n_frames(dataset)
    weights = [job.expected(frames) for job in jobs]
    if progress:
        count = n_processes(len(jobs), device)
        processes = f"{count} process{'es' if count > 1 else ''}"
        about = f", {_minutes(sum(weights) / _rate() / count)}" if device == "cpu" else ""
        tqdm.write(f"{len(jobs)} jobs in {processes}{about} if none of it is in the cache; what is done is kept.")
    return over_processes(
        decide, jobs, weights=weights, description="systems", progress=progress, executor=executor, device=device
    )


def _network(job: Job, dataset: Dataset) -> dict[str, Any]:
    config = job.config
    system = trained_system(config, dataset, progress=False)
    system.network.to(config.device)
    waveforms, truth = test_set(system, dataset)
    said = {"network": [decision.label for decision in system.classify_all(waveforms)]}
    parts = system.metadata["parts"]
    if job.forests:
        said |= _forests(job, system, dataset)
    return {
        "labels": list(system.labels),
        "excerpts": list(waveforms),
        "truth": truth,
        "said": said,
        "n_train": len(parts["train"]),
        "epochs": len(system.history["train_loss"]),
    }


def _forests(job: Job, system: System, dataset: Dataset) -> dict[str, list[str]]:
    """Forests fitted to training and validation excerpts, as in the paper."""
    parts, label_of = system.metadata["parts"], labels_of(dataset)
    learned = [*parts["train"], *parts["valid"]]
    described = {
        excerpt: features.activation_windows(system, dataset.load(excerpt), name=excerpt)
        for excerpt in (*learned, *parts["test"])
    }
    said = {}
    for layers in job.forests:
        forest = ForestOnActivations(system, layers, n_estimators=N_TREES)
        forest.fit([described[e] for e in learned], [label_of[e] for e in learned])
        said[f"forest {layers}"] = forest.predict([described[e] for e in parts["test"]]).tolist()
    return said


def _baselines(config: Config, dataset: Dataset) -> dict[str, Any]:
    partition, label_of = partition_of(config, dataset), labels_of(dataset)
    train, valid, test = (partition.excerpts(part) for part in ("train", "valid", "test"))
    learned = [*train, *valid]
    described = {e: MFCCBaseline.describe(dataset.load(e), e) for e in (*learned, *test)}
    said = {}
    for covariance in COVARIANCES:
        baseline = MFCCBaseline(covariance).fit([described[e] for e in learned], [label_of[e] for e in learned])
        said[covariance] = baseline.predict([described[e] for e in test]).tolist()
    return {
        "labels": list(partition.labels),
        "excerpts": test,
        "truth": [label_of[e] for e in test],
        "said": said,
        "n_train": len(train),
        "epochs": 0,
    }


def _rate() -> float:
    """Roughly how many multiplications and additions one thread does in a second, in a layer's matrix product."""
    with one_thread():
        a, b = torch.rand(1_024, 512), torch.rand(512, 512)
        a @ b
        start = time.perf_counter()
        for _ in range(10):
            a @ b
        return 10 * 2 * a.numel() * len(b) / (time.perf_counter() - start)


def _minutes(seconds: float) -> str:
    return f"about {max(1, round(seconds / 60))} min" if seconds < 5_400 else f"about {seconds / 3_600:.1f} hours"
