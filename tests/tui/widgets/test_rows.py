"""A list that is scrolled before it is laid out."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Static

from line_tui.tui.widgets.rows import Column, Row, Rows, cut_middle
from tests.tui.stage import Alone


async def test_the_bar_stands_where_the_list_was_scrolled_to() -> None:
    rows = Rows([Column("name")], title="Names")
    async with Alone(rows).run_test(size=(30, 10)) as pilot:
        rows.show([Row(str(n), (str(n),)) for n in range(50)])
        rows.go_to("49")
        await pilot.pause()
        assert rows.scroll_y > 0 and rows.vertical_scrollbar.position == rows.scroll_y


async def test_a_list_that_gets_lower_keeps_its_cursor_in_sight() -> None:
    table = Rows([Column("row")])
    below = Static("below")
    table.styles.height = "1fr"
    below.styles.height = 1
    async with Alone(table, below).run_test(size=(40, 20)) as pilot:
        table.show([Row(str(n), (f"row {n}",)) for n in range(50)])
        table.go_to("49")
        await pilot.pause()
        below.styles.height = 8
        await pilot.pause()
        assert table.size.height == 12
        assert table.scroll_offset.y + table.size.height >= 50 + table.head


async def test_a_long_text_goes_on_over_what_is_empty_after_it() -> None:
    table = Rows([Column("name"), Column("one", 5, right=True), Column("two", 5, right=True)], head=False)
    async with Alone(table).run_test(size=(24, 6)) as pilot:
        long = "twenty letters, more"
        table.show(
            [Row("a", (long, "", "")), Row("b", (long, "", "2")), Row("c", (long, "1", "")), Row("d", ("x", "", ""))]
        )
        await pilot.pause()
        lines = [table.render_line(y).text for y in range(4)]
        assert {len(line) for line in lines} == {24}
        assert lines[0].rstrip() == "▌twenty letters, more"
        assert lines[1].rstrip() == " twenty letters,…     2"
        assert lines[2].split() == ["twenty", "le…", "1"]
        assert lines[3].split() == ["x"]


async def test_a_long_text_also_goes_on_over_a_column_that_takes_the_remaining_room() -> None:
    table = Rows([Column("one", 5, middle=True), Column("rest"), Column("two", 5)], head=False)
    async with Alone(table).run_test(size=(24, 6)) as pilot:
        table.show([Row("a", ("a title, long", "", "2")), Row("b", ("a title, long", "more", "2"))])
        await pilot.pause()
        lines = [table.render_line(y).text for y in range(2)]
        assert {len(line) for line in lines} == {24}
        assert lines[0].split("  ")[0] == "▌a title, long" and lines[0].rstrip().endswith(" 2")
        assert lines[1].split() == ["a", "…ng", "more", "2"]


async def test_what_an_empty_list_says_is_wrapped() -> None:
    table = Rows([Column("name")], head=False, empty="Words of the bank that drive it:\n\n  6.53  black cat")
    async with Alone(table).run_test(size=(24, 6)):
        lines = [table.render_line(y).text.rstrip() for y in range(4)]
        assert lines == [" Words of the bank that", " drive it:", "", "   6.53  black cat"]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "M", "Z"]), max_size=40), st.integers(3, 30))
def test_a_text_without_its_middle_fits(text: str, room: int) -> None:
    cut = cut_middle(text, room)
    assert cell_len(cut) <= room
    assert cut == text if cell_len(text) <= room else "…" in cut


def test_names_that_begin_alike_stay_apart() -> None:
    assert cut_middle("resnet50-imagenet", 14) == "resnet…magenet"
    assert cut_middle("resnet50-places365", 14) == "resnet…aces365"
