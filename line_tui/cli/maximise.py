"""`line-tui maximise`: activation maximization, compared with the best generated image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from line_tui.cli.options import (
    SEED,
    Integer,
    Target,
    complete_neurons,
    data_option,
    json_option,
    layer_argument,
    model_argument,
)
from line_tui.cli.output import print_json, print_text
from line_tui.errors import StoreError

if TYPE_CHECKING:
    from line_tui.activation_maximization import Comparison
    from line_tui.engine.executor import Executor


@click.command()
@model_argument
@layer_argument
@click.argument("neuron", shell_complete=complete_neurons)
@click.option("--steps", type=Integer(1, 100_000), default=256, show_default=True, help="Number of gradient steps.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="The same seed gives the same picture.")
@click.option("--to", "picture", type=Target(path_type=Path, dir_okay=False), help="PNG file to write.")
@json_option
@data_option
def maximise(
    model: str, layer: str, neuron: str, steps: int, seed: int, picture: Path | None, as_json: bool, data: Path | None
) -> None:
    """Maximise a neuron by gradient ascent.

    NEURON is a number or a name. Compares the picture found with the neuron's best generated picture in all stored
    runs. Needs gradients, so it does not work for black-box models.

    \b
    Examples:
      line-tui maximise emoji-resnet18 avgpool 7
      line-tui maximise emoji-resnet18 avgpool 7 --steps 512 --to 7.png --json
    """
    from rich.progress import Progress

    from line_tui.activation_maximization import Maximised, Request, compare
    from line_tui.cli.engine_query import ask, neuron_number
    from line_tui.consoles import PlainConsole
    from line_tui.events import durable
    from line_tui.explain.state import fold
    from line_tui.store import Store

    if picture is not None and not picture.parent.is_dir():
        raise StoreError(f"cannot write {picture}: its folder does not exist", "choose another --to")
    console = PlainConsole(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("gradient ascent", total=steps)

        async def work(executor: Executor) -> tuple[Request, Maximised]:
            number = await neuron_number(executor, model, layer, neuron)
            request = Request(model=model, layer=layer, neuron=number, steps=steps, seed=seed)
            return request, await executor.do(
                "maximise", request, Maximised, lambda at: progress.update(bar, completed=at.done)
            )

        request, maximised = ask(work)
    picture = picture or Path(f"{model}-{layer}-{request.neuron}.png".replace("/", "-").replace(":", "-"))
    try:
        picture.write_bytes(maximised.picture)
    except OSError as error:
        raise StoreError(f"cannot write {picture}: {error.strerror}", "choose another --to") from error
    store = Store.open(data)
    try:
        runs = [run.id for run in store.runs() if (run.model, run.layer, run.neuron) == (model, layer, request.neuron)]
        comparison = compare(request, maximised, str(picture), [fold(durable(store.events(run_id))) for run_id in runs])
    finally:
        store.close()
    if as_json:
        print_json(comparison)
    else:
        print_text(_text(comparison))


def _text(comparison: Comparison) -> str:
    lines = [f"{comparison.ascent:9.3f}  gradient ascent, {comparison.steps} steps: {comparison.picture}"]
    if comparison.generated is None:
        lines.append("no run of this neuron is stored; `line-tui explain` starts one")
    else:
        best = comparison.generated
        lines.append(
            f"{best.activation:9.3f}  best generated image, {best.concept!r} of run {best.run_id}: {best.path}"
        )
        lines.append(f"{best.control_mean:9.3f}  mean of the control set")
    if comparison.share is not None:
        lines.append(
            f"above the control mean, the generated image reaches {comparison.share:.0%} of what gradient ascent does"
        )
    return "\n".join(lines)
