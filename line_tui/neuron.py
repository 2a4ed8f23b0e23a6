"""The address of a neuron."""

from __future__ import annotations

import msgspec


class Neuron(msgspec.Struct, frozen=True):
    """One neuron of a layer of a vision model."""

    model: str
    layer: str
    index: int

    def __str__(self) -> str:
        return f"{self.model} {self.layer} {self.index}"
