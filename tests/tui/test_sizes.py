from pathlib import Path

import pytest

from tests.tui.screens.test_run import MIDDLE
from tests.tui.stage import settle, stage, start


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (20, 5), (1, 1)])
async def test_a_terminal_too_small_says_what_it_needs_and_recovers(tmp_path: Path, size: tuple[int, int]) -> None:
    on = stage(tmp_path)
    async with on.app.run_test(size=(80, 24)) as pilot:
        await start(on, pilot, MIDDLE)
        screen = on.app.screen
        everything, note = screen.query_one("#all"), screen.query_one("#too-small")
        assert everything.display and not note.display
        await pilot.resize_terminal(*size)
        await settle(pilot, lambda: note.display and not everything.display)
        assert f"line-tui needs 80x24, this terminal is {size[0]}x{size[1]}" in str(note.render())
        await pilot.resize_terminal(80, 24)
        await settle(pilot, lambda: everything.display and not note.display)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50), (300, 80)])
async def test_every_pane_has_room(tmp_path: Path, size: tuple[int, int]) -> None:
    on = stage(tmp_path)
    async with on.app.run_test(size=size) as pilot:
        await start(on, pilot, MIDDLE)
        for selector in ("#proposal", "#pool", "#pictures", "#status", "#curve"):
            region = on.app.screen.query_one(selector).region
            assert region.width >= 36 and region.height >= (1 if selector == "#status" else 5), selector
            assert region.right <= size[0] and region.bottom <= size[1], selector
        wide = size[0] >= 170
        assert on.app.screen.query_one("#timeline").display == wide
        assert on.app.screen.query_one("#histogram").display == (size[1] >= 34)
