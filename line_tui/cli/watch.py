"""`line-tui watch`: shows a run on the screen, whichever process works on it."""

from __future__ import annotations

from pathlib import Path

import click

from line_tui.cli.options import data_option, run_argument


@click.command()
@run_argument
@data_option
@click.pass_context
def watch(context: click.Context, run_id: str, data: Path | None) -> None:
    """Watch and steer a run in the terminal app.

    The run may belong to another process, such as `line-tui explain`: your decisions reach it.

    \b
    Example:
      line-tui watch 20261123-k3
    """
    from line_tui.cli.app import start_app

    start_app(context.obj, data, watch=run_id)
