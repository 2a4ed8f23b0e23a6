"""The journal of a run, its only writer: events are stored first, then shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from line_tui.engine.run_store import RunStore
from line_tui.events import Decision, DurableEvent, Envelope, EphemeralEvent, durable


class StoreJournal:
    """Writes the events of one run, from the loop's thread and the thread that receives decisions."""

    def __init__(self, store: RunStore, run_id: str, show: Callable[[Envelope], None]) -> None:
        self._store = store
        self._run_id = run_id
        self._show = show
        # Held while events are stored and shown, so that both have the same order.
        self._lock = threading.Lock()
        self._new: list[DurableEvent] = []

    def reload(self) -> list[DurableEvent]:
        """All stored events, including the user's latest decisions. Raises StoreError."""
        with self._lock:
            self._new.clear()
            return durable(self._store.events(self._run_id))

    def append(self, *events: DurableEvent) -> list[DurableEvent]:
        """Store events, all or none, show them, and return all events since the last call. Raises StoreError."""
        with self._lock:
            self._write(*events)
            return [*self._take(), *events]

    def decide(self, event: Decision) -> None:
        """Store a decision at once and show it. Raises StoreError."""
        with self._lock:
            self._write(event)
            self._new.append(event)

    def new_decisions(self) -> list[DurableEvent]:
        """The decisions since the last call."""
        with self._lock:
            return self._take()

    def show(self, event: EphemeralEvent) -> None:
        """Show an event without storing it."""
        self._show(Envelope(run_id=self._run_id, time=time.time(), event=event))

    def _write(self, *events: DurableEvent) -> None:
        for envelope in self._store.append_all(self._run_id, events):
            self._show(envelope)

    def _take(self) -> list[DurableEvent]:
        new, self._new = self._new, []
        return new
