"""Excerpts that are attacked together, with what an attack can compute for them.

Paper: Alg. 1, Eq. (3), Eq. (6)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from .. import spectra
from ..errors import InputError
from .budget import Budget
from .ends import Ends
from .gradients import (
    Dense,
    Found,
    Loss,
    Product,
    after_change,
    cross_entropy,
    differentiated,
    gradient_of_magnitudes,
)
from .model import Model


class Batch:
    """Excerpts of one model, with the gradients and distances that attacks need.

    Tensors have one row for each excerpt that is still attacked; a `Judge` removes those that are finished.

    Parameters
    ----------
    model : Model
    waveforms : sequence of arrays ``[n_samples]``
    targets : sequence of int, label indices; or, for each excerpt, what else the loss expects
    names : sequence of str, for messages
    budget : Budget
    generators : sequence of numpy random generators, one for each excerpt
    random_start : bool
        Begin at noise, not at the exemplar.
    loss : callable
        Like `gradients.cross_entropy`; what `waveform_gradient` is the gradient of.

    Attributes
    ----------
    x : Tensor ``[n, n_samples]``, padded with zeros
    valid : Tensor ``[n, n_frames]``, 1 where an excerpt has a frame
    targets : Tensor ``[n]``, label indices, or ``[n, ...]``
    rows : Tensor ``[n]``, the place of each excerpt among those given at first
    spectrum, magnitude : Tensor ``[n, n_frames, n_bins]``: F and X of the exemplars
    radius : Tensor ``[n]``: N epsilon, the largest distance of the magnitudes
    at_ends : Tensor ``[n, n_added, n_bins]``: magnitudes of the exemplars' `Ends`
    iteration : int

    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self,
        model: Model,
        waveforms: Sequence[np.ndarray],
        targets: Sequence[int] | Sequence[Sequence[bool]],
        names: Sequence[str],
        budget: Budget,
        *,
        generators: Sequence[np.random.Generator],
        random_start: bool = False,
        loss: Loss = cross_entropy,
    ) -> None:
        self.model, self.names, self.budget, self.max_iterations = model, list(names), budget, budget.max_iterations
        self.originals, self.generators, self.random_start = list(waveforms), list(generators), random_start
        like = model.like()
        self.n_samples = max(map(len, waveforms))
        self.x = torch.zeros(len(waveforms), self.n_samples, dtype=like.dtype)
        n_frames = [spectra.n_frames(len(w), model.n_fft, model.hop_length) for w in waveforms]
        self.valid = torch.zeros(len(waveforms), max(n_frames), dtype=like.dtype)
        for row, waveform in enumerate(waveforms):
            self.x[row, : len(waveform)] = torch.from_numpy(waveform).to(like.dtype)
            self.valid[row, : n_frames[row]] = 1.0
        self.x, self.valid = self.x.to(like.device), self.valid.to(like.device)
        self.targets = torch.tensor(list(targets), device=like.device)
        self.rows = torch.arange(len(waveforms), device=like.device)
        # Samples of a shorter excerpt after its last whole frame are in none of its frames.
        self.spectrum = spectra.stft(self.x, model.n_fft, model.hop_length) * self.valid[..., None]
        self.magnitude = spectra.modulus(self.spectrum)
        self.radius = spectra.radius(torch.linalg.vector_norm(self.magnitude, dim=(-2, -1)), budget.snr)
        self._ends = Ends(list(map(len, waveforms)), model.n_fft, model.hop_length, like.device)
        self.at_ends = self._ends.magnitudes(self.x)
        self.power = spectra.window_power(self.valid, model.n_fft, model.hop_length)
        self.iteration = -1
        network, device = model.network, self.x.device
        self._of_waveforms = differentiated(network, model.rows_of_waveforms, device, loss)
        if model.reads == "magnitudes":
            self._of_magnitudes = gradient_of_magnitudes(network, model.rows_of_magnitudes, device)
        else:
            self._of_magnitudes = after_change(differentiated(network, self._through_waveform, device))

    def __len__(self) -> int:
        return len(self.rows)

    def iterations(self) -> Iterator[int]:
        """0, 1, ..., up to and including ``max_iterations``; stops earlier once all excerpts are finished."""
        while len(self) and self.iteration < self.max_iterations:
            self.iteration += 1
            yield self.iteration

    def keep(self, going: Tensor) -> None:
        """Go on with these excerpts only ``[n]``, bool."""
        for name in ("rows", "targets", "x", "valid", "spectrum", "magnitude", "radius", "power", "at_ends"):
            setattr(self, name, getattr(self, name)[going])
        self._ends.keep(going)

    # --- what the model says, and its gradients ---

    def gradient(self, change: Tensor) -> tuple[Product | Dense, Tensor, Tensor]:
        """Gradient of the loss with respect to magnitudes, posteriors, and the loss of each excerpt.

        Parameters
        ----------
        change : Tensor ``[n, n_frames, n_bins]``
            Of the exemplars' magnitudes.

        Returns
        -------
        gradient : Product or Dense ``[n, n_frames, n_bins]``
            Valid until the next call; may be changed in place.
        posterior : Tensor ``[n, n_labels]``
        loss : Tensor ``[n]``

        Paper: Eq. (3)
        Notebook: book/05_adversaries.ipynb
        """
        gradient, posterior, loss = self._of_magnitudes(change, self.magnitude, self.targets, self.valid)
        self.refuse_not_finite(gradient.back, "gradient")
        return gradient, posterior, loss

    def _through_waveform(self, z: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the waveform that has these magnitudes and the exemplar's phase, as nearly as possible."""
        change = self.waveform_of((z - self.magnitude) * spectra.phasor(self.spectrum))
        return self.model.rows_of_waveforms(self.x + change, valid)

    def waveform_gradient(self, perturbation: Tensor) -> Found:
        """Gradient with respect to the waveform ``[n, n_samples]``, posteriors ``[n, n_labels]``, losses ``[n]``."""
        gradient, posterior, loss = self._of_waveforms(self.x + perturbation, self.targets, self.valid)
        self.refuse_not_finite(gradient, "gradient")
        return gradient, posterior, loss

    @torch.no_grad()
    def posterior(self, perturbation: Tensor) -> tuple[Tensor, Tensor]:
        """Posteriors ``[n, n_labels]`` and losses ``[n]`` without a gradient: all that a black-box attack may know."""
        logits, weights = self.model.rows_of_waveforms(self.x + perturbation, self.valid)
        picked = logits.log_softmax(-1).gather(-1, self.targets[:, None, None].expand(-1, logits.shape[1], 1))[..., 0]
        loss = -(picked * weights).sum(1) / weights.sum(1)
        return (logits.softmax(-1) * weights[..., None]).sum(1) / weights.sum(1, keepdim=True), loss

    def refuse_not_finite(self, values: Tensor, what: str) -> None:
        """Refuse values ``[n, ...]`` of the model that are not finite; the message names the first such excerpt."""
        if bool(torch.isfinite(values.sum())):
            return
        bad = ~torch.isfinite(values).reshape(len(values), -1).all(1)
        if bool(bad.any()):
            name = self.names[int(self.rows[bad][0])]
            raise InputError(f"The {what} of the model is not finite for {name}; check its weights and its inputs.")

    # --- waveforms within the budget ---

    def waveform_of(self, spectrum: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Waveform ``[n, n_samples]`` of a change of the spectrum, bounded at the ends; see `spectra.istft`."""
        return spectra.istft(spectrum, self.n_samples, self.model.n_fft, self.model.hop_length, power=self.power[rows])

    def distance(self, perturbation: Tensor) -> Tensor:
        """Distance of the perturbed magnitudes from the exemplar's ``[n]``."""
        spectrum = spectra.stft(self.x + perturbation, self.model.n_fft, self.model.hop_length)
        change = spectra.modulus(spectrum) * self.valid[..., None] - self.magnitude
        return torch.linalg.vector_norm(change, dim=(-2, -1))

    def within_budget(self, perturbation: Tensor) -> Tensor:
        """The perturbation ``[n, n_samples]``, turned down where its magnitudes leave the ball, or do so at the ends.

        Not the nearest feasible point, since magnitudes are not linear in the waveform, but one on the way from the
        exemplar. See `ends` for what is measured there.
        """
        return perturbation * self.room(perturbation, self.budget.snr).clamp(max=1.0)[:, None]

    def room(self, perturbation: Tensor, snr: float) -> Tensor:
        """The magnitudes' distance at that SNR over their distance now ``[n]``, at the ends too: below 1 if too loud.

        At 0 dB, this is the SNR of the perturbation as a ratio.
        """
        distance = self.distance(perturbation)
        change = self._ends.magnitudes(self.x + perturbation) - self.at_ends
        padded = torch.hypot(distance, torch.linalg.vector_norm(change, dim=(-2, -1)))
        norms = [torch.linalg.vector_norm(m, dim=(-2, -1)) for m in (self.magnitude, self.at_ends)]
        return torch.minimum(
            spectra.radius(norms[0], snr) / distance, spectra.radius(torch.hypot(*norms), snr) / padded
        )

    def share_within_full_scale(self) -> Tensor:
        """Part of the budget ``[n]`` that a file can hold: 1, except for budgets far beyond 0 dB."""
        at_snr = spectra.radius(torch.linalg.vector_norm(self.x, dim=1), self.budget.snr)
        lengths = [len(self.originals[row]) for row in self.rows.tolist()]
        return (torch.tensor(lengths).to(at_snr).sqrt() / at_snr).clamp(max=1.0)

    def start(self) -> Tensor:
        """The first perturbation ``[n, n_samples]``: zero, or after a restart noise as loud as allowed."""
        if not self.random_start:
            return torch.zeros_like(self.x)
        drawn = np.zeros(self.x.shape, dtype=np.float32)
        for i, row in enumerate(self.rows.tolist()):
            n = len(self.originals[row])
            drawn[i, :n] = self.generators[row].standard_normal(n)
        noise = torch.from_numpy(drawn).to(self.x)
        scale = torch.linalg.vector_norm(self.x, dim=1) / torch.linalg.vector_norm(noise, dim=1)
        return self.within_budget(noise * spectra.radius(scale, self.budget.snr)[:, None])
