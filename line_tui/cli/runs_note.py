"""`line-tui runs note`: sets the note of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from line_tui.cli.options import data_option
from line_tui.cli.output import say
from line_tui.cli.runs_filter import chosen, filter_options, runs_argument


@click.command()
@runs_argument
@click.argument("text")
@filter_options
@data_option
def note(run_ids: tuple[str, ...], text: str, data: Path | None, **wanted: Any) -> None:
    """Set the note of runs.

    TEXT replaces the old note; an empty TEXT removes it.

    \b
    Examples:
      line-tui runs note 20261123-k3 20261123-m7 "for the talk"
      line-tui runs note --model resnet50 --after 2026-11-20 "with the new weights"
    """
    from line_tui.store import Store

    store = Store.open(data)
    found = chosen(store, run_ids, wanted)
    for run_id in found:
        store.annotate(run_id, text)
    say(f"note set on {len(found)} {'run' if len(found) == 1 else 'runs'}")
