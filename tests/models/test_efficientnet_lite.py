from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images
from torch.nn import functional

from line_tui.models.architectures import build_empty
from line_tui.models.catalog import read_catalog
from line_tui.models.efficientnet_lite import MEAN, STD, SamePadded, rename
from line_tui.models.layers import list_layers
from line_tui.models.networks import find_network
from line_tui.models.preprocess import classification
from line_tui.models.vision import TorchVision

NETWORK = find_network("efficientnet-lite0", read_catalog())


@pytest.fixture(scope="module")
def vision() -> Any:
    return TorchVision(
        NETWORK.load(), NETWORK.name, NETWORK.preprocess, neuron_names=NETWORK.neuron_names, batch_size=2
    )


def test_it_knows_a_flower_and_a_temple(vision: Any) -> None:
    china, flower = load_sample_images().images
    seen = vision.record([flower, china], "fc")
    names = vision.check("fc").names
    top = [[names[i] for i in np.argsort(-row)[:5]] for row in seen.activations]
    assert top[0][0] == "daisy" and "palace" in top[1]


def test_its_pictures_are_scaled_as_in_training() -> None:
    """The batch norm after the first convolution remembers what it saw in training."""
    model = NETWORK.load()
    apart = {}
    for name, (mean, std) in {"ours": (MEAN, STD), "usual": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))}.items():
        with torch.inference_mode():
            seen = model.conv_stem(classification(224, 256, mean, std)(load_sample_images().images))
        spread = seen.var((0, 2, 3)) / model.bn0.running_var
        apart[name] = spread.log().abs().median().item()
    assert apart["ours"] < 0.5 < 1.5 < apart["usual"]


def test_padding_is_tensorflows() -> None:
    convolution = SamePadded(1, 1, 3, stride=2)
    torch.nn.init.ones_(convolution.weight)
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    # One odd pixel: nothing is added left and above.
    expected = functional.conv2d(functional.pad(picture, [0, 1, 0, 1]), torch.ones(1, 1, 3, 3), stride=2)
    assert torch.equal(convolution(picture), expected)
    assert SamePadded(1, 1, 5, stride=1)(torch.zeros(1, 1, 7, 7)).shape == (1, 1, 7, 7)


def test_layers_and_class_names(vision: Any) -> None:
    layers = {layer.name: layer for layer in list_layers(build_empty(NETWORK.outline), 224, NETWORK.neuron_names)}
    assert layers["blocks.15"].shape == [320, 7, 7]
    assert layers["pool"].neurons == 1280 and layers["fc"].names[985] == "daisy"
    assert layers.keys() == {layer.name for layer in vision.layers}


def test_names_lose_their_leading_underscores() -> None:
    assert list(rename({"_blocks.0._bn1.running_mean": torch.zeros(1)})) == ["blocks.0.bn1.running_mean"]
