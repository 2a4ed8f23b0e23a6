"""Opens GGUF files with llama.cpp, with as many layers on the GPU as fit."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import Path

import llama_cpp

from line_tui.errors import MemoryLimitError, ModelFileError
from line_tui.models.llama import FAILED, header, templates_unread

ALL_LAYERS = -1

_BATCH = 512


def open_gguf(
    path: Path,
    name: str,
    *,
    context: int,
    threads: int,
    gpu_layers: int | None,
    gpu: int = 0,
    on_note: Callable[[str], None],
) -> tuple[llama_cpp.Llama, int]:
    """Open a model; return it and the number of its layers on the GPU, `ALL_LAYERS` for all.

    With `gpu_layers` None, all layers are tried, then half, then none, and `on_note` is called if some do not fit. Only
    GPU number `gpu` is used; llama.cpp would otherwise spread the layers over all GPUs. Raises ModelFileError
    if the file is damaged or too new for llama.cpp, MemoryLimitError if a given number of `gpu_layers` does not fit.
    """
    _check_header(path, name)

    def attempt(layers: int) -> llama_cpp.Llama | None:
        try:
            with templates_unread():
                return llama_cpp.Llama(
                    str(path),
                    n_ctx=context,
                    n_batch=_BATCH,
                    n_threads=threads,
                    n_threads_batch=threads,
                    n_gpu_layers=layers,
                    split_mode=llama_cpp.LLAMA_SPLIT_MODE_NONE,
                    # Even without layers on it, a GPU would get the largest matrix products and reserve memory for
                    # them.
                    main_gpu=gpu if layers else -1,
                    verbose=False,
                )
        except FAILED:
            return None

    requested = ALL_LAYERS if gpu_layers is None else gpu_layers
    if (llama := attempt(requested)) is not None:
        check_writes(llama.metadata, name)
        return llama, requested
    blocks = _block_count(path) if requested else 0
    if blocks and gpu_layers is not None:
        raise MemoryLimitError(
            f"{name}: {'all' if requested == ALL_LAYERS else requested} of its {blocks} layers do not fit on the GPU",
            "close other programs that use the GPU",
        )
    for fewer in (blocks // 2, 0) if blocks else ():
        # A reference cycle of the failed attempt still holds GPU memory.
        gc.collect()
        if (llama := attempt(fewer)) is not None:
            on_note(f"{name}: {fewer} of its {blocks} layers fit on the GPU; the CPU computes the others, more slowly")
            return llama, fewer
    raise ModelFileError(
        f"{name}: llama.cpp cannot load {path}",
        "the file is damaged (fetch it again), too new (update llama-cpp-python), or too large for the memory",
    )


def check_writes(metadata: Mapping[str, str], name: str) -> None:
    """Raises ModelFileError if the header is that of an embedding model."""
    kind = metadata.get("general.architecture", "")
    if f"{kind}.pooling_type" in metadata or metadata.get(f"{kind}.attention.causal", "true") == "false":
        raise ModelFileError(
            f"{name} is an embedding model ({kind}) and cannot write text", "name a model that generates text"
        )


def _block_count(path: Path) -> int:
    """Number of layers in the header; 0 if it cannot be read."""
    fields = header(path)
    return int(fields.get(f"{fields.get('general.architecture')}.block_count", 0))


def _check_header(path: Path, name: str) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelFileError(f"{name}: cannot read {path}: {error.strerror}", "correct the path") from error
    if magic != b"GGUF":
        what = "is empty" if not magic else "is not a GGUF file"
        raise ModelFileError(f"{name}: {path} {what}", "fetch it again, or convert it to GGUF")
