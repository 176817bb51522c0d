"""Adversaries for music classifiers: small changes of a recording that make a system say what the adversary wants.

>>> import numpy as np
>>> import torch
>>> from music_adversaries.adversary import Budget, Model, attack

A classifier is any module from waveforms, or from magnitudes, to logits. This one compares the energy of the two
halves of a recording.

>>> class Halves(torch.nn.Module):
...     def forward(self, x):
...         half = x.shape[1] // 2
...         return 1000 * torch.stack([x[:, :half].square().mean(1), x[:, half:].square().mean(1)], 1)
>>> model = Model(Halves(), labels=["early", "late"], reads="waveform")
>>> wave = 0.1 * np.sin(np.arange(22_050) / 20).astype(np.float32)
>>> wave[11_025:] *= 0.9
>>> model.decide(wave).label
'early'

The adversary keeps 15 dB between the recording and what it adds, and is judged as a 16-bit file holds it.

>>> (result,) = attack(model, [wave], ["late"], Budget(snr=15, confidence=0.5), method="pgd")
>>> result.success, result.label, bool(result.snr_magnitude >= 15)
(True, 'late', True)

This library stands on its own. What makes the book (data, partitions, experiments, records, claims, figures) is in
`music_adversaries.book`; the library imports nothing from there.

Notebook: book/05_adversaries.ipynb
"""
