import json
from pathlib import Path

import pytest

from line_tui.config import Config, read_config, to_toml
from tests.cli.conftest import Call

WHOLE = """
[explain]
profile = "laptop"
iterations = 20
[engine]
threads = 2
[tui]
images = "off"
[tui.keys]
"run.pause" = "P,space"
"""


def test_paths(call: Call, tmp_path: Path) -> None:
    assert call("config", "path").out == f"{tmp_path / 'config.toml'}\n"
    assert call("config", "path", "data").out == f"{tmp_path / 'data'}\n"


@pytest.mark.parametrize("content", [None, "", WHOLE])
def test_what_is_shown_is_what_counts(call: Call, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_text(content)
    config = read_config()
    assert (config == Config()) == (not content)
    assert call("config", "validate").code == 0
    shown = call("config", "show").out
    path.write_text(shown)
    assert read_config() == config and to_toml(config) == shown


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[explain]\nprofil = 1\n", "profil"),
        (b"[explain]\nimages = 0\n", "images"),
        (b"[tui]\nimages = 'neon'\n", "neon"),
        (b"\xff\xfe\x00garbage", "config.toml"),
        (b"not toml at all", "config.toml"),
    ],
)
def test_what_is_wrong_is_reported(call: Call, tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    for arguments in (("config", "validate"), ("config", "show"), ("explain", "fake", "fc", "0")):
        done = call(*arguments)
        assert done.code == 2 and told in done.err and "correct it" in done.err and done.err.count("\n") == 1
    assert (tmp_path / "config.toml").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("theme = 'line-drak'", 3, "did you mean line-dark"),
        ("keys = {'run.puase' = 'P'}", 3, "did you mean run.pause"),
        ("keys = {'run.pause' = 'p'}", 2, "p both run.pin and run.pause"),
        ("keys = {'run.pause' = '?'}", 2, "question_mark both run.pause and help"),
    ],
)
def test_what_the_app_would_refuse_is_not_valid(call: Call, tmp_path: Path, content: str, code: int, told: str) -> None:
    (tmp_path / "config.toml").write_text(f"[tui]\n{content}\n")
    done = call("config", "validate")
    assert done.code == code and told in done.err and done.err.count("\n") == 1


def test_two_keys_may_change_places(call: Call, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[tui.keys]\n'run.pause' = 'p'\n'run.pin' = 'space'\n")
    assert call("config", "validate").code == 0


def test_the_keys_are_listed_with_their_ids(call: Call) -> None:
    assert any(line.split()[:2] == ["run.pause", "space"] for line in call("config", "keys").out.splitlines())
    listed = json.loads(call("config", "keys", "--json").out)
    assert {"id": "run.pause", "keys": "space", "does": "Pause or continue"} in listed


def test_a_folder_in_place_of_the_file(call: Call, tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    done = call("config", "validate")
    assert done.code == 2 and "config.toml" in done.err


def test_the_defaults_of_a_run_come_from_the_settings(call: Call, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[explain]\niterations = 1\nimages = 1\nmetric = 'auc'\nstrategy = 'published'\n"
    )
    made = json.loads(call("explain", "fake", "fc", "0", "--images", "2", "--json").out)
    assert made["score"]["metric"] == "auc" and made["score"]["images"] == 2
    assert max(trial["iteration"] for trial in made["trials"]) == 2
