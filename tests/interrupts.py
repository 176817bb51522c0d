"""Programs that tests interrupt."""

from __future__ import annotations

import signal


def answers_ctrl_c() -> None:
    """For ``preexec_fn`` of a program that a test interrupts.

    What a shell starts in the background, as by ``make test &``, ignores Ctrl-C, and so would all that it starts.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
