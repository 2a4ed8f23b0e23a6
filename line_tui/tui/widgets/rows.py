"""A table with a cursor. It hides columns when it is narrow, and draws only the visible lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Part = tuple[str, str]
"""A text and its tone: one of `TONES`, or empty."""

Cell = str | Sequence[Part]

TONES = ("dim", "good", "bad", "accent", "strong", "title")


@dataclass(frozen=True)
class Column:
    """A column of `width` cells, or of the remaining width if 0; hidden if the table is narrower than `needs`.

    A text that is too long continues over the next columns, as far as these are empty in its row.
    """

    title: str
    width: int = 0
    right: bool = False
    needs: int = 0
    middle: bool = False
    """Whether a text that is too long is cut in the middle, because names that start alike differ at the end."""


@dataclass(frozen=True)
class Row:
    """A row; `tone` applies to the cells without a tone of their own."""

    key: str
    cells: tuple[Cell, ...]
    tone: str = ""


class Rows(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows with a cursor. `Moved` is sent when the cursor moves, `Chosen` when Enter or a click chooses a row."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--cursor",
        "rows--cursor-blurred",
        "rows--head",
        *(f"rows--{tone}" for tone in TONES),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="rows.up", tooltip="Move one row up", show=False),
        Binding("down,j", "move(1)", "Down", id="rows.down", tooltip="Move one row down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="rows.page-up", tooltip="Move a page up", show=False),
        Binding("pagedown", "page(1)", "Page down", id="rows.page-down", tooltip="Move a page down", show=False),
        Binding("home", "move(-1000000)", "First", id="rows.first", tooltip="Go to the first row", show=False),
        Binding("end", "move(1000000)", "Last", id="rows.last", tooltip="Go to the last row", show=False),
        Binding("enter", "choose", "Choose", id="rows.choose", tooltip="Select the row", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or on none."""

        rows: Rows
        key: str | None
        by_user: bool = False

    @dataclass
    class Chosen(Message):
        """A row was chosen."""

        rows: Rows
        key: str

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        title: str = "",
        empty: str = "",
        head: bool = True,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.empty = empty
        self.head = head
        self.border_title = title
        self.rows: tuple[Row, ...] = ()
        self.cursor = 0

    @property
    def key(self) -> str | None:
        """Key of the row under the cursor."""
        return self.rows[self.cursor].key if self.rows else None

    def has_room_for(self, column: Column) -> bool:
        """Whether a column is shown at the current width."""
        return self.scrollable_content_region.width >= column.needs

    def show(self, rows: Sequence[Row], empty: str | None = None, *, follow: bool = True) -> None:
        """Show these rows, or the text `empty` if there are none.

        With `follow` the cursor stays on its row if that still exists, otherwise at its position.
        """
        rows = tuple(rows)
        if empty is not None and empty != self.empty:
            self.empty = empty
            self.refresh()
        if rows == self.rows:
            return
        before, old = self.key, self.rows
        self.rows = rows
        place = next((n for n, row in enumerate(rows) if row.key == before), None) if follow else None
        self.cursor = place if place is not None else min(self.cursor, max(0, len(rows) - 1))
        self.virtual_size = Size(0, len(rows) + self.head)
        if len(rows) == len(old) and self.key == before:
            for n in (n for n, row in enumerate(rows) if row != old[n]):
                self.refresh_line(n + self.head)
        else:
            self.refresh()
        if self.key != before:
            self.post_message(self.Moved(self, self.key))

    def go_to(self, key: str | None) -> None:
        """Move the cursor to the row with this key, if there is one."""
        place = next((n for n, row in enumerate(self.rows) if row.key == key), None)
        if place is not None and place != self.cursor:
            self._put(place)
            if self.scroll_offset.y and place < self.size.height - self.head:
                # Show the top of the table, where the best rows are, rather than just the cursor.
                self.scroll_home(animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._put(self.cursor + by, by_user=True)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self._put(self.cursor + by * max(1, self.size.height - 1 - self.head), by_user=True)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a second one chooses the row."""
        place = self.scroll_offset.y + event.y - self.gutter.top - self.head
        if 0 <= place < len(self.rows):
            if place == self.cursor:
                self.action_choose()
            self._put(place, by_user=True)

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self._reveal()

    def watch_has_focus(self, focused: bool) -> None:
        """Redraw the cursor, which looks different without the focus."""
        super().watch_has_focus(focused)
        self.refresh()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Set the position of a scroll bar that appears, which Textual does not do if the list was scrolled before."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def _put(self, place: int, by_user: bool = False) -> None:
        place = min(max(0, place), len(self.rows) - 1)
        if place < 0 or place == self.cursor:
            return
        for changed in (self.cursor, place):
            self.refresh_line(changed + self.head)
        self.cursor = place
        self._reveal()
        self.post_message(self.Moved(self, self.key, by_user))

    def _reveal(self) -> None:
        # The header covers the topmost line.
        self.scroll_to_region(Region(0, self.cursor, 1, 1 + self.head), animate=False, force=True)

    # -- drawing ---

    def _tone(self, name: str) -> Style:
        return self.get_component_rich_style(f"rows--{name}", partial=True) if name else Style.null()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the table."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if self.head and y == 0:
            style = base + self._tone("head")
            cells = [column.title for column in self.columns]
            return self._strip(Row("", tuple(cells)), style, " ", width)
        index = self.scroll_offset.y + y - self.head
        if not self.rows:
            lines = [part for line in self.empty.splitlines() for part in wrap(line, max(1, width - 2)) or [""]]
            line = lines[y - self.head] if 0 <= y - self.head < len(lines) else ""
            return Strip([Segment(set_cell_size(f" {line}", width), base + self._tone("dim"))], width)
        if not 0 <= index < len(self.rows):
            return Strip.blank(width, base)
        row = self.rows[index]
        if index == self.cursor:
            name = "rows--cursor" if self.has_focus else "rows--cursor-blurred"
            return self._strip(row, base + self.get_component_rich_style(name), "▌", width)
        return self._strip(row, base + self._tone(row.tone), " ", width)

    def _strip(self, row: Row, style: Style, mark: str, width: int) -> Strip:
        segments = [Segment(mark, style + self._tone("accent") if mark != " " else style)]
        shown = [column for column in self.columns if self.has_room_for(column)]
        fixed = sum(column.width + 1 for column in shown if column.width) + 1
        flexible = [column for column in shown if not column.width]
        remaining = max(1, (width - fixed) // max(1, len(flexible)) - 1)
        cells = [
            (column, column.width or remaining, cell)
            for column, cell in zip(self.columns, row.cells, strict=True)
            if column in shown
        ]
        spare = 0
        for n, (column, room, cell) in enumerate(cells):
            if spare >= room + 1:
                # The text of the column before continues over this one.
                spare -= room + 1
                continue
            if not column.right:
                missing = _length(cell) - room
                for _, free, empty in cells[n + 1 :]:
                    if missing <= spare or _length(empty):
                        break
                    spare += free + 1
            if column.middle and isinstance(cell, str):
                cell = cut_middle(cell, room + spare)
            segments += self._cell(cell, room + spare, column.right, style)
            segments.append(Segment(" ", style))
        # Join cells of the same style, since most bytes of a frame would otherwise be styles.
        return Strip(segments).adjust_cell_length(width, style).simplify()

    def _cell(self, cell: Cell, room: int, right: bool, style: Style) -> list[Segment]:
        parts = [(cell, "")] if isinstance(cell, str) else list(cell)
        used = sum(cell_len(text) for text, _ in parts)
        segments = [Segment(" " * (room - used), style)] if right and used < room else []
        left = room
        for text, tone in parts:
            size = cell_len(text)
            if size > left and segments and not right:
                # Leave out a remark that does not fit.
                break
            if size > left:
                text = set_cell_size(text, left - 1) + "…" if left > 0 else ""
                size = left
            segments.append(Segment(text, style + self._tone(tone)))
            left -= size
        if not right and left > 0:
            segments.append(Segment(" " * left, style))
        return segments


def _length(cell: Cell) -> int:
    parts = [(cell, "")] if isinstance(cell, str) else cell
    return sum(cell_len(text) for text, _ in parts)


def cut_middle(text: str, room: int) -> str:
    """A text cut to `room` cells, with an ellipsis for its middle; a bit more is kept of the end than of the start."""
    if cell_len(text) <= room or room < 3:
        return text
    tail = room // 2
    end = text[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, room - 1 - cell_len(end)) + "…" + end
