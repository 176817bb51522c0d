"""A folder of small recordings with a manifest, and a cache of its own: what tests of experiments run on."""

from __future__ import annotations

from pathlib import Path

from music_adversaries import audio
from small_system import LABELS, recording


def write_music(folder: Path, *, each: int, seconds: float) -> Path:
    """``each`` recordings of every label by four artists a label; returns the CSV manifest."""
    rows = ["path,label,artist,title"]
    for label in LABELS:
        for i in range(each):
            audio.write_wav(folder / f"{label}{i}.wav", recording(label, i, seconds=seconds))
            rows.append(f"{label}{i}.wav,{label},{label} artist {i % 4},{label} song {i}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder / "manifest.csv"
