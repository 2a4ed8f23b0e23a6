"""`line-tui neurons`: the neurons of a layer."""

from __future__ import annotations

import click

from line_tui.cli.options import complete_models, json_option
from line_tui.cli.say import put, put_json


@click.command()
@click.argument("model", shell_complete=complete_models)
@click.argument("layer")
@json_option
def neurons(model: str, layer: str, as_json: bool) -> None:
    """List the neurons of a LAYER of MODEL, with their names where they have some.

    \b
    Examples:
      line-tui neurons emoji-resnet18 fc
      line-tui neurons resnet50 avgpool --json
    """
    from line_tui.cli.ask import layers_of
    from line_tui.cli.table import table
    from line_tui.layers import find_layer

    found = find_layer(layers_of(model), model, layer, None)
    names = found.names or [""] * found.neurons
    if as_json:
        listed = [{"neuron": n, "name": name or None} for n, name in enumerate(names)]
        put_json(listed)
        return
    put(table(["neuron", "name"], list(enumerate(names))))
