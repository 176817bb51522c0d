"""Excerpts that are attacked together, and the judge of what comes out.

Every attack runs in this frame: it gets gradients from it, and shows it each iterate. The batch
decides who is finished, always by the waveform as a 16-bit file holds it.

Paper: Alg. 1, Eq. (3), Eq. (6)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import audio, spectra
from ..errors import InputError
from ..networks import Decision
from .gradients import Product, after_change, differentiated, gradient_of_magnitudes
from .model import Model
from .result import AdversaryResult

Realise = Callable[..., Tensor]


class Batch:
    """Excerpts of one model, what is wanted of each, and what has been reached.

    Tensors have one row for each excerpt that is still attacked; `keep` is called by `judge`.

    Attributes
    ----------
    x : Tensor ``[n, n_samples]``, padded with zeros
    valid : Tensor ``[n, n_frames]``, 1 where an excerpt has a frame
    targets : Tensor ``[n]``, label indices
    spectrum, magnitude : Tensor ``[n, n_frames, n_bins]``: F and X of the exemplars
    radius : Tensor ``[n]``: N epsilon, the largest distance of the magnitudes
    """

    def __init__(
        self,
        model: Model,
        waveforms: Sequence[np.ndarray],
        targets: Sequence[int],
        names: Sequence[str],
        *,
        snr: float,
        confidence: float,
        max_iterations: int,
        judge: Callable[[np.ndarray], Decision],
        generators: Sequence[np.random.Generator],
        random_start: bool = False,
        watch: Callable[[int, list[float]], None] | None = None,
        method: str = "",
    ) -> None:
        self.model, self.names, self.method = model, list(names), method
        self.snr, self.confidence, self.max_iterations = snr, confidence, max_iterations
        self.originals, self.generators, self.random_start = list(waveforms), list(generators), random_start
        self._judge, self._watch = judge, watch
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
        # What a shorter excerpt has after its last whole frame is in none of its frames.
        self.spectrum = spectra.stft(self.x, model.n_fft, model.hop_length) * self.valid[..., None]
        self.magnitude = spectra.modulus(self.spectrum)
        self.radius = spectra.radius(torch.linalg.vector_norm(self.magnitude, dim=(-2, -1)), snr)
        self.power = spectra.window_power(self.valid, model.n_fft, model.hop_length)
        self.iteration = -1
        self.results: dict[int, AdversaryResult] = {}
        self._before = [judge(waveform) for waveform in self.originals]
        self._traces: list[list[float]] = [[] for _ in waveforms]
        self._losses: list[list[float]] = [[] for _ in waveforms]
        network, device = model.network, self.x.device
        self._of_waveforms = differentiated(network, model.rows_of_waveforms, device)
        if model.reads == "magnitudes":
            self._of_magnitudes = gradient_of_magnitudes(network, model.rows_of_magnitudes, device)
        else:
            self._of_magnitudes = after_change(differentiated(network, self._through_waveform, device))
        self._best: tuple[Tensor, ...] | None = None
        self._best_posterior = torch.full((len(waveforms),), -1.0, dtype=like.dtype, device=like.device)

    def __len__(self) -> int:
        return len(self.rows)

    def iterations(self) -> Iterator[int]:
        """0, 1, ..., up to and with the last; fewer where everybody is finished before."""
        while len(self) and self.iteration < self.max_iterations:
            self.iteration += 1
            yield self.iteration

    # --- what an attack may ask ---

    def gradient(self, change: Tensor) -> tuple[Tensor | Product, Tensor]:
        """Gradient of the loss with respect to magnitudes, and each excerpt's posterior.

        Parameters
        ----------
        change : Tensor ``[n, n_frames, n_bins]``
            Of the exemplars' magnitudes.

        Returns
        -------
        gradient : Tensor or Product ``[n, n_frames, n_bins]``
            Lasts until the next call, and may be changed in place.
        posterior : Tensor ``[n, n_labels]``

        Paper: Eq. (3), Eq. (7)
        Notebook: book/05_adversaries.ipynb
        """
        return self._found(self._of_magnitudes(change, self.magnitude, self.targets, self.valid))

    def _through_waveform(self, z: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the waveform that has these magnitudes and the exemplar's phase, as nearly as one can."""
        change = self.waveform_of((z - self.magnitude) * spectra.phasor(self.spectrum))
        return self.model.rows_of_waveforms(self.x + change, valid)

    def waveform_gradient(self, perturbation: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient with respect to the waveform ``[n, n_samples]``, and posteriors ``[n, n_labels]``."""
        return self._found(self._of_waveforms(self.x + perturbation, self.targets, self.valid))

    @torch.no_grad()
    def posterior(self, perturbation: Tensor) -> Tensor:
        """Posteriors ``[n, n_labels]`` without a gradient: all that a black-box attack may know."""
        logits, weights = self.model.rows_of_waveforms(self.x + perturbation, self.valid)
        picked = logits.log_softmax(-1).gather(-1, self.targets[:, None, None].expand(-1, logits.shape[1], 1))[..., 0]
        self.loss = -(picked * weights).sum(1) / weights.sum(1)
        return (logits.softmax(-1) * weights[..., None]).sum(1) / weights.sum(1, keepdim=True)

    def waveform_of(self, spectrum: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Waveform ``[n, n_samples]`` of a change of the spectrum, bounded at the ends; see `spectra.istft`."""
        return spectra.istft(spectrum, self.n_samples, self.model.n_fft, self.model.hop_length, power=self.power[rows])

    def distance(self, perturbation: Tensor) -> Tensor:
        """How far the perturbed magnitudes are from the exemplar's ``[n]``."""
        spectrum = spectra.stft(self.x + perturbation, self.model.n_fft, self.model.hop_length)
        change = spectra.modulus(spectrum) * self.valid[..., None] - self.magnitude
        return torch.linalg.vector_norm(change, dim=(-2, -1))

    def within_budget(self, perturbation: Tensor) -> Tensor:
        """The perturbation ``[n, n_samples]``, turned down where its magnitudes leave the ball.

        Not the nearest feasible point, for magnitudes are no linear function of a waveform, but one on the
        way from the exemplar.
        """
        return perturbation * torch.clamp(self.radius / self.distance(perturbation), max=1.0)[:, None]

    def room(self) -> Tensor:
        """Part of the budget ``[n]`` for which full scale leaves room: 1, but for budgets far beyond 0 dB."""
        at_snr = spectra.radius(torch.linalg.vector_norm(self.x, dim=1), self.snr)
        lengths = [len(self.originals[row]) for row in self.rows.tolist()]
        return (torch.tensor(lengths).to(at_snr).sqrt() / at_snr).clamp(max=1.0)

    def start(self) -> Tensor:
        """Where to begin ``[n, n_samples]``: at the exemplar; at a restart, at noise as loud as allowed."""
        if not self.random_start:
            return torch.zeros_like(self.x)
        noise = np.zeros(self.x.shape, dtype=np.float32)
        for i, row in enumerate(self.rows.tolist()):
            n = len(self.originals[row])
            noise[i, :n] = self.generators[row].standard_normal(n)
        noise = torch.from_numpy(noise).to(self.x)
        scale = torch.linalg.vector_norm(self.x, dim=1) / torch.linalg.vector_norm(noise, dim=1)
        return self.within_budget(noise * spectra.radius(scale, self.snr)[:, None])

    # --- the judge ---

    def judge(
        self,
        posterior: Tensor,
        state: tuple[Tensor, ...],
        realise: Realise | None = None,
        change: Tensor | None = None,
        *,
        trust_iterate: bool = False,
        give_up: Tensor | None = None,
    ) -> Tensor | None:
        """Look at an iterate; who is finished leaves.

        Parameters
        ----------
        posterior : Tensor ``[n, n_labels]``
        state : tensors with one row an excerpt, from which ``realise(*state, rows)`` makes the waveform of the
            perturbation ``[rows, n_samples]``; without ``realise`` the one tensor is that waveform.
        change : Tensor ``[n, n_frames, n_bins]``
            Of the magnitudes on which ``posterior`` was computed, where a waveform need not have them.
        trust_iterate : bool
            Whoever has the wanted confidence is finished, whatever the waveform says.
        give_up : Tensor ``[n]`` of bool
            Whose progress has stalled: they leave as they are.

        What is to be kept of the tensors is copied.

        Returns
        -------
        Tensor ``[n]`` of bool, who goes on: the caller keeps these rows of its own tensors. None where all do.
        """
        wanted = posterior.gather(1, self.targets[:, None])[:, 0]
        self._refuse_not_finite(wanted, "answer")
        last = self.iteration == self.max_iterations
        now = (*state, posterior, self._away(posterior, change))
        improved = wanted > self._best_posterior
        if self._best is None:
            self._best = tuple(new.clone() for new in now)
        elif bool(improved.any()):
            for best, new in zip(self._best, now, strict=True):
                if bool(improved.all()):
                    best.copy_(new)
                else:
                    best[improved] = new[improved]
        self._best_posterior = torch.where(improved, wanted, self._best_posterior)
        rows, values, losses = self.rows.tolist(), wanted.tolist(), self.loss.tolist()
        if self._watch is not None:
            self._watch(self.iteration, values)

        going = torch.ones(len(rows), dtype=torch.bool, device=posterior.device)
        for i, row in enumerate(rows):
            self._traces[row].append(values[i])
            self._losses[row].append(losses[i])
            stalled = give_up is not None and bool(give_up[i])
            if not (last or stalled or values[i] > self.confidence):
                continue
            # Where it should be, by its own account; the waveform decides.
            result = self._result(i, self._best if last and not values[i] > self.confidence else now, realise)
            if last or stalled or trust_iterate or result.confident:
                self.results[row] = result
                going[i] = False
        if bool(going.all()):
            return None
        self.keep(going)
        return going

    def _away(self, posterior: Tensor, change: Tensor | None) -> Tensor:
        """Distance of an iterate from the exemplar; -1 where it is the waveform's own."""
        if change is None:
            return posterior.new_full((len(self),), -1.0)
        return torch.linalg.vector_norm(change, dim=(-2, -1))

    def keep(self, going: Tensor) -> None:
        """Go on with these excerpts only."""
        for name in ("rows", "targets", "x", "valid", "spectrum", "magnitude", "radius", "power", "_best_posterior"):
            setattr(self, name, getattr(self, name)[going])
        if self._best is not None:
            self._best = tuple(t[going] for t in self._best)
        self.loss = self.loss[going]

    def _found(self, found: tuple[Tensor | Product, Tensor, Tensor]) -> tuple[Any, Tensor]:
        gradient, posterior, self.loss = found
        self._refuse_not_finite(gradient.back if isinstance(gradient, Product) else gradient, "gradient")
        return gradient, posterior

    def _refuse_not_finite(self, values: Tensor, what: str) -> None:
        if bool(torch.isfinite(values.sum())):
            return
        bad = ~torch.isfinite(values).reshape(len(values), -1).all(1)
        if bool(bad.any()):
            name = self.names[int(self.rows[bad][0])]
            raise InputError(f"The {what} of the model is not finite for {name}; check its weights and its inputs.")

    def _result(self, i: int, shown: tuple[Tensor, ...], realise: Realise | None) -> AdversaryResult:
        """Round to 16 bits, stay within the budget, analyse anew, classify."""
        row, target, picked = int(self.rows[i]), int(self.targets[i]), slice(i, i + 1)
        *state, posterior, away = (t[picked] for t in shown)
        original = self.originals[row]
        change = (state[0] if realise is None else realise(*state, picked))[0, : len(original)]
        exact, waveform, snr_magnitude = written_within_budget(
            original, change.to("cpu", torch.float32).numpy(), self.snr, self.model.n_fft, self.model.hop_length
        )
        before, after = self._before[row], self._judge(waveform)
        labels = self.model.labels
        iterate_snr = snr_magnitude
        if float(away) >= 0:
            ratio = torch.linalg.vector_norm(self.magnitude[i]).double() / away.double()
            iterate_snr = 20 * float(torch.log10(ratio))
        return AdversaryResult(
            original=original,
            waveform=waveform,
            target=labels[target],
            label=after.label,
            confidence=after.confidence,
            target_confidence=float(after.posterior[target]),
            original_label=before.label,
            original_confidence=before.confidence,
            snr_magnitude=snr_magnitude,
            snr_time=float(spectra.snr_db(torch.from_numpy(original), torch.from_numpy(waveform))),
            snr_limit=self.snr,
            confidence_limit=self.confidence,
            iterations=self.iteration,
            iterate_label=labels[int(posterior.argmax())],
            iterate_confidence=float(posterior[0, target]),
            iterate_snr=iterate_snr,
            unrounded_label=self._judge(exact).label,
            n_clipped=audio.count_clipped(exact),
            method=self.method,
            trace=tuple(self._traces[row]),
            losses=tuple(self._losses[row]),
        )


def written_within_budget(
    original: np.ndarray,
    perturbation: np.ndarray,
    snr: float,
    n_fft: int = spectra.N_FFT,
    hop_length: int = spectra.HOP_LENGTH,
) -> tuple[np.ndarray, np.ndarray, float]:
    """The sum, the sum as a 16-bit file holds it, and the magnitude SNR of that in dB.

    Re-synthesis and rounding move a sequence of magnitudes a little. Where that breaks the budget,
    the perturbation is turned down until it holds again.

    Parameters
    ----------
    original, perturbation : array ``[n_samples]``
    snr : float
        Least magnitude SNR in dB.

    Notebook: book/05_adversaries.ipynb
    """
    reference = spectra.magnitudes(torch.from_numpy(original), n_fft, hop_length)
    gain, best = 1.0, None
    for _ in range(20):
        exact = original + np.float32(gain) * perturbation
        waveform = audio.quantise(exact)
        written = spectra.magnitudes(torch.from_numpy(waveform), n_fft, hop_length)
        measured = float(spectra.snr_db(reference, written, n_dims=2))
        best = exact, waveform, measured
        if measured >= snr:
            break
        gain *= 0.999 * math.pow(10.0, (measured - snr) / 20.0)
    return best
