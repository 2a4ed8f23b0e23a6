"""Selects runs by id or by their properties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from line_tui.cli.options import complete_models
from line_tui.errors import UsageError

if TYPE_CHECKING:
    from line_tui.store import RunSummary, Store

Function = TypeVar("Function", bound=Callable[..., Any])
STATUSES = ("new", "running", "interrupted", "stopped", "failed", "finished")


class _Date(click.DateTime):
    """A day, or a minute of it."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"'{value}' is not a date such as 2026-11-27 or 2026-11-27T18:30", param, ctx)


def filter_options(function: Function) -> Function:
    """`--status`, `--model`, `--layer`, `--before`, `--after`, passed as `filters`."""
    for option in (
        click.option("--after", type=_Date(), metavar="DATE", help="Only runs started since then."),
        click.option("--before", type=_Date(), metavar="DATE", help="Only runs started before then."),
        click.option("--layer", help="Only runs of this layer."),
        click.option("--model", shell_complete=complete_models, help="Only runs of this model."),
        click.option("--status", type=click.Choice(STATUSES), help="Only runs with this status."),
    ):
        function = option(function)
    return function


def matching(runs: Sequence[RunSummary], filters: dict[str, Any]) -> list[RunSummary]:
    """The runs that match all given filters."""

    def matches(run: RunSummary) -> bool:
        begun = datetime.fromtimestamp(run.created)
        return (
            (filters["status"] is None or run.status == filters["status"])
            and (filters["model"] is None or run.model == filters["model"])
            and (filters["layer"] is None or run.layer == filters["layer"])
            and (filters["before"] is None or begun < filters["before"])
            and (filters["after"] is None or begun >= filters["after"])
        )

    return [run for run in runs if matches(run)]


def select_runs(store: Store, run_ids: Sequence[str], filters: dict[str, Any]) -> list[str]:
    """Runs by id, or those that match the filters; never all runs. Raises UsageError, UnknownNameError."""
    filtered = any(value is not None for value in filters.values())
    if bool(run_ids) == filtered:
        raise UsageError(
            "both runs and filters were given" if run_ids else "no run was named",
            "name runs by their ids, or choose them by --status, --model, --layer, --before or --after",
        )
    if run_ids:
        return list(dict.fromkeys(store.find(run_id) for run_id in run_ids))
    return [run.id for run in matching(store.runs(), filters)]
