"""How many images an adaptive run draws for its label; pure numbers, for whoever plans or tells the time left."""

from __future__ import annotations

REPORT = 50
"""Images that a score is reported from, drawn for it alone (as CoSy, arXiv 2405.20331)."""


def search_images(iterations: int, images: int) -> int:
    """Search images at most: (10 + iterations + summary) * images / 3, a third of the published loop's."""
    return (10 + iterations + 1) * images // 3
