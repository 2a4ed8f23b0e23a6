"""Permanently erases deleted runs, and pictures that no other run uses."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from line_tui.errors import StoreError
from line_tui.store.activations import pixels_of
from line_tui.store.database import Database
from line_tui.store.images import Images
from line_tui.store.leases import Leases

# Read from the events' text, which works even for events that cannot be decoded.
_IDENTITY = re.compile(r'"identity"\s*:\s*"([0-9a-f]{32})"')


@dataclass(frozen=True)
class Purge:
    """What a purge would erase."""

    runs: list[str]
    images: list[str]
    """Identities of pictures that no other run or bank uses: of these runs, or left by killed runs."""
    bytes: int
    """Size of those pictures on disk."""


class Purger:
    """Finds and erases what only deleted runs use."""

    def __init__(self, database: Database, images: Images, leases: Leases) -> None:
        self._database = database
        self._images = images
        self._leases = leases

    def find(self) -> Purge:
        """What would be erased now. Raises StoreError while a run is active: it may be about to use a picture."""
        for row in self._database.read("SELECT id FROM runs"):
            if self._leases.held(str(row["id"])):
                raise StoreError(f"run '{row['id']}' is in progress", "stop it, or wait until it ends, then purge")
        return self._find()

    def erase(self, announced: Purge) -> Purge:
        """Erase what was found and is still unused, and return that.

        Raises StoreError; the next purge then erases the rest.
        """
        # No run can start or be restored meanwhile.
        with self._leases.take_all(), self._database.write() as transaction:
            now = self._find()
            runs = sorted(set(announced.runs) & set(now.runs))
            images = sorted(set(announced.images) & set(now.images))
            size = sum(map(self._images.size, images))
            # Pictures first: they are found through the runs.
            looked = [pixels_of(picture) for image in images if (picture := self._images.read(image)) is not None]
            for image in images:
                self._images.delete(image)
            transaction.executemany("DELETE FROM activations WHERE image = ?", [(name,) for name in (*images, *looked)])
            transaction.executemany("DELETE FROM artifacts WHERE owner = ?", [(owner,) for owner in (*images, *runs)])
            transaction.executemany("DELETE FROM summaries WHERE run_id = ?", [(run_id,) for run_id in runs])
            transaction.executemany("DELETE FROM events WHERE run_id = ?", [(run_id,) for run_id in runs])
            transaction.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in runs])
        self._database.compact()
        return Purge(runs, images, size)

    def sweep(self) -> None:
        """Delete pictures of killed runs, which are in no event and no bank; once a day, while no run is active.

        Pictures drawn in the last day are kept, since they may not be in an event yet.
        """
        if not self._images.is_sweep_due():
            return
        with suppress(StoreError), self._leases.take_all(), self._database.write() as transaction:
            self._images.note_sweep()
            shown, bank = self._shown(), self._bank()
            left = self._images.old() - shown[True] - shown[False] - bank
            for image in left:
                self._images.delete(image)
            transaction.executemany("DELETE FROM artifacts WHERE owner = ?", [(image,) for image in left])

    def _find(self) -> Purge:
        gone = {row["id"] for row in self._database.read("SELECT id FROM runs WHERE deleted IS NOT NULL")}
        shown = self._shown()
        theirs = shown[True] | (set(self._images.identities()) - self._bank())
        images = sorted(theirs - shown[False])
        return Purge(sorted(gone), images, sum(map(self._images.size, images)))

    def _shown(self) -> dict[bool, set[str]]:
        """Identities of the pictures in events: of deleted runs (True) or of the others (False)."""
        gone = {row["id"] for row in self._database.read("SELECT id FROM runs WHERE deleted IS NOT NULL")}
        shown: dict[bool, set[str]] = {True: set(), False: set()}
        for row in self._database.read("SELECT run_id, body FROM events WHERE body LIKE '%identity%'"):
            shown[row["run_id"] in gone].update(_IDENTITY.findall(str(row["body"])))
        return shown

    def _bank(self) -> set[str]:
        """Identities of the pictures of control sets."""
        return {row["image"] for row in self._database.read("SELECT DISTINCT image FROM activations")}
