"""The test for "no concept": whether words explain random directions of the layer as well as they do the neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Floats
from line_tui.explain.two_sided import strong, unit

DIRECTIONS = 200
"""Number of random directions that stand for chance."""


@dataclass(frozen=True)
class RandomDirections:
    """How well the best word explains each of some random directions."""

    scores: Floats
    """Two-sided scores, `float32[DIRECTIONS]`."""
    drives: Floats
    """The response to the word's weakest picture, in standard deviations, `float32[DIRECTIONS]`."""

    def p_value(self, score: float, drive: float) -> float:
        """How often a random direction is explained as well, by score or drive: twice the smaller share.

        Each share is (1 + as good) / (1 + directions). A background that drives a neuron with any object in front
        has a low score and a high drive.
        """
        as_well = min(np.sum(self.scores >= score), np.sum(self.drives >= drive))
        return float(min(1.0, 2 * (1 + as_well) / (1 + DIRECTIONS)))


def random_directions(
    control: Floats, vocabulary: Floats, words_shown: Floats, choosing: NDArray[np.bool_]
) -> RandomDirections:
    """Score the vocabulary's words for random directions of the layer.

    The arguments are those of a `ControlAnalysis`. Directions are random in whitened coordinates; otherwise most would
    be close to the few directions with high variance.
    """
    directions = np.random.default_rng(0).standard_normal((control.shape[1], DIRECTIONS)).astype(np.float32)
    directions /= np.maximum(control[choosing].std(axis=0), 1e-6)[:, None]
    responses = control @ directions
    weakest = ((vocabulary @ directions - responses.mean(axis=0)) / responses.std(axis=0)).min(axis=1)
    scores: Floats = (unit(words_shown[choosing]).T @ unit(strong(responses[choosing]))).max(axis=0)
    return RandomDirections(scores, weakest.max(axis=0))
