"""A strip of pictures, each with its activation as a number and a bar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.containers import Horizontal
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from line_tui import events as e
from line_tui.events import THUMBNAIL
from line_tui.tui.formatting import number
from line_tui.tui.half_cells import half_cells
from line_tui.tui.kitty import KittyPictures
from line_tui.tui.text_plots import bar
from line_tui.tui.widgets.frame import set_titles

SMALLEST = 8
_REVERSED = Style(reverse=True)


@dataclass(frozen=True)
class StripContent:
    """The content of a strip of pictures; `low` and `high` are the ends of the activations' scale."""

    images: tuple[e.ImageScored, ...] = ()
    planned: int = 0
    low: float = 0.0
    high: float = 1.0
    heat: bool = False
    pictures: bool = True
    """False to show only activations, on terminals without colours or over slow links."""
    previews: tuple[bytes, ...] = ()
    """Previews of unfinished pictures, shown after the others."""
    mean: float | None = None
    """The control set's mean activation, marked on each bar."""
    kitty: KittyPictures | None = None
    """Draws the pictures instead of half-cells, if the terminal supports Kitty's protocol."""
    names: bool = False
    """Whether to write its concept under each picture."""


class Thumbnails(Widget, can_focus=False):
    """Pictures side by side, perhaps with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "thumbnails--frame",
        "thumbnails--bar",
        "thumbnails--cursor",
        "thumbnails--dim",
    }
    BORDER_TITLE = "Pictures"

    @dataclass
    class Picked(Message):
        """A picture was clicked."""

        pictures: Thumbnails
        index: int

    def __init__(self, id: str | None = None, *, has_cursor: bool = False) -> None:
        """`has_cursor` marks the picture at the cursor."""
        super().__init__(id=id)
        self.shown = StripContent()
        self.has_cursor = has_cursor
        self.cursor = 0

    def show(self, shown: StripContent, title: str) -> None:
        """Show pictures; the title is that of the frame."""
        set_titles(self, title)
        before, layout = self.shown, self._layout()
        if shown == before:
            return
        self.shown = shown
        self.cursor = min(self.cursor, max(0, len(shown.images) - 1))
        old = len(before.images)
        before_them = replace(before, low=shown.low, high=shown.high, previews=shown.previews)
        only_more = replace(shown, images=shown.images[:old]) == before_them
        self.refresh(*(self._regions(old) if only_more and layout == self._layout() else ()))

    def put(self, index: int) -> None:
        """Move the cursor to the nearest valid index."""
        index = min(max(0, index), max(0, len(self.shown.images) - 1))
        if index != self.cursor:
            self.cursor = index
            self.refresh()

    @property
    def prompt(self) -> str:
        """The prompt of the picture at the cursor; empty if it is just the concept."""
        at = self.at_cursor
        return at.image.prompt if at is not None and at.image.prompt != at.concept else ""

    @property
    def at_cursor(self) -> e.ImageScored | None:
        """The picture at the cursor."""
        return self.shown.images[self.cursor] if self.cursor < len(self.shown.images) else None

    @property
    def has_maps(self) -> bool:
        """Whether any picture has a map of where the neuron fires."""
        return any(image.activation_map for image in self.shown.images)

    def on_click(self, event: events.Click) -> None:
        """Report which picture was clicked."""
        size, first, count = self._layout()
        place = (event.x - self.gutter.left) // (size + 2)
        if 0 <= place < count:
            self.post_message(self.Picked(self, first + place))

    def _layout(self) -> tuple[int, int, int]:
        """Width of a picture in columns, the first picture shown, and how many fit."""
        slots = self._slots
        row = self.parent.query_children(Thumbnails) if isinstance(self.parent, Horizontal) else (self,)
        high = 2 * max(1, self.size.height - self._lines)
        # Strips side by side have pictures of the same size, so that they can be compared.
        wide = min(each.size.width // min(each._slots, 5) - 2 for each in row)
        size = max(SMALLEST, min(THUMBNAIL, high, wide)) // 2 * 2
        count = max(1, self.size.width // (size + 2))
        first = max(0, min(self.cursor - count + 1, slots - count)) if self.cursor >= count else 0
        return size, first, min(count, slots - first)

    @property
    def _slots(self) -> int:
        return max(1, self.shown.planned, len(self.shown.images))

    def _regions(self, new: int) -> list[Region]:
        """The regions to redraw for new pictures from this index on; their activations change the scale of all bars."""
        size, first, _ = self._layout()
        left = max(0, new - first) * (size + 2)
        rows = min(size // 2, self.size.height - self._lines)
        return [Region(left, 0, max(0, self.size.width - left), rows), Region(0, rows, self.size.width, 1)]

    def render_line(self, y: int) -> Strip:
        """Draw one line: a row of cells of each picture, or their activations or concepts."""
        base = self.rich_style
        if not self.shown.planned and not self.shown.images:
            text = " Pictures appear here as they are drawn." if y == 0 else ""
            return Strip([Segment(text, base + self._style("dim"))]).adjust_cell_length(self.size.width, base)
        size, first, count = self._layout()
        rows = min(size // 2, self.size.height - self._lines)
        strip = self._row(y, rows, size, first, count, base)
        left = len(self.shown.images) - first - count
        if left > 0 and y == rows:
            end = count * (size + 2)
            text = next((text for text in (f"+{left} →", f"+{left}") if len(text) <= self.size.width - end), "→")
            more = Segment(text, base + self._style("dim"))
            strip = Strip([*strip.crop(0, end), more]).adjust_cell_length(self.size.width, base)
        return strip

    @property
    def _lines(self) -> int:
        """Lines of text under a picture."""
        return 2 if self.shown.names else 1

    def _row(self, y: int, rows: int, size: int, first: int, count: int, base: Style) -> Strip:
        """One line of a row of pictures."""
        segments: list[Segment] = []
        for index in range(first, first + count):
            image = self.shown.images[index] if index < len(self.shown.images) else None
            if y == rows:
                segments += self._label(image, index, size, base)
            elif y == rows + 1 and self.shown.names:
                segments.append(self._concept(image, size, base))
            elif y < rows:
                segments += self._picture(image, index, y, rows, size, base)
            else:
                segments.append(Segment(" " * size, base))
            segments.append(Segment("  ", base))
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
        rows_of_heat = image.activation_map if self.shown.heat else None
        # The cache of `half_cells` needs a hashable argument.
        heat = None if rows_of_heat is None else tuple(map(tuple, rows_of_heat))
        if heat is None and self.shown.kitty is not None:
            row = self.shown.kitty.row(image.image.path, size, y)
            if row is not None:
                return [row]
        return half_cells(image.thumbnail, size, heat)[y]

    def _label(self, image: e.ImageScored | None, index: int, size: int, base: Style) -> list[Segment]:
        if image is None:
            return [Segment(" " * size, base)]
        at_cursor = self.has_cursor and index == self.cursor
        text = ("▸" if at_cursor else " ") + number(image.activation) + " "
        text = text[:size]
        style = base + self._style("cursor") if at_cursor else base
        return [Segment(text, style), *self._bar(image.activation, size - len(text), base)]

    def _bar(self, activation: float, width: int, base: Style) -> list[Segment]:
        low, spread = self.shown.low, self.shown.high - self.shown.low
        filled = base + self._style("bar")
        cells = bar((activation - low) / spread, width)
        if self.shown.mean is None or not width:
            return [Segment(cells, filled)]
        place = min(width - 1, max(0, int((self.shown.mean - low) / spread * width)))
        under = filled + _REVERSED if cells[place] == "█" else base + self._style("dim")
        return [Segment(cells[:place], filled), Segment("╎", under), Segment(cells[place + 1 :], filled)]

    def _concept(self, image: e.ImageScored | None, size: int, base: Style) -> Segment:
        text = image.concept if image is not None else ""
        text = text if cell_len(text) <= size else set_cell_size(text, size - 1) + "…"
        return Segment(set_cell_size(text, size), base + self._style("dim"))


class PictureGrid(Thumbnails):
    """Pictures in rows, as many as fit side by side."""

    SIZE: ClassVar[int] = 10
    """Columns of a picture: small enough for a few side by side, large enough to recognise."""

    def _layout(self) -> tuple[int, int, int]:
        return self.SIZE, 0, max(1, (self.size.width + 2) // (self.SIZE + 2))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The height of all rows."""
        across = max(1, (width + 2) // (self.SIZE + 2))
        return -(-len(self.shown.images) // across) * (self.SIZE // 2 + self._lines)

    def on_click(self, event: events.Click) -> None:
        """Report which picture was clicked."""
        size, _, across = self._layout()
        column = (event.x - self.gutter.left) // (size + 2)
        row = (event.y - self.gutter.top) // (size // 2 + self._lines)
        index = row * across + column
        if 0 <= column < across and 0 <= index < len(self.shown.images):
            self.post_message(self.Picked(self, index))

    def render_line(self, y: int) -> Strip:
        """Draw one line of a row of pictures."""
        size, _, across = self._layout()
        row, inner = divmod(y, size // 2 + self._lines)
        count = max(0, min(across, len(self.shown.images) - row * across))
        return self._row(inner, size // 2, size, row * across, count, self.rich_style)
