"""Erasing deleted runs for good, and the pictures that no other run shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
        return Purge(gone, images, sum(_size(self._images.path(image)) for image in images))

    def erase(self, purge: Purge) -> None:
        """Erase it. Raises StoreError; what is left then goes with the next purge."""
        # The pictures first: as long as the runs are there, it is known which ones are theirs.
        for image in purge.images:
            try:
                self._images.path(image).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"{self._images.path(image)}: {error.strerror}", "give yourself permission") from error
        with self._database.write() as transaction:
            transaction.executemany("DELETE FROM activations WHERE image = ?", [(image,) for image in purge.images])
            transaction.executemany("DELETE FROM events WHERE run_id = ?", [(run_id,) for run_id in purge.runs])
            transaction.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in purge.runs])
        self._database.compact()

    def _shown(self, run_id: str) -> Iterator[str]:
        for envelope in self._events.read(run_id, 0):
            event = envelope.event
            if isinstance(event, e.ImageScored):
                yield event.image.identity
            elif isinstance(event, e.MinimalPairMeasured):
                yield from (side.image.identity for side in [*event.before, *event.after])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
