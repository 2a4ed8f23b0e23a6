"""Starts the engine when it is needed, passes on its events, and notices when it dies."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.app import App
from textual.worker import WorkType

from line_tui.engine.executor import Engine, EngineStatus, Executor, Handle
from line_tui.errors import EngineError, LineError
from line_tui.events import Envelope
from line_tui.layers import LayerInfo

EngineFactory = Callable[[], Engine]


class EngineSupervisor:
    """The app's engine. Its callbacks run in the app's message queue, one at a time."""

    def __init__(
        self,
        app: App[Any],
        make_engine: EngineFactory,
        *,
        on_event: Callable[[Envelope], None],
        on_run_ended: Callable[[str, LineError | None], None],
        on_death: Callable[[], None],
    ) -> None:
        """`on_run_ended` gets a run's id, and the error if it failed. On `on_death`, `status` has the cause."""
        self._app = app
        self._make_engine = make_engine
        self._on_event = on_event
        self._on_run_ended = on_run_ended
        self._on_death = on_death
        self._executor: Executor | None = None

    @property
    def executor(self) -> Executor:
        """Runs are submitted here. The engine starts with the first request, not when this is read."""
        if self._executor is None:
            self._executor = Executor(self._make_engine(), self._status_changed)
        return self._executor

    @property
    def status(self) -> EngineStatus:
        """The engine's state; "off" before its first use."""
        return self._executor.status if self._executor is not None else EngineStatus()

    def need(self) -> None:
        """Start the engine unless it is running or starting."""
        self.executor.need()

    def prepare(self) -> None:
        """Start the engine before the first run; do not restart one that has died."""
        if self.status.state == "off":
            self.need()

    def follow(self, handle: Handle) -> None:
        """Pass on the events of a run until it ends."""

        async def follow() -> None:
            error: LineError | None = None
            try:
                async for envelope in handle.events():
                    self._app.call_later(self._on_event, envelope)
            except LineError as failed:
                error = failed
            self._app.call_later(self._on_run_ended, handle.run_id, error)

        self.run(follow)

    def ask_for_layers(self, model: str, answer: Callable[[list[LayerInfo] | str | None], None]) -> None:
        """Ask for a model's layers; `answer` gets them, an error message, or None if the engine died."""

        async def ask() -> None:
            try:
                answer(await self.executor.layers(model))
            except EngineError:
                answer(None)
            except LineError as error:
                answer(f"{error.cause}\n{error.fix}")

        self.run(ask)

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine in the background."""
        # Passed as a function: a coroutine that never ran before the app ends would cause a warning on stderr.
        self._app.run_worker(cast("WorkType[None]", work), exit_on_error=False)

    def _status_changed(self, status: EngineStatus) -> None:
        if status.state == "dead":
            self._on_death()

    def log_lines(self) -> list[str]:
        """The last lines of the engine's stderr."""
        return self._executor.log_lines(400) if self._executor is not None else []

    async def close(self) -> None:
        """Stop the engine."""
        if self._executor is not None:
            await self._executor.close()
