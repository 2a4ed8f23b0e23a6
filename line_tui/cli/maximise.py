"""`line-tui maximise`: activation maximization, compared with the best generated image."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from line_tui.cli.child_process import run_child
from line_tui.cli.options import SEED, complete_layers, complete_models, data_option


@click.command()
@click.argument("model", shell_complete=complete_models)
@click.argument("layer", shell_complete=complete_layers)
@click.argument("neuron", type=click.IntRange(0, 10**9))
@click.option(
    "--steps", type=click.IntRange(1, 100_000), default=256, show_default=True, help="Number of gradient steps."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="The same seed gives the same picture.")
@click.option("--to", "picture", type=click.Path(path_type=Path, dir_okay=False), help="PNG file to write.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_option
def maximise(
    model: str, layer: str, neuron: int, steps: int, seed: int, picture: Path | None, as_json: bool, data: Path | None
) -> int:
    """Find the picture that drives NEURON of LAYER of MODEL most by gradient ascent, and compare it with the best
    generated one.

    Works for white-box models only, since it needs gradients. The best generated image is taken from all stored runs.

    \b
    Examples:
      line-tui maximise emoji-resnet18 avgpool 7
      line-tui maximise emoji-resnet18 avgpool 7 --steps 512 --to 7.png --json
    """
    from line_tui.activation_maximization.request import Request

    request = Request(
        model=model,
        layer=layer,
        neuron=neuron,
        steps=steps,
        seed=seed,
        picture=str(picture or Path(f"{model}-{layer}-{neuron}.png".replace("/", "-").replace(":", "-"))),
        data=str(data) if data else None,
        output="json" if as_json else "text",
    )
    # The model lives in a separate process.
    return run_child("line_tui.activation_maximization", msgspec.json.encode(request).decode())
