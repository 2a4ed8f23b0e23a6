"""The events of all runs, in the order in which they were stored."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from line_tui import events as e
from line_tui.errors import StoreError, UnknownNameError
from line_tui.events import DurableEvent, Envelope
from line_tui.store.database import Database
from line_tui.store.event_encoding import Key, each_side, slim, whole
from line_tui.store.images import IDENTITY, Images

Kind = TypeVar(
    "Kind", e.Finished, e.ImageScored, e.Judged, e.MinimalPairMeasured, e.ModelsLoaded, e.TrialScored, e.Verified
)

UNREADABLE = (msgspec.DecodeError, RecursionError, TypeError, ValueError, OverflowError)
"""Errors from decoding a value that is damaged or from another program."""
_DECODER: msgspec.json.Decoder[DurableEvent] = msgspec.json.Decoder(DurableEvent)
_LATEST = 250_000_000_000
"""In the year 9892; calendars end soon after."""


def moment(value: object) -> float:
    """A time in seconds since 1970. Raises ValueError or TypeError for an invalid value."""
    if not isinstance(value, (int, float)) or not 0 <= value < _LATEST:
        raise ValueError(f"{value!r} is not a time")
    return float(value)


class Events:
    """Appends and reads events, which are never changed."""

    def __init__(self, database: Database, images: Images) -> None:
        self._database = database
        self._images = images

    def append(self, run_id: str, events: Sequence[DurableEvent]) -> list[Envelope]:
        """Store events, all or none; they are on disk when this returns.

        Raises StoreError, UnknownNameError for the run.
        """
        try:
            with self._database.write() as transaction:
                last, before = transaction.execute(
                    "SELECT coalesce(max(seq), 0), coalesce(max(time), 0) FROM events WHERE run_id = ?", (run_id,)
                ).fetchone()
                # The clock may be set back, but event times must not decrease.
                now = max(time.time(), before)
                envelopes = [
                    Envelope(run_id=run_id, time=now, event=event, seq=last + n) for n, event in enumerate(events, 1)
                ]
                beside: dict[Key, bytes] = {}
                rows = []
                for envelope in envelopes:
                    row, arrays = _row(envelope)
                    rows.append(row)
                    beside |= arrays
                transaction.executemany(
                    "INSERT INTO events (run_id, seq, time, type, body) VALUES (?, ?, ?, ?, ?)", rows
                )
                transaction.executemany(
                    "INSERT OR IGNORE INTO artifacts (kind, owner, which, body) VALUES (?, ?, ?, ?)",
                    [(*key, body) for key, body in beside.items()],
                )
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise UnknownNameError(f"no run named '{run_id}'", "`line-tui runs` lists them") from None
            raise
        return envelopes

    def read(self, run_id: str, after: int) -> list[Envelope]:
        """Events with a number above `after`, oldest first. Raises StoreError for an unknown event."""
        rows = self._database.read(
            "SELECT seq, time, body FROM events WHERE run_id = ? AND seq > ? ORDER BY seq", run_id, after
        )
        try:
            return [
                Envelope(
                    run_id=run_id,
                    time=moment(row["time"]),
                    event=self._placed(
                        run_id, whole(run_id, int(row["seq"]), _DECODER.decode(row["body"]), self._beside)
                    ),
                    seq=int(row["seq"]),
                )
                for row in rows
            ]
        except UNREADABLE as error:
            raise _unknown(run_id, error) from error

    def of(self, run_id: str, kind: type[Kind]) -> list[Kind]:
        """A run's events of one kind, oldest first. Raises StoreError for an unknown event."""
        tag = kind.__struct_config__.tag
        rows = self._database.read("SELECT body FROM events WHERE run_id = ? AND type = ? ORDER BY seq", run_id, tag)
        try:
            return [msgspec.json.decode(row["body"], type=kind) for row in rows]
        except UNREADABLE as error:
            raise _unknown(run_id, error) from error

    def _beside(self, key: Key) -> bytes | None:
        rows = self._database.read("SELECT body FROM artifacts WHERE kind = ? AND owner = ? AND which = ?", *key)
        return bytes(rows[0]["body"]) if rows else None

    def _placed(self, run_id: str, event: DurableEvent) -> DurableEvent:
        """The event with this run's id and this store's picture paths, whatever it was stored with."""
        if isinstance(event, e.RunStarted):
            return msgspec.structs.replace(event, run_id=run_id)
        if isinstance(event, e.ImageScored):
            return msgspec.structs.replace(event, image=self._place(event.image))
        if isinstance(event, e.MinimalPairMeasured):
            return each_side(event, lambda side: msgspec.structs.replace(side, image=self._place(side.image)))
        return event

    def _place(self, image: e.ImageRecord) -> e.ImageRecord:
        path = str(self._images.path(image.identity)) if IDENTITY.fullmatch(image.identity) else ""
        return msgspec.structs.replace(image, path=path)


def _unknown(run_id: str, error: Exception) -> StoreError:
    return StoreError(
        f"run '{run_id}' holds an event that this version does not know ({error})",
        f"upgrade line-tui; if it is damaged, `line-tui runs delete {run_id}` deletes it from the list",
    )


def _row(envelope: Envelope) -> tuple[tuple[str, int | None, float, str | int | None, str], dict[Key, bytes]]:
    event = envelope.event
    try:
        # A non-finite number would be encoded as "null", which cannot be decoded.
        _DECODER.decode(msgspec.json.encode(event))
        slimmed, beside = slim(envelope.run_id, envelope.seq or 0, event)  # type: ignore[arg-type]
        body = msgspec.json.encode(slimmed).decode()
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise StoreError(
            f"{type(event).__name__} cannot be stored: {error}", "a model gave an invalid number or text"
        ) from error
    row = (envelope.run_id, envelope.seq, envelope.time, type(event).__struct_config__.tag, body)
    return row, beside
