from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from line_tui.doctor.storage import check_catalog, check_config, check_disks, check_downloads, check_store
from line_tui.hub.cache import Repository
from line_tui.models.catalog import Catalog, LanguageEntry
from line_tui.models.model_files import Source
from line_tui.store import Store


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("line_tui.doctor.storage.user_catalog_path", lambda: tmp_path / "catalog.toml")
    monkeypatch.setattr("line_tui.models.catalog.user_catalog_path", lambda: tmp_path / "catalog.toml")
    return tmp_path


def test_settings(home: Path) -> None:
    assert check_config().status == "ok"
    (home / "config.toml").write_text("[explain]\nprofile = 'dmeo'\n")
    finding = check_config()
    assert (finding.status, finding.fix.startswith("did you mean demo?")) == ("problem", True)
    (home / "config.toml").write_text("[explain]\nprofil = 'demo'\n")
    assert "profil" in check_config().found


def test_the_users_catalogue(home: Path) -> None:
    assert check_catalog().status == "ok"
    (home / "catalog.toml").write_text("[[language]]\nid = 'mine'\n")
    finding = check_catalog()
    assert (finding.status, "source" in finding.found) == ("problem", True)


def test_the_store(home: Path) -> None:
    assert check_store().found.endswith("no runs yet")
    assert not (home / "data").exists()
    Store.open(home / "data").close()
    assert check_store().found.endswith("data, 0 runs")
    (home / "data/line.db").write_bytes(b"not a database at all" * 100)
    assert check_store().status == "problem"


def test_broken_downloads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home / "cache"))
    known = LanguageEntry(id="tiny", source=Source(hub="someone/tiny"))
    catalog = Catalog(language=[known])
    assert [finding.status for finding in check_downloads(catalog)] == ["ok"]
    for repo in ("someone/tiny", "someone/forgotten"):
        part = Repository.of(repo).part("f0" * 32)
        part.parent.mkdir(parents=True)
        part.write_bytes(bytes(2_000_000))
    forgotten, tiny = check_downloads(catalog)
    assert (tiny.status, tiny.found) == ("note", "a pull of someone/tiny was interrupted after 2.0 MB")
    assert "`line-tui models pull tiny` continues it" in tiny.fix
    path = Repository.of("someone/forgotten").part("f0" * 32)
    assert forgotten.fix == f"no model of the catalogue needs it: delete {path}"


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [finding.check for finding in check_disks()] == ["disk: runs", "disk: models"]
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1 << 40, 1 << 40, 5_000_000))
    assert [finding.status for finding in check_disks()] == ["problem", "problem"]
