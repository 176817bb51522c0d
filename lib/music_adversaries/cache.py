"""Where computed things are kept, and how they are written so that a half-written file is never used.

The cache folder is ``$MUSIC_ADVERSARIES_CACHE`` if that is set, and otherwise the user's cache
folder. Everything in it can be deleted at any time; it is computed again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from .errors import InputError, as_path, printable

# What a file that cannot be written raises, whatever else is open.
_UNWRITABLE = tuple(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EACCES", "EPERM", "EIO", "EISDIR")
    if hasattr(errno, name)
)
_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_REMEDIES = {errno.EIO: "check the disk of", **dict.fromkeys(_FULL, "free some space in")}  # else its permissions
SEAL = "sha256"  # under which a file holds the hash of all else in it
_TRIED = 1 << 16  # bytes that are written to see whether a folder takes any


def cache_dir() -> Path:
    """Folder for everything the library computes and keeps; not created here."""
    configured = os.environ.get("MUSIC_ADVERSARIES_CACHE")
    if configured:
        return expanded(configured)
    try:
        folder = Path(platformdirs.user_cache_dir("music-adversaries"))
        known = folder.is_absolute()  # some versions of platformdirs leave the ~ of a home that nobody knows
    except RuntimeError:
        known = False
    if not known:
        raise InputError("There is no home folder to keep things in; set MUSIC_ADVERSARIES_CACHE to a folder.")
    return folder


def expanded(path: Path | str) -> Path:
    """A path with ``~`` and ``~user`` written out; `InputError` where there is no such user or home."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path} begins with a home folder that is not known; give the whole path.") from error


@contextlib.contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; it takes the name ``path`` only if the block succeeds.

    A full disk, a read-only folder or an interruption leaves no file called ``path``.

    Raises
    ------
    InputError
        When the folder cannot be written or the disk is full.
    """
    path = _place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
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
        if error.errno in _UNWRITABLE:
            raise unwritable(path, error) from error
        raise
    finally:
        with contextlib.suppress(OSError):  # what was raised before says more
            temporary.unlink(missing_ok=True)


def check_writable(path: Path | str) -> None:
    """Refuse a file that :func:`atomic_path` could not write, before anything is computed for it; nothing is made.

    Raises
    ------
    InputError
        When it is a folder, the folder of the file cannot be made or written, or the disk is full.
    """
    path = _place(path)
    try:
        with tempfile.TemporaryFile(dir=_nearest(path)) as file:
            file.write(bytes(_TRIED))
    except OSError as error:
        raise unwritable(path, error) from error


def parse_json(text: str) -> Any:
    """What a JSON text says.

    Raises
    ------
    ValueError
        When it is damaged: also with a name twice, a whole number of more than 64 bits, or nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def sealed(content: Mapping[str, object]) -> dict[str, object]:
    """The content as JSON gives it back, with a hash of all of it: what is changed by hand or by chance is noticed."""
    plain = json.loads(json.dumps({name: value for name, value in content.items() if name != SEAL}))
    return {**plain, SEAL: _json_digest(plain)}


def unsealed(content: object) -> dict[str, Any]:
    """The content without its hash.

    Raises
    ------
    KeyError
        When it has no hash.
    ValueError
        When it is not what was sealed.
    """
    if not isinstance(content, dict):
        raise ValueError("it is not a set of fields")
    rest = {name: value for name, value in content.items() if name != SEAL}
    if content[SEAL] != _json_digest(rest):
        raise ValueError("its content is not what was written")
    return rest


def read_json(path: Path, *, seal: bool = True) -> Any:
    """Content of a JSON file, or None if it is missing, unreadable or damaged.

    Parameters
    ----------
    seal : whether it must be what `write_json` wrote, unchanged; otherwise a file without a seal is read, too, and
        may hold anything
    """
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        return unsealed(content) if seal or (isinstance(content, dict) and SEAL in content) else content
    except (OSError, ValueError, KeyError):
        return None


def write_json(path: Path, content: Mapping[str, object]) -> str:
    """Write a small JSON file that only saves time; returns why it could not be written, or ``""``."""
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(sealed(content), indent=1), encoding="utf-8")
    except (InputError, OSError) as error:
        return str(error).rstrip(".")
    return ""


def write_tensors(path: Path | str, content: Mapping[str, object]) -> None:
    """Write what PyTorch can save to one sealed file, atomically.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    import torch  # here, since much that uses the cache needs no tensor

    held = io.BytesIO()  # PyTorch's own writing to a disk that is full raises what does not say so
    torch.save({**content, SEAL: _digest(content)}, held)
    with atomic_path(path) as temporary:
        temporary.write_bytes(held.getbuffer())


def read_tensors(path: Path | str, version: int) -> dict[str, Any]:
    """What `write_tensors` wrote, onto the processor; also of a file from before there were seals.

    Of another version than its field ``format`` should say, the seal is not looked at.

    Raises
    ------
    FileNotFoundError
    ValueError
        When it is damaged.
    """
    import torch

    try:
        with zipfile.ZipFile(path) as archive:  # PyTorch does not look at the check sums of its own archive
            if archive.testzip() is not None:
                raise ValueError("a check sum is wrong")
        content = torch.load(path, weights_only=True, map_location="cpu")
        seal = content.pop(SEAL, None)
        if content.get("format") == version and seal is not None and seal != _digest(content):
            raise ValueError("its content is not what was written")
        return dict(content)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged archive may raise anything
        raise ValueError(f"{path} is damaged ({error})") from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a name twice")
    return found


def _whole(digits: str) -> int:
    number = int(digits)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"it has a whole number of {len(digits)} digits")
    return number


def _json_digest(content: object) -> str:
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ).hexdigest()


def _digest(content: object) -> str:
    """Hash of nested mappings and sequences of tensors and plain values."""
    import torch

    digest = hashlib.sha256()

    def add(value: object) -> None:
        if isinstance(value, Mapping):
            digest.update(f"mapping of {len(value)}\n".encode())
            for name, held in value.items():
                add(name)
                add(held)
        elif isinstance(value, list | tuple):
            digest.update(f"{len(value)} of\n".encode())
            for held in value:
                add(held)
        elif isinstance(value, torch.Tensor):
            digest.update(f"{value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        else:
            digest.update(f"{value!r}\n".encode(errors="surrogatepass"))

    add(content)
    return digest.hexdigest()


def _place(path: Path | str) -> Path:
    """Where a file can go; `InputError` for a folder, and for a device or a pipe, which it would take the place of."""
    path = as_path(path)
    if os.path.exists(path) and not os.path.isfile(path):
        kind = "a folder; give the name of a file in it" if path.is_dir() else "no regular file; give another name"
        raise InputError(f"{printable(path)} is {kind}.")
    return path


def unwritable(path: Path, error: OSError) -> InputError:
    """What to say where a file cannot be written: which folder is in the way, and what can be done about that one."""
    folder, other = _nearest(path), "give another place"
    remedy = _REMEDIES.get(error.errno or 0, "allow writing to") if folder.is_dir() else "put a folder in place of"
    with contextlib.suppress(InputError):  # without a home there is no cache, and the file is elsewhere
        if Path(os.path.abspath(path)).is_relative_to(os.path.abspath(cache_dir())):
            other = "set MUSIC_ADVERSARIES_CACHE to another folder"
    return InputError(
        f"{printable(path)} could not be written ({error.strerror}); {remedy} {printable(folder)}, or {other}."
    )


def _nearest(path: Path) -> Path:
    """The folder of a file, or the nearest one above it that is there."""
    folder = path.parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder
