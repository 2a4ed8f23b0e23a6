import re
from typing import Any

import numpy as np
import pytest
import torch
import torchvision

from line_tui.models.architectures import build, build_empty, torchvision_names
from line_tui.models.layers import list_layers
from line_tui.models.preprocess import classification
from line_tui.models.vision import TorchVision

FIXED_SIZE = ("vit_", "maxvit", "swin")


def smallest_size(name: str) -> Any:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    if name.startswith(FIXED_SIZE):
        return weights.transforms().crop_size[0]
    return max(32, *weights.meta["min_size"])


def family(name: str) -> tuple[str, bool, bool]:
    """Networks of one family are the same code in several sizes."""
    return re.split(r"[\d_]", name)[0], "_v2" in name, "_bn" in name


def smallest_of_each_family() -> list[str]:
    def parameters(name: str) -> int:
        return int(torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"])

    by_size = sorted(torchvision_names(), key=parameters, reverse=True)
    return sorted({family(name): name for name in by_size}.values())


def materialise(model: Any) -> Any:
    """Give each empty parameter the same small number: enough to run, and much quicker than to initialise."""
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.is_meta:
                filled = torch.full(parameter.shape, 1e-3)
                setattr(module, name, torch.nn.Parameter(filled, requires_grad=False))
    return model


@pytest.mark.parametrize("name", smallest_of_each_family())
def test_layers_are_listed_without_weights_and_looked_at(name: str) -> None:
    size = smallest_size(name)
    model = build_empty(lambda: build(name, image_size=size))
    here = [tensor for tensor in [*model.parameters(), *model.buffers()] if not tensor.is_meta]
    assert sum(tensor.nbytes for tensor in here) < 8_000_000
    layers = list_layers(model, size, [f"class {n}" for n in range(1000)])
    assert len(layers) > 20
    assert layers[-1].neurons == 1000 and len(layers[-1].names) == 1000
    vision = TorchVision(materialise(model), name, classification(size, size, (0, 0, 0), (1, 1, 1)), batch_size=1)
    middle = layers[len(layers) // 2]
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    seen = vision.record([picture], middle.name, neuron=0)
    assert seen.activations.shape == (1, middle.neurons)
    assert np.isfinite(seen.activations).all()
    assert (seen.maps is not None) == middle.pooling.startswith("spatial-mean")
