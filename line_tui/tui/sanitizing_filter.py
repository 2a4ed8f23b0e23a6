"""The last filter before the terminal: no line keeps a control character that came with a text."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from line_tui.sanitize import shown


class SanitizingFilter(LineFilter):
    """Replaces such characters in every line that a widget draws, without changing its width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line, with text that the terminal only displays."""
        return [
            segment if segment.control or segment.text.isprintable() else segment._replace(text=_harmless(segment.text))
            for segment in segments
        ]


def _harmless(text: str) -> str:
    # A character without width was laid out without one: a visible sign in its place would shift the rest of the line.
    return "".join(
        char if char == sign else sign * cell_len(char) for char, sign in zip(text, shown(text), strict=True)
    )
