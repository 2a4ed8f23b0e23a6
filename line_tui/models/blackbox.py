"""Vision models whose inside is not seen: a Python function, a TorchScript file, or a program exported for one batch.

TorchScript takes no hooks in Python: "register_forward_hook is not supported on ScriptModules".
A function and a TorchScript file run code of their own, so their entry in the catalogue must say `allow_code`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from line_tui.errors import ModelFileError, UsageError
from line_tui.explain.ports import Picture, Seen
from line_tui.layers import LayerInfo, find_layer, find_neuron
from line_tui.models.catalog import Catalog, VisionEntry
from line_tui.models.exported import OUTPUT, fixed_batch, open_program
from line_tui.models.files import fingerprint, locate
from line_tui.models.pooling import Pooling, choose_pooling, count_neurons, first_tensor, neuron_maps, pool
from line_tui.models.preprocess import Preprocess
from line_tui.neuron import Neuron

_log = logging.getLogger(__name__)

Look = Callable[[NDArray[np.uint8]], Any]
"""`uint8[pictures, height, width, 3]` to `float[pictures, ...]`."""


class BlackBox:
    """Pictures in, one layer of activations out; any array whose first axis is the picture will do."""

    def __init__(self, name: str, look: Look, revision: str, batch_size: int, kind: str = "black box") -> None:
        """`kind` says in the list of layers why there is only one."""
        self._kind = kind
        self.name = f"{name}@{revision}"
        self.batch_size = batch_size
        self._called = name
        self._look = look

    @cached_property
    def layers(self) -> list[LayerInfo]:
        """The layer, its shape found by looking at a grey picture. Raises UsageError."""
        shape = tuple(self._batch([np.full((224, 224, 3), 128, np.uint8)]).shape)
        pooling = choose_pooling(shape, set(), channels_last=False)
        if pooling is None:
            raise UsageError(
                f"{self._called} gives an output of {len(shape)} axes", "return pictures by neurons, or a map of them"
            )
        neurons = count_neurons(shape, pooling)
        return [LayerInfo(name=OUTPUT, kind=self._kind, shape=list(shape[1:]), neurons=neurons, pooling=pooling)]

    def check(self, layer: str, neuron: int | None = None) -> LayerInfo:
        """What is known of the layer. Raises UnknownNameError."""
        if neuron is None:
            return find_layer(self.layers, self._called, layer)
        return find_neuron(self.layers, Neuron(self._called, layer, neuron))

    def look(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Seen:
        """Activations `float32[images, neurons]`, and the maps of one neuron where the output has them."""
        if not pictures:
            raise ValueError("no pictures to look at")
        pooling: Pooling = self.check(layer, neuron).pooling  # type: ignore[assignment]
        batches = [pictures[start : start + self.batch_size] for start in range(0, len(pictures), self.batch_size)]
        output = torch.cat([self._batch(batch) for batch in batches])
        maps = None if neuron is None else neuron_maps(output, pooling, neuron)
        return Seen(pool(output, pooling).numpy(), None if maps is None else maps.numpy())

    def _batch(self, pictures: Sequence[Picture]) -> Tensor:
        count = len(pictures)
        padded = np.stack([*pictures, *[pictures[-1]] * (self.batch_size - count)])
        with torch.inference_mode():
            seen = self._look(padded)
        output = first_tensor(seen)
        output = torch.as_tensor(np.asarray(seen)) if output is None else output
        if output.ndim == 0 or len(output) != len(padded):
            raise UsageError(
                f"{self._called} gave {tuple(output.shape)} for {len(padded)} pictures",
                "its first axis must be the picture",
            )
        return output[:count].float().cpu()


def find_black_box(name: str, catalog: Catalog, batch_size: int) -> BlackBox | None:
    """The black box of this name; None where the name is of another kind.

    Raises UsageError when its code is not allowed or cannot be imported, ModelFileError.
    """
    entry = next((entry for entry in catalog.vision if entry.id == name), None)
    if entry is None or entry.format not in _OPEN:
        return None
    path = locate(entry.source, entry.id)
    if entry.format == "export" and fixed_batch(open_program(path, name)) is None:
        # A network with inner layers.
        return None
    if entry.format != "export" and not entry.allow_code:
        raise UsageError(
            f"{name} would run code from {entry.function or path}",
            "if you trust it, set allow_code = true for it in your catalog.toml",
        )
    if entry.allow_code:
        _log.warning("%s runs code from %s", name, entry.function or path)
    return BlackBox(
        name,
        _OPEN[entry.format](entry, path),
        fingerprint(path, entry.function, *_code(entry, path)),
        batch_size,
        _KINDS.get(entry.format, "black box"),
    )


def _code(entry: VisionEntry, path: Path) -> list[bytes]:
    """The source of a function's module and its neighbours: activations must not outlive the code they are of."""
    if entry.format != "function":
        return []
    return [file.read_bytes() for file in sorted(_folder(path).glob("*.py"))]


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def code_warning(name: str, catalog: Catalog) -> str:
    """What to say of a model that runs code of its own; nothing for others."""
    for entry in catalog.vision:
        if entry.id == name and entry.allow_code:
            return f": runs code from {entry.function or entry.source.path}"
    return ""


def _open_function(entry: VisionEntry, path: Path) -> Look:
    module, _, function = (entry.function or "").partition(":")
    folder = str(_folder(path))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{entry.id}: {entry.function!r} cannot be imported from {folder}: {error}", 'say function = "module:name"'
        ) from error
    look: Look = found
    return look


def _open_script(entry: VisionEntry, path: Path) -> Look:
    try:
        module = torch.jit.load(path, map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelFileError(f"{entry.id}: {path} is damaged or no TorchScript file", "save it again") from error
    return _prepared(entry, module)


def _open_export(entry: VisionEntry, path: Path) -> Look:
    program = open_program(path, entry.id)
    batch, module = fixed_batch(program) or 1, program.module()

    def run(pictures: Tensor) -> Tensor:
        count = len(pictures)
        padded = torch.cat([pictures, pictures[-1:].expand(-count % batch, -1, -1, -1)])
        outputs = [first_tensor(module(some)) for some in torch.split(padded, batch)]
        return torch.cat([output for output in outputs if output is not None])[:count]

    return _prepared(entry, run)


def _prepared(entry: VisionEntry, module: Callable[[Tensor], Any]) -> Look:
    preprocess = Preprocess(entry.size, entry.size, entry.mean, entry.std)
    return lambda pictures: module(preprocess(list(pictures)))


_OPEN: dict[str, Callable[[VisionEntry, Path], Look]] = {
    "function": _open_function,
    "torchscript": _open_script,
    "export": _open_export,
}
_KINDS = {
    "torchscript": "black box: TorchScript takes no hooks",
    "export": "black box: exported for one batch size",
}
