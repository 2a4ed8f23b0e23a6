"""The layers of a vision model. The module is also callable: `line_tui.layers(model)`; see `line_tui.api`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from line_tui.callable_module import CallableModule
from line_tui.decodable import decodable
from line_tui.errors import UnknownNameError, unknown_name
from line_tui.neuron import Neuron


@decodable
class LayerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A layer whose neurons can be explained."""

    name: str
    kind: str
    """Class of the module."""
    shape: list[int]
    """Shape of the output for one image, without the batch: [channels, height, width], [tokens, features],
    [features]."""
    neurons: int
    pooling: str
    names: list[str] = []
    """Names of the neurons, if known."""


def find_layer(
    layers: Sequence[LayerInfo], model: str, layer: str, exists: bool = False, in_memory: bool = False
) -> LayerInfo:
    """The entry of a layer. Raises UnknownNameError, with the nearest names, for an unknown layer.

    `exists` tells whether the model has a module of this name, even if it is not a layer with activations; `in_memory`
    whether the model is the caller's, which no command can list.
    """
    how = f"`{'line_tui.layers' if in_memory else f'line-tui layers {model}'}` lists them"
    for info in layers:
        if info.name == layer:
            return info
    if exists:
        raise UnknownNameError(f"'{layer}' of {model} does not give one output per image", how)
    raise unknown_name(f"layer of {model}", layer, [info.name for info in layers], how)


def find_neuron(
    layers: Sequence[LayerInfo], neuron: Neuron, exists: bool = False, in_memory: bool = False
) -> LayerInfo:
    """The entry of a neuron's layer. Raises UnknownNameError as `find_layer`, and for an unknown neuron."""
    info = find_layer(layers, neuron.model, neuron.layer, exists, in_memory)
    if not 0 <= neuron.index < info.neurons:
        how = "" if in_memory else f"; `line-tui neurons {neuron.model} {neuron.layer}` lists them"
        raise UnknownNameError(
            f"layer '{neuron.layer}' of {neuron.model} has no neuron {neuron.index}",
            f"choose one from 0 to {info.neurons - 1}{how}",
        )
    return info


sys.modules[__name__].__class__ = CallableModule
