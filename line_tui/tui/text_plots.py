"""Small plots in text: bars in eighths of a cell, and a canvas of braille dots."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS_RIGHT = " ▏▎▍▌▋▊▉█"
_EIGHTHS_UP = " ▁▂▃▄▅▆▇█"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille character, by row and column."""


def bar(share: float, width: int) -> str:
    """A bar of `width` cells, filled up to `share` in [0, 1] in steps of an eighth of a cell."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (_EIGHTHS_RIGHT[rest] if rest else "")
    return text.ljust(width)


def columns(shares: Sequence[float], height: int) -> list[str]:
    """Vertical bars for shares in [0, 1], as rows from the top; above 0, a bar is at least an eighth of a cell high."""
    levels = [max(1, round(share * height * 8)) if share > 0 else 0 for share in shares]
    rows = []
    for row in range(height - 1, -1, -1):
        rows.append("".join(_EIGHTHS_UP[min(8, max(0, level - 8 * row))] for level in levels))
    return rows


def counts(values: Sequence[float], low: float, high: float, bins: int) -> list[int]:
    """The number of values in each of `bins` equal parts of [low, high]; values outside count in the first or last."""
    bin_counts = [0] * bins
    spread = (high - low) or 1.0
    for value in values:
        bin_counts[min(bins - 1, max(0, int((value - low) / spread * bins)))] += 1
    return bin_counts


class Canvas:
    """A canvas of braille dots, two by four in each character."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width * 2
        self.height = height * 4
        self._cells = [[0] * width for _ in range(height)]

    def dot(self, x: int, y: int) -> None:
        """Set a dot; (0, 0) is at the bottom left. Dots outside are ignored."""
        if 0 <= x < self.width and 0 <= y < self.height:
            top = self.height - 1 - y
            self._cells[top // 4][x // 2] |= _DOTS[top % 4][x % 2]

    def steps(self, heights: Sequence[int]) -> None:
        """Draw a stepped line through these heights, in dots, over the whole width."""
        if not heights:
            return
        last = heights[0]
        for x in range(self.width):
            y = heights[min(len(heights) - 1, x * len(heights) // self.width)]
            for between in range(min(last, y), max(last, y) + 1):
                self.dot(x, between)
            last = y

    def rows(self) -> list[str]:
        """The canvas as text, top row first; an empty cell is a space."""
        return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in self._cells]


def interval_line(low: float, value: float, high: float, width: int) -> str:
    """An interval within [0, 1] as a line: `├` and `┤` are its ends, `●` the value."""

    def place(share: float) -> int:
        return min(width - 1, max(0, round(share * (width - 1))))

    cells = ["·"] * width
    for index in range(place(low), place(high) + 1):
        cells[index] = "─"
    cells[place(low)], cells[place(high)], cells[place(value)] = "├", "┤", "●"
    return "".join(cells)
