"""What an attack reports about one excerpt."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import audio


@dataclass(frozen=True)
class AdversaryResult:
    """An adversary, as it reads back from a 16-bit WAV file.

    Labels, confidences and ratios are those of ``waveform``, not of an iterate of the algorithm.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """

    original: np.ndarray  #: ``[n_samples]``, as given
    waveform: np.ndarray  #: ``[n_samples]``, which a 16-bit file holds exactly
    target: str
    label: str
    confidence: float  #: mean posterior of ``label``
    target_confidence: float  #: mean posterior of ``target``
    original_label: str
    original_confidence: float
    snr_magnitude: (
        float  #: dB over the whole sequence of magnitudes: the paper's constraint, ends included (`snr_from`)
    )
    snr_time: float  #: dB between the waveforms
    snr_limit: float  #: dB
    confidence_limit: float
    iterations: int  #: steps taken in the best attempt
    iterate_label: str  #: of the attack's own iterate, which need not be a waveform
    iterate_confidence: float  #: mean posterior of the target on that iterate
    iterate_snr: float  #: dB, of that iterate's magnitudes
    unrounded_label: str  #: of the waveform before it is rounded to 16 bits
    n_clipped: int  #: samples at full scale that the 16-bit file cannot hold
    method: str  #: name of the attack
    trace: tuple[float, ...]  #: mean posterior of the target, one entry for each iteration
    losses: tuple[float, ...]  #: mean cross-entropy with the target, one entry for each iteration
    attempts: int = 1  #: how often the attack started
    sample_rate: int = audio.SAMPLE_RATE  #: Hz, of both waveforms

    @property
    def perturbation(self) -> np.ndarray:
        """Adversary minus original ``[n_samples]``."""
        return self.waveform - self.original

    @property
    def success(self) -> bool:
        """The written waveform has the target label, within the budget."""
        return self.label == self.target and self.snr_magnitude >= self.snr_limit

    @property
    def confident(self) -> bool:
        """`success`, and the target's mean posterior exceeds the wanted confidence."""
        return self.success and self.target_confidence > self.confidence_limit

    @property
    def outcome(self) -> str:
        """In words: ``"nothing to do"``, ``"reached"``, ``"reached, less surely than wanted"`` or ``"failed"``."""
        if self.confident and np.array_equal(self.waveform, audio.quantise(self.original)):
            return "nothing to do"
        if self.confident:
            return "reached"
        return "reached, less surely than wanted" if self.success else "failed"

    def write(self, path: Path | str) -> int:
        """Write the adversary as a 16-bit WAV file at its rate, which reads back as ``waveform``.

        Returns how many samples were clipped: 0. For errors see `audio.write_wav`.

        Notebook: book/05_adversaries.ipynb
        """
        return audio.write_wav(path, self.waveform, self.sample_rate)

    def report(self) -> dict[str, Any]:
        """Everything except audio and traces, ready for JSON (infinite ratios as the string ``"inf"``)."""
        audio_and_traces = ("original", "waveform", "trace", "losses")
        names = [field.name for field in dataclasses.fields(self) if field.name not in audio_and_traces]
        values = {name: getattr(self, name) for name in (*names, "success", "confident", "outcome")}
        return {k: ("inf" if isinstance(v, float) and np.isinf(v) else v) for k, v in values.items()}
