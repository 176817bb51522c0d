"""Debian packages as a source of files: fetched by name, read without being installed.

Nothing here needs root. ``apt-get download`` fetches a package, which Debian's own tools verify against the archive's
signature. The files are then taken out of the ``.deb`` one by one. This works on any system, since a ``.deb`` is an
``ar`` archive around a ``tar`` archive.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal
from urllib.parse import unquote

from ...errors import InputError

_MAGIC = b"!<arch>\n"
_HEADER = 60  # bytes before each member of an ar archive
# Modes of tarfile, by the ending of the archive.
_MODES: dict[str, Literal["r|", "r|gz", "r|bz2", "r|xz"]] = {"": "r|", ".gz": "r|gz", ".bz2": "r|bz2", ".xz": "r|xz"}
_OPTIONS = (
    "-o=APT::Sandbox::User=root",  # without this, apt warns if its own user may not write here
    "-o=Acquire::Retries=2",
    "-o=Acquire::http::Timeout=30",
    "-o=Acquire::https::Timeout=30",
)
_UNKNOWN = ("Unable to locate package", "No packages found", "no installation candidate", "Can't find a source")
_FULL = ("No space left", "Disk quota exceeded", "Write error", "don't have enough free space")


class UnknownPackage(InputError):
    """The package is not in apt's lists on this machine."""


def fetch(package: str, folder: Path, instead: str) -> Path:
    """Download a package by name with ``apt-get download``; needs no root and installs nothing.

    Parameters
    ----------
    folder : an empty folder for the ``.deb`` file
    instead : what the user can do if this does not work; the end of every error message

    Returns
    -------
    The ``.deb`` file.

    Raises
    ------
    UnknownPackage
        When the package is not in apt's lists.
    InputError
        When there is no apt-get, no network, or no space.
    """
    program = shutil.which("apt-get")
    if program is None:
        raise InputError(f"{package} is a Debian package, and there is no apt-get on this system; {instead}.")
    command = [program, *_OPTIONS, "-qq", "download", package]
    environment = {**os.environ, "LC_ALL": "C"}  # its messages are read below
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    said = (done.stderr + done.stdout).decode(errors="replace")
    if any(phrase in said for phrase in _UNKNOWN):
        raise UnknownPackage(
            f"apt-get knows no package {package}; run `sudo apt-get update` and try again, or {instead}."
        )
    if any(phrase in said for phrase in _FULL):
        raise InputError(
            f"{package} could not be downloaded into {folder.parent}, where no space is left; free some, "
            "or set MUSIC_ADVERSARIES_CACHE to another folder."
        )
    found = sorted(folder.glob(f"{package}_*.deb"))
    if done.returncode or not found:
        reasons = [line.removeprefix("E: ").strip() for line in said.splitlines() if line.startswith("E: ")]
        reason = f" ({reasons[0].rstrip('.')})" if reasons else ""
        raise InputError(f"{package} could not be downloaded by apt-get{reason}; connect to the network, or {instead}.")
    return found[-1]


def name_and_version(deb: Path) -> tuple[str, str]:
    """Package and version from the file's name: ``NAME_VERSION_all.deb``, colons as ``%3a``."""
    name, _, rest = deb.name.removesuffix(".deb").partition("_")
    return name, unquote(rest.rpartition("_")[0] or rest)


def members(deb: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The regular files of a package in their order: path without ``./``, and the content, to be read immediately.

    Raises
    ------
    InputError
        When the file is not a Debian package, is cut short or damaged, or needs dpkg-deb to decompress it
        and dpkg-deb is not installed.
    """
    try:
        with open(deb, "rb") as file, _tar(deb, file) as tar:
            for entry in tar:
                content = tar.extractfile(entry) if entry.isfile() else None
                if content is not None:
                    yield entry.name.removeprefix("./"), content
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError) as error:
        raise _damaged(deb) from error
    except OSError as error:
        if error.errno is not None:  # an error of the caller, while writing
            raise
        raise _damaged(deb) from error  # an error of bz2 or gzip


def _tar(deb: Path, file: IO[bytes]) -> tarfile.TarFile:
    """The archive of the package's files; ``file`` is positioned at its beginning."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise InputError(f"{deb} is not a Debian package; download it again.")
    while len(header := file.read(_HEADER)) == _HEADER:
        name, size = header[:16].decode("ascii", "replace").strip().rstrip("/"), int(header[48:58])
        if not name.startswith("data.tar"):
            file.seek(size + size % 2, os.SEEK_CUR)
            continue
        # tarfile does not notice when a file stops between two entries.
        if deb.stat().st_size < file.tell() + size:
            break
        mode = _MODES.get(name.removeprefix("data.tar"))
        return tarfile.open(fileobj=file if mode else _by_dpkg(deb), mode=mode or "r|")
    raise _damaged(deb)


def _by_dpkg(deb: Path) -> IO[bytes]:
    program = shutil.which("dpkg-deb")
    if program is None:
        raise InputError(f"{deb} is compressed in a way that only dpkg-deb reads; unpack it where there is one.")
    process = subprocess.Popen([program, "--fsys-tarfile", deb], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    return process.stdout


def _damaged(deb: Path) -> InputError:
    return InputError(f"{deb} is damaged or cut short; download it again.")
