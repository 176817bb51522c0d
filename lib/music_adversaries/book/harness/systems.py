"""Trained systems, kept by the hash of everything that determines them.

Paper: Section 2.3
Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ... import spectra, training
from ...cache import cache_dir, check_writable
from ...errors import InputError
from ...networks import System, slices
from ...networks.slices import SLICE_LENGTH
from .. import datasets, partitions
from ..datasets import Dataset
from ..processes import only_one
from . import spectrograms
from .config import Config, code_of
from .data import load_dataset
from .recipes import training_hop

if TYPE_CHECKING:
    from ..partitions import Partition


def show_progress() -> bool:
    """Whether to show progress bars: not while stored notebooks are executed."""
    return not os.environ.get("MUSIC_ADVERSARIES_STATIC")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, so that sums are added in one order and results repeat to the last bit."""
    from threadpoolctl import threadpool_limits  # here, since it is not needed if the system is already trained

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(
            1, user_api="blas"
        ):  # NumPy's threads, which the variables set by `tools/refresh.py` may not reach
            yield
    finally:
        torch.set_num_threads(before)


def partition_of(config: Config, dataset: Dataset) -> Partition:
    """The partition a configuration names, restricted to its labels.

    Notebook: book/02_partitions.ipynb
    """
    manifest = dataset.manifest
    if config.labels is not None:
        manifest = partitions.restrict(manifest, config.labels)
    return partitions.named(manifest, config.partition, seed=config.seed, shares=datasets.shares(config.dataset))


def common_labels(config: Config, dataset: Dataset) -> tuple[str, ...] | None:
    """The classes that can be artist-filtered, so that partitions are compared on the same classes; None for all."""
    labels = partition_of(config.but(partition="artist_filtered"), dataset).labels
    return None if labels == dataset.labels else labels


def labels_of(dataset: Dataset) -> dict[str, str]:
    """The true label of each excerpt."""
    table = dataset.manifest.table
    return dict(zip(table["excerpt"], table["label"], strict=True))


def rows_for_training(
    dataset: Dataset,
    excerpts: list[str],
    labels: tuple[str, ...],
    hop: int | Callable[[int], int] | None = None,
    *,
    progress: bool = False,
) -> tuple[Tensor, Tensor]:
    """The rows that a network is trained on, in one array, with label indices ``[n_rows]``.

    Frames ``[n_frames, n_bins]``, or, if a hop is given, slices ``[n_slices, 100, n_bins]`` that begin every
    ``hop`` frames of an excerpt. A function computes the hop from the number of frames of all excerpts.

    Notebook: book/03_training.ipynb
    """
    label_of = labels_of(dataset)
    sequences, lengths = spectrograms.of(dataset, excerpts, progress=progress)
    if hop is None:
        counts, parts = lengths, sequences
        shape: tuple[int, ...] = (spectra.N_BINS,)
    else:
        hop = hop(sum(lengths)) if callable(hop) else hop
        counts = [max(0, (length - SLICE_LENGTH) // hop + 1) for length in lengths]
        shape = (SLICE_LENGTH, spectra.N_BINS)
        if not all(counts):
            short = excerpts[counts.index(0)]
            raise InputError(
                f"{short} has {lengths[counts.index(0)]} frames, fewer than one slice of {SLICE_LENGTH}; leave out "
                "excerpts shorter than 2.4 s, or train a dnn."
            )
        parts = (slices(sequence, hop=hop) for sequence in sequences)
    targets = [labels.index(label_of[excerpt]) for excerpt in excerpts]
    rows = spectrograms.contiguous(parts, sum(counts), shape)
    return rows, torch.repeat_interleave(torch.tensor(targets), torch.tensor(counts))


def trained_system(config: Config, dataset: Dataset | None = None, *, progress: bool | None = None) -> System:
    """The system of a configuration, on the CPU: from the cache, or trained now and kept.

    An interrupted training continues from its last epochs. A kept system that is damaged is trained again.

    The metadata of the system hold the learning curves and the excerpts of each part.

    Paper: Section 2.3
    Notebook: book/03_training.ipynb
    """
    progress = show_progress() if progress is None else progress
    training.device_of(config.device)  # before anything that takes long
    dataset = dataset or load_dataset(config, progress)
    path = system_path(config, dataset.fingerprint)
    kept = _sound(path)
    if kept is not None:
        return kept
    with only_one(path):
        kept = _sound(path)  # another process has trained it meanwhile
        if kept is not None:
            return kept
        check_writable(path)
        with one_thread():
            system = _train(config, dataset, path.with_suffix(".partial"), progress)
        try:
            system.save(path)
        except InputError as error:  # what was trained is not lost by that
            said = f"{str(error).rstrip('.')}; the system is used now, and trained again next time."
            warnings.warn(said, stacklevel=2)
    return system


def _sound(path: Path) -> System | None:
    """The system in a file; None where there is none, or it is damaged: it is trained again."""
    if not path.exists():
        return None
    try:
        return System.load(path)
    except InputError as error:
        warnings.warn(f"{str(error).partition(';')[0]}; it is trained again.", stacklevel=3)
        return None


def system_path(config: Config, fingerprint: str) -> Path:
    """The file of a configuration's system, trained on the dataset with that fingerprint; it may not exist yet."""
    key = config.of_system().key(fingerprint, code_of("book/harness/systems"), torch.__version__)
    return cache_dir() / "systems" / f"{config.system}-{config.partition}-{config.seed}-{key}.pt"


def systems_missing(configs: Iterable[Config]) -> list[tuple[Config, Dataset]]:
    """The configurations whose system is not in the cache, each system once, with their datasets."""
    at_hand: dict[tuple[str | None, ...], Dataset] = {}
    missing: dict[Path, tuple[Config, Dataset]] = {}
    for config in configs:
        named = (config.dataset, config.profile, config.path, config.labelling)
        if named not in at_hand:
            at_hand[named] = load_dataset(config)
        path = system_path(config, at_hand[named].fingerprint)
        if not path.exists():
            missing.setdefault(path, (config, at_hand[named]))
    return list(missing.values())


def _train(config: Config, dataset: Dataset, checkpoint: Path, progress: bool) -> System:
    partition = partition_of(config, dataset)
    labels, recipe = partition.labels, config.recipe
    parts = {part: partition.excerpts(part) for part in ("train", "valid", "test")}
    _check_classes(partition, parts["train"], labels_of(dataset), config)
    hops = (training_hop, SLICE_LENGTH) if recipe.convolutional else (None, None)
    rows, targets = rows_for_training(dataset, parts["train"], labels, hops[0], progress=progress)
    valid_rows, valid_targets = rows_for_training(dataset, parts["valid"], labels, hops[1])
    generator = torch.Generator().manual_seed(config.seed)
    network = recipe.network(rows, len(labels), generator)
    schedule = recipe.schedule(config.profile, len(rows))
    start = time.perf_counter()
    history = training.train(
        network,
        rows,
        targets,
        valid_rows,
        valid_targets,
        schedule,
        seed=config.seed,
        device=config.device,
        checkpoint=checkpoint,
        progress=progress,
    )
    about = {
        "history": history,
        "parts": parts,
        "notes": list(partition.notes),
        "batch_size": schedule.batch_size,
        "n_rows": {"train": len(rows), "valid": len(valid_rows)},
        "seconds": time.perf_counter() - start,
    }
    return System(network.cpu(), labels, about)


def _check_classes(partition: Partition, train: list[str], label_of: dict[str, str], config: Config) -> None:
    there = {label_of[excerpt] for excerpt in train}
    lacking = [label for label in partition.labels if label not in there]
    if lacking:
        raise InputError(
            f"{', '.join(lacking)} has no training excerpt in the partition {config.partition!r} with seed "
            f"{config.seed}; choose another partition or seed, or only the other classes."
        )


def test_set(system: System, dataset: Dataset) -> tuple[dict[str, np.ndarray], list[str]]:
    """Waveforms of a system's test excerpts, by excerpt, and their labels.

    Notebook: book/03_training.ipynb
    """
    label_of = labels_of(dataset)
    excerpts = system.metadata["parts"]["test"]
    return {excerpt: dataset.load(excerpt) for excerpt in excerpts}, [label_of[excerpt] for excerpt in excerpts]


test_set.__test__ = False  # type: ignore[attr-defined]  # a function may have attributes; this one is not a test
