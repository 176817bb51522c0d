"""The one exception that a user's mistake raises."""

from __future__ import annotations

import os
import unicodedata


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence that names the culprit (a file, a column, an
    argument) and the remedy. The command line prints it and exits with code 2.
    """


def printable(path: str | bytes | os.PathLike[str]) -> str:
    """A path as it can be printed on one line: bytes that are not UTF-8 and control characters are escaped.

    >>> printable("caf\\udce9.wav"), printable("two\\nlines")
    ('caf\\\\xe9.wav', 'two\\\\nlines')
    """
    return "".join(map(_printable, os.fsdecode(path)))


def _printable(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # stands for a byte of the name, see os.fsdecode
        return f"\\x{ord(character) - 0xDC00:02x}"
    # Controls, formats (which turn the line around), surrogates; ends of lines and paragraphs.
    escaped = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return character.encode("unicode_escape").decode() if escaped else character
