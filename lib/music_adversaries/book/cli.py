"""The book's commands: attacking recordings, its data, its experiments, its claims, its measurements.

Notebook: book/09_verdicts.ipynb
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, printable
from . import datasets
from .attack import attack
from .bench.command import command as bench
from .datasets.choices import LARGEST_SEED, MOST_SEEDS
from .options import Command, config_of, system_options

if TYPE_CHECKING:
    from .runs import Listed


@click.group()
def data() -> None:
    """List, get, check and audit datasets, and find their faults."""


@data.command("list")
def data_list() -> None:
    """List every dataset: what it is, and whether it is ready to use."""
    for info in datasets.available():
        click.echo(f"{info.name:<16} {info.summary}")
        click.echo(f"{'':<16} licence: {info.licence}")
        click.echo(f"{'':<16} state: {info.state}")


def _data_options(command: Command) -> Command:
    """Argument and options that say which dataset."""
    for option in (
        click.option("--profile", type=click.Choice(datasets.PROFILES), default="quick", show_default=True),
        click.option("--from", "path", type=click.Path(path_type=Path), help="Where your copy of the recordings is."),
        click.argument("dataset"),
    ):
        command = option(command)
    return command


def _show_notes(notes: Iterable[str]) -> None:
    for note in notes:
        click.echo(f"note: {note}")


def _show_report(ctx: click.Context, report: datasets.CheckReport, allowed: bool = False) -> None:
    _show_notes(report.notes)
    for problem in report.problems:
        click.echo(f"{problem.excerpt}: {problem.reason} ({printable(problem.path)})")
    intact = report.n_excerpts - len(report.problems)
    click.echo(f"{report.name} ({report.profile}): {intact} of {report.n_excerpts} excerpts intact")
    click.echo(f"in {printable(report.folder)}")
    if not report.ok and not allowed:
        ctx.exit(1)


@data.command("get")
@_data_options
@click.option("--allow-missing", is_flag=True, help="Continue without excerpts that are missing or corrupt.")
@click.pass_context
def data_get(ctx: click.Context, dataset: str, path: Path | None, profile: str, allow_missing: bool) -> None:
    """Generate, download or find DATASET, verify it, and remember where it is.

    Excerpts that --allow-missing left out are remembered too, and noted in every record.
    """
    _show_report(ctx, datasets.get(dataset, path, profile, allow_missing=allow_missing), allow_missing)


@data.command("check")
@_data_options
@click.pass_context
def data_check(ctx: click.Context, dataset: str, path: Path | None, profile: str) -> None:
    """Verify every file of DATASET again."""
    _show_report(ctx, datasets.check(dataset, path, profile))


@data.command("audit")
@_data_options
@click.option(
    "--partition",
    default="random",
    show_default=True,
    help="A partition of the manifest, or one that is drawn: random, track_filtered, artist_filtered or "
    "fault_filtered. drawn:NAME always draws it.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, LARGEST_SEED),
    default=0,
    show_default=True,
    help="Seed of a partition that is drawn.",
)
def data_audit(dataset: str, path: Path | None, profile: str, partition: str, seed: int) -> None:
    """Say what a partition of DATASET leaks; for most datasets the manifest is enough, without audio."""
    from . import partitions
    from .partitions.named import check_beforehand

    check_beforehand(dataset, partition, profile, path)
    manifest = datasets.manifest_of(dataset, profile, path)
    made = partitions.named(manifest, partition, seed=seed, shares=datasets.shares(dataset))
    found = partitions.audit(manifest, made)
    published = not partition.startswith("drawn:") and partition in manifest.partitions
    click.echo(f"{partition} of {dataset}: {'published' if published else f'drawn with seed {seed}'}")
    _show_notes([*manifest.notes, *found.notes])
    click.echo(found.table().rename(columns=lambda name: name.replace("_", " ")).to_string())
    click.echo(found.sentence())


@data.command("faults")
@_data_options
@click.option("--out", type=click.Path(path_type=Path), help="Write the results to this CSV file.")
def data_faults(dataset: str, path: Path | None, profile: str, out: Path | None) -> None:
    """Find replicas and distorted excerpts in the audio of DATASET.

    If the manifest names faults, the results are compared with them.
    """
    from . import faults
    from .faults.report import COLUMNS
    from .tables import check_table, write_table

    if out is not None:
        check_table(out, COLUMNS)
    loaded = datasets.load(dataset, profile, path)
    _show_notes(loaded.notes.get("", ()))
    report = faults.find(loaded, progress=True)
    for line in report.lines():
        click.echo(line)
    if (loaded.manifest.table["fault"] != "").any():
        click.echo(report.compare(loaded.manifest).to_string())
    if out is not None:
        write_table(out, report.table())
        click.echo(f"written to {out}")


@click.command()
@click.argument("experiment", required=False)
@click.option("--list", "listed", is_flag=True, help="List the experiments, and do nothing else.")
@system_options
@click.option(
    "--seeds",
    type=click.IntRange(1, MOST_SEEDS),
    help="How often to repeat it; each experiment has its own default.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the record into this folder as well.")
def run(experiment: str | None, listed: bool, out: Path | None, **which: Any) -> None:
    """Run an EXPERIMENT and print its results; 'all' runs every experiment that the book needs.

    Finished parts are kept at once: a run that was stopped continues from there.
    """
    from ..cache import check_writable
    from . import runs
    from .measurements import named

    if listed:
        click.echo("\n\n".join(map(_described, runs.listed())))
        return
    if experiment is None:
        raise InputError("No experiment is given; name one, or see them all with: music-adversaries run --list")
    if out is not None:
        check_writable(out / "record.json")
    config = config_of(**which)
    if experiment == "all":
        records = runs.run_for_book(config, progress=True)
    else:
        records = [runs.run(experiment, config, progress=True)]
    for record in records:
        name = record.experiment
        unusual = f", {record.configuration}" if record.configuration else ""
        click.echo(f"{name} on {record.dataset}, profile {record.profile}{unusual}")
        _show_notes(record.provenance.get("left_out", ()))
        rows = {str(named(row)): row for row in record.measurements}
        width = max(map(len, rows), default=0)
        for what, row in rows.items():
            bounds = "no interval" if row["low"] is None else f"[{row['low']:.3f}, {row['high']:.3f}]"
            click.echo(f"  {what:<{width}} {row['value']:8.3f}  {bounds}  n = {row['n']}  {row['unit']}")
        if name == "table1":
            from .claims import table1

            click.echo("\nRandom partition, with the filtered one in brackets, in per cent:")
            click.echo(table1.compare(table1.of_paper(), table1.of_record(record, "this run")).to_string())
        if out is not None:
            click.echo(f"  written to {record.write(out)}")


def _described(experiment: Listed) -> str:
    lines = [experiment.name, experiment.summary, f"needs: {experiment.needs}", f"the book {experiment.in_book}"]
    if experiment.claims:
        lines.append(f"judges: {', '.join(experiment.claims)}")
    wrapped = [textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    ") for line in lines[1:]]
    return "\n".join([lines[0], *wrapped])


@click.command()
@click.option("--records", type=click.Path(path_type=Path), multiple=True, help="Folders of records to judge by.")
def claims(records: tuple[Path, ...]) -> None:
    """Judge the paper's claims by the records: those of the book, and those computed here."""
    from . import claims as ledger
    from .records import read_records

    for folder in records:
        if not folder.is_dir():
            raise InputError(f"{folder} is not a folder; give one that holds records, as `run --out` writes them.")
    judged_by = read_records(*records) if records else None
    click.echo(ledger.format_table(ledger.judgements(judged_by)))


COMMANDS = (attack, data, run, claims, bench)
