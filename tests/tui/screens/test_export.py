import csv
import json
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from line_tui.report.exporters import exporters
from line_tui.tui.screens.export import ExportScreen
from tests.tui.stage import Stage, events_of_a_run, keep, settle, stage


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    on = stage(tmp_path / "data")
    keep(on.store, events_of_a_run())
    return on


async def test_every_kind_is_written(on: Stage, tmp_path: Path) -> None:
    async with on.app.run_test() as pilot:
        await pilot.press("l", "E")
        screen = on.app.screen
        assert isinstance(screen, ExportScreen)
        folder, outcome = screen.query_one("#folder", Input), screen.query_one("#outcome", Static)
        # A folder that cannot be written says so; Enter there exports too.
        (tmp_path / "file").write_text("")
        folder.value = str(tmp_path / "file")
        await pilot.press("tab", "enter")
        await settle(pilot, lambda: str(outcome.content).startswith("✗"))
        folder.value = str(tmp_path / "out")
        await pilot.press("enter")
        await settle(pilot, lambda: (tmp_path / "out" / "r1.html").exists())
        await settle(pilot, lambda: str(outcome.content).startswith("✔"))
        outcome.update("")
        await pilot.press("shift+tab")
        for kind in exporters():
            await pilot.press("enter")
            await settle(pilot, lambda: str(outcome.content).startswith("✔"), kind)
            outcome.update("")
            await pilot.press("down")
    out = tmp_path / "out"
    assert (out / "r1.html").read_text().startswith("<!doctype html>")
    assert json.loads((out / "r1.json").read_text())["label"] == "strawberry"
    header, row = csv.reader((out / "r1.csv").read_text().splitlines())
    assert header[:2] == ["neuron", "explanation"] and row[1] == "strawberry"
    assert (out / "r1").is_dir()
