"""The title line: what the screen is about."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from line_tui.tui.widgets.cached_static import CachedStatic
from line_tui.tui.widgets.rows import cut_middle

_APP = " line-tui "
_BEFORE, _BETWEEN, _NOTE = "  ", " › ", "   "
_SHORTEST = 12
"""Cells to which model and layer names are shortened before anything else is dropped."""


class TitleBar(CachedStatic):
    """The app's name, the path to what the screen is about, and a remark at the right edge."""

    _texts: tuple[tuple[str, ...], str, str] = ((), "", "")

    def show(self, *path: str, note: str = "", right: str = "") -> None:
        """Show a path such as model, layer, neuron, a note after it, and a remark at the right edge."""
        self._texts = (path, note, right)
        width = self.size.width
        steps, note, right = fitted(path, note, right, width) if width else (path, note, right)
        parts: list[Content | str | tuple[str, str]] = [(_APP, "bold $accent")]
        for n, step in enumerate(steps):
            parts.append((_BETWEEN if n else _BEFORE, "$text-muted"))
            parts.append((step, "bold"))
        if note:
            parts.append((f"{_NOTE}{note}", "$text-muted"))
        left = Content.assemble(*parts)
        if right:
            room = width - left.cell_length - cell_len(right) - 1
            left = Content.assemble(left, " " * max(1, room), (right, "$text-muted"))
        self.put(left)

    def on_resize(self) -> None:
        """Fit the texts to the new width."""
        path, note, right = self._texts
        if path:
            self.show(*path, note=note, right=right)


def fitted(path: Sequence[str], note: str, right: str, width: int) -> tuple[list[str], str, str]:
    """Shorten path, note and right edge to `width` cells.

    The names in the path are cut in the middle, longest first, except the last one, which tells the neuron from
    thousands of others. If that is not enough, the note is dropped, then the right edge, and then the last name is cut.
    """
    room = width - cell_len(_APP + _BEFORE) - cell_len(_BETWEEN) * (len(path) - 1)
    for kept_note, kept_right in ((note, right), ("", right), ("", "")):
        beside = (cell_len(_NOTE + kept_note) if kept_note else 0) + (cell_len(kept_right) + 2 if kept_right else 0)
        steps = _shortened(path, room - beside, range(len(path) - 1))
        if sum(map(cell_len, steps)) <= room - beside:
            return steps, kept_note, kept_right
    return _shortened(steps, room, range(len(path))), "", ""


def _shortened(path: Sequence[str], room: int, places: Sequence[int]) -> list[str]:
    """Cut the steps at these places until the path fits into `room` cells or they cannot be shorter."""
    steps = list(path)
    while (over := sum(map(cell_len, steps)) - room) > 0 and places:
        place = max(places, key=lambda n: cell_len(steps[n]))
        length = cell_len(steps[place])
        if length <= _SHORTEST:
            break
        second = max((cell_len(steps[n]) for n in places if n != place), default=0)
        # Only down to the next longest, so that two long ones are cut alike.
        steps[place] = cut_middle(steps[place], max(_SHORTEST, length - over, min(second, length - 1)))
    return steps
