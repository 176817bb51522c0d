"""tools/refresh.py: what it stores is the same every time, and a failing notebook is left as it was."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest

import refresh
from interrupts import answers_ctrl_c
from music_adversaries.errors import InputError

STEADY = """
import sys, time
for i in range(3):
    print(i, flush=True)
    time.sleep(0.05)
print("complaint", file=sys.stderr)
"""


def notebook(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_second_run_changes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = notebook(tmp_path / "steady.ipynb", STEADY, "", "import os\nprint(os.getcwd())")
    assert refresh.refresh([path]) == 1
    first = path.read_bytes()
    assert refresh.refresh([path]) == 0
    assert path.read_bytes() == first
    assert "complaint" in capfd.readouterr().err, "what a cell complains of is told, not stored"

    stored = nbformat.reads(first.decode(), as_version=4)
    assert [cell.id for cell in stored.cells] == ["cell-0", "cell-1", "cell-2"]
    assert [cell.execution_count for cell in stored.cells] == [1, None, 2]
    assert stored.cells[0].outputs == [{"output_type": "stream", "name": "stdout", "text": "0\n1\n2\n"}]
    assert stored.cells[2].outputs[0].text == f"{tmp_path}\n"
    assert stored.metadata == refresh.METADATA
    assert not any(cell.metadata for cell in stored.cells)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("1 / 0", "ZeroDivisionError.*cell 2 failed"),
        ("import ipywidgets\nipywidgets.IntSlider()", "cell 2 shows a widget"),
        ("import os\nos._exit(1)", "kernel died in cell 2"),
    ],
)
def test_a_notebook_that_does_not_run_is_left_as_it_was(tmp_path: Path, source: str, why: str) -> None:
    path = notebook(tmp_path / "failing.ipynb", "x = 1", source)
    before = path.read_bytes()
    with pytest.raises(refresh.RefreshError, match=f"(?s){why}"):
        refresh.refresh([path])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_notebooks_run_side_by_side(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each waits for a file that the other writes."""
    wait = (
        "from pathlib import Path\nimport time\nPath({mine!r}).touch()\n"
        "while not Path({other!r}).exists():\n    time.sleep(0.01)"
    )
    paths = [
        notebook(tmp_path / f"{mine}.ipynb", wait.format(mine=mine, other=other), "print(1)")
        for mine, other in (("a", "b"), ("b", "a"))
    ]
    assert refresh.refresh(paths, jobs=2) == 2
    assert "2 of 2 cells" in capfd.readouterr().out


def test_a_loop_that_runs_already_is_no_obstacle(tmp_path: Path) -> None:
    path = notebook(tmp_path / "one.ipynb", "print(1)")

    async def inside() -> int:
        return refresh.refresh([path])

    with ThreadPoolExecutor(1) as thread:  # in this one, the browser's loop may run already
        assert thread.submit(asyncio.run, inside()).result() == 1


def test_what_runs_beside_a_failure_is_stopped_and_stays(tmp_path: Path) -> None:
    slow = notebook(tmp_path / "slow.ipynb", "import time\ntime.sleep(600)")
    failing = notebook(tmp_path / "failing.ipynb", "1 / 0")
    never = notebook(tmp_path / "never.ipynb", "print(1)")
    before = {path: path.read_bytes() for path in (slow, failing, never)}
    with pytest.raises(refresh.RefreshError, match=r"failing.ipynb: cell 1 failed"):
        refresh.refresh([slow, failing, never], jobs=2)
    assert {path: path.read_bytes() for path in before} == before


def test_ctrl_c_stops_the_kernels_and_leaves_the_notebooks(tmp_path: Path) -> None:
    began = tmp_path / "began"
    source = (
        f"from pathlib import Path\nimport os, time\nPath({str(began)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    )
    path = notebook(tmp_path / "long.ipynb", source)
    before = path.read_bytes()
    script = (
        f"import sys; sys.path.insert(0, {str(refresh.ROOT / 'tools')!r}); import refresh; from pathlib import Path\n"
        f"sys.exit(refresh.told(lambda: refresh.refresh([Path({str(path)!r})])))"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, preexec_fn=answers_ctrl_c
    )
    until = time.monotonic() + 120
    while not began.exists() or not began.read_text():
        assert command.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    # The kernel itself may complain while it ends.
    assert command.returncode == 130 and "Interrupted" in said.splitlines()[-1], said
    assert "never retrieved" not in said and "refresh.py" not in said, said
    assert path.read_bytes() == before
    kernel = [process for process in psutil.process_iter() if process.pid == int(began.read_text())]
    assert not psutil.wait_procs(kernel, timeout=30)[1]


def test_folders_are_meant_from_where_the_command_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"MUSIC_ADVERSARIES_FOLDER": "mine", "MPLBACKEND": "Agg"})
    monkeypatch.chdir(tmp_path)
    refresh.set_environment("folder", "full")
    environment = refresh.os.environ
    assert environment["MUSIC_ADVERSARIES_FOLDER"] == str(tmp_path / "mine")
    assert environment["MUSIC_ADVERSARIES_DATASET"] == "folder"
    assert environment["MUSIC_ADVERSARIES_PROFILE"] == "full"
    assert "MPLBACKEND" not in environment


def test_a_mistake_is_one_sentence_and_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise InputError("folder x is missing; name another.")

    assert refresh.told(work) == 2
    assert capsys.readouterr().err == "folder x is missing; name another.\n"


def test_a_notebook_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert refresh.main(["book/none.ipynb"]) == 2
    assert "book/none.ipynb" in capsys.readouterr().err
