"""Hand-crafted features, and texture windows that summarise any features over some seconds.

Paper: Section 2.3, Section 5
Notebook: book/04_baselines.ipynb
"""

from __future__ import annotations

import librosa
import numpy as np
import torch

from . import spectra
from .errors import InputError

N_MFCC = 13
TEXTURE_SECONDS = 5.0


def texture_frames(seconds: float = TEXTURE_SECONDS) -> int:
    """Frames in a texture window of that length in seconds (215 for the paper's 5 s)."""
    return round(seconds * spectra.SAMPLE_RATE / spectra.HOP_LENGTH)


def texture_windows(
    features: np.ndarray, window: int | None = None, hop: int | None = None, *, spread: str = "std"
) -> np.ndarray:
    """Mean and spread of features over windows of some seconds.

    Parameters
    ----------
    features : array ``[n_frames, n_features]``
    window, hop : int
        In frames; the paper's 5 s hopped by half are the default. Frames after the last whole
        window are left out; an excerpt shorter than one window is one window.
    spread : {"std", "var"}
        Standard deviation (the paper's activations) or variance (its hand-crafted features).

    Returns
    -------
    array ``[n_windows, 2 * n_features]``
        Means first, then spreads.

    Raises
    ------
    InputError
        When there is no frame, or ``spread`` is neither.

    Paper: Section 2.3, Section 5
    Notebook: book/04_baselines.ipynb
    """
    if spread not in ("std", "var"):
        raise InputError(f"spread is {spread!r}; choose 'std' or 'var'.")
    if len(features) == 0:
        raise InputError("There are no frames to summarise; give a longer excerpt.")
    window = texture_frames() if window is None else window
    hop = window // 2 if hop is None else hop
    window = min(window, len(features))
    starts = range(0, len(features) - window + 1, max(1, hop))
    summarise = np.std if spread == "std" else np.var
    blocks = [features[start : start + window] for start in starts]
    return np.stack([np.concatenate([block.mean(0), summarise(block, axis=0)]) for block in blocks])


def mfcc_and_zero_crossings(waveform: np.ndarray) -> np.ndarray:
    """13 mel-frequency cepstral coefficients and the zero-crossing rate of every frame.

    Parameters
    ----------
    waveform : array ``[n_samples]`` at 22,050 Hz

    Returns
    -------
    array ``[n_frames, 14]``
        On the same frames of 1,024 samples as everything else; the rate is in crossings a sample.

    Paper: Section 5
    Notebook: book/04_baselines.ipynb
    """
    power = spectra.magnitudes(torch.from_numpy(np.asarray(waveform, dtype=np.float32))).square().numpy().T
    mel = librosa.feature.melspectrogram(S=power, sr=spectra.SAMPLE_RATE, n_fft=spectra.N_FFT)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None), n_mfcc=N_MFCC)
    crossings = librosa.feature.zero_crossing_rate(
        waveform, frame_length=spectra.N_FFT, hop_length=spectra.HOP_LENGTH, center=False
    )
    return np.concatenate([mfcc, crossings[:, : mfcc.shape[1]]]).T.astype(np.float64)
