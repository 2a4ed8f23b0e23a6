"""The top line: what is being looked at."""

from __future__ import annotations

from textual.content import Content

from line_tui.tui.widgets.cached_static import CachedStatic


class TitleBar(CachedStatic):
    """One line: the app's name, the path to what this screen is about, and at the right how it is done."""

    def show(self, *path: str, note: str = "", right: str = "") -> None:
        """Show a path such as model, layer, neuron, a note beside it, and something at the right edge."""
        parts: list[Content | str | tuple[str, str]] = [(" line-tui ", "bold $accent")]
        for n, step in enumerate(path):
            parts.append((" › " if n else "  ", "$text-muted"))
            parts.append((step, "bold"))
        if note:
            parts.append((f"   {note}", "$text-muted"))
        left = Content.assemble(*parts)
        if right:
            room = self.size.width - left.cell_length - len(right) - 1
            left = Content.assemble(left, " " * max(1, room), (right, "$text-muted"))
        self.put(left)
