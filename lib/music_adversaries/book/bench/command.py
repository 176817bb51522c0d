"""``music-adversaries bench``: measure, and print the table.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import click


@click.command("bench")
@click.option("--quick", is_flag=True, help="Excerpts of 5 s and small batches: to see that it runs.")
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="The goals are for two idle cores."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the rows into this CSV file as well.")
def command(quick: bool, threads: int, out: Path | None) -> None:
    """Compare the time of an iteration of Algorithm 1 with NumPy, ART, and arithmetic that cannot be avoided."""
    import torch

    from ..tables import check_table, write_table
    from . import measure
    from .report import COLUMNS, format_table, table

    if out is not None:
        check_table(out, COLUMNS)
    seconds = 5 if quick else 30
    click.echo(
        f"ms per iteration and excerpt of {seconds} s, medians; {threads} threads on {os.cpu_count()} cores, "
        f"PyTorch {torch.__version__}, {platform.system()} {platform.machine()}"
    )
    rows = measure.run(
        quick=quick, n_threads=threads, said=lambda text: click.echo(f"  measuring {text} ...", err=True)
    )
    click.echo(format_table(rows))
    if hasattr(os, "getloadavg"):
        click.echo(f"load average meanwhile: {os.getloadavg()[0]:.1f} (1 is this program on an idle machine)")
    if out is not None:
        write_table(out, table(rows))
        click.echo(f"written to {out}")
