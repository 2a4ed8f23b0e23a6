"""Runs, events and pictures on disk.

The process that holds a run's lease writes its events, including the user's decisions, and its pictures; the TUI and
the command line write titles, notes, stars and deletions. Events are never changed. A deleted run is only hidden and
can be restored until a purge.

    line.db     SQLite: runs, events, cached activations
    images/     PNG files by identity, shared by all runs
    letters/    the user's decisions on runs that another process works on, until it takes them
    leases/     one lock file for each run that an engine works on
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from line_tui.config import data_folder
from line_tui.events import Decision, DurableEvent, Envelope
from line_tui.store.activations import Activations
from line_tui.store.database import Database, open_database
from line_tui.store.decision_inbox import DecisionInbox
from line_tui.store.events import Events
from line_tui.store.images import Images
from line_tui.store.leases import Leases
from line_tui.store.purge import Purge, Purger
from line_tui.store.runs import Runs, RunStatus, RunSummary, explained

__all__ = ["RunStatus", "RunSummary", "Store", "explained"]


class Store(Runs):
    """An open data folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.images = Images(folder / "images")
        self.activations = Activations(database)
        self._inbox = DecisionInbox(folder / "letters")
        super().__init__(database, Events(database, self.images), Leases(folder / "leases"))
        self._purger = Purger(database, self.images, self._leases)

    @staticmethod
    def open(folder: Path | None = None) -> Store:
        """Open a data folder, by default the user's; create it if it does not exist.

        Raises StoreError for a store that is damaged, of a newer version, or not writable.
        """
        folder = (folder or data_folder()).absolute()
        store = Store(folder, open_database(folder / "line.db"))
        store.images.sweep()
        store._leases.sweep()
        store._purger.sweep()
        return store

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def free_bytes(self) -> int:
        """Free bytes on the disk of runs and pictures."""
        return shutil.disk_usage(self.folder).free

    def append(self, run_id: str, event: DurableEvent) -> Envelope:
        """Store an event; it is on disk when this returns. Raises StoreError, UnknownNameError for the run."""
        return self._events.append(run_id, [event])[0]

    def append_all(self, run_id: str, events: Sequence[DurableEvent]) -> list[Envelope]:
        """Store events, all of them or none."""
        return self._events.append(run_id, events)

    def decide(self, run_id: str, event: Decision) -> Envelope:
        """Store a decision on an inactive run. Raises StoreError if it is active."""
        with self.lease(run_id):
            return self.append(run_id, event)

    def events(self, run_id: str, after: int = 0) -> list[Envelope]:
        """Stored events of a run with a number above `after`, oldest first."""
        return self._events.read(run_id, after)

    def is_worked_on(self, run_id: str) -> bool:
        """Whether any process appears to be working on a run."""
        return self._leases.held(run_id)

    def send_decision(self, run_id: str, event: Decision) -> None:
        """Put a user's decision in the inbox of the process that works on the run. Raises StoreError."""
        self._inbox.put(run_id, event)

    def take_decisions(self, run_id: str) -> list[Decision]:
        """Take the decisions from a run's inbox."""
        return self._inbox.take(run_id)

    def purgeable(self) -> Purge:
        """What a purge would erase: deleted runs, and pictures that no other run uses. Raises StoreError."""
        return self._purger.find()

    def purge(self, unused: Purge) -> Purge:
        """Permanently erase what is still unused; return what was erased. Raises StoreError while a run is active."""
        return self._purger.erase(unused)

    def lease(self, run_id: str) -> AbstractContextManager[None]:
        """Hold a run's lease while working on it. Raises StoreError if another process holds it."""
        return self._leases.take(run_id)
