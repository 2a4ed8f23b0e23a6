import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from line_tui import events as e
from line_tui.errors import StoreError
from line_tui.store import Store, database
from tests.small_disk import mounted

SPEC = e.RunSpec(model="m", layer="fc", neuron=0)


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "line.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = (tmp_path / "line.db").read_bytes()
    with pytest.raises(StoreError, match=r"newer line-tui \(store version 99.* — upgrade line-tui"):
        Store.open(tmp_path)
    assert (tmp_path / "line.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"garbage " * 999, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_reported_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "line.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"(empty|damaged).* — .*move it away"):
        Store.open(tmp_path)
    assert (tmp_path / "line.db").read_bytes() == content


def test_damage_that_sqlite_quotes_is_reported(store: Store) -> None:
    store.close()
    path = store.folder / "line.db"
    content = path.read_bytes()
    assert b"CREATE TABLE runs" in content
    path.write_bytes(content.replace(b"CREATE TABLE runs", b"CREATE TABLE\xf3runs"))
    with pytest.raises(StoreError, match=r"is damaged \(its text is not UTF-8\) — move it away"):
        Store.open(store.folder)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "line.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreError, match="not a line-tui store"):
        Store.open(tmp_path)


def test_a_damaged_page_is_reported(store: Store) -> None:
    store.create("a", SPEC)
    for _ in range(50):
        store.append("a", e.Stalled(iteration=1, attempts=2, remedy="x" * 500))
    store.close()
    path = store.folder / "line.db"
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged"):
        Store.open(store.folder).events("a")


def test_half_a_first_start_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(draft: Path, path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("line_tui.store.database._publish", die)
        Store.open(tmp_path)
    assert not list(tmp_path.iterdir())
    Store.open(tmp_path).close()


def test_a_store_that_another_process_writes_to_as_soon_as_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, others = database._publish, []

    def publish_and_write(draft: Path, path: Path) -> None:
        publish(draft, path)
        others.append(sqlite3.connect(path, isolation_level=None))
        others[0].execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(database, "_publish", publish_and_write)
    assert Store.open(tmp_path).runs() == []
    others[0].close()


def test_a_store_in_another_journal_mode_that_another_process_writes_to(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    other = sqlite3.connect(tmp_path / "line.db", isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")
    Timer(0.3, other.close).start()
    assert Store.open(tmp_path).runs() == []


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    store = Store.open(tmp_path)
    store.create("a", SPEC)
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["line.db"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"ermission"):
        Store.open(tmp_path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("hello")
    with pytest.raises(StoreError, match="--data"):
        Store.open(tmp_path / "data")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", kilobytes=400) as folder:
        yield folder


def test_a_full_disk_is_reported_and_loses_nothing_stored(small_disk: Path) -> None:
    store = Store.open(small_disk)
    store.create("a", SPEC)
    stored = 0
    with pytest.raises(StoreError, match="full — free some space"):
        while True:
            store.append("a", e.Stalled(iteration=stored, attempts=0, remedy="x" * 5000))
            stored += 1
    assert stored > 0
    assert [envelope.seq for envelope in store.events("a")] == list(range(1, stored + 1))
    store.close()
    again = Store.open(small_disk)
    assert len(again.events("a")) == stored
    again.close()


def test_a_full_disk_while_a_picture_is_written(small_disk: Path) -> None:
    import numpy as np

    from line_tui.store.images import Images

    images = Images(small_disk)
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    with pytest.raises(StoreError, match="No space left"):
        for n in range(9):
            images.write(f"{n:032x}", noise, {})
    assert not list(small_disk.rglob("*.part"))
