"""A plot of the best score so far, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from line_tui.explain.state import RunState
from line_tui.tui import view
from line_tui.tui.formatting import number
from line_tui.tui.text_plots import Canvas
from line_tui.tui.widgets.frame import set_titles


def draw(points: Sequence[view.CurvePoint], width: int, height: int) -> Content:
    """The best score so far as a stepped line, each trial as a dot, and the scale at the left."""
    if not points:
        return Content.assemble(("The curve starts with the first score.", "$text-muted"))
    values = [point.value for point in points]
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    label = max(len(number(low)), len(number(high)))
    canvas_width, canvas_height = max(4, width - label - 1), max(1, height - 1)
    line, dots = Canvas(canvas_width, canvas_height), Canvas(canvas_width, canvas_height)

    def level(value: float) -> int:
        return round((value - low) / spread * (line.height - 1))

    line.steps([level(point.best) for point in points])
    for n, point in enumerate(points):
        x = int((n + 0.5) * line.width / len(points))
        dots.dot(x, level(point.value))
    parts: list[tuple[str, str] | str] = []
    for n, (over, under) in enumerate(zip(line.rows(), dots.rows(), strict=True)):
        scale = number(high) if n == 0 else number(low) if n == canvas_height - 1 else ""
        parts.append((scale.rjust(label) + " ", "$text-muted"))
        parts += _cells(over, under)
        parts.append("\n")
    first, last = "first pool", f"{len(points)} concepts"
    gap = max(1, canvas_width - len(first) - len(last))
    parts.append((" " * (label + 1) + first + " " * gap + last, "$text-muted"))
    return Content.assemble(*parts)


def _cells(line: str, dots: str) -> list[tuple[str, str]]:
    """One row of the plot as texts of one colour; empty cells join their neighbour, because each change costs bytes."""
    runs: list[tuple[str, str]] = []
    for over, under in zip(line, dots, strict=True):
        tone = "$accent" if over != " " else "$text-muted"
        cell = over if under == " " else "•" if over == " " else chr(ord(over) | ord(under))
        if runs and (cell == " " or tone == runs[-1][1]):
            runs[-1] = (runs[-1][0] + cell, runs[-1][1])
        else:
            runs.append((cell, tone))
    return runs


class CurvePane(Widget):
    """The curve of the best score so far."""

    BORDER_TITLE = "Best so far"

    _points: Sequence[view.CurvePoint] = ()

    def show(self, state: RunState) -> None:
        """Show the curve of a state."""
        points = view.curve(state)
        if points != self._points:
            self._points = points
            set_titles(self, subtitle=number(points[-1].best) if points else "")
            self.refresh()

    def render(self) -> Content:
        """The curve at the size of the pane."""
        return draw(self._points, self.content_size.width, self.content_size.height)
