"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound=Callable[..., Any])


def data_option(function: Function) -> Function:
    """`--data`: another data folder than the usual one."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Where runs and pictures are kept, instead of LINE_TUI_DATA or the usual place.",
    )(function)


def json_option(function: Function) -> Function:
    """`--json`: exactly one JSON value on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def run_argument(function: Function) -> Function:
    """`ID`: a run by its id or the beginning of it."""
    return click.argument("run_id", metavar="ID", shell_complete=complete_runs)(function)


def complete_runs(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The ids of stored runs, with what they are about."""
    from line_tui.errors import LineError
    from line_tui.store import Store

    try:
        runs = Store.open(context.params.get("data")).runs()
    except LineError:
        return []
    return [
        CompletionItem(run.id, help=f"{run.model} {run.layer} {run.neuron} {run.label or run.status}")
        for run in runs
        if run.id.startswith(begun)
    ]


def complete_models(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The vision models of the catalogue."""
    from line_tui.errors import LineError
    from line_tui.models.catalog import read_catalog

    try:
        models = read_catalog().vision
    except LineError:
        return []
    return [CompletionItem(model.id, help=model.about) for model in models if model.id.startswith(begun)]


def complete_profiles(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The profiles of the catalogue."""
    from line_tui.errors import LineError
    from line_tui.models.catalog import read_catalog

    try:
        profiles = read_catalog().profile
    except LineError:
        return []
    return [CompletionItem(profile.id, help=profile.about) for profile in profiles if profile.id.startswith(begun)]
