"""What all networks have in common: how they read a sequence, and what of them is saved to a file.

Notebook: book/03_training.ipynb
"""

from __future__ import annotations

from torch import Tensor, nn


class Network(nn.Module):
    """From raw magnitudes to logits, one row a frame or slice.

    A subclass defines ``forward`` and ``activations`` on single frames or slices. The methods here
    read whole sequences; those of this class are right for a network on single frames.

    Paper: Section 2.2
    Notebook: book/03_training.ipynb
    """

    #: Frames that the network must see at once; a sequence with fewer has no row.
    slice_length: int = 1

    def settings(self) -> dict[str, object]:
        """Arguments, besides ``standardise`` and ``n_labels``, that make another network of this shape."""
        raise NotImplementedError

    def activations(self, x: Tensor) -> list[Tensor]:
        """Outputs of each hidden layer, ``[..., n_units]``, for what ``forward`` reads."""
        raise NotImplementedError

    def rows(self, magnitudes: Tensor) -> Tensor:
        """What ``forward`` reads, cut from a sequence: here the frames themselves.

        Parameters
        ----------
        magnitudes : Tensor ``[..., n_frames, n_bins]``

        Returns
        -------
        Tensor ``[..., n_rows, n_bins]``, or ``[..., n_rows, slice_length, n_bins]``

        Paper: Eq. (2)
        Notebook: book/03_training.ipynb
        """
        return magnitudes

    def valid_rows(self, valid: Tensor) -> Tensor:
        """Which rows lie completely in frames that an excerpt has, in a batch padded to one length.

        Parameters
        ----------
        valid : Tensor ``[..., n_frames]``, 1 where the excerpt has a frame, 0 where it is padded

        Returns
        -------
        Tensor ``[..., n_rows]``, same type

        Notebook: book/05_adversaries.ipynb
        """
        return valid

    def sequence_logits(self, magnitudes: Tensor) -> Tensor:
        """Logits ``[..., n_rows, n_labels]`` of a sequence ``[..., n_frames, n_bins]`` of magnitudes.

        Paper: Eq. (2), Eq. (3)
        Notebook: book/03_training.ipynb
        """
        logits: Tensor = self(self.rows(magnitudes))
        return logits

    def sequence_activations(self, magnitudes: Tensor) -> list[Tensor]:
        """Outputs of each hidden layer ``[..., n_rows, n_units]`` for a sequence ``[..., n_frames, n_bins]``.

        Paper: Section 2.3
        Notebook: book/04_baselines.ipynb
        """
        return self.activations(self.rows(magnitudes))
