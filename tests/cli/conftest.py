import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from line_tui.cli import run
from line_tui.engine.client import EngineClient

FAKE_ENGINE = (sys.executable, "-m", "tests.engine.fake_engine")


@dataclass
class Called:
    """A call of the command line: its exit code and what it wrote."""

    code: int
    out: str
    err: str


Call = Callable[..., Called]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """`call("runs", "show", "x")`, in folders of its own and over the fake models."""
    monkeypatch.setenv("LINE_TUI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("LINE_TUI_LOG", str(tmp_path / "log"))

    def call(*arguments: str, engine: tuple[str, ...] = FAKE_ENGINE) -> Called:
        code = run(arguments, lambda data: EngineClient(data, command=engine))
        out, err = capfd.readouterr()
        return Called(code, out, err)

    return call
