"""Worker processes: each ends when the process that started it ends."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

# The worker says when it is at work.
SCRIPT = """
from pathlib import Path
import sys, time
from music_adversaries.book.harness.grid import over_processes

if __name__ == "__main__":
    over_processes(eval, ["__import__('pathlib').Path(%r).touch() or __import__('time').sleep(600)"], description="")
"""


def test_workers_end_with_a_command_that_is_killed(tmp_path):
    script, at_work = tmp_path / "script.py", tmp_path / "at_work"
    script.write_text(SCRIPT % str(at_work))
    command = subprocess.Popen([sys.executable, str(script)])
    until = time.monotonic() + 120
    while not at_work.exists() and command.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    assert at_work.exists()
    workers = psutil.Process(command.pid).children(recursive=True)
    command.kill()
    command.wait()
    assert workers
    _, left = psutil.wait_procs(workers, timeout=60)
    assert not left
