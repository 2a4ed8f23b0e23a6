"""A rich console for untrusted text: markup is not parsed, and control characters are made visible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from line_tui.sanitize import shown, shown_lines


class PlainConsole(Console):
    """A console that shows text literally."""

    def __init__(self, *, stderr: bool = False, file: IO[str] | None = None, width: int | None = None) -> None:
        super().__init__(stderr=stderr, file=file, width=width, markup=False, emoji=False, highlight=False)

    def print_line(self, text: str, style: str | None = None) -> None:
        """Print a text as one line; the terminal wraps it."""
        self.print(shown(text), style=style, soft_wrap=True)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, with all text made safe; rich's own control segments are kept."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown_lines(segment.text))
