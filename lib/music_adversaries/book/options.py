"""The options of a command that choose one of the book's systems.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from .datasets import DEFAULT, PROFILES
from .datasets.choices import LARGEST_SEED

if TYPE_CHECKING:
    from .harness import Config

Command = TypeVar("Command", bound=Callable[..., object])


def system_options(command: Command) -> Command:
    """Options that choose a system and its data."""
    for option in (
        click.option(
            "--device", default="cpu", show_default=True, help="Where networks are trained: cpu, or cuda for a GPU."
        ),
        click.option(
            "--seed",
            type=click.IntRange(0, LARGEST_SEED),
            default=0,
            show_default=True,
            help="Of partition, weights and frame order.",
        ),
        click.option("--system", default="dnn50", show_default=True, help="dnn50, dnn500-dropout, ..., cdnn."),
        click.option(
            "--partition", default="random", show_default=True, help="random, artist_filtered, or a manifest column."
        ),
        click.option("--from", "path", type=click.Path(path_type=Path), help="Where the recordings of DATASET are."),
        click.option(
            "--profile",
            type=click.Choice(PROFILES),
            default="quick",
            show_default=True,
            help="quick: minutes on a laptop; full: the paper's size.",
        ),
        click.option("--dataset", default=DEFAULT, show_default=True, help="Data that the system is trained on."),
    ):
        command = option(command)
    return command


def config_of(
    dataset: str,
    profile: str,
    path: Path | None,
    partition: str,
    system: str,
    seed: int,
    device: str,
    seeds: int | None = None,
) -> Config:
    """The configuration for the values of `system_options`."""
    from .harness import Config

    return Config(
        dataset=dataset,
        profile=profile,
        path=str(path.resolve()) if path else None,
        partition=partition,
        system=system,
        seed=seed,
        device=device,
        seeds=tuple(range(seeds or 0)),
    )
