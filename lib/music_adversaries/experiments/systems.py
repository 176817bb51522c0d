"""Trained systems, kept by the hash of everything that made them.

Paper: Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .. import datasets, partitions, spectra, training
from ..cache import cache_dir, code_version
from ..datasets import Dataset
from ..networks import DNN, Standardise, System
from ..partitions import Partition
from .config import Config

# The modules on which a trained system depends.
CODE = ("spectra", "audio", "partitions", "networks", "training", "experiments/systems")

UPDATES_AN_EPOCH = 538  # GTZAN's 500 training excerpts of 30 s have 645,500 frames: 538 batches of 1,200


def show_progress() -> bool:
    """Progress bars, except where stored notebooks are executed."""
    return not os.environ.get("MUSIC_ADVERSARIES_STATIC")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, so that sums are added in one order and results repeat to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def batch_size(n_frames: int) -> int:
    """Frames in a batch: the published 1,200 at GTZAN's size, fewer on smaller sets.

    A smaller set would otherwise get fewer updates an epoch and stop before it has learned
    anything; so an epoch has as many updates as the paper's.
    """
    return int(np.clip(round(n_frames / UPDATES_AN_EPOCH), 32, 1_200))


def partition_of(config: Config, dataset: Dataset) -> Partition:
    """The partition a configuration names, restricted to its labels.

    Notebook: book/02_partitions.ipynb
    """
    manifest = dataset.manifest
    if config.labels is not None:
        manifest = partitions.restrict(manifest, config.labels)
    return partitions.named(manifest, config.partition, seed=config.seed, shares=datasets.shares(config.dataset))


def common_labels(config: Config, dataset: Dataset) -> tuple[str, ...] | None:
    """The classes that can be artist-filtered, for comparing partitions on the same ones; None for all of them."""
    labels = partition_of(config.but(partition="artist_filtered"), dataset).labels
    return None if labels == dataset.labels else labels


def _labels_of(dataset: Dataset) -> dict[str, str]:
    table = dataset.manifest.table
    return dict(zip(table["excerpt"], table["label"], strict=True))


def _frames(dataset: Dataset, excerpts: list[str], labels: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """Magnitude frames ``[n_frames, n_bins]`` of some excerpts in one array, and their label indices."""
    label_of = _labels_of(dataset)
    sequences = [spectra.magnitudes(torch.from_numpy(dataset.load(excerpt))) for excerpt in excerpts]
    targets = [
        torch.full((len(sequence),), labels.index(label_of[excerpt]))
        for excerpt, sequence in zip(excerpts, sequences, strict=True)
    ]
    return torch.cat(sequences), torch.cat(targets)


def trained_system(config: Config, dataset: Dataset | None = None, *, progress: bool | None = None) -> System:
    """The system of a configuration: from the cache, or trained now and kept.

    Its metadata hold the learning curves and the excerpts of each part.

    Paper: Section 2.3
    Notebook: book/03_training.ipynb
    """
    progress = show_progress() if progress is None else progress
    dataset = dataset or config.load_dataset(progress)
    # What the attack will be is no part of the system.
    essence = Config(
        dataset=config.dataset, profile=config.profile, partition=config.partition,
        labels=config.labels, system=config.system, seed=config.seed, seeds=(),
    )  # fmt: skip
    key = essence.key(dataset.fingerprint, code_version(*CODE), torch.__version__)
    path = cache_dir() / "systems" / f"{config.system}-{config.partition}-{config.seed}-{key}.pt"
    if path.exists():
        return System.load(path)
    with one_thread():
        system = _train(config, dataset, progress)
    system.save(path)
    return system


def _train(config: Config, dataset: Dataset, progress: bool) -> System:
    partition = partition_of(config, dataset)
    labels = partition.labels
    frames, targets = _frames(dataset, partition.excerpts("train"), labels)
    valid_frames, valid_targets = _frames(dataset, partition.excerpts("valid"), labels)
    generator = torch.Generator().manual_seed(config.seed)
    network = DNN(Standardise.fit(frames), len(labels), config.n_units, generator=generator)
    schedule = training.Schedule(batch_size=batch_size(len(frames)))
    history = training.train(
        network, frames, targets, valid_frames, valid_targets, schedule, seed=config.seed, progress=progress
    )
    parts = {part: partition.excerpts(part) for part in ("train", "valid", "test")}
    about = {
        "history": history,
        "parts": parts,
        "notes": list(partition.notes),
        "batch_size": schedule.batch_size,
        "n_frames": {"train": len(frames), "valid": len(valid_frames)},
    }
    return System(network, labels, about)


def test_set(system: System, dataset: Dataset) -> tuple[dict[str, np.ndarray], list[str]]:
    """Waveforms of the excerpts that a system was not trained on, by excerpt, and their labels.

    Notebook: book/03_training.ipynb
    """
    label_of = _labels_of(dataset)
    excerpts = system.metadata["parts"]["test"]
    return {excerpt: dataset.load(excerpt) for excerpt in excerpts}, [label_of[excerpt] for excerpt in excerpts]


test_set.__test__ = False  # its name is no test's


@lru_cache(maxsize=2)
def loaded(name: str, profile: str, path: str | None) -> Dataset:
    """A dataset, loaded once a process: for workers that run several configurations."""
    return Config(dataset=name, profile=profile, path=path).load_dataset()
