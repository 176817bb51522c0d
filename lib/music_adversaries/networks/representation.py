"""What a network computes from the magnitudes before it standardises them.

The paper's networks read linear magnitudes. The other representations are here to find out how much
of what an adversary does follows from that choice.

Paper: Section 5
Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import spectra
from ..errors import InputError

REPRESENTATIONS = ("linear", "log", "mel")
N_MELS = 64
FLOOR = 0.01  # added before the logarithm: 88 dB below the magnitude of a full-scale sine


class Representation(nn.Module):
    """Linear magnitudes, their logarithm, or the logarithm of their mel bands.

    Parameters
    ----------
    kind : {"linear", "log", "mel"}
        - ``"linear"``: the magnitudes themselves (default).
        - ``"log"``: ``log(magnitude + 0.01)``.
        - ``"mel"``: the same of 64 mel bands (Slaney's scale and weights, as in librosa).

    Raises
    ------
    InputError
        For another kind.

    Paper: Section 5
    Notebook: book/05_adversaries.ipynb
    """

    filters: Tensor

    def __init__(self, kind: str = "linear") -> None:
        super().__init__()
        if kind not in REPRESENTATIONS:
            raise InputError(f"representation is {kind!r}; choose one of {', '.join(REPRESENTATIONS)}.")
        self.kind = kind
        if kind == "mel":
            import librosa  # imported here, since it takes long to import

            filters = librosa.filters.mel(sr=spectra.SAMPLE_RATE, n_fft=spectra.N_FFT, n_mels=N_MELS)
            # Computed again whenever a system is loaded, so it is not saved.
            self.register_buffer("filters", torch.from_numpy(filters.T.copy()), persistent=False)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """From ``[..., n_bins]`` to ``[..., n_bins]``, or to ``[..., 64]`` mel bands."""
        if self.kind == "linear":
            return magnitudes
        return torch.log((magnitudes @ self.filters if self.kind == "mel" else magnitudes) + FLOOR)

    def extra_repr(self) -> str:
        return self.kind
