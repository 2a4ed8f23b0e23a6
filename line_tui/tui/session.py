"""The app's view of a run: folds events into immutable snapshots, and sends the user's decisions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from line_tui import events as e
from line_tui.errors import UsageError
from line_tui.explain.state import RunState, apply
from line_tui.sanitize import as_concept, shown
from line_tui.store import Store
from line_tui.tui import view

_LONGEST_GAP = 120.0
"""Longest gap between two events that counts as work, in seconds; a longer one is a pause."""

_NO_WORK: set[e.Phase] = {"waiting", "paused"}
_WORK = e.Proposed | e.ImageScored | e.TrialScored | e.PhaseChanged | e.Progress | e.Token

_NOTHING = RunState()


@dataclass(frozen=True)
class Snapshot:
    """The state of a run that one frame shows. Immutable."""

    run_id: str
    state: RunState = _NOTHING
    phase: e.Phase = "idle"
    detail: str = ""
    done: int = 0
    total: int = 0
    text: str = ""
    """The language model's output for the current request."""
    thinking: str = ""
    previews: tuple[bytes, ...] = ()
    """Previews of the unfinished pictures."""
    trial: str | None = None
    """The trial of the latest image."""
    busy_seconds: float = 0.0
    """Time spent on proposals and images, without pauses and questions to the user."""
    counted: int = 0
    """Number of images recorded."""
    last_time: float | None = None
    version: int = 0

    @property
    def active(self) -> bool:
        """Whether the run has not ended."""
        return self.state.status in ("new", "running")


def advance(before: Snapshot, envelope: e.Envelope) -> Snapshot:
    """The snapshot after an event."""
    event = envelope.event
    after = replace(_clock(before, envelope), version=before.version + 1)
    match event:
        case e.PhaseChanged(phase=phase, detail=detail):
            fresh = phase == "proposing"
            return replace(
                after,
                phase=phase,
                detail=detail,
                done=0,
                total=0,
                text="" if fresh else after.text,
                thinking="" if fresh else after.thinking,
                previews=(),
            )
        case e.Progress(done=done, total=total):
            return replace(after, done=done, total=total)
        case e.Preview(pictures=pictures):
            return replace(after, previews=tuple(pictures))
        case e.Token(text=text, thinking=thinking):
            if thinking:
                return replace(after, thinking=after.thinking + text)
            return replace(after, text=after.text + text)
        case e.Proposed():
            return replace(after, state=apply(before.state, event), text="", thinking="")
        case e.ImageScored():
            state = apply(before.state, event)
            return replace(after, state=state, trial=event.trial, counted=after.counted + 1, previews=())
        case e.Finished() | e.Stopped() | e.Failed():
            return replace(
                after, state=apply(before.state, event), phase="idle", detail="", text="", done=0, total=0, previews=()
            )
        case _:
            return replace(after, state=apply(before.state, event))


def _clock(before: Snapshot, envelope: e.Envelope) -> Snapshot:
    gap = 0.0
    working = before.state.control is not None and before.phase not in _NO_WORK
    if before.last_time is not None and working and isinstance(envelope.event, _WORK):
        gap = envelope.time - before.last_time
    gap = gap if 0 < gap < _LONGEST_GAP else 0.0
    return replace(before, last_time=envelope.time, busy_seconds=before.busy_seconds + gap)


def seconds_left(snapshot: Snapshot) -> float | None:
    """Estimated time left; None while unknown.

    A search image takes the average time including proposals, a report image the average time to draw and record it.
    """
    if not snapshot.counted or not snapshot.busy_seconds or not snapshot.active:
        return None
    search = snapshot.busy_seconds / snapshot.counted * view.images_left(snapshot.state)
    return search + view.seconds_per_image(snapshot.state) * view.report_images_left(snapshot.state)


def replayed(run_id: str, envelopes: Iterable[e.Envelope]) -> Snapshot:
    """The snapshot after these events."""
    snapshot = Snapshot(run_id=run_id)
    for envelope in envelopes:
        snapshot = advance(snapshot, envelope)
    return snapshot


def new_id() -> str:
    """A unique id for a decision."""
    return f"d{uuid.uuid4().hex[:12]}"


class Session:
    """A run in the app; its snapshot changes only through `feed`."""

    def __init__(self, run_id: str, store: Store, send: Callable[[e.Decision], None]) -> None:
        """`send` passes a decision to the process that writes the run's events; it comes back through `feed`."""
        self.run_id = run_id
        self.store = store
        self._send = send
        self.snapshot = Snapshot(run_id=run_id)
        self._seen: set[int] = set()
        self._undoable: list[str | e.ModeChanged | e.BudgetChanged] = []

    def catch_up(self) -> None:
        """Fold the run from the store, at the start or again after the death of the engine."""
        self.snapshot = Snapshot(run_id=self.run_id, version=self.snapshot.version + 1)
        self._seen.clear()
        self._undoable.clear()
        for envelope in self.store.events(self.run_id):
            self.feed(envelope)

    def follow(self) -> None:
        """Fold the events that another process has stored since the last call."""
        for envelope in self.store.events(self.run_id, after=max(self._seen, default=0)):
            self.feed(envelope)

    def feed(self, envelope: e.Envelope) -> None:
        """Fold an event, unless it was folded before."""
        if envelope.seq is not None:
            if envelope.seq in self._seen:
                return
            self._seen.add(envelope.seq)
        self._remember(envelope.event)
        self.snapshot = advance(self.snapshot, envelope)

    def decide(
        self, kind: e.DecisionKind, trial: str | None = None, concept: str | None = None, reason: str = ""
    ) -> None:
        """Make a decision; it counts once it is stored. Raises UsageError for an empty concept."""
        if concept is not None and not (concept := as_concept(concept)):
            raise UsageError("a concept must have visible letters", "write one to three words")
        self._send(e.Decided(decision=new_id(), kind=kind, trial=trial, concept=concept, reason=shown(reason)))

    def set_mode(self, ask_first: bool) -> None:
        """Choose whether every proposal waits for the user."""
        self._send(e.ModeChanged(ask_first=ask_first))

    def set_budget(self, iterations: int) -> None:
        """Change the total number of iterations."""
        self._send(e.BudgetChanged(iterations=iterations))

    @property
    def can_undo(self) -> bool:
        """Whether there is a decision that can be undone."""
        return bool(self._undoable)

    def undo(self) -> None:
        """Undo the user's last decision, if any; the undo is a decision too."""
        if not self._undoable:
            return
        last = self._undoable[-1]
        if not isinstance(last, str):
            self._send(last)
            return
        self._send(e.Decided(decision=new_id(), kind="undo", undoes=last))
        # Without waiting for the event, so that a second undo applies to the decision before.
        if last in self._undoable:
            self._undoable.remove(last)

    def _remember(self, event: e.AnyEvent) -> None:
        """Update the list of decisions that can be undone; changing a setting back by hand counts as an undo."""
        state = self.snapshot.state
        match event:
            case e.ImageScored(trial=trial) | e.TrialScored(trial=trial):
                # An edit can be undone only until the concept has been measured.
                drawn = {d.decision for d in state.decisions if d.kind == "edit" and d.trial == trial}
                self._undoable = [entry for entry in self._undoable if entry not in drawn]
            case e.Decided(kind="undo", undoes=undoes):
                self._undoable = [entry for entry in self._undoable if entry != undoes]
            case e.Decided(decision=decision):
                self._undoable.append(decision)
            case e.ModeChanged() | e.BudgetChanged() if self._undoable and self._undoable[-1] == event:
                self._undoable.pop()
            case e.ModeChanged():
                self._undoable.append(e.ModeChanged(ask_first=state.ask_first))
            case e.BudgetChanged():
                self._undoable.append(e.BudgetChanged(iterations=state.iterations))
