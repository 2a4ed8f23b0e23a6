"""`line-tui runs`: the list of runs, and the commands on one of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from line_tui.cli.groups import Group
from line_tui.cli.options import data_option, json_option, refuse_before_command
from line_tui.cli.output import put, put_json, say
from line_tui.cli.runs_delete import delete, restore
from line_tui.cli.runs_export import export
from line_tui.cli.runs_filter import filter_options, matching
from line_tui.cli.runs_note import note
from line_tui.cli.runs_purge import purge
from line_tui.cli.runs_replay import replay
from line_tui.cli.runs_show import show

if TYPE_CHECKING:
    from line_tui.store import RunSummary


@click.group(cls=Group, invoke_without_command=True)
@click.option("--deleted", is_flag=True, help="List deleted runs too.")
@filter_options
@data_option
@json_option
@click.pass_context
def runs(context: click.Context, /, deleted: bool, data: Path | None, as_json: bool, **wanted: Any) -> None:
    """List all runs, newest first.

    Commands accept a run's id or a prefix of it.

    \b
    Examples:
      line-tui runs
      line-tui runs --status failed --model resnet50 --before 2026-11-01
      line-tui runs --json
      line-tui runs show 20261123-k3
    """
    if context.invoked_subcommand is not None:
        refuse_before_command(context)
        return

    from line_tui.cli.text_table import table
    from line_tui.store import Store

    known = Store.open(data).runs(include_deleted=deleted)
    found = matching(known, wanted)
    if as_json:
        put_json(found)
        return
    if known and not found:
        say("no run matches")
        return
    if not found:
        say("no runs yet; `line-tui explain emoji-resnet18 fc 3` starts one")
        return
    header = ["id", "started", "status", "model", "layer", "neuron", "label", "score", "images", "title"]
    put(table(header, [_row(run) for run in found]))


def _row(run: RunSummary) -> list[object]:
    begun = datetime.fromtimestamp(run.created).astimezone().strftime("%Y-%m-%d %H:%M")
    status = "deleted" if run.deleted else run.status
    score = "" if run.score is None else f"{run.score:.3f}"
    star = "* " if run.starred else ""
    name = [run.id, begun, status, run.model, run.layer, run.neuron]
    return [*name, run.label or "", score, run.images, star + run.title]


for command in (show, replay, export, note, delete, restore, purge):
    runs.add_command(command)
