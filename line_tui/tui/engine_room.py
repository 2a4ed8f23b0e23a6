"""The app's side of the engine process: it is started, told, heard, and its death is noticed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.message import Message

from line_tui.engine import protocol
from line_tui.engine.client import EngineExited
from line_tui.errors import LineError
from line_tui.events import Envelope
from line_tui.tui.pace import Paced
from line_tui.tui.ports import Engine, EngineFactory
from line_tui.tui.typeahead import TypeAhead
from line_tui.tui.widgets.banner import EngineStatus


class EngineSaid(Message):
    """A message of the engine, on its way from the worker that reads it to the one handler that acts on it."""

    def __init__(self, message: protocol.AnyMessage | EngineExited) -> None:
        super().__init__()
        self.message = message


class EngineRoom(TypeAhead, Paced):
    """Base of the app. What the engine's news mean is said by `happened`, `layers_listed` and `engine_died`."""

    def __init__(self, make_engine: EngineFactory) -> None:
        super().__init__()
        self.make_engine = make_engine
        self.engine: Engine | None = None
        self.engine_status = EngineStatus()
        self._outbox: asyncio.Queue[protocol.AnyCommand] = asyncio.Queue()
        self._when_ready: list[protocol.AnyCommand] = []

    def happened(self, envelope: Envelope) -> None:
        """An event of a run."""
        raise NotImplementedError

    def layers_listed(self, request: int, layers: list[protocol.LayerInfo] | str) -> None:
        """The layers of a model that was asked for, or why there are none."""
        raise NotImplementedError

    def engine_died(self) -> None:
        """The engine is gone; `engine_status` tells how."""
        raise NotImplementedError

    def need_engine(self) -> None:
        """Start the engine unless it is there or on its way; a replay alone needs none."""
        if self.engine_status.state in ("off", "dead"):
            self.start_engine()

    def start_engine(self) -> None:
        """Start the engine's process, or another in place of a dead one."""
        self.engine_status = EngineStatus("starting")
        work = self._run_engine() if self.engine is None else self._restart_engine(self.engine)
        self.run_worker(work, exit_on_error=False)

    async def _run_engine(self) -> None:
        """Worker: start the process and pass all messages on."""
        self.engine = self.make_engine()
        self.run_worker(self._send_all(self.engine), exit_on_error=False)
        try:
            await self.engine.start()
        except LineError as error:
            self.post_message(EngineSaid(EngineExited(None, None, [str(error)])))
        async for message in self.engine.messages():
            self.post_message(EngineSaid(message))

    async def _restart_engine(self, engine: Engine) -> None:
        """Worker: another process; its messages come by the same way."""
        try:
            await engine.restart()
        except LineError as error:
            self.post_message(EngineSaid(EngineExited(None, None, [str(error)])))

    def on_engine_said(self, event: EngineSaid) -> None:
        """Act on a message of the engine: the one place where its news change the app."""
        match event.message:
            case protocol.Ready():
                self.engine_status = EngineStatus("ready")
                waiting, self._when_ready = self._when_ready, []
                for command in waiting:
                    self.tell(command)
            case protocol.Happened(envelope=envelope):
                self.happened(envelope)
            case protocol.LayersListed(request=request, layers=layers):
                self.layers_listed(request, layers)
            case protocol.CommandFailed(request=None, cause=cause, fix=fix):
                self.engine_status = replace(self.engine_status, problem=f"{cause} — {fix}")
            case protocol.CommandFailed(request=int(request), cause=cause, fix=fix):
                self.layers_listed(request, f"{cause}\n{fix}")
            case EngineExited(code=code, signal=signal, last_lines=lines):
                # An exit that a restart asked for is old news once the new process is on its way.
                if self.engine_status.state != "starting":
                    self.engine_status = EngineStatus("dead", code, signal, tuple(lines))
                    self.engine_died()

    def tell(self, command: protocol.AnyCommand) -> None:
        """Send the engine a command; before it is ready, keep it until then."""
        if self.engine_status.state == "ready":
            self._outbox.put_nowait(command)
        elif self.engine_status.state != "dead":
            self._when_ready.append(command)

    async def _send_all(self, engine: Engine) -> None:
        """Worker: send commands in the order in which they were given."""
        while True:
            command = await self._outbox.get()
            try:
                await engine.send(command)
            except LineError:
                # Its end is a message of its own, and says more.
                self.log.warning("the engine is gone", command)

    def engine_lines(self) -> list[str]:
        """What the engine wrote to its stderr."""
        return self.engine.log.last_lines(400) if self.engine is not None else []

    async def on_unmount(self) -> None:
        """End the engine with the app."""
        if self.engine is not None:
            await self.engine.close()
