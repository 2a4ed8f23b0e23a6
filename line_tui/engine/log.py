"""Keeps an engine's stderr: all of it in a file, the tail in memory."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from line_tui import private

_LARGEST = 4 << 20  # bytes; a larger file is restarted
_KEPT = 16 << 10  # bytes held in memory


class EngineLog:
    """A log file, opened on the first write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._tail = b""

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._tail = (self._tail + piece)[-_KEPT:]
        # A failed write, for example on a full disk, must not end the run.
        with suppress(OSError):
            self._open().write(piece)

    def close(self) -> None:
        """Close the file; a later piece opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def last_lines(self, count: int = 20) -> list[str]:
        """The last lines; a progress bar's overwritten line counts as last visible."""
        lines = self._tail.decode(errors="replace").split("\n")
        visible = [line.rstrip("\r").rsplit("\r", 1)[-1].rstrip() for line in lines]
        return [line for line in visible if line][-count:]

    def _open(self) -> BinaryIO:
        if self._file is None:
            private.make_folder(self.path.parent)
            anew = self.path.exists() and self.path.stat().st_size > _LARGEST
            flags = os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if anew else os.O_APPEND)
            self._file = os.fdopen(private.opener(str(self.path), flags), "wb", buffering=0)
        return self._file
