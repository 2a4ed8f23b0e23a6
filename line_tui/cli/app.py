"""The terminal app, from the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from line_tui.cli.options import data_option, run_argument
from line_tui.errors import UsageError


def start_app(
    make_client: Callable[..., Any], data: Path | None, replay: str | None = None, watch: str | None = None
) -> None:
    """Run the app until the user quits.

    `replay` and `watch` are ids, or prefixes of ids, of runs to replay or to watch. Raises UsageError without a
    terminal, UnknownNameError for an unknown run.
    """
    # A stream is None if its descriptor was already closed when Python started.
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise UsageError(
            "the app needs a terminal, but stdin or stdout is not one",
            f"use `line-tui {'explain MODEL LAYER NEURON' if (replay or watch) is None else 'runs show ID'}` instead",
        )
    for name in ("COLUMNS", "LINES"):
        # Python prefers these to the terminal's real size, even after a resize.
        os.environ.pop(name, None)
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        # Textual draws on stderr, which may be redirected to a file.
        sys.__stderr__ = sys.__stdout__  # type: ignore[misc]
    from line_tui.store import Store
    from line_tui.tui import garbage
    from line_tui.tui.app import LineApp

    store = Store.open(data)
    try:
        app = LineApp(
            store,
            lambda: make_client(data, low_priority=True),
            replay=store.find(replay) if replay is not None else None,
            watch=store.find(watch) if watch is not None else None,
        )
        garbage.collect_on_request()
        app.run()
        if app.return_code:
            # A signal ended the app: exit as after Ctrl-C.
            raise KeyboardInterrupt
    finally:
        store.close()


@click.command()
@run_argument
@data_option
@click.pass_context
def watch(context: click.Context, run_id: str, data: Path | None) -> None:
    """Watch and steer a run in the terminal app.

    The run may belong to another process, such as `line-tui explain`: your decisions reach it.

    \b
    Example:
      line-tui watch 20261123-k3
    """
    start_app(context.obj, data, watch=run_id)
