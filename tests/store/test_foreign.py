"""A store that somebody else made, or that was damaged: nothing outside of it is touched, and the rest can be used."""

import json
import os
import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from line_tui import events as e
from line_tui.errors import LineError, StoreError
from line_tui.explain.state import fold
from line_tui.png import decode_png, read_png
from line_tui.report.exporters import copy_pictures
from line_tui.store import Store
from line_tui.store.images import Recipe, StoredAlbum
from tests.fakes import FakeGenerator

Draw = Callable[[str], e.ImageRecord]
SPEC = e.RunSpec(model="fake", layer="fc", neuron=0)
OUTSIDE = ["../../outside", "/outside", "a/../../../outside", "x" * 32, "A" * 32, "0" * 31, "\0", ""]


def scored(identity: str, path: str) -> e.ImageScored:
    record = e.ImageRecord(identity=identity, path=path, prompt="p", seed=1)
    return e.ImageScored(trial="t", concept="rose", index=0, image=record, activation=1.0)


def tamper(store: Store, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(store.folder / "line.db", isolation_level=None)) as connection:
        connection.execute(sql, values)


@pytest.mark.parametrize("identity", OUTSIDE)
def test_an_identity_leads_nowhere_else(store: Store, tmp_path: Path, identity: str) -> None:
    outside = tmp_path / "outside.png"
    Image.new("RGB", (2, 2)).save(outside)
    store.create("gone", SPEC)
    store.append("gone", scored(identity, str(outside)))
    store.delete("gone")
    store.purge(store.purgeable())
    assert outside.exists()
    with pytest.raises(StoreError, match="not the identity of a picture"):
        store.images.path(identity)


def test_pictures_are_found_by_identity_whatever_path_was_stored(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (2, 2)).save(secret)
    store.create("a", SPEC)
    store.append_all(
        "a",
        [
            e.Proposed(trial="t", concept="rose", origin="llm", iteration=1),
            scored("0" * 32, str(secret)),
            scored("../x", str(secret)),
        ],
    )
    paths = [v.event.image.path for v in store.events("a") if isinstance(v.event, e.ImageScored)]
    assert paths == [str(store.images.path("0" * 32)), ""]
    out = copy_pictures(fold(e.durable(store.events("a"))), tmp_path / "out", read_png)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("run_id", ["../../outside", "/tmp/outside", "..", ".working", "a/b", "", "a\0b", "é" * 90])
def test_a_runs_id_leads_nowhere_else(store: Store, tmp_path: Path, run_id: str) -> None:
    (tmp_path / "outside").write_text("mine")
    tamper(store, "INSERT INTO runs (id, spec, created) VALUES (?, ?, 0)", run_id, "{}")
    assert [run.status for run in store.runs()] == ["damaged"]
    with pytest.raises(LineError):
        store.find(run_id)
    with pytest.raises(StoreError), store.lease(run_id):
        pass
    assert (tmp_path / "outside").read_text() == "mine"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE runs SET spec = '{' WHERE id = 'bad'",
        "UPDATE runs SET spec = x'ff00' WHERE id = 'bad'",
        "UPDATE runs SET spec = CAST(x'7bff' AS TEXT) WHERE id = 'bad'",
        "UPDATE runs SET spec = 7 WHERE id = 'bad'",
        "UPDATE runs SET created = 'yesterday' WHERE id = 'bad'",
        "UPDATE runs SET title = CAST(x'ff' AS TEXT), spec = '' WHERE id = 'bad'",
        "UPDATE events SET body = '{' WHERE run_id = 'bad'",
        "UPDATE events SET body = x'00' WHERE run_id = 'bad'",
        "UPDATE runs SET created = 9e999 WHERE id = 'bad'",
        "UPDATE runs SET created = -9e999 WHERE id = 'bad'",
        "UPDATE runs SET created = 1e300 WHERE id = 'bad'",
        "UPDATE runs SET created = x'00' WHERE id = 'bad'",
        "UPDATE events SET time = 'noon' WHERE run_id = 'bad'",
        "UPDATE events SET time = 9e999 WHERE run_id = 'bad'",
        "UPDATE events SET time = -1 WHERE run_id = 'bad' AND seq = 1",
        "UPDATE events SET seq = 9e999 WHERE run_id = 'bad' AND seq = 3",
        "UPDATE events SET body = replace(body, '1.0', 'null') WHERE run_id = 'bad'",
        "UPDATE events SET body = '" + "[" * 5000 + "' WHERE run_id = 'bad'",
    ],
)
def test_a_damaged_run_hides_no_other(store: Store, sql: str) -> None:
    for run_id in ("good", "bad"):
        store.create(run_id, SPEC)
        store.append_all(
            run_id,
            [e.ModelsLoaded(seconds=1.0), e.ModelsLoaded(seconds=1.0), e.Finished(label=None, trial=None, reason="")],
        )
    tamper(store, sql)
    runs = {run.id: run for run in store.runs()}
    assert runs["good"].status == "finished" and runs["bad"].status in ("damaged", "finished")
    assert all(datetime.fromtimestamp(run.created) and run.seconds < 1e9 for run in runs.values())
    for read in (store.spec, store.events):
        try:
            read("bad")
        except StoreError as error:
            assert "line-tui runs delete bad" in error.fix
    store.delete("bad")
    assert store.purge(store.purgeable()).runs == ["bad"]
    assert [run.id for run in store.runs(include_deleted=True)] == ["good"]


def test_an_id_that_is_no_text_hides_no_other(store: Store) -> None:
    store.create("good", SPEC)
    tamper(store, "INSERT INTO runs (id, spec, created) VALUES (x'ff00', '{}', 0)")
    assert sorted(run.status for run in store.runs()) == ["damaged", "new"]
    assert store.purgeable().runs == []
    assert store.find("go") == "good"


def test_a_purge_keeps_the_pictures_of_a_run_that_it_cannot_decode(store: Store, draw: Draw) -> None:
    record = draw("rose")
    for run_id in ("kept", "gone"):
        store.create(run_id, SPEC)
        store.append(run_id, scored(record.identity, record.path))
    tamper(store, "UPDATE events SET body = replace(body, '\"activation\":1.0', '\"activation\":null')")
    store.delete("gone")
    assert store.purge(store.purgeable()).runs == ["gone"]
    assert Path(record.path).exists()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_nothing_is_written_that_cannot_be_read_back(store: Store, number: float) -> None:
    store.create("a", SPEC)
    store.append("a", e.ModelsLoaded(seconds=1.0))
    for event in (
        e.TrialScored(trial="t", mean=number, auc=0.5, mad=0.0, images=1),
        e.ControlMeasured(bank_id="b", concepts=["x"], activations=[[number]]),
    ):
        with pytest.raises(StoreError, match="cannot be stored"):
            store.append("a", event)
    with pytest.raises(StoreError, match="cannot be stored"):
        store.append("a", e.Stalled(iteration=1, attempts=1, remedy="caf\udce9"))
    assert len(store.events("a")) == 1


def test_only_png_is_ever_opened(tmp_path: Path) -> None:
    script = tmp_path / "x.png"
    script.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    assert read_png(script) is None
    fifo = tmp_path / "pipe.png"
    os.mkfifo(fifo)
    link = tmp_path / "link.png"
    link.symlink_to("/etc/passwd")
    for path in (fifo, link, tmp_path, tmp_path / "none", "\0"):
        assert read_png(path) is None
    for kind in ("bmp", "gif", "jpeg", "tiff", "eps", "ppm"):
        picture = tmp_path / f"a.{kind}"
        Image.new("RGB", (2, 2)).save(picture)
        assert read_png(picture) is None and decode_png(picture.read_bytes()) is None


def test_a_picture_of_a_thousand_million_pixels_is_not_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1_000_000_000, 8, 2, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )
    assert decode_png(content) is None


def test_a_replaced_picture_is_drawn_again(album: StoredAlbum) -> None:
    one, other = FakeGenerator().draw(["rose", "fern"], [1, 2], lambda step, steps: None)
    rose, fern = album.identity("rose", 1), album.identity("fern", 2)
    path = Path(album.keep(rose, "rose", 1, one).path)
    theirs = Path(album.keep(fern, "fern", 2, other).path)
    assert album.find(rose) is not None
    path.write_bytes(theirs.read_bytes())
    assert album.find(rose) is None, "another of our own pictures"
    Image.fromarray(other).save(path)
    assert album.find(rose) is None, "a picture of somebody's"
    edited = np.asarray(one).copy()
    edited[0, 0] ^= 1
    Image.fromarray(edited).save(path)
    assert album.find(rose) is None
    album.keep(rose, "rose", 1, one)
    assert album.find(rose) is not None


def test_what_killed_processes_left_is_swept(store: Store, tmp_path: Path) -> None:
    drafts = store.images.folder / ".drafts"
    leases = store.folder / "leases"
    for folder in (drafts, leases):
        folder.mkdir(parents=True, exist_ok=True)
        for name, age in (("old", 1e5), ("new", 0.0)):
            (folder / name).write_text("")
            now = (folder / name).stat().st_mtime
            os.utime(folder / name, (now - age, now - age))
    with store.lease("busy"):
        os.utime(leases / "busy", (1, 1))
        Store.open(store.folder).close()
        assert {path.name for path in leases.iterdir()} == {"new", "busy", ".working"}
    assert [path.name for path in drafts.iterdir()] == ["new"]
    assert not (leases / "busy").exists()


def test_files_are_the_users_own(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "new" / "data")
    with store.lease("a"):
        album = StoredAlbum(store.images, Recipe.of(FakeGenerator()))
        album.keep(album.identity("x", 1), "x", 1, np.zeros((2, 2, 3), np.uint8))
        for path in (tmp_path / "new" / "data").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path
    store.close()


def test_a_store_that_is_deleted_while_it_is_used_is_reported(store: Store) -> None:
    store.create("a", SPEC)
    (store.folder / "line.db").unlink()
    with pytest.raises(StoreError, match="deleted or replaced while it was in use"):
        store.append("a", e.Stopped())


def test_time_does_not_run_backwards_in_a_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create("a", SPEC)
    clock = iter([1000.0, 10.0, 2000.0])
    monkeypatch.setattr("line_tui.store.events.time.time", lambda: next(clock))
    for _ in range(3):
        store.append("a", e.Stalled(iteration=1, attempts=1, remedy=""))
    assert [v.time for v in store.events("a")] == [1000.0, 1000.0, 2000.0]


def test_ids_that_are_asked_for_in_one_second_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chances = iter([5, 5, 5, 6, 7])
    monkeypatch.setattr("line_tui.store.runs.secrets.randbelow", lambda most: next(chances))
    stores = [Store.open(tmp_path), Store.open(tmp_path)]
    ids = [store.new_run_id() for store in stores]
    assert len(set(ids)) == 2
    assert json.dumps(ids)


def test_a_purge_erases_what_it_announced_and_nothing_that_came_after(store: Store, draw: Draw) -> None:
    kept = [draw(prompt) for prompt in "abc"]
    for run_id, record in zip(("restored", "gone", "shared"), kept, strict=True):
        store.create(run_id, SPEC)
        store.append(run_id, scored(record.identity, record.path))
        store.delete(run_id)
    announced = store.purgeable()
    assert announced.runs == ["gone", "restored", "shared"] and len(announced.images) == 3
    store.restore("restored")
    store.create("new", SPEC)
    store.append("new", scored(kept[2].identity, kept[2].path))
    with store.lease("new"), pytest.raises(StoreError, match="a run is in progress"):
        store.purge(announced)
    erased = store.purge(announced)
    assert (erased.runs, erased.images) == (["gone", "shared"], [kept[1].identity])
    assert [Path(record.path).exists() for record in kept] == [True, False, True]
    assert {run.id for run in store.runs()} == {"restored", "new"}


def test_no_run_begins_while_a_purge_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("line_tui.store.leases._PATIENCE", 0.1)
    with store._leases.take_all(), pytest.raises(StoreError, match="a purge is in progress"), store.lease("a"):
        pass
