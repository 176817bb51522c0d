"""A table of adversaries in which every cell plays: one row for each recording, one column for each wanted label.

Conventions
    * One player stands below the table: the row's original, the cell's adversary, and their difference,
      amplified by a gain that is printed. Within a row, pressing another cell keeps the playhead.
    * A row stores its original and a cell stores only its difference, both as 16-bit FLAC. The browser adds them
      exactly. A difference is quieter than music and takes less space: 23 kB a second where the adversary
      takes 33 (measured on adversaries of the synthetic data). An unchanged recording takes nothing.
    * Nothing is decoded or drawn before it is needed, so a hundred cells do not slow the page down.
    * A table may have several versions, such as the same attacks at two confidences. Buttons switch between them;
      originals are stored once.

Notebook: book/06_ensembles.ipynb
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..audio import FULL_SCALE
from ..errors import InputError
from ..spectra import SAMPLE_RATE
from . import pictures
from .clips import Change, Clip, audible_gain, check_clip, check_waveform, gain_words, joined, part, snr_words
from .page import GRID, Element, flac_address

MAX_CELLS = 400
DARKEST = 34  # per cent of ink in the cell with the largest change: its text stays legible


@dataclass(frozen=True, eq=False)
class GridRow:
    """An original and its adversaries, one for each column of a grid.

    Attributes
    ----------
    name : the row's heading, such as the excerpt's id
    original : array ``[n_samples]``, mono, full scale 1, 22,050 Hz
    changes : sequence of Change, one for each column
        For a table of several versions, a mapping from the name of each version to such a sequence.
    label : the system's verdict on the original, in words
    """

    name: str
    original: npt.NDArray[np.floating]
    changes: Sequence[Change] | Mapping[str, Sequence[Change]]
    label: str | None = None

    @property
    def versions(self) -> dict[str | None, Sequence[Change]]:
        """The changes of each version; the only version has no name."""
        if isinstance(self.changes, Mapping):
            return {name: changes for name, changes in self.changes.items()}
        return {None: self.changes}

    @property
    def all_changes(self) -> list[Change]:
        """The changes of all versions."""
        return [change for changes in self.versions.values() for change in changes]


@dataclass(frozen=True, eq=False)
class Grid(Element):
    """Recordings by labels, shown as a table that plays. Made by `grid`, which checks its arguments."""

    rows: tuple[GridRow, ...]
    columns: tuple[str, ...]
    start_s: float | None = None
    seconds: float = 1.0
    title: str | None = None
    caption: str | None = None
    loop: bool = True

    tag = GRID

    def __repr__(self) -> str:
        named = f" “{self.title}”" if self.title else ""
        failures = sum(not change.success for change in self._changes())
        failed = f", {failures} failed" if failures else ""
        versions = f", {' | '.join(self.versions)}" if self.versions else ""
        size = f"{len(self.rows)} recordings by {len(self.columns)} labels"
        return f"Grid{named}: {size}{versions}, {self.seconds:.1f} s{failed}"

    @property
    def versions(self) -> list[str]:
        """The names of its versions; empty when there is only one."""
        return [name for name in self.rows[0].versions if name is not None]

    def _changes(self) -> list[Change]:
        return [change for row in self.rows for change in row.all_changes]

    def _heard(self, waveform: npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
        """The part that is heard, in 16-bit steps, ``[n_samples]``."""
        whole = Clip("part", waveform).waveform
        cut = whole[part(len(whole), self.start_s, self.seconds)]
        return np.rint(Clip("part", cut).sounding().astype(np.float64) * FULL_SCALE).astype(np.int32)

    def _listed(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in ("original", *self.columns))
        return "".join(self._table(version, head) for version in self.rows[0].versions)

    def _table(self, version: str | None, head: str) -> str:
        caption = f"<caption>{html.escape(version)}</caption>" if version else ""
        lines = [
            f'<tr><th scope="row">{html.escape(row.name)}</th>'
            + "".join(f"<td>{html.escape(_written(change))}</td>" for change in row.versions[version])
            + "</tr>"
            for row in self.rows
        ]
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"

    def _data(self) -> dict[str, Any]:
        originals = [self._heard(row.original) for row in self.rows]
        levels = [pictures.spectrogram(original / FULL_SCALE, SAMPLE_RATE) for original in originals]
        scale = pictures.scale_of(max(float(level.max()) for level in levels))
        seconds = len(originals[0]) / SAMPLE_RATE
        finite = [snr for change in self._changes() if (snr := _finite_snr(change)) is not None]
        return {
            "title": self.title,
            "caption": self.caption,
            "note": "Set the volume to a comfortable level. Clips are not normalised; differences are amplified.",
            "legend": self._legend(),
            "seconds": round(seconds, 4),
            "rate": SAMPLE_RATE,
            "loop": self.loop,
            "blind": False,
            **pictures.axes(seconds, SAMPLE_RATE, scale, pictures.N_LEVELS),
            "ends": list(scale),
            "shape": {
                "width": pictures.WIDTH,
                "height": pictures.HEIGHT,
                "size": pictures.N_FFT,
                "low": pictures.LOWEST_HZ,
            },
            "alt": pictures.described("%", seconds, SAMPLE_RATE, scale),
            "clips": [{"name": name} for name in ("original", "adversary", "difference")],
            "columns": list(self.columns),
            **({"versions": self.versions} if self.versions else {}),
            "rows": [
                {
                    "name": row.name,
                    "label": row.label,
                    "audio": _address(original),
                    **self._cells(row, original, finite),
                }
                for row, original in zip(self.rows, originals, strict=True)
            ],
        }

    def _cells(self, row: GridRow, original: npt.NDArray[np.int32], finite: Sequence[float]) -> dict[str, Any]:
        tables = [
            [
                self._cell(joined(f"{row.name} as {column}", version), change, original, finite)
                for column, change in zip(self.columns, changes, strict=True)
            ]
            for version, changes in row.versions.items()
        ]
        return {"versions": tables} if self.versions else {"cells": tables[0]}

    def _cell(
        self, place: str | None, change: Change, original: npt.NDArray[np.int32], finite: Sequence[float]
    ) -> dict[str, Any]:
        difference = self._heard(change.waveform) - original
        gain = audible_gain(original.astype(np.float64), difference.astype(np.float64))
        words = joined(snr_words(change.snr_db), None if change.success else "failed")
        heard = bool(difference.any())
        return {
            "text": _number(change),
            "spoken": f"{place}" + (f": {said}" if (said := joined(change.label, words)) else ""),
            "failed": not change.success,
            "shade": _shade(_finite_snr(change), finite),
            "label": change.label,
            "detail": words,
            "gain": gain,
            "amplified": gain_words(gain) if heard else "none in this part",
            # Modulo 2^16 every difference fits 16 bits, and the sum of the two is exact.
            "audio": _address(difference.astype(np.int16)) if heard else None,
        }

    def _legend(self) -> str:
        changes = self._changes()
        words = "Press a cell to hear that adversary, the name of a row to hear the original."
        if any(_finite_snr(change) is not None for change in changes):
            words += " Numbers are SNRs in dB; the stronger the tone, the larger the change."
        if any(change.snr_db == math.inf for change in changes):
            words += " As is: unchanged, for the system said so already."
        if not all(change.success for change in changes):
            words += " ✗ and a dashed frame: the attack failed."
        return words


def grid(
    rows: Sequence[GridRow],
    columns: Sequence[str],
    *,
    start_s: float | None = None,
    seconds: float = 1.0,
    title: str | None = None,
    caption: str | None = None,
    loop: bool = True,
) -> Grid:
    """A table of adversaries in which every cell plays.

    A cell shows its SNR, or that nothing was changed, and a mark if the attack failed.

    Parameters
    ----------
    rows : sequence of GridRow
        Each has one change for each column, or one for each column in each of several versions. The versions have
        the same names in all rows. At most 400 cells.
    columns : sequence of str
        The headings of the columns, such as the labels wanted.
    start_s, seconds : float
        The part of every recording to hear; without a start, its middle. At most 12 s, and the same for
        all. A cell adds about 32 kB a second to a notebook, less with `coarse` changes.
    title, caption : str
        A line above, and a sentence under it.
    loop : bool
        Whether it starts over at its end (a button changes it).

    Raises
    ------
    InputError
        When there is no row or column or too many; when a row does not have one change for each column, or has other
        versions than the first row; when a change differs in length from its original, or rows are heard for
        different lengths; and for what `player` refuses.

    Notebook: book/06_ensembles.ipynb
    """
    versions = list(rows[0].versions) if rows else []
    if not rows or not columns or len(rows) * len(columns) * len(versions) > MAX_CELLS:
        raise InputError(
            f"A grid of {len(rows)} rows and {len(columns)} columns{_times(versions)} was asked for; give at least one "
            f"of each, and at most {MAX_CELLS} cells."
        )
    for row in rows:
        if list(row.versions) != versions:
            raise InputError(f"Row {row.name!r} has other versions than row {rows[0].name!r}; give the same for all.")
    lengths = {_check_row(row, columns, start_s, seconds): row.name for row in rows}
    if len(lengths) > 1:
        (a, first), (b, second) = sorted(lengths.items())[:2]
        raise InputError(
            f"{a / SAMPLE_RATE:.2f} s of {first!r} would be heard but {b / SAMPLE_RATE:.2f} s of {second!r}; "
            "choose a part that all rows have."
        )
    return Grid(tuple(rows), tuple(columns), start_s, seconds, title, caption, loop)


def _check_row(row: GridRow, columns: Sequence[str], start_s: float | None, seconds: float) -> int:
    """Refuse a bad row; returns how many of its samples are heard."""
    if not row.versions:
        raise InputError(f"Row {row.name!r} has no version; give one at least, or a list of changes.")
    named = [Clip(row.name, row.original)]
    for version, changes in row.versions.items():
        if version is not None and not str(version).strip():
            raise InputError(f"A version of row {row.name!r} has no name; give one, such as 'confidence 0.5'.")
        if len(changes) != len(columns):
            raise InputError(f"Row {row.name!r} has {len(changes)} changes but there are {len(columns)} columns.")
        named += [Clip(f"{row.name} as {c}", x.waveform) for c, x in zip(columns, changes, strict=True)]
    for clip in named:
        check_waveform(clip)
        if len(clip.waveform) != len(named[0].waveform):
            raise InputError(
                f"{clip.name!r} has {len(clip.waveform):,} samples but its original {len(named[0].waveform):,}; "
                "give changes of the same recording."
            )
    heard = part(len(named[0].waveform), start_s, seconds)
    check_clip(Clip(row.name, named[0].waveform[heard]), row.label)
    return heard.stop - heard.start


def _times(versions: Sequence[str | None]) -> str:
    return f" in {len(versions)} versions" if len(versions) > 1 else ""


def _address(steps: npt.NDArray[np.integer]) -> str:
    return flac_address((steps / FULL_SCALE).astype(np.float32), SAMPLE_RATE)


def _finite_snr(change: Change) -> float | None:
    return None if change.snr_db is None or math.isinf(change.snr_db) else change.snr_db


def _number(change: Change) -> str:
    """The text in a cell."""
    if change.snr_db is None:
        return "play"
    return "as is" if math.isinf(change.snr_db) else f"{change.snr_db:.0f}".replace("-", "−")


def _written(change: Change) -> str:
    """The text of a cell where scripts do not run."""
    return (joined(change.label, snr_words(change.snr_db)) or "") + ("" if change.success else " ✗")


def _shade(snr: float | None, among: Sequence[float]) -> int:
    """Per cent of ink; the lower the SNR, the more."""
    if snr is None:
        return 0
    low, high = min(among), max(among)
    return round(4 + (DARKEST - 4) * (high - snr) / (high - low)) if high > low else 4
