"""A list that is scrolled before it is laid out."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from line_tui.tui.widgets.rows import Column, Row, Rows, cut_middle


class Listed(App[None]):
    """Nothing but a list."""

    def compose(self) -> ComposeResult:
        yield Rows([Column("name")], title="Names")


async def test_the_bar_stands_where_the_list_was_scrolled_to() -> None:
    app = Listed()
    async with app.run_test(size=(30, 10)) as pilot:
        rows = app.query_one(Rows)
        rows.show([Row(str(n), (str(n),)) for n in range(50)])
        rows.go_to("49")
        await pilot.pause()
        assert rows.scroll_y > 0 and rows.vertical_scrollbar.position == rows.scroll_y


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "M", "Z"]), max_size=40), st.integers(3, 30))
def test_a_text_without_its_middle_fits(text: str, room: int) -> None:
    cut = cut_middle(text, room)
    assert cell_len(cut) <= room
    assert cut == text if cell_len(text) <= room else "…" in cut


def test_names_that_begin_alike_stay_apart() -> None:
    assert cut_middle("resnet50-imagenet", 14) == "resnet…magenet"
    assert cut_middle("resnet50-places365", 14) == "resnet…aces365"
