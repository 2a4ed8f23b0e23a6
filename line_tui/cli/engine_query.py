"""Asks the engine a single question, or for a single job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from line_tui.cli.interrupts import complete, on_interrupt
from line_tui.cli.neuron_selector import as_number
from line_tui.engine.executor import Executor
from line_tui.errors import UnknownNameError, unknown_name
from line_tui.layers import find_layer

if TYPE_CHECKING:
    import msgspec

    from line_tui.engine.executor import OnJobProgress
    from line_tui.layers import LayerInfo

Found = TypeVar("Found")


def layers_of(model: str, data: Path | None = None) -> list[LayerInfo]:
    """The layers of a model, from an engine started for this call. Raises LineError."""

    return ask(lambda executor: executor.layers(model), data)


def do_job(
    job: str, wanted: msgspec.Struct, kind: type[Found], on_progress: OnJobProgress, data: Path | None = None
) -> Found:
    """Have a job of `line_tui.engine.jobs` done by an engine started for this call. Raises LineError."""

    return ask(lambda executor: executor.do(job, wanted, kind, on_progress), data)


async def neuron_number(executor: Executor, model: str, layer: str, neuron: str) -> int:
    """The number of a neuron that is given by its number or name. Raises LineError."""
    number = as_number(neuron)
    if number is not None:
        return number
    names = find_layer(await executor.layers(model), model, layer).names
    if not names:
        raise UnknownNameError(f"the neurons of '{layer}' have no names", "give a number")
    if neuron not in names:
        fix = f"`line-tui neurons {model} {layer}` lists them"
        raise unknown_name(f"neuron of {layer}", neuron, names, fix)
    return names.index(neuron)


def ask(question: Callable[[Executor], Coroutine[Any, Any, Found]], data: Path | None) -> Found:
    """The answer of an engine started for this call. Raises LineError."""
    engine = click.get_current_context().obj(data)

    async def ask() -> Found:
        async with Executor(engine) as executor:
            answer = asyncio.ensure_future(question(executor))
            with on_interrupt(answer.cancel):
                return await answer

    try:
        return complete(ask())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
