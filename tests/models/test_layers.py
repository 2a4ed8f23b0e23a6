from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from line_tui.errors import UsageError
from line_tui.models.architectures import build, build_empty
from line_tui.models.layers import list_layers
from line_tui.models.preprocess import Preprocess
from line_tui.models.vision import TorchVision
from tests.models.toys import Colours


def by_name(layers: Any) -> Any:
    return {layer.name: layer for layer in layers}


def test_a_toy_network() -> None:
    model = Colours()
    layers = list_layers(model, 4, ["warm", "cold"])
    assert [layer.name for layer in layers] == ["conv", "attend", "relu", "fc"]
    conv, fc = layers[0], layers[-1]
    assert (conv.kind, conv.shape, conv.neurons, conv.pooling, conv.names) == (
        "Conv2d",
        [3, 4, 4],
        3,
        "spatial-mean",
        [],
    )
    assert (fc.shape, fc.neurons, fc.pooling, fc.names) == ([2], 2, "as-is", ["warm", "cold"])
    assert all(not module._forward_hooks for module in model.modules())
    assert model.conv.weight.device.type == "cpu"


def test_windows_folded_into_the_batch_are_no_layer() -> None:
    class Windows(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.reshape(-1, 3, 2, 2)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.windows = Windows()
            self.conv = nn.Conv2d(3, 5, 1)

        def forward(self, x: Tensor) -> Tensor:
            self.windows(x)
            return self.conv(x)

    assert [layer.name for layer in list_layers(Net(), 4)] == ["conv"]


def test_swin_has_its_channels_last_and_a_convnext_block_both_ways() -> None:
    swin = by_name(list_layers(build_empty(lambda: build("swin_t")), 224))
    assert (swin["features.1"].shape, swin["features.1"].neurons) == ([56, 56, 96], 96)
    assert swin["features.1"].pooling == "spatial-mean-channels-last"
    assert (swin["permute"].neurons, swin["permute"].pooling) == (768, "spatial-mean")
    convnext = by_name(list_layers(build_empty(lambda: build("convnext_tiny")), 224))
    assert convnext["features.1.0.block.0"].pooling == "spatial-mean"
    assert convnext["features.1.0.block.4"].pooling == "spatial-mean-channels-last"
    assert convnext["features.1.0.block.4"].neurons == 384


def test_a_vision_transformer_has_tokens() -> None:
    layers = by_name(list_layers(build_empty(lambda: build("vit_b_32")), 224))
    block = layers["encoder.layers.encoder_layer_3"]
    assert (block.shape, block.neurons, block.pooling) == ([50, 768], 768, "token-0")


def test_an_empty_network_holds_no_memory() -> None:
    model = build_empty(lambda: build("resnet18"))
    assert {parameter.device.type for parameter in model.parameters() if parameter.ndim > 1} == {"meta"}
    assert torch.empty(1).device.type == "cpu"


@dataclass
class Output:
    loss: Tensor
    maps: Tensor


class Odd(nn.Module):
    """Convolves, and gives the maps in some wrapping."""

    def __init__(self, wrap: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.inner = nn.Conv2d(3, 4, 3)
        self.wrap = wrap
        self.maps = torch.zeros(0)

    def forward(self, x: Tensor) -> Any:
        self.maps = self.inner(x)
        return self.wrap(self.maps)


class Headed(nn.Module):
    def __init__(self, wrap: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.odd = Odd(wrap)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        self.odd(x)
        return self.head(self.odd.maps.mean((2, 3)))


PICTURES = list(np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8))


def tensor(picture: Any) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def look(model: nn.Module, layer: str) -> Any:
    vision = TorchVision(model, "mine", Preprocess(tensor, "by hand"), batch_size=2)
    return vision.record(PICTURES, layer).activations


READ: dict[str, Callable[[Tensor], Any]] = {
    "tuple": lambda maps: (maps, None),
    "nothing first": lambda maps: [None, maps],
    "loss first": lambda maps: (maps.mean(), maps),
    "lengths first": lambda maps: (torch.tensor([4, 4]), maps),
    "mask first": lambda maps: {"mask": maps > 0, "maps": maps},
    "dataclass": lambda maps: Output(maps.sum(), maps),
    "deep": lambda maps: {"a": ([{"b": maps}], 3)},
}


@pytest.mark.parametrize("case", READ)
def test_activations_are_found_in_what_a_module_gives(case: str) -> None:
    torch.manual_seed(0)
    model = Headed(READ[case])
    with torch.no_grad():
        wanted = model.odd.inner(torch.stack([tensor(picture) for picture in PICTURES])).mean((2, 3))
    np.testing.assert_allclose(look(model, "odd"), wanted.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "wrap",
    [lambda maps: None, lambda maps: maps > 0, lambda maps: maps.long(), lambda maps: maps.to(torch.complex64), iter],
    ids=["nothing", "truth", "whole numbers", "complex numbers", "iterator"],
)
def test_what_has_no_real_numbers_is_no_layer(wrap: Any) -> None:
    assert [layer.name for layer in list_layers(Headed(wrap), 8)] == ["odd.inner", "head"]


class Shared(nn.Module):
    """One module under two names, and one tensor in two modules."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.other = nn.Linear(3, 3)
        self.other.weight = self.first.weight
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.other(self.first(x.mean((2, 3)))))


def test_weights_that_are_shared_stay_what_they_are() -> None:
    model = Shared()
    wanted = model(torch.stack([tensor(picture) for picture in PICTURES])).detach().numpy()
    np.testing.assert_allclose(look(model, "first"), wanted, rtol=1e-5)
    assert not model.first.weight.is_meta and model.other.weight is model.first.weight is model.again.weight


class Looks(nn.Module):
    """Decides by its numbers, which a pass over shapes alone has none of."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.scale = torch.rand(4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x).mean((2, 3)) * self.scale
        return y if y.abs().max().item() < 1e9 else -y


def test_a_network_that_looks_at_its_numbers() -> None:
    model = Looks()
    with torch.no_grad():
        wanted = model.conv(torch.stack([tensor(picture) for picture in PICTURES])).mean((2, 3))
    np.testing.assert_allclose(look(model, "conv"), wanted.numpy(), rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in list_layers(build_empty(Looks), 8)] == ["conv"]


def test_a_network_that_takes_its_pictures_one_by_one_has_no_layer() -> None:
    class Singly(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([self.conv(one[None]) for one in x])

    with pytest.raises(UsageError, match="no layer has one output for each picture"):
        list_layers(Singly(), 8)
