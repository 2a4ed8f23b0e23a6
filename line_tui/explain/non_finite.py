"""Non-finite activations: an error for the neuron being explained, 0 for all others."""

from __future__ import annotations

import numpy as np

from line_tui.errors import ModelFileError
from line_tui.explain.ports import Floats


def neuron_of(activations: Floats, neuron: int) -> Floats:
    """One neuron of a layer's `float32[..., neurons]`. Raises ModelFileError if it has non-finite activations."""
    own = activations[..., neuron]
    broken = own[~np.isfinite(own)]
    if broken.size:
        raise ModelFileError(
            f"neuron {neuron}: its activation is {broken.flat[0]}, which is not finite",
            "weights may be damaged or numbers may overflow: check the layers before it; other neurons may be fine",
        )
    return own


def silenced(activations: Floats) -> Floats:
    """A layer's `float32[..., neurons]` with 0 for each neuron that has non-finite activations."""
    finite = np.isfinite(activations).all(axis=tuple(range(activations.ndim - 1)))
    return activations if finite.all() else np.where(finite, activations, np.float32(0))
