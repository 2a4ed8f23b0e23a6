"""Who works on a run right now: a file lock, which the system takes back when the process dies in any way."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from line_tui.errors import StoreError


class Leases:
    """One lock file a run, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def take(self, run_id: str) -> Iterator[None]:
        """Hold a run while the block lasts. Raises StoreError when another process holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / run_id).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(f"another process works on run '{run_id}'", "stop it there first") from None
            yield

    def held(self, run_id: str) -> bool:
        """Whether any process holds a run."""
        path = self._folder / run_id
        if not path.exists():
            return False
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
