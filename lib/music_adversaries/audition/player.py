"""A player that switches between clips at one playhead, as self-contained HTML.

Goal
    A change 15 dB below the music is heard, if at all, by switching back and forth at the same
    moment. So all clips run in step and one of them is heard. Its spectrogram is the seek bar. A blind
    test (ABX) checks whether a listener really hears the difference.

Conventions
    * Levels are never normalised clip by clip. The caller decides on a gain. It is applied to the
      waveform before it is written, and printed next to the clip.
    * Only in the blind test, the louder of the two clips is lowered at playback until both have the
      same root mean square: an adversary has a little more energy than its original and could be
      recognised by that. The panel prints by how much.
    * The blind test takes an answer only after A, B and X have sounded in that trial. It does not say what is right or
      wrong before its end: feedback would train the listener, and invite stopping while the score is good.
    * Sound is 16-bit FLAC: lossy coding would destroy what is shown.
    * All spectrograms of a player share one scale, in dB relative to a full-scale sine.
    * The same clips give the same bytes. Nothing is fetched from anywhere.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import InputError, is_number
from ..spectra import SAMPLE_RATE
from . import pictures
from .clips import Change, Clip, audible_gain, check_clip, check_waveform, gain_words, joined, part, snr_words, spoken
from .page import PLAYER, Element, flac_address, png_address

MAX_CLIPS = 16


@dataclass(frozen=True, eq=False)
class Player(Element):
    """Clips to listen to, shown as a player in a notebook or a page.

    Made by `player`, `compare` or `compare_changes`, which check their arguments.
    """

    clips: tuple[Clip, ...]
    title: str | None = None
    caption: str | None = None
    loop: bool = True
    blind_test: bool = True

    tag = PLAYER

    @property
    def seconds(self) -> float:
        """Length of every clip, in seconds."""
        return len(self.clips[0].waveform) / self.clips[0].sample_rate

    def __repr__(self) -> str:
        named = f" “{self.title}”" if self.title else ""
        return f"Player{named}: {self.seconds:.1f} s of {'; '.join(spoken(clip) for clip in self.clips)}"

    def _listed(self) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(spoken(clip))}</li>" for clip in self.clips) + "</ul>"

    def _data(self) -> dict[str, Any]:
        sounds = [clip.sounding() for clip in self.clips]
        rate = self.clips[0].sample_rate
        levels = [pictures.spectrogram(sound, rate) for sound in sounds]
        scale = pictures.scale_of(max(float(level.max()) for level in levels))
        return {
            "title": self.title,
            "caption": self.caption,
            "note": self._note(),
            "seconds": round(self.seconds, 4),
            "rate": rate,
            "loop": self.loop,
            "blind": self.blind_test and len(self.clips) > 1,
            **pictures.axes(self.seconds, rate, scale, 9),
            "clips": [
                {
                    "name": clip.name,
                    "label": clip.label,
                    "detail": joined(clip.detail, gain_words(clip.gain_db)),
                    "rms": None if (loudness := clip.level_db()) is None else round(loudness, 2),
                    "alt": pictures.described(clip.name, self.seconds, rate, scale),
                    "image": png_address(pictures.png(level, *scale)),
                    "audio": flac_address(sound, rate),
                }
                for clip, sound, level in zip(self.clips, sounds, levels, strict=True)
            ],
        }

    def _note(self) -> str:
        changed = [f"{clip.name} is {words}" for clip in self.clips if (words := gain_words(clip.gain_db))]
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
        samples, has NaN or infinite samples, is too long, differs in length or rate from the first, is
        at a rate that browsers do not play, or has a gain that is not a number.

    Notebook: book/05_adversaries.ipynb
    """
    if not 1 <= len(clips) <= MAX_CLIPS:
        raise InputError(f"A player holds 1 to {MAX_CLIPS} clips, and {len(clips)} were given; choose among them.")
    for clip in clips:
        check_clip(clip, title, caption)
        if len(clip.waveform) != len(clips[0].waveform):
            raise InputError(
                f"Clip {clip.name!r} has {len(clip.waveform):,} samples but clip {clips[0].name!r} has "
                f"{len(clips[0].waveform):,}; cut them to the same moment and length."
            )
        if clip.sample_rate != clips[0].sample_rate:
            raise InputError(
                f"Clip {clip.name!r} is at {clip.sample_rate:,} Hz but clip {clips[0].name!r} at "
                f"{clips[0].sample_rate:,} Hz; bring them to one rate with audio.resample."
            )
    return Player(tuple(clips), title, caption, bool(loop), bool(blind_test))


def compare(
    original: npt.NDArray[np.floating],
    adversary: npt.NDArray[np.floating],
    *,
    sample_rate: int = SAMPLE_RATE,
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
    original, adversary : arrays ``[n_samples]``, full scale 1
    sample_rate : int
        Hz, of both; an `AdversaryResult` knows that of its waveforms.
    start_s, seconds : float
        The part to hear; without a start, the middle. A recording shorter than ``seconds`` is heard whole.
    original_label, adversary_label : str
        The system's verdicts in words, such as ``"reggae, 0.93"``.
    snr_db : float
        The adversary's magnitude SNR over the whole recording, to be printed.
    difference_gain_db : float or ``"auto"``
        ``"auto"`` takes the largest whole number of dB, at most 60, with which the peak of the
        difference is not higher than that of the original, in the part heard. The gain is printed.
    title, caption, loop, blind_test
        As in `player`.

    Raises
    ------
    InputError
        When the two differ in length, are empty or not finite, or the part lies outside them; and
        for what `player` refuses.

    Notebook: book/05_adversaries.ipynb
    """
    return compare_changes(
        original,
        {"adversary": Change(adversary, adversary_label, snr_db)},
        sample_rate=sample_rate,
        start_s=start_s,
        seconds=seconds,
        original_label=original_label,
        difference_gain_db=difference_gain_db,
        title=title,
        caption=caption,
        loop=loop,
        blind_test=blind_test,
    )


def compare_changes(
    original: npt.NDArray[np.floating],
    changes: Mapping[str, Change],
    *,
    sample_rate: int = SAMPLE_RATE,
    start_s: float | None = None,
    seconds: float = 5.0,
    original_label: str | None = None,
    difference_gain_db: float | Literal["auto"] = "auto",
    title: str | None = None,
    caption: str | None = None,
    loop: bool = True,
    blind_test: bool = True,
) -> Player:
    """A player of an original, changed versions of it, and the difference between the first of them and the original.

    An adversary says little by itself. Compare it with other changes of the same size: white noise,
    noise with the music's spectrum, an MP3, all at the adversary's SNR.

    Parameters
    ----------
    original : array ``[n_samples]``, full scale 1
    changes : dict from name to Change
        1 to 14, such as ``{"adversary": Change(...), "white noise": Change(...)}``, as long as the original.
    sample_rate, start_s, seconds, original_label, difference_gain_db, title, caption, loop, blind_test
        As in `compare`.

    Raises
    ------
    InputError
        When there is no change, or one differs in length from the original; and for what `compare` refuses.

    Notebook: book/05_adversaries.ipynb
    """
    if not changes:
        raise InputError("There is no change to compare the original with; give at least one, such as the adversary.")
    versions = [Clip("original", original, sample_rate, label=original_label)]
    versions += [
        Clip(name, change.waveform, sample_rate, label=change.label, detail=snr_words(change.snr_db))
        for name, change in changes.items()
    ]
    n_samples = versions[0].waveform.size
    for clip in versions:
        check_waveform(clip)
        if len(clip.waveform) != n_samples:
            raise InputError(
                f"The original has {n_samples:,} samples but the {clip.name} {len(clip.waveform):,}; "
                "give two of the same recording."
            )
    if difference_gain_db != "auto" and not is_number(difference_gain_db):
        raise InputError(f"difference_gain_db is {difference_gain_db!r}; give a number of decibels or 'auto'.")
    heard = part(n_samples, start_s, seconds, sample_rate)
    versions = [replace(clip, waveform=clip.waveform[heard].astype(np.float64)) for clip in versions]
    before, after = versions[0].waveform, versions[1].waveform
    difference = after - before
    gain = audible_gain(before, difference) if difference_gain_db == "auto" else float(difference_gain_db)
    none = f"none: the {'two' if len(changes) == 1 else versions[1].name + ' and the original'} are equal"
    versions.append(
        Clip(
            "difference" if len(changes) == 1 else f"difference of the {versions[1].name}",
            difference,
            sample_rate,
            label=None if difference.any() else none,
            gain_db=gain,
        )
    )
    return player(*versions, title=title, caption=caption, loop=loop, blind_test=blind_test)
