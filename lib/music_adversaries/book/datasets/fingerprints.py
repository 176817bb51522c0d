"""Fingerprints of the generated datasets, remembered so that what was computed of them is found without them.

What a generated dataset holds follows from code alone. To write its table is quick, but the code that does so imports
a synthesiser and more. So its fingerprint is kept in the cache, together with everything that it follows from: where
any of that is another, nothing is remembered.

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

#: The datasets, without knobs, of which a fingerprint is remembered. For all others the files must be read.
GENERATED = ("synthetic", "synthetic-latin")
_LIBRARIES = ("midirenderer", "numpy", "pandas", "pretty_midi", "scipy")


def remember(dataset: Dataset) -> None:
    """Keep the fingerprint of a generated dataset that was just loaded; does nothing with others.

    Where the cache cannot be written, nothing is kept: the fingerprint is then computed again.
    """
    if dataset.name not in GENERATED:
        return
    path, content = _path(dataset.name, dataset.profile), {"of": _origin(), "fingerprint": dataset.fingerprint}
    if read_json(path) != content:
        write_json(path, content)


def recall(name: str, profile: str) -> str | None:
    """The fingerprint that the dataset would have if it were loaded now; None where that is not known."""
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
    """All that a fingerprint follows from, as JSON gives it back."""
    return {
        "code": code_version(*imported_by("book/datasets")),
        "libraries": {library: metadata.version(library) for library in _LIBRARIES},
        # The last bit of what is drawn may differ from one machine to the next, and a cache may be shared by several.
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.node(),
    }
