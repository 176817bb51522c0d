"""The consistency step of Algorithm 1, in less than three times the time of its Fourier transforms.

What it computes
    Magnitudes ``Z = X + change`` are given the exemplar's phase, inverted, and analysed again::

        perturbation = spectra.consistent_perturbation(X + change, X, unit, n_samples, power)
        change = spectra.modulus(F + spectra.stft(perturbation)) * valid[..., None] - X

    `Consistency` gives the same up to rounding; the tests compare it with these two lines.

What makes it fast
    * Frames are processed in blocks, whose intermediate results are small compared with a batch.
      Results go into buffers that are made once: new memory costs as much time as the arithmetic.
      Each block is inverted, and the frames that this completes are analysed at once. The caller's
      step before it, and the length of the change after it, are done in the same pass.
    * Input and output are the change of the magnitudes, never the magnitudes themselves: the change
      is what is inverted, measured and scaled.
    * The window and the division by the summed squared windows are one factor. It differs only at
      the ends of an excerpt, where fewer frames overlap; those few samples are corrected afterwards.
    * The change is copied into a complex buffer and multiplied by the phase in place: PyTorch's
      product of real and complex numbers makes that copy each time, in new memory.
    * The views of the buffers that a block needs are made once.

Paper: Alg. 1, Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from .. import spectra

Before = Callable[[Tensor, slice, slice], object]

FRAMES_AT_ONCE = 384  # on a CPU, for each thread: fewer cost more calls, more cost more memory
FRAMES_AT_ONCE_ELSEWHERE = 65_536  # a GPU wants few and large steps


class _Block(NamedTuple):
    """Frames that are inverted together, the frames that are analysed next, and views of the buffers for both.

    All tensors are ``[n_rows, n_frames, ...]``. Views are made once: making them takes as long as a small step.
    """

    inverted: slice  # frames
    unit: Tensor
    scaled: Tensor  # scratch
    parts: list[Tensor]  # of the perturbation, one for each part of a frame
    corrections: list[tuple[Tensor, Tensor]]  # pieces of the perturbation that fewer frames reach, and factors
    # The rest belongs to the frames that are analysed.
    spectrum: Tensor  # real and imaginary parts
    overlapping: Tensor  # samples of the perturbation
    frames: Tensor  # scratch
    change: Tensor
    valid: Tensor | None
    floor: Tensor
    length: Tensor  # of their change


class Consistency:
    """One Griffin-Lim step: from any magnitudes to similar ones that a waveform has.

    Parameters
    ----------
    exemplar_spectrum : Tensor ``[n, n_frames, n_bins]``, complex, on any device
        Kept, not copied.
    n_samples : int
        Length of the waveforms, padded to one length; it holds exactly ``n_frames`` whole frames.
    valid : Tensor ``[n, n_frames]``
        1 where an excerpt has a frame, 0 where it is padded.
    n_fft, hop_length : int

    Attributes
    ----------
    floor : Tensor ``[n, n_frames, n_bins]``
        -X, the change that makes the exemplars' magnitudes zero; 0 in padded frames.
    unit : Tensor ``[n, n_frames, n_bins]``, complex
        The exemplars' phase, from `spectra.phasor`.
    distance : Tensor ``[n]``
        Length of the last call's change: how far its magnitudes are from the exemplar's; 0 before the first call.

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
        self.floor = -(magnitude * valid[..., None])
        self.unit = spectra.phasor(exemplar_spectrum, magnitude)
        self._prepare(exemplar_spectrum, valid)

    def keep(self, which: Tensor) -> Consistency:
        """A `Consistency` of some of the excerpts, which shares no memory with this one.

        Parameters
        ----------
        which : Tensor ``[n]``, bool, or ``[n_kept]``, indices

        Notebook: book/05_adversaries.ipynb
        """
        kept = copy(self)
        kept.floor, kept.unit = self.floor[which], self.unit[which]
        kept._prepare(self._spectrum[which], self._valid[which])
        return kept

    @torch.no_grad()
    def __call__(self, change: Tensor, before: Before | None = None) -> tuple[Tensor, Tensor]:
        """Change of the magnitudes of a waveform close to the wanted magnitudes, and its perturbation.

        Both results are buffers of this object and **valid until its next call**, which overwrites
        them: clone what you need for longer. Until then they may be changed in place. The results
        depend on ``change`` alone, never on what the buffers hold. ``change`` is left as it is, unless
        ``before`` alters it or it is the buffer that the last call returned, which is allowed.
        ``distance`` is updated.

        Parameters
        ----------
        change : Tensor ``[n, n_frames, n_bins]``
            Wanted magnitudes minus the exemplars'.
        before : callable
            Called with each part of ``change``, its rows and its frames as slices, to alter it in place before it
            is read.

        Returns
        -------
        change : Tensor ``[n, n_frames, n_bins]``
            0 in padded frames.
        perturbation : Tensor ``[n, n_samples]``

        Paper: Eq. (8), Eq. (9)
        Notebook: book/05_adversaries.ipynb
        """
        for nothing_added in self._outside:
            nothing_added.zero_()
        for rows, blocks in self._groups:
            for block in blocks:
                self._synthesise(change[rows, block.inverted], rows, block, before)
                if block.change.shape[1]:
                    self._analyse(block)
        self.distance = torch.linalg.vector_norm(self._lengths, dim=0)
        return self._change, self._perturbation[:, : self._n_samples]

    def _prepare(self, spectrum: Tensor, valid: Tensor) -> None:
        """Factors, buffers and the order of work for these excerpts."""
        self._spectrum, self._valid = spectrum, valid
        (n, n_frames, n_bins), n_fft, hop, like = spectrum.shape, self._n_fft, self._hop_length, self.floor
        all_valid = bool((valid == 1).all())

        # The waveform in pieces of one hop; `overlap` of them make a frame.
        power = spectra.window_power(valid, n_fft, hop)
        self._overlap = overlap = n_fft // hop
        n_pieces = n_frames + overlap - 1
        self._window = spectra.hann(n_fft, dtype=like.dtype, device=like.device)
        middle = self._window.view(overlap, hop).square().sum(0)
        self._synthesis = (self._window.view(overlap, hop) / middle).unbind()
        divisor = power.clamp_min(spectra.least_power(n_fft, hop)).view(n, n_pieces, hop)
        by_fewer = pad(valid, (overlap - 1, overlap - 1)).unfold(-1, overlap, 1).amin(-1) == 0

        # Excerpts and frames that are processed together: several short excerpts, or a part of a long one.
        on_processor = like.device.type == "cpu"
        at_once = FRAMES_AT_ONCE * torch.get_num_threads() if on_processor else FRAMES_AT_ONCE_ELSEWHERE
        n_rows, n_block = max(1, min(n, at_once // n_frames)), math.ceil(n_frames / math.ceil(n_frames / at_once))

        self._change = torch.empty_like(like)
        self._perturbation = like.new_zeros(n, max(self._n_samples, n_pieces * hop))
        self._pieces = self._perturbation[:, : n_pieces * hop].view(n, n_pieces, hop)
        # Samples that no frame overwrites with its last part, or that no frame reaches: they start at zero.
        self._outside = self._pieces[:, : overlap - 1], self._perturbation[:, n_pieces * hop :]
        overlapping = self._pieces.flatten(1).unfold(-1, n_fft, hop)
        scaled = spectrum.new_empty(n_rows, n_block, n_bins)
        frames = like.new_empty(n_rows, n_block + overlap - 1, n_fft)

        self.distance = like.new_zeros(n)
        self._lengths: Tensor = like.new_zeros(math.ceil(n_frames / n_block), n)
        self._groups: list[tuple[slice, list[_Block]]] = []
        for rows in (slice(i, min(i + n_rows, n)) for i in range(0, n, n_rows)):
            blocks, count, analysed, corrected = [], rows.stop - rows.start, 0, 0
            for number, start in enumerate(range(0, n_frames, n_block)):
                stop = min(start + n_block, n_frames)
                # No later block changes a sample of these frames, or of these pieces.
                complete = stop if stop == n_frames else max(analysed, stop - overlap + 1)
                inverted, done = slice(start, stop), slice(analysed, complete)
                pieces = slice(corrected, n_pieces if stop == n_frames else stop)
                fewer = _rectangles(by_fewer, rows, pieces)
                blocks.append(
                    _Block(
                        inverted,
                        unit=self.unit[rows, inverted],
                        scaled=scaled[:count, : stop - start],
                        parts=[self._pieces[rows, start + shift : stop + shift] for shift in range(overlap)],
                        corrections=[(self._pieces[where], middle / divisor[where]) for where in fewer],
                        spectrum=torch.view_as_real(spectrum[rows, done]),
                        overlapping=overlapping[rows, done],
                        frames=frames[:count, : complete - analysed],
                        change=self._change[rows, done],
                        valid=None if all_valid else valid[rows, done, None],
                        floor=self.floor[rows, done],
                        length=self._lengths[number, rows],
                    )
                )
                analysed, corrected = complete, pieces.stop
            self._groups.append((rows, blocks))

    def _synthesise(self, change: Tensor, rows: slice, block: _Block, before: Before | None) -> None:
        """Add the frames of a block to the perturbation, and correct the samples that fewer frames reach."""
        if before is not None:
            before(change, rows, block.inverted)
        block.scaled.copy_(change).mul_(block.unit)
        frames = torch.fft.irfft(block.scaled, n=self._n_fft)
        *earlier, last = zip(block.parts, frames.split(self._hop_length, -1), self._synthesis, strict=True)
        # From the last part of a frame to the first: the last is where nothing has been added yet.
        torch.mul(last[1], last[2], out=last[0])
        for part, samples, window in reversed(earlier):
            part.addcmul_(samples, window)
        for pieces, factor in block.corrections:
            pieces.mul_(factor)

    def _analyse(self, block: _Block) -> None:
        """Change of the frames that are complete, and its length."""
        torch.mul(block.overlapping, self._window, out=block.frames)
        parts = torch.view_as_real(torch.fft.rfft(block.frames))
        torch.add(*parts.add_(block.spectrum).square_().unbind(-1), out=block.change).sqrt_()
        if block.valid is not None:
            block.change.mul_(block.valid)
        block.change.add_(block.floor)
        torch.linalg.vector_norm(block.change, dim=(-2, -1), out=block.length)


def _rectangles(mask: Tensor, rows: slice, columns: slice) -> list[tuple[slice, slice]]:
    """Where a mask ``[n, m]`` is true within these rows and columns, as slices of both."""
    within = mask[rows, columns]
    if bool((within == within[:1]).all()):
        parts = [(rows, within[0])]
    else:
        parts = [(slice(row, row + 1), mask[row, columns]) for row in range(rows.start, rows.stop)]
    found = []
    for part, line in parts:
        edges = torch.diff(pad(line.int(), (1, 1)))
        starts, stops = (torch.nonzero(edges == sign)[:, 0].tolist() for sign in (1, -1))
        found += [(part, slice(columns.start + i, columns.start + j)) for i, j in zip(starts, stops, strict=True)]
    return found
