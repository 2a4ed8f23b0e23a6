"""A text that is redrawn only when it changes, so that a frame without changes costs nothing."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class CachedStatic(Static):
    """A `Static` that ignores the same text, and skips the layout for a text of the same height."""

    _shown: Content | None = None

    def put(self, text: Content) -> None:
        """Show a text."""
        before = self._shown
        if before is not None and text.is_same(before):
            return
        self._shown = text
        width = self.content_size.width
        # A layout repaints the whole screen.
        same_height = before is not None and width > 0 and text.get_height({}, width) == before.get_height({}, width)
        self.update(text, layout=not same_height)
