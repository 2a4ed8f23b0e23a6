"""The log: what the engine process wrote to stderr."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import RichLog

from line_tui.tui.screens.base import LineScreen


class LogScreen(LineScreen):
    """The engine's lines, oldest first; it follows the newest while at the bottom."""

    def body(self) -> Iterable[Widget]:
        """One log."""
        yield RichLog(id="log", wrap=True, markup=False)

    def on_mount(self) -> None:
        """Show the lines."""
        self.title_bar.show("engine log")
        log = self.query_one(RichLog)
        lines = self.line.engine.log_lines()
        for line in lines:
            # Else it is as wide as a terminal of 80 columns.
            log.write(line, expand=True)
        if not lines:
            log.write("The engine has written nothing. Its models' own messages and errors appear here.")
        self.set_focus(log)
