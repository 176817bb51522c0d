"""Experiments: a frozen configuration in, a record out.

`run` computes a record or finds it in the cache; the record says how it was made. Each
experiment is one file here, and `EXPERIMENTS` names them.

Notebook: book/09_verdicts.ipynb
"""

from typing import TYPE_CHECKING

from ..lazily import attach

if TYPE_CHECKING:
    from .config import Config, from_environment
    from .grid import train_all
    from .run import EXPERIMENTS, compute, for_book, for_comparison, for_page, run, run_for_book, systems_for_book
    from .systems import partition_of, test_set, trained_system

__all__ = [
    "EXPERIMENTS",
    "Config",
    "compute",
    "for_book",
    "for_comparison",
    "for_page",
    "from_environment",
    "partition_of",
    "run",
    "run_for_book",
    "systems_for_book",
    "test_set",
    "train_all",
    "trained_system",
]

attach(
    __name__,
    {
        "config": ("Config", "from_environment"),
        "grid": ("train_all",),
        "run": (
            "EXPERIMENTS", "compute", "for_book", "for_comparison", "for_page", "run", "run_for_book",
            "systems_for_book",
        ),
        "systems": ("partition_of", "test_set", "trained_system"),
    },
)  # fmt: skip
