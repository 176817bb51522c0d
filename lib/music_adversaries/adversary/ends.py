"""Mind the ends: an SNR that no sample of a recording can hide from.

Goal
    The frames of the paper are not padded, and their window is zero at both ends. They hardly see the first and the
    last samples of a recording, and nothing after the last whole frame. A model that listens there could be fooled by
    a loud change at an SNR of 80 dB. So a budget is measured twice: over the frames, as in the paper, and over the
    frames of the recording with silence before and after it, in which every sample is under as many windows as in the
    middle. What counts is the lower of the two.

    The frames that this adds are few: with hops of half a frame, one at the beginning and at most two at the end. So
    the two ratios differ only where something happens at the ends.

Paper: Eq. (6)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from .. import spectra


class Ends:
    """The frames that padding adds to waveforms of these lengths.

    Parameters
    ----------
    lengths : sequence of int, samples of each waveform
    n_fft, hop_length : int
        ``hop_length`` divides ``n_fft``.
    device : of the waveforms

    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self,
        lengths: Sequence[int],
        n_fft: int = spectra.N_FFT,
        hop_length: int = spectra.HOP_LENGTH,
        device: torch.device | str = "cpu",
    ) -> None:
        self._n_fft = n_fft
        # Where frames begin: before the first sample, and from the first hop on that has no whole frame.
        starts = [
            [
                *range(hop_length - n_fft, 0, hop_length),
                *range(spectra.n_frames(n, n_fft, hop_length) * hop_length, n, hop_length),
            ]
            for n in lengths
        ]
        most = max(map(len, starts))
        # One that has fewer frames than another gets frames of the silence before it.
        table = torch.tensor([[*row, *[-n_fft] * (most - len(row))] for row in starts])
        self._samples = (table[..., None] + n_fft + torch.arange(n_fft)).to(device)

    def keep(self, which: Tensor) -> None:
        """Go on with these waveforms only ``[n]``, bool."""
        self._samples = self._samples[which]

    def magnitudes(self, waveforms: Tensor) -> Tensor:
        """Magnitudes ``[n, n_added, n_bins]`` of waveforms ``[n, n_samples]``, zero after the end of each."""
        padded = pad(waveforms, (self._n_fft, self._n_fft))
        frames = padded.gather(1, self._samples.flatten(1)).view(self._samples.shape)
        window = spectra.hann(self._n_fft, dtype=waveforms.dtype, device=waveforms.device)
        return spectra.modulus(torch.fft.rfft(frames * window))


def snr_from(
    original: np.ndarray, n_fft: int = spectra.N_FFT, hop_length: int = spectra.HOP_LENGTH
) -> Callable[[np.ndarray], float]:
    """A function from a changed waveform ``[n_samples]`` to its magnitude SNR in dB, by which budgets are measured.

    The lower of two: over the frames, and over the frames of the recording padded with silence. Infinite where no
    frame differs.

    Raises
    ------
    InputError
        When the original is silent or shorter than a frame.

    Paper: Eq. (6)
    Notebook: book/05_adversaries.ipynb
    """
    ends = Ends([len(original)], n_fft, hop_length)

    def both(waveform: np.ndarray) -> tuple[Tensor, Tensor]:
        tensor = torch.from_numpy(waveform)
        frames = spectra.magnitudes(tensor, n_fft, hop_length)
        return frames, torch.cat([frames, ends.magnitudes(tensor[None])[0]])

    reference = both(original)
    return lambda changed: min(
        float(spectra.snr_db(before, after, n_dims=2)) for before, after in zip(reference, both(changed), strict=True)
    )
