"""What can be known of an experiment before any work: whether it can be done, and what will take no part in it.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

from ...errors import InputError
from ..datasets import DEFAULT, Dataset
from ..datasets.walk import left_out
from ..partitions import Partition
from ..partitions.named import check_name
from ..partitions.partition import Undivided
from ..records import WITHOUT_PARTITION
from .config import Config
from .experiment import Experiment
from .systems import labels_of, partition_of

_CLASS = "Left out: "  # how a partition's notes on classes begin


def check_config(name: str, experiment: Experiment, config: Config) -> None:
    """Refuse what an experiment cannot be run with, before any data are read.

    Raises
    ------
    InputError
        When there are fewer seeds than an interval needs, or it needs `synthetic` and is asked for another dataset.
    """
    if experiment.needs == "synthetic" and config.dataset != DEFAULT:
        raise InputError(
            f"{name} turns knobs of the dataset {DEFAULT}, or renders it again, and {config.dataset} has no such "
            f"knobs; run it on {DEFAULT}."
        )
    if config.seeds and len(config.seeds) < experiment.least_seeds:
        raise InputError(
            f"{name} has intervals over seeds, and {len(config.seeds)} seed gives none; run at least "
            f"{experiment.least_seeds} seeds."
        )


def check(experiment: Experiment, config: Config, dataset: Dataset) -> list[str]:
    """What of a dataset takes no part in an experiment, in words; nothing is trained for it.

    Returns
    -------
    list of str
        A phrase for the classes, and one for the excerpts, that each of its partitions does not use; and one for each
        partition that it does without.

    Raises
    ------
    InputError
        When there is no partition of the configuration's name, or one that the experiment needs cannot be made.
    """
    check_name(dataset.manifest, config.partition)
    needed = (config.partition,) if experiment.partitions is None else experiment.partitions(config, dataset)
    made: dict[str, Partition | str] = {name: partition_of(config.but(partition=name), dataset) for name in needed}
    made |= {name: possible(name, config, dataset) for name in experiment.if_possible}
    notes = []
    if made and not (dataset.manifest.table["artist"] != "").any():
        notes.append(
            "left out: the artists, of which none is known; where others have intervals over artists, these are over "
            "excerpts, and too narrow if an artist has several"
        )
    for name, partition in made.items():
        if isinstance(partition, str):
            notes.append(f"{WITHOUT_PARTITION}{name}. {partition}")
        else:
            notes += _unused(name, partition, dataset)
    return notes


def possible(name: str, config: Config, dataset: Dataset) -> Partition | str:
    """The partition of that name, or why the dataset cannot be divided so."""
    try:
        return partition_of(config.but(partition=name), dataset)
    except Undivided as error:
        return str(error)


def _unused(name: str, partition: Partition, dataset: Dataset) -> list[str]:
    notes = []
    classes = [note.removeprefix(_CLASS).rstrip(".") for note in partition.notes if note.startswith(_CLASS)]
    if classes:
        cannot = f"that the partition {name} cannot divide"
        notes.append(left_out(classes, f"class {cannot}", f"classes {cannot}"))
    label_of = labels_of(dataset)
    excerpts = [one for one in partition.excerpts("") if label_of[one] in partition.labels]
    if excerpts:
        where = f"unused in the partition {name}"
        notes.append(left_out(excerpts, f"excerpt {where}", f"excerpts {where}"))
    return notes
