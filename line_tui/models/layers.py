"""Which layers of a model can be explained: found by a forward pass on the meta device, which computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import msgspec
import torch
from torch import Tensor, nn
from torch.export.unflatten import InterpreterModule
from torch.func import functional_call

from line_tui.layers import LayerInfo
from line_tui.models.pooling import choose_pooling, count_neurons, first_tensor

Taken = TypeVar("Taken")


@contextmanager
def hooked(module: nn.Module, see: Callable[[nn.Module, Any], None]) -> Iterator[None]:
    """Within the block, `see(module, output)` is called after each forward pass of a module."""
    handle = module.register_forward_hook(lambda module, inputs, output: see(module, output))
    try:
        yield
    finally:
        handle.remove()


def list_layers(model: nn.Module, size: int, names: list[str] | None = None) -> list[LayerInfo]:
    """All modules that give one pooled output an image, in the order in which they finish.

    `size` is the side of the model's input; `names` are those of its output neurons. A module that is called
    several times counts with its last call. Modules that are never called, or that fold windows into the batch, are
    left out. The model's own weights are not touched and none are allocated.
    """
    usual = _trace(model, images=2, size=size)
    try:
        other = _trace(model, images=3, size=2 * size)
    except (RuntimeError, ValueError, AssertionError):  # Vision transformers take one size only.
        other = _trace(model, images=3, size=size)
    layers = []
    for name, shape in usual.items():
        module = model.get_submodule(name)
        second = other.get(name, ())
        if shape[0] != 2 or not second or second[0] != 3 or len(second) != len(shape):
            continue
        moving = {axis for axis in range(1, len(shape)) if shape[axis] != second[axis]}
        made_as = _class(module)
        pooling = choose_pooling(shape, moving, channels_last=made_as in _CHANNELS_LAST)
        if pooling is not None:
            layers.append(
                LayerInfo(
                    name=name,
                    kind=made_as.rpartition(".")[2],
                    shape=list(shape[1:]),
                    neurons=count_neurons(shape, pooling),
                    pooling=pooling,
                )
            )
    return _named(layers, names or [])


_CHANNELS_LAST = ("torch.nn.modules.linear.Linear", "torch.nn.modules.normalization.LayerNorm")


def _class(module: nn.Module) -> str:
    """A module's class by its full name; in an exported program, of the module that it was exported from."""
    if isinstance(module, InterpreterModule):
        return module.type_name() or "module"
    return f"{type(module).__module__}.{type(module).__name__}"


def _named(layers: list[LayerInfo], names: list[str]) -> list[LayerInfo]:
    """Give the output's names to the layers at the end that have as many neurons."""
    named: list[LayerInfo] = []
    at_end = bool(names)
    for layer in reversed(layers):
        at_end = at_end and layer.neurons == len(names)
        named.append(_with_names(layer, names) if at_end else layer)
    return named[::-1]


def _with_names(layer: LayerInfo, names: list[str]) -> LayerInfo:
    return msgspec.structs.replace(layer, names=names)


def _trace(model: nn.Module, images: int, size: int) -> dict[str, tuple[int, ...]]:
    """Module -> shape of its last output, in the order of the last calls."""
    shapes: dict[str, tuple[int, ...]] = {}

    def watch(name: str) -> Callable[[nn.Module, Any], None]:
        def see(module: nn.Module, output: Any) -> None:
            tensor = first_tensor(output)
            if tensor is not None:
                shapes.pop(name, None)
                shapes[name] = tuple(tensor.shape)

        return see

    tensors: dict[str, Tensor] = dict(model.named_parameters()) | dict(model.named_buffers())
    meta = {name: tensor.to("meta") for name, tensor in tensors.items()}
    with ExitStack() as stack, torch.no_grad():
        for name, module in model.named_modules():
            if name:
                stack.enter_context(hooked(module, watch(name)))
        functional_call(model, meta, (torch.empty(images, 3, size, size, device="meta"),))
    return shapes
