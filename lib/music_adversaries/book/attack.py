"""The command ``music-adversaries attack``: recordings of the user's, and a system of the book.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..adversary.methods import METHODS
from ..errors import InputError, printable
from .options import config_of, system_options

if TYPE_CHECKING:
    from ..adversary import AdversaryResult
    from ..networks import System
    from .files import Job
    from .harness import Config


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The label that the system should give; 'every' for each label in turn.")
@click.option("--snr", type=float, default=15.0, show_default=True, help="Least SNR in dB, on magnitudes.")
@click.option("--confidence", type=float, default=0.9, show_default=True, help="Mean posterior at which to stop.")
@click.option(
    "--method",
    default="algorithm1",
    help="\n".join(["\b", *(f"{name}: {listed.summary}" for name, listed in METHODS.items()), "[default: algorithm1]"]),
)
@click.option("--step", type=float, help="Step of the method, in its own unit; if not given, the method's default.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another option of the method, such as consistency=never or step_unit=budget; may be repeated.",
)
@click.option("--max-iterations", type=int, default=100, show_default=True)
@click.option("--restarts", type=int, default=0, show_default=True, help="How often unfinished excerpts start again.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Output folder.")
@click.option(
    "--overwrite", is_flag=True, help="Replace what is in the output folder and was made with other settings."
)
@system_options
@click.pass_context
def attack(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    target: str,
    snr: float,
    confidence: float,
    method: str,
    step: float | None,
    options: tuple[str, ...],
    max_iterations: int,
    restarts: int,
    out: Path,
    overwrite: bool,
    **which: Any,
) -> None:
    """Change audio FILES a little, so that a system labels them TARGET.

    The system is trained on first use and kept. Writes into the output folder a 16-bit WAV for each
    adversary, a page listen.html to compare it with its original, and report.json. Files are attacked and
    written a few at a time; repeated after an interruption, the command goes on where it stopped. Exits with 0 if
    every file got its label, 1 if one did not, 2 if the input cannot be used.
    """
    from .. import adversary, audio
    from ..adversary.memory import BYTES, BYTES_ON_SLICES, refuse_too_long
    from ..training import device_of
    from .files import Folder, attack_files, jobs_for, weights_of
    from .harness.kept import kept_system

    # Everything that can be refused is refused before anything slow begins.
    settings = _method_options(options) | ({} if step is None else {"step": step})
    made = adversary.method(method, **settings)
    budget = adversary.Budget(snr, confidence, max_iterations, restarts)
    config = config_of(**which)
    per_sample = BYTES_ON_SLICES if config.recipe.convolutional else BYTES
    for file in files:
        waveform, notes = audio.read(file)
        refuse_too_long(len(waveform), printable(file), audio.SAMPLE_RATE, per_sample)
        for note in notes:
            click.echo(f"{printable(file)}: {note}")
    device_of(config.device)
    system = kept_system(config)
    if system is not None and target in ("every", *system.labels):
        _make_folder(out)
    else:
        system = _system_with(config, target, out)
    made_with = {"budget": dataclasses.asdict(budget), "method": repr(made), "system": _named(which)}
    made_with["weights"] = weights_of(system)
    labels = system.labels if target == "every" else (system.labels[system.label_index(target)],)
    with _alone_in(out):
        folder = Folder(out, made_with, overwrite=overwrite)
        jobs = jobs_for(files, labels, folder.outputs)
        folder.refuse_taken(jobs, overwrite=overwrite)
        before = sum(map(folder.done, jobs))
        if before:
            click.echo(f"{before} of {len(jobs)} adversaries are in {out} already and are kept")
        for job in filter(folder.replaced, jobs):
            click.echo(f"{printable(job.file)} is another recording than before; {job.output} is made anew")
        attack_files(system, jobs, folder, budget, method=made, say=_say)
        pages = folder.write_pages(jobs)
        click.echo(f"written to {out}: WAV files, report.json, and {_listed(pages)} to hear them")
        others = len(folder.entries) - len(jobs)
        if others:
            click.echo(f"{others} more of earlier runs are in {out} and its report.json, but not on the page")
    ctx.exit(0 if all(folder.entries[job.key]["success"] for job in jobs) else 1)


def _say(job: Job, result: AdversaryResult) -> None:
    """One line about an adversary that is written."""
    said = result.outcome if result.success else f"{result.outcome}, NOT {job.label}"
    file = printable(job.file)
    click.echo(
        f"{file}: {result.original_label} ({result.original_confidence:.2f}) -> {result.label} "
        f"({result.confidence:.2f}), {said}; target confidence {result.target_confidence:.2f}, SNR "
        f"{result.snr_magnitude:.1f} dB (in time {result.snr_time:.1f} dB), {result.iterations} iterations"
    )
    if result.n_clipped:
        click.echo(f"{file}: {result.n_clipped} samples reached full scale and were clipped", err=True)


def _listed(pages: Sequence[Path]) -> str:
    return pages[0].name if len(pages) == 1 else f"{pages[0].name} to {pages[-1].name}"


def _system_with(config: Config, target: str, out: Path) -> System:
    """The system of a configuration, trained if necessary; a label that it could not give is refused first."""
    from . import datasets
    from .harness import load_dataset, partition_of, trained_system
    from .harness.systems import show_progress
    from .partitions.named import check_beforehand

    def refuse_unless_in(labels: tuple[str, ...], where: str) -> None:
        if target not in ("every", *labels):
            raise InputError(f"{target!r} is not a label of {where}; choose one of {', '.join(labels)}, or 'every'.")

    if config.path is None:  # most manifests are available before audio is generated, downloaded or verified
        refuse_unless_in(datasets.manifest_of(config.dataset, config.profile).labels, config.dataset)
    check_beforehand(config.dataset, config.partition, config.profile, config.path)
    dataset = load_dataset(config, show_progress())
    refuse_unless_in(dataset.labels, config.dataset)
    refuse_unless_in(partition_of(config, dataset).labels, f"{config.dataset} in the partition {config.partition!r}")
    _make_folder(out)
    return trained_system(config, dataset)


def _make_folder(folder: Path) -> None:
    """Make the output folder; one that is full or cannot be written to is refused now rather than at the end."""
    from ..cache import check_writable  # here, since the help needs no cache

    check_writable(folder / "report.json")
    folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time works in an output folder, whose report would else be that of the last one only."""
    from .processes import only_one  # here, since the help needs no lock

    lock = Path(f"{printable(folder.name)[:40]}-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}")
    with contextlib.ExitStack() as held:
        with contextlib.suppress(InputError):  # a cache that is only read is no reason not to attack
            held.enter_context(only_one(lock))
        yield


def _named(which: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in which.items() if name != "path"}


def _method_options(options: tuple[str, ...]) -> dict[str, Any]:
    """``NAME=VALUE`` as keywords; a value that is a number becomes one."""
    made: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not (name and equals and value):
            raise InputError(f"--option {option} is not NAME=VALUE; give one such as consistency=never.")
        try:
            made[name] = float(value)
        except ValueError:
            made[name] = value
    return made
