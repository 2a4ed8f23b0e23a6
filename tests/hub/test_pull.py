"""Pulls from a hub on loopback, through huggingface_hub itself."""

from __future__ import annotations

import fcntl
from collections import namedtuple
from pathlib import Path

import msgspec
import pytest
from huggingface_hub import snapshot_download, try_to_load_from_cache

from line_tui.errors import HubError, ModelFileError
from line_tui.hub.cache import Repository
from line_tui.hub.pull import plan, pull
from line_tui.hub.receipts import Receipts
from line_tui.hub.unfinished import find_unfinished
from line_tui.hub.verify import check_quickly
from line_tui.models.catalog import LanguageEntry
from line_tui.models.model_files import locate
from tests.hub.fake import COMMIT, ENTRY, FakeHub, fetch, serve

WEIGHTS = bytes(range(256)) * 400
FILES = {
    "model.safetensors": WEIGHTS,
    "config.json": b"{}",
    "unet/weights.safetensors": WEIGHTS[::-1],
    "pytorch_model.bin": b"\x80\x04 a pickle",
    "modeling.py": b"print('code of a stranger')",
}


def entry(**source: object) -> LanguageEntry:
    return msgspec.structs.replace(ENTRY, source=msgspec.structs.replace(ENTRY.source, **source))


@pytest.fixture(autouse=True)
def repository(hub: FakeHub) -> None:
    hub.repositories["someone/tiny"] = dict(FILES)


def test_a_pulled_model_is_found_by_everything_that_looks_in_the_cache(hub: FakeHub, receipts: Receipts) -> None:
    folder = fetch(hub, receipts)
    assert (folder / "unet/weights.safetensors").read_bytes() == WEIGHTS[::-1]
    assert locate(ENTRY.source, "tiny") == folder
    assert snapshot_download("someone/tiny", local_files_only=True) == str(folder)
    assert try_to_load_from_cache("someone/tiny", "config.json") == str(folder / "config.json")
    assert check_quickly(ENTRY, receipts).state == "verified"


def test_nothing_that_can_run_code_is_fetched(hub: FakeHub, receipts: Receipts) -> None:
    planned = plan(ENTRY, hub.open())
    assert planned.refused == ["modeling.py", "pytorch_model.bin"]
    folder = fetch(hub, receipts, entry(files=["*"]))
    assert sorted(path.name for path in folder.rglob("*.*")) == [
        "config.json",
        "model.safetensors",
        "weights.safetensors",
    ]


def test_only_the_files_that_the_entry_names(hub: FakeHub, receipts: Receipts) -> None:
    planned = plan(entry(files=["unet/*", "config.json"]), hub.open())
    assert [file.name for file in planned.files] == ["config.json", "unet/weights.safetensors"]
    assert planned.to_fetch == len(WEIGHTS) + 2


def test_a_repository_of_pickles_alone_is_refused(hub: FakeHub) -> None:
    hub.repositories["someone/tiny"] = {"pytorch_model.bin": WEIGHTS, "config.json": b"{}"}
    with pytest.raises(HubError, match="no safetensors or GGUF file"):
        plan(ENTRY, hub.open())


def test_a_second_pull_fetches_nothing(hub: FakeHub, receipts: Receipts) -> None:
    fetch(hub, receipts)
    hub.ranges.clear()
    fetch(hub, receipts)
    assert hub.ranges == []


def test_a_tag_leads_to_its_commit(hub: FakeHub, receipts: Receipts, cache: Path) -> None:
    fetch(hub, receipts, entry(revision="v1"))
    assert (cache / "models--someone--tiny/refs/v1").read_text() == COMMIT
    assert locate(entry(revision="v1").source, "tiny").name == COMMIT


def test_a_lost_connection_is_taken_up_where_it_broke(hub: FakeHub, receipts: Receipts) -> None:
    hub.cut_after = 40_000
    folder = fetch(hub, receipts, entry(file="model.safetensors"))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.ranges == [None, "bytes=40000-", "bytes=80000-"]


def test_an_interrupted_pull_goes_on_and_shows_no_half_model(hub: FakeHub, receipts: Receipts) -> None:
    connection = hub.open()
    model = entry(file="model.safetensors")

    def interrupt(name: str, done: int) -> None:
        raise KeyboardInterrupt

    planned = plan(model, connection)
    with pytest.raises(KeyboardInterrupt):
        pull(planned, connection, interrupt, receipts)
    with pytest.raises(ModelFileError, match="not on this machine"):
        locate(model.source, "tiny")

    # How many bytes the first read of the socket brings is up to the machine.
    kept = Repository.of("someone/tiny").part(planned.files[0].digest).stat().st_size
    assert 0 < kept < len(WEIGHTS)
    hub.ranges.clear()
    planned = plan(model, connection)
    assert planned.to_fetch == len(WEIGHTS) - kept
    folder = pull(planned, connection, lambda name, done: None, receipts)
    assert hub.ranges == [f"bytes={kept}-"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_two_pulls_at_once_do_not_mix_their_bytes(hub: FakeHub, receipts: Receipts) -> None:
    model = entry(file="model.safetensors")
    planned = plan(model, hub.open())
    part = Repository.of("someone/tiny").part(planned.files[0].digest)
    part.parent.mkdir(parents=True)
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(HubError, match="another process is fetching"):
            fetch(hub, receipts, model)
        assert find_unfinished([ENTRY]) == []
    [left] = find_unfinished([ENTRY])
    assert (left.repo, left.parts, left.models) == ("someone/tiny", [part], ["tiny"])


def test_a_cache_that_cannot_be_written(hub: FakeHub, receipts: Receipts, cache: Path) -> None:
    # A file where the snapshots' folder should be: it stops root too, unlike permissions.
    (cache / "models--someone--tiny").mkdir(parents=True)
    (cache / "models--someone--tiny/snapshots").write_text("")
    with pytest.raises(HubError, match="snapshots"):
        fetch(hub, receipts)


def test_a_server_without_ranges_starts_the_file_again(hub: FakeHub, receipts: Receipts) -> None:
    model = entry(file="model.safetensors")
    part = Repository.of("someone/tiny").part(plan(model, hub.open()).files[0].digest)
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS[:500])
    hub.ignores_ranges = True
    folder = fetch(hub, receipts, model)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_connection_that_brings_nothing_ends_in_one_line(hub: FakeHub, receipts: Receipts) -> None:
    hub.cut_after = 0
    with pytest.raises(HubError, match=r"check the connection and pull again"):
        fetch(hub, receipts)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_bytes_of_another_hash_are_thrown_away(hub: FakeHub, receipts: Receipts, name: str) -> None:
    true = FILES[name]
    hub.served[name] = bytes(len(true))
    with pytest.raises(HubError, match=f"{name} does not have its known hash"):
        fetch(hub, receipts)
    with pytest.raises(ModelFileError):
        locate(ENTRY.source, "tiny")
    hub.served.clear()
    assert (fetch(hub, receipts) / name).read_bytes() == true


def test_a_file_that_is_not_the_catalogues_is_refused_before_it_is_fetched(hub: FakeHub) -> None:
    with pytest.raises(HubError, match="is not the file of the catalogue"):
        plan(entry(sha256={"model.safetensors": "0" * 64}), hub.open())
    assert hub.ranges == []


def test_room_on_the_disk_is_checked_first(hub: FakeHub, receipts: Receipts, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1 << 40, 1 << 40, 1000))
    with pytest.raises(HubError, match=r"tiny needs 268\.6 MB, .* has 0\.0 MB free"):
        fetch(hub, receipts)
    assert hub.ranges == []


def test_a_gated_model_is_explained(hub: FakeHub, receipts: Receipts) -> None:
    hub.gated.add("someone/tiny")
    with pytest.raises(HubError) as caught:
        fetch(hub, receipts)
    assert "accept it at https://huggingface.co/someone/tiny, run `hf auth login`" in caught.value.fix
    assert caught.value.exit_code == 8


def test_the_login_goes_to_the_hub_and_to_nobody_else(
    hub: FakeHub, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_made_up_for_this_test")
    with serve() as delivery:
        delivery.repositories = hub.repositories
        hub.elsewhere = delivery.endpoint
        folder = fetch(hub, receipts, entry(file="model.safetensors"))
        assert (folder / "model.safetensors").read_bytes() == WEIGHTS
        assert delivery.logins == [None]
    assert set(hub.logins) == {"Bearer hf_made_up_for_this_test"}


def test_unknown_repositories_and_revisions(hub: FakeHub) -> None:
    with pytest.raises(HubError, match="someone/tiny does not have this revision"):
        plan(entry(revision="v9"), hub.open())
    del hub.repositories["someone/tiny"]
    with pytest.raises(HubError, match="there is no model someone/tiny"):
        plan(ENTRY, hub.open())


def test_no_hub_at_all(hub: FakeHub) -> None:
    # Port 9 of loopback: nobody listens there.
    hub.endpoint = "http://127.0.0.1:9"
    with pytest.raises(HubError, match="cannot reach http://127"):
        plan(ENTRY, hub.open())


def test_offline_means_offline(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE forbids connections"):
        plan(ENTRY, hub.open())
