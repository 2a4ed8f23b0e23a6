"""`line-tui explain`: explains neurons without the app."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource

from line_tui import events as e
from line_tui.cli.interrupts import on_interrupt, run_async
from line_tui.cli.neuron_selector import is_selector
from line_tui.cli.options import (
    SEED,
    FilePath,
    Integer,
    complete_layers,
    complete_models,
    complete_neurons,
    complete_profiles,
    complete_runs,
    data_option,
    json_option,
)
from line_tui.cli.output import print_data, print_json, print_message, print_text
from line_tui.config import MAX_IMAGES, MAX_ITERATIONS
from line_tui.errors import INTERRUPTED, EngineError, MemoryLimitError, StoreError, UsageError
from line_tui.events import Metric, RunSpec
from line_tui.explain import strategies
from line_tui.neuron import Neuron

if TYPE_CHECKING:
    from line_tui.engine.executor import Engine, Handle
    from line_tui.store import Store

_STRATEGIES = "How to search. " + " ".join(f"{each.name}: {each.title}." for each in strategies.usable())


@click.command()
@click.argument("model", required=False, shell_complete=complete_models)
@click.argument("layer", required=False, shell_complete=complete_layers)
@click.argument("neuron", required=False, shell_complete=complete_neurons)
@click.option("--strategy", type=click.Choice(strategies.NAMES), help=_STRATEGIES)
@click.option("--quick", is_flag=True, help="Same as --strategy quick.")
@click.option(
    "--metric", type=click.Choice(get_args(Metric)), help="What to maximise; each strategy has its own metrics."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="The same seed gives the same run.")
@click.option("--iterations", type=Integer(0, MAX_ITERATIONS), help="Proposals from the language model, in total.")
@click.option(
    "--images",
    type=Integer(1, MAX_IMAGES),
    help="Pictures per concept; adaptive draws a third of what published would.",
)
@click.option("--profile", shell_complete=complete_profiles, help="Which models to use.")
@click.option(
    "--control",
    type=FilePath(exists=True, file_okay=False, resolve_path=True),
    metavar="FOLDER",
    help="Folder of your own pictures as control set; subfolders are the classes and the vocabulary.",
)
@click.option(
    "--resume",
    metavar="ID",
    shell_complete=complete_runs,
    help="Resume a run; with --iterations, extend a finished one.",
)
@click.option(
    "--ray",
    metavar="[ADDRESS]",
    is_flag=False,
    flag_value="",
    help="Use all GPUs or cores of this machine, or of the Ray cluster at HOST:PORT. Write it last.",
)
@click.option("--no-store", is_flag=True, help="Keep nothing: use a data folder that is deleted at the end.")
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
    ray: str | None,
    no_store: bool,
    data: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Explain a neuron and print its label.

    NEURON is a number, a name, or several neurons: all, 0-63, 3,7,9 or random:50. Several neurons are printed as CSV,
    or with --json as one JSON object per line. Neurons that an earlier, identical call has explained are not explained
    again, and identical calls that run at the same time share the work. If a neuron fails, the others go on; the exit
    code is that of the first failure.

    Ctrl-C stops the run without losing anything, and prints the command that resumes it.

    \b
    Examples:
      line-tui explain emoji-resnet18 fc 3
      line-tui explain emoji-resnet18 fc 3 --strategy published --metric auc --json > result.json
      line-tui explain resnet50 layer4 1273 --profile laptop --iterations 20
      line-tui explain emoji-resnet18 avgpool random:50 --strategy adaptive > labels.csv
      line-tui explain emoji-resnet18 fc 3 --quick
      line-tui explain resnet50 layer4 all --profile paper --ray
      line-tui explain --resume 20261123-k3
      line-tui explain --resume 20261123-k3 --iterations 20
    """
    from line_tui.cli.result import result_of, to_text
    from line_tui.store import Store

    named = model is not None and layer is not None and neuron is not None
    if (resume is None) != named or (resume is not None and (model is not None or no_store)):
        raise UsageError("a run is either started or resumed", "give MODEL LAYER NEURON, or --resume ID alone")
    given = {
        name: value
        for name, value in options.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT and value is not None
    }
    if given.pop("quick", False) and given.setdefault("strategy", "quick") != "quick":
        raise UsageError("--quick and --strategy were both given", "choose one")
    with ExitStack() as stack:
        if no_store:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="line-tui-")))
        store = Store.open(data)
        stack.callback(store.close)
        if ray is None:
            engine = context.obj(data)
        else:
            from line_tui.engine.cluster import RayEngine

            engine = RayEngine(store, ray or None)
        if resume is not None:
            run_id = store.find(resume)
            _change(store, run_id, given)
            run = None if store.run(run_id).status == "finished" else _resume(engine, store, run_id)
        else:
            assert model is not None and layer is not None and neuron is not None
            if is_selector(neuron):
                return _many(engine, store, partial(_spec, model, layer, given), neuron, as_json)
            run_id = store.new_run_id()
            run = _begin(engine, store, run_id, neuron, partial(_spec, model, layer, given))
        try:
            if run is not None and not run_async(run):
                print_message(f"stopped{_how_to_resume(store, run_id, no_store)}")
                return INTERRUPTED
        except (EngineError, MemoryLimitError, StoreError) as error:
            raise type(error)(error.cause, f"{error.fix}{_how_to_resume(store, run_id, no_store)}") from error
        result = result_of(store, run_id)
    if as_json:
        print_json(result)
    else:
        print_text(to_text(result))
    return 0


def _spec(model: str, layer: str, given: dict[str, Any], neuron: int) -> RunSpec:
    from line_tui.engine.run_specs import spec_of

    return spec_of(Neuron(model, layer, neuron), given)


def _change(store: Store, run_id: str, given: dict[str, Any]) -> None:
    """Change the number of iterations of a resumed run. Raises UsageError for any other setting."""
    from line_tui.explain.state import fold

    if others := sorted(set(given) - {"iterations"}):
        raise UsageError(
            f"a resumed run keeps its {' and '.join(others)}",
            f"leave out --{' and --'.join(others)}, or start a new run",
        )
    if "iterations" not in given:
        return
    state = fold(e.durable(store.events(run_id)))
    if state.outcome is not None and given["iterations"] <= state.iterations:
        raise UsageError(f"run '{run_id}' already has {state.iterations} iterations", "give a larger --iterations")
    store.decide(run_id, e.BudgetChanged(iterations=given["iterations"]))


async def _begin(engine: Engine, store: Store, run_id: str, neuron: str, spec: Callable[[int], RunSpec]) -> bool:
    """Start a run; return whether it finished."""
    from line_tui.cli.engine_query import neuron_number
    from line_tui.engine.executor import Executor

    async with Executor(engine) as executor:
        first = spec(0)
        number = await neuron_number(executor, first.model, first.layer, neuron)
        return await _follow(executor.submit(run_id, spec(number)), store)


async def _resume(engine: Engine, store: Store, run_id: str) -> bool:
    """Resume a run; return whether it finished."""
    from line_tui.engine.executor import Executor

    async with Executor(engine) as executor:
        return await _follow(executor.resume(run_id), store)


async def _follow(handle: Handle, store: Store) -> bool:
    """Show a run until it is finished or stopped; return whether it finished. Raises LineError if it failed."""
    from line_tui.cli.run_progress import LiveView
    from line_tui.consoles import PlainConsole
    from line_tui.explain.state import fold

    console = PlainConsole(stderr=True)
    view = LiveView(console, fold(e.durable(store.events(handle.run_id))))
    finished = False
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        console.print_line("stopping")
        stopping.append(asyncio.create_task(handle.cancel()))

    with view.shown(), on_interrupt(stop):
        async for envelope in handle.events():
            view.show_event(envelope)
            match envelope.event:
                case e.Finished():
                    finished = True
                case e.PhaseChanged(phase="waiting"):
                    console.print_line(
                        "this run asks before it draws, but nobody can answer here: it now draws without asking"
                    )
                    handle.decide(e.ModeChanged(ask_first=False))
    return finished


def _many(engine: Engine, store: Store, spec: Callable[[int], RunSpec], selector: str, as_json: bool) -> int:
    from line_tui.cli.explain_many import explain_many
    from line_tui.report.result_csv import to_csv

    batch, results = run_async(explain_many(engine, store, spec, selector))
    if batch.stopped:
        print_message("stopped; run the same command again to resume")
        return INTERRUPTED
    if as_json:
        # One object per line: programs can stream them, and truncated output is still readable.
        for result in results:
            print_json(result)
    else:
        print_data(to_csv(results))
    return next((error.exit_code for error in batch.failures.values()), 0)


def _how_to_resume(store: Store, run_id: str, no_store: bool) -> str:
    begun = not no_store and any(run.id == run_id for run in store.runs())
    return f"; to resume: line-tui explain --resume {run_id}" if begun else ""
