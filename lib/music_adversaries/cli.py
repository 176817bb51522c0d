"""The command ``music-adversaries``: a thin skin over the library.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import datasets
from .bench.command import command as bench
from .errors import InputError

if TYPE_CHECKING:
    from .experiments import Config
    from .networks import System


class _Group(click.Group):
    """Prints a user's mistake as one sentence and exits with code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            click.echo(f"music-adversaries: {error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("music-adversaries: interrupted; what was finished is kept, run it again to go on.", err=True)
            ctx.exit(130)


def _system_options(command: Callable) -> Callable:
    """Options that say which system, on which data."""
    for option in (
        click.option(
            "--device", default="cpu", show_default=True, help="Where networks are trained: cpu, or cuda for a GPU."
        ),
        click.option("--seed", type=int, default=0, show_default=True, help="Of partition, weights and frame order."),
        click.option("--system", default="dnn50", show_default=True, help="dnn50, dnn500-dropout, ..., cdnn."),
        click.option(
            "--partition", default="random", show_default=True, help="random, artist_filtered, or a manifest column."
        ),
        click.option("--from", "path", type=click.Path(path_type=Path), help="Where the recordings of DATASET are."),
        click.option(
            "--profile", type=click.Choice(datasets.PROFILES), default="quick", show_default=True,
            help="quick: minutes on a laptop; full: the paper's size.",
        ),
        click.option(
            "--dataset", default=datasets.DEFAULT, show_default=True, help="Data that the system is trained on."
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _config(
    dataset: str, profile: str, path: Path | None, partition: str, system: str, seed: int,
    device: str, seeds: int | None = None,
):  # fmt: skip
    from .experiments import Config

    return Config(
        dataset=dataset, profile=profile, path=str(path.resolve()) if path else None, partition=partition,
        system=system, seed=seed, device=device, seeds=tuple(range(seeds or 0)),
    )  # fmt: skip


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="music-adversaries")
def main() -> None:
    """Adversaries for music classifiers: attack recordings, run the book's experiments, judge its claims."""


@main.group()
def data() -> None:
    """List, get, check and audit datasets, and find their faults."""


@data.command("list")
def data_list() -> None:
    """Every dataset: what it is, and where it stands."""
    for info in datasets.available():
        click.echo(f"{info.name:<16} {info.summary}")
        click.echo(f"{'':<16} licence: {info.licence}")
        click.echo(f"{'':<16} state: {info.state}")


def _data_options(command: Callable) -> Callable:
    """Argument and options that say which dataset."""
    for option in (
        click.option("--profile", type=click.Choice(datasets.PROFILES), default="quick", show_default=True),
        click.option("--from", "path", type=click.Path(path_type=Path), help="Where your copy of the recordings is."),
        click.argument("dataset"),
    ):
        command = option(command)
    return command


def _show_report(ctx: click.Context, report: datasets.CheckReport, allowed: bool = False) -> None:
    for note in report.notes:
        click.echo(f"note: {note}")
    for problem in report.problems:
        click.echo(f"{problem.excerpt}: {problem.reason} ({problem.path})")
    intact = report.n_excerpts - len(report.problems)
    click.echo(f"{report.name} ({report.profile}): {intact} of {report.n_excerpts} excerpts intact")
    click.echo(f"in {report.folder}")
    if not report.ok and not allowed:
        ctx.exit(1)


@data.command("get")
@_data_options
@click.option("--allow-missing", is_flag=True, help="Go on without excerpts that are missing or corrupt.")
@click.pass_context
def data_get(ctx: click.Context, dataset: str, path: Path | None, profile: str, allow_missing: bool) -> None:
    """Generate, download or find DATASET, verify it, and remember where it is.

    What --allow-missing left out is remembered too, and said in every record.
    """
    _show_report(ctx, datasets.get(dataset, path, profile, allow_missing=allow_missing), allow_missing)


@data.command("check")
@_data_options
@click.pass_context
def data_check(ctx: click.Context, dataset: str, path: Path | None, profile: str) -> None:
    """Verify every file of DATASET anew."""
    _show_report(ctx, datasets.check(dataset, path, profile))


@data.command("audit")
@_data_options
@click.option(
    "--partition", default="random", show_default=True,
    help="One that the manifest publishes, else random, track_filtered, artist_filtered or fault_filtered, which are "
    "drawn; drawn:NAME draws in any case.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of a partition that is drawn.")
def data_audit(dataset: str, path: Path | None, profile: str, partition: str, seed: int) -> None:
    """Say what a partition of DATASET leaks; of most datasets the manifest suffices, without audio."""
    from . import partitions

    manifest = datasets.manifest_of(dataset, profile, path)
    made = partitions.named(manifest, partition, seed=seed, shares=datasets.shares(dataset))
    found = partitions.audit(manifest, made)
    published = not partition.startswith("drawn:") and partition in manifest.partitions
    click.echo(f"{partition} of {dataset}: {'published' if published else f'drawn with seed {seed}'}")
    for note in found.notes:
        click.echo(f"note: {note}")
    click.echo(found.table().rename(columns=lambda name: name.replace("_", " ")).to_string())
    click.echo(found.sentence())


@data.command("faults")
@_data_options
@click.option("--out", type=click.Path(path_type=Path), help="Write what was found into this CSV file.")
def data_faults(dataset: str, path: Path | None, profile: str, out: Path | None) -> None:
    """Find replicas and distorted excerpts in the audio of DATASET.

    Where the manifest names faults, what was found is compared with them.
    """
    from . import faults
    from .cache import atomic_path

    loaded = datasets.load(dataset, profile, path)
    report = faults.find(loaded, progress=True)
    for line in report.lines():
        click.echo(line)
    if (loaded.manifest.table["fault"] != "").any():
        click.echo(report.compare(loaded.manifest).to_string())
    if out is not None:
        with atomic_path(out) as temporary:
            report.table().to_csv(temporary, index=False)
        click.echo(f"written to {out}")


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The label that the system shall give; 'every' for each in turn.")
@click.option("--snr", type=float, default=15.0, show_default=True, help="Least SNR in dB, on magnitudes.")
@click.option("--confidence", type=float, default=0.9, show_default=True, help="Mean posterior at which to stop.")
@click.option(
    "--method", default="algorithm1", show_default=True,
    help="algorithm1 (the paper's), pgd or apgd (on the waveform), random_search (black box), noise (the null).",
)  # fmt: skip
@click.option("--step", type=float, help="Step of the method, in its own unit; its default where not given.")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE",
    help="Another option of the method, such as consistency=never or step_unit=budget; may be repeated.",
)  # fmt: skip
@click.option("--max-iterations", type=int, default=100, show_default=True)
@click.option("--restarts", type=int, default=0, show_default=True, help="New starts of what is not finished.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Output folder.")
@_system_options
@click.pass_context
def attack(
    ctx: click.Context, files: tuple[Path, ...], target: str, snr: float, confidence: float, method: str,
    step: float | None, options: tuple[str, ...], max_iterations: int, restarts: int, out: Path, **which: Any,
) -> None:  # fmt: skip
    """Change audio FILES a little, so that a system labels them TARGET.

    The system is trained on first use and kept. Writes into the output folder a 16-bit WAV for each
    adversary, a page listen.html to hear it beside its original, and report.json. Exits with 0 when
    every file got its label, 1 when one did not, 2 when something given cannot be used.
    """
    from . import adversary, audio, audition
    from .adversary.entrance import check_settings
    from .experiments.kept import kept_system
    from .training import device_of

    # Whatever can be refused is, before anything long begins.
    settings = _method_options(options) | ({} if step is None else {"step": step})
    made = adversary.method(method, **settings)
    check_settings(snr=snr, confidence=confidence, max_iterations=max_iterations, restarts=restarts)
    config = _config(**which)
    waveforms = {}
    for file in files:
        waveform, notes = audio.read(file)
        waveforms[file] = waveform
        for note in notes:
            click.echo(f"{file}: {note}")
    device_of(config.device)
    system = kept_system(config)
    if system is not None and target in ("every", *system.labels):
        _make_folder(out)
    else:
        system = _system_with(config, target, out)
    targets = system.labels if target == "every" else (system.labels[system.label_index(target)],)
    jobs = [(file, label) for file in files for label in targets]
    results = adversary.attack(
        system, [waveforms[file] for file, _ in jobs], [label for _, label in jobs], method=made, snr=snr,
        confidence=confidence, max_iterations=max_iterations, restarts=restarts, names=[str(file) for file, _ in jobs],
        progress=True,
    )  # fmt: skip

    report, players, taken = [], [], set()
    for (file, label), result in zip(jobs, results, strict=True):
        name = _output_name(file, label, taken)
        audio.write_wav(out / name, result.waveform)
        report.append({"file": str(file), "output": name, "system": _named(which), **result.report()})
        players.append(
            audition.compare(
                result.original,
                result.waveform,
                original_label=f"{result.original_label}, confidence {result.original_confidence:.2f}",
                adversary_label=f"{result.label}, confidence {result.confidence:.2f}",
                snr_db=result.snr_magnitude,
                title=f"{file.name} as {label}",
            )
        )
        said = result.outcome if result.success else f"{result.outcome}, NOT {label}"
        click.echo(
            f"{file}: {result.original_label} ({result.original_confidence:.2f}) -> {result.label} "
            f"({result.confidence:.2f}), {said}; target confidence {result.target_confidence:.2f}, SNR "
            f"{result.snr_magnitude:.1f} dB (in time {result.snr_time:.1f} dB), {result.iterations} iterations"
        )
        if result.n_clipped:
            click.echo(f"{file}: {result.n_clipped} samples reached full scale and were clipped", err=True)
    _write_text(out / "report.json", json.dumps(report, indent=1) + "\n")
    _write_text(out / "listen.html", _page(players))
    click.echo(f"written to {out}: WAV files, report.json, and listen.html to hear them")
    ctx.exit(0 if all(result.success for result in results) else 1)


def _system_with(config: Config, target: str, out: Path) -> System:
    """The system of a configuration, trained if need be; refused before that where it could not give the label."""
    from .experiments import partition_of, trained_system
    from .experiments.systems import show_progress

    def refuse_unless_in(labels: tuple[str, ...], where: str) -> None:
        if target not in ("every", *labels):
            raise InputError(f"{target!r} is no label of {where}; choose one of {', '.join(labels)}, or 'every'.")

    if config.path is None:  # most manifests are at hand before audio is generated, downloaded or verified
        refuse_unless_in(datasets.manifest_of(config.dataset, config.profile).labels, config.dataset)
    dataset = config.load_dataset(show_progress())
    refuse_unless_in(dataset.labels, config.dataset)
    refuse_unless_in(partition_of(config, dataset).labels, f"{config.dataset} in the partition {config.partition!r}")
    _make_folder(out)
    return trained_system(config, dataset)


def _make_folder(folder: Path) -> None:
    """Make the output folder, and refuse it now rather than at the end where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written to ({error.strerror}); choose another folder with --out."
        ) from error


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


def _output_name(file: Path, label: str, taken: set[str]) -> str:
    """A file name for an adversary that no other of this run has."""
    stem = re.sub(r"[^\w.-]+", "_", f"{file.stem}.as-{label}")
    name, count = f"{stem}.wav", 2
    while name in taken:
        name, count = f"{stem}-{count}.wav", count + 1
    taken.add(name)
    return name


def _write_text(path: Path, text: str) -> None:
    from .cache import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _page(players: list) -> str:
    body = "\n".join(player._repr_html_() for player in players)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Adversaries</title>\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<style>body{font-family:system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}</style>\n"
        f"<h1>Adversaries</h1>\n{body}\n</html>\n"
    )


@main.command()
@click.argument("experiment")
@_system_options
@click.option(
    "--seeds", type=click.IntRange(1), help="How often to repeat it; each experiment has a number of its own."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the record into this folder as well.")
def run(experiment: str, out: Path | None, **which: Any) -> None:
    """Run an EXPERIMENT and print its results; 'all' runs each that the book needs.

    What is finished is kept at once: a run that was stopped goes on where it was.
    """
    from .experiments import run as run_experiment
    from .experiments import run_for_book

    config = _config(**which)
    if experiment == "all":
        records = run_for_book(config, progress=True)
    else:
        records = [run_experiment(experiment, config, progress=True)]
    for record in records:
        name = record.experiment
        click.echo(f"{name} on {record.dataset}, profile {record.profile}")
        for quantity, value in record.results.items():
            click.echo(
                f"  {quantity:<40} {value['estimate']:8.3f}  [{value['low']:.3f}, {value['high']:.3f}]"
                f"  n = {value['n']}  {value['unit']}"
            )
        if name == "table1":
            from .claims import table1

            click.echo("\nRandom, in brackets filtered, in per cent:")
            click.echo(table1.compare(table1.of_paper(), table1.of_record(record, "this run")).to_string())
        if out is not None:
            click.echo(f"  written to {record.write(out)}")


@main.command()
@click.option("--records", type=click.Path(path_type=Path), multiple=True, help="Folders of records to judge by.")
def claims(records: tuple[Path, ...]) -> None:
    """Judge the paper's claims by the records: those of the book, and those computed here."""
    from . import claims as ledger
    from .records import read_records

    judged_by = read_records(*records) if records else None
    click.echo(ledger.format_table(ledger.judgements(judged_by)))


main.add_command(bench)
