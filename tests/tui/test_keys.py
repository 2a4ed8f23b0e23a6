"""Every key of every screen is pressed: none may crash, and each has an id, a name and an explanation."""

from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from line_tui.config import Config, TuiDefaults
from line_tui.tui.app import LineApp
from line_tui.tui.command_palette import Palette
from line_tui.tui.keymap import _nodes
from tests.tui import ways
from tests.tui.stage import stage
from tests.tui.ways import WAYS, Way

OTHERS = {ways.find, ways.add, ways.reject_because, ways.result_below, ways.tour}
"""Screens that another way leads to as well, and the tour, which has its own test."""


def own_keys(screen: Screen[Any]) -> list[str]:
    """Keys that our own code binds and that apply now."""
    return [
        key
        for key, active in screen.active_bindings.items()
        if active.enabled and active.binding.id and not active.binding.action.endswith("quit")
    ]


@pytest.mark.parametrize("way", [way for way in WAYS if way not in OTHERS], ids=lambda way: way.__name__)
@pytest.mark.usefixtures("bank")
async def test_every_key_of_the_screen(way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineApp, "open_file", lambda self, path: self.notify(str(path)))
    monkeypatch.chdir(tmp_path)
    pressed: set[str] = set()
    for walk in range(10):
        on = stage(tmp_path / str(walk))
        async with on.app.run_test() as pilot:
            await way(on, pilot)
            await pilot.pause()
            home = on.app.screen
            while keys := [key for key in own_keys(home) if key not in pressed]:
                pressed.add(keys[0])
                await pilot.press(keys[0])
                for _ in range(5):
                    if on.app.screen is home or home not in on.app.screen_stack:
                        break
                    await pilot.press("escape")
                if on.app.screen is not home:
                    # This key leaves the screen for good: the next walk takes the others.
                    break
            else:
                break
    else:
        raise AssertionError(f"keys are left over after {pressed}")
    assert pressed


def test_ids_are_unique() -> None:
    # The palette's are Textual's own.
    bindings = [binding for node in _nodes() if node is not Palette for binding in vars(node).get("BINDINGS", ())]
    ids = [binding.id for binding in bindings]
    assert len(ids) > 60
    assert len(ids) == len(set(ids)) and all(ids)
    assert all(binding.tooltip and binding.description for binding in bindings)


async def test_a_key_can_be_remapped_by_its_id(tmp_path: Path) -> None:
    on = stage(tmp_path, config=Config(tui=TuiDefaults(keys={"choose.plan": "f5"})))
    async with on.app.run_test() as pilot:
        assert "f5" in on.app.screen.active_bindings and "p" not in on.app.screen.active_bindings
        await pilot.press("f5")
        assert type(on.app.screen).__name__ == "Plan"
