"""Controls the current run, the only one that the engine works on: starts, pauses, stops and resumes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App

from line_tui.engine.executor import Handle
from line_tui.errors import LineError, UnknownNameError
from line_tui.events import Decision, Envelope, ModelsLoaded, PhaseChanged, RunSpec
from line_tui.store import RunSummary, Store
from line_tui.tui.engine_supervisor import EngineFactory, EngineSupervisor
from line_tui.tui.session import Session


class RunController:
    """The current run, the queue of runs behind it, and the list of stored ones."""

    def __init__(
        self,
        app: App[Any],
        store: Store,
        make_engine: EngineFactory,
        *,
        show: Callable[[], None],
        is_shown: Callable[[str], bool],
        confirm: Callable[[str, Callable[[], None]], None],
        on_run_ended: Callable[[], None],
    ) -> None:
        """`show` brings the current run to the screen, `is_shown` tells whether a run is on it.

        `confirm` asks the user a question and calls back for yes.
        """
        self.engine = EngineSupervisor(
            app, make_engine, on_event=self._take_event, on_run_ended=self._run_ended, on_death=self._engine_died
        )
        self.session: Session | None = None
        """The current run as the app knows it."""
        self.paused = False
        self.runs: list[RunSummary] = []
        """Stored runs, as they were last read."""
        self.queue: list[RunSpec] = []
        """Runs to start one after the other when the engine is free."""
        self._app = app
        self._store = store
        self._show = show
        self._is_shown = is_shown
        self._confirm = confirm
        self._on_run_ended = on_run_ended
        self._spec: RunSpec | None = None
        self._work: Handle | None = None

    def _take_event(self, envelope: Envelope) -> None:
        event = envelope.event
        if self.session is not None and envelope.run_id == self.session.run_id:
            self.session.feed(envelope)
            if isinstance(event, PhaseChanged) and event.phase == "paused":
                self.paused = True
            for note in event.notes if isinstance(event, ModelsLoaded) else ():
                self._app.notify(note, timeout=10)

    def _run_ended(self, run_id: str, error: LineError | None) -> None:
        """Why it ended is told by its own events or by the engine's status."""
        if self._work is not None and self._work.run_id == run_id and self._work.ended:
            self._work = None
            if self.queue and self.engine.status.state == "ready":
                self._start_next(run_id)
        self._on_run_ended()

    def enqueue(self, specs: Sequence[RunSpec]) -> None:
        """Explain these one after the other, after the current run."""
        self.queue += specs
        if self._work is None and self.queue:
            self._start(self.queue.pop(0), watch=False)

    def _start_next(self, ended: str) -> None:
        """Start the next run, whatever became of the last one, unless the user stopped it: that holds the queue."""
        try:
            stopped = self._store.run(ended).status == "stopped"
        except LineError:
            # A run that could not be started leaves nothing in the store.
            stopped = False
        if not stopped:
            self._start(self.queue.pop(0), watch=self._is_shown(ended))

    def _engine_died(self) -> None:
        """Its run ends with it; what it stored last may not have been shown."""
        self._work = None
        self.paused = False
        if self.session is not None:
            self._catch_up(self.session)

    def read_runs(self) -> None:
        """Read the list of runs anew."""
        try:
            self.runs = self._store.runs()
        except LineError as error:
            self._app.notify(str(error), title="The runs cannot be read", severity="error", timeout=10)

    def start(self, spec: RunSpec) -> None:
        """Start a run and show it; ask first when another is in progress."""
        if self._work is not None:
            question = "A run is going on. Stop it and start this one? It can go on later."
            self._confirm(question, lambda: self._stop_and_start(spec))
        else:
            self._start(spec)

    def _stop_and_start(self, spec: RunSpec) -> None:
        self.stop()
        self._start(spec)

    def _start(self, spec: RunSpec, watch: bool = True) -> None:
        try:
            run_id = self._store.new_run_id()
        except LineError as error:
            self._app.notify(str(error), severity="error", timeout=10)
            return
        self.session = Session(run_id, self._store, self._decide)
        self.paused = False
        self._spec = spec
        self._work_on(self.engine.executor.submit(run_id, spec))
        if watch:
            self._show()

    def asked_for(self, run_id: str) -> RunSpec | None:
        """The spec of the current run, also before its first event."""
        return self._spec if self.session is not None and self.session.run_id == run_id else None

    def open(self, run_id: str) -> bool:
        """Make a stored run the current one and show it; False, with a message, when another is in progress."""
        if self.session is None or self.session.run_id != run_id:
            if self._work is not None:
                self._app.notify("A run is going on: stop it first, or look at this one by its result or replay.")
                return False
            self.session = Session(run_id, self._store, self._decide)
            self.paused = False
            self._catch_up(self.session)
        self._show()
        return True

    def resume(self) -> None:
        """Continue the current run from its last stored event, with a new engine if need be."""
        if self.session is None:
            return
        run_id = self.session.run_id
        self.paused = False
        try:
            self._store.spec(run_id)
        except UnknownNameError:
            # The engine died before it had started the run, or could not start it.
            if self._spec is not None:
                self._work_on(self.engine.executor.submit(run_id, self._spec))
        except LineError as error:
            self._app.notify(str(error), severity="error", timeout=10)
        else:
            self._work_on(self.engine.executor.resume(run_id))

    def _work_on(self, handle: Handle) -> None:
        self._work = handle
        self.engine.follow(handle)

    def at_work_on(self, run_id: str) -> bool:
        """Whether the engine works on this run, or will as soon as it is ready."""
        return self._work is not None and self._work.run_id == run_id

    def is_elsewhere(self, run_id: str) -> bool:
        """Whether another process works on this run."""
        return not self.at_work_on(run_id) and self._store.is_worked_on(run_id)

    def _catch_up(self, session: Session) -> None:
        try:
            session.catch_up()
        except LineError as error:
            self._app.notify(str(error), title="The run cannot be read", severity="error", timeout=10)

    def _decide(self, event: Decision) -> None:
        """Pass a decision to whoever works on the current run; when nobody does, store it here."""
        if self._work is not None and self.session is not None and self.at_work_on(self.session.run_id):
            self._work.decide(event)
        elif self.session is not None and self._store.is_worked_on(self.session.run_id):
            # It comes back as an event once whoever works on the run has stored it.
            self._store.leave(self.session.run_id, event)
        elif self.session is not None:
            self.session.feed(self._store.decide(self.session.run_id, event))

    def hold(self, paused: bool) -> None:
        """Pause the run or let it continue."""
        self.paused = paused
        if self._work is not None:
            self._work.pause() if paused else self._work.go_on()

    def step(self) -> None:
        """Let the run take one step, then pause."""
        if self._work is not None:
            self._work.step()

    def stop(self) -> None:
        """Stop the run, by killing the engine when it does not answer."""
        if self._work is not None:
            self._app.run_worker(self._work.cancel(), exit_on_error=False)
