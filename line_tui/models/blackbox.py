"""Black-box vision models: a Python function, a TorchScript file, or a program exported for a fixed batch size.

TorchScript modules do not support forward hooks. Functions and TorchScript files run arbitrary code, so their catalogue
entry must set `allow_code`.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from line_tui.errors import LineError, ModelFileError, UsageError
from line_tui.explain.ports import Picture, Recording
from line_tui.layers import LayerInfo, find_layer, find_neuron
from line_tui.models.catalog import Catalog, VisionEntry
from line_tui.models.exported import OUTPUT, check_code_allowed, fixed_batch, keyword, open_program
from line_tui.models.layers import dtype_of
from line_tui.models.model_files import content, locate
from line_tui.models.networks import required_preprocess
from line_tui.models.pooling import count_neurons, first_tensor, neuron_maps, pool, record_batches
from line_tui.models.source_digests import code_files, code_folder
from line_tui.models.vision_checks import finite
from line_tui.neuron import Neuron

_log = logging.getLogger(__name__)

MOST_FILES = 2000
"""Maximum number of files beside a function's module."""

Look = Callable[[NDArray[np.uint8]], Any]
"""`uint8[pictures, height, width, 3]` to `float[pictures, ...]`."""


class BlackBox:
    """A model with one visible layer: any array whose first axis is the pictures."""

    input: tuple[int, ...] = ()
    """Unknown: only the model itself knows its input size."""

    def __init__(
        self, name: str, look: Look, revision: str, batch_size: int, kind: str = "black box", prepared: str = ""
    ) -> None:
        """`kind` is shown in the list of layers and explains why there is only one; `prepared` describes
        the preprocessing."""
        self._kind = kind
        self.prepared = prepared or "by its own code"
        self.name = f"{name}@{revision}"
        self.batch_size = batch_size
        self._name = name
        self._look = look

    @cached_property
    def layers(self) -> list[LayerInfo]:
        """The only layer; its shape is found with a grey picture. Raises UsageError."""
        shape = tuple(self._batch([np.full((224, 224, 3), 128, np.uint8)]).shape)
        pooling = _POOLINGS.get(len(shape))
        if pooling is None:
            # With three axes, the neuron axis is ambiguous.
            raise UsageError(
                f"{self._name} gives an output with {len(shape)} axes, {list(shape)}",
                "return [pictures, neurons], or maps: [pictures, neurons, height, width]",
            )
        neurons = count_neurons(shape, pooling)
        return [LayerInfo(name=OUTPUT, kind=self._kind, shape=list(shape[1:]), neurons=neurons, pooling=pooling)]

    def check(self, layer: str, neuron: int | None = None) -> LayerInfo:
        """The entry of the layer. Raises UnknownNameError."""
        if neuron is None:
            return find_layer(self.layers, self._name, layer)
        return find_neuron(self.layers, Neuron(self._name, layer, neuron))

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Activations `float32[images, neurons]`, and the maps of one neuron if the output has maps.

        A neuron with a non-finite activation is NaN for all pictures. Raises UnknownNameError, UsageError,
        ModelFileError if `neuron` is one of these.
        """
        if not pictures:
            raise ValueError("no pictures to look at")
        info = self.check(layer, neuron)

        def run(chosen: list[int]) -> tuple[Tensor, Tensor | None]:
            output = self._batch([pictures[n] for n in chosen])
            if output.ndim != len(info.shape) + 1 or output.shape[1] != info.neurons:
                height, width, _ = pictures[chosen[0]].shape
                raise UsageError(
                    f"{self._name} gave {list(output.shape)} for pictures of {height} x {width}, "
                    f"and {info.neurons} neurons for others",
                    "make it return the same number of neurons for any picture size",
                )
            return pool(output, info.pooling), None if neuron is None else neuron_maps(output, info.pooling, neuron)

        activations, maps = record_batches([picture.shape for picture in pictures], self.batch_size, run)
        return Recording(finite(activations, self._name, layer, neuron), maps)

    def _batch(self, pictures: Sequence[Picture]) -> Tensor:
        count = len(pictures)
        padded = np.stack([*pictures, *[pictures[-1]] * (self.batch_size - count)])
        try:
            with torch.inference_mode():
                seen = self._look(padded)
            output = first_tensor(seen)
            output = torch.as_tensor(np.asarray(seen)) if output is None else output
        except (LineError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # The user's code may raise anything.
            # TorchScript prints its code before the reason.
            message = " ".join(str(error).strip().splitlines()[-1:])[:300]
            raise UsageError(
                f"{self._name} failed on pictures of {pictures[0].shape[0]} x {pictures[0].shape[1]}: "
                f"{type(error).__name__}: {message}",
                "correct its code or its preprocessing",
            ) from error
        if output.ndim == 0 or len(output) != len(padded) or output.is_complex():
            raise UsageError(
                f"{self._name} gave {tuple(output.shape)} {output.dtype} for {len(padded)} pictures",
                "its first axis must be the picture, its values real numbers",
            )
        return output[:count].float().cpu()


def find_black_box(name: str, catalog: Catalog, batch_size: int) -> BlackBox | None:
    """The black box with this name; None if the name is another kind of model.

    Raises UsageError if its code is not allowed or cannot be imported, ModelFileError.
    """
    entry = catalog.vision_entry(name)
    if entry is None or entry.format not in _OPEN:
        return None
    path = locate(entry.source, entry.id)
    check_code_allowed(entry, path)
    if entry.format == "export" and fixed_batch(open_program(path, entry)) is None:
        # A network with inner layers.
        return None
    _log.warning("%s runs code from %s", name, entry.function or path)
    look, prepared = _OPEN[entry.format](entry, path)
    identity = content(*_code(entry, path))
    return BlackBox(
        name,
        look,
        blake2b(f"{identity} {entry.function} {prepared}".encode(), digest_size=6).hexdigest(),
        batch_size,
        _KINDS.get(entry.format, "black box"),
        prepared,
    )


def _code(entry: VisionEntry, path: Path) -> list[Path]:
    """The files a black box depends on. Raises UsageError if a function's folder has too many files."""
    if entry.format != "function":
        return [path]
    files = code_files(path)
    if len(files) > MOST_FILES:
        raise UsageError(
            f"{entry.id}: there are {len(files)} files beside its function, too many to detect changes",
            "move the module and the files it reads to a folder of their own",
        )
    return files


def code_warning(name: str, catalog: Catalog) -> str:
    """A warning for models that run their own code; empty for others."""
    entry = catalog.vision_entry(name)
    return "" if entry is None or not entry.allow_code else f": runs code from {entry.function or entry.source.path}"


def _open_function(entry: VisionEntry, path: Path) -> tuple[Look, str]:
    module, _, function = (entry.function or "").partition(":")
    folder = code_folder(path).resolve()
    # An earlier import may be outdated, or come from another folder.
    _folders.add(folder)
    for name, known in list(sys.modules.items()):
        if any(_lies_in(known, each) for each in _folders):
            del sys.modules[name]
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    # Bytecode is matched to its source only by size and time in whole seconds, so it is neither read nor written.
    before = sys.pycache_prefix, sys.dont_write_bytecode
    sys.pycache_prefix, sys.dont_write_bytecode = str(folder / ".none"), True
    try:
        found = getattr(importlib.import_module(module), function)
    except LineError:
        raise
    except Exception as error:  # The user's code may raise anything.
        raise UsageError(
            f"{entry.id}: {entry.function!r} cannot be imported from {folder}: {type(error).__name__}: {error}",
            'set function = "module:name"',
        ) from error
    finally:
        sys.pycache_prefix, sys.dont_write_bytecode = before
        # Kept at the end of the path for later imports of the module.
        sys.path.remove(str(folder))
        sys.path.append(str(folder))
    look: Look = found
    return look, ""


_folders: set[Path] = set()
"""Folders from which functions were imported in this process."""


def _lies_in(module: Any, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and _real(file).startswith(f"{folder}{os.sep}")


@cache
def _real(file: str) -> str:
    # Thousands of modules are checked each time, and resolving a path accesses the disk for each folder in it.
    return os.path.realpath(file)


def _open_script(entry: VisionEntry, path: Path) -> tuple[Look, str]:
    try:
        module = torch.jit.load(path, map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelFileError(f"{entry.id}: {path} is damaged or not a TorchScript file", "save it again") from error
    preprocess = required_preprocess(entry)
    dtype = dtype_of(module)

    def run(pictures: Tensor) -> Any:
        return module(pictures.to(dtype))

    example = torch.zeros(max(_TRACED), 3, *preprocess.shape)
    batch = next((count for count in _TRACED if _takes(run, example[:count])), None)
    return _prepared(entry, run if batch in (None, _TRACED[0]) else _in_batches(run, batch))


_TRACED = (3, 1, 2, 4, 8, 16, 32, 64)
"""Batch sizes that a file may be traced for: nobody traces for 3, so a file that takes 3 takes any."""


def _takes(run: Callable[[Tensor], Any], pictures: Tensor) -> bool:
    with suppress(RuntimeError), torch.inference_mode():
        output = first_tensor(run(pictures))
        return output is not None and output.ndim > 0 and len(output) == len(pictures)
    return False


def _in_batches(run: Callable[[Tensor], Any], batch: int) -> Callable[[Tensor], Tensor]:
    """Wrap a model that takes exactly `batch` pictures at a time, so that it takes any number."""

    def run_all(pictures: Tensor) -> Tensor:
        count = len(pictures)
        padded = torch.cat([pictures, pictures[-1:].expand(-count % batch, -1, -1, -1)])
        outputs = [first_tensor(run(some)) for some in torch.split(padded, batch)]
        return torch.cat([output for output in outputs if output is not None])[:count]

    return run_all


def _open_export(entry: VisionEntry, path: Path) -> tuple[Look, str]:
    program = open_program(path, entry)
    name, module = keyword(program), program.module()
    run = module if name is None else lambda pictures: module(**{name: pictures})
    return _prepared(entry, _in_batches(run, fixed_batch(program) or 1))


def _prepared(entry: VisionEntry, module: Callable[[Tensor], Any]) -> tuple[Look, str]:
    preprocess = required_preprocess(entry)
    return lambda pictures: module(preprocess(list(pictures))), preprocess.told


_OPEN: dict[str, Callable[[VisionEntry, Path], tuple[Look, str]]] = {
    "function": _open_function,
    "torchscript": _open_script,
    "export": _open_export,
}
_KINDS = {
    "torchscript": "black box: TorchScript takes no hooks",
    "export": "black box: exported for one batch size",
}
_POOLINGS = {2: "as-is", 4: "spatial-mean"}
