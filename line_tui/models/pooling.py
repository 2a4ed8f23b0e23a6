"""Reduces a layer's output to one number per neuron and image. The method is chosen once and recorded by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from line_tui.explain.ports import Floats

Pooling = str
"""`as-is`, `token-0`, `token-mean`, `token-mean-after-K`, `spatial-mean` or `spatial-mean-channels-last`."""
_AFTER = "token-mean-after-"


@dataclass(frozen=True)
class Evidence:
    """What a network's parameters and other layers reveal about its axes."""

    class_token: bool = False
    """Whether a class token comes first."""
    prefix: int = 0
    """Tokens before the patches: class, distillation, registers."""
    patches: frozenset[int] = frozenset()
    """Number of patches, from the convolutions that create them."""
    maps: frozenset[tuple[int, ...]] = frozenset()
    """Shapes, without the batch, of layers known to have channels first."""
    maps_last: frozenset[tuple[int, ...]] = frozenset()
    """Shapes, without the batch, of layers known to have channels last."""


def choose_pooling(
    shape: tuple[int, ...],
    rows: frozenset[int] | None,
    columns: frozenset[int] | None,
    evidence: Evidence,
    kind: Literal["channels-first", "channels-last", "unknown"] = "unknown",
) -> Pooling | None:
    """The pooling for an output of this shape, batch first; None if the neuron axis is ambiguous.

    `rows` and `columns` are the axes that grow with the picture's height and width, None for a network with a fixed
    size. Two axes: as is. Three: tokens by features. Four: maps, whose spatial axes are those that grow with height
    and width; without these, the module's class decides, or the shape, if a module of a known class has the same.
    """
    moving = (rows or frozenset()) | (columns or frozenset())
    if len(shape) == 2:
        return None if moving else "as-is"
    if len(shape) == 3:
        # Channels before a spatial axis, as in pooled or flattened maps, are not tokens.
        if kind == "channels-first" or 2 in moving or (rows is None and _is_space(shape, evidence)):
            return None
        # For an axis of length 1, only the module or a taller picture can tell which it is.
        if shape[2] == 1 and kind == "unknown" and 1 not in moving:
            return None
        return _choose_tokens(shape[1], evidence)
    if len(shape) != 4:
        return None
    if rows and columns and rows != columns:
        return {(2, 3): "spatial-mean", (1, 2): "spatial-mean-channels-last"}.get((min(rows), min(columns)))
    if moving:
        # Windows share one axis, and only the module tells which of the others has the channels.
        return "spatial-mean-channels-last" if kind == "channels-last" and 3 not in moving else None
    if kind == "channels-first" or shape[2:] == (1, 1):
        return "spatial-mean"
    if kind == "channels-last":
        return "spatial-mean-channels-last"
    first, last = shape[1:] in evidence.maps, shape[1:] in evidence.maps_last
    if first == last:
        return None
    return "spatial-mean" if first else "spatial-mean-channels-last"


def _is_space(shape: tuple[int, ...], evidence: Evidence) -> bool:
    """Whether the last axis can be the patches, and the one before it cannot."""
    before = {shape[1] - extra for extra in range(evidence.prefix + 1)}
    return shape[2] in evidence.patches and not before & evidence.patches


def _choose_tokens(tokens: int, evidence: Evidence) -> Pooling:
    def is_grid(count: int) -> bool:
        return count in evidence.patches or (count > 0 and math.isqrt(count) ** 2 == count)

    if tokens == 1:
        return "token-0"
    if evidence.class_token:
        # Registers and the class token may be added at different depths.
        joined = any(tokens - before in evidence.patches for before in range(1, evidence.prefix + 1))
        apart = tokens in evidence.patches or (not joined and is_grid(tokens))
        return "token-mean" if apart else "token-0"
    if evidence.prefix and is_grid(tokens - evidence.prefix):
        return f"{_AFTER}{evidence.prefix}"
    return "token-0" if not is_grid(tokens) and is_grid(tokens - 1) else "token-mean"


def pool(output: Tensor, pooling: Pooling) -> Tensor:
    """`float[images, ...]` to a new `float[images, neurons]`."""
    if pooling.startswith(_AFTER):
        return output[:, int(pooling.removeprefix(_AFTER)) :].mean(1)
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
        case _:
            raise ValueError(f"no pooling named '{pooling}'")


def neuron_maps(output: Tensor, pooling: Pooling, neuron: int) -> Tensor | None:
    """One neuron's `float[images, height, width]`, if the output has a spatial extent."""
    match pooling:
        case "spatial-mean":
            return output[:, neuron].clone()
        case "spatial-mean-channels-last":
            return output[..., neuron].clone()
        case _:
            return None


def record_batches(
    shapes: Sequence[tuple[int, ...]],
    batch_size: int,
    record: Callable[[list[int]], tuple[Tensor, Tensor | None]],
) -> tuple[Floats, Floats | None]:
    """Activations `float32[pictures, neurons]` of pictures with these shapes, and one neuron's maps if equal in size.

    Only pictures of the same shape share a batch. `record` takes the indices of at most `batch_size` of them; further
    rows, from padding, are dropped.
    """
    activations: dict[int, Tensor] = {}
    maps: dict[int, Tensor] = {}
    for shape in dict.fromkeys(shapes):
        alike = [place for place, other in enumerate(shapes) if other == shape]
        for start in range(0, len(alike), batch_size):
            chosen = alike[start : start + batch_size]
            pooled, areas = record(chosen)
            activations |= dict(zip(chosen, pooled, strict=False))
            maps |= {} if areas is None else dict(zip(chosen, areas, strict=False))
    order = range(len(shapes))
    same = len({area.shape for area in maps.values()}) == 1
    return (
        torch.stack([activations[place] for place in order]).numpy(),
        torch.stack([maps[place] for place in order]).numpy() if same else None,
    )


def count_neurons(shape: tuple[int, ...], pooling: Pooling) -> int:
    """Number of neurons in an output of this shape, batch first."""
    return shape[1] if pooling == "spatial-mean" else shape[-1]


def first_tensor(output: Any) -> Tensor | None:
    """The tensor of activations in a module's output: the first floating-point one with several axes, else the first.

    Attention layers, auxiliary heads and losses return several, in tuples, objects or dataclasses.
    """
    tensors = list(_tensors(output))
    return next(
        (tensor for tensor in tensors if tensor.is_floating_point() and tensor.ndim > 1), next(iter(tensors), None)
    )


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, Mapping):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, (tuple, list)):
        for value in output:
            yield from _tensors(value)
    elif is_dataclass(output):
        for field in fields(output):
            yield from _tensors(getattr(output, field.name, None))
