"""Planted neurons: units whose meaning is known, computed from the outputs of a classifier."""

import torch
from torch import Tensor, nn


class PlantedUnits(nn.Module):
    """Documented functions of a network's outputs, first calibrated to a common scale.

    A calibrated output is 0 on average where its concept is absent and 1 where it is present. A unit is the larger
    of two linear functions of these, `max(first @ z + constant, second @ z + constant)`, or the smaller one where
    `smaller` says so; the two are the same but for units with two senses and conjunctions. Where `frequency` is
    not 0, the sine of so many times that value is taken instead, which is noise to whoever looks at pictures, and
    the same noise for the same picture.
    """

    shift: Tensor
    scale: Tensor
    first: Tensor
    second: Tensor
    smaller: Tensor
    constant: Tensor
    frequency: Tensor

    def __init__(self, outputs: int, units: int) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(outputs))
        self.register_buffer("scale", torch.ones(outputs))
        self.register_buffer("first", torch.zeros(units, outputs))
        self.register_buffer("second", torch.zeros(units, outputs))
        self.register_buffer("smaller", torch.zeros(units, dtype=torch.bool))
        self.register_buffer("constant", torch.zeros(units))
        self.register_buffer("frequency", torch.zeros(units))

    def forward(self, outputs: Tensor) -> Tensor:
        """`float32[n, outputs]` to `float32[n, units]`."""
        z = (outputs - self.shift) / self.scale
        first, second = z @ self.first.T, z @ self.second.T
        value = torch.where(self.smaller, torch.minimum(first, second), torch.maximum(first, second)) + self.constant
        return torch.where(self.frequency > 0, torch.sin(self.frequency * value), value)


class PlantedNetwork(nn.Module):
    """A classifier with planted units behind it; hook `planted` like any other layer."""

    def __init__(self, network: nn.Module, planted: PlantedUnits) -> None:
        super().__init__()
        self.network = network
        self.planted = planted

    def forward(self, pictures: Tensor) -> Tensor:
        """Preprocessed pictures `float32[n, 3, size, size]` to `float32[n, units]`."""
        units: Tensor = self.planted(self.network(pictures))
        return units
