"""A large picture by Kitty's protocol, sixel or half-cells, whichever the terminal supports."""

from __future__ import annotations

import fcntl
import io
import struct
import sys
import termios
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from textual.widget import Widget
from textual.widgets import Static

from line_tui.events import THUMBNAIL
from line_tui.tui import sixel
from line_tui.tui.half_cells import heated

if TYPE_CHECKING:
    from PIL.Image import Image

PictureProtocol = Literal["kitty", "sixel", "halfcell", "off"]
_DEFAULT_CELL = (10, 20)


def large_picture(path: Path, thumbnail: bytes, heat: list[list[float]] | None, protocol: PictureProtocol) -> Widget:
    """A widget that shows a picture, its thumbnail if the file is gone, or why there is none."""
    if protocol == "off":
        return Static('Pictures are turned off (images = "off" in the settings). o opens the file.', markup=False)
    picture = read_picture(path, thumbnail)
    if picture is None:
        return Static(f"No picture at {path}", markup=False)
    if heat is not None:
        picture = heated(picture, heat, smooth=True)
    widgets = _textual_image()
    shows = {"kitty": widgets.TGPImage, "sixel": widgets.SixelImage, "halfcell": widgets.HalfcellImage}
    widget: Widget = shows[protocol](picture)
    return widget


def read_picture(path: Path, thumbnail: bytes) -> Image | None:
    """A picture from its file, or from its thumbnail if the file is gone; None if there is neither."""
    from PIL import Image

    from line_tui.png import decode_png, read_png

    content = read_png(path)
    if content is not None and (image := decode_png(content)) is not None:
        return image.convert("RGB")
    if len(thumbnail) != 3 * THUMBNAIL * THUMBNAIL:
        return None
    return Image.frombytes("RGB", (THUMBNAIL, THUMBNAIL), thumbnail)


def _textual_image() -> Any:
    """Import textual-image without its queries to the terminal, whose answers the running app would read as keys."""
    if "textual_image.widget" not in sys.modules:
        real = sys.__stdout__
        sys.__stdout__ = io.StringIO()  # type: ignore[misc,assignment]
        try:
            import_module("textual_image.widget")
        finally:
            sys.__stdout__ = real  # type: ignore[misc]
        sixel.patch_textual_image()
        terminal = import_module("textual_image._terminal")
        terminal.get_cell_size._result = terminal.CellSize(*cell_size())
    return import_module("textual_image.widget")


def cell_size() -> tuple[int, int]:
    """Width and height of a character in pixels, as the terminal reports them, else 10 by 20."""
    try:
        packed = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, b"\0" * 8)  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return _DEFAULT_CELL
    rows, columns, width, height = struct.unpack("HHHH", packed)
    if not (rows and columns and width and height):
        return _DEFAULT_CELL
    return width // columns, height // rows
