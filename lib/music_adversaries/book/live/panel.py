"""A panel for JupyterLab that attacks a chosen excerpt while the reader waits, and plays the result.

Conventions
    The whole excerpt is attacked, since the system decides over a whole excerpt; its middle is
    heard. Labels before and after are the system's own verdict on what a 16-bit file holds.
    While the attack runs, a line shows how the system's confidence in the wanted label climbs.
    The attack runs in a thread. Without one, a kernel that is busy with an attack would not react to
    the panel's button. JupyterLab's own ■ may not stop an attack either, since it may handle
    buttons in another thread than cells.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import html
import inspect
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from ...audition import compare
from ...audition.clips import MAX_SECONDS
from ...errors import InputError
from .curve import confidence_curve

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ...adversary import AdversaryResult
    from ...networks import System

STATIC = "MUSIC_ADVERSARIES_STATIC"


class Table(Protocol):
    """What the panel reads from a manifest."""

    @property
    def table(self) -> pd.DataFrame:
        """One row for each excerpt, with the columns ``excerpt`` and ``label``."""


class Recordings(Protocol):
    """What the panel reads from a dataset."""

    name: str

    @property
    def manifest(self) -> Table:
        """Which excerpts there are, and their labels."""

    def load(self, excerpt: str) -> np.ndarray:
        """The waveform ``[n_samples]`` of an excerpt."""


@dataclass(frozen=True)
class StaticNote:
    """Stands in for the panel on a page without a kernel."""

    text: str = (
        "The live panel appears here when this notebook runs in JupyterLab: "
        "it attacks an excerpt, label and SNR of your choice."
    )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/markdown": f"*{self.text}*", "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


class _Stopped(Exception):
    """The reader has stopped the attack."""


class Panel(widgets.VBox):
    """Controls, a button that attacks, a table of results and a player; made by `panel`.

    Attributes
    ----------
    excerpt, target : Dropdown
    method : Dropdown
        The attack's method, if there is a choice.
    snr, confidence : FloatSlider
    button, stop : Button
        The first runs the attack in a thread, as `start` does; the other ends it at its next iteration.
    status : HTML
        What is going on, or what went wrong, in one sentence.
    progress : HTML
        The confidence so far, by iteration.
    table : HTML
        Label and confidence before and after, SNR, iterations.
    listen : Output
        The player.
    result : the attack's last result, or None
    thread : the last attack's thread, or None
    """

    def __init__(
        self,
        system: System,
        dataset: Recordings,
        attack: Callable[..., Sequence[AdversaryResult]],
        excerpts: Sequence[str],
        seconds: float,
        methods: Sequence[str] = (),
    ) -> None:
        self._system, self._dataset, self._attack, self._seconds = system, dataset, attack, seconds
        self.result: AdversaryResult | None = None
        self.thread: threading.Thread | None = None
        self._stopping = threading.Event()
        wide = {"layout": widgets.Layout(width="22rem"), "style": {"description_width": "8rem"}}
        self.excerpt = widgets.Dropdown(options=list(excerpts), description="Excerpt", **wide)
        self.target = widgets.Dropdown(options=list(system.labels), description="Label wanted", **wide)
        self.method = widgets.Dropdown(options=list(methods), description="Method", **wide)
        self.snr = widgets.FloatSlider(
            15.0, min=0.0, max=40.0, step=1.0, description="Least SNR, dB", readout_format=".0f", **wide
        )
        self.confidence = widgets.FloatSlider(
            0.9, min=0.3, max=0.99, step=0.01, description="Confidence", readout_format=".2f", **wide
        )
        self.button = widgets.Button(
            description="Attack", button_style="primary", tooltip="Attack the excerpt with these settings"
        )
        self.status = widgets.HTML()
        self.progress = widgets.HTML()
        self.table = widgets.HTML()
        self.listen = widgets.Output()
        self.stop = widgets.Button(description="Stop", tooltip="Stop the attack", disabled=True)
        self.button.on_click(lambda _: self.start())
        self.stop.on_click(lambda _: self._stopping.set())
        row = {"flex_flow": "row wrap", "align_items": "center"}
        super().__init__(
            [
                widgets.HBox([self.excerpt, self.target], layout=widgets.Layout(flex_flow="row wrap")),
                widgets.HBox([self.snr, self.confidence], layout=widgets.Layout(flex_flow="row wrap")),
                *([self.method] if len(methods) > 1 else []),
                widgets.HBox([self.button, self.stop, self.status], layout=widgets.Layout(**row)),
                self.progress,
                self.table,
                self.listen,
            ]
        )

    def start(self) -> None:
        """`run` in a thread, unless one is running already (as at the second click of a double click)."""
        if self.button.disabled:
            return
        self.button.disabled = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Attack with the controls' settings and show the result; `status` says what goes wrong."""
        self.button.disabled = True
        self._stopping.clear()
        self.progress.value, self.table.value, self.listen.outputs, self.result = "", "", (), None
        self._say(f"Attacking {self.excerpt.value} …")
        try:
            self._run()
        except InputError as error:
            self._say(str(error))
        except (_Stopped, KeyboardInterrupt):
            self._say("Stopped.")
        except Exception as error:
            self._say(f"The attack failed ({type(error).__name__}: {error}).")
            raise
        finally:
            self.button.disabled, self.stop.disabled = False, True

    def _run(self) -> None:
        # Read once, since the controls can be moved while the attack runs.
        excerpt, target, snr, confidence = (w.value for w in (self.excerpt, self.target, self.snr, self.confidence))
        from ...adversary import Budget  # imported here, since a page without a kernel does not need it

        settings = self._settings(excerpt, target, confidence)
        waveform = self._dataset.load(excerpt)
        before = self._system.classify(waveform, excerpt)
        if before.label == target and before.confidence > confidence:
            self._say(f"The system says {target} already, with {before.confidence:.2f}; choose another label.")
            return
        (result,) = self._attack(self._system, [waveform], [target], Budget(snr, confidence), **settings)
        after = self._system.classify(result.waveform)
        player = compare(
            waveform,
            result.waveform,
            seconds=self._seconds,
            original_label=f"{before.label}, {before.confidence:.2f}",
            adversary_label=f"{after.label}, {after.confidence:.2f}",
            snr_db=result.snr_magnitude,
            title=f"{excerpt}, wanted as {target}",
        )
        rows = [  # few columns, for a narrow window
            ("", "original", "adversary"),
            ("label", before.label, after.label),
            ("confidence", f"{before.confidence:.3f}", f"{after.confidence:.3f}"),
            ("SNR of magnitudes", "", f"{result.snr_magnitude:.1f} dB"),
            ("SNR of waveforms", "", f"{result.snr_time:.1f} dB"),
            ("iterations", "", str(result.iterations)),
        ]
        self.result = result
        self.table.value = _table(rows)
        # Not widgets.HTML: scripts set as innerHTML do not run, and the player needs its own.
        bundle = player._repr_mimebundle_()
        self.listen.outputs = ({"output_type": "display_data", "data": bundle, "metadata": {}},)
        self._say(_verdict(result, before.label, after.label, target, snr, confidence))

    def _settings(self, excerpt: str, target: str, confidence: float) -> dict[str, Any]:
        """Method, name and watching, if the attack accepts them."""
        settings: dict[str, Any] = {}
        known = inspect.signature(self._attack).parameters
        if "method" in known and self.method.value is not None:
            settings["method"] = self.method.value
        if "names" in known:
            settings["names"] = [excerpt]
        if "watch" in known:
            settings["watch"] = self._watch(target, confidence)
            self.stop.disabled = False
        return settings

    def _watch(self, target: str, threshold: float) -> Callable[[int, list[float]], None]:
        """What the attack calls after each iteration: redraws the line, or stops the attack."""
        values: list[float] = []

        def watch(iteration: int, posteriors: list[float]) -> None:
            if self._stopping.is_set():
                raise _Stopped
            if posteriors:  # of the single excerpt; empty when it is finished
                values.append(posteriors[0])
                self.progress.value = confidence_curve(values, threshold, target)

        return watch

    def _say(self, sentence: str) -> None:
        # Widgets space lines like controls; a sentence that wraps needs less space.
        self.status.value = (
            f'<div role="status" style="line-height: 1.4; padding-left: 0.4rem">{html.escape(sentence)}</div>'
        )


def panel(
    system: System,
    dataset: Recordings,
    *,
    attack: Callable[..., Sequence[AdversaryResult]] | None = None,
    methods: Sequence[str] | None = None,
    excerpts: Sequence[str] | None = None,
    seconds: float = 6.0,
) -> Panel | StaticNote:
    """A live panel: choose excerpt, label, SNR and confidence; attack; see and hear the result.

    While the stored notebooks are executed (``MUSIC_ADVERSARIES_STATIC=1``) it is a sentence
    instead, since a page without a kernel cannot use its controls.

    Parameters
    ----------
    system : System
    dataset : Dataset
    attack : callable
        Called as ``attack(system, [waveform], [target], Budget(snr, confidence))``; returns a list of
        one result. `music_adversaries.adversary.attack` by default. If it takes ``watch``, it gets a
        function to call after each iteration. The function's arguments are the iteration's number and
        the mean posterior of the target of each excerpt still attacked. If it takes ``method``, it gets
        the method chosen.
    methods : sequence of str
        The methods to choose from; the names in `music_adversaries.adversary.METHODS` by default.
    excerpts : sequence of str
        The ids to choose from; all of the dataset by default.
    seconds : float
        How much of the excerpt, around its middle, is heard; at most 12.

    Raises
    ------
    InputError
        When there is no excerpt, an excerpt is not in the dataset, or ``seconds`` is out of range.

    Notebook: book/05_adversaries.ipynb
    """
    known = [str(excerpt) for excerpt in dataset.manifest.table["excerpt"]]
    chosen = known if excerpts is None else [str(excerpt) for excerpt in excerpts]
    if not chosen:
        raise InputError("The panel has no excerpt to choose from; give at least one in excerpts.")
    if strange := sorted(set(chosen) - set(known)):
        raise InputError(f"{strange[0]!r} is not an excerpt of {dataset.name}; the first of them is {known[0]!r}.")
    if not 0 < seconds <= MAX_SECONDS:
        raise InputError(f"seconds is {seconds}; give a length from 0 to {MAX_SECONDS:g} s, such as 6.")
    if os.environ.get(STATIC) == "1":
        return StaticNote()
    from ... import adversary  # imported here, since a page without a kernel does not need it

    attack = adversary.attack if attack is None else attack
    if methods is None:
        methods = tuple(getattr(adversary, "METHODS", ()))
    made = Panel(system, dataset, attack, chosen, seconds, methods)
    # The first press of the button should show an attack, not a message that the label is there already.
    own = dict(zip(known, dataset.manifest.table["label"], strict=True))[chosen[0]]
    made.target.value = next((label for label in system.labels if label != own), system.labels[0])
    return made


def _verdict(result: AdversaryResult, before: str, label: str, target: str, snr: float, confidence: float) -> str:
    """The result in one sentence, and a second one that says what may help."""
    reached = label == target and result.target_confidence >= confidence
    if reached:
        return f"The system says {target}{', as before' if before == target else ''}."
    if label == target:
        said = f"The system says {target}, but less surely than wanted."
    else:
        said = f"The attack failed: the system says {label}."
    # A fixed step may end far from the limit. A looser limit would not help then.
    if result.snr_magnitude > snr + 1:
        return f"{said} The change is smaller than the SNR allows; another method may use what is left."
    return f"{said} A lower SNR allows a larger change."


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words as an HTML table; the first row and the first column are headings."""
    style = "text-align: left; padding: 0.1rem 1.2rem 0.1rem 0; line-height: 1.4"
    lines = []
    for i, row in enumerate(rows):
        tags = ["th" if i == 0 or j == 0 else "td" for j in range(len(row))]
        cells = zip(tags, row, strict=True)
        lines.append("".join(f'<{tag} style="{style}">{html.escape(cell)}</{tag}>' for tag, cell in cells))
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
