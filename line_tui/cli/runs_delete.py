"""`line-tui runs delete` and `line-tui runs restore`, which undoes it."""

from __future__ import annotations

from pathlib import Path

import click

from line_tui.cli.options import data_option, run_argument
from line_tui.cli.say import say


@click.command()
@run_argument
@data_option
def delete(run_id: str, data: Path | None) -> None:
    """Take run ID off the list. `runs restore` brings it back, `runs purge` frees its disk.

    \b
    Example:
      line-tui runs delete 20261123-k3
    """
    from line_tui.store import Store

    store = Store.open(data)
    found = store.find(run_id)
    store.delete(found)
    say(f"deleted; bring it back with: line-tui runs restore {found}")


@click.command()
@run_argument
@data_option
def restore(run_id: str, data: Path | None) -> None:
    """Bring the deleted run ID back.

    \b
    Example:
      line-tui runs restore 20261123-k3
    """
    from line_tui.store import Store

    store = Store.open(data)
    store.restore(store.find(run_id))
