"""`line-tui runs export`: results for other programs, and for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from line_tui.cli.options import data_option
from line_tui.cli.runs_filter import filter_options, matching, runs_argument
from line_tui.cli.say import put, put_data, put_json
from line_tui.errors import UsageError

if TYPE_CHECKING:
    from line_tui.store import Store


@click.command()
@runs_argument
@click.option("--format", "kind", type=click.Choice(["csv", "json", "html", "png"]), default="csv", show_default=True)
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder for html and png.")
@filter_options
@data_option
def export(run_ids: tuple[str, ...], kind: str, folder: Path | None, data: Path | None, **wanted: Any) -> None:
    """Print the results of runs, of all finished ones by default, oldest first.

    CSV begins with the columns `neuron,explanation`; JSON is a list of what `explain --json` prints. HTML is a page a
    run that opens offline, PNG a folder of pictures a run; both are written into the folder of `--to`.

    \b
    Examples:
      line-tui runs export > explanations.csv
      line-tui runs export 20261123-k3 20261123-m7 --format json
      line-tui runs export 20261123-k3 --format html --to report
    """

    from line_tui.cli.result import result_of
    from line_tui.report.result_csv import to_csv
    from line_tui.store import Store

    store = Store.open(data)
    named = [store.find(run_id) for run_id in run_ids]
    if not run_ids:
        finished = {**wanted, "status": wanted["status"] or "finished"}
        named = [run.id for run in reversed(matching(store.runs(), finished))]
    if kind in ("html", "png"):
        if folder is None:
            raise UsageError(f"{kind} needs a folder to write into", "name one with --to")
        for run_id in named:
            put(str(_write(store, run_id, kind, folder)))
        return
    results = [result_of(store, run_id) for run_id in named]
    if kind == "json":
        put_json(results)
    else:
        put_data(to_csv(results))


def _write(store: Store, run_id: str, kind: str, folder: Path) -> Path:
    from line_tui.cli.result import result_of
    from line_tui.events import durable
    from line_tui.explain.state import fold
    from line_tui.report.html import to_html
    from line_tui.report.pngs import copy_pictures
    from line_tui.tui.command_line import command_line

    result = result_of(store, run_id)
    state = fold(durable(store.events(run_id)))
    try:
        if kind == "png":
            return copy_pictures(state, folder / run_id)
        folder.mkdir(parents=True, exist_ok=True)
        page = folder / f"{run_id}.html"
        page.write_text(to_html(state, result, command_line(state.spec), read_picture), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write into {folder}: {error.strerror}", "choose another folder") from error
    return page


def read_picture(path: str) -> bytes | None:
    """A picture file's bytes; None where the file is gone."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
