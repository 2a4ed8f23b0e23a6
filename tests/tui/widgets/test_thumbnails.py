"""Strips of pictures."""

import pytest
from textual.containers import Horizontal

from line_tui import events as e
from line_tui.tui.widgets.thumbnails import StripContent, Thumbnails
from tests.tui.stage import Alone

DRAWN = e.ImageRecord(identity="", path="", prompt="c", seed=1)
PICTURE = e.ImageScored(trial="t", concept="c", index=0, image=DRAWN, activation=1.0)


@pytest.mark.parametrize("width", [119, 120, 121])
async def test_both_sides_have_pictures_of_one_size(width: int) -> None:
    left, right = Thumbnails(), Thumbnails()
    async with Alone(Horizontal(left, right)).run_test(size=(width, 20)) as pilot:
        for strip, count in ((left, 5), (right, 3)):
            strip.styles.width = "1fr"
            strip.show(StripContent((PICTURE,) * count), "")
        await pilot.pause()
        assert left._layout()[0] == right._layout()[0]


async def test_only_where_keys_move_it_there_is_a_cursor() -> None:
    moved, still = Thumbnails(has_cursor=True), Thumbnails()
    async with Alone(moved, still).run_test(size=(40, 24)) as pilot:
        for strip in (moved, still):
            strip.styles.height = 8
            strip.show(StripContent((PICTURE,)), "")
        await pilot.pause()
        assert [any("▸" in strip.render_line(y).text for y in range(8)) for strip in (moved, still)] == [True, False]


@pytest.mark.parametrize(("width", "more"), [(37, "+97 →"), (33, "+97"), (32, "→")])
async def test_the_number_of_further_pictures_is_whole_or_absent(width: int, more: str) -> None:
    strip = Thumbnails()
    async with Alone(strip).run_test(size=(width, 12)) as pilot:
        strip.styles.height = 8
        strip.show(StripContent((PICTURE,) * 100), "")
        await pilot.pause()
        size, _, count = strip._layout()
        row = next(text for y in range(8) if "1.00" in (text := strip.render_line(y).text))
        assert row[count * (size + 2) :].strip() == more.replace("97", str(100 - count))
