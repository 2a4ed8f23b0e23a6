"""A list that is scrolled before it is laid out."""

from textual.app import App, ComposeResult

from line_tui.tui.widgets.rows import Column, Row, Rows


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
