"""The plots of a report as inline SVG, without scripts, fonts or external files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WIDTH, HEIGHT, MARGIN = 640, 196, 60


def curve(scores: Sequence[float]) -> str:
    """Every trial's score as a dot and the best so far as a line, in the order of the trials; "" without one."""
    if not scores:
        return ""
    low, high = min(scores), max(scores)
    across = np.linspace(MARGIN, WIDTH - MARGIN, len(scores)) if len(scores) > 1 else np.array([WIDTH / 2])
    heights = [_height(score, low, high) for score in scores]
    best = [_height(score, low, high) for score in np.maximum.accumulate(np.asarray(scores, float))]
    line = f"M {across[0]:.1f} {best[0]:.1f}" + "".join(
        f" H {x:.1f} V {y:.1f}" for x, y in zip(across[1:], best[1:], strict=True)
    )
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in zip(across, heights, strict=True))
    return _frame(
        f'<path class="best" d="{line}"/>{dots}{_label(MARGIN, high, low, high)}{_label(MARGIN, low, low, high)}'
        + _axes("concepts in the order in which they were tried", "score"),
        "Score of each trial, and the best so far",
    )


def histogram(control: Sequence[float], concept: Sequence[float], bins: int = 48) -> str:
    """The control set's activations as bars and the concept's images as ticks below; "" without a control."""
    if not control:
        return ""
    low, high = min([*control, *concept]), max([*control, *concept])
    if np.any(np.diff(np.linspace(low, high, bins + 1)) <= 0):
        # All equal, or too close for floats between them.
        high = low + max(1.0, abs(low))
    counts, edges = np.histogram(control, bins=bins, range=(low, high))

    def place(value: float) -> float:
        return MARGIN + (value - low) / (high - low) * (WIDTH - 2 * MARGIN)

    floor, room = HEIGHT - MARGIN, HEIGHT - 2 * MARGIN
    bars = "".join(
        f'<rect x="{place(edge):.1f}" y="{floor - room * count / counts.max():.1f}" '
        f'width="{(WIDTH - 2 * MARGIN) / bins - 1:.1f}" height="{room * count / counts.max():.1f}"/>'
        for edge, count in zip(edges, counts, strict=False)
        if count
    )
    ticks = "".join(f'<path class="tick" d="M {place(value):.1f} {floor + 3} v 12"/>' for value in concept)
    ends = (
        f'<text x="{MARGIN}" y="{HEIGHT - 4}">{low:.3g}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 4}" text-anchor="end">{high:.3g}</text>'
    )
    return _frame(
        bars + ticks + ends + _axes("activation", "control pictures"),
        "Activations: control set (bars) and the concept's images (ticks)",
    )


def _height(score: float, low: float, high: float) -> float:
    share = (score - low) / (high - low) if high > low else 0.5
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def _axes(across: str, up: str) -> str:
    return (
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">{across}</text>'
        f'<text transform="translate(11 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{up}</text>'
    )


def _label(x: float, score: float, low: float, high: float) -> str:
    return f'<text x="{x - 6}" y="{_height(score, low, high) + 4:.1f}" text-anchor="end">{score:.3g}</text>'


def _frame(content: str, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{title}</title>{content}</svg>'
