"""The live panel in a JupyterLab of its own: an attack seen while it runs, heard, stopped and replaced.

The notebook's attack holds at some iterations until the test has seen the confidence so far in the browser. So what
is seen was drawn during the attack, however fast the machine is.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from listening import Visit, clip_buttons, missing, press_everything

pytestmark = pytest.mark.browser

TESTS = Path(__file__).resolve().parents[1]
TOKEN = "0123456789abcdef"
STARTS_S, HOLDS_S = 60, 60  # at most; both take seconds
CELLS = (
    """
    import functools, time
    from pathlib import Path
    from types import SimpleNamespace
    import numpy as np, pandas as pd
    from music_adversaries import adversary
    from music_adversaries.book import live
    from small_system import LABELS, recording, system

    excerpts = ["dark.00001", "even.00002", "silent.00003"]
    labels = [excerpt.split(".")[0] for excerpt in excerpts]

    def load(excerpt):
        label, number = excerpt.split(".")
        return recording(label, 100 + int(number), seconds=3.0) if label in LABELS else np.zeros(66_150, "float32")

    dataset = SimpleNamespace(
        name="small", load=load, manifest=SimpleNamespace(table=pd.DataFrame({"excerpt": excerpts, "label": labels}))
    )

    @functools.wraps(adversary.attack)
    def held(*arguments, watch, **settings):
        def watched(iteration, posteriors):
            watch(iteration, posteriors)
            end = time.monotonic() + HOLDS_S
            while Path(f"hold-{iteration}").exists() and time.monotonic() < end:
                time.sleep(0.02)
        return adversary.attack(*arguments, watch=watched, **settings)
    """,
    """
    live = live.panel(system(), dataset, attack=held, seconds=2.0)
    # After the panel's own: whoever stops an attack that holds lets it go on to its end.
    live.stop.on_click(lambda _: [path.unlink() for path in Path().glob("hold-*")])
    live
    """,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where JupyterLab and its kernel run, with the notebook ``panel.ipynb``."""
    made = tmp_path / "notebooks"
    made.mkdir()
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}},
        cells=[
            nbformat.v4.new_code_cell(textwrap.dedent(cell).strip().replace("HOLDS_S", str(HOLDS_S))) for cell in CELLS
        ],
    )
    nbformat.write(notebook, made / "panel.ipynb")
    return made


@pytest.fixture
def lab(tmp_path: Path, folder: Path) -> Iterator[str]:
    """Address of a JupyterLab, such as ``127.0.0.1:50123``, which knows nothing of the user's settings."""
    if importlib.util.find_spec("jupyterlab") is None:
        missing("JupyterLab is not installed: pip install jupyterlab")
    names = "HOME JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR IPYTHONDIR"
    names += " JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR"
    environment = os.environ | {name: str(tmp_path / name.lower()) for name in names.split()}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    environment["OMP_NUM_THREADS"] = "1"
    environment.pop("MUSIC_ADVERSARIES_STATIC", None)  # conftest.py sets it for notebooks without a reader
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={TOKEN}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    log = tmp_path / "jupyter.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_server(server, f"http://127.0.0.1:{port}/api/status?token={TOKEN}", log)
        yield f"127.0.0.1:{port}"
    finally:
        stop(server)


def wait_for_server(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the server answers; fail with its log when it ends or does not."""
    end = time.monotonic() + STARTS_S
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"JupyterLab does not start:\n{log.read_text()[-2000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, politely at first: then it ends its kernels. (A kernel ends itself when its server is gone.)"""
    for how in (signal.SIGTERM, signal.SIGKILL):
        server.send_signal(how)
        try:
            server.wait(15)
            return
        except subprocess.TimeoutExpired:
            continue


class Panel:
    """The panel on an open page, as a reader handles it."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.button, self.stop = (page.get_by_role("button", name=name, exact=True) for name in ("Attack", "Stop"))
        self.curve = page.get_by_role("img", name=re.compile("^Confidence in "))
        self.players, self.rows = page.locator("music-audition"), page.locator(".widget-html tr")
        self.status = page.locator(".widget-html [role=status]")

    def choose(self, **values: str) -> None:
        for name, value in values.items():
            self.page.get_by_label(name.replace("_", " ")).select_option(value)

    def hold(self, *iterations: int) -> None:
        """Let the next attack stop at these iterations until it is `seen_at` them."""
        for iteration in iterations:
            (self.folder / f"hold-{iteration}").touch()

    def seen_at(self, iteration: int) -> float:
        """The confidence that the page shows while the attack holds at an iteration; the attack goes on."""
        self.page.wait_for_function(
            "text => document.querySelector(`svg[aria-label*='${text}']`)", arg=f"after {iteration} iterations"
        )
        said = self.curve.get_attribute("aria-label")
        assert self.button.is_disabled(), "the button can be pressed while an attack runs"
        assert self.players.count() == self.rows.count() == 0, "a result is there before the attack is at its end"
        (self.folder / f"hold-{iteration}").unlink()
        return float(re.search(r": (\d\.\d\d) after", said)[1])

    def wait(self, beginning: str) -> None:
        """Wait until the attack is at its end and the panel says something that begins so."""
        self.status.filter(has_text=re.compile("^" + re.escape(beginning))).wait_for()
        self.page.locator(".jupyter-button:enabled").filter(has_text="Attack").wait_for()
        assert self.stop.is_disabled()


@pytest.fixture
def live(browser: Any, lab: str, folder: Path) -> Iterator[Panel]:
    """The panel of ``panel.ipynb``, all of whose cells were run; at the end, nothing was wrong on the page."""
    context = browser.new_context(viewport={"width": 1100, "height": 1000})
    try:
        seen = Visit(context, f"doc/tree/panel.ipynb?token={TOKEN}", lab)
        page = seen.page
        page.set_default_timeout(60_000)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # before, JupyterLab asks for a kernel
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        made = Panel(page, folder)
        failed = page.locator(".jp-OutputArea-output[data-mime-type*=error]")
        made.button.or_(failed).first.wait_for()
        assert failed.count() == 0, failed.first.inner_text()
        yield made
        assert (seen.outside, seen.errors, seen.logged) == ([], [], [])
    finally:
        context.close()


def test_an_attack_is_watched_heard_stopped_and_replaced(live: Panel) -> None:
    page = live.page
    live.choose(Label_wanted="bright", Method="pgd")
    page.locator(".noUi-handle").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    live.hold(2, 3, 4)
    live.button.click()
    confidences = [live.seen_at(iteration) for iteration in (2, 3, 4)]
    assert confidences == sorted(set(confidences)), "the confidence does not climb"

    live.wait("The system says bright.")
    table = {name: values for name, *values in (row.locator("th, td").all_inner_texts() for row in live.rows.all())}
    assert table["label"] == ["dark", "bright"]
    assert float(table["confidence"][1]) > 0.9
    assert float(table["SNR of magnitudes"][1].split()[0]) >= 10
    assert live.curve.get_attribute("aria-label").endswith(f"after {table['iterations'][1]} iterations; wanted: 0.90")
    assert press_everything(live.players) == []
    assert clip_buttons(live.players).all_inner_texts()[1].startswith("adversary")

    live.choose(Excerpt="silent.00003")
    live.button.click()
    live.wait("silent.00003 is silent;")
    assert (live.players.count(), live.rows.count(), live.curve.count()) == (0, 0, 0)

    live.choose(Excerpt="even.00002", Method="algorithm1")
    live.hold(2)
    live.button.focus()
    page.keyboard.press("Enter")
    live.curve.wait_for()
    live.stop.click()
    live.wait("Stopped.")
    assert (live.players.count(), live.rows.count()) == (0, 0)

    live.choose(Method="pgd")
    live.button.click()
    live.wait("The system says bright.")
    assert live.players.count() == 1
    assert live.players.locator(".title").inner_text() == "even.00002, wanted as bright"
