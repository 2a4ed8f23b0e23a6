"""What a neuron's strongest words do to the rest of its layer: words that drive the same neurons look alike to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from line_tui.events import Company
from line_tui.explain.finite import neuron_of, silenced
from line_tui.explain.ports import Bank, Floats

STRONGEST = 24
"""Words that are compared."""
COMPONENTS = 24
"""Directions of the layer's variance that are looked at; the rest is mostly noise."""
NEIGHBOURS = 8
"""Fewer other neurons that vary say nothing."""


def bank_of(name: str, concepts: list[str], activations: Floats, neuron: int) -> Bank:
    """One neuron's control set out of its layer's, `float32[concepts, images, neurons]`. Raises ModelFileError."""
    own, activations = neuron_of(activations, neuron), silenced(activations)
    return Bank(
        name,
        concepts,
        own,
        layer_scale=float(np.abs(activations).max()),
        company=company(concepts, activations, neuron),
    )


def company(concepts: list[str], activations: Floats, neuron: int) -> Company | None:
    """Cosines between a neuron's strongest words by what they do to the layer's other neurons, `float32[words, words]`.

    `activations` is `float32[concepts, images, neurons]`. Each word is the layer's standardised mean response to it,
    partly whitened: a principal component counts by the root of its singular value, or one theme of the vocabulary
    would outweigh all others. None where the layer has too few other neurons, as a black box of one output.
    """
    means = np.asarray(activations, np.float64).mean(axis=1)
    own = means[:, neuron]
    rest = np.delete(means, neuron, axis=1)
    spread = rest.std(axis=0)
    alive = spread > 0
    if alive.sum() < NEIGHBOURS or len(concepts) < 2:
        return None
    strongest = np.argsort(-own, kind="stable")[:STRONGEST]
    vectors = _whitened((rest[:, alive] - rest[:, alive].mean(axis=0)) / spread[alive])[strongest]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    cosines = np.round(vectors @ vectors.T, 4)
    return Company(words=[concepts[i] for i in strongest], cosines=[[float(value) for value in row] for row in cosines])


def _whitened(standardised: NDArray[np.float64]) -> NDArray[np.float64]:
    # The words' Gram matrix is smaller than the layer where the layer is large.
    values, vectors = np.linalg.eigh(standardised @ standardised.T)
    scales = np.clip(values[-COMPONENTS:], 0, None) ** 0.25
    whitened: NDArray[np.float64] = vectors[:, -COMPONENTS:] * scales
    return whitened
