"""`line-tui runs`: the list of runs, and the commands on one of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from line_tui.cli.groups import Group
from line_tui.cli.options import data_option, json_option, refuse_before_command, run_argument, runs_argument
from line_tui.cli.output import confirmed, print_json, print_message, print_text, table
from line_tui.cli.runs_export import export
from line_tui.cli.runs_filter import filter_options, matching, select_runs
from line_tui.plural import counted
from line_tui.sanitize import shown

if TYPE_CHECKING:
    from line_tui.store import RunSummary
    from line_tui.store.purge import Purge


@click.group(cls=Group, invoke_without_command=True)
@click.option("--deleted", is_flag=True, help="List deleted runs too.")
@filter_options
@data_option
@json_option
@click.pass_context
def runs(context: click.Context, /, deleted: bool, data: Path | None, as_json: bool, **filters: Any) -> None:
    """List all runs, newest first.

    Commands accept a run's id or a prefix of it. The score is the label's AUC on fresh pictures; where that was not
    measured, it is the score that the run maximised.

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

    from line_tui.store import Store

    known = Store.open(data).runs(include_deleted=deleted)
    matches = matching(known, filters)
    if as_json:
        print_json(matches)
        return
    if known and not matches:
        print_message("no run matches")
        return
    if not matches:
        print_message("no runs yet; `line-tui explain emoji-resnet18 fc 3` starts one")
        return
    header = ["id", "started", "status", "model", "layer", "neuron", "label", "score", "images", "title"]
    print_text(table(header, [_row(run) for run in matches]))


def _row(run: RunSummary) -> list[object]:
    begun = datetime.fromtimestamp(run.created).astimezone().strftime("%Y-%m-%d %H:%M")
    status = "deleted" if run.deleted else run.status
    score = "" if run.score is None else f"{run.score:.3f}"
    star = "* " if run.starred else ""
    name = [run.id, begun, status, run.model, run.layer, run.neuron]
    return [*name, run.label or "", score, run.images, star + run.title]


@runs.command()
@run_argument
@data_option
@json_option
def show(run_id: str, data: Path | None, as_json: bool) -> None:
    """Print a run's result and all its concepts.

    With --json, prints what `explain --json` prints.

    \b
    Examples:
      line-tui runs show 20261123-k3
      line-tui runs show 20261123-k3 --json
    """
    from line_tui.cli.result import result_of, to_text
    from line_tui.store import Store

    store = Store.open(data)
    run = store.run(store.find(run_id))
    run_result = result_of(store, run.id)
    if as_json:
        print_json(run_result)
        return
    print_text(to_text(run_result))
    about = (
        f"run {run.id}: {run.model} {run.layer} {run.neuron}, {run.strategy}, seed {run_result.seed}, {run.status}, "
        f"{counted(run.images, 'image')}, {run.seconds:.0f} s"
    )
    print_text("\n" + shown(about))
    print_text(
        shown(f"with {run_result.settings.vision}, {run_result.settings.generator}, {run_result.settings.language}")
    )
    for line in filter(None, (run.title, run.note)):
        print_text(shown(line))
    rows = [
        (
            trial.iteration,
            trial.origin,
            *("" if score is None else f"{score:.3f}" for score in (trial.score, trial.auc, trial.mad)),
            trial.verdict,
            trial.concept,
        )
        for trial in run_result.trials
    ]
    print_text("\n" + table(["iteration", "origin", "score", "auc", "mad", "verdict", "concept"], rows))


@runs.command()
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


runs.add_command(export)


@runs.command()
@runs_argument
@click.argument("text")
@filter_options
@data_option
def note(run_ids: tuple[str, ...], text: str, data: Path | None, **filters: Any) -> None:
    """Set the note of runs.

    TEXT replaces the old note; an empty TEXT removes it.

    \b
    Examples:
      line-tui runs note 20261123-k3 20261123-m7 "for the talk"
      line-tui runs note --model resnet50 --after 2026-11-20 "with the new weights"
    """
    from line_tui.store import Store

    store = Store.open(data)
    selected = select_runs(store, run_ids, filters)
    for run_id in selected:
        store.annotate(run_id, text)
    print_message(f"note set on {counted(len(selected), 'run')}")


@runs.command()
@runs_argument
@filter_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def delete(run_ids: tuple[str, ...], yes: bool, data: Path | None, **filters: Any) -> None:
    """Hide runs from the list. `runs restore` brings them back; `runs purge` frees their disk space.

    \b
    Examples:
      line-tui runs delete 20261123-k3
      line-tui runs delete --status failed --before 2026-11-01
    """
    from line_tui.store import Store

    store = Store.open(data)
    selected = select_runs(store, run_ids, filters)
    if not selected:
        print_message("no run matches")
        return
    if not run_ids and not confirmed(f"Delete {counted(len(selected), 'run')} from the list?", yes):
        print_message("nothing was deleted")
        return
    for run_id in selected:
        store.delete(run_id)
    again = " ".join(selected) if len(selected) <= 20 else "ID..."
    print_message(f"deleted {counted(len(selected), 'run')}; restore with: line-tui runs restore {again}")


@runs.command()
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


@runs.command()
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
    unused = store.purgeable()
    erased = Erased(runs=[], images=0, freed=0)
    if not unused.runs and not unused.images:
        print_message("there are no deleted runs")
    elif confirmed(f"Erase {_erasable(unused)} for good?", yes):
        # While the question was open, a run may have been restored, or may have used one of the pictures.
        unused = store.purge(unused)
        erased = Erased(runs=unused.runs, images=len(unused.images), freed=unused.bytes)
        print_message(f"erased {_erasable(unused)}")
    else:
        print_message("nothing was erased")
    if as_json:
        print_json(erased)


def _erasable(unused: Purge) -> str:
    from rich.filesize import decimal

    pictures = f"{counted(len(unused.images), 'picture')} that no other run uses ({decimal(unused.bytes)})"
    return f"{counted(len(unused.runs), 'deleted run')} and {pictures}"
