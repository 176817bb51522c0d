"""The one exception that a user's mistake raises."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence that names the culprit (a file, a column, an
    argument) and the remedy. The command line prints it and exits with code 2.
    """
