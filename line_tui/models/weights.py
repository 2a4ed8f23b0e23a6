"""Weights from files, as data alone: safetensors, or PyTorch's format without its pickled code."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from line_tui.errors import ModelFileError

_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def read_weights(path: Path, name: str) -> dict[str, Tensor]:
    """The tensors of a weights file on the CPU, by parameter name.

    Training checkpoints are unwrapped ("state_dict", "model"), and data-parallel prefixes removed. Raises
    ModelFileError when the file is missing, damaged, or holds code.
    """
    try:
        if path.suffix == ".safetensors":
            tensors: dict[str, Tensor] = load_file(path)
            return tensors
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelFileError(f"{name}: there is no {path}", "correct the path") from error
    except pickle.UnpicklingError as error:
        raise ModelFileError(
            f"{name}: {path} is damaged, or holds more than tensors, which is never loaded",
            "fetch it again, or save its state_dict as safetensors",
        ) from error
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise ModelFileError(f"{name}: {path} is damaged or no weights file", "fetch it again") from error
    return _unwrap(state, path, name)


def fill(model: nn.Module, weights: dict[str, Tensor], name: str, path: Path) -> nn.Module:
    """The model with these weights, in float32 and evaluation mode. Raises ModelFileError when they do not fit it."""
    # Older DenseNet files write norm.1 for norm1.
    weights = {_OLD_DENSENET.sub(r"\1\2", key): value for key, value in weights.items()}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise ModelFileError(
            f"{name}: {path} belongs to another architecture: {lines[0] if lines else error}",
            "name the architecture that the weights were made for",
        ) from error
    return model.float().eval()


def _unwrap(state: Any, path: Path, name: str) -> dict[str, Tensor]:
    for key in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelFileError(f"{name}: {path} holds no state_dict", "save the model's state_dict, not the model")
    return {key.removeprefix("module."): value for key, value in state.items()}
