"""A neuron's responses to the control set, known before any image is drawn for the neuron."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.state import Control
from line_tui.explain.word_forms import same_form

INERT_RANGE = 1e-6
"""A neuron counts as dead or constant if its range is at most this share of the layer's scale."""


@dataclass(frozen=True)
class Profile:
    """A neuron's responses to the control set, in standard deviations from the control's mean."""

    words: list[str]
    rows: NDArray[np.float64]
    """`float64[words, images]`."""
    mean: float
    """Of all control activations."""
    std: float
    """Of all control activations; 1 if they are all equal."""
    inert: bool

    @cached_property
    def responses(self) -> NDArray[np.float64]:
        """Each word's mean, `float64[words]`."""
        means: NDArray[np.float64] = self.rows.mean(axis=1)
        return means

    def row(self, concept: str) -> list[float]:
        """The control's activations on a concept; empty if it is not in the vocabulary."""
        index = self.place(concept)
        return [] if index is None else [float(value) for value in self.mean + self.std * self.rows[index]]

    def place(self, concept: str) -> int | None:
        """The index of the word that a concept is a form of; None if it is not in the vocabulary."""
        return self._index.get(same_form(concept))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {same_form(word): index for index, word in enumerate(self.words)}


def profile(control: Control) -> Profile:
    """Standardise a control set. Raises ValueError if it is empty."""
    values = np.asarray(control.activations, float)
    if not values.size:
        raise ValueError("a profile needs at least one control image")
    mean, std = float(values.mean()), float(values.std())
    scale = control.layer_scale or float(np.abs(values).max())
    inert = bool(np.ptp(values) <= INERT_RANGE * scale)
    std = 1.0 if inert else std
    return Profile(control.concepts, (values - mean) / std, mean, std, inert)
