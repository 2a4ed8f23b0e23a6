"""Paired tests: the same seed with another word, or the same neuron with another label."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike

EXACT = 12
"""Up to this many pairs, all sign patterns are enumerated."""
FLIPS = 10_000


def sign_flip_p(differences: ArrayLike) -> float:
    """One-sided p-value that the mean difference is above 0: signs flipped at random (Fisher 1935).

    Exact up to `EXACT` pairs, else from `FLIPS` patterns with a fixed seed. No difference gives 1. Raises
    ValueError when there is no pair.
    """
    values = np.asarray(differences, float)
    if not values.size:
        raise ValueError("a paired test needs at least one pair")
    if values.size <= EXACT:
        signs = np.array(list(product((1, -1), repeat=values.size)))
        return float(np.mean(signs @ values >= values.sum() - 1e-12))
    signs = np.random.default_rng(0).choice((1, -1), (FLIPS, values.size))
    return float((1 + np.sum(signs @ values >= values.sum() - 1e-12)) / (FLIPS + 1))


def mean_interval(differences: ArrayLike) -> tuple[float, float, float]:
    """Mean difference with Student's 95% interval: `(mean, low, high)`. Raises ValueError for fewer than two pairs."""
    values = np.asarray(differences, float)
    if values.size < 2:
        raise ValueError("an interval for a mean difference needs at least two pairs")
    # Imported here: scipy takes longer to import than everything else at startup.
    from scipy.special import stdtrit

    half = stdtrit(values.size - 1, 0.975) * values.std(ddof=1) / np.sqrt(values.size)
    mean = float(values.mean())
    return mean, mean - float(half), mean + float(half)
