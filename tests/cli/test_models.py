"""`line-tui models`, run in this process against a hub on loopback and a catalogue of the user's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from line_tui.cli import run
from line_tui.hub.remote import Hub
from tests.hub.fake import FakeHub, serve

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
        monkeypatch.setattr("line_tui.cli.pulling.Hub", fake.open)
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
        "tiny: licence Llama 3.1 Community, gated: accept it first at https://huggingface.co/someone/tiny"
    )
    assert lines[1] == "tiny: 0.0 MB from someone/tiny, 0.0 MB of it still to fetch"
    assert lines[-1].startswith("emoji-diffusion: nothing to fetch")

    assert run(["models", "path", "tiny"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.read_bytes() == WEIGHTS
    assert _json(capsys, "models", "verify", "tiny") == [
        {"id": "tiny", "state": "verified", "path": str(path), "size": len(WEIGHTS), "problem": "", "fix": ""}
    ]

    path.resolve().write_bytes(WEIGHTS[:-1] + b"X")
    assert run(["models", "verify", "tiny"]) == 4
    assert "does not have the hash" in capsys.readouterr().err

    assert _json(capsys, "models", "remove", "tiny", "--yes") == {"id": "tiny", "files": 1, "freed": len(WEIGHTS)}
    assert run(["models", "path", "tiny"]) == 4
    assert not any(path.is_file() for path in (home / "cache").glob("*/blobs/*"))


def test_pull_in_json(hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pulled = _json(capsys, "models", "pull", "tiny", "tiny", "smollm2-135m")
    assert isinstance(pulled, list)
    assert [(each["id"], each["fetched"]) for each in pulled] == [("tiny", len(WEIGHTS)), ("smollm2-135m", 0)]


def test_removing_asks_and_leaves_the_neighbours_files(
    hub: FakeHub, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["models", "pull", "tiny", "tiny-too"])
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "n")
    assert run(["models", "remove", "tiny"]) == 130
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
    monkeypatch.setattr("line_tui.cli.pulling.Hub", lambda: Hub("http://127.0.0.1:9"))
    assert run(["models", "pull", "tiny"]) == 8
    error = capsys.readouterr().err
    assert error.startswith("error: cannot reach http://127.0.0.1:9")
    assert error.count("\n") == 1
