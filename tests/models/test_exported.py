"""Exported programs seen from inside: the same layers and the same numbers as the network that was exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from line_tui.errors import ModelFileError, UnknownNameError
from line_tui.explain.ports import Picture
from line_tui.models.architectures import build_random
from line_tui.models.catalog import Catalog
from line_tui.models.preprocess import classification
from line_tui.models.vision import TorchVision
from line_tui.models.vision_loader import layers_of, load_vision
from tests.models.toys import export, mine

SIZE = 32
MEAN, STD = (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)


def exported(network: nn.Module, path: Path) -> Catalog:
    """Write a network to a file, and a catalogue that names it."""
    export(network.eval(), path, SIZE)
    return mine(path, format="export", size=SIZE, mean=MEAN, std=STD, allow_code=True)


def pictures(count: int) -> list[Picture]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (SIZE, SIZE, 3), np.uint8) for _ in range(count)]


def test_the_layers_are_those_of_the_network_and_its_output(tmp_path: Path) -> None:
    network = build_random("resnet18")
    catalog = exported(network, tmp_path / "net.pt2")
    inside = TorchVision(network, "resnet18", classification(SIZE, SIZE, MEAN, STD), batch_size=3)
    known = {layer.name: layer for layer in inside.layers}
    listed = {layer.name: layer for layer in layers_of("mine", catalog)}
    assert list(listed) == [*known, "output"]
    assert {name: listed[name].kind for name in known} == {name: layer.kind for name, layer in known.items()}
    assert all(listed[name].neurons == layer.neurons for name, layer in known.items())
    assert listed["layer4.1.bn2"].pooling == "spatial-mean" and listed["output"].neurons == 1000

    vision = load_vision("mine", catalog, 3, "cpu")
    for name in ("conv1", "layer3", "layer4.1.bn2", "avgpool", "fc"):
        neuron = known[name].neurons - 1
        seen, wanted = vision.record(pictures(4), name, neuron), inside.record(pictures(4), name, neuron)
        np.testing.assert_allclose(seen.activations, wanted.activations, rtol=1e-4, atol=1e-5)
        assert (seen.maps is None) == (wanted.maps is None)
    output = vision.record(pictures(4), "output").activations
    np.testing.assert_array_equal(output, vision.record(pictures(4), "fc").activations)


class Bare(nn.Module):
    """No modules inside."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Own(nn.Module):
    """Has a layer by the name of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.output(x.mean((2, 3)))


def test_what_runs_outside_of_modules_is_still_seen_as_the_output(tmp_path: Path) -> None:
    catalog = exported(Bare(), tmp_path / "net.pt2")
    assert [(layer.name, layer.neurons) for layer in layers_of("mine", catalog)] == [("output", 3)]
    seen = load_vision("mine", catalog, 2, "cpu").record([np.full((SIZE, SIZE, 3), 255, np.uint8)] * 3, "output")
    np.testing.assert_allclose(seen.activations, np.full((3, 3), 2.5), rtol=1e-5)


def test_a_layer_that_is_called_output_stays_what_it_is(tmp_path: Path) -> None:
    network = Own()
    catalog = exported(network, tmp_path / "net.pt2")
    assert [(layer.name, layer.kind) for layer in layers_of("mine", catalog)] == [("output", "Linear")]
    seen = load_vision("mine", catalog, 2, "cpu").record([np.full((SIZE, SIZE, 3), 255, np.uint8)], "output")
    wanted = network.output(torch.full((1, 3), 2.5)).detach().numpy()
    np.testing.assert_allclose(seen.activations, wanted, rtol=1e-5)


def test_linear_layers_keep_their_channels_last(tmp_path: Path) -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = nn.Linear(3, SIZE)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.mix(x.movedim(1, -1))
            return out.mean((1, 2))

    mix, output = layers_of("mine", exported(Last(), tmp_path / "net.pt2"))
    assert (mix.kind, mix.pooling, mix.neurons) == ("Linear", "spatial-mean-channels-last", SIZE)
    assert output.pooling == "as-is"


def test_unknown_layers_and_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    vision = load_vision("mine", exported(Bare(), path), 2, "cpu")
    with pytest.raises(UnknownNameError, match="no layer of mine named 'fc'"):
        vision.record(pictures(1), "fc")
    catalog = exported(Bare(), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelFileError, match="damaged or not an exported program"):
        load_vision("mine", catalog, 2, "cpu")
