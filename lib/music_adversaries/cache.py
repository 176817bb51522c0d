"""Where computed things are kept, and how they are written so that a half-written file is never believed.

The cache folder is ``$MUSIC_ADVERSARIES_CACHE`` where that is set and the user's cache folder
otherwise. Everything in it can be deleted at any time; it is computed again.
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

from .errors import InputError, printable

WORD_AFTER_S = 5.0  # of waiting for another process, until that is said
# File systems that know no locks: there, two processes may do the same work, and the last to finish is believed.
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def cache_dir() -> Path:
    """Folder for everything the library computes and keeps; not created here."""
    configured = os.environ.get("MUSIC_ADVERSARIES_CACHE")
    return Path(configured).expanduser() if configured else Path(platformdirs.user_cache_dir("music-adversaries"))


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; it takes the name ``path`` only if the block succeeds.

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


def check_writable(path: Path | str) -> None:
    """Refuse a file that :func:`atomic_path` could not write, before anything is computed for it; nothing is made.

    Raises
    ------
    InputError
        When it is a folder, or the folder that it would lie in cannot be made or written.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{printable(path)} is a folder; give the name of a file in it.")
    folder = path.parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Within the block, no other process is in the block of the same path: the second waits for what the first makes.

    The lock is the operating system's, so that it goes with a process that dies.

    Raises
    ------
    InputError
        When the cache cannot be written.
    """
    import filelock  # here, since it imports asyncio, which no start of a command should wait for

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
    """Content of a JSON file, or None where it is missing, unreadable or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_json(path: Path, content: object) -> str:
    """Write a small JSON file that only saves time; why it could not be written, else ``""``."""
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    except (InputError, OSError) as error:
        return str(error).rstrip(".")
    return ""


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{printable(path)} could not be written ({error.strerror}); free some space or make the folder writable, "
        "or set MUSIC_ADVERSARIES_CACHE to another folder."
    )
