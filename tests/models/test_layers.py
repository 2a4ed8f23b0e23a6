from typing import Any

import torch
from torch import Tensor, nn

from line_tui.models.architectures import build, build_empty
from line_tui.models.layers import list_layers
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
