"""Asking the engine one question."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from line_tui.engine import protocol as p
from line_tui.engine.client import EngineClient, EngineExited
from line_tui.errors import EngineError, LineError

if TYPE_CHECKING:
    from line_tui.layers import LayerInfo


def layers_of(model: str, data: Path | None = None) -> list[LayerInfo]:
    """The layers of a model, from an engine that is started for it. Raises LineError."""
    client: EngineClient = click.get_current_context().obj(data)

    async def ask() -> list[LayerInfo]:
        await client.start()
        try:
            return await list_layers(client, model)
        finally:
            await client.close()

    return asyncio.run(ask())


async def list_layers(client: EngineClient, model: str) -> list[LayerInfo]:
    """The layers of a model, from a running engine. Raises LineError."""
    await client.send(p.ListLayers(request=1, model=model))
    async for message in client.messages():
        match message:
            case p.LayersListed():
                return message.layers
            case p.CommandFailed():
                raise failure(message)
            case EngineExited():
                raise died(message, client)
            case _:
                pass
    raise EngineError("the engine fell silent", "try again")


def failure(failed: p.CommandFailed) -> LineError:
    """The error that the engine told."""
    error = LineError(failed.cause, failed.fix)
    error.exit_code = failed.exit_code
    return error


def died(exited: EngineExited, client: EngineClient) -> EngineError:
    """The error of an engine that is gone."""
    how = f"was killed by {exited.signal}" if exited.signal else f"ended with code {exited.code}"
    last = f" ({exited.last_lines[-1]})" if exited.last_lines else ""
    return EngineError(f"the engine {how}{last}", f"nothing stored is lost; {client.log.path} has the details")
