"""Placeholder until the fast one arrives."""

from __future__ import annotations

from .. import spectra


class Consistency:
    def __init__(self, exemplar_spectrum, n_samples, valid, n_fft=1024, hop_length=512):
        self.f, self.n_samples, self.valid, self.n_fft, self.hop = (
            exemplar_spectrum,
            n_samples,
            valid,
            n_fft,
            hop_length,
        )
        self.exemplar = spectra.modulus(self.f) * valid[..., None]
        self.unit = spectra.phasor(self.f)
        self.power = spectra.window_power(valid, n_fft, hop_length)

    def __call__(self, z):
        p = spectra.istft((z - self.exemplar) * self.unit, self.n_samples, self.n_fft, self.hop, power=self.power)
        return spectra.modulus(self.f + spectra.stft(p, self.n_fft, self.hop)) * self.valid[..., None], p

    def keep(self, mask):
        return Consistency(self.f[mask], self.n_samples, self.valid[mask], self.n_fft, self.hop)
