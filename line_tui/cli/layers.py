"""`line-tui layers`: what can be explained in a model."""

from __future__ import annotations

import click

from line_tui.cli.options import json_option, model_argument
from line_tui.cli.output import print_json, print_text, table


@click.command()
@model_argument
@json_option
def layers(model: str, as_json: bool) -> None:
    """List the layers of a model.

    Each with its output shape for one image.

    \b
    Examples:
      line-tui layers emoji-resnet18
      line-tui layers resnet50 --json
    """
    import msgspec

    from line_tui.cli.engine_query import layers_of
    from line_tui.report.listings import Layer

    listed = layers_of(model)
    if as_json:
        # Without the neurons' names, which `line-tui neurons` prints.
        print_json(msgspec.convert(listed, list[Layer], from_attributes=True))
        return
    rows = [
        (layer.name, layer.kind, " x ".join(map(str, layer.shape)), layer.neurons, layer.pooling) for layer in listed
    ]
    print_text(table(["layer", "kind", "shape", "neurons", "pooling"], rows))
