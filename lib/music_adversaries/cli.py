"""The command ``music-adversaries``: how its parts come together, and how a user's mistake is said.

Notebook: book/05_adversaries.ipynb
"""

from __future__ import annotations

from typing import Any

import click

from .errors import InputError


class _Group(click.Group):
    """The library's command and the book's; prints a user's mistake as one sentence and exits with code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_of_book()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _of_book().get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            click.echo(f"music-adversaries: {error}", err=True)
            ctx.exit(2)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(__package__):
                raise
            click.echo(
                f"music-adversaries: {error.name} is not installed, but this command needs it; install the book's part "
                'with: pip install "music-adversaries[book]"',
                err=True,
            )
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo("music-adversaries: interrupted; finished work is kept, run it again to continue.", err=True)
            ctx.exit(130)


def _of_book() -> dict[str, click.Command]:
    """The book's commands by name, imported when one of them is asked for."""
    from .book.cli import COMMANDS

    return {command.name: command for command in COMMANDS if command.name}


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="music-adversaries")
def main() -> None:
    """Adversaries for music classifiers: attack recordings, run the book's experiments, judge its claims."""
