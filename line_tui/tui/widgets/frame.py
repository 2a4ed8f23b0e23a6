"""The names in the frame of a pane."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


def name_frame(pane: Widget, title: str | None = None, subtitle: str | None = None) -> None:
    """Write these into the frame, as they are; None leaves what is there."""
    for place, text in (("border_title", title), ("border_subtitle", subtitle)):
        # Textual paints the whole pane anew whenever a title is set, also to what it is.
        if text is not None and (content := Content(text)).markup != getattr(pane, place):
            setattr(pane, place, content)
