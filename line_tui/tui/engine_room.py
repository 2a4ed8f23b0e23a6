"""The app's side of the engine: it is started when it is needed, heard, and its death is noticed."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from line_tui.engine.executor import Engine, EngineStatus, Executor, Handle
from line_tui.errors import EngineError, LineError
from line_tui.events import Envelope
from line_tui.layers import LayerInfo
from line_tui.tui.terminal_backpressure import Paced
from line_tui.tui.typeahead import TypeAhead

EngineFactory = Callable[[], Engine]


class Happened(Message):
    """An event of a run, on its way from the worker that reads it to the one handler that acts on it."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__()
        self.envelope = envelope


class RunEnded(Message):
    """Nobody works on a run any more; `error` is why, if it failed."""

    def __init__(self, run_id: str, error: LineError | None) -> None:
        super().__init__()
        self.run_id = run_id
        self.error = error


class EngineRoom(TypeAhead, Paced):
    """Base of the app. What the engine's news mean is said by `happened`, `run_ended` and `engine_died`."""

    def __init__(self, make_engine: EngineFactory) -> None:
        super().__init__()
        self.make_engine = make_engine
        self._executor: Executor | None = None

    def happened(self, envelope: Envelope) -> None:
        """An event of a run."""
        raise NotImplementedError

    def run_ended(self, run_id: str, error: LineError | None) -> None:
        """Nobody works on a run any more."""
        raise NotImplementedError

    def engine_died(self) -> None:
        """The engine is gone; `engine_status` tells how."""
        raise NotImplementedError

    @property
    def executor(self) -> Executor:
        """Where runs are worked on. Nothing is started yet."""
        if self._executor is None:
            self._executor = Executor(self.make_engine(), self._engine_is)
        return self._executor

    @property
    def engine_status(self) -> EngineStatus:
        """Where the engine stands; a replay alone needs none."""
        return self._executor.status if self._executor is not None else EngineStatus()

    def need_engine(self) -> None:
        """Start the engine unless it is there or on its way."""
        self.executor.need()

    def follow(self, handle: Handle) -> None:
        """Pass on what happens in a run."""
        self.run_worker(self._follow(handle), exit_on_error=False)

    async def _follow(self, handle: Handle) -> None:
        error: LineError | None = None
        try:
            async for envelope in handle.events():
                self.post_message(Happened(envelope))
        except LineError as failed:
            error = failed
        self.post_message(RunEnded(handle.run_id, error))

    def ask_for_layers(self, model: str, answer: Callable[[list[LayerInfo] | str | None], None]) -> None:
        """Ask for a model's layers; `answer` gets them, or why there are none, or None when the engine died."""
        self.run_worker(self._ask_for_layers(model, answer), exit_on_error=False)

    async def _ask_for_layers(self, model: str, answer: Callable[[list[LayerInfo] | str | None], None]) -> None:
        try:
            answer(await self.executor.layers(model))
        except EngineError:
            answer(None)
        except LineError as error:
            answer(f"{error.cause}\n{error.fix}")

    def on_happened(self, message: Happened) -> None:
        """Act on an event."""
        self.happened(message.envelope)

    def on_run_ended(self, message: RunEnded) -> None:
        """Act on the end of a run."""
        self.run_ended(message.run_id, message.error)

    def _engine_is(self, status: EngineStatus) -> None:
        if status.state == "dead":
            self.engine_died()

    def engine_lines(self) -> list[str]:
        """What the engine wrote to its stderr."""
        return self._executor.log_lines(400) if self._executor is not None else []

    async def on_unmount(self) -> None:
        """End the engine with the app."""
        if self._executor is not None:
            await self._executor.close()
