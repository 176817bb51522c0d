"""The systems: networks from raw magnitudes to logits, and decisions over whole excerpts.

Conventions
-----------
* A network reads raw magnitudes, 513 a frame; standardisation is its first, frozen layer, so a
  gradient with respect to its input is a gradient with respect to magnitudes.
* `DNN` reads single frames ``[..., 513]``, `CDNN` slices of 100 frames ``[..., 100, 513]``. Each
  gives one row of logits a frame or slice, ``[..., n_labels]``.
* ``network.sequence_logits`` reads a whole sequence ``[..., n_frames, 513]`` and cuts it as its
  network needs; `slices` decides about the frames that are left over at the end.
* An excerpt's posterior is the *mean* over its rows. Its confidence in a label is the entry of that
  mean. Its label is the one with the largest entry.
* Where the paper and the published code differ, the correct reading is the default. The code's
  reading is an option, named ``"published"`` or by what it does (``"untied"``).

================  =====================================================================
`representation`  linear magnitudes as in the paper, logarithms, mel bands
`standardise`     the first layer: mean and standard deviation of the training frames
`base`            what all networks have in common
`dropout`         units left out in training, with a seed of its own
`mode`            without dropout for a while
`dnn`             three layers of rectified linear units on single frames
`slices`          a sequence cut into slices, and its remainder
`convolution`     correlation with long kernels in a fifth of the arithmetic
`cdnn`            two convolutional layers and a dense one on slices
`system`          network, labels and origin: decisions over excerpts; files
================  =====================================================================

Paper: Section 2.2, Section 2.3, Eq. (3), Eq. (4)
Notebook: book/03_training.ipynb
"""

from .base import Network
from .cdnn import CDNN
from .convolution import long_correlation
from .dnn import DNN
from .dropout import Dropout
from .mode import evaluated
from .representation import Representation
from .slices import slices
from .standardise import Standardise
from .system import VOTES, Decision, History, System

__all__ = [
    "CDNN",
    "DNN",
    "VOTES",
    "Decision",
    "Dropout",
    "History",
    "Network",
    "Representation",
    "Standardise",
    "System",
    "evaluated",
    "long_correlation",
    "slices",
]
