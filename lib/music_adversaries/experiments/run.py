"""Run an experiment, or find its record in the cache.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Callable

import torch

from .. import datasets, training
from ..errors import InputError
from ..provenance import provenance
from ..records import Record, book_folder, filename, read_records, recorded, records_folder
from . import (
    attack_random_target,
    baseline,
    benchmark_index,
    directives,
    dose_response,
    ensemble,
    frequencies,
    gradient,
    gradient_trainings,
    intervention,
    meaningless_labels,
    partition_folds,
    partition_gap,
    relaxed,
    success_curves,
    survival,
    systems_folds,
    table1,
    transfer,
)
from .config import Config, code_of
from .grid import over_processes, pool, train_all
from .labelling import labels_by_artist
from .systems import one_thread, show_progress

EXPERIMENTS: dict[str, Callable] = {
    "partition_gap": partition_gap.measure,
    "partition_folds": partition_folds.measure,
    "intervention": intervention.measure,
    "dose_response": dose_response.measure,
    "benchmark_index": benchmark_index.measure,
    "baseline": baseline.measure,
    "meaningless_labels": meaningless_labels.measure,
    "table1": table1.measure,
    "systems_folds": systems_folds.measure,
    "attack_random_target": attack_random_target.measure,
    "ensemble": ensemble.measure,
    "directives": directives.measure,
    "success_curves": success_curves.measure,
    "frequencies": frequencies.measure,
    "survival": survival.measure,
    "transfer": transfer.measure,
    "gradient": gradient.measure,
    "gradient_trainings": gradient_trainings.measure,
    "relaxed": relaxed.measure,
}

#: Experiments that only `synthetic` allows: its confounds are known and can be turned.
SYNTHETIC_ONLY = ("intervention", "dose_response")
#: Too long for every run of the book, which shows the record in book/records.
RECORDED = (
    "dose_response", "benchmark_index", "partition_folds", "table1", "systems_folds",
    "directives", "success_curves", "frequencies", "survival", "transfer", "gradient", "gradient_trainings",
    "relaxed",
)  # fmt: skip
#: Of these, what the book computes where it is built on another dataset or profile.
COMPUTED_ELSEWHERE = ("table1",)
#: Experiments on the manifest alone: the audio need not be here.
MANIFEST_ONLY = ("benchmark_index",)

#: Experiments that run in several processes by themselves.
PARALLEL_INSIDE = ("table1", "systems_folds")
#: What those of the book's default run take once their systems are trained, roughly: the longest begin first.
SECONDS = {"intervention": 70.0, "ensemble": 40.0, "baseline": 30.0, "attack_random_target": 29.0}


def for_book(config: Config) -> list[str]:
    """The experiments that the book computes on this dataset."""
    left_out = set(RECORDED) if _is_the_books(config) else set(RECORDED) - set(COMPUTED_ELSEWHERE)
    if config.dataset != datasets.DEFAULT:
        left_out |= set(SYNTHETIC_ONLY)
    return [name for name in EXPERIMENTS if name not in left_out]


def systems_for_book(config: Config, dataset: datasets.Dataset) -> list[Config]:
    """The systems that chapters and their experiments need on this dataset, to be trained at once: see `train_all`."""
    needed = [config, config.but(partition="artist_filtered"), config.but(system="dnn50-dropout")]
    for experiment, labelled in (
        (partition_gap, dataset), (baseline, dataset), (meaningless_labels, labels_by_artist(dataset)),
    ):  # fmt: skip
        with contextlib.suppress(InputError):  # the experiment itself will say why it cannot run on this dataset
            needed += experiment.grid(config, labelled)
    return needed


def for_page(experiment: str, config: Config) -> Record:
    """What a page shows of an experiment that is too long for every run of the book.

    On the book's own dataset and profile the stored record; on any other the one computed there.

    Notebook: book/04_baselines.ipynb
    """
    if _is_the_books(config):
        return recorded(experiment, config.dataset, config.profile)
    return run(experiment, config)


def for_comparison(experiment: str, config: Config) -> list[Record]:
    """Every record of an experiment that the book holds, for a page that sets datasets side by side.

    On a dataset or profile that is not the book's own, what `music-adversaries run` has computed there comes first.

    Notebook: book/05_adversaries.ipynb
    """
    found = [record for record in read_records(book_folder() / "records") if record.experiment == experiment]
    own = records_folder() / filename(experiment, config.dataset, config.profile)
    if not _is_the_books(config) and own.exists():
        mine = Record.read(own)
        found = [mine, *(r for r in found if (r.dataset, r.profile) != (mine.dataset, mine.profile))]
    return sorted(found, key=lambda record: record.dataset != config.dataset)


def _is_the_books(config: Config) -> bool:
    return (config.dataset, config.profile) == (datasets.DEFAULT, "quick")


def run(experiment: str, config: Config, *, progress: bool | None = None) -> Record:
    """The record of an experiment; computed unless the cache has it for this configuration, data and code.

    Raises
    ------
    InputError
        When there is no such experiment, or the device is not there.

    Notebook: book/09_verdicts.ipynb
    """
    _check(experiment)
    training.device_of(config.device)  # before anything long begins
    progress = show_progress() if progress is None else progress
    return _run(experiment, config, _dataset(experiment, config, progress), progress)


def _run(experiment: str, config: Config, dataset: datasets.Dataset, progress: bool) -> Record:
    kept = _kept(experiment, config, dataset)
    if kept is not None:
        return kept
    record = _compute(experiment, config, dataset, progress)
    record.key = _key(experiment, config, dataset)
    record.write(records_folder())
    return record


def run_for_book(config: Config, *, progress: bool | None = None) -> list[Record]:
    """The records that the book computes: what they train is trained at once, then they run side by side.

    Trains what else the chapters need, too.

    Notebook: book/09_verdicts.ipynb
    """
    progress = show_progress() if progress is None else progress
    names = for_book(config)
    dataset = config.load_dataset(progress)
    missing = [name for name in names if _kept(name, config, dataset) is None]
    # Those that start processes of their own run alone. So does a single one, whose own progress bar says more.
    side_by_side = [name for name in missing if name not in PARALLEL_INSIDE]
    needed = systems_for_book(config, dataset)
    # The same processes for both: each takes seconds to start. None starts before there is something to do.
    with pool(len(needed), config.device) as executor:
        train_all(needed, progress=progress, executor=executor)
        if len(side_by_side) > 1 and config.device == "cpu":
            over_processes(
                _run_quietly, [(name, config) for name in side_by_side], description="experiments",
                weights=[SECONDS.get(name, 10.0) for name in side_by_side], progress=progress, executor=executor,
            )  # fmt: skip
    return [_run(name, config, dataset, progress) for name in names]


def _run_quietly(job: tuple[str, Config]) -> None:
    name, config = job
    run(name, config, progress=False)


def _kept(experiment: str, config: Config, dataset: datasets.Dataset) -> Record | None:
    """The record in the cache, if it is of this configuration, data and code."""
    path = records_folder() / filename(experiment, config.dataset, config.profile)
    if not path.exists():
        return None
    try:
        record = Record.read(path)
    except InputError:
        return None  # damaged: computed again
    return record if record.key == _key(experiment, config, dataset) else None


def _key(experiment: str, config: Config, dataset: datasets.Dataset) -> str:
    return config.key(
        experiment,
        dataset.fingerprint,
        code_of(f"experiments/{experiment}"),
        torch.__version__,
    )


def compute(experiment: str, config: Config, *, progress: bool = False) -> Record:
    """Compute a record without looking into, or writing to, the cache of records."""
    _check(experiment)
    return _compute(experiment, config, _dataset(experiment, config, progress), progress)


def _compute(experiment: str, config: Config, dataset: datasets.Dataset, progress: bool) -> Record:
    start = time.perf_counter()
    with one_thread():
        results, tables = EXPERIMENTS[experiment](config, dataset, progress)
        how = provenance(time.perf_counter() - start, config.device)
    # What --allow-missing left out belongs to the result.
    how["excerpts"] = len(dataset)
    how["left_out"] = [note for note in dataset.notes.get("", ()) if note.startswith("left out")]
    described = {k: v for k, v in dataclasses.asdict(config).items() if k != "path"}
    # Through JSON, so that a fresh record and one read back are alike.
    return Record(
        experiment, config.dataset, config.profile,
        *json.loads(json.dumps([results, tables, described, how])),
    )  # fmt: skip


def _dataset(experiment: str, config: Config, progress: bool) -> datasets.Dataset:
    if experiment not in MANIFEST_ONLY:
        return config.load_dataset(progress)
    manifest = datasets.manifest_of(config.dataset, config.profile, config.path)
    return datasets.Dataset(config.dataset, config.profile, manifest, files={})


def _check(experiment: str) -> None:
    if experiment not in EXPERIMENTS:
        raise InputError(f"There is no experiment {experiment!r}; choose one of {', '.join(EXPERIMENTS)}.")
