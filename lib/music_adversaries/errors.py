"""The one exception that a user's mistake raises."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from numbers import Real
from pathlib import Path
from typing import TypeGuard


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


def as_path(path: str | bytes | os.PathLike[str]) -> Path:
    """A path, also of bytes; `InputError` for what no file can be called."""
    with contextlib.suppress(TypeError, UnicodeEncodeError):  # no path at all, or half a surrogate pair in it
        if b"\0" not in os.fsencode(path):
            return Path(os.fsdecode(path))
    name = printable(path if isinstance(path, str | bytes | os.PathLike) else repr(path))
    raise InputError(f"{name} is no name that a file can have; check it.")


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a real number; a bool is not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _printable(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # stands for a byte of the name, see os.fsdecode
        return f"\\x{ord(character) - 0xDC00:02x}"
    # Controls, formats (which turn the line around), surrogates; ends of lines and paragraphs.
    escaped = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return character.encode("unicode_escape").decode() if escaped else character
