"""The one exception that a user's mistake raises."""

from __future__ import annotations

import os
from pathlib import Path


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence that names the culprit (a file, a column, an
    argument) and the remedy. The command line prints it and exits with code 2.
    """


def printable(path: Path | str) -> str:
    """The name as text, with bytes that are not text in UTF-8 as ``\\xNN``.

    >>> printable("caf\\udce9.wav")
    'caf\\\\xe9.wav'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")
