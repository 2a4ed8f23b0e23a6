"""How a layer's output becomes one number for each neuron and image; the way is chosen once, named and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor

Pooling = Literal["as-is", "token-0", "token-mean", "spatial-mean", "spatial-mean-channels-last"]


def choose_pooling(shape: tuple[int, ...], moving: set[int], channels_last: bool) -> Pooling | None:
    """The pooling for an output of this shape, batch first; None when it has none.

    `moving` are the axes whose length changes with the size of the picture, where that could be found out;
    `channels_last` says that the module itself works on the last axis (linear, layer norm). Two axes: as they are.
    Three: tokens by features; the first token, or the mean where the tokens are a full square of patches and there
    is no class token among them. Four: the spatial mean, over the last two axes as in a convolution, or over the
    middle two as in Swin's and ConvNeXt's blocks.
    """
    if len(shape) == 2:
        return "as-is"
    if len(shape) == 3:
        return "token-mean" if round(shape[1] ** 0.5) ** 2 == shape[1] else "token-0"
    if len(shape) != 4:
        return None
    if channels_last or (moving and moving <= {1, 2}):
        return "spatial-mean-channels-last"
    if moving and moving <= {2, 3}:
        return "spatial-mean"
    # A model of one fixed size: pictures are square, so square maps are a convolution's.
    return "spatial-mean" if shape[2] == shape[3] else "spatial-mean-channels-last"


def pool(output: Tensor, pooling: Pooling) -> Tensor:
    """`float[images, ...]` to a new `float[images, neurons]`."""
    match pooling:
        case "as-is":
            return output.clone()
        case "token-0":
            return output[:, 0].clone()
        case "token-mean":
            return output.mean(1)
        case "spatial-mean":
            return output.mean((2, 3))
        case "spatial-mean-channels-last":
            return output.mean((1, 2))


def neuron_maps(output: Tensor, pooling: Pooling, neuron: int) -> Tensor | None:
    """One neuron's `float[images, height, width]`, where the output has a spatial extent."""
    match pooling:
        case "spatial-mean":
            return output[:, neuron].clone()
        case "spatial-mean-channels-last":
            return output[..., neuron].clone()
        case _:
            return None


def count_neurons(shape: tuple[int, ...], pooling: Pooling) -> int:
    """Neurons of an output of this shape, batch first."""
    return shape[1] if pooling == "spatial-mean" else shape[-1]


def first_tensor(output: Any) -> Tensor | None:
    """The first tensor in what a module returned; attention and auxiliary heads return several."""
    if isinstance(output, Tensor):
        return output
    values = output.values() if isinstance(output, Mapping) else output if isinstance(output, (tuple, list)) else ()
    return next((value for value in values if isinstance(value, Tensor)), None)
