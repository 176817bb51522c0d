"""A player that switches between clips at one playhead, as self-contained HTML.

Goal
    A change of 15 dB below the music is heard, if at all, by switching back and forth at the same
    moment. So all clips run in step and one is heard; its spectrogram is the seek bar; and a blind
    test (ABX) tells hearing from believing.

Conventions
    * Levels are never normalised clip by clip. A gain is a whole decision of the caller, applied to
      the waveform before it is written, and printed beside the clip.
    * Sound is 16-bit FLAC: lossy coding would destroy what is shown.
    * All spectrograms of a player share one scale, in dB relative to a full-scale sine.
    * The same clips give the same bytes. Nothing is fetched from anywhere.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image

from ..audio import quantise, to_flac_bytes
from ..cache import atomic_path
from ..errors import InputError
from ..spectra import SAMPLE_RATE

ELEMENT = "music-audition"
MAX_SECONDS = 12.0  # of a clip: five seconds of FLAC are 0.2 MB of page
MAX_CLIPS = 16
MAX_GAIN_DB = 60.0  # beyond, what is heard is the rounding of 16-bit files

WIDTH, HEIGHT = 480, 128  # pixels of a spectrogram
N_FFT = 2_048  # samples in a frame of the picture, 93 ms: the bass is drawn, too
LOWEST_HZ = 50.0
DYNAMIC_RANGE_DB = 70
N_LEVELS = 64
COLOURS = "magma"

FALLBACK = (
    "Player: run this cell, or trust the notebook (in JupyterLab: View, Activate Command Palette, "
    "Trust Notebook), to hear it."
)


@dataclass(frozen=True, eq=False)
class Clip:
    """One sound of a player.

    Attributes
    ----------
    name : what its button says, such as ``"adversary"``
    waveform : array ``[n_samples]``, mono, full scale 1
    sample_rate : Hz; the project's 22,050
    label : the system's verdict, in words, such as ``"reggae, 0.93"``
    detail : one more line under it, such as ``"SNR 15.2 dB"``
    gain_db : gain applied before the clip is written, and printed
    """

    name: str
    waveform: npt.NDArray[np.floating[Any]]
    sample_rate: int = SAMPLE_RATE
    label: str | None = None
    detail: str | None = None
    gain_db: float = 0.0

    def sounding(self) -> npt.NDArray[np.float32]:
        """What is heard, ``float32 [n_samples]``: the waveform with its gain, rounded to 16 bits."""
        return quantise(self._amplified())

    def n_clipped(self) -> int:
        """How many samples lie beyond full scale, and are clipped."""
        return int(np.count_nonzero(np.abs(self._amplified()) > 1.0 + 0.5 / 32_768))

    def _amplified(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.waveform, dtype=np.float64) * 10.0 ** (self.gain_db / 20.0)


@dataclass(frozen=True, eq=False)
class Player:
    """Clips to listen to; shows itself as a player in a notebook or a page.

    Made by `player` or `compare`, which check what they are given.
    """

    clips: tuple[Clip, ...]
    title: str | None = None
    caption: str | None = None
    loop: bool = True
    blind_test: bool = True

    @property
    def seconds(self) -> float:
        """Length of every clip, in seconds."""
        return len(self.clips[0].waveform) / self.clips[0].sample_rate

    def page(self) -> str:
        """A whole HTML page with this player alone, which follows the browser's light or dark mode."""
        return _PAGE.format(title=html.escape(self.title or "Listen"), player=self._repr_html_())

    def write(self, path: Path | str) -> Path:
        """Write `page` to a file, which a browser opens from disk; it appears whole or not at all."""
        with atomic_path(path) as temporary:
            temporary.write_text(self.page(), encoding="utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        data = json.dumps(self._data(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        title = f"<p>{html.escape(self.title)}</p>\n" if self.title else ""
        listed = "".join(f"<li>{html.escape(_spoken(clip))}</li>" for clip in self.clips)
        # The attribute keeps JupyterLab's shortcuts (1 to 6, A, B, ...) off the keys pressed in the player.
        return (
            f'<{ELEMENT} data-lm-suppress-shortcuts="true">\n{title}<p>{html.escape(FALLBACK)}</p>\n<ul>{listed}</ul>\n'
            f'<script type="application/json">{data}</script>\n</{ELEMENT}>\n<script>\n{_script()}</script>\n'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        named = f" “{self.title}”" if self.title else ""
        return f"Player{named}: {self.seconds:.1f} s of {'; '.join(_spoken(clip) for clip in self.clips)}"

    def _data(self) -> dict[str, Any]:
        sounds = [clip.sounding() for clip in self.clips]
        rate = self.clips[0].sample_rate
        levels = [_spectrogram(sound, rate) for sound in sounds]
        top = 10 * math.ceil(max(float(level.max()) for level in levels) / 10)
        bottom = top - DYNAMIC_RANGE_DB
        span = f"{_signed(bottom)} to {_signed(top)} dB"
        return {
            "title": self.title,
            "caption": self.caption,
            "note": self._note(),
            "seconds": round(self.seconds, 4),
            "rate": rate,
            "loop": self.loop,
            "blind": self.blind_test and len(self.clips) > 1,
            "time": list(_time_ticks(self.seconds)),
            "frequency": list(_frequency_ticks(rate)),
            "scale": [_signed(bottom), _signed(top)],
            "colours": ["#" + colour.tobytes().hex() for colour in _palette(9)],
            "clips": [
                {
                    "name": clip.name,
                    "label": clip.label,
                    "detail": _joined(clip.detail, _gain_words(clip.gain_db)),
                    "alt": f"Spectrogram of {clip.name}: {self.seconds:.1f} s across, {LOWEST_HZ:.0f} Hz to "
                    f"{rate / 2000:.1f} kHz upwards (logarithmic), colour from {span} of a full-scale sine",
                    "image": "data:image/png;base64," + _base64(_png(level, bottom, top)),
                    "audio": "data:audio/flac;base64," + _base64(to_flac_bytes(sound)),
                }
                for clip, sound, level in zip(self.clips, sounds, levels, strict=True)
            ],
        }

    def _note(self) -> str:
        changed = [f"{clip.name} is {words}" for clip in self.clips if (words := _gain_words(clip.gain_db))]
        levels = f"Clips are not normalised; {', '.join(changed) or 'none is amplified'}."
        clipped = [f"{clip.name}: {n:,} samples" for clip in self.clips if (n := clip.n_clipped())]
        full = f" Clipped at full scale: {'; '.join(clipped)}." if clipped else ""
        return f"Set the volume to a comfortable level. {levels}{full}"


def player(
    *clips: Clip,
    title: str | None = None,
    caption: str | None = None,
    loop: bool = True,
    blind_test: bool = True,
) -> Player:
    """A player of clips of equal length.

    Parameters
    ----------
    clips : Clip
        1 to 16, of the same length, at most 12 s
    title, caption : str
        A line above, and a sentence under it.
    loop : bool
        Whether it starts over at its end (a button changes it).
    blind_test : bool
        Whether it offers an ABX test of any two clips.

    Raises
    ------
    InputError
        When there is no clip or too many, or a clip is empty, not one channel of floating-point
        samples, has NaN or infinite samples, is too long, differs in length from the first, is
        not at 22,050 Hz, or has a gain that is not a number.

    Notebook: book/05_adversaries.ipynb
    """
    if not 1 <= len(clips) <= MAX_CLIPS:
        raise InputError(f"A player holds 1 to {MAX_CLIPS} clips, and {len(clips)} were given; choose among them.")
    for clip in clips:
        _check_clip(clip)
        if len(clip.waveform) != len(clips[0].waveform):
            raise InputError(
                f"Clip {clip.name!r} has {len(clip.waveform):,} samples but clip {clips[0].name!r} has "
                f"{len(clips[0].waveform):,}; cut them to the same moment and length."
            )
    return Player(tuple(clips), title, caption, loop, blind_test)


def compare(
    original: npt.NDArray[np.floating[Any]],
    adversary: npt.NDArray[np.floating[Any]],
    *,
    start_s: float | None = None,
    seconds: float = 5.0,
    original_label: str | None = None,
    adversary_label: str | None = None,
    snr_db: float | None = None,
    difference_gain_db: float | Literal["auto"] = "auto",
    title: str | None = None,
    caption: str | None = None,
    loop: bool = True,
    blind_test: bool = True,
) -> Player:
    """A player of an original, its adversary, and their difference (adversary minus original).

    Parameters
    ----------
    original, adversary : arrays ``[n_samples]``, full scale 1, 22,050 Hz
    start_s, seconds : float
        The part to hear; without a start, the middle. A recording shorter than that is heard whole.
    original_label, adversary_label : str
        The system's verdicts in words, such as ``"reggae, 0.93"``.
    snr_db : float
        The adversary's magnitude SNR over the whole recording, to be printed.
    difference_gain_db : float or ``"auto"``
        ``"auto"`` takes the largest whole number of dB, at most 60, with which the difference
        peaks no higher than the original does in the part heard. It is printed.
    title, caption, loop, blind_test
        As in `player`.

    Raises
    ------
    InputError
        When the two differ in length, are empty or not finite, the part lies outside of them, or
        for what `player` refuses.

    Notebook: book/05_adversaries.ipynb
    """
    clips = [Clip("original", np.asarray(original)), Clip("adversary", np.asarray(adversary))]
    for clip in clips:
        _check_waveform(clip)
    if len(clips[0].waveform) != len(clips[1].waveform):
        raise InputError(
            f"The original has {len(clips[0].waveform):,} samples but the adversary {len(clips[1].waveform):,}; "
            "give two of the same recording."
        )
    part = _part(len(clips[0].waveform), start_s, seconds)
    before, after = (np.asarray(clip.waveform[part], dtype=np.float64) for clip in clips)
    difference = after - before
    if isinstance(difference_gain_db, str) and difference_gain_db != "auto":
        raise InputError(f"difference_gain_db is {difference_gain_db!r}; give a number of decibels or 'auto'.")
    gain = _audible_gain(before, difference) if difference_gain_db == "auto" else float(difference_gain_db)
    return player(
        Clip("original", before, label=original_label),
        Clip("adversary", after, label=adversary_label, detail=None if snr_db is None else f"SNR {snr_db:.1f} dB"),
        Clip("difference", difference, label=None if difference.any() else "none: the two are equal", gain_db=gain),
        title=title,
        caption=caption,
        loop=loop,
        blind_test=blind_test,
    )


def _part(n_samples: int, start_s: float | None, seconds: float) -> slice:
    if not (math.isfinite(seconds) and seconds > 0):
        raise InputError(f"seconds is {seconds}; give a length greater than zero, such as 5.")
    length = min(n_samples, round(seconds * SAMPLE_RATE))
    if start_s is None:
        start_s = (n_samples - length) // 2 / SAMPLE_RATE
    if not 0 <= start_s * SAMPLE_RATE < n_samples:
        raise InputError(
            f"start_s is {start_s}; give a moment from 0 s to the recording's end at {n_samples / SAMPLE_RATE:.2f} s."
        )
    start = int(round(start_s * SAMPLE_RATE))
    return slice(start, start + length)


def _audible_gain(original: npt.NDArray[np.float64], difference: npt.NDArray[np.float64]) -> float:
    loudest, peak = np.abs(original).max(), np.abs(difference).max()
    if not (loudest and peak):
        return 0.0
    return float(min(math.floor(20 * math.log10(loudest / peak)), MAX_GAIN_DB))


def _check_clip(clip: Clip) -> None:
    if not str(clip.name).strip():
        raise InputError("A clip has no name; give one, such as 'adversary'.")
    if clip.sample_rate != SAMPLE_RATE:
        raise InputError(
            f"Clip {clip.name!r} is at {clip.sample_rate:,} Hz; resample it to {SAMPLE_RATE:,} Hz (audio.read does)."
        )
    _check_waveform(clip)
    seconds = len(clip.waveform) / clip.sample_rate
    if seconds > MAX_SECONDS:
        raise InputError(
            f"Clip {clip.name!r} lasts {seconds:.1f} s; give at most {MAX_SECONDS:g} s, for each adds to the page."
        )
    if not math.isfinite(clip.gain_db):
        raise InputError(f"Clip {clip.name!r} has a gain of {clip.gain_db} dB; give a finite number of decibels.")


def _check_waveform(clip: Clip) -> None:
    waveform = np.asarray(clip.waveform)
    if waveform.ndim != 1 or not np.issubdtype(waveform.dtype, np.floating):
        raise InputError(
            f"Clip {clip.name!r} is {waveform.dtype} of shape {list(waveform.shape)}; "
            "give one channel of floating-point samples with full scale 1."
        )
    if not len(waveform):
        raise InputError(f"Clip {clip.name!r} is empty; give it sound.")
    if not np.isfinite(waveform).all():
        raise InputError(f"Clip {clip.name!r} has NaN or infinite samples; give finite ones.")


# Words


def _signed(value: float) -> str:
    """A number with a true minus sign; whole numbers without decimals."""
    return f"{value:g}".replace("-", "−")


def _gain_words(gain_db: float) -> str | None:
    if not gain_db:
        return None
    return f"amplified by +{gain_db:g} dB" if gain_db > 0 else f"lowered by {_signed(gain_db)} dB"


def _joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None


def _spoken(clip: Clip) -> str:
    words = _joined(clip.label, clip.detail, _gain_words(clip.gain_db))
    return clip.name + (f" ({words})" if words else "")


# Pictures


def _spectrogram(waveform: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float64]:
    """Levels in dB relative to a full-scale sine ``[HEIGHT, WIDTH]``, low frequencies first."""
    window = np.hanning(N_FFT)
    padded = np.pad(waveform.astype(np.float64), N_FFT // 2)
    centres = (np.arange(WIDTH) + 0.5) * len(waveform) / WIDTH
    frames = padded[centres.astype(int)[:, None] + np.arange(N_FFT)] * window
    power = np.abs(np.fft.rfft(frames) * 2 / window.sum()) ** 2
    return 10 * np.log10(np.maximum(power @ _bands(rate).T, 1e-20)).T


@cache
def _bands(rate: int) -> npt.NDArray[np.float64]:
    """Weights ``[HEIGHT, n_bins]`` that gather power in bands of equal width on a logarithmic axis.

    A sine shows its own level in a band of any width: the bins of a wide band are added up (and divided
    by the 1.5 bins over which a Hann window spreads a sine); a narrow one takes the bins around it.
    """
    edges = LOWEST_HZ * (rate / 2 / LOWEST_HZ) ** (np.arange(HEIGHT + 1) / HEIGHT) * N_FFT / rate  # in bins
    widths = np.diff(edges)
    bins = np.arange(N_FFT // 2 + 1)
    # Each band is sampled finely, between bins linearly: narrow bands in the bass come out smooth.
    positions = edges[:-1, None] + widths[:, None] * (np.arange(64) + 0.5) / 64
    weights = np.stack([np.maximum(0, 1 - np.abs(band[:, None] - bins)).mean(axis=0) for band in positions])
    return weights * np.maximum(1.0, widths / 1.5)[:, None]


def _png(level: npt.NDArray[np.float64], bottom: float, top: float) -> bytes:
    steps = np.clip(np.rint((level - bottom) / (top - bottom) * (N_LEVELS - 1)), 0, N_LEVELS - 1)
    image = Image.fromarray(steps[::-1].astype(np.uint8))
    image.putpalette(_palette(N_LEVELS).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()


def _palette(n_colours: int) -> npt.NDArray[np.uint8]:
    """Red, green and blue ``[n_colours, 3]``, from the quietest to the loudest."""
    return np.ascontiguousarray(matplotlib.colormaps[COLOURS](np.linspace(0, 1, n_colours), bytes=True)[:, :3])


def _time_ticks(seconds: float) -> Iterator[tuple[str, float]]:
    """Labels and their places, as fractions of the axis."""
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if seconds / s <= 7 or s == 5.0)
    for i in range(int(seconds / step + 1e-9) + 1):
        yield f"{i * step:g}", round(i * step / seconds, 4)


def _frequency_ticks(rate: int) -> Iterator[tuple[str, float]]:
    names: Mapping[str, float] = {"100": 100, "200": 200, "500": 500, "1k": 1000, "2k": 2000, "5k": 5000, "10k": 10000}
    for name, hertz in names.items():
        if hertz < rate / 2:
            yield name, round(math.log(hertz / LOWEST_HZ) / math.log(rate / 2 / LOWEST_HZ), 4)


# Page


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


@cache
def _script() -> str:
    """player.js with player.css in it: one script makes the element whole.

    Every output repeats it, so indentation and lines of comment stay behind.
    """
    script, style = map(_bare, ("player.js", "player.css"))
    return script.replace('"player.css"', json.dumps(style), 1)


def _bare(name: str) -> str:
    lines = map(str.strip, resources.files(__package__).joinpath(name).read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


_PAGE = """<!doctype html>
<html lang="en-GB">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ --audition-ink: #1d2127; --audition-paper: #fff; --audition-accent: #0a6375; color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --audition-ink: #d5dbe1; --audition-paper: #14181e; --audition-accent: #3fb1c5; }}
}}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font-family: system-ui, sans-serif;
  color: var(--audition-ink); background: var(--audition-paper); }}
</style>
{player}</html>
"""
