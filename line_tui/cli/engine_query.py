"""Single requests to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from line_tui.cli.interrupts import on_interrupt, run_async
from line_tui.cli.neuron_selector import as_number
from line_tui.engine.executor import Executor
from line_tui.errors import UnknownNameError, unknown_name
from line_tui.layers import find_layer

if TYPE_CHECKING:
    from line_tui.layers import LayerInfo

Found = TypeVar("Found")


def layers_of(model: str) -> list[LayerInfo]:
    """The layers of a model, from an engine started for this call. Raises LineError."""
    return ask(lambda executor: executor.layers(model))


async def neuron_number(executor: Executor, model: str, layer: str, neuron: str) -> int:
    """The number of a neuron that is given by number or by name. Raises LineError."""
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


def ask(question: Callable[[Executor], Coroutine[Any, Any, Found]]) -> Found:
    """Start an engine, put one question to it, and return the answer. Raises LineError."""
    engine = click.get_current_context().obj(None)

    async def ask() -> Found:
        async with Executor(engine) as executor:
            answer = asyncio.ensure_future(question(executor))
            with on_interrupt(answer.cancel):
                return await answer

    try:
        return run_async(ask())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
