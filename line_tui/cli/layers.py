"""`line-tui layers`: what can be explained in a model."""

from __future__ import annotations

import click
import msgspec

from line_tui.cli.options import complete_models, json_option
from line_tui.cli.say import put, put_json


@click.command()
@click.argument("model", shell_complete=complete_models)
@json_option
def layers(model: str, as_json: bool) -> None:
    """List the layers of MODEL, with the shape of their output for one image.

    \b
    Examples:
      line-tui layers emoji-resnet18
      line-tui layers resnet50 --json
    """
    from line_tui.cli.ask import layers_of
    from line_tui.cli.table import table

    found = layers_of(model)
    if as_json:
        listed = [msgspec.to_builtins(layer) for layer in found]
        for layer in listed:
            del layer["names"]  # `line-tui neurons` prints them.
        put_json(listed)
        return
    rows = [
        (layer.name, layer.kind, " x ".join(map(str, layer.shape)), layer.neurons, layer.pooling) for layer in found
    ]
    put(table(["layer", "kind", "shape", "neurons", "pooling"], rows))
