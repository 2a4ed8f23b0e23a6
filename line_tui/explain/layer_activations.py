"""One neuron's activations out of its layer's. Non-finite ones are an error for that neuron, and 0 in all others."""

from __future__ import annotations

import numpy as np

from line_tui.errors import ModelFileError
from line_tui.explain.ports import Bank, Floats


def of_neuron(activations: Floats, neuron: int) -> Floats:
    """One neuron of a layer's `float32[..., neurons]`. Raises ModelFileError if it has non-finite activations."""
    own = activations[..., neuron]
    broken = own[~np.isfinite(own)]
    if broken.size:
        raise ModelFileError(
            f"neuron {neuron}: its activation is {broken.flat[0]}, which is not finite",
            "weights may be damaged or numbers may overflow: check the layers before it; other neurons may be fine",
        )
    return own


def zero_non_finite(activations: Floats) -> Floats:
    """A layer's `float32[..., neurons]` with 0 for each neuron that has non-finite activations."""
    finite = np.isfinite(activations).all(axis=tuple(range(activations.ndim - 1)))
    return activations if finite.all() else np.where(finite, activations, np.float32(0))


def bank_of_neuron(id: str, concepts: list[str], activations: Floats, neuron: int, layers: str = "") -> Bank:
    """The control set of a layer's neuron, given `float32[concepts, images, neurons]` of `layers`.

    Raises ModelFileError if the neuron is not finite; other non-finite neurons count as 0.
    """
    own, features = of_neuron(activations, neuron), zero_non_finite(activations)
    return Bank(id, concepts, own, features, layers, neuron, layer_scale=float(np.abs(features).max()))
