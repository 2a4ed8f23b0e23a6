"""`line-tui runs replay`: watch a run again."""

from __future__ import annotations

from pathlib import Path

import click

from line_tui.cli.options import data_option, run_argument


@click.command()
@run_argument
@data_option
@click.pass_context
def replay(context: click.Context, run_id: str, data: Path | None) -> None:
    """Replay a run in the terminal app.

    The run is shown as it happened. No model is loaded.

    \b
    Example:
      line-tui runs replay 20261123-k3
    """
    from line_tui.cli.app import start_app

    start_app(context.obj, data, replay=run_id)
