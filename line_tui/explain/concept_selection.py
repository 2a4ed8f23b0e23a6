"""Selects the explanation of a neuron: the smallest set of concepts that accounts for its strong responses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Floats
from line_tui.explain.two_sided import strong, unit

MAX_CONCEPTS = 3
"""Largest number of concepts in a set."""
MIN_RELATIVE_SHARE = 0.3
"""Least share that a further concept must add, relative to the first; less is a variant of a concept already chosen."""
MIN_SHARE = 0.12
"""Least share of all strong responses that a further concept must add."""
MAX_CORRELATION = 0.1
"""A further sense must correlate with each earlier concept at most this much; above, it is a rewording."""
MAX_SIMILARITY = 0.4
"""A further sense must have at most this cosine in meaning with each earlier concept; above, it is the same theme."""
MIN_NEW_VARIANCE = 0.2
"""Least share of a candidate's variance that must be new; below it, what remains of a near copy is noise."""


@dataclass(frozen=True)
class Account:
    """What a set of concepts accounts for."""

    shares: list[float]
    """The share that each concept adds to those before it."""
    left: Floats
    """The unexplained part of each picture's response: `float32[pictures]`."""

    @property
    def unexplained(self) -> float:
        """Share of the strong responses that remains."""
        return 1.0 - sum(self.shares)


def account(activations: Floats, shown: Sequence[Floats]) -> Account:
    """Regress the strong responses on the detectors by least squares, adding one concept at a time.

    All are `float32[pictures]`. A concept whose coefficient would be negative accounts for nothing.
    """
    left = unit(strong(activations))
    basis: list[Floats] = []
    shares = []
    for column in shown:
        new = unit(column)
        for earlier in basis:
            new = new - (earlier @ new) * earlier
        length = float(np.linalg.norm(new))
        along = float(left @ new) / length if length > 1e-3 else 0.0
        if along > 0:
            basis.append(new / length)
            left = left - along * basis[-1]
        shares.append(max(along, 0.0) ** 2)
    return Account(shares, left)


def choose_set(
    activations: Floats,
    candidates: Floats,
    bonus: NDArray[np.floating],
    related: Callable[[list[int]], Floats],
) -> list[int]:
    """Choose the candidates that explain a neuron, greedily: the one that accounts for most, then what adds most.

    `activations` is `float32[pictures]`, `candidates` the detectors' outputs, `float32[pictures, candidates]`. `bonus`
    is added to each candidate's correlation, and -inf excludes it. `related` gives the cosines in meaning of some
    candidates with all, `float32[some, candidates]`. The first candidate is always taken, a further one only if it is
    a separate sense.
    """
    columns = unit(candidates)
    chosen: list[int] = []
    first = 0.0
    while len(chosen) < min(MAX_CONCEPTS, columns.shape[1]):
        done = account(activations, [candidates[:, n] for n in chosen])
        if chosen:
            near = columns[:, chosen].T @ columns
            fresh = np.maximum(1 - (near**2).sum(axis=0), MIN_NEW_VARIANCE)
            scores = columns.T @ done.left / np.sqrt(fresh)
            scores[(near.max(axis=0) > MAX_CORRELATION) | (related(chosen).max(axis=0) > MAX_SIMILARITY)] = -np.inf
        else:
            scores = columns.T @ done.left
        scores = scores + bonus
        best = int(np.argmax(scores))
        gain = account(activations, [candidates[:, n] for n in [*chosen, best]]).shares[-1]
        if chosen and (not np.isfinite(scores[best]) or gain < max(MIN_SHARE, MIN_RELATIVE_SHARE * first)):
            break
        first = first or gain
        chosen.append(best)
    return chosen
