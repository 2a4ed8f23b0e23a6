"""Lists the layers that can be explained, by a forward pass on the meta device, or a real one if that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
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

    `size` is the side of the model's input, or its height and width; `names` are those of its output neurons. If a
    module is called several times, the last call counts. Modules that are never called, that fold windows into the
    batch, or whose neuron axis is ambiguous are left out. The model's weights are not touched. Raises UsageError if the
    network does not accept such pictures.
    """
    height, width = (size, size) if isinstance(size, int) else size
    run = _Run(model, computes=False)
    try:
        usual = run.shapes(2, height, width)
    except Exception:  # Some networks branch on values, or combine them with tensors of their own.
        run = _Run(model, computes=True)
        try:
            usual = run.shapes(2, height, width)
        except Exception as error:  # A network's code may raise anything.
            message = " ".join(str(error).split())[:200] or type(error).__name__
            raise UsageError(
                f"the network takes no pictures of 3 x {height} x {width}: {message}",
                "correct its preprocessing, or wrap it in a function",
            ) from error
    more, taller, wider = _other_sizes(run, height, width)
    evidence = _evidence(model, usual)
    layers = []
    for name, shape in usual.items():
        module = model.get_submodule(name)
        grown = [other.get(name, ()) for other in (more, taller, wider) if other is not None]
        if shape[:1] != (2,) or any(len(other) != len(shape) or other[0] != 3 for other in grown):
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
    if not layers:
        raise UsageError(
            "no layer has one output for each picture",
            "wrap it in a function that returns [pictures, neurons]",
        )
    return _named(layers, names or [])


def _name(kind: type[nn.Module]) -> str:
    return f"{kind.__module__}.{kind.__name__}"


Shapes = dict[str, tuple[int, ...]]

_CHANNELS_LAST = (nn.Linear, nn.LayerNorm)
_CHANNELS_FIRST = (
    *(nn.Conv1d, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm),
    *(nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d),
)
_KINDS: dict[str, Literal["channels-first", "channels-last"]] = {
    **{_name(kind): "channels-last" for kind in _CHANNELS_LAST},
    **{_name(kind): "channels-first" for kind in _CHANNELS_FIRST},
}
_CLASS_TOKENS = {"cls_token", "class_token", "class_embedding", "cls_embedding"}
_OTHER_TOKENS = {"dist_token", "distillation_token", "reg_token", "register_tokens", "storage_tokens"}


def _other_sizes(run: _Run, height: int, width: int) -> tuple[Shapes, Shapes | None, Shapes | None]:
    """Output shapes for three pictures of the usual size, and for taller and wider ones if the model accepts them."""
    try:
        taller = run.shapes(3, 2 * height, width)
        return taller, taller, run.shapes(3, height, 2 * width)
    except Exception:  # Most vision transformers accept only one size.
        return run.shapes(3, height, width), None, None


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
    """The full class name of a module; in an exported program, that of the original module."""
    if isinstance(module, InterpreterModule):
        return module.type_name() or "module"
    return _name(type(module))


def _named(layers: list[LayerInfo], names: list[str]) -> list[LayerInfo]:
    """Assign the output's names to trailing layers with the same number of neurons."""
    named: list[LayerInfo] = []
    at_end = bool(names)
    for layer in reversed(layers):
        at_end = at_end and layer.neurons == len(names)
        named.append(msgspec.structs.replace(layer, names=names) if at_end else layer)
    return named[::-1]


@dataclass(frozen=True)
class _Run:
    """Passes black pictures through a network to get its modules' output shapes."""

    model: nn.Module
    computes: bool
    """Whether values are computed, or only shapes."""

    def shapes(self, images: int, height: int, width: int) -> Shapes:
        """Module -> shape of its last floating-point output, in the order of the last calls."""
        shapes: Shapes = {}

        def watch(name: str) -> Callable[[nn.Module, Any], None]:
            def see(module: nn.Module, output: Any) -> None:
                tensor = first_tensor(output)
                shapes.pop(name, None)
                if tensor is not None and tensor.is_floating_point():
                    shapes[name] = tuple(tensor.shape)

            return see

        own = dict(_own_tensors(self.model))
        replaced = {name: tensor for name, tensor in own.items() if not self.computes or tensor.is_meta}
        device = next((tensor.device for tensor in own.values() if not tensor.is_meta), torch.device("cpu"))
        device = device if self.computes else torch.device("meta")
        # A tensor shared under several names gets one substitute.
        made = {id(tensor): torch.zeros_like(tensor, device=device) for tensor in replaced.values()}
        pictures = torch.zeros(images, 3, height, width, device=device, dtype=dtype_of(self.model))
        with ExitStack() as stack, torch.no_grad():
            for name, module in self.model.named_modules():
                if name:
                    stack.enter_context(hooked(module, watch(name)))
            if replaced:
                substitutes = {name: made[id(tensor)] for name, tensor in replaced.items()}
                functional_call(self.model, substitutes, (pictures,), tie_weights=False)
            else:
                self.model(pictures)
        return shapes


def _own_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers, each place once: torch would restore the wrong one in a module with two names."""
    for name, module in model.named_modules():
        for key, tensor in chain(
            module.named_parameters(recurse=False, remove_duplicate=False),
            module.named_buffers(recurse=False, remove_duplicate=False),
        ):
            yield f"{name}.{key}" if name else key, tensor


def dtype_of(model: nn.Module) -> torch.dtype:
    """The dtype in which a network takes its pictures: that of its first weights."""
    return next((each.dtype for each in model.parameters() if each.is_floating_point()), torch.float32)
