from pathlib import Path

from textual.widgets import Static

from line_tui.store import Store
from line_tui.tui.screens.choose import ChooseScreen
from line_tui.tui.screens.tour import STEPS, Tour
from tests.tui.stage import events_of_a_run, keep, settle, stage


async def test_four_steps_lead_to_the_app_once(tmp_path: Path) -> None:
    assert len(STEPS) <= 4
    on = stage(tmp_path, tour=True)
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: isinstance(on.app.screen, Tour))
        for heading, _ in STEPS:
            assert heading in str(on.app.screen.query_one("#step", Static).content)
            await pilot.press("enter")
        await settle(pilot, lambda: isinstance(on.app.screen, ChooseScreen))
    assert not stage(tmp_path, tour=True).app.tour


def test_who_has_runs_needs_no_tour(tmp_path: Path) -> None:
    keep(Store.open(tmp_path), events_of_a_run())
    assert not stage(tmp_path, tour=True).app.tour
