"""`line-tui runs purge`: what deleted runs keep on disk goes for good."""

from __future__ import annotations

from pathlib import Path

import click

from line_tui.cli.confirm import confirmed
from line_tui.cli.options import data_option, json_option
from line_tui.cli.say import put_json, say


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
@json_option
def purge(yes: bool, data: Path | None, as_json: bool) -> None:
    """Erase all deleted runs for good, with the pictures that no other run shows. This cannot be undone.

    \b
    Examples:
      line-tui runs --deleted        # what would go
      line-tui runs purge
      line-tui runs purge --yes
    """
    from rich.filesize import decimal

    from line_tui.store import Store

    store = Store.open(data)
    found = store.purgeable()
    what = f"{len(found.runs)} deleted runs and {len(found.images)} pictures of theirs ({decimal(found.bytes)})"
    erased: dict[str, object] = {"runs": [], "images": 0, "freed": 0}
    if not found.runs:
        say("there are no deleted runs")
    elif confirmed(f"Erase {what} for good?", yes):
        store.purge(found)
        erased = {"runs": found.runs, "images": len(found.images), "freed": found.bytes}
        say(f"erased {what}")
    else:
        say("nothing is erased")
    if as_json:
        put_json(erased)
