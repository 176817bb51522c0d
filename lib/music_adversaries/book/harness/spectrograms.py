"""The magnitudes of a dataset: computed once, kept if that saves time, and laid out for training.

The magnitudes of a dataset are kept in the cache, where every training reads them. GTZAN has 1.3 million frames
(2.6 GB), `synthetic` at profile quick 0.2 GB. The rows of a training lie in one contiguous array; a large array is
backed by a file, so that it needs disk space and not memory.

Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import math
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from ... import spectra
from ...cache import atomic_path, cache_dir, check_writable, read_json, sealed
from ...errors import InputError, printable
from ..datasets import Dataset
from ..processes import only_one
from ..source import code_version

GIB = 2**30
#: Magnitudes of a dataset are kept from this size on; smaller ones are computed in a second or two.
KEPT_FROM = GIB // 16
#: Training arrays from this size on are backed by a file.
BACKED_FROM = GIB


def contiguous(parts: Iterable[Tensor], count: int, shape: tuple[int, ...], backed_from: int | None = None) -> Tensor:
    """One array ``[count, *shape]`` of parts ``[n, *shape]``; the parts are never all in memory twice.

    Parameters
    ----------
    parts : iterable of float32 tensors, ``count`` rows together
    backed_from : int
        Bytes; an array of this size or more is backed by an unnamed file in the cache folder, which is deleted with
        the array, even if the process is killed. Default: :data:`BACKED_FROM`.

    Raises
    ------
    InputError
        When the parts do not have ``count`` rows together, or the disk is too small for the file.

    Notebook: book/03_training.ipynb
    """
    n_bytes = 4 * count * math.prod(shape)
    if n_bytes < (BACKED_FROM if backed_from is None else backed_from):
        array = torch.empty(count, *shape)
    else:
        folder = cache_dir()
        check_writable(folder / "frames")
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(folder, n_bytes)
        with tempfile.TemporaryFile(dir=folder) as file:
            array = torch.from_numpy(np.memmap(file, np.float32, "w+", shape=(count, *shape)))
    filled = 0
    for part in parts:
        if filled + len(part) > count:
            raise InputError(f"There are more than the {count} rows announced; count them again.")
        array[filled : filled + len(part)] = part
        filled += len(part)
    if filled != count:
        raise InputError(f"There are {filled} rows and not the {count} announced; count them again.")
    return array


@dataclass(frozen=True)
class Kept:
    """The magnitudes of a dataset in one memory-mapped file."""

    array: np.ndarray  #: ``[n_frames of all excerpts, 513]``
    spans: dict[str, tuple[int, int, int]]  #: first row of each excerpt, the row after its last, their check sum
    dataset: Dataset

    def __call__(self, excerpt: str) -> Tensor:
        """Magnitudes ``[n_frames, 513]`` of one excerpt; computed anew where the file's are not what was written."""
        first, end, check = self.spans[excerpt]
        rows = np.array(self.array[first:end])
        return torch.from_numpy(rows) if zlib.crc32(rows.data) == check else _computed(self.dataset, excerpt)


def of(dataset: Dataset, excerpts: Iterable[str], *, progress: bool = False) -> tuple[Iterable[Tensor], list[int]]:
    """Magnitudes ``[n_frames, 513]`` of some excerpts, in the given order, and their numbers of frames.

    They are read one by one from the cache (see `keep`); for a very small dataset they are computed now.

    Notebook: book/03_training.ipynb
    """
    excerpts = list(excerpts)
    kept = keep(dataset, progress=progress)
    if kept is None:
        sequences = [_computed(dataset, excerpt) for excerpt in excerpts]
        return sequences, [len(sequence) for sequence in sequences]
    spans = [kept.spans[excerpt] for excerpt in excerpts]
    return (kept(excerpt) for excerpt in excerpts), [end - first for first, end, _ in spans]


def keep(dataset: Dataset, *, kept_from: int | None = None, progress: bool = False) -> Kept | None:
    """The magnitudes of a dataset, in a file that is written on first use.

    None for a very small dataset, or if the disk has too little space: they are then computed each time.

    Parameters
    ----------
    kept_from : int
        Bytes; magnitudes of this size or more are kept. Default: :data:`KEPT_FROM`.
    """
    seconds = dataset.manifest.table["duration_s"].astype(float).fillna(30.0).sum()
    expected = 4 * spectra.N_BINS * int(seconds * spectra.SAMPLE_RATE / spectra.HOP_LENGTH)
    if expected < (KEPT_FROM if kept_from is None else kept_from):
        return None
    folder = cache_dir() / "magnitudes"
    name = re.sub(r"[^\w.=-]+", "_", dataset.name)
    path = folder / f"{name}-{dataset.profile}-{_sounds(dataset)}-{_version()}.f32"
    index = path.with_suffix(".json")
    spans = _spans(path, index)
    if spans is None:
        try:
            with only_one(path):
                spans = _spans(path, index)  # another process may have made it meanwhile
                if spans is None:
                    folder.mkdir(parents=True, exist_ok=True)
                    if shutil.disk_usage(folder).free < 2 * expected:
                        return None
                    _write(dataset, path, index, progress)
                    spans = _spans(path, index)
                    _remove_older(path)
        except (InputError, OSError):
            return None  # the disk is full or the cache cannot be written; they can still be computed each time
    return None if spans is None else Kept(np.memmap(path, np.float32, "r").reshape(-1, spectra.N_BINS), spans, dataset)


def _sounds(dataset: Dataset) -> str:
    """Hash of the recordings without their labels: two labellings of the same recordings share a file."""
    table = dataset.manifest.table
    files = [printable(dataset.files[excerpt]) for excerpt in table["excerpt"]]  # text, whatever the bytes of a name
    heard = table[["excerpt", "checksum", "start_s", "duration_s"]].assign(file=files)
    return hashlib.sha256(heard.to_csv(index=False).encode(errors="surrogateescape")).hexdigest()[:16]


def _version() -> str:
    return hashlib.sha256(f"{code_version('spectra', 'audio')} {torch.__version__}".encode()).hexdigest()[:12]


def _spans(path: Path, index: Path) -> dict[str, tuple[int, int, int]] | None:
    """Where each excerpt lies in the file, and its check sum; None if the file is missing or incomplete."""
    listed = read_json(index)
    if listed is None or not path.is_file() or "checked" not in listed:
        return None
    spans = {excerpt: (first, end, check) for excerpt, first, end, check in listed["checked"]}
    last = max((end for _, end, _ in spans.values()), default=0)
    return spans if path.stat().st_size == 4 * spectra.N_BINS * last else None


def _remove_older(path: Path) -> None:
    """Remove the files that older versions of the code or of PyTorch have kept for the same recordings."""
    same = path.stem.rpartition("-")[0]
    for other in path.parent.glob(f"{glob.escape(same)}-*"):
        if other.stem != path.stem:
            with contextlib.suppress(OSError):  # in use, on a system that forbids it
                other.unlink()


def _write(dataset: Dataset, path: Path, index: Path, progress: bool) -> None:
    spans, total = [], 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for excerpt in tqdm(dataset.excerpts, desc="spectrograms", disable=not progress):
            frames = _computed(dataset, excerpt)
            file.write(frames.numpy().tobytes())
            spans.append((excerpt, total, total := total + len(frames), zlib.crc32(frames.numpy().data)))
    # The index is written last: without it the file above counts as incomplete.
    with atomic_path(index) as temporary:
        temporary.write_text(json.dumps(sealed({"checked": spans})))


def _computed(dataset: Dataset, excerpt: str) -> Tensor:
    return spectra.magnitudes(torch.from_numpy(dataset.load(excerpt)))


def _check_space(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise InputError(
            f"The frames need {n_bytes / GIB:.1f} GiB of disk in {folder} and {free / GIB:.1f} GiB are free; free some "
            "space or set MUSIC_ADVERSARIES_CACHE to another folder."
        )
