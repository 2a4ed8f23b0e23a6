"""Submits runs to an engine: a spec goes in, a handle comes out.

An executor talks to one engine, in this process (`line_tui.engine.local`) or in another (`line_tui.engine.client`).
The engine that works on a run is the only writer of its events, including decisions.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from line_tui import events as e
from line_tui.config import log_folder
from line_tui.engine import protocol as p
from line_tui.engine.log import EngineLog
from line_tui.errors import EngineError, LineError, MemoryLimitError
from line_tui.events import Decision, Envelope, RunSpec
from line_tui.layers import LayerInfo

AHEAD = 16
"""Runs that may be submitted to one engine at once; it works on fewer."""
GRACE = 5.0
"""Seconds at each stage of ending a run: after the request, after SIGTERM, then SIGKILL."""


Found = TypeVar("Found")
OnJobProgress = Callable[[p.JobProgress], None]


@dataclass(frozen=True)
class EngineExited:
    """The engine ended unasked."""

    code: int | None
    """Its exit code, if it exited normally."""
    signal: str | None
    """Name of the signal that ended it."""
    last_lines: list[str]
    """The last lines it wrote to stderr."""
    memory: bool = False
    """Whether it apparently ran out of memory."""


@dataclass(frozen=True)
class EngineStatus:
    """The state of the engine."""

    state: Literal["off", "starting", "ready", "dead"] = "off"
    code: int | None = None
    signal: str | None = None
    lines: tuple[str, ...] = ()
    problem: str = ""
    """Cause and fix of the last command that failed."""

    @property
    def death(self) -> str:
        """A short description of how it ended."""
        if self.signal:
            return f"killed by {self.signal}"
        return "not started" if self.code is None else f"exit code {self.code}"


class Engine(ABC):
    """An engine as its executor sees it: commands go in, messages come out."""

    def __init__(self, log: Path | None = None) -> None:
        """`log` is the file for its stderr."""
        self.log = EngineLog(log or log_folder() / "engine.log")
        self._messages: asyncio.Queue[p.AnyMessage | EngineExited | None] = asyncio.Queue()

    @property
    def ahead(self) -> int:
        """Runs that may be submitted at once: enough to keep the engine busy."""
        return AHEAD

    @abstractmethod
    async def start(self) -> None:
        """Start the engine, or replace a dead one; the first message is `Ready`. Raises EngineError."""

    @abstractmethod
    async def send(self, command: p.AnyCommand) -> None:
        """Send a command. Raises EngineError if the engine is gone."""

    async def messages(self) -> AsyncIterator[p.AnyMessage | EngineExited]:
        """Messages as they arrive, also from engines started later, until `close`."""
        while (message := await self._messages.get()) is not None:
            yield message

    @abstractmethod
    async def kill(self, grace: float) -> None:
        """Kill the engine if possible; `EngineExited` follows."""

    @abstractmethod
    async def close(self) -> None:
        """Shut the engine down cleanly; `messages` ends too."""


class Handle:
    """A submitted run."""

    def __init__(self, executor: Executor, run_id: str, spec: RunSpec | None = None) -> None:
        """`spec` is the request, for a run that has been started."""
        self.run_id = run_id
        self.spec = spec
        self._executor = executor
        self._box: asyncio.Queue[Envelope | LineError | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._cancelled = False
        self._failure: LineError | None = None

    async def events(self) -> AsyncIterator[Envelope]:
        """Events as they happen, until the run is finished or stopped.

        Raises LineError if the run failed, EngineError if the engine died.
        """
        while (item := await self._box.get()) is not None:
            if isinstance(item, LineError):
                raise item
            yield item

    @property
    def ended(self) -> bool:
        """Whether the engine has finished with the run."""
        return self._ended.is_set()

    def decide(self, event: Decision) -> None:
        """Send a decision; it is returned as an event once it is stored."""
        self._executor.send(p.Decide(run_id=self.run_id, event=event))

    def pause(self) -> None:
        """Pause before the next step."""
        self._executor.send(p.Pause(run_id=self.run_id))

    def step(self) -> None:
        """Take one step, then pause again."""
        self._executor.send(p.Step(run_id=self.run_id))

    def go_on(self) -> None:
        """Continue after a pause."""
        self._executor.send(p.Continue(run_id=self.run_id))

    async def cancel(self, grace: float = GRACE) -> None:
        """Stop the run; if it has not ended after `grace` seconds, end its engine by SIGTERM, then by SIGKILL.

        Returns when the run has ended. Nothing stored is lost, and the run can be resumed.
        """
        if self.ended:
            return
        self._cancelled = True
        self._executor.send(p.Stop(run_id=self.run_id))
        try:
            await asyncio.wait_for(self._ended.wait(), grace)
        except TimeoutError:
            await self._executor.kill(grace)
            await self._ended.wait()

    def take(self, envelope: Envelope) -> None:
        """Take an event of the run; called by the executor."""
        self._box.put_nowait(envelope)
        match envelope.event:
            case e.Failed(cause=cause, fix=fix, exit_code=exit_code):
                self._failure = _error(cause, fix, exit_code)
            case e.PhaseChanged(phase="idle"):
                self.end(self._failure)

    def fail(self, error: LineError) -> None:
        """Record why the run failed; called by the executor."""
        self._failure = error

    def end(self, error: LineError | None) -> None:
        """End the run; called by the executor. A cancelled run ends without an error."""
        if not self.ended:
            self._ended.set()
            self._box.put_nowait(None if self._cancelled else error)


class Executor:
    """Passes runs and questions to one engine, which is started on first use."""

    def __init__(self, engine: Engine, on_status: Callable[[EngineStatus], None] = lambda status: None) -> None:
        """`on_status` is called when the engine's state changes."""
        self._engine = engine
        self._on_status = on_status
        self.status = EngineStatus()
        self._outbox: asyncio.Queue[p.AnyCommand] = asyncio.Queue()
        self._started = asyncio.Event()
        self._handles: dict[str, Handle] = {}
        self._questions: dict[int, asyncio.Future[Any]] = {}
        self._hearing: dict[int, OnJobProgress] = {}
        self._last_request = 0
        self._refusal: LineError | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def ahead(self) -> int:
        """Runs worth submitting at once; more would only wait."""
        return self._engine.ahead

    def need(self) -> None:
        """Start the engine unless it is already running or starting."""
        if self.status.state == "off":
            self._spawn(self._read_all())
            self._spawn(self._send_all())
        if self.status.state in ("off", "dead"):
            self._refusal = None
            self._become(EngineStatus("starting"))
            self._spawn(self._start())

    def submit(self, run_id: str, spec: RunSpec) -> Handle:
        """Start a run under a new id."""
        return self._work(p.Start(run_id=run_id, spec=spec))

    def resume(self, run_id: str) -> Handle:
        """Resume an unfinished run."""
        return self._work(p.Resume(run_id=run_id))

    async def layers(self, model: str) -> list[LayerInfo]:
        """The layers of a model. Raises LineError."""
        listed: p.LayersListed = await self._ask(p.ListLayers(request=self._new_request(), model=model))
        return listed.layers

    async def do(
        self, job: str, body: msgspec.Struct, kind: type[Found], on_progress: OnJobProgress = lambda progress: None
    ) -> Found:
        """Run a job of `line_tui.engine.jobs`; its result has type `kind`. Raises LineError."""
        request = self._new_request()
        self._hearing[request] = on_progress
        try:
            done: p.JobDone = await self._ask(p.DoJob(request=request, job=job, wanted=msgspec.json.encode(body)))
        finally:
            del self._hearing[request]
        return msgspec.json.decode(done.found, type=kind)

    def send(self, command: p.AnyCommand) -> None:
        """Send a command once the engine is ready; the order is kept."""
        self._outbox.put_nowait(command)

    async def kill(self, grace: float) -> None:
        """Kill the engine."""
        await self._engine.kill(grace)

    def log_lines(self, count: int) -> list[str]:
        """The last lines that the engine wrote to stderr."""
        return self._engine.log.last_lines(count)

    async def __aenter__(self) -> Executor:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the engine."""
        await self._engine.close()
        self._end_all(EngineError("the engine was closed", "resume the run"))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _work(self, command: p.Start | p.Resume) -> Handle:
        handle = self._handles[command.run_id] = Handle(
            self, command.run_id, command.spec if isinstance(command, p.Start) else None
        )
        if self.status.problem:
            self._become(replace(self.status, problem=""))
        self.need()
        self.send(command)
        return handle

    async def _ask(self, question: p.Ask) -> Any:
        self.need()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._questions[question.request] = future
        self.send(question)  # type: ignore[arg-type]
        return await future

    def _new_request(self) -> int:
        self._last_request += 1
        return self._last_request

    async def _start(self) -> None:
        try:
            await self._engine.start()
        except LineError as error:
            self._refusal = error
            self._exited(EngineExited(None, None, []))

    async def _send_all(self) -> None:
        while True:
            command = await self._outbox.get()
            await self._started.wait()
            try:
                await self._engine.send(command)
            except LineError:
                # The engine has ended, which is reported by a separate message.
                continue

    async def _read_all(self) -> None:
        async for message in self._engine.messages():
            match message:
                case p.Ready(protocol_version=p.PROTOCOL_VERSION):
                    self._become(EngineStatus("ready"))
                    self._started.set()
                case p.Ready():
                    self._refusal = EngineError(
                        "the engine belongs to another version of line-tui",
                        "install the same version everywhere, then start line-tui again",
                    )
                    await self._engine.kill(GRACE)
                case p.RunEvent(envelope=envelope):
                    self._happened(envelope)
                case p.LayersListed(request=request) | p.JobDone(request=request):
                    self._answer(request, message)
                case p.JobProgress(request=request) if request in self._hearing:
                    self._hearing[request](message)
                case p.CommandFailed():
                    self._failed(message)
                case EngineExited():
                    self._exited(message)

    def _happened(self, envelope: Envelope) -> None:
        handle = self._handles.get(envelope.run_id)
        if handle is not None:
            handle.take(envelope)
            if handle.ended:
                del self._handles[envelope.run_id]

    def _answer(self, request: int, answer: p.AnyMessage | LineError) -> None:
        future = self._questions.pop(request, None)
        if future is None or future.done():
            return
        if isinstance(answer, LineError):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def _failed(self, failed: p.CommandFailed) -> None:
        error = _error(failed.cause, failed.fix, failed.exit_code)
        handle = self._handles.get(failed.run_id or "")
        if failed.request is not None:
            self._answer(failed.request, error)
            return
        if handle is not None and failed.command in ("start", "resume"):
            handle.fail(error)
        if self.status.state == "starting":
            self._refusal = error
        else:
            self._become(replace(self.status, problem=str(error)))

    def _exited(self, exited: EngineExited) -> None:
        self._started.clear()
        # Commands for this engine must not reach the next one.
        while not self._outbox.empty():
            self._outbox.get_nowait()
        lines = [str(self._refusal)] if self._refusal else exited.last_lines
        self._become(EngineStatus("dead", exited.code, exited.signal, tuple(lines)))
        self._end_all(self._refusal or died(exited, self._engine.log))

    def _end_all(self, error: LineError) -> None:
        for request in list(self._questions):
            self._answer(request, error)
        for run_id in list(self._handles):
            self._handles.pop(run_id).end(error)

    def _become(self, status: EngineStatus) -> None:
        self.status = status
        self._on_status(status)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def died(exited: EngineExited, log: EngineLog) -> EngineError | MemoryLimitError:
    """The error for the runs of an engine that ended."""
    ended = "could not be started" if exited.code is None else f"ended with code {exited.code}"
    how = f"was killed by {exited.signal}" if exited.signal else ended
    last = f" ({exited.last_lines[-1]})" if exited.last_lines else ""
    if exited.memory:
        return MemoryLimitError(
            f"the engine {how}, because memory ran out{last}",
            "close other programs, or choose a profile with smaller models",
        )
    return EngineError(f"the engine {how}{last}", f"nothing stored is lost; {log.path} has the details")


def _error(cause: str, fix: str, exit_code: int) -> LineError:
    kinds = {kind.exit_code: kind for kind in LineError.__subclasses__()}
    return kinds.get(exit_code, LineError)(cause, fix)
