"""Every figure of the book, drawn from data and described in words.

Conventions
-----------
* Each function returns a :class:`BookFigure`; a notebook cell that ends in one shows it once. Nothing here
  touches pyplot's state.
* ``figure.alt_text`` describes the *data* in words and numbers, for readers who cannot see the figure.
* The background is white, which is readable on light and dark pages; text is sized for a page 700 pixels wide.
* Colours are distinct for colour-blind readers and differ in lightness. Marks repeat the information of colours.

Paper: Fig. 2
Notebook: book/02_partitions.ipynb
"""

from .adversaries import snr_by_label
from .architectures import architecture
from .base import DPI, MAX_BYTES, PART_COLOURS, WIDTH, BookFigure, style
from .doses import doses
from .filters import first_layer
from .frequency import frequency_profile
from .merit import figure_of_merit
from .partitions import gap, partition_map
from .spectrograms import frame_spectra, spectrogram_triple
from .success import success_curves
from .survival import survival
from .table1 import table_1
from .traces import confidence_traces, loss_traces
from .training import learning_curves
from .transfer import transfer_matrix
from .units import unit_reading

__all__ = [
    "DPI",
    "MAX_BYTES",
    "PART_COLOURS",
    "WIDTH",
    "BookFigure",
    "architecture",
    "confidence_traces",
    "doses",
    "figure_of_merit",
    "first_layer",
    "frame_spectra",
    "frequency_profile",
    "gap",
    "learning_curves",
    "loss_traces",
    "partition_map",
    "snr_by_label",
    "spectrogram_triple",
    "style",
    "success_curves",
    "survival",
    "table_1",
    "transfer_matrix",
    "unit_reading",
]
