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


_BENCHES = {
    "method": ("line_tui.bench.method", "Compare search strategies on neurons with and without known concepts."),
    "coverage": ("line_tui.bench.coverage", "Measure how often the 95% intervals contain the true value."),
    "language": ("line_tui.bench.language", "Compare the language model's proposals with random words."),
    "tui": ("line_tui.tui.bench", "Measure the app's latency and memory during a run."),
    "layer": ("line_tui.bench.layer", "Compare explaining a layer at once with one neuron at a time."),
    "cluster": ("line_tui.bench.cluster", "Measure how throughput scales with the number of Ray actors."),
}


def _add(name: str, module: str, about: str) -> None:
    @bench.command(name=name, help=about, context_settings=_FORWARD)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(arguments: tuple[str, ...]) -> int:
        return run_child(module, *arguments)


for _name, (_module, _about) in _BENCHES.items():
    _add(_name, _module, _about)
