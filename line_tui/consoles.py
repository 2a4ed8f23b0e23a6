"""rich's console for texts that others wrote: nothing in them is markup, and no control character is passed on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from line_tui.text import shown, shown_lines


class PlainConsole(Console):
    """A console that shows every text as it is."""

    def __init__(self, *, stderr: bool = False, file: IO[str] | None = None, width: int | None = None) -> None:
        super().__init__(stderr=stderr, file=file, width=width, markup=False, emoji=False, highlight=False)

    def tell(self, text: str, style: str | None = None) -> None:
        """Print a text on one line, which is the terminal's to break."""
        self.print(shown(text), style=style, soft_wrap=True)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable; those that are no controls of rich's own are texts."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown_lines(segment.text))
