"""Worker processes that do not run the caller's script again and end when the caller ends, and how two of them wait."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import multiprocessing.connection
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ..cache import cache_dir, unwritable
from ..errors import InputError

WORD_AFTER_S = 5.0  # seconds of waiting for another process before a message says so
# Errors of file systems without locks: there, two processes may do the same work, and the result of the last one stays.
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def main_module_stays_home() -> Iterator[None]:
    """Within the block, spawned processes do not import ``__main__``.

    By default they import it, to find functions defined in it. A script without ``if __name__ == "__main__"``
    would then start its work in every process. Workers of this library need nothing from it.
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


@contextlib.contextmanager
def said_if_one_is_killed(what: str, kept: str = "what was finished is kept") -> Iterator[None]:
    """Within the block, a worker process that the system ended is one sentence.

    Parameters
    ----------
    what : what the workers do, as ``"training systems"``
    kept : what is kept of it, in words

    Raises
    ------
    InputError
        When a process of a pool ended suddenly.
    """
    try:
        yield
    except BrokenProcessPool as error:
        raise InputError(
            f"A process that did a part of {what!r} ended suddenly, probably for lack of memory; close other "
            f"programs and run it again: {kept}."
        ) from error


def end_with_parent() -> None:
    """Make this worker process end when the process that started it has ended, even if it was killed.

    Otherwise a worker finishes its task and then waits for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Only one process at a time runs the block of a path; the second waits for what the first makes.

    The lock is the operating system's, so it is released when a process dies.

    Raises
    ------
    InputError
        When the cache cannot be written: before the work, which would be lost.
    """
    import filelock  # imported here: it imports asyncio, which would slow down the start of every command

    lock = cache_dir() / "locks" / f"{path.name}.lock"
    held = filelock.FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(timeout=WORD_AFTER_S)
        except filelock.Timeout:
            print(f"Waiting for another process that makes {path.name} (it holds {lock}).", file=sys.stderr, flush=True)
            held.acquire()
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise unwritable(lock, error) from error
    try:
        yield
    finally:
        held.release()
