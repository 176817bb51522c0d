"""Looking through a dataset: one pass over the audio, then a second look at the pairs that share landmarks.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from ...audio import SAMPLE_RATE
from ...errors import InputError
from ..datasets.base import Dataset
from ..processes import end_with_parent, main_module_stays_home, said_if_one_is_killed
from . import alignment, distortion, exact, fingerprint
from .report import Distorted, FaultReport, LeftOut, Pair

# A gain is the same in every band. Even the worst codecs change it by no more than 0.5 dB from band to band. Listeners
# notice an equaliser from about 1 dB on. If the gain differs by more than this limit, the copy is another production.
ONE_PRODUCTION_DB = 0.75
SHORTEST_S = alignment.LEAST_BLOCKS * alignment.BLOCK / SAMPLE_RATE

# An excerpt takes 0.1 s, and a second process several seconds to import its libraries.
_WORTH_A_PROCESS = 150


class _Scan(NamedTuple):
    """What one pass over an excerpt finds."""

    checksum: str
    landmarks: fingerprint.Landmarks
    distortions: tuple[distortion.Distortion, ...]
    notes: tuple[str, ...]
    left_out: str


def find(dataset: Dataset, *, progress: bool = False, workers: int | None = None) -> FaultReport:
    """Find exact replicas, recording replicas and distorted excerpts.

    Parameters
    ----------
    dataset : every excerpt is read with ``dataset.load``
    progress : show a progress bar
    workers : number of processes; by default as many as there are processors. The report does not depend on it.

    Returns
    -------
    FaultReport
        Excerpts that cannot be read, or are too short for a fingerprint, are in its ``left_out``.

    Raises
    ------
    InputError
        When the dataset has fewer than two excerpts, or none can be read.

    Paper: Section 2.3
    Notebook: book/02_partitions.ipynb
    """
    excerpts = sorted(dataset.excerpts)
    if len(excerpts) < 2:
        raise InputError(
            f"{dataset.name} has {len(excerpts)} excerpt, and faults are looked for among two or more; "
            "give a dataset with more excerpts."
        )
    with _processes(dataset, len(excerpts), workers) as processes:
        bar = tqdm(total=len(excerpts), desc=f"Listening to {dataset.name}", unit="excerpt", disable=not progress)
        with bar:
            scans = {}
            for excerpt, scan in zip(excerpts, processes.scan(excerpts), strict=True):
                scans[excerpt] = scan
                if scan.notes:
                    dataset.notes[excerpt] = scan.notes
                bar.update()
        heard = {excerpt: scan for excerpt, scan in scans.items() if scan.checksum}
        if not heard:
            reason = scans[excerpts[0]].left_out.rstrip(".")
            raise InputError(f"no excerpt of {dataset.name} can be read; of the first: {reason}.")
        replicas = exact.groups({excerpt: scan.checksum for excerpt, scan in heard.items()})
        repeated = {other for group in replicas for other in group[1:]}
        distinct = [excerpt for excerpt in heard if excerpt not in repeated]
        landmarks = [heard[excerpt].landmarks for excerpt in distinct]
        tasks = _tasks(distinct, fingerprint.candidates(landmarks, progress=progress))
        bar = tqdm(total=len(tasks), desc="Comparing", unit="excerpt", disable=not progress)
        pairs: list[Pair] = []
        with bar:
            for found in processes.compare(tasks):
                pairs += found
                bar.update()
    return FaultReport(
        name=dataset.name,
        n_excerpts=len(excerpts),
        replicas=tuple(replicas),
        recordings=tuple(pair for pair in pairs if pair.unevenness_db <= ONE_PRODUCTION_DB),
        versions=tuple(pair for pair in pairs if pair.unevenness_db > ONE_PRODUCTION_DB),
        distorted=tuple(Distorted(excerpt, *d) for excerpt, scan in heard.items() for d in scan.distortions),
        left_out=tuple(LeftOut(excerpt, scan.left_out) for excerpt, scan in scans.items() if scan.left_out),
    )


# The first excerpt, and the others that may be of the same recording, each with offsets in samples.
_Task = tuple[str, list[tuple[str, list[int]]]]


def _tasks(excerpts: Sequence[str], candidates: Sequence[fingerprint.Candidate]) -> list[_Task]:
    tasks = []
    for first, of_first in groupby(candidates, key=lambda candidate: candidate.first):
        others = [
            (excerpts[second], [candidate.offset * fingerprint.HOP for candidate in of_pair])
            for second, of_pair in groupby(of_first, key=lambda candidate: candidate.second)
        ]
        tasks.append((excerpts[first], others))
    return tasks


class _Listener:
    """Examines excerpts of one dataset, in this process."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        # Pairs come in the order of their first excerpt; neighbouring pairs often have the same second excerpt.
        self._load = lru_cache(maxsize=32)(dataset.load)

    def scan_one(self, excerpt: str) -> _Scan:
        nothing = fingerprint.landmarks(np.zeros(0, np.float32))
        try:
            waveform = self.dataset.load(excerpt)
        except InputError as error:
            return _Scan("", nothing, (), (), str(error))
        seconds = len(waveform) / SAMPLE_RATE
        short = ""
        if seconds < SHORTEST_S:
            short = f"{seconds:.2f} s is too short for a fingerprint, which takes {SHORTEST_S:.2f} s"
        return _Scan(
            exact.checksum(waveform),
            nothing if short else fingerprint.landmarks(waveform),
            tuple(distortion.distortions(waveform)),
            self.dataset.notes.get(excerpt, ()),
            short,
        )

    def compare_one(self, task: _Task) -> list[Pair]:
        first, others = task
        found = []
        for second, offsets in others:
            laid = [alignment.align(self._load(first), self._load(second), offset) for offset in offsets]
            good = [one for one in laid if one is not None and one.agreement >= alignment.AGREED]
            if good:
                # If a loop makes several offsets fit, the one with the longest overlap.
                best = max(good, key=lambda one: (round(one.agreement, 2), round(one.overlap_s, 2), one.correlation))
                found.append(
                    Pair(
                        first,
                        second,
                        best.offset_s,
                        best.overlap_s,
                        best.agreement,
                        best.correlation,
                        best.unevenness_db,
                        best.speed,
                    )
                )
        return found

    def scan(self, excerpts: Sequence[str]) -> Iterator[_Scan]:
        return map(self.scan_one, excerpts)

    def compare(self, tasks: Sequence[_Task]) -> Iterator[list[Pair]]:
        return map(self.compare_one, tasks)


class _Pool:
    """The same in several processes."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self.pool = pool

    def scan(self, excerpts: Sequence[str]) -> Iterator[_Scan]:
        with main_module_stays_home():
            return self.pool.map(_scan, excerpts, chunksize=4)

    def compare(self, tasks: Sequence[_Task]) -> Iterator[list[Pair]]:
        with main_module_stays_home():
            return self.pool.map(_compare, tasks)


@contextlib.contextmanager
def _processes(dataset: Dataset, n_excerpts: int, workers: int | None) -> Iterator[_Listener | _Pool]:
    """This process, or several processes if they save more time than they take to start."""
    wanted = os.cpu_count() or 1 if workers is None else max(workers, 1)
    wanted = min(wanted, -(-n_excerpts // _WORTH_A_PROCESS))
    if wanted == 1:
        yield _Listener(dataset)
        return
    # Spawned, not forked: a fork of a process that runs threads (PyTorch's) may hang, and Windows cannot fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(wanted, mp_context=context, initializer=_begin, initargs=(dataset,))
    try:
        with said_if_one_is_killed(f"listening to {dataset.name}", "it begins anew"):
            yield _Pool(pool)
    finally:
        pool.shutdown(cancel_futures=True)


_listener: _Listener


def _begin(dataset: Dataset) -> None:
    global _listener
    end_with_parent()
    _listener = _Listener(dataset)


def _scan(excerpt: str) -> _Scan:
    return _listener.scan_one(excerpt)


def _compare(task: _Task) -> list[Pair]:
    return _listener.compare_one(task)
