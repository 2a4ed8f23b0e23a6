"""A hub, a mirror, a cache or a lock file of somebody's: nothing is written or deleted outside of the cache."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from line_tui.errors import HubError, UsageError
from line_tui.hub.cache import PART, Repository
from line_tui.hub.pull import plan
from line_tui.hub.receipts import Receipts
from line_tui.hub.unfinished import find_unfinished
from line_tui.hub.verify import check_quickly, files_of, verify
from line_tui.models.catalog import LanguageEntry
from line_tui.models.lock_file import lock_path, read_pins
from line_tui.models.model_files import Source
from tests.hub import fake
from tests.hub.fake import COMMIT, ENTRY, FakeHub, fetch

WEIGHTS = bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def repository(hub: FakeHub) -> None:
    hub.repositories["someone/tiny"] = {"model.gguf": WEIGHTS, "config.json": b"{}"}


@pytest.fixture
def outside(tmp_path: Path, cache: Path) -> Iterator[Path]:
    """Nothing beside the cache changes, and what is in this folder least of all."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    before = everything(tmp_path, cache)
    yield outside
    assert everything(tmp_path, cache) == before


def everything(folder: Path, cache: Path) -> dict[str, bytes | None]:
    paths = (path for path in folder.rglob("*") if not path.is_relative_to(cache) and "verified" not in path.name)
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths if path.name != "data"}


def answered(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], Any]) -> None:
    """Let the hub say something else of the repository."""

    def describe(self: Any, path: str) -> None:
        siblings = [self._sibling(name, data) for name, data in self.hub.repositories["someone/tiny"].items()]
        said = {"id": "someone/tiny", "sha": COMMIT, "siblings": siblings}
        body = change(said)
        self._answer(200, body if isinstance(body, bytes) else json.dumps(body).encode())

    monkeypatch.setattr(fake._Handler, "_describe", describe)


NAMES = ["../../../x.json", "/x.json", "a/../../x.json", "a\\..\\x.json", "x\0.json", "./x.json", "a//x.json", ".."]
NAMES += ["C:x.json", "x\x1b[2J.json", "x\n.json", "x\u202e.json"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere(
    hub: FakeHub, receipts: Receipts, outside: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def change(said: dict[str, Any]) -> dict[str, Any]:
        said["siblings"].append({"rfilename": name, "size": 2, "blobId": "0" * 40})
        return said

    answered(monkeypatch, change)
    with pytest.raises(HubError, match="is not a valid file name") as caught:
        fetch(hub, receipts)
    assert caught.value.exit_code == 8 and str(caught.value).isprintable() and not cache.exists()


@pytest.mark.parametrize("digest", ["../../../../x", "/x", "f00", "", "G" * 40, "A" * 64, "0" * 63, "0" * 40 + "\n"])
def test_hashes_and_commits_that_are_none(
    hub: FakeHub, receipts: Receipts, outside: Path, monkeypatch: pytest.MonkeyPatch, digest: str
) -> None:
    answered(monkeypatch, lambda said: said | {"sha": digest})
    with pytest.raises(HubError, match="is not a valid commit"):
        fetch(hub, receipts)
    answered(monkeypatch, lambda said: said | {"siblings": [{"rfilename": "a.gguf", "size": 2, "blobId": digest}]})
    with pytest.raises(HubError, match="is not a valid hash"):
        fetch(hub, receipts)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html><title>Welcome to the hotel</title></html>",
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'{"siblings": 7}',
        b'{"id": 3, "siblings": [{}]}',
        b'{"id": "a/b", "sha": "' + COMMIT.encode() + b'", "siblings": [{"rfilename": "a.gguf", "size": -1}]}',
        b'{"id": "a/b", "sha": "' + COMMIT.encode() + b'", "siblings": [{"rfilename": "a.gguf", "size": "9"}]}',
        b'{"id": "a/b", "sha": "' + COMMIT.encode() + b'", "siblings": [{"rfilename": 7, "size": 9}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=lambda answer: answer[:30].decode(errors="replace"),
)
def test_answers_that_are_no_hubs(
    hub: FakeHub, receipts: Receipts, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    answered(monkeypatch, lambda said: answer)
    with pytest.raises(HubError) as caught:
        fetch(hub, receipts)
    assert caught.value.exit_code == 8
    assert hub.endpoint in str(caught.value) or "no safetensors" in str(caught.value) or "is no" in str(caught.value)


@pytest.mark.parametrize("repo", ["../x/y", "a/../b", "/etc", "a/b/c", "a b/c", ".", "", "a/..", "a\0b"])
def test_repositories_that_are_none(hub: FakeHub, repo: str) -> None:
    with pytest.raises(HubError, match="is not a repository name"):
        plan(LanguageEntry(id="tiny", source=Source(hub=repo)), hub.open())
    with pytest.raises(HubError, match="is not a repository name"):
        Repository.of(repo)


def test_more_bytes_than_announced_are_cut_off(hub: FakeHub, receipts: Receipts, cache: Path) -> None:
    hub.served["model.gguf"] = WEIGHTS * 400
    folder = fetch(hub, receipts)
    assert (folder / "model.gguf").read_bytes() == WEIGHTS
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < 3 * len(WEIGHTS)


def test_a_part_that_is_a_link(hub: FakeHub, receipts: Receipts, outside: Path) -> None:
    planned = plan(ENTRY, hub.open())
    for file in planned.missing:
        part = Repository.of("someone/tiny").part(file.digest)
        part.parent.mkdir(parents=True, exist_ok=True)
        part.symlink_to(outside / "mine.txt")
    assert planned.to_fetch == planned.size
    folder = fetch(hub, receipts)
    assert (folder / "model.gguf").read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", ["blobs", "snapshots", "refs"])
def test_a_folder_of_the_cache_that_is_a_link(hub: FakeHub, receipts: Receipts, outside: Path, name: str) -> None:
    top = Repository.of("someone/tiny").folder
    top.mkdir(parents=True)
    (top / name).symlink_to(outside)
    with pytest.raises(HubError, match="is a link"):
        fetch(hub, receipts)


def test_a_snapshot_and_a_reference_that_are_links(hub: FakeHub, receipts: Receipts, outside: Path) -> None:
    top = Repository.of("someone/tiny").folder
    (top / "refs").mkdir(parents=True)
    (top / "refs/main").symlink_to(outside / "mine.txt")
    fetch(hub, receipts)
    assert (top / "refs/main").read_text() == COMMIT
    shutil.rmtree(top / "snapshots")
    (top / "snapshots").mkdir()
    (top / "snapshots" / COMMIT).symlink_to(outside)
    with pytest.raises(HubError, match="leads out of the cache"):
        fetch(hub, receipts)


@pytest.mark.parametrize("said", ["../../../outside", "/", "", "main", "x" * 40, COMMIT + "/../.."])
def test_a_reference_with_a_path(hub: FakeHub, receipts: Receipts, said: str) -> None:
    fetch(hub, receipts)
    repository = Repository.of("someone/tiny")
    (repository.folder / "refs/main").write_text(said)
    assert repository.snapshot(None) is None
    assert repository.snapshot("../../x") is None
    assert verify(ENTRY, receipts).state in ("missing", "corrupt", "present")


def test_a_link_that_points_out_is_removed_alone(hub: FakeHub, receipts: Receipts, outside: Path) -> None:
    repository = Repository.of("someone/tiny")
    folder = fetch(hub, receipts)
    for n, target in enumerate([str(outside / "mine.txt"), "../../../../outside/mine.txt", "../../blobs/../refs/main"]):
        (folder / f"{n}.json").symlink_to(target)
    (folder / "deep.json").mkdir()
    (folder / "deep.json" / "a.json").symlink_to(outside / "mine.txt")
    repository.remove(files_of(ENTRY))
    assert repository.snapshot(None) is None and (repository.folder / "refs/main").exists()
    folder.parent.mkdir()
    (folder.parent / COMMIT).symlink_to(outside)
    with pytest.raises(HubError, match="is not in the cache"):
        repository.remove([folder / "mine.txt"])


def test_odd_things_in_the_cache_stop_neither_list_nor_verify(
    hub: FakeHub, receipts: Receipts, tmp_path: Path, cache: Path
) -> None:
    fetch(hub, receipts)
    blobs = Repository.of("someone/tiny").folder / "blobs"
    (blobs / f"{'0' * 40}{PART}").symlink_to("gone")
    (blobs / f"{'1' * 40}{PART}").mkdir()
    os.mkfifo(blobs / f"{'2' * 40}{PART}")
    assert find_unfinished([ENTRY]) == []
    assert check_quickly(ENTRY, receipts).state == "verified"
    # A file where the folder of the receipts should be: it stops root too, unlike permissions.
    (tmp_path / "readonly").write_text("")
    assert verify(ENTRY, Receipts(tmp_path / "readonly" / "verified.json")).state == "verified"


@pytest.mark.parametrize("commit", ["../..", "main", "", "f" * 39])
def test_a_lock_file_with_another_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit: str) -> None:
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path))
    lock_path().write_text(json.dumps({"tiny": {"repo": "a/b", "revision": None, "commit": commit, "sha256": {}}}))
    with pytest.raises(UsageError, match=r"lock file .* cannot be read"):
        read_pins()
