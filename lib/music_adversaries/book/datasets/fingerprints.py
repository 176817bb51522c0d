"""Fingerprints of the generated datasets, remembered so that cached results are found without loading the datasets.

The content of a generated dataset depends only on code. Computing its table is quick, but the code for it imports a
synthesiser and more. So the fingerprint is kept in the cache, together with everything that it depends on. If any of
that has changed, the stored fingerprint is not used.

Notebook: book/03_training.ipynb
"""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...cache import cache_dir, read_json, write_json
from ..source import code_version, imported_by

if TYPE_CHECKING:
    from .base import Dataset

#: The datasets, without knobs, whose fingerprint is remembered. For all others the files must be read.
GENERATED = ("synthetic", "synthetic-latin")
_LIBRARIES = ("midirenderer", "numpy", "pandas", "pretty_midi", "scipy")


def remember(dataset: Dataset) -> None:
    """Keep the fingerprint of a generated dataset that was just loaded; does nothing for others.

    If the cache cannot be written, nothing is kept, and the fingerprint is computed again.
    """
    if dataset.name not in GENERATED:
        return
    path, content = _path(dataset.name, dataset.profile), {"of": _origin(), "fingerprint": dataset.fingerprint}
    if read_json(path) != content:
        write_json(path, content)


def recall(name: str, profile: str) -> str | None:
    """The fingerprint that the dataset would have if it were loaded now; None if that is not known."""
    if name not in GENERATED:
        return None
    content = read_json(_path(name, profile))
    if not isinstance(content, dict) or content.get("of") != _origin():
        return None
    fingerprint = content.get("fingerprint")
    return fingerprint if isinstance(fingerprint, str) else None


def _path(name: str, profile: str) -> Path:
    return cache_dir() / "datasets" / f"{name}-{profile}-fingerprint.json"


def _origin() -> dict[str, Any]:
    """Everything that a fingerprint depends on, in the form in which JSON returns it."""
    return {
        "code": code_version(*imported_by("book/datasets")),
        "libraries": {library: metadata.version(library) for library in _LIBRARIES},
        # The last bit of drawn numbers may differ between machines, and machines may share a cache.
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.node(),
    }
