"""`line-tui runs delete` and `line-tui runs restore`, which undoes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from line_tui.cli.confirm import confirmed
from line_tui.cli.options import data_option
from line_tui.cli.output import say
from line_tui.cli.runs_filter import chosen, filter_options, runs_argument


@click.command()
@runs_argument
@filter_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def delete(run_ids: tuple[str, ...], yes: bool, data: Path | None, **wanted: Any) -> None:
    """Hide runs from the list. `runs restore` brings them back; `runs purge` frees their disk space.

    \b
    Examples:
      line-tui runs delete 20261123-k3
      line-tui runs delete --status failed --before 2026-11-01
    """
    from line_tui.store import Store

    store = Store.open(data)
    found = chosen(store, run_ids, wanted)
    if not found:
        say("no run matches")
        return
    if not run_ids and not confirmed(f"Delete {_counted(found)} from the list?", yes):
        say("nothing was deleted")
        return
    for run_id in found:
        store.delete(run_id)
    again = " ".join(found) if len(found) <= 20 else "ID..."
    say(f"deleted {_counted(found)}; restore with: line-tui runs restore {again}")


@click.command()
@runs_argument
@data_option
def restore(run_ids: tuple[str, ...], data: Path | None) -> None:
    """Restore deleted runs.

    \b
    Example:
      line-tui runs restore 20261123-k3
    """
    from line_tui.store import Store

    store = Store.open(data)
    if not run_ids:
        raise click.UsageError("no run was named: `line-tui runs --deleted` lists them")
    for run_id in [store.find(run_id) for run_id in run_ids]:
        store.restore(run_id)


def _counted(runs: list[str]) -> str:
    return "1 run" if len(runs) == 1 else f"{len(runs)} runs"
