"""`line-tui runs purge`: what deleted runs keep on disk goes for good."""

from __future__ import annotations

from pathlib import Path

import click

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
    if found.runs:
        if not yes:
            click.confirm(f"Erase {what} for good?", abort=True, err=True)
        store.purge(found)
    say(f"erased {what}" if found.runs else "there are no deleted runs")
    if as_json:
        erased = {"runs": found.runs, "images": len(found.images), "freed": found.bytes}
        put_json(erased)
