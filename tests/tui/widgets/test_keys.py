from line_tui.tui.widgets.keys import KeysBar
from tests.tui.screens.test_run import MIDDLE
from tests.tui.stage import Stage, settle, start


async def test_it_shows_the_keys_that_apply_and_a_click_is_the_key(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot, MIDDLE)
        bar = on.app.screen.query_one(KeysBar)
        text = str(bar.render())
        assert " a Accept " in text and "Resume" not in text
        await pilot.click(KeysBar, offset=(text.index("Help") + 1, 0))
        assert type(on.app.screen).__name__ == "HelpScreen"


async def test_it_follows_what_applies_and_explains_it_under_the_mouse(on: Stage) -> None:
    async with on.app.run_test(size=(140, 30)) as pilot:
        await start(on, pilot, MIDDLE)
        bar = on.app.screen.query_one(KeysBar)
        on.engine.die()
        await settle(pilot, lambda: "R Resume" in str(bar.render()))
        await pilot.hover(KeysBar, offset=(str(bar.render()).index("Resume"), 0))
        assert bar.tooltip == "Continue the run, with a new engine if need be"
        await pilot.hover(KeysBar, offset=(139, 0))
        assert bar.tooltip is None
