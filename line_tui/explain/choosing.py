"""Which finalist becomes the label, and whether there is a concept at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from line_tui.events import VerifiedScore

TIE = 0.005
"""Difference in AUC up to which finalists cannot be told apart."""
FLOOR_AUC, FLOOR_MAD = 0.8, 1.0
"""Least effect of a concept."""
FLOOR, STRONG_MAD = 0.8, 3.0
"""Least order in the bank's responses plus a twentieth of the label's MAD, unless that is strong by itself. For random
directions in a network's outputs, the best of a thousand words reaches an AUC of .98 and a MAD of 2.7, as for neurons
with a concept. What sets these apart is that the concept decides the response more than the seed does, and that words
of like meaning get like responses. Calibrated on half of the planted units."""


@dataclass(frozen=True)
class Finalist:
    """A concept at the end of the race."""

    trial: str
    score: float
    """AUC on all its images, those of fresh seeds among them."""
    searched: float
    """AUC on its search images alone: who is a finalist must not change with the images that finalists get."""
    response: float
    """Standardised mean over all its search images."""
    fit: float
    """How well it accounts for the bank's strong responses."""


def finalists(candidates: Sequence[Finalist], racing: Sequence[str], count: int) -> list[Finalist]:
    """Half of the places for the best in the race, half for those that fit best among all that score as high.

    The race is by the strength of the response; a broad concept with as high an AUC is often less strong.
    """
    by_trial = {one.trial: one for one in candidates}
    best = [by_trial[trial] for trial in racing if trial in by_trial][: (count + 1) // 2]
    level = max((one.searched for one in candidates), default=0.0) - TIE
    others = [one for one in candidates if one not in best and (one.searched >= level or one.trial in racing)]
    return best + sorted(others, key=lambda one: -one.fit)[: count - len(best)]


def choose(candidates: Sequence[Finalist], breadth: bool) -> Finalist:
    """The best score; among those that cannot be told apart from it, the one that fits best."""
    best = max(candidates, key=lambda one: (one.score, one.response))
    if not breadth:
        return best
    tied = [one for one in candidates if one.score >= best.score - TIE]
    return max(tied, key=lambda one: one.fit)


def is_concept(score: VerifiedScore, order: float | None) -> bool:
    """Whether a label is more than what null neurons reach, by its verified score and the order in the bank.

    The order is `Insight.order`; None where it is not known.
    """
    if score.auc < FLOOR_AUC or score.mad < FLOOR_MAD:
        return False
    return order is None or score.mad >= STRONG_MAD or order + score.mad / 20 >= FLOOR
