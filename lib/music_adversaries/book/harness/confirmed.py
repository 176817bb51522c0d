"""A second opinion on an adversary: from its file, by code that shares only the network with the attack.

Paper: Section 4
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
import torch

from ... import audio
from ...adversary import AdversaryResult
from ...networks import System


def confirmed(result: AdversaryResult, system: System) -> bool:
    """Whether the written WAV has the target label within the budget, computed by NumPy except for the network.

    Paper: Section 4
    Notebook: book/05_adversaries.ipynb
    """
    read, _ = soundfile.read(io.BytesIO(audio.to_wav_bytes(result.waveform)), dtype="float64")
    before, after = _magnitudes(result.original.astype(float)), _magnitudes(read)
    label = system.labels[int(_posterior(after, system).argmax())]
    distance = np.linalg.norm(after - before)
    snr = np.inf if distance == 0 else 20 * np.log10(np.linalg.norm(before) / distance)
    return label == result.target and bool(snr >= result.snr_limit - 1e-4)  # its sums have another order


def _magnitudes(waveform: np.ndarray) -> np.ndarray:
    starts = range(0, len(waveform) - 1_023, 512)
    return np.stack([np.abs(np.fft.rfft(waveform[s : s + 1_024] * np.hanning(1_024))) for s in starts])


def _posterior(magnitudes: np.ndarray, system: System) -> np.ndarray:
    length: int = getattr(system.network, "slice_length", 1)
    rows = magnitudes
    if length > 1:
        rows = np.stack([magnitudes[s : s + length] for s in range(0, len(magnitudes) - length + 1, length)])
    with torch.no_grad():
        logits = system.network(torch.from_numpy(rows.astype(np.float32))).double().numpy()
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return (odds / odds.sum(1, keepdims=True)).mean(0)
