"""A vision model in the caller's memory: a torch module with its preprocessing, or any function."""

from __future__ import annotations

import threading
import uuid
import weakref
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from line_tui.engine.catalogued import CataloguedModels
from line_tui.errors import UsageError
from line_tui.explain.ports import Picture
from line_tui.layers import LayerInfo
from line_tui.models.blackbox import BlackBox
from line_tui.models.catalog import Catalog
from line_tui.models.exported import OUTPUT
from line_tui.models.preprocess import Preprocess
from line_tui.models.vision import TorchVision
from line_tui.models.vision_checks import builtin_pictures, check_steady

Prepare = Callable[[Any], Tensor]
"""From a PIL image or `uint8[3, height, width]` to `float32[3, height, width]`, as torchvision's transforms."""

_names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class InMemoryModel:
    """A model whose name includes a digest of its weights, so that it never gets another model's cached activations."""

    def __init__(self, model: nn.Module | Callable[[Any], Any], preprocess: Prepare | None, name: str | None) -> None:
        """Raises UsageError for a module without preprocessing."""
        self._model = model
        self._module = isinstance(model, nn.Module)
        self._prepare = preprocess
        if not callable(model):
            raise UsageError(
                f"{model!r} is not a model", "give a name from the catalogue, a torch module or a function of pictures"
            )
        if preprocess is not None and not callable(preprocess):
            raise UsageError(f"{preprocess!r} is not preprocessing", "give a function of a picture's tensor")
        if self._module and preprocess is None:
            raise UsageError(
                "a torch module needs preprocessing",
                "pass preprocess=; in torchvision, that is `weights.transforms()`",
            )
        given_name = name or str(getattr(model, "__name__", type(model).__name__))
        # Names on the command line cannot contain spaces or slashes.
        self.name = "".join(char if char.isalnum() or char in "-_." else "-" for char in given_name)
        self.revision = _of_this_process(model)
        """12 hex digits that change whenever the model's activations change, as far as that can be detected."""
        if isinstance(model, nn.Module):
            digests = f"{_digest(model)} {_digest_of_prepare(preprocess)}"
            self.revision = blake2b(digests.encode(), digest_size=6).hexdigest()

    @property
    def key(self) -> tuple[str, str, int]:
        """Equal for the same model with the same preprocessing."""
        return self.name, self.revision, id(self._prepare)

    @property
    def layer(self) -> str | None:
        """The only layer of a function; None for a module, which has many."""
        return None if self._module else OUTPUT

    def layers(self) -> list[LayerInfo]:
        """The layers that can be explained. Raises UsageError."""
        return self._vision(1, "cpu", move=False).layers

    def make(self, model: str, catalog: Catalog, batch_size: int, device: str) -> TorchVision | BlackBox:
        """The vision model of a run. Raises UsageError if the same picture gets different activations."""
        vision = self._vision(batch_size, device, move=True)
        check_steady(vision, vision.layers[-1], self.name)
        return vision

    def _vision(self, batch_size: int, device: str, move: bool) -> TorchVision | BlackBox:
        if not isinstance(self._model, nn.Module):
            return BlackBox(self.name, self._model, self.revision, batch_size)
        if not move:
            device = str(next((tensor.device for tensor in self._model.parameters()), "cpu"))
        prepare = self._prepare
        assert prepare is not None

        def prepared(picture: Picture) -> Tensor:
            return prepare(torch.from_numpy(np.array(picture)).permute(2, 0, 1))

        description = f"live {getattr(prepare, '__name__', None) or ' '.join(repr(prepare).split())}"
        return TorchVision(
            self._model,
            self.name,
            Preprocess(prepared, description, "correct the function given as preprocess"),
            revision=self.revision,
            batch_size=batch_size,
            device=device,
        )


class InMemoryModels(CataloguedModels):
    """The catalogue's language model and generator, with the caller's vision model."""

    def __init__(self, live: InMemoryModel) -> None:
        super().__init__(vision=live.make)
        self._live = live

    def layers(self, model: str) -> Sequence[LayerInfo]:
        """The layers of the caller's model."""
        return self._live.layers()


def _digest(module: nn.Module) -> str:
    """A digest of weights and architecture. Raises UsageError for weights without a shape."""
    digest = blake2b(repr(module).encode(), digest_size=6)
    for name, value in module.state_dict().items():
        if is_lazy(value):
            raise UsageError(f"the weights of {type(module).__name__} have no shape yet", "call it once on a picture")
        digest.update(f"{name} {value.dtype} {list(value.shape)}".encode() if isinstance(value, Tensor) else b"")
        digest.update(_bytes(value))
    return digest.hexdigest()


def _bytes(value: Any) -> bytes:
    """Bytes of a state_dict entry: a tensor, or the parts of a quantised layer."""
    if isinstance(value, (tuple, list)):
        return b" ".join(map(_bytes, value))
    if not isinstance(value, Tensor):
        return repr(value).encode()
    tensor = value.detach().cpu()
    if tensor.is_quantized:
        return f"{tensor.qscheme()} {tensor.dequantize().double().sum()}".encode() + _bytes(tensor.int_repr())
    return tensor.to_dense().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def _digest_of_prepare(prepare: Any) -> str:
    """A digest of a function's output on the built-in pictures: its name and description may hide a change."""
    digest = blake2b(digest_size=6)
    for picture in builtin_pictures():
        try:
            made = prepare(torch.from_numpy(picture).permute(2, 0, 1))
            digest.update(repr(tuple(made.shape)).encode() + _bytes(made))
        except Exception as error:  # The caller's function may raise anything; the error is reported where it is used.
            digest.update(repr(error).encode())
    return digest.hexdigest()


def _of_this_process(function: Any) -> str:
    """A name valid in this process only: elsewhere, a function of the same name may do something else."""
    with _lock:
        try:
            return _names.setdefault(function, uuid.uuid4().hex[:12])
        except TypeError:  # Not every object supports weak references.
            return uuid.uuid4().hex[:12]
