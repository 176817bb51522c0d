"""Run an experiment, or find its record in the cache.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm.auto import tqdm

from .. import training
from ..cache import check_writable
from ..errors import InputError
from . import datasets
from .claims.ledger import read_claims
from .experiments import chapter, names, summary
from .experiments import experiment as declared
from .harness import beforehand
from .harness.config import Config, code_of
from .harness.data import load_dataset
from .harness.experiment import Experiment
from .harness.grid import over_processes, pool, train_all
from .harness.systems import one_thread, show_progress
from .partitions.named import check_beforehand
from .provenance import provenance
from .records import FormerRecord, Record, book_folder, filename, read_records, recorded, records_folder


def for_book(config: Config) -> list[str]:
    """The experiments that the book computes on this dataset."""
    return [name for name in names() if _in_book(declared(name), config)]


def _in_book(experiment: Experiment, config: Config) -> bool:
    if experiment.needs == "synthetic" and config.dataset != datasets.DEFAULT:
        return False
    return not experiment.recorded or (experiment.computed_elsewhere and not _is_the_books(config))


@dataclass(frozen=True)
class Listed:
    """An experiment, as shown by ``music-adversaries run --list``."""

    name: str
    summary: str
    chapter: str
    needs: str  #: the data that it needs, in words
    in_book: str  #: whether the book computes it, and how long that takes, in words
    claims: tuple[str, ...]  #: ids of the claims that it judges


def listed() -> list[Listed]:
    """Every experiment: what it asks and needs, how long it takes, and which claims it judges.

    Notebook: book/09_verdicts.ipynb
    """
    ledger = read_claims()
    records = read_records(book_folder() / "records")
    needs = {
        "audio": "a dataset with its audio",
        "manifest": "a dataset's manifest, without audio",
        "synthetic": f"the dataset {datasets.DEFAULT}, whose confounds can be set",
    }
    found = []
    for name in names():
        experiment = declared(name)
        if experiment.recorded:
            kept = [record for record in records if record.experiment == name]
            took = "; ".join(
                f"{record.dataset}, {record.profile}: {_duration(record.provenance.get('wall_seconds', 0))}"
                for record in kept
            )
            how = f"shows its record ({took or 'there is none yet'})"
        else:
            how = f"computes it (about {_duration(experiment.seconds)} once its systems are trained)"
        judged = tuple(claim.id for claim in ledger if claim.experiment == name)
        found.append(Listed(name, summary(name), chapter(name), needs[experiment.needs], how, judged))
    return found


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def systems_for_book(config: Config, dataset: datasets.Dataset) -> list[Config]:
    """The systems that chapters and their experiments need on this dataset, for one call of `train_all`."""
    needed = [config, config.but(partition="artist_filtered"), config.but(system="dnn50-dropout")]
    for name in for_book(config):
        systems = declared(name).systems
        with contextlib.suppress(InputError):  # the experiment itself will say why it cannot run on this dataset
            needed += systems(config, dataset) if systems else []
    return needed


def for_page(experiment: str, config: Config) -> Record:
    """The record that a page shows of an experiment that takes too long for every run of the book.

    On the book's own dataset and profile it is the stored record; on any other it is that of `run`.

    Notebook: book/04_baselines.ipynb
    """
    if _is_the_books(config):
        return recorded(experiment, config.dataset, config.profile)
    return run(experiment, config)


def for_comparison(experiment: str, config: Config) -> list[Record]:
    """Every record of an experiment in the book, for a page that compares datasets.

    On a dataset or profile that is not the book's own, the record that `music-adversaries run` computed comes first.

    Notebook: book/05_adversaries.ipynb
    """
    found = [record for record in read_records(book_folder() / "records") if record.experiment == experiment]
    mine = None if _is_the_books(config) else _sound(_path(experiment, config))
    if mine is not None:
        found = [mine, *(r for r in found if (r.dataset, r.profile) != (mine.dataset, mine.profile))]
    return sorted(found, key=lambda record: record.dataset != config.dataset)


def _is_the_books(config: Config) -> bool:
    return (config.dataset, config.profile) == (datasets.DEFAULT, "quick")


def run(experiment: str, config: Config, *, progress: bool | None = None) -> Record:
    """The record of an experiment; computed unless the cache has it for this configuration, data and code.

    Raises
    ------
    InputError
        When there is no such experiment, or the device is not available.

    Notebook: book/09_verdicts.ipynb
    """
    declared(experiment)
    training.device_of(config.device)  # before anything that takes long
    beforehand.check_config(experiment, declared(experiment), config)
    progress = show_progress() if progress is None else progress
    check_beforehand(config.dataset, config.partition, config.profile, config.path)
    return _run(experiment, config, _dataset(experiment, config, progress), progress)


def _run(experiment: str, config: Config, dataset: datasets.Dataset, progress: bool) -> Record:
    kept = _kept(experiment, config, dataset)
    if kept is not None:
        return kept
    check_writable(_path(experiment, config))  # before hours that could not be kept
    record = _compute(experiment, config, dataset, progress)
    record.key = _key(experiment, config, dataset)
    try:
        record.write(records_folder())
    except InputError as error:  # what was computed is not lost by that
        warnings.warn(f"{str(error).rstrip('.')}; the record is shown, and computed again next time.", stacklevel=3)
    return record


def run_for_book(config: Config, *, progress: bool | None = None) -> list[Record]:
    """The records that the book computes.

    First all systems that experiments and chapters need are trained in parallel; then the experiments run in parallel.

    Notebook: book/09_verdicts.ipynb
    """
    progress = show_progress() if progress is None else progress
    names = for_book(config)
    check_beforehand(config.dataset, config.partition, config.profile, config.path)
    dataset = load_dataset(config, progress)
    missing = [name for name in names if _kept(name, config, dataset) is None]
    # Experiments that start processes of their own run alone. So does a single one: its own progress bar says more.
    in_parallel = [name for name in missing if not declared(name).own_processes]
    needed = systems_for_book(config, dataset)
    # The same processes for both, since each takes seconds to start. They start only when there is something to do.
    with pool(len(needed), config.device) as executor:
        train_all(needed, progress=progress, executor=executor)
        if len(in_parallel) > 1 and config.device == "cpu":
            over_processes(
                _run_quietly,
                [(name, config) for name in in_parallel],
                description="experiments",
                weights=[declared(name).seconds for name in in_parallel],
                progress=progress,
                executor=executor,
            )
    return [_run(name, config, dataset, progress) for name in names]


def _run_quietly(job: tuple[str, Config]) -> None:
    name, config = job
    run(name, config, progress=False)


def _kept(experiment: str, config: Config, dataset: datasets.Dataset) -> Record | None:
    """The record in the cache, if it is of this configuration, data and code."""
    record = _sound(_path(experiment, config))
    return record if record is not None and record.key == _key(experiment, config, dataset) else None


def _path(experiment: str, config: Config) -> Path:
    return records_folder() / filename(experiment, config.dataset, config.profile, _described(config))


def _described(config: Config) -> dict[str, object]:
    """A configuration as records hold it: not where the recordings are, but which collection they are."""
    plain = {name: value for name, value in dataclasses.asdict(config).items() if name != "path"}
    return {**plain, "collection": datasets.collection(config.dataset, config.path)}


def _sound(path: Path) -> Record | None:
    """The record in a file; None where there is none, or it is damaged: it is computed again."""
    try:
        return Record.read(path)
    except FormerRecord:
        return None
    except InputError as error:
        if path.exists():
            warnings.warn(f"{str(error).partition(';')[0]}; it is computed again.", stacklevel=4)
        return None


def _key(experiment: str, config: Config, dataset: datasets.Dataset) -> str:
    return config.key(
        experiment,
        dataset.fingerprint,
        code_of(f"book/experiments/{experiment}"),
        torch.__version__,
    )


def compute(experiment: str, config: Config, *, progress: bool = False) -> Record:
    """Compute a record without reading or writing the cache of records."""
    declared(experiment)
    return _compute(experiment, config, _dataset(experiment, config, progress), progress)


def _compute(experiment: str, config: Config, dataset: datasets.Dataset, progress: bool) -> Record:
    beforehand.check_config(experiment, declared(experiment), config)
    left_out = [*dataset.left_out, *beforehand.check(declared(experiment), config, dataset)]
    if progress:
        for note in left_out:  # before the work, for whoever wants to mend it first
            tqdm.write(f"note: {note}", file=sys.stderr)
    start = time.perf_counter()
    with one_thread():
        measurements, tables = declared(experiment).measure(config, dataset, progress)
        how = provenance(time.perf_counter() - start, config.device)
    # What takes no part belongs to the result.
    how["excerpts"] = len(dataset)
    how["left_out"] = left_out
    described = _described(config)
    # Through JSON, so that a new record and one read from a file are alike.
    measurements, tables, described, how = json.loads(json.dumps([measurements, tables, described, how]))
    return Record(
        experiment,
        config.dataset,
        config.profile,
        measurements=measurements,
        tables=tables,
        config=described,
        provenance=how,
    )


def _dataset(experiment: str, config: Config, progress: bool) -> datasets.Dataset:
    if declared(experiment).needs != "manifest":
        return load_dataset(config, progress)
    manifest = datasets.manifest_of(config.dataset, config.profile, config.path)
    return datasets.Dataset(config.dataset, config.profile, manifest, files={}, notes={"": manifest.notes})
