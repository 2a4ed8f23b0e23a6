"""Leases on runs: file locks, which the system releases even if the process is killed."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from line_tui import private
from line_tui.errors import StoreError

RUN_ID = re.compile(r"[\w][\w.-]{0,63}", re.ASCII)
"""Ids become file names, so they must not lead to another folder."""
_WORKING = ".working"
"""Held in shared mode while working on any run, and exclusively by a purge."""
_PATIENCE = 2.0
"""Seconds that a run waits for a purge to end: the daily sweep takes less."""
_AGE = 60.0
"""Seconds for which an unheld lease may be the reservation of a run that is about to start."""


class Leases:
    """A folder with one lock file for each active run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def take(self, run_id: str) -> Iterator[None]:
        """Hold a run's lease within the block. Raises StoreError if another process holds it."""
        with (
            self._hold(_WORKING, fcntl.LOCK_SH, "a purge is in progress", "wait until it ends", _PATIENCE),
            self._hold(run_id, fcntl.LOCK_EX, f"another process is working on run '{run_id}'", "stop it there first"),
        ):
            try:
                yield
            finally:
                # Deleted while held, so that no other process can have started to use it.
                with suppress(OSError):
                    (self._folder / run_id).unlink()

    @contextmanager
    def take_all(self) -> Iterator[None]:
        """Block work on all runs within the block. Raises StoreError if any run is active."""
        with self._hold(_WORKING, fcntl.LOCK_EX, "a run is in progress", "stop it, or wait until it ends"):
            yield

    def reserve(self, run_id: str) -> bool:
        """Reserve an id; False if it is already taken. Raises StoreError."""
        try:
            private.make_folder(self._folder)
            os.close(os.open(self._folder / run_id, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        except OSError as error:
            raise self._store_error(error) from error
        return True

    def held(self, run_id: str) -> bool:
        """Whether any process appears to hold a run's lease."""
        if not RUN_ID.fullmatch(run_id):
            return False
        try:
            with (self._folder / run_id).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def sweep(self) -> None:
        """Delete the lock files of killed processes."""
        with suppress(OSError, StoreError):
            for path in self._folder.iterdir():
                if path.name != _WORKING and time.time() - path.lstat().st_mtime > _AGE:
                    with self._hold(path.name, fcntl.LOCK_EX, "", ""):
                        path.unlink()

    @contextmanager
    def _hold(self, name: str, kind: int, cause: str, fix: str, patience: float = 0.0) -> Iterator[None]:
        if name != _WORKING and not RUN_ID.fullmatch(name):
            raise StoreError(f"'{name}' is not the id of a run", "the database was not written by line-tui")
        path = self._folder / name
        try:
            private.make_folder(self._folder)
            while True:
                file = os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "wb")
                try:
                    _lock(file, kind, patience)
                    # Between open and lock, its holder may have deleted the file.
                    if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                        break
                except BaseException:
                    file.close()
                    raise
                file.close()
        except BlockingIOError:
            raise StoreError(cause, fix) from None
        except OSError as error:
            raise self._store_error(error) from error
        with file:
            yield

    def _store_error(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self._folder} cannot be used: {error.strerror or error}",
            "change its permissions, or choose another folder with --data",
        )


def _lock(file: IO[bytes], kind: int, patience: float) -> None:
    """Lock a file within some seconds. Raises BlockingIOError."""
    end = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise
        time.sleep(0.02)
