"""Execute the book's notebooks in place; only this tool writes their stored outputs.

    python tools/refresh.py [--dataset NAME] [--profile quick|full] [NOTEBOOK ...]

The outputs depend only on the code: no times, no random ids, no version of the interpreter. So a second run changes
nothing. A notebook is replaced only when all its cells ran. A failing cell is shown with its traceback, and the stored
notebook stays as it was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from steps import DURATIONS, Steps

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
DATASET, PROFILE = "synthetic", "quick"

# One thread everywhere: sums over several threads differ in the last bits between runs.
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMBA")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}
# Folders that a user may have named relative to the current folder; kernels run in book/.
FOLDERS = ("MUSIC_ADVERSARIES_CACHE", "MUSIC_ADVERSARIES_GTZAN_MINI", "MUSIC_ADVERSARIES_FOLDER")
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class RefreshError(Exception):
    """A notebook could not be executed; the message says which cell, and why."""


def kernel_environment(dataset: str = DATASET, profile: str = PROFILE) -> dict[str, str]:
    """Environment variables for every kernel of the book, here and in the tests."""
    return {
        "MUSIC_ADVERSARIES_DATASET": dataset,
        "MUSIC_ADVERSARIES_PROFILE": profile,
        "MUSIC_ADVERSARIES_STATIC": "1",  # players and tables instead of widgets and progress bars
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a warning of the debugger that no reader needs
    } | ONE_THREAD


def set_environment(dataset: str, profile: str) -> None:
    """Make this process, and the kernels it starts, run with ``kernel_environment`` and absolute folders."""
    for name in FOLDERS:
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).expanduser().resolve())
    os.environ.pop("MPLBACKEND", None)  # a kernel chooses its own, which shows figures in the notebook
    os.environ.update(kernel_environment(dataset, profile))
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", "10")  # progress bars in a log: a line now and then


def prepare_dataset(dataset: str, profile: str) -> None:
    """Check the data set, generating it on first use, before any notebook runs; its progress bar shows here.

    Raises
    ------
    music_adversaries.errors.InputError
        When there is no such data set, or its files are not as they should be.
    """
    from music_adversaries.book import datasets

    loaded = datasets.load(dataset, profile=profile, progress=True)
    print(f"Data set {dataset}, profile {profile}: {len(loaded)} excerpts.", flush=True)


def run_experiments() -> None:
    """Compute every record that the notebooks show, and train what they attack, unless the cache has it.

    This runs before the notebooks, so that progress shows and all processors work; the notebooks find the results.
    """
    from music_adversaries.book import harness, runs

    runs.run_for_book(harness.from_environment(), progress=True)


class Board:
    """Shows in the terminal which cells run and for how long; without a terminal, one line per finished notebook."""

    def __init__(self, n_notebooks: int) -> None:
        self.n_notebooks, self.done = n_notebooks, 0
        self.running: dict[str, str] = {}  # from a notebook's name to the cell it is in
        self.seconds: dict[str, float] = {}  # seconds that finished notebooks took
        self.start = time.monotonic()

    async def tick(self) -> None:
        """Redraw the line of what runs, twice a second, until cancelled."""
        while sys.stdout.isatty():
            cells = ", ".join(f"{name} {cell}" for name, cell in self.running.items())
            done = f"{self.done} of {self.n_notebooks} done, {self._seconds(self.start)}"
            line = f"{done}; {cells}"[: shutil.get_terminal_size().columns - 1]  # a wrapped line could not be redrawn
            print(f"\r\033[K{line}", end="", flush=True)
            await asyncio.sleep(0.5)

    @contextlib.contextmanager
    def notebook(self, name: str, n_cells: int) -> Iterator[Callable[[int], None]]:
        """Within the block the notebook runs; what is yielded says which cell it has come to."""
        start, reached = time.monotonic(), 0

        def at(cell: int) -> None:
            nonlocal reached
            reached = cell
            self.running[name] = f"{cell}/{n_cells}"

        at(0)
        outcome = " and stopped"
        try:
            yield at
            outcome = ""
        finally:
            del self.running[name]
            self.done += 1
            self.seconds[name] = time.monotonic() - start
            end = "\r\033[K" if sys.stdout.isatty() else ""
            took = f"{reached} of {n_cells} cells, {self._seconds(start)}{outcome}"
            print(f"{end}[{self.done}/{self.n_notebooks}] {name}: {took}", flush=True)

    @staticmethod
    def _seconds(start: float) -> str:
        return f"{time.monotonic() - start:.1f} s"


async def execute(path: Path, board: Board) -> nbformat.NotebookNode:
    """Execute one notebook in its own kernel and folder; returns it with fresh outputs, normalised."""
    notebook = nbformat.read(path, as_version=4)
    numbers = {
        index: number
        for number, index in enumerate(
            (i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()), start=1
        )
    }
    cell = 0
    with board.notebook(path.name, len(numbers)) as at:

        def started(cell_index: int, **_: object) -> None:
            nonlocal cell
            cell = numbers[cell_index]
            at(cell)

        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=None,
            coalesce_streams=True,  # how often a stream is flushed depends on timing
            store_widget_state=False,
            extra_arguments=["--log-level=ERROR"],  # no warning that a kernel on this very machine is not encrypted
            record_timing=False,
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_execute=started,
        )
        try:
            await client.async_execute()
        except CellExecutionError as error:
            raise RefreshError(f"{error}\n{path.name}: cell {cell} failed; the stored notebook is as it was.") from None
        except RuntimeError as error:
            if not isinstance(error, DeadKernelError):  # "Kernel didn't respond in 60 seconds"
                raise RefreshError(f"{path.name}: {error}; the stored notebook is as it was.") from error
            raise RefreshError(
                f"{path.name}: the kernel died in cell {cell}, perhaps for lack of memory; "
                "the stored notebook is as it was."
            ) from None
    normalise(notebook, path.name)
    return notebook


def normalise(notebook: nbformat.NotebookNode, name: str) -> None:
    """Remove from ``notebook``, in place, what would be different in the next run, and what a page should not show.

    Raises
    ------
    RefreshError
        When a cell shows a widget: its id is random, and the page without a kernel would show nothing.
    """
    notebook.metadata.pop("widgets", None)
    notebook.metadata.update(METADATA)
    for index, cell in enumerate(notebook.cells):
        for key in ("execution", "ExecuteTime", "collapsed", "scrolled"):
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        if any(WIDGET_VIEW in output.get("data", {}) for output in cell.outputs):
            raise RefreshError(
                f"{name}: cell {cell.execution_count} shows a widget, which a page cannot run; "
                "show something static when MUSIC_ADVERSARIES_STATIC is set."
            )
        errors = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        if errors:
            where = f"{name}: cell {cell.execution_count}"
            print(f"{where} wrote to stderr, which is not stored:", *errors, file=sys.stderr)
            notebook.cells[index].outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


def serialise(notebook: nbformat.NotebookNode) -> bytes:
    """The bytes of a notebook's file."""
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def write(notebook: nbformat.NotebookNode, path: Path) -> bool:
    """Write ``notebook`` to ``path``, whole or not at all, if it changed; returns whether it did."""
    content = serialise(notebook)
    if path.read_bytes() == content:
        return False
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def refresh(notebooks: Sequence[Path], jobs: int | None = None, *, board: Board | None = None) -> int:
    """Execute ``notebooks`` side by side, each written as soon as it has run; returns how many changed.

    What several of them need (a data set, trained systems) should be there, so that none waits for another.

    Parameters
    ----------
    jobs : how many run at once; by default as many as there are processors, at most four
    board : shows what runs, and keeps how long each took

    Raises
    ------
    RefreshError
        The first failure; those that were running by then are stopped, and stay as they were.
    """
    work = _refresh(notebooks, jobs or min(os.cpu_count() or 1, 4), board or Board(len(notebooks)))
    # In its own thread: the caller may have a loop already (the browser's, in tests), and Ctrl-C comes here, while
    # otherwise each client would handle it by itself.
    running: list[asyncio.Task[int]] = []

    async def main() -> int:
        running.append(asyncio.ensure_future(work))
        return await running[0]

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(asyncio.run, main())
        try:
            return future.result()
        except KeyboardInterrupt:
            for task in running:
                task.get_loop().call_soon_threadsafe(task.cancel)
            raise


async def _refresh(notebooks: Sequence[Path], jobs: int, board: Board) -> int:
    # The longest first, so that no notebook runs alone at the end.
    waiting = sorted(notebooks, key=lambda path: -_weight(path))
    changed = 0

    async def work() -> None:
        nonlocal changed
        while waiting:
            path = waiting.pop(0)
            executed = await execute(path, board)
            changed += write(executed, path)

    ticker = asyncio.create_task(board.tick())
    workers = [asyncio.create_task(work()) for _ in range(min(jobs, len(waiting)))]
    try:
        finished, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        for worker in finished:
            worker.result()
    finally:
        for task in (ticker, *workers):
            task.cancel()
        await asyncio.gather(ticker, *workers, return_exceptions=True)
    return changed


def _weight(path: Path) -> float:
    """Seconds that a notebook took before; notebooks that were never timed come first."""
    return json.loads(DURATIONS.read_text())["notebooks"].get(path.name, float("inf"))


def store_verdicts() -> int:
    """Write ``book/verdicts.csv``, with which every later run of the book compares its own; returns 1 if it changed.

    Differences from the verdicts stored before are printed. Only the book's own dataset and profile have stored
    verdicts.
    """
    from music_adversaries.book import claims, harness, runs
    from music_adversaries.cache import atomic_path

    config = harness.from_environment()
    if (config.dataset, config.profile) != (DATASET, PROFILE):
        return 0
    judged = claims.judged(runs.run_for_book(config))
    content = judged[judged["dataset"] != ""].to_csv(columns=claims.STORED, index=False, lineterminator="\n")
    path = BOOK / "verdicts.csv"
    if path.exists():
        print(claims.beside_stored(judged, claims.stored(path), config.dataset, config.profile), flush=True)
        if path.read_text(encoding="utf-8") == content:
            return 0
    with atomic_path(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return 1


def chapters(folder: Path = BOOK) -> list[Path]:
    """The notebooks of the book, in reading order."""
    return sorted(folder.glob("*.ipynb"))


def parser(description: str) -> argparse.ArgumentParser:
    """The options that choose the data of the book."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--dataset", default=DATASET, help="synthetic, gtzan-mini or folder")
    options.add_argument("--profile", default=PROFILE, choices=("quick", "full"))
    return options


def told(work: Callable[[], int | None]) -> int:
    """Do ``work``; a user's mistake or a failing cell gives a message and an exit code, not a traceback."""
    from music_adversaries.errors import InputError

    try:
        return work() or 0
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; a notebook that had not finished is as it was.", file=sys.stderr)
        return 130


def main(arguments: Sequence[str] | None = None) -> int:
    options_parser = parser("Execute the book's notebooks in place.")
    options_parser.add_argument("notebooks", nargs="*", type=Path, help="default: every chapter")
    options = options_parser.parse_args(arguments)
    for path in options.notebooks:
        if not path.is_file():
            print(f"There is no notebook {path}; name files of book/, or none for all of them.", file=sys.stderr)
            return 2
    notebooks = [path.resolve() for path in options.notebooks] or chapters()
    set_environment(options.dataset, options.profile)

    steps = Steps("book")

    def work() -> None:
        with steps.step("data set"):
            prepare_dataset(options.dataset, options.profile)
        with steps.step("experiments"):
            run_experiments()
        with steps.step("notebooks"):
            # The page of verdicts compares itself with the stored verdicts, so these are written first.
            changed = store_verdicts() if BOOK / "09_verdicts.ipynb" in notebooks else 0
            changed += refresh(notebooks)
        print(f"{len(notebooks)} notebooks executed, {changed} files changed.")

    code = told(work)
    print(f"\n{steps.summary()}")
    return code


if __name__ == "__main__":
    sys.exit(main())
