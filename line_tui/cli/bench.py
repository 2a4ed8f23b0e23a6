"""`line-tui bench`: the benches, each in a process of its own, which owns the models."""

from __future__ import annotations

import click

from line_tui.cli.child import run_child
from line_tui.cli.groups import Group

_FORWARD = {"ignore_unknown_options": True, "help_option_names": []}


@click.group(cls=Group)
def bench() -> None:
    """Measure the method, the language model and the app; `line-tui bench method --help` tells how.

    \b
    Examples:
      line-tui bench method --quick
      line-tui bench language --hidden 60
      line-tui bench layer --neurons 16 --apart 2
    """


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def method(arguments: tuple[str, ...]) -> int:
    """Compare the ways to search on planted and random neurons."""
    return _run("line_tui.bench.method", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def coverage(arguments: tuple[str, ...]) -> int:
    """Measure how often the interval of a verified score covers what it should."""
    return _run("line_tui.bench.coverage", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def language(arguments: tuple[str, ...]) -> int:
    """Compare a language model's proposals with random words."""
    return _run("line_tui.bench.language", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def tui(arguments: tuple[str, ...]) -> int:
    """Measure how quick the app is in a real terminal while a run keeps the cores busy."""
    return _run("line_tui.tui.bench", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def layer(arguments: tuple[str, ...]) -> int:
    """Measure what a layer costs: neurons one by one, together, and what the engine adds to the models."""
    return _run("line_tui.bench.layer", arguments)


def _run(module: str, arguments: tuple[str, ...]) -> int:
    return run_child(module, *arguments)
