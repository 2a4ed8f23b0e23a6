"""The part of the store that an engine uses: the store itself, or a stand-in on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from line_tui.events import Decision, DurableEvent, Envelope, RunSpec
from line_tui.store.activations import Activations
from line_tui.store.images import Images


class RunStore(Protocol):
    """Runs with their events, pictures and activations; the methods are those of `line_tui.store.Store`."""

    @property
    def images(self) -> Images:
        """The pictures."""

    @property
    def activations(self) -> Activations:
        """Their activations."""

    def create(self, run_id: str, spec: RunSpec) -> None:
        """Add a run without events. Raises StoreError."""

    def forget(self, run_id: str) -> None:
        """Remove a run that never had an event."""

    def spec(self, run_id: str) -> RunSpec:
        """The spec of a run. Raises UnknownNameError."""

    def events(self, run_id: str) -> list[Envelope]:
        """Stored events of a run, oldest first."""

    def append_all(self, run_id: str, events: Sequence[DurableEvent]) -> list[Envelope]:
        """Store events, all or none; they are on disk when this returns. Raises StoreError."""

    def decide(self, run_id: str, event: Decision) -> Envelope:
        """Store a decision on an inactive run. Raises StoreError if it is active."""

    def take_decisions(self, run_id: str) -> list[Decision]:
        """Take the decisions in the run's inbox."""

    def lease(self, run_id: str) -> AbstractContextManager[None]:
        """Lock a run while working on it. Raises StoreError if another process holds it."""

    def free_bytes(self) -> int:
        """Free space on the disk of the pictures."""
