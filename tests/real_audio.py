"""Where the tests find the real recordings of gtzan-mini, which are never part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Read at once: tests run without the settings of the person who runs them.
_TOLD = os.environ.get("MUSIC_ADVERSARIES_GTZAN_MINI")


def gtzan_mini_or_skip() -> Path:
    """Folder of the real recordings: ``MUSIC_ADVERSARIES_GTZAN_MINI``, or ``../shared/gtzan/mini``.

    Skips the test where there are none; fails it in CI when ``../shared`` is there but they are not.
    """
    shared = REPOSITORY.parent / "shared"
    # Tests run from the repository's root, where a relative path is meant to start.
    folder = (REPOSITORY / _TOLD).resolve() if _TOLD else shared / "gtzan" / "mini"
    if any(folder.rglob("blues.00000.*")):
        return folder
    reason = "no real recordings: set MUSIC_ADVERSARIES_GTZAN_MINI to a folder with the excerpts of gtzan-mini"
    if os.environ.get("CI") == "true" and shared.is_dir():
        pytest.fail(f"{reason} (in CI with ../shared they have to be there)")
    pytest.skip(reason)
