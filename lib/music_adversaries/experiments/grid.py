"""Train the systems of several configurations at once, on any executor.

Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed

from tqdm.auto import tqdm

from ..processes import main_module_stays_home
from .config import Config
from .systems import loaded, trained_system


def train_all(configs: Iterable[Config], *, progress: bool = False, executor: Executor | None = None) -> None:
    """Train what the cache does not have yet, in parallel processes.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Where to run; one process a core by default. Dask's ``Client.get_executor()`` fits too.
    """
    configs = list(configs)
    # Spawned, not forked: a fork of a process that has used torch's threads can hang.
    context = multiprocessing.get_context("spawn")
    own = executor is None
    pool = ProcessPoolExecutor(min(os.cpu_count() or 1, len(configs)), mp_context=context) if own else executor
    try:
        with main_module_stays_home():
            futures = [pool.submit(_train_one, config) for config in configs]
        bar = tqdm(as_completed(futures), total=len(futures), desc="training systems", disable=not progress)
        for future in bar:
            future.result()
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    finally:
        if own:
            pool.shutdown()


def _train_one(config: Config) -> None:
    trained_system(config, loaded(config.dataset, config.profile, config.path), progress=False)
