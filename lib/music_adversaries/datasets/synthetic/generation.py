"""Writing the excerpts to a folder: in parallel, interruptible, and believing no file that it cannot vouch for.

The folder holds ``GENRE/EXCERPT.wav`` and ``index.json``, which says of each finished file what recipe it
was rendered from and what its bytes hash to. A file counts as there when both agree.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from ... import audio, cache
from .excerpts import Excerpt, Settings, excerpt, render_excerpt

INDEX = "index.json"
# Fewer excerpts than this are rendered sooner than a second process has started.
_WORTH_A_PROCESS = 12


def write_excerpts(
    folder: Path, excerpt_ids: list[str], settings: Settings, progress: bool = True, workers: int | None = None
) -> list[str]:
    """Render those excerpts that ``folder`` does not hold yet; returns the ids of those rendered.

    Raises
    ------
    InputError
        When the folder cannot be written or the disk is full. What was finished by then is kept.
    """
    index = _read_index(folder)
    missing = [piece for piece in (excerpt(i, settings) for i in excerpt_ids) if not _is_there(folder, piece, index)]
    if not missing:
        return []
    workers = min(os.cpu_count() or 1 if workers is None else max(workers, 1), -(-len(missing) // _WORTH_A_PROCESS))
    finished = _in_this_process(folder, missing) if workers == 1 else _in_parallel(folder, missing, workers)
    with tqdm(total=len(missing), desc="Rendering synthetic music", unit="excerpt", disable=not progress) as bar:
        for piece, sha256 in finished:
            index[piece.path] = {"recipe": piece.checksum(), "sha256": sha256}
            _write_index(folder, index)
            bar.update()
    return [piece.excerpt for piece in missing]


def write_excerpt(folder: Path, piece: Excerpt) -> str:
    """Render one excerpt to its 16-bit WAV file; returns the SHA-256 of the file."""
    audio.write_wav(folder / piece.path, render_excerpt(piece))
    return _sha256(folder / piece.path)


def _in_this_process(folder: Path, pieces: list[Excerpt]) -> Iterator[tuple[Excerpt, str]]:
    for piece in pieces:
        yield piece, write_excerpt(folder, piece)


def _in_parallel(folder: Path, pieces: list[Excerpt], workers: int) -> Iterator[tuple[Excerpt, str]]:
    # Spawned, not forked: a fork of a process that runs threads (PyTorch's) may hang, and Windows has none.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        with _main_module_stays_home():
            futures = {pool.submit(write_excerpt, folder, piece): piece for piece in pieces}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _main_module_stays_home() -> Iterator[None]:
    """Keep spawned processes from running the caller's script once more.

    They would, to find functions defined in it, and a script without ``if __name__ == "__main__"`` would
    then start to generate in every process. Ours need nothing from it.
    """
    main = sys.modules["__main__"]
    hidden = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    try:
        if "__file__" in hidden:
            del main.__file__
        main.__spec__ = None
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)


def _is_there(folder: Path, piece: Excerpt, index: dict[str, dict[str, str]]) -> bool:
    entry = index.get(piece.path)
    path = folder / piece.path
    return bool(
        entry and entry["recipe"] == piece.checksum() and path.is_file() and entry["sha256"] == _sha256(path)
    )


def _read_index(folder: Path) -> dict[str, dict[str, str]]:
    """The index; empty where there is none or it cannot be read, which costs a rendering and no more."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return {path: {"recipe": entry["recipe"], "sha256": entry["sha256"]} for path, entry in index.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write_index(folder: Path, index: dict[str, dict[str, str]]) -> None:
    with cache.atomic_path(folder / INDEX) as path:
        path.write_text(json.dumps(index, indent=0, sort_keys=True), encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
