"""`line-tui models`, run in this process against a hub on loopback and a catalogue of the user's own."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from line_tui.cli import run
from line_tui.hub.cache import Repository
from line_tui.hub.remote import Hub
from tests.hub.fake import COMMIT, FakeHub, serve

WEIGHTS = bytes(range(256)) * 40
CATALOG = """
[[language]]
id = "tiny"
source = { hub = "someone/tiny", file = "tiny.gguf" }
licence = "Llama 3.1 Community"
gated = true
about = "For tests."

[[language]]
id = "tiny-too"
source = { hub = "someone/tiny", file = "too.gguf" }

[[profile]]
id = "small"
language = "tiny"
generator = "emoji-diffusion"
vision = "resnet18"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "catalog.toml").write_text(CATALOG)
    monkeypatch.setattr("line_tui.models.catalog.user_catalog_path", lambda: tmp_path / "catalog.toml")
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    return tmp_path


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve() as fake:
        fake.repositories["someone/tiny"] = {"tiny.gguf": WEIGHTS, "too.gguf": WEIGHTS[::-1], "README.md": b"# tiny"}
        monkeypatch.setattr("line_tui.cli.pull_progress.Hub", fake.open)
        yield fake


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_nothing_to_pulled_verified_found_and_removed(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "path", "tiny"]) == 4
    assert capsys.readouterr().err.endswith("run `line-tui models pull tiny`\n")

    assert run(["models", "pull", "small"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[0] == (
        "tiny: licence Llama 3.1 Community, gated: first accept it at https://huggingface.co/someone/tiny"
    )
    assert lines[1] == "tiny: 0.0 MB from someone/tiny, 0.0 MB of it left to fetch"
    assert lines[-1].startswith("emoji-diffusion: nothing to fetch")

    assert run(["models", "path", "tiny"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.read_bytes() == WEIGHTS
    assert _json(capsys, "models", "verify", "tiny") == [
        {"id": "tiny", "state": "verified", "path": str(path), "size": len(WEIGHTS), "problem": "", "fix": ""}
    ]

    path.resolve().write_bytes(WEIGHTS[:-1] + b"X")
    assert run(["models", "verify", "tiny"]) == 4
    assert "does not have its known hash" in capsys.readouterr().err

    assert _json(capsys, "models", "remove", "tiny", "--yes") == {"id": "tiny", "files": 1, "freed": len(WEIGHTS)}
    assert run(["models", "path", "tiny"]) == 4
    assert not any(path.is_file() for path in (home / "cache").glob("*/blobs/*"))


def test_pull_in_json(hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pulled = _json(capsys, "models", "pull", "tiny", "tiny", "smollm2-135m")
    assert isinstance(pulled, list)
    assert [(each["id"], each["fetched"]) for each in pulled] == [("tiny", len(WEIGHTS)), ("smollm2-135m", 0)]


NEWER = "f" * 40
SMALL = b'{"a": 1}'


def test_a_pulled_model_stays_what_it_was_until_it_is_moved_on(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.repositories["someone/tiny"] = {"tiny.gguf": WEIGHTS, "too.gguf": WEIGHTS}
    assert run(["models", "pull", "tiny"]) == 0
    lock = json.loads((home / "data" / "models.lock.json").read_text())
    assert lock["tiny"]["commit"] == COMMIT
    assert lock["tiny"]["sha256"] == {"tiny.gguf": hashlib.sha256(WEIGHTS).hexdigest()}

    hub.new_revision(NEWER, {"someone/tiny": {"tiny.gguf": WEIGHTS[::-1], "too.gguf": WEIGHTS}})
    capsys.readouterr()
    # Another program moves the cache's branch on; our model does not follow it.
    run(["models", "pull", "tiny-too"])
    assert (home / "cache/models--someone--tiny/refs/main").read_text() == NEWER
    assert run(["models", "verify", "tiny"]) == 0
    told = capsys.readouterr().err
    assert f"tiny: pinned to commit {COMMIT[:12]}; run `line-tui models pull tiny --update`" in told
    assert run(["models", "path", "tiny"]) == 0
    assert Path(capsys.readouterr().out.strip()).read_bytes() == WEIGHTS

    # What was removed comes back as it was.
    run(["models", "remove", "tiny", "--yes"])
    capsys.readouterr()
    assert run(["models", "pull", "tiny"]) == 0
    assert f"pinned to commit {COMMIT[:12]}; run `line-tui models pull tiny --update`" in capsys.readouterr().err
    assert Path(_path(capsys, "tiny")).read_bytes() == WEIGHTS

    assert run(["models", "pull", "tiny", "--update"]) == 0
    assert f"updated from commit {COMMIT[:12]} to {NEWER[:12]}" in capsys.readouterr().err
    assert Path(_path(capsys, "tiny")).read_bytes() == WEIGHTS[::-1]
    assert run(["models", "verify", "tiny"]) == 0


def _path(capsys: pytest.CaptureFixture[str], name: str) -> str:
    capsys.readouterr()
    assert run(["models", "path", name]) == 0
    return capsys.readouterr().out.strip()


def test_small_files_are_held_by_their_sha256_as_well(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hub knows them by git's SHA-1 alone."""
    hub.repositories["someone/tiny"] = {"tiny.gguf/model.safetensors": WEIGHTS, "tiny.gguf/config.json": SMALL}
    assert run(["models", "pull", "tiny"]) == 0
    lock = home / "data" / "models.lock.json"
    pins = json.loads(lock.read_text())
    assert pins["tiny"]["sha256"]["tiny.gguf/config.json"] == hashlib.sha256(SMALL).hexdigest()

    pins["tiny"]["sha256"]["tiny.gguf/config.json"] = "0" * 64
    lock.write_text(json.dumps(pins))
    assert run(["models", "verify", "tiny"]) == 4
    assert "config.json does not have its known hash" in capsys.readouterr().err
    assert run(["models", "remove", "tiny", "--yes"]) == 0
    assert run(["models", "pull", "tiny"]) == 8
    assert "tiny.gguf/config.json does not have its known hash" in capsys.readouterr().err


def test_a_file_that_is_gone_is_missed(hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub.repositories["someone/tiny"] = {"tiny.gguf/model.safetensors": WEIGHTS, "tiny.gguf/config.json": SMALL}
    run(["models", "pull", "tiny"])
    (Path(_path(capsys, "tiny")) / "config.json").unlink()
    assert run(["models", "verify", "tiny"]) == 4
    assert "tiny.gguf/config.json is missing" in capsys.readouterr().err


def test_a_commit_that_the_hub_lost_is_reported_with_the_way_on(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["models", "pull", "tiny"])
    hub.new_revision(NEWER, hub.repositories)
    hub.older.clear()
    capsys.readouterr()
    assert run(["models", "pull", "tiny"]) == 8
    assert "does not have this revision" in capsys.readouterr().err
    assert run(["models", "pull", "tiny", "--update"]) == 0


def test_what_another_program_fetched_is_hashed_before_it_is_held_to(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["models", "pull", "tiny"])
    (home / "data" / "models.lock.json").unlink()
    Path(_path(capsys, "tiny")).resolve().write_bytes(WEIGHTS[:-1] + b"X")
    assert run(["models", "pull", "tiny"]) == 8
    assert "was already here, and does not have its known hash" in capsys.readouterr().err
    assert not (home / "data" / "models.lock.json").exists()


def test_a_broken_pull_is_shown_and_can_be_deleted(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.cut_after = 0
    assert run(["models", "remove", "tiny", "--unfinished", "--yes"]) == 2
    assert run(["models", "pull", "tiny"]) == 8
    part = Repository.of("someone/tiny").part(hashlib.sha256(WEIGHTS).hexdigest())
    part.write_bytes(WEIGHTS[:5000])
    capsys.readouterr()
    assert run(["models", "list"]) == 0
    assert capsys.readouterr().err.strip() == (
        "a pull of someone/tiny was interrupted after 0.0 MB: `line-tui models pull tiny` (or tiny-too) continues "
        "it, `line-tui models remove tiny --unfinished` deletes it"
    )
    listed = _json(capsys, "models", "list")
    assert isinstance(listed, dict)
    assert listed["unfinished"] == [{"repo": "someone/tiny", "models": ["tiny", "tiny-too"], "size": 5000}]

    removed = _json(capsys, "models", "remove", "tiny", "--unfinished", "--yes")
    assert removed == {"id": "tiny", "files": 1, "freed": 5000}
    assert not part.exists()
    assert run(["models", "list"]) == 0
    assert capsys.readouterr().err == ""


def test_deleting_what_is_unfinished_leaves_the_model(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["models", "pull", "tiny"])
    Repository.of("someone/tiny").part("f00" + "0" * 37).write_bytes(b"of an older revision")
    assert run(["models", "remove", "tiny", "--unfinished", "--yes"]) == 0
    assert run(["models", "verify", "tiny"]) == 0


def test_removing_asks_and_leaves_the_neighbours_files(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["models", "pull", "tiny", "tiny-too"])
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(["models", "remove", "tiny"]) == 2 and "add --yes" in capsys.readouterr().err
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "n")
    assert _json(capsys, "models", "remove", "tiny") == {"id": "tiny", "files": 0, "freed": 0}
    assert run(["models", "path", "tiny"]) == 0
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "y")
    assert run(["models", "remove", "tiny"]) == 0
    assert run(["models", "path", "tiny"]) == 4
    assert run(["models", "path", "tiny-too"]) == 0


def test_the_list_says_what_is_here(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    run(["models", "pull", "tiny"])
    capsys.readouterr()
    listed = _json(capsys, "models", "list")
    assert isinstance(listed, dict)
    states = {model["id"]: (model["kind"], model["state"]) for model in listed["models"]}
    assert states["tiny"] == ("language", "verified")
    assert states["tiny-too"] == ("language", "missing")
    assert states["emoji-diffusion"][0] == "generator"
    assert "small" in [profile["id"] for profile in listed["profiles"]]
    assert run(["models", "list"]) == 0
    text = capsys.readouterr().out
    assert "Llama 3.1 Community, gated" in text
    assert "tiny + emoji-diffusion + resnet18" in text


def test_names_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "pull", "tiney"]) == 3
    assert "no model or profile named 'tiney' — did you mean tiny" in capsys.readouterr().err
    assert run(["models", "path", "small"]) == 3
    assert run(["models", "remove", "smollm2-135m", "--yes"]) == 2


def test_a_hub_that_is_not_there(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 9 of loopback: nobody listens there.
    monkeypatch.setattr("line_tui.cli.pull_progress.Hub", lambda: Hub("http://127.0.0.1:9"))
    assert run(["models", "pull", "tiny"]) == 8
    error = capsys.readouterr().err
    assert error.startswith("error: cannot reach http://127.0.0.1:9")
    assert error.count("\n") == 1
