"""The command ``music-adversaries``, also as ``python -m music_adversaries``: what goes wrong around it is one line.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import TextIO

_INTERRUPTED = 130  # as shells count: 128 and the number of the signal


def main() -> None:
    """Run the command, and end with its exit code.

    Exits with 2, after one sentence, where memory ran out or the output could not be written; with 0 where whoever
    read the output has gone, as by ``| head``; with 130 after Ctrl-C.
    """
    asked_to_stop = signal.getsignal(signal.SIGINT)
    if asked_to_stop is signal.default_int_handler:  # not where Ctrl-C is ignored, as in the background of a shell
        signal.signal(signal.SIGINT, _stop_at_once)
    from ..cli import main as command  # some seconds, in which nothing is begun that could be left half done
    from ..errors import InputError

    signal.signal(signal.SIGINT, _stop if asked_to_stop is signal.default_int_handler else asked_to_stop)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show ends nothing
    warnings.showwarning = _show_warning
    try:
        code = _ended(command)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = 0
    except KeyboardInterrupt:
        code = _say("interrupted.", _INTERRUPTED)
    except MemoryError:
        code = _say("memory ran out; close other programs, or give less at once.", 2)
    except InputError as error:
        code = _say(str(error), 2)
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        code = _say(f"the output could not be written ({error.strerror}); send it elsewhere or free some space.", 2)
    if code and sys.stdout is not None:
        _forget(sys.stdout)
    sys.exit(code)


def _ended(command: Callable[[], object]) -> int:
    """Run a click command; its exit code, which is 0 where nobody reads its output any more."""
    output = sys.stdout
    try:
        command()
    except SystemExit as stop:
        if sys.stdout is not output:  # click puts another in the place of one that nobody reads
            return 0
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _stop_at_once(*_: object) -> None:
    os.write(2, b"music-adversaries: interrupted.\n")
    os._exit(_INTERRUPTED)


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop at once while something is imported: libraries take the exception for a fault of their own, or abort."""
    inner = frame
    while inner is not None:
        if inner.f_code.co_filename.startswith("<frozen importlib"):
            _stop_at_once()
        inner = inner.f_back
    signal.default_int_handler(number, frame)


def _say(sentence: str, code: int) -> int:
    if sys.stderr is not None:
        print(f"music-adversaries: {sentence}", file=sys.stderr)
    return code


def _forget(stream: TextIO) -> None:
    """Have what cannot be written not be tried again at the end."""
    try:
        stream.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of this library as a sentence, and any other as Python shows it."""
    if issubclass(category, UserWarning):
        _say(str(message), 0)
    elif sys.stderr is not None:
        print(warnings.formatwarning(message, category, filename, lineno, line), file=file or sys.stderr, end="")
