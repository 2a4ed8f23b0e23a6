"""Erasing deleted runs for good, and the pictures that no other run shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from line_tui import events as e
from line_tui.errors import StoreError
from line_tui.store.database import Database
from line_tui.store.events import Events
from line_tui.store.images import Images
from line_tui.store.leases import Leases


@dataclass(frozen=True)
class Purge:
    """What would go."""

    runs: list[str]
    images: list[str]
    """Identities of pictures that only these runs show."""
    bytes: int
    """Of those pictures, on disk."""


class Purger:
    """Finds what deleted runs keep, and erases it."""

    def __init__(self, database: Database, events: Events, images: Images, leases: Leases) -> None:
        self._database = database
        self._events = events
        self._images = images
        self._leases = leases

    def find(self) -> Purge:
        """What would go now. Raises StoreError while a run goes on: it may be about to show one of the pictures."""
        rows = self._database.read("SELECT id, deleted FROM runs ORDER BY id")
        for row in rows:
            if self._leases.held(row["id"]):
                raise StoreError(f"run '{row['id']}' goes on", "stop it, or wait for its end, then purge")
        gone = [row["id"] for row in rows if row["deleted"] is not None]
        kept = {image for row in rows if row["deleted"] is None for image in self._shown(row["id"])}
        images = sorted({image for run_id in gone for image in self._shown(run_id)} - kept)
        return Purge(gone, images, sum(map(self._images.size, images)))

    def erase(self, purge: Purge) -> None:
        """Erase it. Raises StoreError; what is left then goes with the next purge."""
        # The pictures first: as long as the runs are there, it is known which ones are theirs.
        for image in purge.images:
            self._images.delete(image)
        with self._database.write() as transaction:
            transaction.executemany("DELETE FROM activations WHERE image = ?", [(image,) for image in purge.images])
            transaction.executemany("DELETE FROM events WHERE run_id = ?", [(run_id,) for run_id in purge.runs])
            transaction.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in purge.runs])
        self._database.compact()

    def _shown(self, run_id: str) -> Iterator[str]:
        for scored in self._events.of(run_id, e.ImageScored):
            yield scored.image.identity
        for pair in self._events.of(run_id, e.MinimalPairMeasured):
            yield from (side.image.identity for side in [*pair.before, *pair.after])
