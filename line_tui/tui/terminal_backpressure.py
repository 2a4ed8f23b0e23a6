"""Backpressure: no frame is drawn until the terminal has shown the last one, so that keys stay fast over slow links."""

from __future__ import annotations

import time
from collections.abc import Callable

_TIMEOUT = 5.0
"""Seconds after which an answer counts as lost."""
_CURSOR_QUERY = "\x1b[6n"
"""Terminals answer this once they have handled everything written before it (DSR 6, ECMA-48)."""


class Backpressure:
    """Knows whether the terminal has shown the last frame."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """`write` writes to the terminal."""
        self._write = write
        self._asked: float | None = None
        self._answers = False

    @property
    def behind(self) -> bool:
        """Whether the terminal has not shown the last frame yet; always False for one that never answers."""
        return self._answers and self._asked is not None and time.monotonic() - self._asked < _TIMEOUT

    def frame_written(self) -> None:
        """Ask the terminal to answer once it has shown this frame."""
        if not self.behind and (self._answers or self._asked is None):
            self._asked = time.monotonic()
            self._write(_CURSOR_QUERY)

    def answered(self) -> None:
        """Take the terminal's answer, whose content, the position of the cursor, does not matter."""
        self._answers = True
        self._asked = None
