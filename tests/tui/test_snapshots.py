"""Every screen as text in three sizes, and as a picture in both themes; `pytest --snapshot-update` takes them anew.

Look at each before it is kept: what is wrong in it would be held to be right from then on.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from line_tui.tui.screens.steering import Steering
from tests.tui import ways
from tests.tui.cells import CellsExtension, cells
from tests.tui.stage import NOON, Stage, stage
from tests.tui.ways import WAYS, Way

SIZES = {"small": (80, 24), "medium": (120, 40), "large": (200, 50)}
THEMES = {"small": "line-light", "medium": "line-dark"}
"""The sizes that are kept as a picture too, in one of the themes."""
HOUR = 3600.0
KEPT = [way for way in WAYS if way not in (ways.paused, ways.stopped)]
SHOWING_PICTURES = {ways.drawing, ways.picture, ways.result}
"""The others show them in the largest size alone: pictures are nine tenths of an SVG file."""

Compare = Callable[..., bool]


@pytest.fixture
def calendar(bank: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change to the store is an hour after the one before, and now is two days later."""
    hours = count(NOON, HOUR)
    for module in ("line_tui.store.events", "line_tui.store.runs"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(time=lambda: next(hours)))
    monkeypatch.setattr("line_tui.tui.screens.runs.time", SimpleNamespace(time=lambda: NOON + 48 * HOUR))
    monkeypatch.setattr("line_tui.tui.screens.export.Path.cwd", lambda: Path("/home/ada"))


def still(on: Stage) -> None:
    """Bring what changes with time to a stop."""
    screen = on.app.screen
    if isinstance(screen, Steering):
        # Otherwise only a few times a second.
        screen.update_panes()
    for field in screen.query(Input):
        field.cursor_blink = False


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", KEPT, ids=lambda way: way.__name__)
def test_it_looks_as_it_did(
    tmp_path: Path, calendar: None, snapshot: SnapshotAssertion, snap_compare: Compare, way: Way, size: str
) -> None:
    on = stage(tmp_path, images="halfcell" if way in SHOWING_PICTURES or size == "large" else "off")
    text = ""

    async def go(pilot: Any) -> None:
        nonlocal text
        await way(on, pilot)
        await pilot.pause()
        still(on)
        await pilot.pause()
        text = cells(on.app)

    async def alone() -> None:
        async with on.app.run_test(size=SIZES[size]) as pilot:
            await go(pilot)

    looks = True
    if size in THEMES:
        on.app.theme = THEMES[size]
        looks = snap_compare(on.app, terminal_size=SIZES[size], run_before=go)
    else:
        asyncio.run(alone())
    assert text == snapshot(extension_class=CellsExtension)
    assert looks
