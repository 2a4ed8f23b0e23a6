"""Backpressure: no frame is drawn while the terminal still shows the last one, which keeps keys quick on slow links."""

from __future__ import annotations

import time

from textual.app import App
from textual.events import CursorPosition

_PATIENCE = 5.0
"""Seconds until an answer counts as lost."""
_WHERE_IS_THE_CURSOR = "\x1b[6n"
"""Every terminal answers this, after all that was written before it (DSR 6, ECMA-48)."""


class Paced(App[None]):
    """Base of the app: knows whether the terminal has shown what was written last."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: float | None = None
        self._answers = False

    def on_mount(self) -> None:
        """Learn whether the terminal answers before there is much to draw."""
        self.call_after_refresh(self.frame_written)

    @property
    def behind(self) -> bool:
        """Whether the terminal still has to show the last frame; never of one that does not answer."""
        return self._answers and self._asked is not None and time.monotonic() - self._asked < _PATIENCE

    def frame_written(self) -> None:
        """Ask the terminal to say when it has come to here."""
        if self._driver is not None and not self.behind and (self._answers or self._asked is None):
            self._asked = time.monotonic()
            self._driver.write(_WHERE_IS_THE_CURSOR)

    def on_cursor_position(self, event: CursorPosition) -> None:
        """The answer: where the cursor is does not matter."""
        event.stop()
        self._answers = True
        self._asked = None
