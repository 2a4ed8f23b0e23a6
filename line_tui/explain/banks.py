"""Extracts one neuron's control set from its layer's."""

from __future__ import annotations

import numpy as np

from line_tui.explain.non_finite import neuron_of, silenced
from line_tui.explain.ports import Bank, Floats


def bank_of(id: str, concepts: list[str], activations: Floats, neuron: int, layers: str = "") -> Bank:
    """The control set of a layer's neuron, given `float32[concepts, images, neurons]` of `layers`.

    Raises ModelFileError if the neuron is not finite; other non-finite neurons count as 0.
    """
    own, features = neuron_of(activations, neuron), silenced(activations)
    return Bank(id, concepts, own, features, layers, neuron, layer_scale=float(np.abs(features).max()))
