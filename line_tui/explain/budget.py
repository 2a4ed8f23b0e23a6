"""How many pictures a run draws, for planning and for estimating the remaining time."""

from __future__ import annotations

from line_tui.explain.state import RunState

REPORT_IMAGES = 50
"""Pictures drawn only for a reported score (as CoSy does, arXiv 2405.20331)."""
QUICK_REPORT_IMAGES = 7
"""The same for a quick look."""
FIRST_IMAGES = 3
"""Pictures that the adaptive loop draws first for a concept."""
FIRST_POOL = 10
"""Concepts in the first pool of the published loop."""


def published(state: RunState) -> int:
    """Pictures of the published loop: (first pool + iterations + summary) * images."""
    return (FIRST_POOL + state.iterations + 1) * state.spec.images


def third_of_published(state: RunState) -> int:
    """A third of the published loop's pictures."""
    return published(state) // 3


def quick(state: RunState) -> int:
    """Pictures of a quick look, independent of `iterations`: those of one concept outside the bank."""
    return FIRST_IMAGES
