"""`line-tui bench`: benchmarks, each in its own process, which owns the models."""

from __future__ import annotations

import click

from line_tui.cli.child_process import run_child
from line_tui.cli.groups import Group

_FORWARD = {"ignore_unknown_options": True, "help_option_names": []}


@click.group(cls=Group)
def bench() -> None:
    """Measure the method, the language model and the app.

    \b
    Examples:
      line-tui bench method --quick
      line-tui bench language --neurons 20
      line-tui bench layer --neurons 16 --apart 2
      line-tui bench cluster --actors 1 4
    """


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def method(arguments: tuple[str, ...]) -> int:
    """Compare search strategies on planted and random neurons."""
    return _run("line_tui.bench.method", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def coverage(arguments: tuple[str, ...]) -> int:
    """Measure how often intervals cover the truth."""
    return _run("line_tui.bench.coverage", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def language(arguments: tuple[str, ...]) -> int:
    """Compare a language model's proposals with random words."""
    return _run("line_tui.bench.language", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def tui(arguments: tuple[str, ...]) -> int:
    """Measure the app's latency while a run works."""
    return _run("line_tui.tui.bench", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def layer(arguments: tuple[str, ...]) -> int:
    """Measure the cost of explaining a layer."""
    return _run("line_tui.bench.layer", arguments)


@bench.command(context_settings=_FORWARD)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def cluster(arguments: tuple[str, ...]) -> int:
    """Measure how Ray scales on this machine."""
    return _run("line_tui.bench.cluster", arguments)


def _run(module: str, arguments: tuple[str, ...]) -> int:
    return run_child(module, *arguments)
