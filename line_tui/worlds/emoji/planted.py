"""Planted neurons: units with a known meaning, computed from a classifier's outputs."""

import torch
from torch import Tensor, nn


class PlantedUnits(nn.Module):
    """Documented functions of a network's outputs, first calibrated to a common scale.

    A calibrated output averages 0 without its concept and 1 with it. A unit is the larger of two linear functions of
    these, `max(first @ z + constant, second @ z + constant)`, or the smaller one if `smaller`; the two are equal
    except in units with two senses and conjunctions. If `frequency` is not 0, the unit is the sine of `frequency`
    times that value: noise with respect to the picture's content, but the same for the same picture.
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
    """A classifier followed by planted units; hook `planted` like any other layer."""

    def __init__(self, network: nn.Module, planted: PlantedUnits) -> None:
        super().__init__()
        self.network = network
        self.planted = planted

    def forward(self, pictures: Tensor) -> Tensor:
        """Preprocessed pictures `float32[n, 3, size, size]` to `float32[n, units]`."""
        units: Tensor = self.planted(self.network(pictures))
        return units
