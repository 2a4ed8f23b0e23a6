"""Racing: a few images for every concept, more only for those that may still be the best.

Successive halving (Karnin, Koren, Somekh 2013) on the standardised mean, which does not saturate as AUC does, with an
indifference zone. It decides where images go, no more: no coverage is claimed for anything here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

ZONE = 0.25
"""Indifference, in standard deviations of the control: concepts this near to the leader are not told apart."""
REACH = 1.5
"""Standard errors of the difference that a concept may trail and stay in the race."""


def estimate(responses: Sequence[float]) -> float:
    """Mean response, drawn towards the control's mean (0) as if by one more image; 0 without images."""
    return sum(responses) / (len(responses) + 1)


def contenders(evidence: Mapping[str, Sequence[float]], noise: float) -> list[str]:
    """Who may still be the best, best first; `noise` is the standard deviation between seeds of one concept."""
    ranked = sorted((id for id in evidence if evidence[id]), key=lambda id: estimate(evidence[id]), reverse=True)
    if not ranked:
        return []
    leader = evidence[ranked[0]]
    return [
        id
        for id in ranked
        if estimate(leader) - estimate(evidence[id])
        <= ZONE + REACH * noise * sqrt(1 / len(leader) + 1 / len(evidence[id]))
    ]


@dataclass(frozen=True)
class Rung:
    """Who is drawn next, together, and how many images each should have then."""

    trials: list[str]
    images: int


def next_rung(evidence: Mapping[str, Sequence[float]], noise: float, rungs: Sequence[int]) -> Rung | None:
    """The lowest rung that a runner is not on yet; None when the race is run.

    From each rung only the better half of those that are still in goes on.
    """
    running = contenders(evidence, noise)
    for rung in rungs:
        if below := [id for id in running if len(evidence[id]) < rung]:
            return Rung(below, rung)
        running = running[: (len(running) + 1) // 2]
    return None
