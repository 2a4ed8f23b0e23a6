"""`line-tui runs purge`: permanently erases deleted runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from line_tui.cli.confirm import confirmed
from line_tui.cli.options import data_option, json_option
from line_tui.cli.output import put_json, say

if TYPE_CHECKING:
    from line_tui.store.purge import Purge


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
@json_option
def purge(yes: bool, data: Path | None, as_json: bool) -> None:
    """Erase all deleted runs for good.

    The pictures that no other run uses are erased, too. This cannot be undone.

    \b
    Examples:
      line-tui runs --deleted        # what would go
      line-tui runs purge
      line-tui runs purge --yes
    """
    from line_tui.report.listings import Erased
    from line_tui.store import Store

    store = Store.open(data)
    found = store.purgeable()
    erased = Erased(runs=[], images=0, freed=0)
    if not found.runs and not found.images:
        say("there are no deleted runs")
    elif confirmed(f"Erase {_told(found)} for good?", yes):
        # Meanwhile a run may have been restored, or may use one of the pictures.
        found = store.purge(found)
        erased = Erased(runs=found.runs, images=len(found.images), freed=found.bytes)
        say(f"erased {_told(found)}")
    else:
        say("nothing was erased")
    if as_json:
        put_json(erased)


def _told(found: Purge) -> str:
    from rich.filesize import decimal

    pictures = f"{len(found.images)} pictures that no other run uses ({decimal(found.bytes)})"
    return f"{len(found.runs)} deleted runs and {pictures}"
