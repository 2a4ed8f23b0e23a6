"""Asks the engine a single question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from line_tui.cli.event_loop import complete
from line_tui.engine.executor import Executor

if TYPE_CHECKING:
    from line_tui.layers import LayerInfo


def layers_of(model: str, data: Path | None = None) -> list[LayerInfo]:
    """The layers of a model, from an engine started for this call. Raises LineError."""

    async def ask() -> list[LayerInfo]:
        async with Executor(click.get_current_context().obj(data)) as executor:
            return await executor.layers(model)

    return complete(ask())
