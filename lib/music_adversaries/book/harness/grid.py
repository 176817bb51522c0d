"""Run the jobs of a grid in parallel, on any executor, and train the systems of several configurations.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from typing import TypeVar

from tqdm.auto import tqdm

from ..datasets import Dataset
from ..processes import end_with_parent, main_module_stays_home, said_if_one_is_killed
from . import spectrograms
from .config import Config
from .data import loaded
from .systems import systems_missing, trained_system

Task = TypeVar("Task")
Found = TypeVar("Found")

PROCESSES_A_GPU = 4  # that share one GPU: a small network alone leaves it idle most of the time


def pool(n_jobs: int, device: str = "cpu") -> ProcessPoolExecutor:
    """Processes for that many jobs. They end with this one, even if it is killed.

    Spawned, not forked: a fork of a process that has used torch's threads can hang.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n_processes(n_jobs, device), mp_context=context, initializer=end_with_parent)


def n_processes(n_jobs: int, device: str = "cpu") -> int:
    """How many processes to run that many jobs in: one for each core, or a few if all share a GPU."""
    cores = os.cpu_count() or 1
    return max(1, min(cores if device == "cpu" else PROCESSES_A_GPU, cores, n_jobs))


def over_processes(
    function: Callable[[Task], Found],
    jobs: Sequence[Task],
    *,
    weights: Sequence[float] | None = None,
    description: str,
    progress: bool = False,
    executor: Executor | None = None,
    device: str = "cpu",
) -> list[Found]:
    """Apply ``function`` to every job in parallel; results are in the order of the jobs.

    Parameters
    ----------
    function : picklable, as are the jobs and what it returns
    weights : sequence of floats
        How long each job is expected to take, in any unit. The longest jobs start first, and the progress bar
        uses the weights to estimate the remaining time. Default: all equal.
    executor : concurrent.futures.Executor
        Where to run; default: one process for each core. Dask's ``Client.get_executor()`` fits too.
    """
    jobs = list(jobs)
    if not jobs:
        return []
    sizes = [1] * len(jobs) if weights is None else list(weights)
    workers = executor or pool(len(jobs), device)
    place: dict[Future[Found], int] = {}
    try:
        with said_if_one_is_killed(description), main_module_stays_home():
            for index in sorted(range(len(jobs)), key=lambda i: -sizes[i]):
                place[workers.submit(function, jobs[index])] = index
        shape = None if weights is None else "{l_bar}{bar}| {postfix}[{elapsed}<{remaining}]"
        bar = tqdm(total=sum(sizes), desc=description, disable=not progress, bar_format=shape)
        with said_if_one_is_killed(description), bar:
            for done, future in enumerate(as_completed(place), 1):
                future.result()
                if weights is not None:
                    bar.set_postfix_str(f"{done} of {len(jobs)} ", refresh=False)
                bar.update(sizes[place[future]])
    except BaseException:
        for future in place:
            future.cancel()
        raise
    finally:
        if executor is None:
            workers.shutdown()
    results = {index: future.result() for future, index in place.items()}
    return [results[index] for index in range(len(jobs))]


def train_all(configs: Iterable[Config], *, progress: bool = False, executor: Executor | None = None) -> None:
    """Train the systems that are not in the cache, in parallel processes, the longest first; see `over_processes`."""
    missing = systems_missing(configs)
    if not missing:
        return
    for dataset in {id(dataset): dataset for _, dataset in missing}.values():
        spectrograms.keep(dataset, progress=progress)  # once, before each process computes it for itself
    weights = [config.recipe.arithmetic(config.profile, n_frames(dataset)) for config, dataset in missing]
    over_processes(
        _train_one,
        [config for config, _ in missing],
        weights=weights,
        description="training systems",
        progress=progress,
        executor=executor,
        device=missing[0][0].device,
    )


def n_frames(dataset: Dataset) -> int:
    """Roughly how many frames a training on the dataset has: half of all."""
    return int(dataset.manifest.table["duration_s"].astype(float).fillna(30.0).sum() * 43 * 0.5)


def _train_one(config: Config) -> None:
    trained_system(config, loaded(config), progress=False)
