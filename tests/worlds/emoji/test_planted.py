import math

import pytest
import torch
from torch import nn

from line_tui.worlds.emoji.planted import PlantedNetwork, PlantedUnits


@pytest.fixture
def units() -> PlantedUnits:
    """Two outputs, calibrated as (output - 1) / 2 and output / 4; one unit of each kind."""
    units = PlantedUnits(outputs=2, units=6)
    units.shift = torch.tensor([1.0, 0.0])
    units.scale = torch.tensor([2.0, 4.0])
    units.first = torch.tensor([[1, 0], [1, 0], [0.5, 0.5], [1, -1], [0, 0], [1, 1]])
    units.second = torch.tensor([[1, 0], [0, 1], [0.5, 0.5], [1, -1], [0, 0], [1, 1]])
    units.constant = torch.tensor([0, 0, 0, 0, 7.0, 0])
    units.frequency = torch.tensor([0, 0, 0, 0, 0, 100.0])
    return units


def test_units_are_the_documented_functions_of_calibrated_outputs(units: PlantedUnits) -> None:
    # Calibrated: (2, 3) and (-1, 0.5).
    found = units(torch.tensor([[5.0, 12.0], [-1.0, 2.0]]))
    assert found[:, 0].tolist() == [2.0, -1.0]  # the output itself
    assert found[:, 1].tolist() == [3.0, 0.5]  # two senses: the larger
    assert found[:, 2].tolist() == [2.5, -0.25]  # broader: the mean
    assert found[:, 3].tolist() == [-1.0, -1.5]  # exception: the difference
    assert found[:, 4].tolist() == [7.0, 7.0]  # constant
    assert found[0, 5].item() == pytest.approx(math.sin(500), abs=1e-4)  # noise


def test_the_network_exposes_its_units_to_a_forward_hook(units: PlantedUnits) -> None:
    network = PlantedNetwork(nn.Sequential(nn.Flatten(), nn.Linear(3, 2)), units)
    caught = []
    handle = network.get_submodule("planted").register_forward_hook(lambda *call: caught.append(call[2]))
    found = network(torch.ones(4, 3, 1, 1))
    handle.remove()
    assert caught[0].shape == (4, 6)
    assert torch.equal(caught[0], found)


def test_weights_make_the_units_whole(units: PlantedUnits) -> None:
    copy = PlantedUnits(outputs=2, units=6)
    copy.load_state_dict(units.state_dict())
    outputs = torch.randn(5, 2)
    assert torch.equal(copy(outputs), units(outputs))
