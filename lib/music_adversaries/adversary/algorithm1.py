"""Algorithm 1: projected gradient descent on magnitudes, kept close to spectra that a waveform has.

Paper: Alg. 1, Eq. (5), Eq. (6), Eq. (7), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .. import audio, spectra
from ..errors import InputError
from ..networks import Network, System
from .projections import ball_factor, non_negative
from .result import AdversaryResult


def attack(
    system: System,
    waveforms: Sequence[np.ndarray],
    targets: Sequence[str | int],
    *,
    snr: float = 15.0,
    confidence: float = 0.9,
    step: float = 0.1,
    max_iterations: int = 100,
    batch_size: int = 16,
    names: Sequence[str] | None = None,
    progress: bool = False,
) -> list[AdversaryResult]:
    """Change each waveform a little, so that the system gives it the wanted label.

    An excerpt is finished as soon as its waveform, rounded to 16 bits and analysed anew, has the
    target label with more than the wanted confidence and no less than the wanted SNR. What is not
    finished after ``max_iterations`` comes back as the best waveform found, marked as such.

    Parameters
    ----------
    system : System
        The system under attack.
    waveforms : sequence of arrays ``[n_samples]``
        Mono, 22,050 Hz, full scale 1; lengths may differ.
    targets : sequence of labels or label indices
        One a waveform.
    snr : float
        Budget in dB: ``20 log10(||X|| / ||Z - X||)`` on the magnitudes of the whole excerpt never
        falls below it.
    confidence : float
        Mean posterior of the target at which to stop, 0 <= confidence < 1.
    step : float
        Gradient step, in magnitude units.
    max_iterations, batch_size : int
    names : sequence of str
        What to call the waveforms in messages.

    Returns
    -------
    list of AdversaryResult, in the order of the waveforms

    Raises
    ------
    InputError
        For unusable waveforms (silent, not finite, shorter than a frame), unknown labels, or
        settings that make no sense.

    Paper: Alg. 1, Section 4
    Notebook: book/05_adversaries.ipynb
    """
    names = [f"waveform {i}" for i in range(len(waveforms))] if names is None else list(names)
    _check_settings(waveforms, targets, names, snr, confidence, step, max_iterations, batch_size)
    for waveform, name in zip(waveforms, names, strict=True):
        audio.check_waveform(waveform, name)
        system.check_length(len(waveform), name)
    wanted = [system.label_index(target) for target in targets]

    # Excerpts of like length share a batch, so that little is padded.
    order = sorted(range(len(waveforms)), key=lambda i: len(waveforms[i]))
    results: dict[int, AdversaryResult] = {}
    with tqdm(total=len(order), desc="attack", unit="excerpt", disable=not progress, leave=False) as bar:
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            batch = _Batch(system, [waveforms[i] for i in chosen], [wanted[i] for i in chosen], snr, confidence)
            for position, result in batch.run(step, max_iterations):
                results[chosen[position]] = result
                bar.update()
    return [results[i] for i in range(len(waveforms))]


def loss_gradient(network: nn.Module, magnitudes: Tensor, targets: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of the loss with respect to magnitudes, and the mean posterior of the targets.

    The loss is the cross-entropy with the target, summed over the frames (or slices) of an excerpt.

    Parameters
    ----------
    network : Network or Module
        Reads sequences, of which every excerpt has at least one frame or slice; any other module reads
        frames ``[..., n_bins]`` and gives logits ``[..., n_labels]``.
    magnitudes : Tensor ``[n_excerpts, n_frames, n_bins]``
    targets : Tensor ``[n_excerpts]``, label indices
    valid : Tensor ``[n_excerpts, n_frames]``
        1 where the excerpt has a frame, 0 where it is padded.

    Returns
    -------
    gradient : Tensor ``[n_excerpts, n_frames, n_bins]``
    posterior : Tensor ``[n_excerpts]``

    Paper: Eq. (3), Eq. (7)
    Notebook: book/05_adversaries.ipynb
    """
    magnitudes = magnitudes.detach().requires_grad_(True)
    with torch.enable_grad():
        if isinstance(network, Network):
            logits, valid = network.sequence_logits(magnitudes), network.valid_rows(valid)
        else:  # somebody's own module, which reads frames
            logits = network(magnitudes)
        log_posterior = torch.log_softmax(logits, dim=-1)
        picked = log_posterior.gather(-1, targets[:, None, None].expand(-1, logits.shape[1], 1)).squeeze(-1)
        loss = -(picked * valid).sum()
        (gradient,) = torch.autograd.grad(loss, magnitudes)
    posterior = (picked.detach().exp() * valid).sum(1) / valid.sum(1)
    return gradient, posterior


class _Batch:
    """Excerpts attacked together; each leaves as soon as it is finished."""

    def __init__(
        self, system: System, waveforms: list[np.ndarray], targets: list[int], snr: float, confidence: float
    ) -> None:
        self.system, self.snr, self.confidence = system, snr, confidence
        self.originals, self.targets = waveforms, targets
        self.network = system.network.eval()
        self.n_samples = max(map(len, waveforms))
        self.x = torch.zeros(len(waveforms), self.n_samples)
        self.valid = torch.zeros(len(waveforms), spectra.n_frames(self.n_samples))
        for row, waveform in enumerate(waveforms):
            self.x[row, : len(waveform)] = torch.from_numpy(np.asarray(waveform, dtype=np.float32))
            self.valid[row, : spectra.n_frames(len(waveform))] = 1.0

    def run(self, step: float, max_iterations: int):
        """Yield ``(row, AdversaryResult)`` as excerpts finish."""
        rows = torch.arange(len(self.x))
        target = torch.tensor(self.targets)
        exemplar_spectrum = spectra.stft(self.x)  # F
        exemplar = spectra.modulus(exemplar_spectrum) * self.valid[..., None]  # X
        unit = spectra.phasor(exemplar_spectrum)  # exp(j phi)
        radius = spectra.radius(torch.linalg.vector_norm(exemplar, dim=(-2, -1)), self.snr)  # N eps
        valid = self.valid
        power = spectra.window_power(valid)
        z = exemplar.clone()  # X^(k)
        perturbation = torch.zeros_like(self.x)  # of the waveform whose magnitudes the iterate has
        best = torch.zeros_like(self.x)
        best_posterior = torch.full((len(rows),), -1.0)
        traces: list[list[float]] = [[] for _ in rows]

        for k in range(max_iterations + 1):
            gradient, posterior = loss_gradient(self.network, z, target, valid)
            if not bool(torch.isfinite(gradient).all()):
                raise InputError("The gradient of the system is not finite; check its weights and its inputs.")
            improved = posterior > best_posterior
            best = torch.where(improved[:, None], perturbation, best)
            best_posterior = torch.where(improved, posterior, best_posterior)

            finished = torch.zeros(len(rows), dtype=torch.bool)
            for i, row in enumerate(rows.tolist()):
                traces[row].append(float(posterior[i]))
                if k == max_iterations:
                    yield row, self._result(row, best[i], float(best_posterior[i]), k, traces[row])
                elif posterior[i] > self.confidence:
                    # The iterate is where it should be; the waveform decides.
                    result = self._result(row, perturbation[i], float(posterior[i]), k, traces[row])
                    if result.confident:
                        finished[i] = True
                        yield row, result
            if k == max_iterations or bool(finished.all()):
                return
            if bool(finished.any()):
                keep = ~finished
                rows, target, radius = rows[keep], target[keep], radius[keep]
                valid, power = valid[keep], power[keep]
                exemplar_spectrum, exemplar, unit = exemplar_spectrum[keep], exemplar[keep], unit[keep]
                z, gradient = z[keep], gradient[keep]
                best, best_posterior = best[keep], best_posterior[keep]

            z = non_negative(z - step * gradient)
            perturbation = spectra.consistent_perturbation(z, exemplar, unit, self.n_samples, power)
            z = spectra.modulus(exemplar_spectrum + spectra.stft(perturbation)) * valid[..., None]
            factor = ball_factor(z, exemplar, radius)
            z = exemplar + factor[:, None, None] * (z - exemplar)
            perturbation = perturbation * factor[:, None]

    def _result(
        self, row: int, perturbation: Tensor, iterate_confidence: float, iterations: int, trace: list[float]
    ) -> AdversaryResult:
        """Round to 16 bits, stay within the budget, analyse anew, classify."""
        original = np.asarray(self.originals[row], dtype=np.float32)
        waveform, n_clipped, snr_magnitude = written_within_budget(
            original, perturbation[: len(original)].numpy(), self.snr
        )
        before, after = self.system.classify(original), self.system.classify(waveform)
        target = self.targets[row]
        return AdversaryResult(
            original=original,
            waveform=waveform,
            target=self.system.labels[target],
            label=after.label,
            confidence=after.confidence,
            target_confidence=float(after.posterior[target]),
            original_label=before.label,
            original_confidence=before.confidence,
            snr_magnitude=snr_magnitude,
            snr_time=float(spectra.snr_db(torch.from_numpy(original), torch.from_numpy(waveform))),
            snr_limit=self.snr,
            confidence_limit=self.confidence,
            iterations=iterations,
            iterate_confidence=iterate_confidence,
            n_clipped=n_clipped,
            trace=tuple(trace),
        )


def written_within_budget(original: np.ndarray, perturbation: np.ndarray, snr: float) -> tuple[np.ndarray, int, float]:
    """The sum as a 16-bit file holds it, its clipped samples, and its magnitude SNR in dB.

    Re-synthesis and rounding move a sequence of magnitudes a little. Where that breaks the budget,
    the perturbation is turned down until it holds again.

    Parameters
    ----------
    original, perturbation : array ``[n_samples]``
    snr : float
        Least magnitude SNR in dB.

    Notebook: book/05_adversaries.ipynb
    """
    reference = spectra.magnitudes(torch.from_numpy(original))
    gain, best = 1.0, None
    for _ in range(20):
        exact = original + np.float32(gain) * perturbation
        waveform = audio.quantise(exact)
        measured = float(spectra.snr_db(reference, spectra.magnitudes(torch.from_numpy(waveform)), n_dims=2))
        best = waveform, audio.count_clipped(exact), measured
        if measured >= snr:
            break
        gain *= 0.999 * math.pow(10.0, (measured - snr) / 20.0)
    return best


def _check_settings(waveforms, targets, names, snr, confidence, step, max_iterations, batch_size) -> None:
    if len(waveforms) == 0:
        raise InputError("There is no waveform to attack; give at least one.")
    if len(targets) != len(waveforms) or len(names) != len(waveforms):
        raise InputError(f"There are {len(waveforms)} waveforms but {len(targets)} targets; give one target each.")
    if not -300 <= snr <= 300:
        raise InputError(f"snr is {snr}; give a number of decibels between -300 and 300, such as 15.")
    if not 0 <= confidence < 1:
        raise InputError(f"confidence is {confidence}; give a mean posterior from 0 up to, but not including, 1.")
    if not (math.isfinite(step) and step > 0):
        raise InputError(f"step is {step}; give a number greater than zero, such as 0.1.")
    if max_iterations < 1 or batch_size < 1:
        raise InputError("max_iterations and batch_size must be at least 1.")
