import pytest

from tests.tui.screens.test_run import MIDDLE
from tests.tui.stage import Stage, settle, start


async def test_a_terminal_too_small_says_what_it_needs_and_recovers(on: Stage) -> None:
    async with on.app.run_test(size=(80, 24)) as pilot:
        await start(on, pilot, MIDDLE)
        screen = on.app.screen
        everything, note = screen.query_one("#all"), screen.query_one("#too-small")
        assert everything.display and not note.display
        for width, height in ((39, 24), (80, 11), (20, 5), (1, 1)):
            await pilot.resize_terminal(width, height)
            await settle(pilot, lambda: note.display and not everything.display)
            assert f"line-tui needs 40x12, this terminal is {width}x{height}" in str(note.render())
            await pilot.resize_terminal(80, 24)
            await settle(pilot, lambda: everything.display and not note.display)


async def test_every_pane_has_room(on: Stage) -> None:
    async with on.app.run_test(size=(300, 80)) as pilot:
        await start(on, pilot, MIDDLE)
        for width, height in ((80, 24), (120, 40), (200, 50), (300, 80)):
            await pilot.resize_terminal(width, height)
            await settle(pilot, lambda wide=width >= 170: on.app.screen.query_one("#timeline").display == wide)  # type: ignore[misc]
            await settle(pilot, lambda high=height >= 34: on.app.screen.query_one("#histogram").display == high)  # type: ignore[misc]
            await pilot.pause()
            for selector in ("#proposal", "#pool", "#pictures", "#status", "#curve"):
                region = on.app.screen.query_one(selector).region
                assert region.width >= 36 and region.height >= (1 if selector == "#status" else 5), selector
                assert region.right <= width and region.bottom <= height, selector


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (60, 18), (100, 12), (40, 12)])
async def test_smaller_than_it_is_made_for_it_can_still_be_used(on: Stage, size: tuple[int, int]) -> None:
    async with on.app.run_test(size=size) as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        inside(on, size, "#models", "#layers", "#neurons", "#plan", "#keys")
        await start(on, pilot, MIDDLE)
        inside(on, size, "#proposal", "#pool", "#status", "#keys")
        assert on.app.screen.query_one("#pool").size.height >= 2
        for key, dialog in {"question_mark": ".dialog", "n": ".dialog"}.items():
            await pilot.press(key)
            inside(on, size, dialog)
            await pilot.press("escape")
        await pilot.press("l")
        inside(on, size, "#runs", "#keys")


def inside(on: Stage, size: tuple[int, int], *selectors: str) -> None:
    """All of these are on the screen, and have room for something."""
    for selector in selectors:
        region = on.app.screen.query_one(selector).region
        assert region.width >= 10 and region.height >= 1, (selector, region)
        assert region.right <= size[0] and region.bottom <= size[1], (selector, region)
