"""Stored events are light, and come back whole; stores of earlier versions stay readable."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import msgspec
import numpy as np

from line_tui import events as e
from line_tui.explain.state import fold
from line_tui.store import Store
from tests.fakes import SETTINGS
from tests.store.test_store import SPEC

KEPT = Path(__file__).parent / "kept"


def _scored(n: int, side: int = 7) -> e.ImageScored:
    area = np.random.default_rng(n).random((side, side), np.float32)
    identity = f"{n:032x}"
    return e.ImageScored(
        trial="t1",
        concept="rose",
        index=n,
        image=e.ImageRecord(identity=identity, path="", prompt="a rose", seed=n),
        activation=0.5,
        thumbnail=bytes([n]) * 1728,
        activation_map=area.round(4).tolist(),
    )


def _control(words: int = 1000) -> e.ControlMeasured:
    activations = np.random.default_rng(0).random((words, 1), np.float32)
    return e.ControlMeasured(
        bank_id="b", concepts=[f"word {n}" for n in range(words)], activations=activations.tolist()
    )


def _bodies(store: Store) -> list[str]:
    return [row["body"] for row in store._database.read("SELECT body FROM events ORDER BY run_id, seq")]


def test_what_is_large_is_kept_beside_the_events(store: Store) -> None:
    side = e.PairSide(image=_scored(3).image, activation=1.0, thumbnail=bytes([3]) * 1728)
    pair = e.MinimalPairMeasured(
        concept="rose", variant="", kind="drop", before=[side], after=[side], relative_drop=0.5, p_value=0.1
    )
    events: list[e.DurableEvent] = [_control(), _scored(1, side=56), _scored(2), pair]
    store.create("a", SPEC)
    store.append_all("a", events)
    assert max(map(len, _bodies(store))) < 1000
    back = e.durable(store.events("a"))
    assert [msgspec.json.encode(_without_paths(event)) for event in back] == [
        msgspec.json.encode(_without_paths(event)) for event in events
    ]


def _without_paths(event: e.DurableEvent) -> e.DurableEvent:
    """Where a picture is depends on the store alone."""
    if isinstance(event, e.ImageScored):
        return msgspec.structs.replace(event, image=msgspec.structs.replace(event.image, path=""))
    if isinstance(event, e.MinimalPairMeasured):
        sides = [
            [msgspec.structs.replace(side, image=msgspec.structs.replace(side.image, path="")) for side in one]
            for one in (event.before, event.after)
        ]
        return msgspec.structs.replace(event, before=sides[0], after=sides[1])
    return event


def test_the_words_of_a_control_set_are_kept_once(store: Store) -> None:
    for n in range(20):
        store.create(f"r{n}", SPEC)
        store.append(f"r{n}", _control())
    (row,) = store._database.read("SELECT sum(length(body)) AS bytes, count(*) AS rows FROM artifacts")
    # 4 bytes a word for each run, and the words themselves.
    assert row["rows"] == 21 and row["bytes"] < 20 * 4100 + 12_000


def test_a_picture_without_its_thumbnail_is_read_all_the_same(store: Store) -> None:
    store.create("a", SPEC)
    store.append("a", _scored(1))
    with store._database.write() as transaction:
        transaction.execute("DELETE FROM artifacts")
    (event,) = e.durable(store.events("a"))
    assert isinstance(event, e.ImageScored) and event.thumbnail == b"" and event.activation_map is None


def test_a_purge_takes_what_is_beside_the_events(store: Store) -> None:
    store.create("a", SPEC)
    store.append_all("a", [e.RunStarted(run_id="a", spec=SPEC, settings=SETTINGS), _scored(1), _control(10)])
    assert store.run("a").status == "interrupted"
    store.delete("a")
    store.purge(store.purgeable())
    kinds = {row["kind"] for row in store._database.read("SELECT kind FROM artifacts")}
    assert kinds == {"words"} and not store._database.read("SELECT 1 FROM summaries")


def test_the_list_is_one_query_whatever_the_number_of_runs(store: Store) -> None:
    for n in range(50):
        store.create(f"r{n}", SPEC)
        store.append_all(
            f"r{n}",
            [
                e.RunStarted(run_id=f"r{n}", spec=SPEC, settings=SETTINGS),
                e.Finished(label=f"word {n}", trial="t1", reason="best"),
            ],
        )
    first = store.runs()
    queries: list[str] = []
    store._database._connection.set_trace_callback(queries.append)
    again = store.runs()
    store._database._connection.set_trace_callback(None)
    assert again == first and again[0].label is not None and len(queries) == 1


def test_the_list_knows_of_each_new_event(store: Store) -> None:
    store.create("a", SPEC)
    store.append_all("a", [e.RunStarted(run_id="a", spec=SPEC, settings=SETTINGS), e.Stopped()])
    assert (store.run("a").status, store.run("a").status) == ("stopped", "stopped")
    store.append("a", e.Finished(label="rose", trial="t1", reason="best"))
    assert (store.run("a").status, store.run("a").label) == ("finished", "rose")


def test_a_store_of_version_1_is_read_and_written(tmp_path: Path) -> None:
    with gzip.open(KEPT / "version-1.db.gz") as file:
        (tmp_path / "line.db").write_bytes(file.read())
    connection = sqlite3.connect(tmp_path / "line.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    store = Store.open(tmp_path)
    found = {run.id: (run.status, run.label, run.images) for run in store.runs()}
    assert found == {"20261126-aaaaa": ("finished", "tomato", 13), "20261126-bbbbb": ("finished", "tomato", 54)}
    state = fold(e.durable(store.events("20261126-aaaaa")))
    images = [image for trial in state.trials.values() for image in trial.images]
    assert all(len(image.thumbnail) == 1728 and image.activation_map for image in images)
    assert state.control is not None and len(state.control.concepts) == 12
    # New events beside old ones.
    store.append("20261126-aaaaa", _scored(1))
    last = e.durable(store.events("20261126-aaaaa"))[-1]
    assert isinstance(last, e.ImageScored) and last.thumbnail == _scored(1).thumbnail
    store.close()
    Store.open(tmp_path).close()
