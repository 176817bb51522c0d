"""Sounds with names: what may be heard, which part of it, how loud, and the words for it.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..audio import FULL_SCALE, as_float32, quantise
from ..audio.levels import samples_of
from ..errors import InputError, is_number
from ..spectra import SAMPLE_RATE

MAX_SECONDS = 12.0  # of a clip: five seconds of FLAC are 0.2 MB of page
RATES = (8_000, 192_000)  # Hz that every browser's audio context takes
MAX_GAIN_DB = 60.0  # beyond, what is heard is the rounding of 16-bit files


@dataclass(frozen=True, eq=False)
class Clip:
    """One sound of a player.

    Attributes
    ----------
    name : what its button says, such as ``"adversary"``
    waveform : array ``[n_samples]``, mono, full scale 1
    sample_rate : Hz, at most 192,000: what browsers play
    label : the system's verdict, in words, such as ``"reggae, 0.93"``
    detail : one more line under it, such as ``"SNR 15.2 dB"``
    gain_db : gain applied before the clip is written, and printed
    """

    name: str
    waveform: npt.NDArray[np.floating]
    sample_rate: int = SAMPLE_RATE
    label: str | None = None
    detail: str | None = None
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "waveform", samples_of(self.waveform, f"Clip {self.name!r}"))

    def sounding(self) -> npt.NDArray[np.float32]:
        """What is heard, ``float32 [n_samples]``: the waveform with its gain, rounded to 16 bits."""
        return quantise(self._amplified())

    def n_clipped(self) -> int:
        """How many samples lie beyond full scale, and are clipped."""
        return int(np.count_nonzero(np.abs(self._amplified()) > 1.0 + 0.5 / 32_768))

    def level_db(self) -> float | None:
        """Root mean square of what is heard, in dB relative to full scale; None when it is silent."""
        power = float(np.mean(np.square(self.sounding(), dtype=np.float64)))
        return 10 * math.log10(power) if power else None

    def _amplified(self) -> npt.NDArray[np.float64]:
        return self.waveform.astype(np.float64) * 10.0 ** (self.gain_db / 20.0)


@dataclass(frozen=True, eq=False)
class Change:
    """A changed version of a recording: an adversary, noise, a coded copy.

    Attributes
    ----------
    waveform : array ``[n_samples]``, mono, full scale 1, as long as the recording
    label : the system's verdict on it, in words, such as ``"reggae, 0.93"``
    snr_db : SNR in dB over the whole recording; infinite where nothing was changed
    success : whether it does what was wanted of it, such as getting the target's label
    """

    waveform: npt.NDArray[np.floating]
    label: str | None = None
    snr_db: float | None = None
    success: bool = True


def part(n_samples: int, start_s: float | None, seconds: float, sample_rate: int = SAMPLE_RATE) -> slice:
    if not (is_number(seconds) and 0 < seconds < math.inf):
        raise InputError(f"seconds is {seconds!r}; give a length greater than zero, such as 5.")
    length = min(n_samples, round(seconds * sample_rate))
    if start_s is None:
        start_s = (n_samples - length) // 2 / sample_rate
    if not (is_number(start_s) and 0 <= start_s * sample_rate < n_samples):
        raise InputError(
            f"start_s is {start_s!r}; give a moment from 0 s to the recording's end at {n_samples / sample_rate:.2f} s."
        )
    start = int(round(start_s * sample_rate))
    return slice(start, start + length)


def coarse(
    original: npt.NDArray[np.floating], changed: npt.NDArray[np.floating], steps: int
) -> npt.NDArray[np.float32]:
    """A changed recording whose difference from the original is rounded to multiples of ``steps`` 16-bit steps.

    Such a difference takes less space on a page: a grid of a hundred is 30 % smaller with 8 steps. The
    result is another waveform. Let the system judge it, and show that verdict.

    Parameters
    ----------
    original, changed : arrays ``[n_samples]``, full scale 1
    steps : int
        1 to 256; 1 only rounds to 16 bits.

    Raises
    ------
    InputError
        When the two differ in length or the steps are out of range.

    Notebook: book/06_ensembles.ipynb
    """
    if not 1 <= steps <= 256:
        raise InputError(f"steps is {steps}; give a whole number from 1 to 256, such as 8.")
    if len(original) != len(changed):
        raise InputError(f"The original has {len(original):,} samples but the changed recording {len(changed):,}.")
    before = quantise(original).astype(np.float64)
    unit = steps / FULL_SCALE
    return quantise(before + unit * np.rint((quantise(changed) - before) / unit))


def audible_gain(original: npt.NDArray[np.floating], difference: npt.NDArray[np.floating]) -> float:
    loudest, peak = np.abs(original).max(), np.abs(difference).max()
    if not (loudest and peak):
        return 0.0
    return float(min(math.floor(20 * math.log10(loudest / peak)), MAX_GAIN_DB))


def check_clip(clip: Clip, *texts: str | None) -> None:
    if not str(clip.name).strip():
        raise InputError("A clip has no name; give one, such as 'adversary'.")
    check_waveform(clip)
    seconds = len(clip.waveform) / clip.sample_rate
    if seconds > MAX_SECONDS:
        raise InputError(
            f"Clip {clip.name!r} lasts {seconds:.1f} s; give at most {MAX_SECONDS:g} s, to keep the page small."
        )
    if not (is_number(clip.gain_db) and abs(clip.gain_db) <= 300):
        raise InputError(f"Clip {clip.name!r} has a gain of {clip.gain_db!r} dB; give a number from -300 to 300.")
    for text in (clip.label, clip.detail, *texts):
        if not isinstance(text, str | None):
            raise InputError(f"{text!r:.60} is no text; give labels, titles and captions as str.")


def check_waveform(clip: Clip) -> None:
    rate = clip.sample_rate
    if not (is_number(rate) and RATES[0] <= rate <= RATES[1] and rate == int(rate)):
        raise InputError(
            f"Clip {clip.name!r} is at {rate!r} Hz, but browsers play {RATES[0]:,} to {RATES[1]:,} Hz; bring it to "
            "such a rate with audio.resample."
        )
    if not len(as_float32(clip.waveform, f"Clip {clip.name!r}")):
        raise InputError(f"Clip {clip.name!r} is empty; give it sound.")


def signed(value: float) -> str:
    """A number with a true minus sign; whole numbers without decimals."""
    return f"{value:g}".replace("-", "−")


def gain_words(gain_db: float) -> str | None:
    if not gain_db:
        return None
    return f"amplified by +{gain_db:g} dB" if gain_db > 0 else f"lowered by {signed(gain_db)} dB"


def snr_words(snr_db: float | None) -> str | None:
    """``"SNR 15.2 dB"``, or words that say there is no change."""
    if snr_db is None:
        return None
    if not is_number(snr_db) or math.isnan(snr_db):
        raise InputError(f"snr_db is {snr_db!r}; give a number of decibels, such as 15.2.")
    return "unchanged" if math.isinf(snr_db) else f"SNR {snr_db:.1f} dB".replace("-", "−")


def joined(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None


def spoken(clip: Clip) -> str:
    words = joined(clip.label, clip.detail, gain_words(clip.gain_db))
    return clip.name + (f" ({words})" if words else "")
