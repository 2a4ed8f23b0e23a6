"""The SQLite file: schema, opening, and error messages."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from line_tui import private
from line_tui.errors import StoreError
from line_tui.store.filesystem import is_network

VERSION = 2
_APPLICATION = 0x4C494E45  # "LINE"
_PATIENCE = 30.0  # seconds that a writer waits for another writer

_SCHEMA = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    created REAL NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    starred INTEGER NOT NULL DEFAULT 0,
    deleted REAL
);
CREATE TABLE events (
    run_id TEXT NOT NULL REFERENCES runs (id),
    seq INTEGER NOT NULL,
    time REAL NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
);
-- Summaries read this index alone and never the bodies.
CREATE INDEX events_outline ON events (run_id, seq, type, time);
CREATE TABLE activations (
    image TEXT NOT NULL,
    vision TEXT NOT NULL,
    layer TEXT NOT NULL,
    pooling TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (image, vision, layer, pooling)
) WITHOUT ROWID;
"""
_SINCE_2 = """
CREATE TABLE IF NOT EXISTS artifacts (
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    which TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, owner, which)
) WITHOUT ROWID;
-- What the list of runs shows, as of a run's last event: derived, and made again where it is missing.
CREATE TABLE IF NOT EXISTS summaries (
    run_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
"""


class Database:
    """One connection, shared by the threads of a process; other processes have their own."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._file = path.stat()
        self._connection = connection
        self._close = weakref.finalize(self, connection.close)
        self._lock = threading.RLock()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when the block ends. Raises StoreError, in which case nothing was written."""
        with self._lock, _translated_errors(self.path):
            self._check_place()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # On a full disk, SQLite may already have rolled back.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _check_place(self) -> None:
        """Raise if the file has been deleted: SQLite would keep writing to it."""
        if not self.path.exists() or not os.path.samestat(self._file, self.path.stat()):
            raise StoreError(
                f"{self.path} was deleted or replaced while it was in use",
                "restore it from a backup, or start with a new one",
            )

    def read(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query. Raises StoreError."""
        with self._lock, _translated_errors(self.path):
            return self._connection.execute(sql, values).fetchall()

    def compact(self) -> None:
        """Release the space of erased data to the file system. Raises StoreError."""
        with self._lock, _translated_errors(self.path):
            self._connection.execute("VACUUM")

    def close(self) -> None:
        """Close the connection, which also happens once nobody has the database any more."""
        self._close()


def open_database(path: Path) -> Database:
    """Open a database file; create it if it does not exist.

    Raises StoreError for a file that is empty, corrupt, of another program or of a newer version; such a file is
    not changed.
    """
    with _translated_errors(path):
        private.make_folder(path.parent)
        if not path.exists():
            _make(path)
        if path.stat().st_size == 0:
            # SQLite would treat it as a new database and delete a write-ahead log beside it.
            raise StoreError(
                f"{path} is empty (0 bytes)", "restore it from a backup, or move it away to start with a new one"
            )
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _check(path, connection)
            _configure(path, connection)
            _upgrade(connection)
        except BaseException:
            connection.close()
            raise
    return Database(path, connection)


def _make(path: Path) -> None:
    """Create the file under another name first, so that no process ever sees it incomplete."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    draft.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            # Before others see the file, since a change of the journal mode needs it alone.
            _configure(path, connection)
            connection.executescript(
                f"BEGIN; {_SCHEMA} {_SINCE_2} PRAGMA application_id = {_APPLICATION}; "
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
        draft.chmod(0o600)
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    """Link the file in place: unlike a rename, this fails if another process was first."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # The file system has no hard links.
        if not path.exists():
            draft.rename(path)


def _check(path: Path, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != _APPLICATION:
        raise StoreError(f"{path} is not a line-tui store", "choose another folder with --data or LINE_TUI_DATA")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer line-tui (store version {version}, this one reads {VERSION})",
            "upgrade line-tui, or choose another folder with --data or LINE_TUI_DATA",
        )


def _upgrade(connection: sqlite3.Connection) -> None:
    """Upgrade a store of an earlier version; existing data is not changed."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {_SINCE_2} PRAGMA user_version = {VERSION}; COMMIT;")


def _configure(path: Path, connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    # Damaged text must affect only its own row, not the query.
    connection.text_factory = lambda text: text.decode(errors="replace")
    connection.execute("PRAGMA foreign_keys = ON")
    if is_network(path.parent):
        _set_journal_mode(connection, "DELETE")
        # EXTRA also syncs the folder after deleting the journal.
        connection.execute("PRAGMA synchronous = EXTRA")
    else:
        _set_journal_mode(connection, "WAL")
        connection.execute("PRAGMA synchronous = FULL")


def _set_journal_mode(connection: sqlite3.Connection, mode: str) -> None:
    """Wait for other processes here: SQLite's timeout does not apply to this change."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def _translated_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the file system into errors that a user can act on."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except UnicodeDecodeError as error:
        # SQLite's error may quote a damaged file.
        raise _damaged(path, "its text is not UTF-8") from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}", "choose another folder with --data or LINE_TUI_DATA"
        ) from error


def _explain(path: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _is_full(path)):
        return StoreError(f"the disk of {path.parent} is full", "free some space and resume; nothing stored is lost")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(f"another process has held {path} for {_PATIENCE:.0f} s", "stop it, or try again")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreError(f"{path} cannot be written", "change its permissions, or choose another folder with --data")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _damaged(path, str(error))
    return StoreError(f"{path}: {error}", "check the disk, or choose another folder with --data")


def _damaged(path: Path, how: str) -> StoreError:
    return StoreError(
        f"{path} is damaged ({how})",
        f"move it away to start with a new one; `sqlite3 {path.name} .recover` may save what is left",
    )


def _is_full(path: Path) -> bool:
    status = os.statvfs(path.parent)
    return status.f_bavail * status.f_frsize < 1 << 16
