"""Big downloads with pooch that continue after an interruption.

Pooch downloads, verifies and names a file, but starts again after every broken connection. The downloader
here keeps what has arrived next to the file (``NAME.part``) and asks the server for the rest (an HTTP range).
A server that does not support ranges sends everything again; this then replaces the part.

A file is used only if the whole has its checksum. So a part of another file costs time, but never goes unnoticed.

Paper: Section 2.3
Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import time
from pathlib import Path

from tqdm.auto import tqdm

from ...errors import InputError

_CHUNK = 1 << 16  # bytes; at most this much is lost when a connection breaks
_TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
_FULL_OR_READ_ONLY = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


class Resumable:
    """A downloader for :func:`pooch.retrieve` that asks only for what is missing.

    Parameters
    ----------
    part : file for what has arrived; it stays there until the caller deletes it
    progress : show a progress bar
    patience : it gives up after this number of attempts in a row that bring nothing
    wait_s : seconds before the first new attempt; they double after each attempt that brings nothing, up to 30
    """

    def __init__(self, part: Path, progress: bool = True, patience: int = 5, wait_s: float = 1.0) -> None:
        self.part = part
        self.progress = progress
        self.patience = patience
        self.wait_s = wait_s

    def __call__(self, url: str, output_file: str, pooch_: object, check_only: bool = False) -> bool | None:
        """Download to the file that pooch names (a path), or return whether the server has it."""
        # Imported here and below: both take long to import, and most commands download nothing.
        import pooch
        import requests

        if check_only:
            return pooch.HTTPDownloader()(url, output_file, pooch_, check_only=True)
        # Worth another try. Requests raises a ChunkedEncodingError for a connection that ends early.
        passing = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        most, failures = self.arrived, 0
        while True:
            try:
                self._attempt(url)
                break
            except passing:
                # The most that ever arrived counts: else a server without ranges would start again for ever.
                failures = 0 if self.arrived > most else failures + 1
                most = max(most, self.arrived)
                if failures >= self.patience:
                    raise
                time.sleep(min(self.wait_s * 2**failures, 30))
        # Linked, not moved: an interruption while pooch computes the checksum deletes only pooch's name.
        os.unlink(output_file)
        try:
            os.link(self.part, output_file)
        except OSError:  # a file system without links
            os.replace(self.part, output_file)
        return None

    @property
    def arrived(self) -> int:
        """Number of bytes that have arrived."""
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    def _attempt(self, url: str) -> None:
        import requests

        have = self.arrived
        # Bytes of the file itself are counted, so the server must not compress the transfer.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            span = response.headers.get("Content-Range", "")
            if response.status_code == 416:  # the server has nothing after the bytes that are here
                if span.endswith(f"/{have}"):
                    return
                self.part.unlink()
                raise requests.ConnectionError(f"{self.part} was longer than {url}")
            if response.status_code >= 500 or response.status_code == 429:
                raise requests.ConnectionError(f"{url} answered {response.status_code}")
            response.raise_for_status()
            start = 0
            if response.status_code == 206:
                match = re.match(r"bytes (\d+)-", span)
                if not match or int(match[1]) != have:
                    self.part.unlink(missing_ok=True)
                    raise requests.ConnectionError(f"{url} sent another range than was asked for")
                start = have
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else None
            with (
                open(self.part, "ab" if start else "wb") as file,
                tqdm(
                    desc=f"Downloading {Path(url).name}",
                    total=total,
                    initial=start,
                    unit="B",
                    unit_scale=True,
                    disable=not self.progress,
                    leave=False,
                ) as bar,
            ):
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
        if total is not None and self.arrived < total:
            raise requests.ConnectionError(f"{url} ended after {self.arrived:,} of {total:,} bytes")


def part_of(path: Path) -> Path:
    """The path for the bytes that have arrived, until the file is complete."""
    return path.with_name(f"{path.name}.part")


def fetch(url: str, known_hash: str, path: Path, *, otherwise: str, progress: bool = True) -> None:
    """Download a file, continuing from what an earlier attempt left; does nothing if the file is here already.

    Parameters
    ----------
    url : where it is
    known_hash : its checksum as pooch writes it, ``"sha1:..."``
    path : where it goes; it has this name only when it is complete and verified
    otherwise : what the user can do instead, for the messages

    Raises
    ------
    InputError
        When it cannot be downloaded or written, or does not have the checksum.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    part = part_of(path)
    downloader = Resumable(part, progress)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(url, known_hash=known_hash, fname=path.name, path=path.parent, downloader=downloader)
    except ValueError as error:
        if isinstance(error, requests.RequestException):
            raise _unreachable(url, downloader, otherwise) from error
        # More bytes cannot repair it, so the next attempt must start again.
        part.unlink(missing_ok=True)
        raise InputError(
            f"the file from {url} does not match its checksum {known_hash} and was deleted; try again, or {otherwise}."
        ) from error
    except OSError as error:  # errors of requests are OSErrors too
        if error.errno in _FULL_OR_READ_ONLY:
            raise InputError(
                f"{path} could not be written ({error.strerror}); free some space or make the folder writable "
                "(what has arrived is kept), or set MUSIC_ADVERSARIES_CACHE to another folder."
            ) from error
        raise _unreachable(url, downloader, otherwise) from error
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)


def _unreachable(url: str, downloader: Resumable, otherwise: str) -> InputError:
    kept = f" (the {downloader.arrived / 2**20:,.1f} MiB that arrived are kept)" if downloader.arrived else ""
    return InputError(
        f"{url} could not be downloaded{kept}; connect to the network and repeat the command, or {otherwise}."
    )
