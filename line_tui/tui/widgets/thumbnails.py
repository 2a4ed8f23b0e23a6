"""The pictures of one trial, each with its activation as a number and a bar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from line_tui import events as e
from line_tui.events import THUMBNAIL
from line_tui.tui.pictures import grid, half_cells
from line_tui.tui.plots import bar
from line_tui.tui.widgets.frame import name_frame
from line_tui.tui.wording import number

SMALLEST = 8


@dataclass(frozen=True)
class Shown:
    """What the strip of pictures shows."""

    images: tuple[e.ImageScored, ...] = ()
    planned: int = 0
    low: float = 0.0
    high: float = 1.0
    heat: bool = False
    pictures: bool = True
    """False shows activations only, for terminals without colours or over slow links."""
    previews: tuple[bytes, ...] = ()
    """Of pictures that are being drawn, in the places after the others."""


class Thumbnails(Widget, can_focus=False):
    """Pictures side by side; the one at the cursor is what the large view opens."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "thumbnails--frame",
        "thumbnails--bar",
        "thumbnails--cursor",
        "thumbnails--dim",
    }
    BORDER_TITLE = "Pictures"

    class Picked(Message):
        """A picture was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shown = Shown()
        self.cursor = 0

    def show(self, shown: Shown, title: str) -> None:
        """Show the pictures of a trial."""
        name_frame(self, title)
        before, layout = self.shown, self._layout()
        if shown == before:
            return
        self.shown = shown
        self.cursor = min(self.cursor, max(0, len(shown.images) - 1))
        old = len(before.images)
        before_them = replace(before, low=shown.low, high=shown.high, previews=shown.previews)
        only_more = replace(shown, images=shown.images[:old]) == before_them
        self.refresh(*(self._regions(old) if only_more and layout == self._layout() else ()))

    def move(self, by: int) -> None:
        """Put the cursor on another picture."""
        self.put(self.cursor + by)

    def put(self, index: int) -> None:
        """Put the cursor on a picture by its place."""
        index = min(max(0, index), max(0, len(self.shown.images) - 1))
        if index != self.cursor:
            self.cursor = index
            self.refresh()

    @property
    def prompt(self) -> str:
        """What the picture at the cursor was drawn from."""
        return self.at_cursor.image.prompt if self.at_cursor is not None else ""

    @property
    def at_cursor(self) -> e.ImageScored | None:
        """The picture at the cursor."""
        return self.shown.images[self.cursor] if self.cursor < len(self.shown.images) else None

    @property
    def has_maps(self) -> bool:
        """Whether the layer tells where in its pictures the neuron fires."""
        return any(image.activation_map for image in self.shown.images)

    def on_click(self, event: events.Click) -> None:
        """A click picks a picture."""
        size, first, count = self._layout()
        place = (event.x - self.gutter.left) // (size + 2)
        if 0 <= place < count:
            self.post_message(self.Picked(first + place))

    def _layout(self) -> tuple[int, int, int]:
        """Size of a picture in columns, the first one shown, and how many fit."""
        slots = max(1, self.shown.planned, len(self.shown.images))
        high = 2 * max(1, self.size.height - 1)
        wide = self.size.width // min(slots, 5) - 2
        size = max(SMALLEST, min(THUMBNAIL, high, wide)) // 2 * 2
        count = max(1, self.size.width // (size + 2))
        first = max(0, min(self.cursor - count + 1, slots - count)) if self.cursor >= count else 0
        return size, first, min(count, slots - first)

    def _regions(self, new: int) -> list[Region]:
        """Where the pictures from this one on are, and the line of activations, whose scale they change."""
        size, first, _ = self._layout()
        left = max(0, new - first) * (size + 2)
        rows = min(size // 2, self.size.height - 1)
        return [Region(left, 0, max(0, self.size.width - left), rows), Region(0, rows, self.size.width, 1)]

    def render_line(self, y: int) -> Strip:
        """One line: a row of half-cells of every picture, or their activations."""
        base = self.rich_style
        if not self.shown.planned and not self.shown.images:
            text = " Pictures appear here as they are drawn." if y == 0 else ""
            return Strip([Segment(text, base + self._style("dim"))]).adjust_cell_length(self.size.width, base)
        size, first, count = self._layout()
        rows = min(size // 2, self.size.height - 1)
        segments: list[Segment] = []
        for index in range(first, first + count):
            image = self.shown.images[index] if index < len(self.shown.images) else None
            if y == rows:
                segments += self._label(image, index, size, base)
            elif y < rows:
                segments += self._picture(image, index, y, rows, size, base)
            else:
                segments.append(Segment(" " * size, base))
            segments.append(Segment("  ", base))
        left = len(self.shown.images) - first - count
        if left > 0 and y == rows:
            segments.append(Segment(f"+{left} →", base + self._style("dim")))
        return Strip(segments).adjust_cell_length(self.size.width, base).simplify()

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"thumbnails--{name}", partial=True)

    def _picture(
        self, image: e.ImageScored | None, index: int, y: int, rows: int, size: int, base: Style
    ) -> list[Segment]:
        frame = base + self._style("frame")
        coming = index - len(self.shown.images)
        if 0 <= coming < len(self.shown.previews) and self.shown.pictures:
            return half_cells(self.shown.previews[coming], size)[y]
        if image is None or not self.shown.pictures or len(image.thumbnail) != 3 * THUMBNAIL * THUMBNAIL:
            edge = "╭╌╮" if y == 0 else "╰╌╯" if y == rows - 1 else "╎ ╎"
            return [Segment(edge[0] + edge[1] * (size - 2) + edge[2], frame)]
        heat = grid(image.activation_map) if self.shown.heat else None
        return half_cells(image.thumbnail, size, heat)[y]

    def _label(self, image: e.ImageScored | None, index: int, size: int, base: Style) -> list[Segment]:
        if image is None:
            return [Segment(" " * size, base)]
        here = index == self.cursor
        text = ("▸" if here else " ") + number(image.activation) + " "
        text = text[:size]
        share = (image.activation - self.shown.low) / (self.shown.high - self.shown.low)
        return [
            Segment(text, base + self._style("cursor") if here else base),
            Segment(bar(share, size - len(text)), base + self._style("bar")),
        ]
