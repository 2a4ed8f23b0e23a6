"""An inbox for decisions on a run that another process works on; that process stores them."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import msgspec

from line_tui import private
from line_tui.errors import StoreError
from line_tui.events import Decision
from line_tui.store.leases import RUN_ID


class DecisionInbox:
    """One small file per decision, in a folder of the run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, run_id: str, event: Decision) -> None:
        """Put a decision in the run's inbox. Raises StoreError."""
        try:
            private.write(self._of(run_id) / f"{time.time_ns()}.json", msgspec.json.encode(event))
        except OSError as error:
            raise StoreError(
                f"{self._folder} cannot be written: {error.strerror or error}", "change its permissions"
            ) from error

    def take(self, run_id: str) -> list[Decision]:
        """Take the decisions from the inbox, in order. Unreadable ones are skipped."""
        decisions: list[Decision] = []
        try:
            for path in sorted(self._of(run_id).glob("*.json")):
                with suppress(ValueError, RecursionError):
                    decisions.append(msgspec.json.decode(path.read_bytes(), type=Decision))
                path.unlink()
            if self._of(run_id).exists():
                self._of(run_id).rmdir()
        except OSError:
            # No file yet, or one is being written; the caller tries again.
            pass
        return decisions

    def _of(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise StoreError(f"'{run_id}' is not the id of a run", "the database was not written by line-tui")
        return self._folder / run_id
