"""Weights from files, only as data: safetensors, or PyTorch's format without its pickled code."""

from __future__ import annotations

import argparse
import pathlib
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from line_tui.errors import ModelFileError
from line_tui.models.architectures import build_empty

Weights = dict[str, Tensor]

_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
_WRAPPED = re.compile(r"(^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.|(?<=.)(\.)module\.(?=.)")
"""Wrapper names that torch.compile, FSDP, checkpointing and DataParallel add."""
_BESIDE: list[Any] = [
    *(argparse.Namespace, pathlib.PosixPath, pathlib.WindowsPath),
    *(np.ndarray, np.dtype, np._core.multiarray.scalar, np._core.multiarray._reconstruct),  # type: ignore[attr-defined]
    *(type(np.dtype(kind)) for kind in "?bhilqBHILQefd"),
]
"""Classes that training scripts save beside the weights: names and values, no code."""
_COUNTER = "num_batches_tracked"
"""Used only in training; old files lack it."""
_DEEPEST = 4
_SHOWN = 3


def read_checkpoint(path: Path, name: str) -> Any:
    """The contents of a weights file, on the CPU: tensors by name, possibly nested in a training checkpoint.

    Raises ModelFileError if the file is missing, damaged, or contains code.
    """
    try:
        if _is_safetensors(path):
            return load_file(path)
        with torch.serialization.safe_globals(_BESIDE):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelFileError(f"{name}: there is no {path}", "correct the path") from error
    except pickle.UnpicklingError as error:
        raise ModelFileError(
            f"{name}: {path} is damaged, or holds more than tensors, which line-tui never loads",
            "fetch it again, or save its state_dict as safetensors",
        ) from error
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        if "TorchScript" in str(error):
            raise ModelFileError(
                f"{name}: {path} is a TorchScript file, not weights", 'give it an entry with format = "torchscript"'
            ) from error
        raise ModelFileError(f"{name}: {path} is damaged or not a weights file", "fetch it again") from error


def _is_safetensors(path: Path) -> bool:
    """By its name, or its first bytes: the length of a JSON object, and the object."""
    if path.suffix.lower() == ".safetensors":
        return True
    with path.open("rb") as file:
        return file.read(9)[6:] == b"\0\0{"


def read_weights(path: Path, name: str) -> Weights:
    """The only tensors in a file, by parameter name and without wrappers. Raises ModelFileError."""
    state_dicts = list(_state_dicts(read_checkpoint(path, name)))
    if not state_dicts:
        raise ModelFileError(f"{name}: {path} holds no state_dict", "save the model's state_dict, not the model")
    return {key.removeprefix("module."): value for key, value in state_dicts[0].weights.items()}


@dataclass(frozen=True)
class _Named:
    where: str
    """Dotted path of keys to it; empty for the outermost."""
    weights: Weights


def find_weights(
    checkpoint: Any, expected: Iterable[str], name: str, path: Path, which: str | None = None, ignored: str = "$^"
) -> Weights:
    """The weights in a checkpoint that match an architecture's `expected` parameter names; shapes are not compared.

    They may be nested, and have a prefix, as from DataParallel, torch.compile, Lightning and moving averages. `which`
    selects one of several by its key; `ignored` is a pattern of parameters that do not matter. Raises ModelFileError
    for none, and for several that differ.
    """
    names = {key for key in expected if not key.endswith(_COUNTER)}
    matching: list[_Named] = []
    nearest: _Named | None = None
    for each in _state_dicts(checkpoint):
        prefixes = _prefixes(each.weights, names)
        # A network stored beside its moving average is not part of it.
        complete = [prefix for prefix in prefixes if all(prefix + key in each.weights for key in names)]
        for prefix in prefixes:
            others = [other for other in complete if other != prefix and other.startswith(prefix)]
            inner = {
                key.removeprefix(prefix): value
                for key, value in each.weights.items()
                if key.startswith(prefix) and not any(key.startswith(other) for other in others)
            }
            inner = {key: value for key, value in inner.items() if not re.match(ignored, key)}
            one = _Named(".".join(part for part in (each.where, prefix.rstrip(".")) if part), inner)
            keys = {key for key in inner if not key.endswith(_COUNTER)}
            if keys == names:
                matching.append(one)
            elif nearest is None or len(names - keys) < len(names - nearest.weights.keys()):
                nearest = one
    if which is not None:
        matching = [one for one in matching if one.where == which]
    if not matching and which is not None:
        raise ModelFileError(f"{name}: {path} has no weights at '{which}' that fit", "correct `state_dict`")
    if not matching and nearest is None:
        raise ModelFileError(f"{name}: {path} holds no state_dict", "save the model's state_dict, not the model")
    if not matching and nearest is not None:
        raise _misfit(name, path, names, nearest.weights)
    if any(not _same(one.weights, matching[0].weights) for one in matching[1:]):
        places = ", ".join(f"'{one.where}'" for one in matching)
        raise ModelFileError(
            f"{name}: {path} holds several sets of weights: {places}",
            f'choose one in its entry in your catalog.toml, state_dict = "{matching[0].where}"',
        )
    return matching[0].weights


def count_classes(weights: Weights, make: Callable[[int], nn.Module]) -> int | None:
    """Number of output neurons, from the tensor whose shape depends on `classes` in `make(classes)`."""
    few, many = (build_empty(lambda: make(classes)).state_dict() for classes in (11, 13))  # noqa: B023
    for key, tensor in few.items():
        moved = [axis for axis in range(tensor.ndim) if tensor.shape[axis] != many[key].shape[axis]]
        if moved and key in weights and weights[key].ndim == tensor.ndim:
            return weights[key].shape[moved[0]]
    return None


def fill(model: nn.Module, weights: Weights, name: str, path: Path) -> nn.Module:
    """The model with these weights, in float32 and evaluation mode. Raises ModelFileError if they do not fit."""
    own = model.state_dict()
    # Averaged weights have averaged counters too, which are not integers.
    weights = {key: value for key, value in weights.items() if not key.endswith(_COUNTER)}
    weights |= {key: own[key] for key in own if key.endswith(_COUNTER)}
    unlike = [key for key, value in weights.items() if key in own and not _alike(value, own[key])]
    if weights.keys() != own.keys() or unlike:
        raise _misfit(name, path, set(own), weights, {key: own[key] for key in unlike})
    for key in own:
        # `own` also has the version of each module's format, which MNASNet needs.
        own[key] = weights[key]
    model.load_state_dict(own)
    return model.float().eval()


def _alike(one: Tensor, other: Tensor) -> bool:
    # Quantised weights are integers, which would be copied without their scale.
    held = one.layout == torch.strided and not one.is_meta
    return held and one.shape == other.shape and one.is_floating_point() == other.is_floating_point()


def _misfit(
    name: str, path: Path, names: set[str], weights: Mapping[str, Tensor], unlike: Mapping[str, Tensor] | None = None
) -> ModelFileError:
    lacks = [key for key in sorted(names - weights.keys()) if not key.endswith(_COUNTER)]
    others = [key for key in sorted(weights.keys() - names) if not key.endswith(_COUNTER)]
    reasons = []
    if lacks:
        reasons.append(f"it lacks {len(lacks)} of {len(names)} tensors: {_some(lacks)}")
    if others:
        reasons.append(f"it has {len(others)} more: {_some([f'{key} {list(weights[key].shape)}' for key in others])}")
    if unlike:
        shapes = [f"{key} is {_described(weights[key])}, not {_described(value)}" for key, value in unlike.items()]
        reasons.append(_some(shapes))
    return ModelFileError(
        f"{name}: {path} belongs to another architecture: {'; '.join(reasons)}",
        "name the architecture that the weights were made for, and `classes` if the entry has it",
    )


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (", ..." if len(texts) > _SHOWN else "")


def _described(tensor: Tensor) -> str:
    kind = "" if tensor.is_floating_point() else f" {str(tensor.dtype).removeprefix('torch.')}"
    kind += "" if tensor.layout == torch.strided else f" {str(tensor.layout).removeprefix('torch.')}"
    return f"{list(tensor.shape)}{kind}{' without numbers' if tensor.is_meta else ''}"


def _state_dicts(checkpoint: Any, where: str = "", depth: int = 0) -> Iterator[_Named]:
    """All state dicts in a checkpoint, outermost first."""
    if not isinstance(checkpoint, Mapping) or depth > _DEEPEST:
        return
    tensors = {
        _OLD_DENSENET.sub(r"\1\2", _WRAPPED.sub(lambda found: found[1] or found[2] or "", key)): value
        for key, value in checkpoint.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }
    if tensors:
        yield _Named(where, tensors)
    for key, value in checkpoint.items():
        yield from _state_dicts(value, f"{where}.{key}" if where else str(key), depth + 1)


def _prefixes(weights: Weights, names: set[str]) -> list[str]:
    """Possible prefixes: what precedes the architecture's names in the file's names."""
    anchors = sorted(names, key=len)[-_SHOWN:] + sorted(names, key=len)[:_SHOWN]
    prefixes = {""}
    for key in weights:
        for anchor in anchors:
            if key.endswith(f".{anchor}"):
                prefixes.add(key.removesuffix(anchor))
    return sorted(prefixes)


def _same(one: Weights, other: Weights) -> bool:
    return all(key in other and torch.equal(value, other[key]) for key, value in one.items())
