"""`line-tui runs export`: writes results for programs and people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from line_tui import plugins
from line_tui.cli.options import Target, data_option, runs_argument
from line_tui.cli.output import print_data, print_json, print_message, print_text
from line_tui.cli.runs_filter import filter_options, matching
from line_tui.errors import UsageError

if TYPE_CHECKING:
    from line_tui.store import Store


_PRINTED = ("csv", "json")
_WRITTEN = ("html", "png", *plugins.names(plugins.EXPORTERS))


@click.command()
@runs_argument
@click.option("--format", "kind", type=click.Choice([*_PRINTED, *_WRITTEN]), default="csv", show_default=True)
@click.option(
    "--to",
    "folder",
    type=Target(path_type=Path, file_okay=False),
    help="Folder to write to; needed for all formats but csv and json.",
)
@click.option("--open", "open_it", is_flag=True, help="Open the result with the desktop's default program.")
@filter_options
@data_option
def export(
    run_ids: tuple[str, ...], kind: str, folder: Path | None, open_it: bool, data: Path | None, **filters: Any
) -> None:
    """Export the results of runs.

    Without ID or filters, all finished runs are exported, oldest first.

    CSV starts with the columns `neuron,explanation`. JSON is a list of what `explain --json` prints. HTML is one
    offline page per run, with an index for several; PNG is one folder of pictures per run. Both are written to the
    folder given by `--to`.

    \b
    Examples:
      line-tui runs export > explanations.csv
      line-tui runs export 20261123-k3 20261123-m7 --format json
      line-tui runs export 20261123-k3 --format html --to report --open
      line-tui runs export --model resnet50 --format html --to report
    """

    from line_tui.cli.result import result_of
    from line_tui.report.result_csv import to_csv
    from line_tui.store import Store
    from line_tui.tui.desktop import open_file

    store = Store.open(data)
    named = [store.find(run_id) for run_id in run_ids]
    if not run_ids:
        finished = {**filters, "status": filters["status"] or "finished"}
        named = [run.id for run in reversed(matching(store.runs(), finished))]
    if kind not in _PRINTED:
        if folder is None:
            raise UsageError(f"{kind} needs a folder to write into", "name one with --to")
        written = _write(store, named, kind, folder)
        print_text("\n".join(map(str, written)))
        if open_it and written and not open_file(written[0]):
            print_message("no program on this machine can open it")
        return
    if folder is not None:
        raise UsageError(f"{kind} is written to stdout", f"use > FILE.{kind} in place of --to")
    if open_it:
        raise UsageError(f"--open cannot show {kind}", "use it with --format html or another that writes files")
    results = [result_of(store, run_id) for run_id in named]
    if kind == "json":
        print_json(results)
    else:
        print_data(to_csv(results))


def _write(store: Store, run_ids: list[str], kind: str, folder: Path) -> list[Path]:
    """Write runs into a folder, with an index if there are several pages; return the paths, the index first."""
    from line_tui.cli.result import never_began
    from line_tui.events import durable
    from line_tui.explain.state import fold
    from line_tui.report.exporters import write, write_index
    from line_tui.report.html import About

    runs = []
    for run_id in run_ids:
        run = store.run(run_id)
        about = About(created=run.created, seconds=run.seconds, title=run.title, note=run.note)
        state = fold(durable(store.events(run_id)))
        if state.run is None:
            raise never_began(run_id)
        runs.append((state, about))
    try:
        written = [write(state, about, kind, folder) for state, about in runs]
        if kind == "html" and len(runs) > 1:
            written.insert(0, write_index(runs, folder))
    except OSError as error:
        raise UsageError(f"cannot write into {folder}: {error.strerror}", "choose another folder") from error
    return written
