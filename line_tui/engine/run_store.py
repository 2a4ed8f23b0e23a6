"""The part of the store that an engine uses: the store itself, or a stand-in on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from line_tui.events import Decision, DurableEvent, Envelope, RunSpec
from line_tui.store.activations import Activations
from line_tui.store.images import Images


class RunStore(Protocol):
    """Runs, their events, pictures and activations; each method as `line_tui.store.Store` has it."""

    @property
    def images(self) -> Images:
        """The pictures."""
        ...

    @property
    def activations(self) -> Activations:
        """What vision models made of them."""
        ...

    def create(self, run_id: str, spec: RunSpec) -> None:
        """Add a run without events. Raises StoreError."""
        ...

    def forget(self, run_id: str) -> None:
        """Take a run off that never had an event."""
        ...

    def spec(self, run_id: str) -> RunSpec:
        """What a run was asked for. Raises UnknownNameError."""
        ...

    def events(self, run_id: str) -> list[Envelope]:
        """Stored events of a run, oldest first."""
        ...

    def append_all(self, run_id: str, events: Sequence[DurableEvent]) -> list[Envelope]:
        """Store events, all of them or none; they are on disk when this returns. Raises StoreError."""
        ...

    def decide(self, run_id: str, event: Decision) -> Envelope:
        """Store what the person said of a run that nobody works on. Raises StoreError when somebody does."""
        ...

    def take_decisions(self, run_id: str) -> list[Decision]:
        """What was left for whoever works on a run; it is taken away."""
        ...

    def lease(self, run_id: str) -> AbstractContextManager[None]:
        """Hold a run while working on it. Raises StoreError when another process does."""
        ...

    def free_bytes(self) -> int:
        """Room on the disk that pictures are kept on."""
        ...
