"""The table of runs: one row each, with the user's annotations and a summary of the events."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from line_tui import events as e
from line_tui.decodable import decodable
from line_tui.errors import StoreError, UnknownNameError, unknown_name
from line_tui.events import RunSpec
from line_tui.explain.state import value
from line_tui.store.database import Database
from line_tui.store.events import UNREADABLE, Events, moment
from line_tui.store.leases import RUN_ID, Leases

RunStatus = Literal["new", "running", "interrupted", "stopped", "failed", "finished", "damaged"]
"""As folded from the events, but a run that no process works on is "interrupted" instead of "running", and one
that cannot be read is "damaged"."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_STATUS: dict[str, RunStatus] = {
    "run_started": "running",
    "models_loaded": "running",
    "stopped": "stopped",
    "failed": "failed",
    "finished": "finished",
}
# A gap before these events is not working time: the run was inactive or waited for the user.
_IDLE = ("models_loaded", "decided", "judged", "mode_changed", "budget_changed")


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run in a list of runs."""

    id: str
    model: str
    layer: str
    neuron: int
    strategy: str
    profile: str
    status: RunStatus
    label: str | None
    score: float | None
    """The label's AUC on fresh images; if that was not measured, the score that the run maximised."""
    images: int
    """Number of images of all trials."""
    created: float
    """Unix seconds."""
    seconds: float
    """Working time over all sessions, in seconds."""
    title: str
    note: str
    judgement: e.Judgement | None = None
    starred: bool
    deleted: bool


def explained(runs: Iterable[RunSummary], model: str, layer: str) -> dict[int, RunSummary]:
    """The latest finished run of each neuron of a layer, given runs newest first."""
    latest: dict[int, RunSummary] = {}
    for run in runs:
        if (run.model, run.layer, run.status) == (model, layer, "finished"):
            latest.setdefault(run.neuron, run)
    return latest


@decodable
class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A summary of a run's events, for the list."""

    format: int = 2
    """Changes with the meaning of the other fields."""
    status: RunStatus = "new"
    seconds: float = 0.0
    images: int = 0
    label: str | None = None
    score: float | None = None
    judgement: e.Judgement | None = None


_LIST = (
    "SELECT runs.*, summaries.seq AS known, summaries.body AS outcome, "
    "(SELECT max(seq) FROM events WHERE events.run_id = runs.id) AS last "
    "FROM runs LEFT JOIN summaries ON summaries.run_id = runs.id"
)
"""The list in one query for any number of runs."""


class Runs:
    """The table of runs."""

    def __init__(self, database: Database, events: Events, leases: Leases) -> None:
        self._database = database
        self._events = events
        self._leases = leases

    def new_run_id(self) -> str:
        """An unused id that sorts by time: the UTC date and five characters, from the time of day and random."""
        now = datetime.now(UTC)
        seconds = now.hour * 3600 + now.minute * 60 + now.second
        while True:
            number = seconds * 388 + secrets.randbelow(388)
            letters = "".join(_ALPHABET[number >> shift & 31] for shift in (20, 15, 10, 5, 0))
            run_id = f"{now:%Y%m%d}-{letters}"
            taken = self._database.read("SELECT 1 FROM runs WHERE id = ?", run_id)
            if not taken and self._leases.reserve(run_id):
                return run_id

    def create(self, run_id: str, spec: RunSpec) -> None:
        """Add a run without events. Raises StoreError if the id exists."""
        try:
            with self._database.write() as transaction:
                transaction.execute(
                    "INSERT INTO runs (id, spec, created) VALUES (?, ?, ?)",
                    (run_id, msgspec.json.encode(spec).decode(), time.time()),
                )
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise StoreError(f"run '{run_id}' already exists", "resume it, or choose another id") from None
            raise

    def forget(self, run_id: str) -> None:
        """Remove a run that never had an event because it could not start."""
        with self._database.write() as transaction:
            transaction.execute(
                "DELETE FROM runs WHERE id = ? AND NOT EXISTS (SELECT 1 FROM events WHERE run_id = ?)", (run_id, run_id)
            )

    def spec(self, run_id: str) -> RunSpec:
        """The spec of a run, known before its first event. Raises UnknownNameError."""
        rows = self._database.read("SELECT spec FROM runs WHERE id = ?", run_id)
        if not rows:
            raise unknown_name("run", run_id, self._ids(), "`line-tui runs` lists them")
        try:
            return msgspec.json.decode(rows[0]["spec"], type=RunSpec)
        except UNREADABLE as error:
            raise StoreError(
                f"run '{run_id}' is damaged: {error}", f"`line-tui runs delete {run_id}` deletes it from the list"
            ) from error

    def has(self, run_id: str) -> bool:
        """Whether a run with this id exists."""
        return bool(self._database.read("SELECT 1 FROM runs WHERE id = ?", run_id))

    def run_of(self, spec: RunSpec) -> str | None:
        """A run with the same spec that is not deleted: preferably a finished one, else the newest."""
        rows = self._database.read(
            "SELECT id, spec, EXISTS (SELECT 1 FROM events WHERE run_id = id AND type = 'finished') AS finished "
            "FROM runs WHERE deleted IS NULL AND CASE WHEN json_valid(spec) THEN json_extract(spec, '$.model') = ? "
            "AND json_extract(spec, '$.layer') = ? AND json_extract(spec, '$.neuron') = ? END "
            "ORDER BY finished DESC, created DESC",
            spec.model,
            spec.layer,
            spec.neuron,
        )
        for row in rows:
            with suppress(msgspec.DecodeError):
                if msgspec.json.decode(row["spec"], type=RunSpec) == spec:
                    return str(row["id"])
        return None

    def find(self, prefix: str) -> str:
        """The run whose id has this prefix, deleted ones included. Raises UnknownNameError if none or several match."""
        ids = [run_id for run_id in self._ids() if RUN_ID.fullmatch(run_id)]
        if prefix in ids:
            return prefix
        matches = [run_id for run_id in ids if prefix and run_id.startswith(prefix)]
        if len(matches) > 1:
            raise UnknownNameError(
                f"'{prefix}' matches {len(matches)} runs", f"write more of the id: {', '.join(matches[:4])}"
            )
        if not matches:
            raise unknown_name("run", prefix, ids, "`line-tui runs` lists them")
        return matches[0]

    def rename(self, run_id: str, title: str) -> None:
        """Set a run's title; "" removes it. Raises UnknownNameError."""
        self._change(run_id, "title", title)

    def annotate(self, run_id: str, note: str) -> None:
        """Replace a run's note. Raises UnknownNameError."""
        self._change(run_id, "note", note)

    def star(self, run_id: str, starred: bool = True) -> None:
        """Star or unstar a run. Raises UnknownNameError."""
        self._change(run_id, "starred", int(starred))

    def delete(self, run_id: str) -> None:
        """Hide a run from the list; nothing is erased. Raises UnknownNameError."""
        self._change(run_id, "deleted", time.time())

    def restore(self, run_id: str) -> None:
        """Undo a deletion. Raises UnknownNameError."""
        self._change(run_id, "deleted", None)

    def _change(self, run_id: str, column: Literal["title", "note", "starred", "deleted"], value: object) -> None:
        with self._database.write() as transaction:
            changed = transaction.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, run_id)).rowcount
        if not changed:
            raise unknown_name("run", run_id, self._ids(), "`line-tui runs` lists them")

    def runs(self, include_deleted: bool = False) -> list[RunSummary]:
        """All runs, newest first."""
        where = "" if include_deleted else "WHERE deleted IS NULL"
        rows = self._database.read(f"{_LIST} {where} ORDER BY created DESC, id DESC")
        return [self._summary(row) for row in rows]

    def run(self, run_id: str) -> RunSummary:
        """One run's summary. Raises UnknownNameError."""
        rows = self._database.read(f"{_LIST} WHERE id = ?", run_id)
        if not rows:
            raise unknown_name("run", run_id, self._ids(), "`line-tui runs` lists them")
        return self._summary(rows[0])

    def _ids(self) -> list[str]:
        return [str(row["id"]) for row in self._database.read("SELECT id FROM runs ORDER BY id")]

    def _summary(self, row: sqlite3.Row) -> RunSummary:
        """A run's summary. An unreadable run gets a minimal one, so that the list still works."""
        try:
            return self._read(row)
        except (StoreError, *UNREADABLE):
            created = 0.0
            with suppress(*UNREADABLE):
                created = moment(row["created"])
            return RunSummary(
                id=str(row["id"]),
                model="?",
                layer="?",
                strategy="?",
                profile="?",
                neuron=-1,
                status="damaged",
                label=None,
                score=None,
                images=0,
                created=created,
                seconds=0.0,
                **_annotations(row),
            )

    def _read(self, row: sqlite3.Row) -> RunSummary:
        if not RUN_ID.fullmatch(row["id"]):
            raise ValueError("not the id of a run")
        spec = msgspec.json.decode(row["spec"], type=RunSpec)
        outcome = self._outcome(row, spec)
        status = outcome.status
        if status == "running" and not self._leases.held(row["id"]):
            status = "interrupted"
        return RunSummary(
            id=row["id"],
            model=spec.model,
            layer=spec.layer,
            neuron=spec.neuron,
            strategy=spec.strategy,
            profile=spec.profile,
            status=status,
            label=outcome.label,
            score=outcome.score,
            images=outcome.images,
            created=moment(row["created"]),
            seconds=outcome.seconds,
            judgement=outcome.judgement,
            **_annotations(row),
        )

    def _outcome(self, row: sqlite3.Row, spec: RunSpec) -> _Outcome:
        """The summary of a run's events, cached as of its last event."""
        if row["known"] == row["last"] and row["known"] is not None:
            with suppress(*UNREADABLE):
                cached = msgspec.json.decode(row["outcome"], type=_Outcome)
                if cached.format == _Outcome().format:
                    return cached
        outcome = self._fold(row["id"], spec)
        # Not cached for an active run, where it would soon be outdated.
        if row["last"] is not None and outcome.status not in ("new", "running"):
            with suppress(StoreError), self._database.write() as transaction:
                transaction.execute(
                    "INSERT OR REPLACE INTO summaries (run_id, seq, body) VALUES (?, ?, ?)",
                    (row["id"], row["last"], msgspec.json.encode(outcome).decode()),
                )
        return outcome

    def _fold(self, run_id: str, spec: RunSpec) -> _Outcome:
        outline = self._database.read("SELECT seq, type, time FROM events WHERE run_id = ? ORDER BY seq", run_id)
        status: RunStatus = "new"
        judged = False
        seconds = 0.0
        for n, event in enumerate(outline):
            status = _STATUS.get(event["type"], status)
            if event["type"] in ("budget_changed", "decided") and status == "finished":
                # The run will be continued.
                status = "stopped"
            if event["type"] in ("finished", "judged"):
                # A judgement of an earlier result does not apply to this one.
                judged = event["type"] == "judged"
            if n and event["type"] not in _IDLE:
                seconds += max(0.0, moment(event["time"]) - moment(outline[n - 1]["time"]))
        seconds += sum(event.seconds for event in self._events.of(run_id, e.ModelsLoaded))
        label, score = self._result(run_id, spec) if status == "finished" else (None, None)
        return _Outcome(
            status=status,
            seconds=seconds,
            images=sum(event["type"] == "image_scored" for event in outline),
            label=label,
            score=score,
            judgement=self._events.of(run_id, e.Judged)[-1].judgement if status == "finished" and judged else None,
        )

    def _result(self, run_id: str, spec: RunSpec) -> tuple[str | None, float | None]:
        finished = self._events.of(run_id, e.Finished)[-1]
        for verified in reversed(self._events.of(run_id, e.Verified)):
            if verified.trial == finished.trial:
                return finished.label, verified.score.auc
        for scored in reversed(self._events.of(run_id, e.TrialScored)):
            if scored.trial == finished.trial:
                return finished.label, value(scored, spec.metric)
        return finished.label, None


def _annotations(row: sqlite3.Row) -> dict[str, Any]:
    """The user's annotations, which are read even for a damaged run."""
    return {
        "title": str(row["title"]),
        "note": str(row["note"]),
        "starred": bool(row["starred"]),
        "deleted": row["deleted"] is not None,
    }
