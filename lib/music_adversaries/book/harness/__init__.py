"""What experiments share: configurations, trained systems, what they decide, and attacks on many excerpts.

================  =====================================================================
`config`          everything that determines a result, frozen
`recipes`         the systems by name
`labelling`       labels without meaning
`data`            the dataset of a configuration
`systems`         trained systems, kept by the hash of everything that made them
`kept`            a trained system found without its dataset
`spectrograms`    the magnitudes of a dataset, computed once
`experiment`      how an experiment is declared
`accuracies`      the systems of a grid, each tested on its partition
`decisions`       the label that every system gives to every test excerpt
`forests`         the paper's random forest on a trained network
`attacking`       which excerpts, which targets, at which budgets
`confirmed`       a second opinion on an adversary
`parts`           an experiment in parts, each kept as soon as it is finished
`grid`            jobs in parallel processes
================  =====================================================================

Notebook: book/09_verdicts.ipynb
"""

from typing import TYPE_CHECKING

from ...lazily import attach

if TYPE_CHECKING:
    from .config import Config, from_environment
    from .data import load_dataset
    from .experiment import Experiment, Measured
    from .grid import train_all
    from .systems import partition_of, test_set, trained_system

__all__ = [
    "Config",
    "Experiment",
    "Measured",
    "from_environment",
    "load_dataset",
    "partition_of",
    "test_set",
    "train_all",
    "trained_system",
]

attach(
    __name__,
    {
        "config": ("Config", "from_environment"),
        "data": ("load_dataset",),
        "experiment": ("Experiment", "Measured"),
        "grid": ("train_all",),
        "systems": ("partition_of", "test_set", "trained_system"),
    },
)
