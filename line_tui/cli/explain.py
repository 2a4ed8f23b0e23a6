"""`line-tui explain`: the loop without the app."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from line_tui.cli.options import (
    complete_layers,
    complete_models,
    complete_neurons,
    complete_profiles,
    complete_runs,
    data_option,
    json_option,
)
from line_tui.cli.say import put, put_data, put_json, say
from line_tui.cli.selector import is_selector
from line_tui.config import read_config
from line_tui.errors import UnknownNameError, UsageError, unknown_name
from line_tui.events import Metric, RunSpec, Strategy

if TYPE_CHECKING:
    from line_tui.engine.client import EngineClient
    from line_tui.store import Store

_INTERRUPTED = 130


@click.command()
@click.argument("model", required=False, shell_complete=complete_models)
@click.argument("layer", required=False, shell_complete=complete_layers)
@click.argument("neuron", required=False, shell_complete=complete_neurons)
@click.option("--strategy", type=click.Choice(get_args(Strategy)), help="How to search.")
@click.option("--metric", type=click.Choice(get_args(Metric)), help="Which score to maximise.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same run.")
@click.option("--iterations", type=click.IntRange(min=0), help="Proposals of the language model.")
@click.option("--images", type=click.IntRange(min=1), help="Pictures of each concept.")
@click.option("--profile", shell_complete=complete_profiles, help="Which models to use.")
@click.option(
    "--control",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    metavar="FOLDER",
    help="Your own pictures as control set, subfolders as classes and vocabulary. Needs --strategy published.",
)
@click.option("--resume", metavar="ID", shell_complete=complete_runs, help="Go on with an unfinished run.")
@click.option("--no-store", is_flag=True, help="Keep nothing: pictures go to a folder that is deleted at the end.")
@data_option
@json_option
@click.pass_context
def explain(
    context: click.Context,
    /,
    model: str | None,
    layer: str | None,
    neuron: str | None,
    resume: str | None,
    no_store: bool,
    data: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Explain NEURON (its number, or its name) of LAYER of MODEL; the label goes to stdout.

    NEURON may also be several: all, 0-63, 3,7,9 or random:50. Then CSV goes to stdout, and neurons that were explained
    by the same call before are not explained again.

    Ctrl-C stops the run at once. It loses nothing, and the line it prints resumes it.

    \b
    Examples:
      line-tui explain emoji-resnet18 fc 3
      line-tui explain emoji-resnet18 fc 3 --metric auc --seed 1 --json > result.json
      line-tui explain resnet50 layer4 1273 --profile laptop --iterations 20
      line-tui explain emoji-resnet18 avgpool random:50 --strategy adaptive > labels.csv
      line-tui explain --resume 20261123-k3
    """
    from line_tui.store import Store

    named = model is not None and layer is not None and neuron is not None
    if (resume is None) != named or (resume is not None and (model is not None or no_store)):
        raise UsageError("a run is either begun or resumed", "give MODEL LAYER NEURON, or --resume ID alone")
    with ExitStack() as stack:
        if no_store:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="line-tui-")))
        store = Store.open(data)
        stack.callback(store.close)
        client: EngineClient = context.obj(data)
        if resume is not None:
            run_id = store.find(resume)
            finished = store.run(run_id).status == "finished" or asyncio.run(_run(client, store, run_id, None))
        else:
            assert model is not None and layer is not None and neuron is not None
            run_id = store.new_run_id()
            spec = _spec(model, layer, neuron, options)
            if is_selector(neuron):
                return _many(client, store, spec, neuron, as_json)
            finished = asyncio.run(_run(client, store, run_id, (spec, neuron)))
        if not finished:
            again = "" if no_store else f"; go on with: line-tui explain --resume {run_id}"
            say(f"stopped{again}")
            return _INTERRUPTED
        _print_result(store, run_id, as_json)
    return 0


def _spec(model: str, layer: str, neuron: str, options: dict[str, Any]) -> RunSpec:
    defaults = read_config().explain
    given = {key: value for key, value in options.items() if value is not None}
    usual = {key: getattr(defaults, key) for key in ("profile", "strategy", "metric", "iterations", "images")}
    number = int(neuron) if neuron.lstrip("-").isdigit() else 0
    return RunSpec(model=model, layer=layer, neuron=number, **(usual | given))


async def _run(client: EngineClient, store: Store, run_id: str, begin: tuple[RunSpec, str] | None) -> bool:
    """Begin a run or go on with one; whether it came to its result."""
    import msgspec

    from line_tui.cli.ask import list_layers
    from line_tui.cli.headless import follow
    from line_tui.cli.live import LiveView
    from line_tui.consoles import PlainConsole
    from line_tui.engine import protocol as p
    from line_tui.events import ModeChanged, durable
    from line_tui.explain.state import fold

    console = PlainConsole(stderr=True)
    await client.start()
    try:
        command: p.Start | p.Resume = p.Resume(run_id=run_id)
        if begin is not None:
            spec, neuron = begin
            if not neuron.lstrip("-").isdigit():
                number = _number(await list_layers(client, spec.model), spec, neuron)
                spec = msgspec.structs.replace(spec, neuron=number)
            command = p.Start(run_id=run_id, spec=spec)
        view = LiveView(console, fold(durable(store.events(run_id))))
        console.tell(f"run {run_id}")

        def go_on() -> None:
            console.tell("this run asks before it draws; here nobody can answer, so now it draws by itself")
            store.append(run_id, ModeChanged(ask_first=False))

        with view.shown():
            await follow(client, command, view.see, on_stop=lambda: console.tell("stopping"), on_wait=go_on)
    finally:
        await client.close()
    return store.run(run_id).status == "finished"


def _many(client: EngineClient, store: Store, spec: RunSpec, selector: str, as_json: bool) -> int:

    from line_tui.cli.many import explain_many, results_of
    from line_tui.report.result_csv import to_csv

    run_ids = asyncio.run(explain_many(client, store, spec, selector))
    if run_ids is None:
        say("stopped; the same call goes on where it was")
        return _INTERRUPTED
    results = results_of(store, run_ids)
    if as_json:
        put_json(results)
    else:
        put_data(to_csv(results))
    return 0


def _number(layers: Any, spec: RunSpec, name: str) -> int:
    from line_tui.layers import find_layer

    found = find_layer(layers, spec.model, spec.layer, None)
    fix = f"`line-tui neurons {spec.model} {spec.layer}` lists them"
    if not found.names:
        raise UnknownNameError(f"the neurons of '{spec.layer}' have no names", "choose one by its number")
    if name not in found.names:
        raise unknown_name(f"neuron of {spec.layer}", name, found.names, fix)
    return found.names.index(name)


def _print_result(store: Store, run_id: str, as_json: bool) -> None:
    from line_tui.cli.result import result_of, to_text

    result = result_of(store, run_id)
    if as_json:
        put_json(result)
        return
    put(to_text(result))
