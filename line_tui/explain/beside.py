"""A narrow layer and a wide one, looked at together: concept detectors need many neurons, a black box may have one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from line_tui.explain.ports import Picture, Seen, Vision


class Beside:
    """A vision model whose layers are followed by another layer, the reference's."""

    def __init__(self, vision: Vision, reference: Vision, layer: str) -> None:
        self.vision, self.reference, self.layer = vision, reference, layer
        # Of both, since what is kept of a picture depends on both.
        model, _, revision = vision.name.partition("@")
        self.name = f"{model}+{layer}@{revision}+{reference.name}"

    def look(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Seen:
        """Activations `float32[images, neurons of the layer, then of the reference]`."""
        own = self.vision.look(pictures, layer, neuron)
        beside = self.reference.look(pictures, self.layer)
        return Seen(np.hstack([own.activations, beside.activations]), own.maps)


def read_layers(vision: Vision, layer: str) -> str:
    """The layers that a look at one gives, by the name of the vision model, for the record."""
    reference = vision.name.partition("@")[0].partition("+")[2]
    return f"{layer} and {reference}" if reference else layer
