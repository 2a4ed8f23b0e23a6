"""Pictures small enough to embed in an event."""

from __future__ import annotations

from PIL import Image

from line_tui.events import THUMBNAIL
from line_tui.explain.ports import Picture


def thumbnail(picture: Picture) -> bytes:
    """RGB rows of the picture shrunk to `THUMBNAIL` by `THUMBNAIL` pixels; takes `uint8[height, width, 3]`."""
    return Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX).tobytes()
