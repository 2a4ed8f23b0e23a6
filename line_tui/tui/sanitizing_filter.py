"""The last filter before the terminal: it replaces control characters from outside text."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from line_tui.sanitize import shown


class SanitizingFilter(LineFilter):
    """Replaces control characters in every line that a widget draws, without changing the line's width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The line without control characters; Textual's own control segments are kept."""
        return [
            segment if segment.control or segment.text.isprintable() else segment._replace(text=_harmless(segment.text))
            for segment in segments
        ]


def _harmless(text: str) -> str:
    # A character of width 0 was laid out with width 0: a visible one in its place would shift the rest of the line.
    return "".join(
        char if char == sign else sign * cell_len(char) for char, sign in zip(text, shown(text), strict=True)
    )
