"""Two-sided scores: does the concept drive the neuron, and does what drives the neuron show the concept?

Of the usual metrics, correlation, AUPRC and F1 fall both when half of a concept's pictures are left out and when as
many wrong ones are added; AUC, MAD and recall fall in at most one case (Oikarinen, Yan, Weng, arXiv 2506.05774).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Floats

DRAWS = 1000
"""Bootstrap samples."""
TOP = 0.05
"""Share of the pictures that count as the neuron's strong responses in AUPRC and F1."""


def strong(activations: Floats) -> Floats:
    """The strong responses: activations above the mean, squared, in units of the standard deviation.

    Takes and returns `float32[pictures]` or `float32[pictures, neurons]`; all 0 for a neuron that does not vary.
    """
    centred = activations - activations.mean(axis=0)
    spread = centred.std(axis=0)
    standardised = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    squared: Floats = np.clip(standardised, 0, None) ** 2
    return squared


def unit(columns: Floats) -> Floats:
    """Columns centred and scaled to length 1, so that a product is a correlation; a constant column becomes 0."""
    centred = columns - columns.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    scaled: Floats = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    return scaled


def correlation(shown: Floats, activations: Floats) -> float:
    """Pearson correlation of a detector's output with the neuron's strong responses, both `float32[pictures]`."""
    return float(unit(shown) @ unit(strong(activations)))


def correlation_interval(
    shown: Floats, activations: Floats, groups: NDArray[np.intp], level: float = 0.95
) -> tuple[float, float]:
    """Bootstrap interval of `correlation`, resampling concepts, since pictures of one concept are not independent.

    `groups` gives the concept of each picture, `int[pictures]`.
    """
    x, y = shown.astype(np.float64), strong(activations).astype(np.float64)
    moments = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    count = int(groups.max()) + 1
    sums = np.stack([np.bincount(groups, moment, count) for moment in moments])
    weights = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS)
    n, sx, sy, sxx, syy, sxy = sums @ weights.T
    spread = np.sqrt(np.clip(n * sxx - sx * sx, 0, None) * np.clip(n * syy - sy * sy, 0, None))
    correlations = np.divide(n * sxy - sx * sy, spread, out=np.zeros_like(spread), where=spread > 0)
    low, high = np.quantile(correlations, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def strongest(activations: Floats, share: float = TOP) -> NDArray[np.bool_]:
    """Which pictures count as strong responses: the highest `share`, at least one."""
    count = max(1, round(share * len(activations)))
    chosen = np.zeros(len(activations), bool)
    chosen[np.argsort(-activations, kind="stable")[:count]] = True
    return chosen


def auprc(shown: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve (average precision) of a detector for a set of pictures."""
    order = np.argsort(-shown, kind="stable")
    hits = positive[order]
    if not hits.any():
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def f1(predicted: NDArray[np.bool_], positive: NDArray[np.bool_]) -> float:
    """F1 of two sets of pictures, `bool[pictures]` each; 0 if both are empty."""
    return float(2 * (predicted & positive).sum() / max(1, predicted.sum() + positive.sum()))
