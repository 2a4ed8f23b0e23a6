"""What the app needs of the engine: `line_tui.engine.client.EngineClient` has it, and a scripted one in the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from line_tui.engine.client import EngineExited
from line_tui.engine.log import EngineLog
from line_tui.engine.protocol import AnyCommand, AnyMessage


class Engine(Protocol):
    """The engine process as the app sees it."""

    @property
    def log(self) -> EngineLog:
        """What it wrote to stderr."""
        ...

    async def start(self) -> None:
        """Start the process. Raises EngineError."""
        ...

    async def send(self, command: AnyCommand) -> None:
        """Send a command. Raises EngineError when the process is gone."""
        ...

    def messages(self) -> AsyncIterator[AnyMessage | EngineExited]:
        """Messages as they come, of restarted processes too, until `close`."""
        ...

    async def restart(self) -> None:
        """Start a new process in place of a dead one. Raises EngineError."""
        ...

    async def close(self) -> None:
        """End the process and the messages."""
        ...


EngineFactory = Callable[[], Engine]
