"""Where computed things are kept, and how they are written so that a half-written file is never used.

The cache folder is ``$MUSIC_ADVERSARIES_CACHE`` if that is set, and otherwise the user's cache
folder. Everything in it can be deleted at any time; it is computed again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs

from .errors import InputError

WORD_AFTER_S = 5.0  # seconds of waiting for another process before a message says so
# Errors of file systems without locks: there, two processes may do the same work, and the result of the last one stays.
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def cache_dir() -> Path:
    """Folder for everything the library computes and keeps; not created here."""
    configured = os.environ.get("MUSIC_ADVERSARIES_CACHE")
    return Path(configured).expanduser() if configured else Path(platformdirs.user_cache_dir("music-adversaries"))


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; it takes the name ``path`` only if the block succeeds.

    A full disk, a read-only folder or an interruption leaves no file called ``path``.

    Raises
    ------
    InputError
        When the folder cannot be written or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; give the finished one the usual permissions.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise _unwritable(path, error) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Only one process at a time runs the block of a path; the second waits for what the first makes.

    The lock is the operating system's, so it is released when a process dies.

    Raises
    ------
    InputError
        When the cache cannot be written.
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
            raise _unwritable(lock, error) from error
    try:
        yield
    finally:
        held.release()


def read_json(path: Path) -> Any:
    """Content of a JSON file, or None if it is missing, unreadable or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_json(path: Path, content: object) -> str:
    """Write a small JSON file that only saves time; returns why it could not be written, or ``""``."""
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    except (InputError, OSError) as error:
        return str(error).rstrip(".")
    return ""


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} could not be written ({error.strerror}); free some space or make the folder writable, "
        "or set MUSIC_ADVERSARIES_CACHE to another folder."
    )
