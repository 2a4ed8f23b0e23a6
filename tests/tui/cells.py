"""What a screen shows, as the text of its cells."""

from __future__ import annotations

from typing import Any

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App


class CellsExtension(SingleFileSnapshotExtension):
    """Keeps each screen in a text file of its own, so that a difference can be read."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


def cells(app: App[Any]) -> str:
    """The characters of the screen, a line a row, without the blanks at their ends."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"
