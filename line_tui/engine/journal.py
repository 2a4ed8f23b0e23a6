"""Where a run's events go: into the store first, then to the client."""

from __future__ import annotations

import time
from collections.abc import Callable

from line_tui.events import DurableEvent, Envelope, EphemeralEvent, durable
from line_tui.store import Store


class StoreJournal:
    """The events of one run."""

    def __init__(self, store: Store, run_id: str, show: Callable[[Envelope], None], last_seen: int) -> None:
        """`last_seen` is the number of the last event that the loop's state already holds."""
        self._store = store
        self._run_id = run_id
        self._show = show
        self._last_seen = last_seen
        self._own: set[int | None] = set()

    def append(self, *events: DurableEvent) -> None:
        """Store events together or not at all, then show them. Raises StoreError."""
        for envelope in self._store.append_all(self._run_id, events):
            self._own.add(envelope.seq)
            self._show(envelope)

    def show(self, event: EphemeralEvent) -> None:
        """Show an event without storing it."""
        self._show(Envelope(run_id=self._run_id, time=time.time(), event=event))

    def unseen(self) -> list[DurableEvent]:
        """Events that others stored in this run since the last call; whoever stored them has shown them."""
        news = self._store.events(self._run_id, after=self._last_seen)
        if news and (last := news[-1].seq) is not None:
            self._last_seen = last
        others = durable(envelope for envelope in news if envelope.seq not in self._own)
        self._own.clear()
        return others
