"""The banner that says that the engine has stopped, and what to do."""

from __future__ import annotations

from textual.content import Content

from line_tui.engine.executor import EngineStatus
from line_tui.tui.widgets.cached_static import CachedStatic


class EngineBanner(CachedStatic):
    """Shown only while the engine is dead or has refused a command."""

    def show(self, status: EngineStatus) -> None:
        """Show or hide the banner."""
        self.display = status.state == "dead" or bool(status.problem)
        if status.state == "dead":
            parts: list[tuple[str, str] | str] = [
                (f"The engine stopped: {status.death}. ", "bold $error"),
                "Nothing is lost; your decisions are still stored.  ",
                (" R ", "bold $background on $error"),
                " restart it and continue",
            ]
            # A short terminal has room for one line; the last says most.
            for line in status.lines[-1 if self.screen.has_class("-short") or self.screen.has_class("-low") else -3 :]:
                parts.append((f"\n  {line}", "$text-muted"))
            self.put(Content.assemble(*parts))
        elif status.problem:
            self.put(Content.assemble(("The engine says: ", "bold $error"), status.problem))
