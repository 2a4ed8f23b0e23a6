"""A histogram of activations: the control set, and one concept's pictures."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from line_tui.explain.state import Control
from line_tui.tui.formatting import number
from line_tui.tui.text_plots import columns, counts
from line_tui.tui.widgets.frame import set_titles


def draw(control: Sequence[float], concept: Sequence[float], width: int, height: int) -> Content:
    """The control set as columns, and the concept's pictures as marks on the axis: they differ without colour too."""
    if not control:
        return Content.assemble(("The control set has not been measured yet.", "$text-muted"))
    low, high = min([*control, *concept]), max([*control, *concept])
    bins = max(8, width)
    control_counts = counts(control, low, high, bins)
    top = max(control_counts)
    marks = counts(concept, low, high, bins)
    plot = max(1, height - 2)
    parts: list[tuple[str, str] | str] = []
    for row in columns([count / top for count in control_counts], plot):
        parts += [(row, "$secondary"), "\n"]
    line = "".join("▲" if count == 1 else str(min(9, count)) if count else "─" for count in marks)
    for mark in line:
        parts.append((mark, "$text-muted" if mark == "─" else "bold $accent"))
    ends = f"{number(low)}"
    key = "▂ control  ▲ concept"
    gap = width - len(ends) - len(number(high))
    middle = key.center(gap) if gap > len(key) else " " * gap
    parts += ["\n", (f"{ends}{middle}{number(high)}", "$text-muted")]
    return Content.assemble(*parts)


class HistogramPane(Widget):
    """Activation histogram."""

    BORDER_TITLE = "Activations"

    _control: Control | None = None
    _concept: Sequence[float] = ()

    def show(self, control: Control | None, concept: Sequence[float], name: str) -> None:
        """Show the control set and a concept's activations; `name` is the concept."""
        set_titles(self, subtitle=name)
        if control is not self._control or concept != self._concept:
            self._control, self._concept = control, concept
            self.refresh()

    def render(self) -> Content:
        """The histogram at the size of the pane."""
        control = self._control.flat if self._control is not None else []
        return draw(control, self._concept, self.content_size.width, self.content_size.height)
