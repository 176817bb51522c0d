"""All checks of the project, one step after the other; `make test` runs this.

    python tools/check.py [options for pytest]

A step that fails does not stop the later ones: one run shows everything that is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import refresh
from steps import Steps

HTML = refresh.ROOT / "_build" / "checked" / "html"


def main(pytest_options: Sequence[str]) -> int:
    tools = refresh.ROOT / "tools"
    # Two workers; the cells of one notebook, and the tests of one file, stay together on one of them.
    pytest = ["-m", "pytest", "-n", "2", "--dist", "loadscope", "--durations", "10", "--durations-min", "5"]
    commands = {
        "style (ruff)": ["-m", "ruff", "check", "."],
        "layout (ruff)": ["-m", "ruff", "format", "--check", "."],
        # In a folder of their own: the pages that `make book` and `make html` build stay as they are.
        "pages, every warning an error": [str(tools / "build_pages.py"), str(refresh.ROOT), str(HTML), "--all"],
        "tests: library, notebooks, browser (pytest)": [*pytest, *pytest_options],
    }
    refresh.set_environment(refresh.DATASET, refresh.PROFILE)
    os.environ["BOOK_HTML"] = str(HTML)  # where tests find pages
    steps, failed = Steps("test"), []
    # Here, where their progress shows and all processors work; and only once, not in every test that needs them.
    prepared = {"data set": lambda: refresh.prepare_dataset(refresh.DATASET, refresh.PROFILE)}
    if not pytest_options:  # a selection of tests trains what it needs, which may be nothing
        prepared["experiments"] = refresh.run_experiments
    for name, work in prepared.items():
        with steps.step(name):
            if refresh.told(work):
                failed.append(name)
    for name, command in commands.items():
        with steps.step(name):
            if subprocess.run([sys.executable, *command], cwd=refresh.ROOT).returncode:
                failed.append(name)
    print(f"\n{steps.summary()}", flush=True)
    if failed:
        print(f"FAILED: {'; '.join(failed)}", flush=True)
        return 1
    steps.note("test")
    print("OK: all checks passed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
