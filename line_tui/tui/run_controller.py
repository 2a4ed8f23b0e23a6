"""Starts, pauses, stops and resumes runs: the current one, and those of the queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App

from line_tui.engine.executor import Handle
from line_tui.errors import LineError, UnknownNameError
from line_tui.events import Decision, Envelope, ModelsLoaded, PhaseChanged, RunSpec
from line_tui.plural import counted
from line_tui.store import RunSummary, Store
from line_tui.tui.engine_supervisor import EngineFactory, EngineSupervisor
from line_tui.tui.session import Session

if TYPE_CHECKING:
    from line_tui.engine.neuron_queue import How, Queue

MAX_QUEUED_RUNS = 7
"""Runs of the queue at once: one fewer than the engine allows, so that the user's own run starts without waiting."""


class RunController:
    """The current run, the queue, and the list of stored runs."""

    def __init__(
        self,
        app: App[Any],
        store: Store,
        make_engine: EngineFactory,
        *,
        show: Callable[[], None],
        is_shown: Callable[[str], bool],
        confirm: Callable[[str, Callable[[], None]], None],
        on_change: Callable[[], None],
    ) -> None:
        """`show` shows the current run; `is_shown` returns whether a run is on the screen.

        `on_change` is called when a run has begun or ended. `confirm` asks the user a question, and calls its second
        argument if the answer is yes.
        """
        self.engine = EngineSupervisor(
            app, make_engine, on_event=self._take_event, on_run_ended=self._run_ended, on_death=self._engine_died
        )
        self.session: Session | None = None
        """The current run."""
        self.runs: list[RunSummary] = []
        """Stored runs, as they were last read."""
        self._queue: Queue[RunSpec] | None = None
        self._queue_began = 0.0
        self._queue_explained = 0
        self._paused: set[str] = set()
        self._app = app
        self._store = store
        self._show = show
        self._is_shown = is_shown
        self._confirm = confirm
        self._on_change = on_change
        self._spec: RunSpec | None = None
        self._own: Handle | None = None
        """The run that was started outside the queue."""

    @property
    def _work(self) -> Handle | None:
        """The current run, if the engine works on it."""
        return None if self.session is None else self._handles().get(self.session.run_id)

    def _handles(self) -> dict[str, Handle]:
        own = {} if self._own is None else {self._own.run_id: self._own}
        return own | (self._queue.handles if self._queue is not None else {})

    @property
    def waiting(self) -> list[RunSpec]:
        """Runs of the queue that have not started."""
        return list(self._queue.waiting) if self._queue is not None else []

    @property
    def queue_running(self) -> int:
        """Runs of the queue that the engine works on."""
        return len(self._queue.handles) if self._queue is not None else 0

    @property
    def queue_seconds_left(self) -> float | None:
        """Estimated time until the queue is done; None until its first run has ended, and while a run is paused."""
        if not self._queue_explained or self._paused & self._handles().keys():
            return None
        each = (time.monotonic() - self._queue_began) / self._queue_explained
        return each * (len(self.waiting) + self.queue_running)

    @property
    def queue_held(self) -> bool:
        """Whether the queue was stopped and still has runs."""
        return self._queue is not None and self._queue.batch.stopped and bool(self._queue.waiting)

    @property
    def is_working(self) -> bool:
        """Whether the engine works on any run."""
        return bool(self._handles())

    @property
    def paused(self) -> bool:
        """Whether the current run is paused."""
        return self.session is not None and self.session.run_id in self._paused

    def _take_event(self, envelope: Envelope) -> None:
        event = envelope.event
        if isinstance(event, PhaseChanged) and event.phase == "paused":
            self._paused.add(envelope.run_id)
        if self.session is not None and envelope.run_id == self.session.run_id:
            self.session.feed(envelope)
            for note in event.notes if isinstance(event, ModelsLoaded) else ():
                self._app.notify(note, timeout=10)

    def _run_ended(self, run_id: str, error: LineError | None) -> None:
        """A failure needs no message here: the run's events or the engine's status show it."""
        if self._own is not None and self._own.run_id == run_id and self._own.ended:
            self._own = None
        self._paused.discard(run_id)
        self._on_change()

    def enqueue(self, specs: Sequence[RunSpec]) -> None:
        """Add runs to the queue, which works on several at once; a stopped queue continues."""
        # Imported here so that the first screen does not wait for it.
        from line_tui.engine.neuron_queue import Queue

        if self._queue is None or self._queue.batch.stopped:
            held = self.waiting
            self._queue = queue = Queue(
                self.engine.executor, self._store, lambda spec: spec, self._queued_ended, most=MAX_QUEUED_RUNS
            )
            queue.on_event = self._take_event_later
            queue.on_begin = lambda handle: self._on_change()
            # A run that asks first waits until the user watches it.
            queue.on_question = lambda handle: None
            queue.add([*held, *specs])
            self._queue_began, self._queue_explained = time.monotonic(), 0
            self.engine.run(partial(self._explain_queue, queue))
        else:
            self._queue.add(specs)

    def clear_queue(self) -> None:
        """Start no more runs of the queue; those in progress continue."""
        if self._queue is not None:
            self._queue.waiting.clear()

    def _take_event_later(self, envelope: Envelope) -> None:
        self._app.call_later(self._take_event, envelope)

    async def _explain_queue(self, queue: Queue[RunSpec]) -> None:
        try:
            batch = await queue.explain()
        except LineError as error:
            self._app.notify(str(error), title="The queue is finished", severity="error", timeout=10)
            return
        if self._queue is queue and not batch.stopped:
            self._queue = None
        if batch.failures:
            failed = ", ".join(str(spec.neuron) for spec in batch.failures)
            first = next(iter(batch.failures.values()))
            self._app.notify(f"{failed}: {first}", title="Not explained", severity="error", timeout=10)
        elif not batch.stopped:
            self._app.notify(f"Explained {counted(len(batch.runs), 'neuron')}.", title="The queue is finished")
        self._on_change()

    def _queued_ended(self, spec: RunSpec, how: How) -> None:
        # Neurons that an earlier run has explained would make the estimate too short.
        self._queue_explained += how == "explained"
        run_id = self._queue.batch.runs.get(spec) if self._queue is not None else None
        if run_id is None:
            # It failed; `_explain_queue` reports that at the end.
            self._app.call_later(self._on_change)
            return
        self._app.call_later(self._run_ended, run_id, None)
        if self._queue is not None and self._queue.handles and self._is_shown(run_id):
            self._app.call_later(self.watch)

    def watch(self) -> None:
        """Show the current run; if the engine does not work on it, show one that it works on."""
        handles = self._handles()
        if handles and (self.session is None or self.session.run_id not in handles):
            self._select(next(iter(handles)))
        self._show()

    def _select(self, run_id: str) -> None:
        """Make a stored run the current one."""
        self.session = Session(run_id, self._store, self._decide)
        handle = self._handles().get(run_id)
        self._spec = handle.spec if handle is not None else self._stored_spec(run_id)
        self._catch_up(self.session)

    def _stored_spec(self, run_id: str) -> RunSpec | None:
        """The spec of a run that was not started in this session; None if it cannot be read."""
        with suppress(LineError):
            return self._store.spec(run_id)
        return None

    def _engine_died(self) -> None:
        """Read the events that the engine stored but did not deliver. The queue restarts the engine by itself."""
        self._own = None
        self._paused.clear()
        if self.session is not None:
            self._catch_up(self.session)

    def read_runs(self) -> None:
        """Reload the list of stored runs."""
        try:
            self.runs = self._store.runs()
        except LineError as error:
            self._app.notify(str(error), title="The runs cannot be read", severity="error", timeout=10)

    def start(self, spec: RunSpec) -> None:
        """Start a run and show it; if another is in progress, ask first."""
        if self._own is not None:
            question = "Another run is in progress. Stop it and start this one? You can resume it later."
            self._confirm(question, lambda: self._start(spec))
        else:
            self._start(spec)

    def _start(self, spec: RunSpec) -> None:
        if self._own is not None:
            self.engine.run(self._own.cancel)
        try:
            run_id = self._store.new_run_id()
        except LineError as error:
            self._app.notify(str(error), severity="error", timeout=10)
            return
        self.session = Session(run_id, self._store, self._decide)
        self._spec = spec
        self._work_on(self.engine.executor.submit(run_id, spec))
        self._show()

    def spec_of(self, run_id: str) -> RunSpec | None:
        """A run's spec, even before its first event; None unless it is the current run."""
        return self._spec if self.session is not None and self.session.run_id == run_id else None

    def open(self, run_id: str) -> bool:
        """Show a stored run as the current one; if another is in progress, show a message and return False."""
        if self.session is None or self.session.run_id != run_id:
            if self._own is not None and run_id not in self._handles():
                self._app.notify(
                    "Another run is in progress: stop it first, or look at this one in its result or replay."
                )
                return False
            self._select(run_id)
        self._show()
        return True

    def resume(self) -> None:
        """Continue the current run from its last stored event; start a new engine if necessary."""
        if self.session is None:
            return
        run_id = self.session.run_id
        self._paused.discard(run_id)
        try:
            self._store.spec(run_id)
        except UnknownNameError:
            # The engine died before the run was stored, or could not start it.
            if self._spec is not None:
                self._work_on(self.engine.executor.submit(run_id, self._spec))
        except LineError as error:
            self._app.notify(str(error), severity="error", timeout=10)
        else:
            self._work_on(self.engine.executor.resume(run_id))

    def _work_on(self, handle: Handle) -> None:
        self._own = handle
        self.engine.follow(handle)

    def is_working_on(self, run_id: str) -> bool:
        """Whether the engine works on this run, or will once it is ready."""
        return run_id in self._handles()

    def is_queued(self, run_id: str) -> bool:
        """Whether the queue works on this run."""
        return self._queue is not None and run_id in self._queue.handles

    def is_elsewhere(self, run_id: str) -> bool:
        """Whether another process works on this run."""
        return not self.is_working_on(run_id) and self._store.is_worked_on(run_id)

    def _catch_up(self, session: Session) -> None:
        try:
            session.catch_up()
        except LineError as error:
            self._app.notify(str(error), title="The run cannot be read", severity="error", timeout=10)

    def _decide(self, event: Decision) -> None:
        """Pass a decision to the process that works on the current run; if none does, store it here."""
        if self.session is None:
            return
        if self._work is not None:
            self._work.decide(event)
        elif self._store.is_worked_on(self.session.run_id):
            # Once the other process has stored it, it comes back as an event.
            self._store.send_decision(self.session.run_id, event)
        else:
            self.session.feed(self._store.decide(self.session.run_id, event))

    def set_paused(self, paused: bool) -> None:
        """Pause or continue the current run."""
        if self.session is None or self._work is None:
            return
        if paused:
            self._paused.add(self.session.run_id)
            self._work.pause()
        else:
            self._paused.discard(self.session.run_id)
            self._work.go_on()

    def step(self) -> None:
        """Let the current run take one step, then pause."""
        if self._work is not None:
            self._work.step()

    def stop(self) -> None:
        """Stop the current run, or the whole queue if it belongs to the queue."""
        if self._queue is not None and self.session is not None and self.is_queued(self.session.run_id):
            self._queue.stop()
        elif self._work is not None:
            self.engine.run(self._work.cancel)

    async def close(self) -> None:
        """Stop the engine and all its runs."""
        if self._queue is not None:
            # Otherwise the queue would restart the engine.
            self._queue.batch.stopped = True
        await self.engine.close()
