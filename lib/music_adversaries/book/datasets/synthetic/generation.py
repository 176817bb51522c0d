"""Writing the excerpts to a folder: in parallel, interruptible, and using only files that are verified.

The folder holds ``LABEL/EXCERPT.wav`` and ``index.json``. For each finished file, the index has the recipe from
which it was rendered and the hash of its bytes. A file counts as finished if both agree.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from .... import audio, cache
from ...processes import end_with_parent, main_module_stays_home
from .excerpts import Excerpt, Settings, excerpt, render_excerpt

INDEX = "index.json"
Task = list[tuple[Path, Excerpt]]  # the same excerpt for several folders
# Fewer excerpts than this are rendered before a second process has started.
_WORTH_A_PROCESS = 12


def write_excerpts(
    folders: Mapping[Path, Settings], excerpt_ids: list[str], progress: bool = True, workers: int | None = None
) -> dict[Path, list[str]]:
    """Render the excerpts that a folder does not hold yet; returns the ids of the rendered ones for each folder.

    Parameters
    ----------
    folders
        What each folder's dataset depends on. If two of them have the same notes, these are played once.

    Raises
    ------
    InputError
        When a folder cannot be written or the disk is full. Files finished by then are kept.
    """
    indexes = {folder: _read_index(folder) for folder in folders}
    tasks = []
    for excerpt_id in excerpt_ids:
        pieces = [(folder, excerpt(excerpt_id, settings)) for folder, settings in folders.items()]
        missing = [(folder, piece) for folder, piece in pieces if not _is_there(folder, piece, indexes[folder])]
        if missing:
            tasks.append(missing)
    rendered: dict[Path, list[str]] = {folder: [] for folder in folders}
    if not tasks:
        return rendered
    workers = min(os.cpu_count() or 1 if workers is None else max(workers, 1), -(-len(tasks) // _WORTH_A_PROCESS))
    finished = _in_this_process(tasks) if workers == 1 else _in_parallel(tasks, workers)
    n_files = sum(map(len, tasks))
    with tqdm(total=n_files, desc="Rendering synthetic music", unit="excerpt", disable=not progress) as bar:
        for folder, piece, sha256 in finished:
            indexes[folder][piece.path] = {"recipe": piece.checksum(), "sha256": sha256}
            _write_index(folder, indexes[folder])
            rendered[folder].append(piece.excerpt)
            bar.update()
    return rendered


def write_excerpt(folder: Path, piece: Excerpt) -> str:
    """Render one excerpt to its 16-bit WAV file; returns the SHA-256 of the file."""
    audio.write_wav(folder / piece.path, render_excerpt(piece))
    return _sha256(folder / piece.path)


def _write_all(task: Task) -> list[str]:
    return [write_excerpt(folder, piece) for folder, piece in task]


def _in_this_process(tasks: list[Task]) -> Iterator[tuple[Path, Excerpt, str]]:
    for task in tasks:
        for folder, piece in task:
            yield folder, piece, write_excerpt(folder, piece)


def _in_parallel(tasks: list[Task], workers: int) -> Iterator[tuple[Path, Excerpt, str]]:
    # Spawned, not forked: a fork of a process that runs threads (PyTorch's) may hang, and Windows cannot fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent)
    try:
        with main_module_stays_home():
            futures = {pool.submit(_write_all, task): task for task in tasks}
        for future in as_completed(futures):
            for (folder, piece), sha256 in zip(futures[future], future.result(), strict=True):
                yield folder, piece, sha256
    finally:
        pool.shutdown(cancel_futures=True)


def _is_there(folder: Path, piece: Excerpt, index: dict[str, dict[str, str]]) -> bool:
    entry = index.get(piece.path)
    path = folder / piece.path
    return bool(entry and entry["recipe"] == piece.checksum() and path.is_file() and entry["sha256"] == _sha256(path))


def _read_index(folder: Path) -> dict[str, dict[str, str]]:
    """The index; empty if there is none or it cannot be read. Excerpts are then rendered again."""
    try:
        index = cache.parse_json((folder / INDEX).read_text(encoding="utf-8"))
        return {path: {"recipe": entry["recipe"], "sha256": entry["sha256"]} for path, entry in index.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write_index(folder: Path, index: dict[str, dict[str, str]]) -> None:
    with cache.atomic_path(folder / INDEX) as path:
        path.write_text(json.dumps(index, indent=0, sort_keys=True), encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
