"""Lists the layers that can be explained, using a forward pass on the meta device, which computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, TypeVar

import msgspec
import torch
from torch import Tensor, nn
from torch.export.unflatten import InterpreterModule
from torch.func import functional_call

from line_tui.errors import UsageError
from line_tui.layers import LayerInfo
from line_tui.models.pooling import Evidence, choose_pooling, count_neurons, first_tensor

Taken = TypeVar("Taken")


@contextmanager
def hooked(module: nn.Module, see: Callable[[nn.Module, Any], None]) -> Iterator[None]:
    """Within the block, `see(module, output)` is called after each forward pass of a module."""
    handle = module.register_forward_hook(lambda module, inputs, output: see(module, output))
    try:
        yield
    finally:
        handle.remove()


def list_layers(model: nn.Module, size: int | tuple[int, int], names: list[str] | None = None) -> list[LayerInfo]:
    """All modules with one poolable output per image, in the order in which they finish.

    `size` is the side of the model's input, or its height and width; `names` are those of its output neurons. For a
    module that is called several times the last call counts. Modules that are never called, that fold windows into the
    batch, or whose neuron axis is ambiguous are left out. The model's weights are not touched. Raises UsageError if the
    network does not accept such pictures.
    """
    height, width = (size, size) if isinstance(size, int) else size
    try:
        usual = _trace(model, images=2, height=height, width=width)
    except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
        told = " ".join(str(error).split())[:200] or type(error).__name__
        raise UsageError(
            f"the network takes no pictures of 3 x {height} x {width}: {told}",
            "correct how its pictures are prepared, or put a function around it",
        ) from error
    more, taller, wider = _other_sizes(model, height, width)
    evidence = _evidence(model, usual)
    layers = []
    for name, shape in usual.items():
        module = model.get_submodule(name)
        grown = [other.get(name, ()) for other in (more, taller, wider) if other is not None]
        if shape[0] != 2 or any(len(other) != len(shape) or other[0] != 3 for other in grown):
            continue
        made_as = _class(module)
        pooling = choose_pooling(
            shape,
            None if taller is None else _moved(shape, taller[name]),
            None if wider is None else _moved(shape, wider[name]),
            evidence,
            _KINDS.get(made_as, "unknown"),
        )
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


Shapes = dict[str, tuple[int, ...]]

_KINDS: dict[str, Literal["channels-first", "channels-last"]] = {
    "torch.nn.modules.linear.Linear": "channels-last",
    "torch.nn.modules.normalization.LayerNorm": "channels-last",
    "torch.nn.modules.conv.Conv2d": "channels-first",
    "torch.nn.modules.batchnorm.BatchNorm2d": "channels-first",
    "torch.nn.modules.normalization.GroupNorm": "channels-first",
    "torch.nn.modules.pooling.MaxPool2d": "channels-first",
    "torch.nn.modules.pooling.AvgPool2d": "channels-first",
    "torch.nn.modules.pooling.AdaptiveAvgPool2d": "channels-first",
    "torch.nn.modules.pooling.AdaptiveMaxPool2d": "channels-first",
    "torch.nn.modules.conv.Conv1d": "channels-first",
    "torch.nn.modules.batchnorm.BatchNorm1d": "channels-first",
    "torch.nn.modules.pooling.MaxPool1d": "channels-first",
    "torch.nn.modules.pooling.AvgPool1d": "channels-first",
    "torch.nn.modules.pooling.AdaptiveAvgPool1d": "channels-first",
    "torch.nn.modules.pooling.AdaptiveMaxPool1d": "channels-first",
}
_CLASS_TOKENS = {"cls_token", "class_token", "class_embedding", "cls_embedding"}
_OTHER_TOKENS = {"dist_token", "distillation_token", "reg_token", "register_tokens", "storage_tokens"}


def _other_sizes(model: nn.Module, height: int, width: int) -> tuple[Shapes, Shapes | None, Shapes | None]:
    """Output shapes for three pictures of the usual size, and for taller and wider ones if the model accepts them."""
    try:
        taller = _trace(model, images=3, height=2 * height, width=width)
        return taller, taller, _trace(model, images=3, height=height, width=2 * width)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        AssertionError,
        IndexError,
    ):  # Most vision transformers accept only one size.
        return _trace(model, images=3, height=height, width=width), None, None


def _moved(shape: tuple[int, ...], other: tuple[int, ...]) -> frozenset[int]:
    return frozenset(axis for axis in range(1, len(shape)) if shape[axis] != other[axis])


def _evidence(model: nn.Module, shapes: Shapes) -> Evidence:
    tokens = {}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        last = name.rpartition(".")[2]
        if last in _CLASS_TOKENS | _OTHER_TOKENS:
            tokens[last] = tensor.shape[-2] if tensor.ndim > 1 else 1
    of_kind: dict[str, set[tuple[int, ...]]] = {"channels-first": set(), "channels-last": set()}
    patches = set()
    for name, shape in shapes.items():
        module = model.get_submodule(name)
        kind = _KINDS.get(_class(module))
        if kind is not None and len(shape) == 4:
            of_kind[kind].add(shape[1:])
        stride = getattr(module, "stride", None)
        if kind == "channels-first" and len(shape) == 4 and stride == getattr(module, "kernel_size", 0) != (1, 1):
            patches.add(shape[2] * shape[3])
    return Evidence(
        class_token=any(name in _CLASS_TOKENS for name in tokens),
        prefix=sum(tokens.values()),
        patches=frozenset(patches),
        maps=frozenset(of_kind["channels-first"]),
        maps_last=frozenset(of_kind["channels-last"]),
    )


def _class(module: nn.Module) -> str:
    """The full class name of a module; in an exported program, that of the module it was exported from."""
    if isinstance(module, InterpreterModule):
        return module.type_name() or "module"
    return f"{type(module).__module__}.{type(module).__name__}"


def _named(layers: list[LayerInfo], names: list[str]) -> list[LayerInfo]:
    """Give the output's names to trailing layers with the same number of neurons."""
    named: list[LayerInfo] = []
    at_end = bool(names)
    for layer in reversed(layers):
        at_end = at_end and layer.neurons == len(names)
        named.append(_with_names(layer, names) if at_end else layer)
    return named[::-1]


def _with_names(layer: LayerInfo, names: list[str]) -> LayerInfo:
    return msgspec.structs.replace(layer, names=names)


def _trace(model: nn.Module, images: int, height: int, width: int) -> Shapes:
    """Module -> shape of its last output, in the order of the last calls."""
    shapes: Shapes = {}

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
        functional_call(model, meta, (torch.empty(images, 3, height, width, device="meta"),))
    return shapes
