"""An engine in this process: for notebooks, tests and benches. It owns models, so the terminal must not import it."""

from __future__ import annotations

import asyncio
import os
import threading

from line_tui.engine import protocol as p
from line_tui.engine.executor import Engine
from line_tui.engine.model_source import ModelSource
from line_tui.engine.server import Server
from line_tui.errors import EngineError
from line_tui.store import Store


class LocalEngine(Engine):
    """A server on threads of this process. Library output goes to this process's stderr, not to `log`."""

    def __init__(self, store: Store, source: ModelSource) -> None:
        super().__init__()
        self._store = store
        self._source = source
        self._server: Server | None = None

    async def start(self) -> None:
        """Start the threads."""
        loop = asyncio.get_running_loop()

        def say(message: p.AnyMessage) -> None:
            loop.call_soon_threadsafe(self._messages.put_nowait, message)

        server = self._server = Server(self._store, self._source, say)
        ended = self._ended = asyncio.Event()

        def work() -> None:
            server.work()
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=work, name="engine", daemon=True).start()
        say(p.Ready(pid=os.getpid()))

    async def send(self, command: p.AnyCommand) -> None:
        """Carry out a command. Raises EngineError if there is no engine."""
        if self._server is None:
            raise EngineError("the engine is not running", "start it")
        self._server.take(command)

    async def kill(self, grace: float) -> None:
        """Do nothing: a thread cannot be killed. The run ends when the current call returns."""

    async def close(self) -> None:
        """Stop all runs, close the models, end the threads."""
        if self._server is not None:
            self._server.shut_down()
            # The thread reports its own end: during interpreter shutdown no executor accepts a call that waits for it.
            await self._ended.wait()
            self._server = None
        self._messages.put_nowait(None)
