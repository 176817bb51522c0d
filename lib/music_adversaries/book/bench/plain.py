"""One iteration of Algorithm 1 in plain NumPy, frame by frame.

One loop takes the gradient of each frame, one adds the frames up to a waveform, and one cuts the waveform into
frames again. A few matrix products on all frames can replace the first loop, as the published code leaves it to
Theano; this is the faster variant. Both are simpler than `iteration` and share no code with it. A test compares
them.

Paper: Alg. 1, Eq. (1), Eq. (5), Eq. (6), Eq. (7), Eq. (8), Eq. (9)
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import numpy as np

from ...networks import DNN

N_FFT, HOP_LENGTH = 1_024, 512


class PlainIteration:
    """The same as `iteration.Iteration` for one excerpt, in double precision.

    Parameters
    ----------
    network : DNN
        Linear magnitudes, no dropout.
    waveform : array ``[n_samples]``
    target : int, label index
    consistency, snr, step : as for `iteration.Iteration`
    together : bool
        Whether the network gets all frames at once, and only the transforms run frame by frame.

    Paper: Alg. 1
    Notebook: book/05_adversaries.ipynb
    """

    def __init__(
        self,
        network: DNN,
        waveform: np.ndarray,
        target: int,
        *,
        consistency: bool = True,
        snr: float = 15.0,
        step: float = 0.1,
        together: bool = False,
    ) -> None:
        layers = (*network.hidden, network.output)
        self.weights = [layer.weight.detach().double().numpy() for layer in layers]
        self.biases = [layer.bias.detach().double().numpy() for layer in layers]
        self.mean, self.scale = (
            part.double().numpy() for part in (network.standardise.mean, network.standardise.scale)
        )
        self.target, self.step, self.consistency, self.together = target, step, consistency, together
        self.window = np.hanning(N_FFT)
        self.least_power = (self.window[:HOP_LENGTH] ** 2 + self.window[HOP_LENGTH:] ** 2).min()
        self.spectrum = self.analyse(np.asarray(waveform, dtype=np.float64))
        # The phase does not change, so even a plain loop computes its exponentials only once.
        self.exemplar, self.unit = np.abs(self.spectrum), np.exp(1j * np.angle(self.spectrum))
        self.radius = np.linalg.norm(self.exemplar) * 10 ** (-snr / 20)

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """The next iterate ``[n_frames, n_bins]``."""
        if self.together:
            gradient = self.gradient(z)
        else:
            gradient = np.concatenate([self.gradient(z[m : m + 1]) for m in range(len(z))])
        z = np.maximum(z - self.step * gradient, 0.0)
        if self.consistency:
            perturbation = self.synthesise((z - self.exemplar) * self.unit)
            z = np.abs(self.spectrum + self.analyse(perturbation))
        distance = np.linalg.norm(z - self.exemplar)
        if distance > self.radius:
            z = self.exemplar + self.radius / distance * (z - self.exemplar)
        return z

    def analyse(self, waveform: np.ndarray) -> np.ndarray:
        """Spectrum ``[n_frames, n_bins]`` of a waveform ``[n_samples]``.

        Paper: Eq. (1)
        Notebook: book/05_adversaries.ipynb
        """
        n_frames = 1 + (len(waveform) - N_FFT) // HOP_LENGTH
        spectrum = np.zeros((n_frames, N_FFT // 2 + 1), dtype=np.complex128)
        for m in range(n_frames):
            spectrum[m] = np.fft.rfft(waveform[m * HOP_LENGTH : m * HOP_LENGTH + N_FFT] * self.window)
        return spectrum

    def synthesise(self, spectrum: np.ndarray) -> np.ndarray:
        """Waveform nearest to a spectrum ``[n_frames, n_bins]``, bounded at its ends.

        Paper: Eq. (9)
        Notebook: book/05_adversaries.ipynb
        """
        waveform = np.zeros((len(spectrum) - 1) * HOP_LENGTH + N_FFT)
        power = np.zeros_like(waveform)
        for m, frame in enumerate(spectrum):
            place = slice(m * HOP_LENGTH, m * HOP_LENGTH + N_FFT)
            waveform[place] += np.fft.irfft(frame) * self.window
            power[place] += self.window**2
        return waveform / np.maximum(power, self.least_power)

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """Gradient of the summed cross-entropy with the target ``[n_frames, n_bins]``.

        Paper: Eq. (3), Eq. (7)
        Notebook: book/05_adversaries.ipynb
        """
        read, outputs = (z - self.mean) * self.scale, []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            read = np.maximum(read @ weight.T + bias, 0.0)
            outputs.append(read)
        logits = read @ self.weights[-1].T + self.biases[-1]
        posterior = np.exp(logits - logits.max(1, keepdims=True))
        posterior /= posterior.sum(1, keepdims=True)
        back = posterior
        back[:, self.target] -= 1.0
        for weight, output in zip(self.weights[:0:-1], outputs[::-1], strict=True):
            back = (back @ weight) * (output > 0)
        return (back @ self.weights[0]) * self.scale
