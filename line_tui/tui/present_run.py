"""The present run: one at a time has the engine and is watched, steered, stopped and resumed."""

from __future__ import annotations

from collections.abc import Sequence

from line_tui.engine.executor import Handle
from line_tui.errors import LineError, UnknownNameError
from line_tui.events import Decision, Envelope, ModelsLoaded, PhaseChanged, RunSpec
from line_tui.store import RunSummary, Store
from line_tui.tui.engine_room import EngineFactory, EngineRoom
from line_tui.tui.screens.dialogs import Confirm
from line_tui.tui.session import Session


class PresentRun(EngineRoom):
    """Base of the app. The screen that shows the run is opened by `watch_run`."""

    def __init__(self, store: Store, make_engine: EngineFactory) -> None:
        super().__init__(make_engine)
        self.store = store
        self.session: Session | None = None
        self.paused = False
        self.runs: list[RunSummary] = []
        self.queue: list[RunSpec] = []
        """Runs that begin one after the other when nothing else goes on."""
        self._spec: RunSpec | None = None
        self._work: Handle | None = None

    def watch_run(self) -> None:
        """Show the present run."""
        raise NotImplementedError

    def happened(self, envelope: Envelope) -> None:
        """An event of a run: the present one takes it in."""
        event = envelope.event
        if self.session is not None and envelope.run_id == self.session.run_id:
            self.session.feed(envelope)
            if isinstance(event, PhaseChanged) and event.phase == "paused":
                self.paused = True
            for note in event.notes if isinstance(event, ModelsLoaded) else ():
                self.notify(note, timeout=10)

    def run_ended(self, run_id: str, error: LineError | None) -> None:
        """Nobody works on a run any more: its own events, or the state of the engine, say why."""
        if self._work is None or self._work.run_id != run_id or not self._work.ended:
            return
        self._work = None
        if self.queue and self.engine_status.state == "ready":
            self._go_on_with_queue(run_id)

    def enqueue(self, specs: Sequence[RunSpec]) -> None:
        """Explain these one after the other, after what goes on now."""
        self.queue += specs
        if self._work is None and self.queue:
            self._start(self.queue.pop(0), watch=False)

    def _go_on_with_queue(self, ended: str) -> None:
        """Begin the next run, whatever became of the one before; a person's stop holds the queue."""
        try:
            stopped = self.store.run(ended).status == "stopped"
        except LineError:
            # A run that could not be begun leaves nothing.
            stopped = False
        if not stopped:
            self._start(self.queue.pop(0), watch=self.is_watching(ended))

    def is_watching(self, run_id: str) -> bool:
        """Whether this run is on the screen."""
        raise NotImplementedError

    def engine_died(self) -> None:
        """Its run ends with it; what it stored last may not have been shown."""
        self._work = None
        self.paused = False
        if self.session is not None:
            self._catch_up(self.session)

    def read_runs(self) -> None:
        """Read the list of runs anew."""
        try:
            self.runs = self.store.runs()
        except LineError as error:
            self.notify(str(error), title="The runs cannot be read", severity="error", timeout=10)

    def start_run(self, spec: RunSpec) -> None:
        """Start a run and watch it; when one goes on, ask first."""
        if self._work is not None:
            question = "A run is going on. Stop it and start this one? It can go on later."
            self.push_screen(Confirm(question), lambda yes: self._stop_and_start(spec) if yes else None)
        else:
            self._start(spec)

    def _stop_and_start(self, spec: RunSpec) -> None:
        self.stop_run()
        self._start(spec)

    def _start(self, spec: RunSpec, watch: bool = True) -> None:
        try:
            run_id = self.store.new_run_id()
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
            return
        self.session = Session(run_id, self.store, self._decide)
        self.paused = False
        self._spec = spec
        self._work_on(self.executor.submit(run_id, spec))
        if watch:
            self.watch_run()

    def asked_for(self, run_id: str) -> RunSpec | None:
        """What the present run was asked for, before its first event says so."""
        return self._spec if self.session is not None and self.session.run_id == run_id else None

    def open_run(self, run_id: str) -> bool:
        """Look at a stored run: the one that goes on, or as the store has it. False when another has the engine."""
        if self.session is None or self.session.run_id != run_id:
            if self._work is not None:
                self.notify("A run is going on: stop it first, or look at this one by its result or replay.")
                return False
            self.session = Session(run_id, self.store, self._decide)
            self.paused = False
            self._catch_up(self.session)
        self.watch_run()
        return True

    def resume(self) -> None:
        """Go on with the present run from its last stored event, with a new engine if need be."""
        if self.session is None:
            return
        run_id = self.session.run_id
        self.paused = False
        try:
            self.store.spec(run_id)
        except UnknownNameError:
            # The engine died before it had begun the run, or could not begin it.
            if self._spec is not None:
                self._work_on(self.executor.submit(run_id, self._spec))
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
        else:
            self._work_on(self.executor.resume(run_id))

    def _work_on(self, handle: Handle) -> None:
        self._work = handle
        self.follow(handle)

    def at_work_on(self, run_id: str) -> bool:
        """Whether the engine works on this run, or will as soon as it is ready."""
        return self._work is not None and self._work.run_id == run_id

    def is_elsewhere(self, run_id: str) -> bool:
        """Whether another process works on this run."""
        return not self.at_work_on(run_id) and self.store.is_worked_on(run_id)

    def _catch_up(self, session: Session) -> None:
        try:
            session.catch_up()
        except LineError as error:
            self.notify(str(error), title="The run cannot be read", severity="error", timeout=10)

    def _decide(self, event: Decision) -> None:
        """Give what the person said to whoever works on the present run; when nobody does, store it here."""
        if self._work is not None and self.session is not None and self.at_work_on(self.session.run_id):
            self._work.decide(event)
        elif self.session is not None and self.store.is_worked_on(self.session.run_id):
            # It comes back as an event once whoever works on the run has stored it.
            self.store.leave(self.session.run_id, event)
        elif self.session is not None:
            self.session.feed(self.store.decide(self.session.run_id, event))

    def hold(self, paused: bool) -> None:
        """Pause the run or let it go on."""
        self.paused = paused
        if self._work is not None:
            self._work.pause() if paused else self._work.go_on()

    def step_run(self) -> None:
        """Let the run do one step, then hold."""
        if self._work is not None:
            self._work.step()

    def stop_run(self) -> None:
        """Stop the run, by ending the engine when it does not answer."""
        if self._work is not None:
            self.run_worker(self._work.cancel(), exit_on_error=False)
