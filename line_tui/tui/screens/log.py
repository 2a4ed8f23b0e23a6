"""The log: what the engine process wrote to stderr."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import RichLog

from line_tui.tui.screens.base import LineScreen


class LogScreen(LineScreen):
    """The engine's lines when the screen was opened, oldest first."""

    def body(self) -> Iterable[Widget]:
        """The log."""
        yield RichLog(id="log", wrap=True, markup=False)

    def on_mount(self) -> None:
        """Show the lines."""
        self.title_bar.show("engine log")
        log = self.query_one(RichLog)
        lines = self.line.engine.log_lines()
        for line in lines:
            # Otherwise lines wrap at 80 columns.
            log.write(line, expand=True)
        if not lines:
            log.write("The engine has written nothing. Its models' own messages and errors appear here.")
        self.set_focus(log)
