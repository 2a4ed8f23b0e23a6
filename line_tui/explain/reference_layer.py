"""Records a narrow layer with a wide one: concept detectors need many neurons, and a black box may have only one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from line_tui.explain.ports import Picture, Recording, Vision


class WithReferenceLayer:
    """A vision model that appends the activations of a wider layer, the reference."""

    def __init__(self, vision: Vision, reference: Vision, layer: str) -> None:
        self.vision, self.reference, self.layer = vision, reference, layer
        # Of both models, since cached activations depend on both.
        model, _, revision = vision.name.partition("@")
        self.name = f"{model}+{layer}@{revision}+{reference.name}"

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Activations `float32[images, neurons of the layer, then of the reference]`."""
        own = self.vision.record(pictures, layer, neuron)
        beside = self.reference.record(pictures, self.layer)
        return Recording(np.hstack([own.activations, beside.activations]), own.maps)


def read_layers(vision: Vision, layer: str) -> str:
    """Describes the layers recorded for `layer`, from the name of the vision model."""
    reference = vision.name.partition("@")[0].partition("+")[2]
    return f"{layer} and {reference}" if reference else layer
