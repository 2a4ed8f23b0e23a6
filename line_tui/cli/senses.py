"""`line-tui senses`: how polysemantic the neurons of a layer are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from line_tui.cli.options import data_option, json_option, layer_argument, model_argument
from line_tui.cli.output import print_json, print_text, table
from line_tui.errors import UnknownNameError, unknown_name
from line_tui.explain import strategies
from line_tui.layers import find_layer
from line_tui.models.layer_cache import LayerCache

if TYPE_CHECKING:
    from line_tui.report.polysemanticity import Polysemanticity


@click.command()
@model_argument
@layer_argument
@data_option
@json_option
def senses(model: str, layer: str, data: Path | None, as_json: bool) -> None:
    """List the senses of a layer's explained neurons.

    The most polysemantic neuron comes first. Uses each neuron's latest finished run of the adaptive strategy; nothing
    is drawn.

    \b
    Examples:
      line-tui explain emoji-resnet18 fc random:20 > labels.csv
      line-tui senses emoji-resnet18 fc
      line-tui senses emoji-resnet18 fc --json
    """

    from line_tui.cli.result import result_of
    from line_tui.report.polysemanticity import polysemanticity, summary
    from line_tui.store import Store, explained

    store = Store.open(data)
    try:
        runs = store.runs()
        latest = explained([run for run in runs if run.strategy == strategies.DEFAULT], model, layer)
        if not latest:
            raise _nothing(model, layer, {run.model for run in runs})
        report = polysemanticity(model, layer, [result_of(store, run.id) for run in latest.values()])
    finally:
        store.close()
    if as_json:
        print_json(report)
        return
    print_text(_table(report))
    print_text(summary(report))


def _nothing(model: str, layer: str, models: set[str]) -> UnknownNameError:
    """The error for an empty list: the model or layer is unknown, or none of its neurons was explained."""
    from line_tui.models.catalog import read_catalog

    known = {entry.id for entry in read_catalog().vision} | models
    layers = LayerCache().read(model)
    if model not in known and layers is None:
        return unknown_name("vision model", model, known, "`line-tui models list` lists them all")
    if layers is not None:
        find_layer(layers, model, layer)
    return UnknownNameError(
        f"no neuron of {model} {layer} was explained with the adaptive strategy",
        f"explain some: line-tui explain {model} {layer} random:20",
    )


def _table(report: Polysemanticity) -> str:
    rows = []
    for one in report.each:
        who: list[object] = [one.neuron, len(one.senses)]
        if not one.senses:
            rows.append([*who, "no concept found", "", "", ""])
        for sense in one.senses:
            interval = f"{_number(sense.auc)} [{_number(sense.ci_low)}, {_number(sense.ci_high)}]"
            rows.append([*who, sense.label, interval, _number(sense.mad, ".2f"), _percent(sense.share)])
            who = ["", ""]
    return table(["neuron", "senses", "sense", "AUC (95%)", "MAD", "share"], rows)


def _number(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
