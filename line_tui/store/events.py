"""The events of the runs, in the order in which they were stored."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import msgspec

from line_tui import events as e
from line_tui.errors import StoreError, UnknownNameError
from line_tui.events import DurableEvent, Envelope
from line_tui.store.database import Database

Kind = TypeVar(
    "Kind", e.Finished, e.ImageScored, e.Judged, e.MinimalPairMeasured, e.ModelsLoaded, e.TrialScored, e.Verified
)


@cache
def _decoder() -> msgspec.json.Decoder[DurableEvent]:
    return msgspec.json.Decoder(DurableEvent)


class Events:
    """Appends and reads events; none is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, run_id: str, events: Sequence[DurableEvent]) -> list[Envelope]:
        """Store events, all or none; they are on disk when this returns.

        Raises StoreError, UnknownNameError for the run.
        """
        now = time.time()
        try:
            with self._database.write() as transaction:
                last = transaction.execute("SELECT max(seq) FROM events WHERE run_id = ?", (run_id,)).fetchone()[0] or 0
                envelopes = [
                    Envelope(run_id=run_id, time=now, event=event, seq=last + n) for n, event in enumerate(events, 1)
                ]
                transaction.executemany(
                    "INSERT INTO events (run_id, seq, time, type, body) VALUES (?, ?, ?, ?, ?)",
                    [_row(envelope) for envelope in envelopes],
                )
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise UnknownNameError(f"no run named '{run_id}'", "`line-tui runs` lists them") from None
            raise
        return envelopes

    def read(self, run_id: str, after: int) -> list[Envelope]:
        """Events with a number above `after`, oldest first. Raises StoreError for an event that is not known."""
        rows = self._database.read(
            "SELECT seq, time, body FROM events WHERE run_id = ? AND seq > ? ORDER BY seq", run_id, after
        )
        try:
            return [
                Envelope(run_id=run_id, time=row["time"], event=_decoder().decode(row["body"]), seq=row["seq"])
                for row in rows
            ]
        except msgspec.DecodeError as error:
            raise _unknown(run_id, error) from error

    def of(self, run_id: str, kind: type[Kind]) -> list[Kind]:
        """A run's events of one kind alone, oldest first. Raises StoreError for one that is not known."""
        tag = kind.__struct_config__.tag
        rows = self._database.read("SELECT body FROM events WHERE run_id = ? AND type = ? ORDER BY seq", run_id, tag)
        try:
            return [msgspec.json.decode(row["body"], type=kind) for row in rows]
        except msgspec.DecodeError as error:
            raise _unknown(run_id, error) from error


def _unknown(run_id: str, error: msgspec.DecodeError) -> StoreError:
    return StoreError(f"run '{run_id}' holds an event that this version does not know ({error})", "upgrade line-tui")


def _row(envelope: Envelope) -> tuple[str, int | None, float, str | int | None, str]:
    event = envelope.event
    body = msgspec.json.encode(event).decode()
    return envelope.run_id, envelope.seq, envelope.time, type(event).__struct_config__.tag, body
