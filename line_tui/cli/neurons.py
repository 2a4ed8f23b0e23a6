"""`line-tui neurons`: the neurons of a layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from line_tui.cli.options import data_option, json_option, layer_argument, model_argument
from line_tui.cli.output import print_json, print_text, table

if TYPE_CHECKING:
    from line_tui.report.listings import ListedNeuron


@click.command()
@model_argument
@layer_argument
@click.option("--unexplained", is_flag=True, help="List only neurons without a finished run.")
@data_option
@json_option
def neurons(model: str, layer: str, unexplained: bool, data: Path | None, as_json: bool) -> None:
    """List the neurons of a layer.

    For each: its name, its strongest word in the bank, and the label found.
    The bank's word is the one whose pictures drive the neuron most, with its MAD; it is a starting point, not a label.
    The label and its score are from the neuron's latest finished run.

    \b
    Examples:
      line-tui neurons emoji-resnet18 fc
      line-tui neurons emoji-resnet18 avgpool --unexplained
      line-tui neurons resnet50 avgpool --json
    """
    import msgspec

    from line_tui.cli.engine_query import layers_of
    from line_tui.layers import find_layer

    info = find_layer(layers_of(model), model, layer)
    listed = _listed(info.names, info.neurons, model, layer, data)
    if unexplained:
        listed = [one for one in listed if one.run_id is None]
    if as_json:
        print_json(listed)
        return
    keys = ["neuron", "name", "best_in_bank", "bank_mad", "label", "score"]
    rows = [msgspec.structs.asdict(one) for one in listed]
    for row in rows:
        row["label"] = row["label"] or (row["run_id"] and "no concept found")
    shown = [key for key in keys if key == "neuron" or any(row[key] is not None for row in rows)]
    print_text(table([key.replace("_", " ") for key in shown], [[_cell(row[key]) for key in shown] for row in rows]))


def _listed(names: list[str], neurons: int, model: str, layer: str, data: Path | None) -> list[ListedNeuron]:
    from line_tui.errors import LineError
    from line_tui.report.listings import ListedNeuron
    from line_tui.store import Store, explained
    from line_tui.tui.neuron_overview import bank_overview

    try:
        bank = bank_overview(model, layer)
    except LineError:
        # Damaged bank files are reported by the engine, when it needs them.
        bank = None
    latest = explained(Store.open(data).runs(), model, layer)
    listed = []
    for n in range(neurons):
        overview = bank[n] if bank is not None and n < len(bank) else None
        run = latest.get(n)
        listed.append(
            ListedNeuron(
                neuron=n,
                name=(names[n] if n < len(names) else "") or None,
                best_in_bank=(overview.concept or None) if overview else None,
                bank_mad=overview.mad if overview and not overview.flat else None,
                flat=(overview.flat or None) if overview else None,
                label=run.label if run else None,
                score=run.score if run else None,
                run_id=run.id if run else None,
            )
        )
    return listed


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else value
