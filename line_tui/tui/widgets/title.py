"""The title line: what the screen is about."""

from __future__ import annotations

from textual.content import Content

from line_tui.tui.widgets.cached_static import CachedStatic


class TitleBar(CachedStatic):
    """One line: the app's name, the path to what this screen is about, and a remark at the right edge."""

    def show(self, *path: str, note: str = "", right: str = "") -> None:
        """Show a path such as model, layer, neuron, with a note beside it and a remark at the right edge."""
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
