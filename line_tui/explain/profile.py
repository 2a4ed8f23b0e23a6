"""What the control set alone says of a neuron, before any image is drawn for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.state import Control
from line_tui.explain.words import same_form

INERT = 1e-6
"""Range of activations, as a share of the layer's scale, up to which a neuron is dead or constant."""
LOUDEST = 20
"""Words whose spread between seeds stands for the neuron's noise where it responds."""


@dataclass(frozen=True)
class Profile:
    """A neuron's responses to the control set, in standard deviations from the control's mean."""

    words: list[str]
    rows: NDArray[np.float64]
    """`float64[words, images]`."""
    mean: float
    """Of all control activations."""
    std: float
    """Of all control activations; 1 where they are all the same."""
    inert: bool

    @cached_property
    def responses(self) -> NDArray[np.float64]:
        """Each word's mean, `float64[words]`."""
        means: NDArray[np.float64] = self.rows.mean(axis=1)
        return means

    @cached_property
    def noise(self) -> float:
        """Standard deviation between seeds of one word, among the words that drive the neuron most."""
        if self.rows.shape[1] < 2:
            return 1.0
        loudest = np.argsort(-self.responses)[:LOUDEST]
        return float(np.sqrt(self.rows[loudest].var(axis=1, ddof=1).mean()))

    @cached_property
    def concept_share(self) -> float | None:
        """Share of the neuron's variance that the concept decides, not the seed; None with one image a word.

        Intraclass correlation ICC(1) of a one-way analysis of variance (Shrout and Fleiss 1979), at most 1.
        """
        words, images = self.rows.shape
        if images < 2 or words < 2:
            return None
        within = float(self.rows.var(axis=1, ddof=1).mean())
        between = float(self.responses.var(ddof=1)) - within / images
        return between / (between + within) if between + within > 0 else 0.0

    def row(self, concept: str) -> list[float]:
        """The control's responses to a concept; empty when it is not in the vocabulary."""
        index = self._index.get(same_form(concept))
        return [] if index is None else [float(value) for value in self.rows[index]]

    def standardised(self, activations: list[float]) -> list[float]:
        """Activations in standard deviations from the control's mean."""
        return [(value - self.mean) / self.std for value in activations]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {same_form(word): index for index, word in enumerate(self.words)}


def profile(control: Control) -> Profile:
    """Standardise a control set. Raises ValueError when it is empty."""
    values = np.asarray(control.activations, float)
    if not values.size:
        raise ValueError("a profile needs at least one control image")
    mean, std = float(values.mean()), float(values.std())
    scale = control.layer_scale or float(np.abs(values).max())
    inert = bool(np.ptp(values) <= INERT * scale)
    std = 1.0 if inert else std
    return Profile(control.concepts, (values - mean) / std, mean, std, inert)
