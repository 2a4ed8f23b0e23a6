"""`line-tui doctor` on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from line_tui.cli import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("line_tui.models.catalog.user_catalog_path", lambda: tmp_path / "catalog.toml")
    return tmp_path


def test_every_part_is_examined_and_every_problem_has_a_fix(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", "--json"])
    findings = {finding["check"]: finding for finding in json.loads(capsys.readouterr().out)}
    parts = {"terminal", "config", "catalogue", "store", "disk: runs", "disk: models", "machine", "gpu", "torch"}
    assert parts | {"llama.cpp", "models: demo", "memory: demo"} <= set(findings)
    problems = [finding for finding in findings.values() if finding["status"] == "problem"]
    assert all(finding["fix"] for finding in problems)
    assert code == (1 if problems else 0)
    assert findings["torch"]["status"] == "ok"
    assert findings["models: demo"]["status"] == "ok"


def test_a_broken_setting_is_a_problem_and_the_rest_is_still_examined(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text("[explain]\nimages = 'five'\n")
    assert run(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "PROBLEM  config" in told
    assert "llama.cpp" in told
