"""The titles in the frame of a pane."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


def set_titles(pane: Widget, title: str | None = None, subtitle: str | None = None) -> None:
    """Set a pane's titles, without parsing markup; None keeps the current one."""
    for place, text in (("border_title", title), ("border_subtitle", subtitle)):
        # Textual repaints the whole pane when a title is set, even to the same text.
        if text is not None and (content := Content(text)).markup != getattr(pane, place):
            setattr(pane, place, content)
