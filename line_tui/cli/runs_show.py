"""`line-tui runs show`: one run."""

from __future__ import annotations

from pathlib import Path

import click

from line_tui.cli.options import data_option, json_option, run_argument
from line_tui.cli.output import put, put_json
from line_tui.sanitize import shown


@click.command()
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
    from line_tui.cli.text_table import table
    from line_tui.store import Store

    store = Store.open(data)
    run = store.run(store.find(run_id))
    found = result_of(store, run.id)
    if as_json:
        put_json(found)
        return
    put(to_text(found))
    about = (
        f"run {run.id}: {run.model} {run.layer} {run.neuron}, {run.strategy}, seed {found.seed}, {run.status}, "
        f"{run.images} images, {run.seconds:.0f} s"
    )
    put("\n" + shown(about))
    put(shown(f"with {found.settings.vision}, {found.settings.generator}, {found.settings.language}"))
    for line in filter(None, (run.title, run.note)):
        put(shown(line))
    rows = [
        (
            trial.iteration,
            trial.origin,
            *("" if score is None else f"{score:.3f}" for score in (trial.score, trial.auc, trial.mad)),
            trial.verdict,
            trial.concept,
        )
        for trial in found.trials
    ]
    put("\n" + table(["iteration", "origin", "score", "auc", "mad", "verdict", "concept"], rows))
