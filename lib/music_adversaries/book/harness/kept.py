"""A trained system found without its dataset.

`trained_system` loads the dataset first, since a system is kept by the hash of its training data. To attack one
file, that would be most of the work, so it is skipped if the hash is already known.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from ...errors import InputError
from ...networks import System
from ..datasets import fingerprints
from .config import Config
from .systems import system_path


def kept_system(config: Config) -> System | None:
    """The system that `trained_system` would give, if it is trained and can be found without loading the dataset.

    None otherwise. Also None if the system's file is damaged: `trained_system` then trains it again.

    Notebook: book/05_adversaries.ipynb
    """
    if config.path is not None or config.labelling != "true":
        return None
    fingerprint = fingerprints.recall(config.dataset, config.profile)
    if fingerprint is None:
        return None
    path = system_path(config, fingerprint)
    try:
        return System.load(path) if path.exists() else None
    except InputError:
        return None
