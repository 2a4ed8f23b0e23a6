import sys
from pathlib import Path

import pytest

from line_tui.tui import graphics_protocol


class Tty:
    def isatty(self) -> bool:
        return True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A terminal that answers "sixel"; the list grows with every question."""
    questions: list[str] = []
    monkeypatch.setattr(sys, "__stdout__", Tty())
    monkeypatch.setattr(sys, "__stdin__", Tty())

    def ask() -> str:
        questions.append("?")
        return "sixel"

    monkeypatch.setattr(graphics_protocol, "ask_terminal", ask)
    return questions


def test_a_terminal_is_asked_once(asked: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "folder" / "terminals.json"
    assert [graphics_protocol.picture_protocol("auto", cache) for _ in range(3)] == ["sixel"] * 3
    assert len(asked) == 1


def test_another_terminal_is_asked_again(asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graphics_protocol.picture_protocol("auto", tmp_path / "t")
    monkeypatch.setenv("TERM", "another")
    graphics_protocol.picture_protocol("auto", tmp_path / "t")
    assert len(asked) == 2


def test_a_setting_needs_no_question(asked: list[str], tmp_path: Path) -> None:
    for setting in ("kitty", "sixel", "halfcell", "off"):
        assert graphics_protocol.picture_protocol(setting, tmp_path / "t") == setting
    assert not asked


def test_a_damaged_cache_is_as_none(asked: list[str], tmp_path: Path) -> None:
    (tmp_path / "t").write_text("{")
    assert graphics_protocol.picture_protocol("auto", tmp_path / "t") == "sixel"
    assert asked


def test_without_a_terminal_it_is_half_cells(tmp_path: Path) -> None:
    assert graphics_protocol.picture_protocol("auto", tmp_path / "t") == "halfcell"
    assert not (tmp_path / "t").exists()
