"""The consistency step of Algorithm 1, in little more time than its Fourier transforms.

What it computes
    Magnitudes are given the exemplar's phase, inverted, and analysed anew::

        perturbation = spectra.consistent_perturbation(z, X, unit, n_samples, power)
        magnitudes = spectra.modulus(F + spectra.stft(perturbation)) * valid[..., None]

    `Consistency` gives the same up to rounding; the tests hold it against these two lines.

What makes it fast
    * The frames are walked through in blocks whose intermediate results stay in the processor's
      cache, and results go to buffers made once: fresh memory costs as much as the arithmetic.
    * Window and division by the summed squared windows are one factor. It is another one only at
      the ends of an excerpt, where fewer frames overlap; those few samples are corrected afterwards.
    * Complex numbers are only added, and multiplied by real ones, which PyTorch vectorises.

Paper: Alg. 1, Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor
from torch.nn.functional import pad

from .. import spectra

FRAMES_AT_ONCE = 256  # on a processor, for each thread: half a megabyte of magnitudes
FRAMES_AT_ONCE_ELSEWHERE = 65_536  # a GPU wants few and large steps


class Consistency:
    """From any magnitudes to the nearest, in one Griffin-Lim step, that some waveform has.

    Parameters
    ----------
    exemplar_spectrum : Tensor ``[n, n_frames, n_bins]``, complex, on any device
        Kept, not copied.
    n_samples : int
        Length of the waveforms, padded to one length; it has just ``n_frames`` whole frames.
    valid : Tensor ``[n, n_frames]``
        1 where an excerpt has a frame, 0 where it is padded.
    n_fft, hop_length : int

    Attributes
    ----------
    exemplar : Tensor ``[n, n_frames, n_bins]``
        Magnitudes X of the exemplars; 0 in padded frames.
    unit : Tensor ``[n, n_frames, n_bins]``, complex
        Their phase, from `spectra.phasor`.

    Raises
    ------
    InputError
        When ``hop_length`` does not divide ``n_fft``.

    Paper: Eq. (8), Eq. (9)
    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self,
        exemplar_spectrum: Tensor,
        n_samples: int,
        valid: Tensor,
        n_fft: int = spectra.N_FFT,
        hop_length: int = spectra.HOP_LENGTH,
    ) -> None:
        self._n_samples, self._n_fft, self._hop_length = n_samples, n_fft, hop_length
        magnitude = spectra.modulus(exemplar_spectrum)
        valid = valid.to(magnitude)
        self.exemplar = magnitude * valid[..., None]
        self.unit = spectra.phasor(exemplar_spectrum, magnitude)
        self._prepare(exemplar_spectrum, valid)

    def keep(self, which: Tensor) -> Consistency:
        """The same for some of the excerpts; shares no memory with this one.

        Parameters
        ----------
        which : Tensor ``[n]``, bool, or ``[n_kept]``, indices

        Notebook: book/05_adversaries.ipynb
        """
        kept = copy(self)
        kept.exemplar, kept.unit = self.exemplar[which], self.unit[which]
        kept._prepare(self._spectrum[which], self._valid[which])
        return kept

    @torch.no_grad()
    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Magnitudes of a waveform near ``z``, and the perturbation that makes this waveform of the exemplar's.

        Both results are buffers of this object and **last until its next call**, which overwrites
        them: clone what is to be kept for longer. Until then they may be changed in place. What is
        computed depends on ``z`` alone, never on what the buffers hold; ``z`` is not changed, unless
        it is the buffer of the last call's magnitudes, which is allowed.

        Parameters
        ----------
        z : Tensor ``[n, n_frames, n_bins]``

        Returns
        -------
        magnitudes : Tensor ``[n, n_frames, n_bins]``
            0 in padded frames.
        perturbation : Tensor ``[n, n_samples]``

        Paper: Eq. (8), Eq. (9)
        Notebook: book/05_adversaries.ipynb
        """
        for rows, (row, piece, correction) in zip(self._groups, self._ends, strict=True):
            self._perturbation[rows] = 0
            for block in self._blocks:
                self._synthesise(z, rows, block)
            self._pieces[row, piece] *= correction
            for block in self._blocks:
                self._analyse(rows, block)
        return self._magnitudes, self._perturbation[:, : self._n_samples]

    def _prepare(self, spectrum: Tensor, valid: Tensor) -> None:
        """Factors, buffers and the order of work for these excerpts."""
        self._spectrum, self._valid = spectrum, valid
        (n, n_frames, n_bins), n_fft, hop, like = spectrum.shape, self._n_fft, self._hop_length, self.exemplar
        self._all_valid = bool((valid == 1).all())

        # Excerpts and frames that are worked on together: several short excerpts, or a part of a long one.
        on_processor = like.device.type == "cpu"
        at_once = FRAMES_AT_ONCE * torch.get_num_threads() if on_processor else FRAMES_AT_ONCE_ELSEWHERE
        n_rows, n_block = max(1, min(n, at_once // n_frames)), min(n_frames, at_once)
        self._groups = [slice(i, i + n_rows) for i in range(0, n, n_rows)]
        self._blocks = [slice(i, min(i + n_block, n_frames)) for i in range(0, n_frames, n_block)]

        # The waveform in pieces of one hop; `overlap` of them make a frame.
        power = spectra.window_power(valid, n_fft, hop)
        overlap = n_fft // hop
        n_pieces = n_frames + overlap - 1
        self._window = spectra.hann(n_fft, dtype=like.dtype, device=like.device).view(overlap, hop)
        middle = self._window.square().sum(0)
        self._synthesis = self._window / middle
        divisor = power.clamp_min(spectra.least_power(n_fft, hop)).view(n, n_pieces, hop)
        reached_by_fewer = pad(valid, (overlap - 1, overlap - 1)).unfold(-1, overlap, 1).amin(-1) == 0
        self._ends = []
        for rows in self._groups:
            row, piece = torch.nonzero(reached_by_fewer[rows], as_tuple=True)
            row = row + rows.start
            self._ends.append((row, piece, middle / divisor[row, piece]))

        self._magnitudes = torch.empty_like(like)
        self._perturbation = like.new_zeros(n, max(self._n_samples, n_pieces * hop))
        self._pieces = self._perturbation[:, : n_pieces * hop].view(n, n_pieces, hop)
        self._difference = like.new_empty(n_rows, n_block, n_bins)
        self._scaled = spectrum.new_empty(n_rows, n_block, n_bins)
        self._frames = like.new_empty(n_rows, n_block, overlap, hop)

    def _synthesise(self, z: Tensor, rows: slice, block: slice) -> None:
        """Add the frames of a block to the perturbation, as if it were all middle."""
        exemplar, pieces = self.exemplar[rows, block], self._pieces[rows, block.start :]
        n, count, _ = exemplar.shape
        difference = torch.sub(z[rows, block], exemplar, out=self._difference[:n, :count])
        scaled = torch.mul(self.unit[rows, block], difference, out=self._scaled[:n, :count])
        frames = torch.fft.irfft(scaled, n=self._n_fft).view(n, count, *self._window.shape)
        for shift, factor in enumerate(self._synthesis):
            pieces[:, shift : shift + count].addcmul_(frames[:, :, shift], factor)

    def _analyse(self, rows: slice, block: slice) -> None:
        """Magnitudes of a block of the exemplar with its perturbation."""
        magnitudes, pieces = self._magnitudes[rows, block], self._pieces[rows, block.start :]
        n, count, _ = magnitudes.shape
        frames = self._frames[:n, :count]
        for shift, factor in enumerate(self._window):
            torch.mul(pieces[:, shift : shift + count], factor, out=frames[:, :, shift])
        spectrum = torch.fft.rfft(frames.flatten(-2)).add_(self._spectrum[rows, block])
        squares = torch.view_as_real(spectrum).square_()
        torch.add(squares[..., 0], squares[..., 1], out=magnitudes).sqrt_()
        if not self._all_valid:
            magnitudes *= self._valid[rows, block, None]
