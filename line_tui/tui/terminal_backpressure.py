"""Backpressure: no frame is drawn while the terminal still shows the last one, which keeps keys quick on slow links."""

from __future__ import annotations

import time
from collections.abc import Callable

_PATIENCE = 5.0
"""Seconds until an answer counts as lost."""
_WHERE_IS_THE_CURSOR = "\x1b[6n"
"""Every terminal answers this, after all that was written before it (DSR 6, ECMA-48)."""


class Backpressure:
    """Knows whether the terminal has shown the last frame."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """`write` sends to the terminal."""
        self._write = write
        self._asked: float | None = None
        self._answers = False

    @property
    def behind(self) -> bool:
        """Whether the terminal still has to show the last frame; never true of one that does not answer."""
        return self._answers and self._asked is not None and time.monotonic() - self._asked < _PATIENCE

    def frame_written(self) -> None:
        """Ask the terminal to report when it has come this far."""
        if not self.behind and (self._answers or self._asked is None):
            self._asked = time.monotonic()
            self._write(_WHERE_IS_THE_CURSOR)

    def answered(self) -> None:
        """The terminal reported its cursor; where it is does not matter."""
        self._answers = True
        self._asked = None
